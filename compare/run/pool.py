"""The loaded children of this machine, kept from one run to the next."""

import threading
from collections.abc import Callable, Hashable

from compare.protocol.events import Hello
from compare.run.process import ModelProcess, unheard
from compare.run.zerogpu import Lease


class Pool:
    """The loaded children. Only the run at the head of the line takes and gives back."""

    def __init__(self, spawn: Callable[[Callable], ModelProcess]):
        self._spawn = spawn
        self._lock = threading.Lock()
        self._children: dict[Hashable, ModelProcess] = {}
        self._newest: ModelProcess | None = None
        self._versions: dict[str, Hashable] = {}

    @property
    def hello(self) -> Hello | None:
        """What the newest child said of itself."""
        return self._newest.hello if self._newest else None

    def retain(self, needed: set[Hashable]) -> None:
        with self._lock:
            gone = {key: self._children.pop(key) for key in self._children.keys() - needed}
        for process in gone.values():
            process.close()

    def take(self, key: Hashable) -> tuple[ModelProcess, bool]:
        with self._lock:
            process = self._children.pop(key, None)
        if process is not None and process.alive:
            return process, True
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

    def give_back(self, key: Hashable, process: ModelProcess) -> None:
        with self._lock:
            earlier = self._children.pop(key, None)
            self._children[key] = process
        if earlier is not None:
            earlier.close()

    def end(self) -> None:
        """The run needs no more of it; what it gave back stays loaded for the next."""

    def close(self) -> None:
        self.retain(set())


class LeasedPool:
    """The children of one run, on a GPU that is leased for it; none is kept for the next."""

    def __init__(self, pool: Pool, lease: Lease):
        self._pool, self._lease = pool, lease

    def retain(self, _needed: set[Hashable]) -> None:
        self._pool.retain(set())

    def take(self, _key: Hashable) -> tuple[ModelProcess, bool]:
        return self._pool.made(self._lease.spawn), False

    def is_new(self, path: str, version: Hashable) -> bool:
        return self._pool.is_new(path, version)

    def give_back(self, _key: Hashable, process: ModelProcess) -> None:
        process.close()

    def end(self) -> None:
        self._lease.end()
