"""`serve` on a Ray of this machine: two replicas, asked by plain clients and by columns. `make test-ray`."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx2
import psutil
import pytest

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.remote.servers import Server
from compare.run.machine import Machine

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]
REPLICAS, QUEUED = 2, 2
KEY_ENV, KEY = "SERVE_KEY", "sk-sEcReT0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}
LONG = {"max_tokens": 1900, "temperature": 0.0}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KEY_ENV, KEY)
        yield from served(tmp_path_factory.mktemp("serve") / "log")


def served(log):
    """Where it serves; at its end nothing of it is left, nor of its key in what it has written."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as out:
        serving = subprocess.Popen(
            [sys.executable, "-m", "compare", "serve", "--models", "smollm2", "--port", str(port),
             "--replicas", str(REPLICAS), "--queued", str(QUEUED), "--threads", "1",
             "--key-env", KEY_ENV],
            stdout=out, stderr=out,
        )  # fmt: skip
    try:
        while "Serving at" not in log.read_text():
            assert serving.poll() is None, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        lives = serving.poll() is None
        family = psutil.Process(serving.pid).children(recursive=True) if lives else []
        serving.send_signal(signal.SIGTERM)
        ended = serving.wait(60)
        _, alive = psutil.wait_procs(family, timeout=20)
        for process in alive:
            process.kill()
    assert ended == 0 and not alive
    assert KEY not in log.read_text()


@pytest.fixture
def machine(url):
    made = Machine(Owner(servers=(Server("ray", url, KEY_ENV),)))
    yield made
    made.close()


def asked(url: str, body: dict, headers: dict = HEADERS) -> httpx2.Response:
    return httpx2.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=120)


def body(**more) -> dict:
    messages = [{"role": "user", "content": "Tell a long story."}]
    return {"model": "smollm2", "messages": messages, "max_tokens": 8, "seed": 1, **more}


def test_a_plain_client_is_answered(url):
    whole = asked(url, body(temperature=0.0)).json()
    assert whole["usage"]["completion_tokens"] == 8
    assert whole["choices"][0]["finish_reason"] == "length"
    streamed = body(temperature=0.0, stream=True, stream_options={"include_usage": True})
    lines = asked(url, streamed).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    deltas = [c["choices"][0]["delta"].get("content") or "" for c in chunks[:-1]]
    assert "".join(deltas) == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-1]["timings"]["predicted_n"] == 8


def test_a_column_is_answered(machine):
    run = machine.compare(comparison("Who are you?", ["@ray"], max_tokens=8))
    assert run.wait(60)
    (response,) = run.responses().values()
    assert (response.state, response.server.kind) == ("finished", "GGUF Side by Side")
    assert (response.measures.rates_by, response.output_tokens) == ("server", 8)
    assert response.notices == ()


def writing(run) -> bool:
    return all(r.state == "writing" for r in run.responses().values())


def started(machine, n: int) -> list:
    """So many answers on their way, each of which has begun to write."""
    runs = [machine.compare(comparison("Tell a long story.", ["@ray"], **LONG)) for _ in range(n)]
    while not all(map(writing, runs)):
        assert not any(run.wait(0) for run in runs), [run.responses() for run in runs]
        time.sleep(0.02)
    return runs


def ended(runs: list) -> None:
    for run in runs:
        run.stop()
        assert run.wait(20)


def test_two_replicas_answer_two_visitors_at_once_and_stop_frees_them(machine):
    for _ in range(2):
        ended(started(machine, REPLICAS))


def test_what_has_no_place_any_more_is_told_to_come_back(machine, url):
    runs = started(machine, REPLICAS)
    statuses, threads = [], []
    for _ in range(QUEUED + 2):
        ask = lambda: statuses.append(asked(url, body()))  # noqa: E731
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
    while len(statuses) < 2:
        time.sleep(0.02)
    assert {answer.status_code for answer in statuses[:2]} == {429}
    assert statuses[0].headers["retry-after"] == "5"
    ended(runs)
    for thread in threads:
        thread.join()
    assert statuses[-1].status_code == 200


def test_a_killed_replicas_column_says_so_and_the_next_run_works(machine):
    (run,) = started(machine, 1)
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        if "ServeReplica:models:model-0" in " ".join(process.info["cmdline"] or ()):
            os.kill(process.pid, signal.SIGKILL)
    assert run.wait(60)
    (response,) = run.responses().values()
    assert response.state == "failed" and response.text
    assert "is gone" in response.error or "broke off" in response.error
    while True:
        again = machine.compare(comparison("Who are you?", ["@ray"], max_tokens=8))
        assert again.wait(120)
        (response,) = again.responses().values()
        if response.state == "finished":
            break
        assert "(429)" in response.error or "is gone" in response.error
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"model": "nope"}, 404), ({"model": None}, 400), ({"messages": []}, 400), ({"seed": "x"}, 400),
     ({"user": "x" * 9_000_000}, 413)],
)  # fmt: skip
def test_what_is_wrong_is_refused(url, wrong, status):
    answer = asked(url, body(**wrong))
    assert answer.status_code == status and answer.json()["error"]["message"]


def test_without_the_key_only_its_health_is_told(url):
    assert httpx2.get(f"{url}/health").json() == {"status": "ok"}
    for answer in (asked(url, body(), {}), httpx2.get(f"{url}/v1/models")):
        assert answer.status_code == 401
        assert answer.json()["error"]["message"].startswith("The key is missing")


def test_a_clusters_other_machines_are_sent_the_code():
    from ray._private.runtime_env.packaging import get_uri_for_directory

    from compare.serve.cluster import LEFT_OUT, ROOT

    nothing = get_uri_for_directory(str(ROOT), include_gitignore=True, excludes=["*"])
    sent = get_uri_for_directory(str(ROOT), include_gitignore=True, excludes=LEFT_OUT)
    assert sent != nothing
