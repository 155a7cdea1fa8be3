"""Bytes of servers' answers in, events out: as they come, however they are cut, and whatever is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.protocol.events import Chunk, Counted, Finished, Prefill, Reached, Started
from compare.remote.faults import ServerFault
from compare.remote.framing import MOST_BYTES, Lines, Unreadable
from compare.remote.lmstudio import LmStudioChat
from compare.remote.ollama import OllamaChat
from compare.remote.openai import ChatCompletion
from compare.run.measures import SEEN, SERVER
from compare.run.response import Response


def sse(*messages, last="[DONE]") -> bytes:
    lines = [m if isinstance(m, str) else json.dumps(m) for m in messages]
    return "".join(f"data: {line}\n\n" for line in (*lines, *([last] if last else []))).encode()


def delta(content=None, reason=None, **more) -> dict:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


def told(data: bytes, kind=ChatCompletion, cuts=()) -> list:
    """The events of a whole stream, whose pieces came a second apart."""
    decoder, events, at = kind(1, "gpu", max_tokens=64), [], 10.0
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        events += decoder.feed(data[start:end], at)
        at += 1
    return events + decoder.end(at)


def folded(events) -> Response:
    response = Response()
    reached = Reached(run=1, at=9.0, server="gpu", kind="vLLM", model="m")
    begun = Started(run=1, at=9.0, prompt_tokens=None, cached_tokens=None, threads=None)
    for event in (reached, begun, *events):
        response = response.after(event)
    return response


TIMINGS = {
    "cache_n": 3, "prompt_n": 7, "prompt_per_second": 140.0, "predicted_n": 5, "predicted_per_second": 25.5,
}  # fmt: skip


def test_a_llama_servers_answer_has_its_own_counts_and_rates():
    data = sse(
        {**delta(), "prompt_progress": {"total": 10, "cache": 3, "processed": 6, "time_ms": 5}},
        delta("It is"), delta(" 42.", timings={**TIMINGS, "predicted_n": 4}), delta(reason="stop"),
        {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}, "timings": TIMINGS},
    )  # fmt: skip
    response = folded(told(data))
    assert (response.text, response.state, response.finish_reason) == (
        "It is 42.",
        "finished",
        "stop",
    )
    assert (response.prompt_tokens, response.cached_tokens, response.output_tokens) == (10, 3, 5)
    measures = response.measures
    assert (measures.prefill_tps, measures.decode_tps, measures.rates_by) == (140.0, 25.5, SERVER)
    assert measures.engine_decode_tps == 25.5
    assert (measures.threads, measures.memory.measured_bytes) == (None, None)


def test_a_prompt_on_its_way_is_told():
    progress = {**delta(), "prompt_progress": {"total": 10, "processed": 6}}
    decoder = ChatCompletion(1, "gpu", 64)
    read, counted = decoder.feed(sse(progress, last=None), 10.0)
    assert read == Prefill(run=1, at=10.0, done=6, total=10)
    assert counted == Counted(run=1, at=10.0, prompt_tokens=10)


def test_without_rates_of_its_own_they_are_as_seen_from_here():
    first, rest = sse(delta("a b c"), last=None), sse(
        delta(" d"), delta(reason="length"),
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5,
                                  "prompt_tokens_details": {"cached_tokens": 8}}},
    )  # fmt: skip
    response = folded(told(first + rest, cuts=(len(first),)))
    assert response.measures.rates_by == SEEN
    assert response.measures.ttft_s == 1.0
    assert response.measures.decode_tps == 4.0, (
        "four more tokens came within a second, in one piece"
    )
    assert response.measures.cached_tokens == 8
    assert response.measures.prefill_tps is None
    assert response.finish_reason == "length"


def test_tokens_are_never_counted_from_pieces():
    response = folded(told(sse(*[delta("x")] * 7, delta(reason="stop"))))
    assert response.text == "xxxxxxx"
    measures = response.measures
    assert (measures.output_tokens, measures.decode_tps) == (None, None)


def test_vllms_own_rate_is_that_between_tokens():
    metrics = {"mean_itl_ms": 20.0, "tokens_per_second": 3.0}
    usage = {"prompt_tokens": 1, "completion_tokens": 4}
    response = folded(told(sse(
        delta("x"), {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "stop_reason": "###"}]},
        {"choices": [], "usage": usage, "metrics": metrics},
    )))  # fmt: skip
    assert response.decode_tps == 50.0
    assert response.stop_string == "###"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_stand_apart(name):
    thought = {"choices": [{"delta": {name: "Hm."}}]}
    usage = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}}
    response = folded(told(sse(thought, delta("42"), delta(reason="stop", usage=usage))))
    assert (response.thinking, response.text, response.thinking_tokens) == ("Hm.", "42", 6)
    assert response.first_answer_s is not None
    uncounted = folded(told(sse(thought, delta("42"), delta(reason="stop"))))
    assert uncounted.measures.thinking_tokens is None


@pytest.mark.parametrize(
    ("pieces", "thinking", "text"),
    [(("<think>", "\n", "Hm", ".", "\n</th", "ink>", "\n\n", "42"), "Hm.", "42"),
     (("<think>Hm.</think>42",), "Hm.", "42"), (("[THINK]Hm.[/THINK]", "42"), "Hm.", "42"),
     (("<", "b>42"), "", "<b>42"), (("<think", "ing about it>"), "", "<thinking about it>"),
     (("Say <think> and </think>.",), "", "Say <think> and </think>."),
     (("Hm.", "\n", "</think>", "\n\n", "42"), "Hm.", "42"),
     (("Hm. ", "`", "</think>", "`"), "", "Hm. `</think>`"),
     (("<think>", "Hm."), "Hm.", ""), (("<thi",), "", "<thi")],
)  # fmt: skip
def test_thoughts_in_plain_content_are_set_apart(pieces, thinking, text):
    response = folded(told(sse(*map(delta, pieces), delta(reason="stop"))))
    assert (response.thinking, response.text) == (thinking, text)
    assert response.measures.thinking_tokens is (None if thinking else 0)
    assert response.output_tokens == 0 and response.measures.output_tokens is None


def test_the_first_token_is_that_of_a_mark_that_shows_nothing_yet():
    first, rest = (
        sse(delta("<think>"), last=None),
        sse(delta("Hm.</think>42"), delta(reason="stop")),
    )
    response = folded(told(first + rest, cuts=(len(first),)))
    assert (response.ttft_s, response.first_answer_s) == (1.0, 2.0)


def test_a_server_that_sets_thoughts_apart_has_its_answer_left_alone():
    apart = {"choices": [{"delta": {"reasoning_content": "Hm."}}]}
    response = folded(told(sse(apart, delta("<think>"), delta(" is a tag"), delta(reason="stop"))))
    assert (response.thinking, response.text) == ("Hm.", "<think> is a tag")


@pytest.mark.parametrize(
    "said",
    [{"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
     {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}, {"data": "x"}]},
     {"reasoning": "Hm.", "reasoning_details": [{"text": "Hm."}]}, {"thinking": "Hm."},
     {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}],
)  # fmt: skip
def test_thoughts_by_other_names_stand_apart(said):
    response = folded(told(sse({"choices": [{"delta": said}]}, delta("42"), delta(reason="stop"))))
    assert (response.thinking, response.text) == ("Hm.", "42")


@pytest.mark.parametrize(
    ("usage", "known"),
    [({"prompt_tokens": 5, "completion_tokens": 4,
       "completion_tokens_details": {"reasoning_tokens": 9}}, (5, 4, None)),
     ({"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 18,
       "completion_tokens_details": {"reasoning_tokens": 9}}, (5, 13, 9)),
     ({"prompt_tokens": 5, "completion_tokens": 4,
       "completion_tokens_details": {"reasoning_tokens": 0}}, (5, 4, None)),
     ({"prompt_tokens": -5, "completion_tokens": float("nan"), "total_tokens": "9"}, (None, None, None))],
)  # fmt: skip
def test_counts_that_contradict_each_other_are_left_out(usage, known):
    data = sse(delta("<think>Hm.</think>42"), delta(reason="stop", usage=usage))
    measures = folded(told(data)).measures
    assert (measures.prompt_tokens, measures.output_tokens, measures.thinking_tokens) == known


def test_more_cached_than_read_is_left_out():
    usage = {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}}
    assert folded(told(sse(delta("x"), delta(reason="stop", usage=usage)))).cached_tokens is None


def test_an_answer_ended_when_its_reason_came():
    data = sse(delta("x"), delta(reason="stop"), last=None)
    response = folded(told(data + b": ping\n\n", cuts=(len(data),)))
    assert response.total_s == 1.0


def test_a_whole_message_behind_its_deltas_is_not_told_twice():
    last = {"choices": [{"delta": {}, "message": {"content": "42"}, "finish_reason": "stop"}]}
    assert folded(told(sse(delta("4"), delta("2"), last))).text == "42"


def test_ollamas_answer_has_its_own_counts_and_rates():
    lines = [
        {"message": {"content": "", "thinking": "Hm."}, "done": False},
        {"message": {"content": "42"}, "done": False},
        {"message": {"content": ""}, "done": True, "done_reason": "length", "load_duration": 2_000_000_000,
         "prompt_eval_count": 10, "prompt_eval_duration": 100_000_000, "eval_count": 8,
         "eval_duration": 400_000_000},
    ]  # fmt: skip
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    response = folded(told(data, OllamaChat))
    assert (response.thinking, response.text, response.finish_reason) == ("Hm.", "42", "length")
    measures = response.measures
    assert (measures.prefill_tps, measures.decode_tps, measures.load_s) == (100.0, 20.0, 2.0)
    assert (measures.prompt_tokens, measures.output_tokens, measures.rates_by) == (10, 8, SERVER)


def test_lm_studios_answer_has_its_own_counts_and_rates():
    stats = {
        "input_tokens": 12, "total_output_tokens": 64, "reasoning_output_tokens": 4,
        "tokens_per_second": 31.5, "time_to_first_token_seconds": 0.2,
    }  # fmt: skip
    events = [
        {"type": "chat.start"}, {"type": "model_load.end", "load_time_seconds": 1.5},
        {"type": "reasoning.delta", "content": "Hm."}, {"type": "message.delta", "content": "42"},
        {"type": "chat.end", "result": {"stats": stats}},
    ]  # fmt: skip
    data = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    response = folded(told(data, LmStudioChat))
    assert (response.thinking, response.text) == ("Hm.", "42")
    assert response.finish_reason == "length", "it wrote as many tokens as it may"
    measures = response.measures
    assert (measures.decode_tps, measures.output_tokens, measures.thinking_tokens) == (31.5, 64, 4)


@given(st.lists(st.integers(1, 10**6), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_however_a_stream_is_cut_the_answer_is_the_same(numbers, end):
    data = sse(delta("Γειά "), delta("🎉🎉"), delta(reason="stop")).replace(b"\n", end.encode())
    cuts = sorted({n % len(data) for n in numbers} - {0})
    response = folded(told(data, cuts=tuple(cuts)))
    assert response.text == "Γειά 🎉🎉"


def test_a_character_cut_in_two_by_its_server_is_put_together():
    halves = [
        r'{"choices":[{"delta":{"content":"a\ud83c"}}]}',
        r'{"choices":[{"delta":{"content":"\udf89"}}]}',
    ]
    assert folded(told(sse(*halves, delta(reason="stop")))).text == "a🎉"
    assert folded(told(sse(halves[0], delta(reason="stop")))).text == "a�"


def test_signs_of_life_are_no_messages():
    data = b": ping\n\n" + sse(delta("x"), last=None) + b"id: 3\nretry: 9\nevent: x\n\n: ping\n\n"
    assert folded(told(data + sse(delta(reason="stop")))).text == "x"


def test_an_event_may_have_many_lines_a_mark_of_its_encoding_and_no_space():
    many = b'data:{"choices":\ndata:[{"delta":{"content":"x"}}]}\n\n'
    assert folded(told(b"\xef\xbb\xbf" + many + sse(delta(reason="stop")))).text == "x"


def test_a_long_line_is_taken_in_as_it_comes():
    data, lines = b"x" * 1000, Lines()
    for _ in range(MOST_BYTES // len(data)):
        assert lines.feed(data) == []
    with pytest.raises(Unreadable):
        lines.feed(data)


def test_a_last_event_without_its_end_counts():
    data = sse(delta("x"), delta(reason="stop"), last=None).rstrip(b"\n")
    assert isinstance(told(data)[-1], Finished)


def test_a_server_that_doesnt_stream_is_understood():
    whole = {"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}],
             "usage": {"prompt_tokens": 3, "completion_tokens": 2}}  # fmt: skip
    with pytest.raises(ServerFault, match="no answer"):
        told(json.dumps(whole).encode())
    assert folded(told(sse(whole, last=None))).text == "42"


def test_another_reason_is_said():
    (finished,) = told(sse(delta(reason="content_filter")))
    assert finished.reason == "stop" and "“content_filter”" in finished.notices[0]


GARBAGE = [
    b"<!doctype html><title>Sign in</title>", b"data: {\n\n", b"data: [1]\n\n", b"\x00\xff\xfe\n\n",
    b"data: " + b"x" * (MOST_BYTES + 1), b"data: " + b"[" * 100_000 + b"\n\n", b"data: 1e999\n\n",
    b"data:\n" * (MOST_BYTES // 4),
]  # fmt: skip


@pytest.mark.parametrize("data", GARBAGE)
@pytest.mark.parametrize("kind", [ChatCompletion, OllamaChat, LmStudioChat])
def test_what_is_no_answer_says_so(data, kind):
    with pytest.raises(ServerFault, match="sent something that is no answer"):
        told(data, kind)


@pytest.mark.parametrize("kind", [ChatCompletion, OllamaChat, LmStudioChat])
@pytest.mark.parametrize(
    "error",
    ["out of memory", {"message": "out of memory", "code": 500}, {"error": "out of memory"}],
)
def test_an_error_within_a_stream_is_said(kind, error):
    line = json.dumps({"error": error})
    data = f"{line}\n" if kind is OllamaChat else f"event: error\ndata: {line}\n\n"
    with pytest.raises(ServerFault, match="broke off with an error: “out of memory”"):
        told(data.encode(), kind)


def test_an_error_instead_of_a_stream_is_said():
    with pytest.raises(ServerFault, match="Unexpected endpoint"):
        told(b'{"error":"Unexpected endpoint or method."}')


@pytest.mark.parametrize(
    ("data", "kind"),
    [(sse(delta("x")), ChatCompletion), (sse(delta("x"), last=None), ChatCompletion), (b"", ChatCompletion),
     (b'{"message":{"content":"x"},"done":false}\n', OllamaChat),
     (b'data: {"type":"message.delta","content":"x"}\n\n', LmStudioChat)],
)  # fmt: skip
def test_an_end_without_a_reason_is_a_failure(data, kind):
    with pytest.raises(ServerFault, match="without saying why"):
        told(data, kind)


WRONG = (
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.integers())
)


@given(
    st.dictionaries(st.sampled_from([*TIMINGS, "mean_itl_ms", "completion_tokens"]), WRONG), WRONG
)
def test_figures_that_are_none_are_left_out(figures, content):
    message = {
        "choices": [{"delta": {"content": content}, "finish_reason": "stop"}],
        "timings": figures, "usage": figures, "metrics": figures, "prompt_progress": figures,
    }  # fmt: skip
    for kind in (ChatCompletion, OllamaChat, LmStudioChat):
        decoder = kind(1, "gpu", 64)
        decoder.take({**message, **figures, "done": True, "message": content})
        for event in decoder._events(1.0):
            if isinstance(event, Counted):
                values = (event.output_tokens, event.decode_tps, event.prefill_tps)
                assert all(value is None or 0 <= value < 1e9 for value in values)
            if isinstance(event, Chunk):
                event.text.encode()
