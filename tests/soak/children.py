"""The row of children that are ended from outside while they work: by SIGKILL, by a crash, by a stop."""

import os
import random
import signal
import sys
import time

import psutil
from performance.report import AT_MOST, Line, Sample
from processes import workers

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.run.machine import Machine
from compare.run.response import Response

KILLED = (
    Line("killed", "columns beside a child that was ended, or after it, that aren't whole", "", 0, AT_MOST,
         "of them"),
    Line("killed-said", "columns of an ended child that don't say so", "", 0, AT_MOST, "of them"),
    Line("killed-orphans", "processes that are left, zombies too", "", 0, AT_MOST, "of them"),
)  # fmt: skip
SIGNALS = signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP
SEED = 17


def killed(
    specs: list[str], count: int = 200, every: int = 10, tokens: int = 60, max_seconds: float = 10
) -> Sample:
    """`specs`: two files whose answers are as long as is asked."""
    before, chance = workers(), random.Random(SEED)
    machine = Machine(Owner(max_seconds=max_seconds))
    broken = unsaid = ended = 0
    try:
        for n in range(count):
            run = machine.compare(comparison(f"Tell story {n}.", specs, max_tokens=tokens))
            victim = None
            if n % every == every - 1:
                victim = end_one(run, chance, SIGNALS[n // every % len(SIGNALS)])
                ended += victim is not None
            if not run.wait(120):
                raise RuntimeError("The app is down: a run doesn't end")
            for key, response in run.responses().items():
                if victim is not None and victim in key:
                    unsaid += not (response.ended and is_said(response, tokens))
                elif not is_whole(response, tokens):
                    print(f"{n} {key}: {response.state} {response.error}", file=sys.stderr)
                    broken += 1
    finally:
        machine.close()
    left = [p for p in psutil.Process().children() if p in workers() - before or is_zombie(p)]
    return {
        "killed": broken, "killed-said": unsaid, "killed-orphans": len(left),
        "comparisons": count, "children ended": ended,
    }  # fmt: skip


def end_one(run, chance: random.Random, sent: signal.Signals) -> str | None:
    """Sends a signal to one of the run's children at a random moment; the name of its file."""
    time.sleep(chance.uniform(0.0, 0.6))
    busy = [key for key, response in run.responses().items() if not response.ended]
    if not busy:
        return None
    name = chance.choice(busy)
    for child in workers():
        if holds(child, name):
            os.kill(child.pid, sent)
            return name
    return None


def holds(child: psutil.Process, name: str) -> bool:
    """Whether it has that file mapped: its model is loading, or loaded."""
    try:
        return any(each.path.endswith(f"/{name}") for each in child.memory_maps())
    except psutil.Error:
        return False


def is_whole(response: Response, tokens: int) -> bool:
    """As long as was asked, or, on a busy machine, as the host's limit lets it be."""
    in_full = response.output_tokens == tokens or response.finish_reason == "time"
    return response.state == "finished" and in_full


def is_said(response: Response, tokens: int) -> bool:
    """Failed with a sentence, or it had been quicker."""
    return bool(response.error) or is_whole(response, tokens)


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
