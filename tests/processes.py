"""What tests ask of processes: which there are, whether those they ended have gone, how long one takes."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import psutil
import pytest

T = TypeVar("T")


def within(seconds: float, act: Callable[[], T], times: int = 3) -> T:
    """What it returns where it took less than that, once of so many times: what else a machine does only
    slows it down. Else this test fails.
    """
    took = []
    for _ in range(times):
        began = time.monotonic()
        done = act()
        took.append(time.monotonic() - began)
        if took[-1] < seconds:
            return done
    pytest.fail(
        f"It took {', '.join(f'{each:.1f}' for each in took)} s, not less than {seconds:g}."
    )


def workers() -> set[psutil.Process]:
    """This process's children that hold a model each, or may. A browser that tests share is none."""
    return {child for child in psutil.Process().children() if _is_worker(child)}


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "compare.child.worker" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def outliving(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still work after so long. One that has ended and only waits for the system to take note of
    it doesn't.
    """
    _, there = psutil.wait_procs(processes, timeout=seconds)
    return [process for process in there if _works(process)]


def _works(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
