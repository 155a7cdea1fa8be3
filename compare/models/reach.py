"""Whether the Hub can be reached, asked once for everyone who wants to know."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from compare.models.download import reachable

PROBED_S = 60.0
"""For so long it isn't asked again."""


class Reach:
    """The Hub's last answer, and one probe at a time for a new one."""

    def __init__(
        self, probe: Callable[[], bool] = reachable, now: Callable[[], float] = time.monotonic
    ):
        """`probe`: asks, and takes seconds at most."""
        self._probe, self._now = probe, now
        self._lock = threading.Lock()
        self._answer: bool | None = None
        self._fresh_until = 0.0
        self._asking: Future[bool] | None = None

    def known(self) -> bool:
        """As it was found last: never waits but for the first answer; an old one is renewed meanwhile."""
        asking, last = self._begun()
        return asking.result() if last is None else last

    def asked(self) -> bool:
        """As it was found within the last minute; waits for that where it must be asked."""
        asking, last = self._begun()
        return asking.result() if asking else last

    def _begun(self) -> tuple[Future[bool] | None, bool | None]:
        """The probe in progress, where a new answer is wanted; and the last answer, if there is one."""
        with self._lock:
            if self._asking is None and self._now() >= self._fresh_until:
                self._asking = Future()
                threading.Thread(target=self._ask, args=(self._asking,), daemon=True).start()
            return self._asking, self._answer

    def _ask(self, asking: Future) -> None:
        answer = self._probe()
        with self._lock:
            self._answer, self._fresh_until = answer, self._now() + PROBED_S
            self._asking = None
        asking.set_result(answer)
