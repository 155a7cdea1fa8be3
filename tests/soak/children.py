"""The row of children that are ended from outside while they work: by SIGKILL, by a crash, by a stop."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from performance.report import AT_MOST, Line, Sample

from soak.stage import EACH_S, App, answers, app, client_of, values

KILLED = (
    Line("killed", "columns beside a child that was ended, or after it, that aren't whole", "", 0, AT_MOST,
         "of them"),
    Line("killed-said", "columns of an ended child that don't say so", "", 0, AT_MOST, "of them"),
    Line("killed-down", "times that the app didn't answer", "", 0, AT_MOST, "of them"),
    Line("killed-orphans", "processes that are left, zombies too", "", 0, AT_MOST, "of them"),
    Line("killed-log", "tracebacks in its log", "", 0, AT_MOST, "of them"),
)  # fmt: skip
SIGNALS = signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP
SEED = 17
WITHIN_S = 0.6
"""The random moment comes so late at most: while a model loads, reads, writes, or has just ended."""


def killed(
    files: Sequence[str],
    count: int = 200,
    every: int = 10,
    tokens: int = 24,
    max_seconds: float = 10,
) -> Sample:
    """One visitor's comparisons of two files whose answers are as long as is asked, one after the other."""
    chance, found, children = random.Random(SEED), {line.name: 0 for line in KILLED}, set()
    names, ended = [Path(file).name for file in files], 0
    with app(*files, COMPARE_MAX_SECONDS=str(max_seconds)) as running:
        client = client_of(running.address)
        for n in range(count):
            asked = values(f"Tell story {n}.", tokens, names)
            job, victim = client.submit(**asked, api_name="/run"), None
            if n % every == every - 1:
                victim = end_one(running, names, chance, SIGNALS[n // every % len(SIGNALS)])
                ended += victim is not None
            job.result(timeout=EACH_S)
            children |= set(running.family[1:])
            for column in last_run(running):
                fine = is_whole(column, tokens)
                if column["model"] == victim:
                    found["killed-said"] += not (fine or column.get("cause"))
                elif not fine:
                    print(f"{n}: {column}", file=sys.stderr)
                    found["killed"] += 1
            found["killed-down"] += not answers(running)
        client.close()
        found["killed-orphans"] = sum(is_idle(child) for child in running.family[1:])
        found["killed-log"] = running.tracebacks()
    found["killed-orphans"] += sum(child.is_running() for child in children)
    return found | {"comparisons": count, "children ended": ended}


def end_one(
    running: App, names: Sequence[str], chance: random.Random, sent: signal.Signals
) -> str | None:
    """Sends a signal to the process of one of these files at a random moment; the file's name, or None where
    none had it yet.
    """
    time.sleep(chance.uniform(0.0, WITHIN_S))
    name = chance.choice(names)
    for child in running.family[1:]:
        if holds(child, name):
            os.kill(child.pid, sent)
            return name
    return None


def holds(child: psutil.Process, name: str) -> bool:
    """Whether it has that file mapped: its model is loading, or loaded."""
    with suppress(psutil.Error):
        return any(each.path.endswith(f"/{name}") for each in child.memory_maps())
    return False


def last_run(running: App) -> list[dict]:
    """The columns of the run that ended last, by the app's own log."""
    lines = running.log.read_text(errors="replace").splitlines()
    told = next(line for line in reversed(lines) if line.startswith('{"at"'))
    return json.loads(told)["columns"]


def is_whole(column: dict, tokens: int) -> bool:
    """As long as was asked, or, on a busy machine, as the host's limit lets it be."""
    in_full = column.get("output_tokens") == tokens or column.get("finish_reason") == "time"
    return column["state"] == "finished" and in_full


def is_idle(child: psutil.Process) -> bool:
    """Whether it has ended without anyone having taken note, or stands still."""
    try:
        return child.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
