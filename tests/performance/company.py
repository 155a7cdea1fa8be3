"""Measurements beside other programs: busy processes that we start ourselves, and none."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from compare.models.local import local_path
from compare.models.spec import parse
from compare.run.process import ChildProcess
from performance.answers import side_by_side
from performance.report import AT_MOST, Line, Measurement, Sample
from performance.stage import STORY, Stage

STEADY = (sys.executable, str(Path(__file__).with_name("steady.py")))
TOKENS = 64
PATIENCE_S = 20.0
"""Longer no answer is waited for: beside others, with all threads, 64 tokens may take minutes."""
FULL = 0.9


@contextmanager
def busy(processes: int) -> Iterator[list[subprocess.Popen]]:
    """As many programs that each take a core, for as long as it lasts."""
    started = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        time.sleep(0.2)  # their interpreters have started
        yield started
    finally:
        for each in started:
            each.kill()
            each.wait()


def beside(name: str, file: str, processes: int, stage: Stage) -> Iterator[Sample]:
    """Tokens a second, against the better of one thread and all in the same company."""
    path = stage.endless if file == "smollm2" else local_path(parse(file))
    steady = partial(ChildProcess, command=STEADY)
    ours = stage.model(path)
    all_, one = (stage.model(path, spawn=steady, threads=n) for n in (stage.cores, 1))
    while True:
        with busy(processes):
            tps = [
                model.answer(STORY, TOKENS, PATIENCE_S).decode_tps for model in (one, ours, all_)
            ]
        yield {name: tps[1] / max(tps[0], tps[2]), "tok/s": tps[1], "one": tps[0], "all": tps[2]}


def quiet(stage: Stage) -> Iterator[Sample]:
    ours = stage.model(stage.endless)
    steady = stage.model(stage.endless, spawn=partial(ChildProcess, command=STEADY))
    models = [("ours", ours), ("steady", steady)]
    while True:
        tps = {name: model.answer(STORY, 256).decode_tps for name, model in models}
        models.reverse()  # neither comes first more often than the other
        yield {"quiet": tps["ours"] / tps["steady"], "tok/s": tps["ours"]}


def back(stage: Stage) -> Iterator[Sample]:
    """From the end of a busy process on until the rate is that of the answer's last quarter."""
    model = stage.model(stage.endless)
    while True:
        with busy(1) as (other,):
            times, ended_at = model.watched(STORY, 400, after=100, then=other.kill)
        full = 100 / (times[-1] - times[-101])
        window = 10
        until = next(
            times[i]
            for i in range(100, len(times) - window)
            if window / (times[i + window] - times[i]) >= FULL * full
        )
        yield {"back": max(0.0, until - ended_at), "tok/s at the end": full}


def two(stage: Stage) -> Iterator[Sample]:
    samples = side_by_side("two-busy", stage, [stage.endless, "gemma3"])
    while True:
        with busy(1):
            sample = next(samples)
        yield sample


BEST = "one thread or all, in the same company"
MEASUREMENTS = (
    *(
        Measurement(name, partial(beside, name, file, processes), (
            Line(name, f"{label}, {TOKENS} tokens, {others}", BEST, asked),
        ))
        for name, file, label, processes, others, asked in (
            ("busy-smollm2", "smollm2", "SmolLM2", 1, "one busy process beside", 0.95),
            ("busy-gemma3", "gemma3", "Gemma", 1, "one busy process beside", 0.95),
            ("busier-smollm2", "smollm2", "SmolLM2", 2, "two busy processes beside", 0.9),
            ("busier-gemma3", "gemma3", "Gemma", 2, "two busy processes beside", 0.9),
        )
    ),
    Measurement("quiet", quiet, (
        Line("quiet", "SmolLM2, 256 tokens, nothing beside", "all threads, whatever else runs", 0.99),
    )),
    Measurement("back", back, (
        Line("back", "the busy process ends: until the full speed is back", "", 1, AT_MOST, "s"),
    )),
    Measurement("two-busy", two, (
        Line("two-busy", "SmolLM2 (200 tokens) and Gemma (64) together, one busy process beside",
             "in turn", 1.05, AT_MOST),
    )),
)  # fmt: skip
"""In the order of the table."""
