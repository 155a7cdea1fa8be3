"""The loaded children of this machine, kept from one run to the next."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from compare.protocol.events import Hello
from compare.run.process import ModelProcess, unheard
from compare.run.zerogpu import Lease

UNLOADED = 64
"""So many of those that were unloaded are remembered, the newest."""


@dataclass(frozen=True, slots=True, eq=False)
class _Idle:
    """A child that nobody uses, and what unloads it in the end."""

    process: ModelProcess
    timer: threading.Timer | None

    def claim(self) -> ModelProcess:
        if self.timer is not None:
            self.timer.cancel()
        return self.process


class Pool:
    """The loaded children. Only the run at the head of the line takes and gives back.

    What nobody has used for `idle_s` seconds is unloaded; None: nothing is.
    """

    def __init__(self, spawn: Callable[[Callable], ModelProcess], idle_s: float | None = None):
        self._spawn, self.idle_s = spawn, idle_s
        self._lock = threading.Lock()
        self._children: dict[Hashable, _Idle] = {}
        self._unloaded: deque[Hashable] = deque(maxlen=UNLOADED)
        self._newest: ModelProcess | None = None
        self._versions: dict[str, Hashable] = {}

    @property
    def hello(self) -> Hello | None:
        """What the newest child said of itself."""
        return self._newest.hello if self._newest else None

    def retain(self, needed: set[Hashable]) -> None:
        with self._lock:
            gone = {key: self._children.pop(key) for key in self._children.keys() - needed}
        for idle in gone.values():
            idle.claim().close()

    def take(self, key: Hashable) -> tuple[ModelProcess, bool]:
        with self._lock:
            idle = self._children.pop(key, None)
        process = idle and idle.claim()
        if process is not None and process.alive and not process.is_stopped():
            return process, True
        if process is not None:
            process.close()
        return self.made(self._spawn), False

    def is_new(self, path: str, version: Hashable) -> bool:
        """Whether another file was at that path when a model was last loaded from it. Notes this one."""
        with self._lock:
            before, self._versions[path] = self._versions.get(path, version), version
        return before != version

    def made(self, spawn: Callable[[Callable], ModelProcess]) -> ModelProcess:
        """A new child, the newest."""
        self._newest = spawn(unheard)
        return self._newest

    def was_unloaded(self, key: Hashable) -> bool:
        """Whether it was, because nobody used it; as it is loaded anew, that is told once."""
        with self._lock:
            was = key in self._unloaded
            if was:
                self._unloaded.remove(key)
            return was

    def give_back(self, key: Hashable, process: ModelProcess) -> None:
        idle = self._idle(key, process)
        with self._lock:
            earlier = self._children.pop(key, None)
            self._children[key] = idle
        if earlier is not None:
            earlier.claim().close()
        if idle.timer is not None:
            idle.timer.start()

    def _idle(self, key: Hashable, process: ModelProcess) -> _Idle:
        if self.idle_s is None:
            return _Idle(process, None)
        timer = threading.Timer(self.idle_s, lambda: self._unload(key, idle))
        timer.daemon = True
        idle = _Idle(process, timer)
        return idle

    def _unload(self, key: Hashable, idle: _Idle) -> None:
        with self._lock:
            if self._children.get(key) is not idle:
                return  # somebody was quicker
            del self._children[key]
            self._unloaded.append(key)
        idle.process.close()

    def end(self) -> None:
        """The run needs no more of it; what it gave back stays loaded for the next."""

    def close(self) -> None:
        self.retain(set())


class LeasedPool:
    """The children of one run, on a GPU that is leased for it; none is kept for the next."""

    def __init__(self, pool: Pool, lease: Lease):
        self._pool, self._lease, self.idle_s = pool, lease, None

    def retain(self, _needed: set[Hashable]) -> None:
        self._pool.retain(set())

    def take(self, _key: Hashable) -> tuple[ModelProcess, bool]:
        return self._pool.made(self._lease.spawn), False

    def is_new(self, path: str, version: Hashable) -> bool:
        return self._pool.is_new(path, version)

    def was_unloaded(self, _key: Hashable) -> bool:
        return False

    def give_back(self, _key: Hashable, process: ModelProcess) -> None:
        process.close()

    def end(self) -> None:
        self._lease.end()
