"""Children that hang: the host's limit ends them, Stop does, and the line goes on."""

import itertools
import queue
import sys
import time

import psutil
import pytest
from fakes import PROGRAM, child
from processes import outliving, workers

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.protocol.requests import Cancel, Load, encode
from compare.run import column, process
from compare.run.column import GRACE_S, LOOK_S, SLOW_BYTES_PER_S, Limit
from compare.run.machine import Machine
from compare.run.process import ChildProcess
from compare.run.run import LINGERS

A, B = "smollm2:Q4_1", "gemma3:Q4_K_M"
MORE_THAN_A_PIPE = "x" * 2_000_000


@pytest.fixture
def fake(monkeypatch):
    """A machine of fake children, each of the next kind, the last kind for ever, with a limit of 0.3 s."""
    monkeypatch.setattr(column, "LOOK_S", 0.3)
    made = []

    def build(*kinds: str, max_seconds: float | None = 0.3) -> Machine:
        kind = itertools.chain(kinds[:-1], itertools.repeat(kinds[-1]))
        made.append(
            Machine(Owner(max_seconds=max_seconds), spawn=lambda sink: child(next(kind))(sink))
        )
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def ended(run) -> dict:
    assert run.wait(60)
    return run.responses()


@pytest.mark.parametrize(
    ("kind", "stage", "doing"),
    [
        ("stopped-reserve", "waiting", "looking into the file"),
        ("stopped-load", "loading", "loading"),
        ("stopped-generate", "loaded", "answering"),
    ],
)
def test_the_hosts_limit_ends_what_hangs_and_the_others_stay_whole(fake, kind, stage, doing):
    machine = fake(kind, "good")
    first = machine.compare(comparison("p", ["smollm2", "gemma3"]))
    second = machine.compare(comparison("p", ["smollm2"]))
    found = ended(first)
    assert (found[A].state, found[A].stage) == ("failed", stage)
    said = f"hung: it did nothing any more after this host's limit of 0.3 s for {doing}."
    assert said in found[A].error
    assert found[B].text == "one two three"
    assert ended(second)[A].text == "one two three"  # by another process, not by the one that hung


class Held(ChildProcess):
    """A child that the system holds: of what a test may do to a real disk, nothing keeps a process from
    dying of SIGKILL, so here that isn't sent.
    """

    def __init__(self, sink, command):
        super().__init__(sink, command)
        self.let_go, self._child.kill = self._child.kill, lambda: None


@pytest.fixture
def held(monkeypatch):
    """A machine whose first child can't be killed, of this kind and the next ones good; and that child."""
    monkeypatch.setattr(column, "LOOK_S", 0.3)
    monkeypatch.setattr(process, "GONE_S", 0.1)
    made = []

    def spawn(kind: str, max_seconds: float | None = None) -> Machine:
        def each(sink):
            if made:
                return child("good")(sink)
            made.append(Held(sink, (sys.executable, "-c", PROGRAM, kind)))
            return made[0]

        return Machine(Owner(max_seconds=max_seconds), spawn=each)

    yield spawn, made
    for each in made:
        each.let_go()


def test_a_child_that_cannot_be_killed_is_said_and_holds_up_nobody(held):
    spawn, made = held
    machine = spawn("stopped-generate", max_seconds=0.3)
    first = machine.compare(comparison("p", ["smollm2"]))
    second = machine.compare(comparison("p", ["smollm2"]))
    told = ended(first)[A]
    assert (told.state, told.error.count("\n")) == ("failed", 1) and LINGERS in told.error
    assert psutil.pid_exists(made[0].pid)
    assert ended(second)[A].text == "one two three"
    machine.close()
    assert psutil.pid_exists(made[0].pid)


def test_a_child_that_cannot_be_killed_is_said_where_it_is_stopped(held):
    spawn, _ = held
    machine = spawn("stopped-load")
    run = machine.compare(comparison("p", ["smollm2"]))
    for responses in run.snapshots(0.02):
        if responses[A].state == "loading" and not responses[A].stopping:
            run.stop()
    told = ended(run)[A]
    assert told.state == "cancelled" and LINGERS in told.notices
    machine.close()


def test_what_works_on_beyond_its_time_has_a_grace(fake, monkeypatch, tiny):
    """Of a small file: a large one has the time that a slow disk takes to read it."""
    monkeypatch.setattr(column, "GRACE_S", 1.0)
    monkeypatch.setattr(
        column, "LOOK_S", 2.0
    )  # on a busy machine it may not have its turn for long
    (found,) = ended(fake("busy").compare(comparison("p", [tiny()]))).values()
    assert found.state == "failed" and found.text == "one"
    assert "did not heed this host's limit of 0.3 s for answering" in found.error
    assert found.ended_at - found.started_at > 1.3


@pytest.mark.parametrize("kind", ["stopped-reserve", "stopped-load", "stopped-loaded"])
def test_stop_is_heard_whatever_hangs(fake, kind):
    """Without a limit; a prompt that is larger than a pipe to a child that doesn't read it, too."""
    run = fake(kind, max_seconds=None).compare(comparison(MORE_THAN_A_PIPE, ["smollm2"]))
    reached = {"stopped-reserve": "waiting", "stopped-load": "loading", "stopped-loaded": "loaded"}
    for responses in run.snapshots(0.02):
        if responses[A].state == reached[kind] and not responses[A].stopping:
            run.stop()
    assert ended(run)[A].state == "cancelled"


def test_a_loaded_child_that_was_stopped_meanwhile_serves_nobody():
    before = workers()
    machine = Machine()
    asked = comparison("hi", ["smollm2"], max_tokens=2)
    assert ended(machine.compare(asked))[A].state == "finished"
    (stopped,) = workers() - before
    stopped.suspend()
    while stopped.status() != psutil.STATUS_STOPPED:  # a signal arrives in its own time
        time.sleep(0.01)
    found = ended(machine.compare(asked))[A]
    assert found.state == "finished" and found.load_s
    machine.close()
    assert not outliving([stopped], 5) and not workers() - before


READS_LATE = """
import json, sys, time
time.sleep(0.3)
for line in sys.stdin:
    ask = json.loads(line)
    said = f"{ask['do']} {len(line)}"
    print(json.dumps({"event": "failed", "run": ask["run"], "at": 0, "message": said}), flush=True)
"""


def test_what_does_not_fit_into_a_pipe_comes_through_whole_and_in_order():
    heard = queue.SimpleQueue()
    reader = ChildProcess(heard.put, (sys.executable, "-c", READS_LATE))
    large = Load(run=1, path="x" * 2_000_000, n_ctx=1, gpu_layers=None, kv_type="f16", threads=1)
    for request in (large, Cancel(run=1)):
        reader.send(request)
    told = [heard.get(timeout=20).message for _ in range(2)]
    reader.close()
    assert told == [f"load {len(encode(large))}", f"cancel {len(encode(Cancel(run=1)))}"]


def test_a_machine_that_stood_still_is_no_process_that_hangs():
    """Looks count, not the clock: after a standstill the first only notes what there is to see."""
    limit = Limit(seconds=10, began_at=0)
    assert limit.over(300, "as it was", "answering") is None
    assert "hung" in limit.over(300 + LOOK_S, "as it was", "answering")


def test_a_large_file_has_the_time_that_a_slow_disk_takes():
    file_bytes = 100 * SLOW_BYTES_PER_S
    limit = Limit(10, 0, int(file_bytes))
    assert limit.over(10, 1, "loading") is None
    assert limit.over(10 + 2 * GRACE_S, 2, "loading") is None  # which is over for a small one
    assert "did not heed" in limit.over(10 + 101, 3, "loading")


def test_what_cannot_be_seen_is_left_to_others():
    limit = Limit(10, 0)
    assert [limit.over(at, None, "answering") for at in (10, 20, 1000)] == [None] * 3
