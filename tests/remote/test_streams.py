"""Servers asked over HTTP: what they are, what they answer, and every way in which they don't."""

import json
import queue
import socket

import pytest
from model_servers import ModelServer

from compare.protocol.events import Counted, Failed, Finished, Queued, Reached, Started
from compare.protocol.requests import Generate, Message
from compare.remote import streams
from compare.remote.faults import MOST_WORDS, words
from compare.remote.servers import Server
from compare.remote.streams import Answer, Servers
from compare.run.response import Response

KEY = "hf_sEcReT0123456789"


def request(**changes) -> Generate:
    asked = dict(
        run=1, messages=(Message("system", "Be brief."), Message("user", "Count.")), template="",
        template_stop=(), threads=1, max_tokens=64, temperature=0.7, top_p=0.95, top_k=40, min_p=0.05,
        repeat_penalty=1.1, seed=7, stop=(), thinking="auto", max_seconds=None,
    )  # fmt: skip
    return Generate(**{**asked, **changes})


class Asked:
    """Servers, and what is heard of an answer."""

    def __init__(self, *servers: Server, at_once: int = 8):
        self.servers = Servers(servers, at_once)

    def __enter__(self) -> "Asked":
        return self

    def __exit__(self, *_error) -> None:
        self.servers.close()

    def begin(self, model=None, **changes):
        heard: queue.SimpleQueue = queue.SimpleQueue()
        return self.servers.ask("gpu", model, request(**changes), heard.put), heard

    def events(self, model=None, **changes) -> list:
        _, heard = self.begin(model, **changes)
        return list(until(heard, Finished, Failed))

    def failure(self, **changes) -> str:
        failed = self.events(**changes)[-1]
        assert isinstance(failed, Failed)
        return failed.message


def until(heard, *kinds):
    while True:
        event = heard.get(timeout=20)
        yield event
        if isinstance(event, kinds):
            return


def folded(events) -> Response:
    response = Response()
    for event in events:
        response = response.after(event)
    return response


def test_each_kind_is_found_by_asking_and_answers():
    for kind, path, has_rates in (
        ("llama-server", "/v1/chat/completions", True),
        ("vLLM", "/v1/chat/completions", False),
        ("TGI", "/v1/chat/completions", False),
        ("Ollama", "/api/chat", True),
        ("LM Studio", "/api/v1/chat", True),
        ("llama-cpp-python", "/v1/chat/completions", None),
    ):
        with ModelServer(kind) as server, Asked(Server("gpu", server.url)) as asked:
            response = folded(asked.events())
            assert response.state == "finished", (kind, response.error)
            assert (response.server.kind, response.server.model) == (kind, "tiny")
            assert response.text == "one two three"
            measures = response.measures
            assert server.requests[0][0] == path
            assert measures.output_tokens == (None if has_rates is None else 3), kind
            assert measures.prompt_tokens == (None if has_rates is None else 7), kind
            assert measures.decode_tps == (50.0 if has_rates else measures.decode_tps)
            assert measures.rates_by == ("server" if has_rates else "seen from here"), kind


def test_what_is_asked_goes_there_in_each_kinds_words():
    thinks = {"thinking": "off", "stop": ("###",), "top_k": 0}
    found = {}
    for kind in ("llama-server", "vLLM", "Ollama", "LM Studio", "TGI"):
        with ModelServer(kind) as server, Asked(Server("gpu", server.url)) as asked:
            reached = next(e for e in asked.events(**thinks) if isinstance(e, Reached))
            found[kind] = (*server.requests[0], reached.drops)
    _, _, body, drops = found["llama-server"]
    assert (body["top_k"], body["min_p"], body["repeat_penalty"], body["seed"]) == (0, 0.05, 1.1, 7)
    assert (
        body["chat_template_kwargs"] == {"enable_thinking": False} and body["cache_prompt"] is False
    )
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["stop"], drops) == (["###"], ())
    _, _, body, drops = found["vLLM"]
    assert (body["top_k"], body["repetition_penalty"], drops) == (-1, 1.1, ())
    _, _, body, drops = found["Ollama"]
    assert (body["options"]["stop"], body["options"]["repeat_penalty"]) == (["###"], 1.1)
    assert (body["think"], body["truncate"], drops) == (False, False, ())
    path, _, body, drops = found["LM Studio"]
    assert path == "/v1/chat/completions", "its own route takes no stop string"
    assert drops == ("min_p", "thinking")
    assert found["TGI"][3] == ("top_k", "min_p", "repeat_penalty", "thinking")
    assert "top_k" not in found["TGI"][2]


def test_lm_studios_own_route_is_asked_where_it_can():
    with ModelServer("LM Studio") as server, Asked(Server("gpu", server.url)) as asked:
        reached = next(e for e in asked.events() if isinstance(e, Reached))
    body = server.requests[0][2]
    assert (body["input"], body["system_prompt"], body["min_p"]) == ("Count.", "Be brief.", 0.05)
    assert reached.drops == ("seed",)


@pytest.mark.parametrize(
    ("fault", "more", "said"),
    [
        (503, {"said": '{"error": {"message": "Loading model", "type": "unavailable_error"}}'},
         "is loading its model (503): “Loading model”.\nRun it again in a moment."),
        (503, {"headers": {"Retry_After": "7"}}, "isn't ready (503).\nRun it again in 7 s."),
        (429, {"headers": {"Retry_After": "30"}},
         "is full, or asked too often (429).\nRun it again in 30 s."),
        (401, {}, "needs a key (401).\n"),
        (404, {}, "has no “tiny”, or isn't there (404).\n"),
        (402, {"said": "no credit"}, "asks for payment (402): “no credit”.\n"),
        (400, {"said": '{"error": {"message": "too long"}}'}, "refuses the request (400): “too long”.\n"),
        (500, {"said": "<html>oops</html>"}, "failed (500).\n"),
        (302, {"headers": {"Location": "http://192.0.2.1/"}}, "sends on to another address"),
        ("breaks off", {}, "broke off in the middle.\n"),
        ("error", {}, "broke off with an error: “out of memory”.\n"),
        ("garbage", {}, "sent something that is no answer.\n"),
        ("no reason", {}, "ended without saying why"),
        ("stalls", {}, "said nothing for 0.3 s.\n"),
        ("packs", {}, "packs what it sends, though it was asked not to.\n"),
        ("floods", {}, "sent far more than the 64 tokens that it was asked for.\n"),
        (204, {}, "sent no answer (204).\n"),
    ],
)  # fmt: skip
def test_each_way_to_fail_has_its_sentence(fault, more, said):
    with ModelServer(fault=fault, **more) as it, Asked(Server("gpu", it.url, stall_s=0.3)) as asked:
        message = asked.failure()
    assert message.startswith("The server “gpu” ") or message.startswith("The connection to")
    assert said in message
    assert message.count("\n") == 1
    assert "127.0.0.1" not in message and "192.0.2.1" not in message


def test_a_server_that_isnt_there_says_so():
    with ModelServer() as server:
        url = server.url
    with Asked(Server("gpu", url)) as asked:
        assert "can't be reached: nothing listens there.\n" in asked.failure()


def test_what_isnt_http_says_so():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with Asked(Server("gpu", url)) as asked:
            for said, why in (
                (b"SSH-2.0-x\r\n\r\n", "doesn't speak HTTP"),
                (b"", "closed the connection"),
            ):
                _, heard = asked.begin()
                listening.settimeout(20)
                connection, _ = listening.accept()
                connection.recv(1000)
                connection.sendall(said)
                connection.close()
                *_, failed = until(heard, Failed)
                assert why in failed.message


def test_a_server_that_doesnt_say_what_it_is_is_known_by_what_it_said(monkeypatch):
    monkeypatch.setattr(streams, "FOUND_S", -1.0)
    with ModelServer() as server, Asked(Server("gpu", server.url)) as asked:
        assert folded(asked.events()).state == "finished"
        server.mute.set()
        monkeypatch.setattr(streams, "ASKED_S", 0.2)
        assert folded(asked.events()).state == "finished"
    with ModelServer() as server, Asked(Server("gpu", server.url)) as asked:
        server.mute.set()
        assert "didn't say within 0.2 s what it is" in asked.failure()


def test_a_page_is_no_server_of_models():
    with ModelServer() as server, Asked(Server("gpu", f"{server.url}/docs")) as asked:
        assert "isn't a server of models" in asked.failure()


def test_what_has_ended_is_waited_for_no_longer(monkeypatch):
    monkeypatch.setattr(streams, "REST_S", 0.1)
    with ModelServer(fault="stays open") as server, Asked(Server("gpu", server.url)) as asked:
        response = folded(asked.events())
    assert (response.state, response.text) == ("finished", "one two three")
    assert response.measures.output_tokens == 3, "figures may come behind the end"


def test_what_had_come_before_it_broke_off_stays():
    with ModelServer(fault="breaks off") as server, Asked(Server("gpu", server.url)) as asked:
        response = folded(asked.events())
    assert (response.state, response.text) == ("failed", "one two")


def test_without_a_name_the_only_model_answers():
    with ModelServer(models=("a", "b")) as server, Asked(Server("gpu", server.url)) as asked:
        assert "has a, b.\nName one: @gpu/a." in asked.failure()
        assert folded(asked.events("b")).server.model == "b"


def test_a_path_on_the_server_is_shown_nowhere():
    path = "/home/me/models/tiny.gguf"
    with ModelServer(models=(path,)) as server, Asked(Server("gpu", server.url)) as asked:
        assert asked.servers.offered() == [("gpu", "tiny.gguf")]
        assert folded(asked.events("tiny.gguf")).server.model == "tiny.gguf"
        assert server.requests[0][2]["model"] == path
        server.models = (path, "/home/me/models/b.gguf")
    with ModelServer(models=server.models) as server, Asked(Server("gpu", server.url)) as asked:
        assert "has tiny.gguf, b.gguf.\nName one: @gpu/tiny.gguf." in asked.failure()


def test_an_owner_may_limit_the_models():
    with ModelServer(models=("a", "b")) as it, Asked(Server("gpu", it.url, models=("b",))) as asked:
        assert folded(asked.events()).server.model == "b"
        assert "isn't asked for “a” here" in asked.events("a")[-1].message
        assert asked.servers.offered() == [("gpu", "b")]


def test_a_key_is_sent_and_shown_nowhere(monkeypatch):
    with ModelServer(key=KEY) as server:
        with Asked(Server("gpu", server.url, "GPU_KEY")) as asked:
            assert "GPU_KEY isn't set" in asked.failure()
            monkeypatch.setenv("GPU_KEY", f"{KEY}\n")
            assert folded(asked.events()).state == "finished"
            assert server.requests[0][1]["authorization"] == f"Bearer {KEY}"
            server.key = "another"
            message = asked.failure()
            assert "doesn't take the key in GPU_KEY (401): “Incorrect API key" in message
            assert KEY not in message
            monkeypatch.setenv("GPU_KEY", "half a clé")
            assert "holds letters that can't be sent" in asked.failure()
        with Asked(Server("gpu", server.url)) as asked:
            assert "needs a key (401)" in asked.failure()


def test_a_key_follows_no_redirect(monkeypatch):
    monkeypatch.setenv("GPU_KEY", KEY)
    with ModelServer() as other:
        elsewhere = {"Location": f"{other.url}/v1/chat/completions"}
        sends_on = ModelServer(fault=307, headers=elsewhere)
        with sends_on as server, Asked(Server("gpu", server.url, "GPU_KEY")) as asked:
            assert "sends on to another address" in asked.failure()
        assert other.seen == []


def cancelled(answer: Answer, heard: queue.SimpleQueue) -> bool:
    answer.cancel()
    *_, last = until(heard, Finished, Failed)
    return last.reason == "cancelled"


def test_stop_closes_the_connection():
    with ModelServer(fault="endless") as server, Asked(Server("gpu", server.url)) as asked:
        asking = asked.begin()
        assert server.answering.acquire(timeout=20)
        assert cancelled(*asking)
        assert server.left.wait(20)


def test_stop_is_heard_before_it_answers_too():
    with ModelServer(fault="waits") as server, Asked(Server("gpu", server.url)) as asked:
        asking = asked.begin()
        assert server.answering.acquire(timeout=20)
        assert cancelled(*asking)
        assert cancelled(*asked.begin())


def test_an_answers_time_may_be_limited():
    with ModelServer(fault="endless") as server, Asked(Server("gpu", server.url)) as asked:
        response = folded(asked.events(max_seconds=0.3))
    assert (response.state, response.finish_reason) == ("finished", "time")
    assert response.text.startswith("one two")


def test_more_than_the_owners_limit_wait_their_turn():
    with ModelServer(fault="waits") as server, Asked(Server("gpu", server.url), at_once=1) as asked:
        _, first = asked.begin()
        assert server.answering.acquire(timeout=20)
        second, heard_second = asked.begin()
        _, third = asked.begin()
        assert next(until(heard_second, Queued)).place == 1
        assert [e.place for e in until(third, Queued)] == [2]
        second.cancel()
        *_, last = until(heard_second, Finished)
        assert last.reason == "cancelled"
        assert [e.place for e in until(third, Queued)] == [1]
        server.go_on.set()
        assert folded(until(first, Finished)).text == "one two three"
        assert any(isinstance(e, Started) for e in until(third, Finished))


def test_models_are_listed_and_a_server_that_is_away_by_its_name():
    with ModelServer("Ollama", models=("llama3:8b", "qwen3")) as server, ModelServer() as gone:
        away = gone.url
        gone.__exit__()
        with Asked(Server("gpu", server.url), Server("off", away)) as asked:
            there = [("gpu", "llama3:8b"), ("gpu", "qwen3"), ("off", None)]
            assert asked.servers.offered() == there
            seen = len(server.seen)
            assert asked.servers.offered() == there
            assert len(server.seen) == seen, "it isn't asked again at once"


def test_counts_come_while_it_writes():
    with ModelServer() as server, Asked(Server("gpu", server.url)) as asked:
        counted = [event for event in asked.events() if isinstance(event, Counted)]
    assert counted[-1].output_tokens == 3 and counted[-1].decode_tps == 50.0


@pytest.mark.parametrize("before", [0, MOST_WORDS - 8])
def test_a_key_that_a_server_repeats_is_left_out_even_where_it_is_cut(monkeypatch, before):
    monkeypatch.setenv("GPU_KEY", KEY)
    assert KEY[:4] not in words(json.dumps({"error": {"message": "x" * before + KEY}}))
