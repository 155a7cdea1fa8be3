"""How many tokens a prompt has for each model, before anyone runs it. One child, which opens vocabularies.

Counts for one asker at a time, and for nobody while a run is in progress: nothing is taken from what is
measured.
"""

import itertools
import queue
import threading
import time
from collections.abc import Callable

from compare.asked.comparison import Comparison
from compare.gguf.model import Identity, identity
from compare.models.local import FileError, local_path
from compare.models.spec import ModelFile
from compare.protocol.events import Event, Failed, Hello, Tokenized
from compare.run.process import ModelProcess

COUNT_S = 15.0
"""the longest that counting for all columns may take, the child's start included"""
TURN_S = 2.0
"""Who waits longer for another asker gets no count: the next letter typed asks anew."""
IDLE_S = 60.0
"""The child is kept for so long after it was asked last."""

Count = Tokenized | Failed


class Counter:
    """`is_free`: whether no run is in progress on this machine."""

    def __init__(
        self, spawn: Callable[[Callable], ModelProcess], is_free: Callable[[], bool],
        idle_s: float = IDLE_S,
    ):  # fmt: skip
        self._spawn, self._is_free, self._idle_s = spawn, is_free, idle_s
        self._one, self._lock = threading.Lock(), threading.Lock()
        self._process: ModelProcess | None = None
        self._heard: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._timer: threading.Timer | None = None
        self._numbers = itertools.count(1)
        self._fatal: set[Identity] = set()
        """files that ended the child, which aren't asked of again"""

    def count(self, comparison: Comparison) -> dict[str, Count]:
        """By column, for the files that are here: the count, or why the model can't take it. Empty where that
        can't be told now.
        """
        here = {file: path for file in comparison.models if (path := _here(file))}
        if not here or not self._is_free() or not self._one.acquire(timeout=TURN_S):
            return {}
        try:
            return self._counted(comparison, here, time.monotonic() + COUNT_S)
        finally:
            self._one.release()

    def rest(self) -> None:
        """Ends the child: a run begins, or nobody has asked for long."""
        with self._lock:
            process, self._process = self._process, None
            if self._timer is not None:
                self._timer.cancel()
        if process is not None:
            process.close()
            self._heard.put(None)

    def _counted(
        self, comparison: Comparison, here: dict[ModelFile, str], until: float
    ) -> dict[str, Count]:
        found = {}
        for file, path in here.items():
            known = identity(path)
            if known in self._fatal:
                continue
            process = self._asked()
            if process is None:
                return {}
            run = next(self._numbers)
            process.send(comparison.count(run, file, path))
            told = self._told(run, until)
            if told is None:
                self.rest()
                return {}
            if not process.alive:
                self._fatal.add(known)
                continue
            found[file.key] = told
        return found

    def _asked(self) -> ModelProcess | None:
        """The child, kept from now on for IDLE_S; None while a run is in progress."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if not self._is_free():
                return None
            if self._process is None or not self._process.alive:
                self._heard = queue.SimpleQueue()
                self._process = self._spawn(self._heard.put)
            self._timer = threading.Timer(self._idle_s, self.rest)
            self._timer.daemon = True
            self._timer.start()
            return self._process

    def _told(self, run: int, until: float) -> Count | None:
        heard = self._heard
        try:
            while event := heard.get(timeout=max(0.0, until - time.monotonic())):
                if not isinstance(event, Hello) and event.run == run:
                    return event if isinstance(event, Tokenized | Failed) else None
        except queue.Empty:
            pass
        return None


def _here(file: ModelFile) -> str | None:
    try:
        return local_path(file)
    except FileError:
        return None
