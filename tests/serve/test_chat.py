"""What is asked by OpenAI's protocol, and the answer's events as chunks that our own columns understand."""

import json

import pytest

from compare.protocol.events import Delta, Failed, Finished, Prefill, Prefilled, Started
from compare.remote.faults import ServerFault
from compare.remote.openai import ChatCompletion
from compare.run.response import Response
from compare.serve.chat import Asked, Chunks, error, models, read
from compare.usage import UsageError

ASKED = {
    "model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "stream": True, "seed": 1,
    "stream_options": {"include_usage": True}, "timings_per_token": True, "return_progress": True,
}  # fmt: skip
EVENTS = [
    Started(run=1, at=0.0, prompt_tokens=4, cached_tokens=0, threads=1),
    Prefill(run=1, at=0.5, done=2, total=4),
    Prefilled(run=1, at=1.0, tokens=4, eval_s=0.5),
    Delta(run=1, at=1.0, thinking="Hm.", thinking_tokens=1),
    Delta(run=1, at=1.5, text="Γειά", answer_at=1.5),
    Delta(run=1, at=2.0, text=""),
    Finished(run=1, at=2.1, reason="stop", text="!"),
]  # fmt: skip


def streamed(events=EVENTS, **changes) -> list[str]:
    chunks = Chunks(read({**ASKED, **changes}), "chatcmpl-1", 0)
    return [line for event in events for line in chunks.after(event)]


def test_a_column_reads_what_is_served():
    decoder, response = ChatCompletion(1, "ray", 64), Response()
    for event in [*decoder.feed("".join(streamed()).encode(), 9.0), *decoder.end(9.0)]:
        response = response.after(event)
    assert (response.thinking, response.text, response.finish_reason) == ("Hm.", "Γειά!", "stop")
    assert (response.prompt_tokens, response.output_tokens, response.thinking_tokens) == (4, 3, 1)
    assert (response.engine_prefill_tps, response.engine_decode_tps) == (8.0, 2.0)


def test_the_last_chunk_has_usage_and_timings():
    *_, last, done = streamed(timings_per_token=False, return_progress=False)
    assert done == "data: [DONE]\n\n"
    told = json.loads(last.removeprefix("data: "))
    assert told["choices"] == [] and told["usage"]["total_tokens"] == 7
    assert told["timings"] == {
        "cache_n": 0, "prompt_n": 4, "predicted_n": 3, "prompt_ms": 500.0, "prompt_per_second": 8.0,
        "predicted_ms": 1500.0, "predicted_per_second": 2.0,
    }  # fmt: skip
    *_, last, _ = streamed(stream_options=None)
    told = json.loads(last.removeprefix("data: "))
    assert told["choices"][0]["finish_reason"] == "stop" and told["timings"]["predicted_n"] == 3


def test_progress_is_told_where_it_is_asked_for():
    assert any('"processed":2' in line for line in streamed())
    assert not any("processed" in line for line in streamed(return_progress=False))


def test_a_failure_is_said_within_the_stream():
    lines = streamed([*EVENTS[:4], Failed(run=1, at=2.0, message="It broke.\nRun it again.")])
    with pytest.raises(ServerFault, match=r"It broke\.; Run it again"):
        ChatCompletion(1, "ray", 64).feed("".join(lines).encode(), 1.0)


def test_the_whole_is_one_document():
    chunks = Chunks(read({**ASKED, "stream": False}), "chatcmpl-1", 0)
    for event in EVENTS:
        list(chunks.after(event))
    choice = chunks.whole["choices"][0]
    assert choice["message"] == {
        "role": "assistant",
        "content": "Γειά!",
        "reasoning_content": "Hm.",
    }
    assert (choice["finish_reason"], chunks.whole["usage"]["completion_tokens"]) == ("stop", 3)


def test_settings_are_read_by_their_names_there():
    asked = read({
        **ASKED, "max_completion_tokens": 9, "stop": "#", "top_k": 3, "temperature": None,
        "chat_template_kwargs": {"enable_thinking": False},
        "messages": [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
                     {"role": "user", "content": "Hi"}],
    })  # fmt: skip
    sampling = asked.sampling
    assert (sampling.max_tokens, sampling.stop, sampling.top_k, sampling.seed) == (9, ("#",), 3, 1)
    assert (sampling.thinking, sampling.temperature) == ("off", 0.7)
    assert [m.role for m in asked.messages] == ["system", "user"]
    assert isinstance(asked, Asked) and asked.stream and asked.usage


@pytest.mark.parametrize(
    "wrong",
    [{"model": 3}, {"messages": None}, {"messages": []}, {"messages": ["x"]}, {"temperature": "hot"},
     {"messages": [{"role": "tool", "content": "x"}]}, {"messages": [{"role": "user", "content": None}]},
     {"messages": [{"role": "assistant", "content": "x"}]}, {"max_tokens": 0}, {"stop": [3]},
     {"messages": [{"role": "user", "content": " "}]}, {"chat_template_kwargs": {"reasoning_effort": 3}}],
)  # fmt: skip
def test_what_is_wrong_is_said(wrong):
    with pytest.raises(UsageError, match=r"\.$"):
        read({**ASKED, **wrong})
    with pytest.raises(UsageError):
        read([])


def test_a_refusal_can_be_sent_whatever_was_asked():
    refusal = error("There is no model “\ud800”.", 404)["error"]
    assert (refusal["message"].encode(), refusal["type"]) == (
        "There is no model “\ufffd”.".encode(),
        "not_found_error",
    )
    assert error("", 413)["error"]["type"] == "invalid_request_error"


def test_models_are_listed_as_ours():
    (entry,) = models({"tiny": None})["data"]
    assert (entry["id"], entry["owned_by"]) == ("tiny", "gguf-side-by-side")
