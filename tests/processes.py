"""What tests ask of processes they ended."""

from collections.abc import Sequence

import psutil


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
