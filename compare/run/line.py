"""The line of comparisons and benches that wait for this machine."""

import threading
from collections.abc import Callable


class Line:
    """First come, first served. Whoever waits is told when the line moves."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting: dict[object, Callable[[], None]] = {}

    def join(self, who: object, moved: Callable[[], None]) -> None:
        with self._lock:
            self._waiting[who] = moved

    def place(self, who: object) -> int:
        """How many stand before it."""
        with self._lock:
            return list(self._waiting).index(who)

    @property
    def is_free(self) -> bool:
        return not self._waiting

    @property
    def waiting(self) -> int:
        """How many wait while one runs."""
        return max(0, len(self._waiting) - 1)

    def leave(self, who: object) -> None:
        with self._lock:
            self._waiting.pop(who, None)
            waiting = list(self._waiting.values())
        for moved in waiting:
            moved()
