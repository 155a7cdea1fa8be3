"""The parent's end of a child: events come in order, a death is an event, the log's last lines are kept."""

import os
import queue
import signal
import time

import psutil
import pytest
from fakes import child

from compare.models.catalogue import BASE_TEMPLATE
from compare.protocol.events import Delta, Failed, Finished, Hello, Loaded
from compare.protocol.requests import Generate, Load, Message
from compare.run.process import ChildProcess

LOAD = Load(run=1, path="x", n_ctx=512, gpu_layers=None, kv_type="f16", threads=1)
GENERATE = Generate(
    run=1, messages=(Message("user", "p"),), template=BASE_TEMPLATE, template_stop=(), threads=1,
    max_tokens=8, temperature=0.0, top_p=1.0, top_k=0, min_p=0.0, repeat_penalty=1.0, seed=1,
    stop=(), thinking="auto", max_seconds=None,
)  # fmt: skip


@pytest.fixture
def spawn():
    made = []

    def spawn(kind: str):
        heard = queue.SimpleQueue()
        runner = child(kind)(heard.put)
        made.append(runner)
        return runner, heard

    yield spawn
    for runner in made:
        runner.close()


def until(heard, kind):
    event = heard.get(timeout=20)
    while not isinstance(event, kind):
        event = heard.get(timeout=20)
    return event


def test_a_whole_answer_comes_through(spawn):
    runner, heard = spawn("good")
    assert isinstance(until(heard, Hello), Hello) and runner.hello.llama_cpp == "0"
    runner.send(LOAD)
    until(heard, Loaded)
    assert runner.loaded.n_ctx == 512
    runner.send(GENERATE)
    assert [until(heard, Delta).text for _ in range(3)] == ["one", " two", " three"]
    assert until(heard, Finished).reason == "stop"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("crash", "ended by signal 9 (SIGKILL).\nA system short of memory does this"),
        ("exit", "ended by itself, with exit status 3."),
        ("garbage", "sent something unreadable"),
    ],
)
def test_a_death_is_an_event_that_says_how(spawn, kind, words):
    runner, heard = spawn(kind)
    runner.send(LOAD)
    runner.send(GENERATE)
    failed = until(heard, Failed)
    assert words in failed.message
    assert failed.run == 1
    assert not runner.alive
    if kind != "garbage":
        assert failed.log in (("GGML_ASSERT(false) failed",), ("a last word",))


def test_how_its_threads_wait_is_not_the_surroundings_to_say(spawn, monkeypatch):
    for name in ("OMP_THREAD_LIMIT", "OMP_DYNAMIC", "GOMP_CPU_AFFINITY", "KMP_BLOCKTIME"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COMPOSED", "1")
    runner, _ = spawn("answers")
    inside = psutil.Process(runner.pid).environ()
    assert not [name for name in inside if name.startswith(("OMP_", "GOMP_", "KMP_"))]
    assert inside["COMPOSED"] == "1"


def test_it_asks_for_huge_pages_beside_what_the_surroundings_set(spawn, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    runner, _ = spawn("answers")
    tunables = psutil.Process(runner.pid).environ()["GLIBC_TUNABLES"]
    assert tunables == "glibc.malloc.hugetlb=1:glibc.malloc.check=0"


def test_a_closed_runner_says_nothing_and_its_child_is_gone(spawn):
    runner, heard = spawn("good")
    until(heard, Hello)
    runner.close()
    assert not runner.alive
    with pytest.raises(ProcessLookupError):
        os.kill(runner.pid, 0)
    time.sleep(0.2)
    assert heard.empty()


def test_a_request_to_a_dead_child_is_no_exception(spawn):
    runner, heard = spawn("good")
    until(heard, Hello)
    os.kill(runner.pid, signal.SIGSEGV)
    assert "SIGSEGV" in until(heard, Failed).message
    runner.send(LOAD)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_keeps_no_child_alive(spawn):
    """As ZeroGPU makes them: they inherit what a child's stdin hangs on."""
    runner, heard = spawn("good")
    until(heard, Hello)
    fork = os.fork()
    if fork == 0:
        time.sleep(60)
        os._exit(0)
    try:
        runner._child.stdin.close()
        assert runner._child.wait(20) == 0
        assert os.waitpid(fork, os.WNOHANG) == (0, 0)
    finally:
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)


def test_a_child_that_floods_its_log_keeps_the_last_lines():
    heard = queue.SimpleQueue()
    code = "import sys; sys.stderr.write('x' * 10**6 + '\\n' + 'last\\n'); sys.exit(1)"
    import sys

    runner = ChildProcess(heard.put, (sys.executable, "-c", code))
    failed = until(heard, Failed)
    assert failed.log[-1] == "last" and len(failed.log) <= 12
    runner.close()
