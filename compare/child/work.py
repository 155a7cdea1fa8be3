"""One request on its way through an engine: what an answer and a measurement share.

Knows how the outside reaches into it and how it ends early, but not what is asked.
"""

import time
from typing import Protocol

from compare.child.engine import Emit, Engine
from compare.protocol.events import Threads
from compare.protocol.requests import Generate, Measure


class Control(Protocol):
    """How the outside reaches into a run that is under way."""

    def cancelled(self, run: int) -> bool: ...

    def threads_wanted(self) -> int | None:
        """The newest number asked for since the last call, or None."""


class Work:
    """One request. Whoever inherits says how far its reading is (`progress`, as in engine.Reader)."""

    def __init__(
        self, engine: Engine, request: Generate | Measure, taken_at: float, emit: Emit,
        control: Control,
    ):  # fmt: skip
        self.engine, self.request = engine, request
        self.emit, self.control = emit, control
        self.context, self.model = engine.context, engine.model
        seconds = request.max_seconds
        self.deadline = None if seconds is None else taken_at + seconds

    def interrupted(self) -> str | None:
        """`cancelled` or `time`, once it shall end; asked before each token and each batch."""
        if self.control.cancelled(self.request.run):
            return "cancelled"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "time"
        return None

    def hand_over(self) -> int | None:
        """Goes on with another number of threads, where one is wanted; returns it."""
        if (n := self.control.threads_wanted()) is not None:
            self.context.set_threads(n)
            self.emit(Threads(run=self.request.run, at=time.monotonic(), n=n))
        return n

    def begins_anew(self, part: float) -> bool:
        return False
