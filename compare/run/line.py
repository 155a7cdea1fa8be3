"""The line of comparisons and benches that wait for this machine."""

import threading

from compare.run.run import Run


class Line:
    """First come, first served."""

    def __init__(self):
        self._lock = threading.Lock()
        self._runs: list[Run] = []

    def join(self, run: Run) -> None:
        with self._lock:
            self._runs.append(run)

    def place(self, run: Run) -> int:
        with self._lock:
            return self._runs.index(run)

    @property
    def is_free(self) -> bool:
        return not self._runs

    def leave(self, run: Run) -> None:
        with self._lock:
            if run in self._runs:
                self._runs.remove(run)
            waiting = list(self._runs)
        for each in waiting:
            each.moved()
