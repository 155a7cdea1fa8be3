"""Rows of many visitors at once: whether all are served or politely refused, and what they cost who runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from performance.report import AT_MOST, Line, Sample
from performance.stage import ROOT, until
from serving import served

from compare.asked.comparison import comparison
from compare.models.spec import resolve
from compare.run.machine import Machine
from compare.run.run import Run
from compare.ui.page import page
from soak.stage import SETTLED_S, all_at_once, app, tell

VISITORS = (
    Line("visitors", "visitors at once neither served nor politely refused", "", 0, AT_MOST, "of them"),
    Line("visitors-mixed", "answers that belong to another's prompt", "", 0, AT_MOST, "of them"),
    Line("visitors-memory", "the app's memory after a second time", "after the first", 1.1, AT_MOST),
    Line("visitors-descriptors", "its open descriptors", "after the first", 1.1, AT_MOST),
    Line("visitors-log", "tracebacks in its log", "", 0, AT_MOST, "of them"),
)  # fmt: skip
DECODE = (Line("decode", "decode rate while others wait in line", "alone", 0.95),)

HOLDS = "until the crowd is there"
"""What stands first in line meanwhile."""


def visitors(count: int = 50, line: int = 30, waves: int = 2, left_s: float = 60) -> Sample:
    """`waves` of so many visitors; what is left after the last is compared with what the one before left.

    At rest, when all have left, for which they get `left_s`: who stays has a connection, as a page has that
    is open. With 0 nobody waits for that.
    """
    with app(COMPARE_LINE=str(line)) as running:
        left, visits = [(running.own_bytes(), running.descriptors())], []
        for wave in range(waves):
            visits += all_at_once(running.address, range(wave * count, (wave + 1) * count))
            if left_s:
                until(lambda: not running.connections(), left_s, "All have left")
            left.append((running.own_bytes(), running.descriptors()))
        tracebacks = running.tracebacks()
    (before_bytes, before_fds), (after_bytes, after_fds) = left[-2], left[-1]
    failed = [visit for visit in visits if visit.state == "failed"]
    tell(failed)
    return {
        "visitors": len(failed),
        "visitors-mixed": sum(visit.mixed for visit in visits),
        "visitors-memory": after_bytes / before_bytes,
        "visitors-descriptors": after_fds / before_fds,
        "visitors-log": tracebacks,
        "answered": sum(visit.state == "answered" for visit in visits),
        "refused": sum(visit.state == "refused" for visit in visits),
        "MB at first": before_bytes / 1e6,
    }


def decode(endless: str, count: int = 49, tokens: int = 400, repeats: int = 3) -> Sample:
    """The best of some answers alone, and of as many while a crowd waits behind them.

    The crowd's own process is held then: visitors read on machines of their own, and what is told them
    meanwhile waits in their connections.
    """
    machine = Machine(own=resolve([endless]))
    asked = comparison("Tell a story.", [endless], max_tokens=tokens)
    try:
        with served(page(machine)) as address:
            rate_of(machine.compare(asked))  # which loads it
            alone = max(rate_of(machine.compare(asked)) for _ in range(repeats))
            machine.line.enter(HOLDS)
            machine.line.join(HOLDS, lambda: None)
            theirs = [machine.compare(asked) for _ in range(repeats)]
            with crowd(address, count) as waiting:
                until(lambda: machine.line.waiting >= count + repeats, 300, f"{count} who wait")
                time.sleep(SETTLED_S)
                waiting.send_signal(signal.SIGSTOP)
                machine.line.leave(HOLDS)
                beside = max(rate_of(run) for run in theirs)
    finally:
        machine.close()
    return {"decode": beside / alone, "tokens/s alone": alone, "waiting": count}


def rate_of(run: Run) -> float:
    """Tokens a second of its answer, once it has ended."""
    run.wait(600)
    (response,) = run.responses().values()
    return response.decode_tps


@contextmanager
def crowd(address: str, count: int) -> Iterator[subprocess.Popen]:
    """So many visitors who ask, in a process of their own."""
    paths = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/browser")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "soak.crowd", address, str(count)]
    waiting = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        yield waiting
    finally:
        waiting.kill()
        waiting.wait()
