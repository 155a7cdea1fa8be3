"""What the cores do that this process may run on. Knows nothing of models, nor what follows from it."""

import os
import time

import psutil


class IdleCores:
    """How many of this process's cores idled since it was asked last: 0.9 of 2. Made anew for each answer."""

    def __init__(self):
        self._asked_at: float | None = None
        self._idle_s = 0.0

    def __call__(self) -> float | None:
        """None at first, and where too little time has passed for the system's count, of ticks of 10 ms."""
        now, idle_s = time.monotonic(), _idle_s()
        since_s = now - (self._asked_at or now)
        if self._asked_at is not None and since_s < 0.05:
            return None
        idle = (idle_s - self._idle_s) / since_s if since_s else None
        self._asked_at, self._idle_s = now, idle_s
        return idle


def _idle_s() -> float:
    cores = psutil.cpu_times(percpu=True)
    if hasattr(os, "sched_getaffinity"):
        # Cores that are off aren't listed: what can't be told apart counts as a whole.
        mask = os.sched_getaffinity(0)
        cores = [core for i, core in enumerate(cores) if i in mask] or cores
    return sum(core.idle for core in cores)
