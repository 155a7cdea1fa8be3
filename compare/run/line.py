"""The line of comparisons and benches that wait for this machine: who may enter, who is next, and when.

Knows no process and no file. Whoever enters is counted; whoever joins has a file, and waits for its turn.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from compare import numbers
from compare.usage import UsageError

LATER_S = 60.0
"""When to come back, where nobody can tell."""
REMEMBERED = 10
"""Turns of which the mean is the length of one that nothing else is known of."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. `forwarded`: the addresses in X-Forwarded-For, which anyone may write, but for those that
    proxies of the owner add at its end.
    """

    session: str
    forwarded: tuple[str, ...] = ()

    def address(self, proxies: int) -> str | None:
        """Where they come from, as the outermost of so many proxies saw it; None where none is trusted."""
        return self.forwarded[-proxies] if 0 < proxies <= len(self.forwarded) else None

    def is_one_with(self, other: "Visitor | None", proxies: int) -> bool:
        if other is None:
            return False
        address = self.address(proxies)
        same_address = address is not None and address == other.address(proxies)
        return self.session == other.session or same_address


asking: ContextVar[Visitor | None] = ContextVar("asking", default=None)
"""On whose behalf this thread acts; None for the machine's own user, on the command line."""


def forwarded(headers: Sequence[str]) -> tuple[str, ...]:
    """The addresses in X-Forwarded-For headers, in their order."""
    return tuple(part.strip() for header in headers for part in header.split(",") if part.strip())


class Refused(UsageError):
    """No place in the line; `retry_s`: when to ask again, in seconds."""

    def __init__(self, message: str, retry_s: float):
        super().__init__(message)
        self.retry_s = retry_s


@dataclass(slots=True)
class _Entry:
    visitor: Visitor | None
    expected_s: float | None
    moved: Callable[[], None] | None = None
    """to be called when the line moves; None until it has joined"""
    turn_at: float | None = None


class Line:
    """First come, first served: one runs, `most` wait, and each visitor has one of those at most.

    As many again may wait for files that are being downloaded, which hold up nobody.
    """

    def __init__(
        self, most: int | None = None, proxies: int = 0, now: Callable[[], float] = time.monotonic
    ):
        """`proxies`: of the owner, before the app. `most`: None is no limit."""
        self._most, self._proxies, self._now = most, proxies, now
        self._lock = threading.Lock()
        self._entries: dict[Any, _Entry] = {}
        self._joined: list[Any] = []
        self._turns: deque[float] = deque(maxlen=REMEMBERED)

    def enter(
        self, who: object, visitor: Visitor | None = None, expected_s: float | None = None
    ) -> None:
        """`expected_s`: how long its turn will take at most, where that is known. Raises Refused."""
        with self._lock:
            if refused := self._refusal(visitor):
                raise refused
            self._entries[who] = _Entry(visitor, expected_s)

    def refusal(self, visitor: Visitor) -> Refused | None:
        """What they would hear who asked now; None where they may enter."""
        with self._lock:
            return self._refusal(visitor)

    def join(self, who: object, moved: Callable[[], None]) -> None:
        """Stands in line from now on, if it doesn't already; `moved` is told when that moves."""
        with self._lock:
            if who not in self._joined:
                self._entries[who].moved = moved
                self._joined.append(who)
                self._begin_turn()

    def place(self, who: object) -> int:
        """How many stand before it."""
        with self._lock:
            return self._joined.index(who)

    def wait_s(self, who: object) -> float | None:
        """How long until its turn at most; None where that can't be told."""
        with self._lock:
            return self._wait_s(self._joined[: self._joined.index(who)])

    @property
    def is_free(self) -> bool:
        return not self._joined

    @property
    def waiting(self) -> int:
        """How many wait, those that wait for a file too."""
        return len(self._entries) - bool(self._joined)

    def step_out(self, who: object) -> None:
        """Gives up its place until it joins again: what is left of it can't go on now."""
        with self._lock:
            waiting = self._without(who)
        for moved in waiting:
            moved()

    def leave(self, who: object) -> None:
        self.step_out(who)
        with self._lock:
            self._entries.pop(who, None)

    def look(self, session: str) -> None:
        """Has whoever stands in line for a session look up, as when the line moves: it may have been left."""
        with self._lock:
            entries = [self._entries[who] for who in self._joined]
        for entry in entries:
            if entry.visitor is not None and entry.visitor.session == session:
                entry.moved()

    def _without(self, who: object) -> list[Callable[[], None]]:
        """Who is to be told once it has gone."""
        if who not in self._joined:
            return []
        entry = self._entries[who]
        if entry.turn_at is not None:
            self._turns.append(self._now() - entry.turn_at)
        entry.turn_at = None
        self._joined.remove(who)
        self._begin_turn()
        return [self._entries[other].moved for other in self._joined]

    def _begin_turn(self) -> None:
        if self._joined and (head := self._entries[self._joined[0]]).turn_at is None:
            head.turn_at = self._now()

    def _wait_s(self, before: Sequence[Any]) -> float | None:
        mean = sum(self._turns) / len(self._turns) if self._turns else None
        left = 0.0
        for entry in map(self._entries.get, before):
            expected_s = mean if entry.expected_s is None else entry.expected_s
            if expected_s is None:
                return None
            took = 0.0 if entry.turn_at is None else self._now() - entry.turn_at
            left += max(0.0, expected_s - took)
        return left

    def _refusal(self, visitor: Visitor | None) -> Refused | None:
        if visitor is None:
            return None
        running = self._joined[:1]
        theirs = [
            who for who, entry in self._entries.items()
            if who not in running and visitor.is_one_with(entry.visitor, self._proxies)
        ]  # fmt: skip
        if theirs:
            return self._refused(
                "One of your runs is waiting already. Wait until it has begun, or stop it; then run this.",
                theirs[0],
            )
        joined, coming = len(self._joined) - 1, len(self._entries) - len(self._joined)
        if self._most is not None and max(joined, coming) >= self._most:
            return self._refused(
                f"The line is full, with {numbers.plural(self._most, 'run')} waiting for this machine. "
                "Please come back {later}.",
                self._joined[1] if joined > 0 else None,
            )
        return None

    def _refused(self, message: str, until: object) -> Refused:
        """`until`: whose turn it takes."""
        before = self._joined[: self._joined.index(until)] if until in self._joined else None
        wait_s = None if before is None else self._wait_s(before)
        later = f"in about {numbers.rounded_time(wait_s)}" if wait_s else "in a minute"
        return Refused(message.replace("{later}", later), math.ceil(wait_s or LATER_S))
