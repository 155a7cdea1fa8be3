"""What a column has run its prompt: the seam behind which an engine stands, here or on another machine.

Whatever happens to it is told as an event. Knows no other column, no thread budget and no order.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Protocol

from compare.asked.comparison import Bench, Comparison
from compare.gguf.model import Identity, identity, written_over
from compare.memory.admission import Candidate, Gate
from compare.models.files import Files, Watch
from compare.models.spec import ModelFile
from compare.protocol.events import (
    Event,
    Failed,
    Fetched,
    Finished,
    Loaded,
    Loading,
    Predicted,
    Reserved,
)
from compare.protocol.requests import Cancel, Load, Reserve, SetThreads
from compare.run.pool import LeasedPool, Pool
from compare.run.process import ModelProcess, Sink, unheard

LOADED_ANEW = "The file is another one than before, so it was loaded anew."
CHANGED_LOADING = (
    "The file was changed while its model was loading.\nRun it again once the file is whole."
)
CHANGED_ANSWERING = (
    "The file was changed while its model was loaded, so what it wrote is neither file's answer.\n"
    "Run it again. A new file under another name, renamed when it is whole, disturbs no model."
)


class Runner(Protocol):
    """One engine for one column of one run."""

    def prepare(self) -> None:
        """Begins what must be done before its turn; Fetched tells of the end of that, Failed of a fault."""

    def generate(self) -> None:
        """Begins to answer, or to measure."""

    def cancel(self) -> None:
        """Asks it to end what it generates; answered by Finished(cancelled)."""

    def close(self, *, reusable: bool = False) -> bool:
        """Nothing more comes from it. `reusable`: it has ended what it was asked, and may serve again.
        Returns whether it is gone, or serves again: some can't be had to go.
        """


class LocalRunner(Runner):
    """A Runner on this machine: its file, the process that holds its model, and what it may take.

    Between `prepare` and `generate` it tells what it would reserve, and is loaded, as the schedule says.
    `sink` hears its events, which come from several threads; everything else is asked from one.
    """

    def __init__(
        self, run: int, file: ModelFile, asked: Comparison | Bench, sink: Sink, *,
        files: Files, pool: Pool | LeasedPool, gate: Gate,
    ):  # fmt: skip
        self.file, self.load_settings = file, asked.load
        self.gpu_shared_by: tuple[str, ...] = ()
        """the files that share the GPU with it, where its layers are ours to divide"""
        self._run, self._asked, self._sink = run, asked, sink
        self._files, self._pool, self._gate = files, pool, gate
        self._path, self._file_bytes = "", 0
        self._watch: Watch | None = None
        self._process: ModelProcess | None = None
        self._threads, self._generates = 1, False
        self._reserved: Reserved | None = None
        self._version: Identity | None = None
        """of the file, from when its process was taken on"""
        self._is_new = self._is_spoilt = False

    @property
    def key(self) -> Hashable:
        """What a loaded process must have in common with this one to serve it."""
        version = identity(self._path) if self._version is None else self._version
        return self._path, version, self._asked.load, self.gpu_shared_by

    @property
    def hello_by(self) -> float | None:
        """The monotonic time by which its process must have said hello; None where it has, or is none."""
        if self._process is None or self._process.hello is not None:
            return None
        return self._process.hello_by

    def signs_of_life(self) -> object:
        """Of its process; None where there is none, or they can't be seen."""
        return self._process.signs_of_life() if self._process else None

    @property
    def holds(self) -> bool:
        """Whether it has a process, which takes memory."""
        return self._process is not None

    def prepare(self) -> None:
        """Wants its file. Nothing is fetched that this machine could never load."""
        admission = self._gate.admit_fetch(self.file, self.load_settings)
        if admission.prediction is not None:
            self._tell(Predicted, prediction=admission.prediction)
        if admission.refusal and not self._asked.force:
            self._tell(Failed, message=admission.refusal)
        else:
            self._watch = self._files.want(self.file, self._run, self._fetching)

    def reserve(self) -> None:
        """Has llama.cpp tell what it would reserve; a process that is loaded need not be asked."""
        is_loaded = False
        if self._process is None:
            self._version = identity(self._path)
            self._process, is_loaded = self._pool.take(self.key)
            self._is_new = self._pool.is_new(self._path, self._version)
            self._process.sink = self._heard(self._process)
        process = self._process
        if is_loaded:
            now = time.monotonic()
            if process.predicted is not None:
                self._sink(replace(process.predicted, run=self._run, at=now))
            self._sink(replace(process.loaded, run=self._run, at=now, load_s=None))
        else:
            settings = self.load_settings.for_child()
            process.send(Reserve(run=self._run, path=self._path, **settings))

    def candidate(self) -> Candidate:
        """Itself, as one among those that share the GPU."""
        hello = self._process.hello if self._process else None
        return Candidate(self.file, self._path or None, hello, self._reserved)

    def load(self, threads: int, held_bytes: int) -> None:
        """Loads what fits, or what is forced to; the others fail before they take the machine down.

        `held_bytes`: what others will still take of the memory that looks free.
        """
        process = self._process
        admission = self._gate.admit_load(
            self.file, self._path, self.load_settings, process.hello, process.pid, self._reserved,
            held_bytes,
        )  # fmt: skip
        if admission.prediction is not None:
            now = time.monotonic()
            process.predicted = Predicted(run=self._run, at=now, prediction=admission.prediction)
            self._sink(process.predicted)
        if admission.refusal and not self._asked.force:
            self._tell(Failed, message=admission.refusal)
            return
        idle_s = self._pool.idle_s if self._pool.was_unloaded(self.key) else None
        self._tell(Loading, file_bytes=self._file_bytes, idle_s=idle_s)
        settings = self.load_settings.for_child()
        process.send(Load(run=self._run, path=self._path, threads=threads, **settings))

    def set_threads(self, threads: int) -> None:
        """What it is to generate with; while it does, from the next token on, answered by Threads."""
        self._threads = threads
        if self._generates:
            self._process.send(SetThreads(run=self._run, n=threads))

    def generate(self) -> None:
        self._generates = True
        self._process.send(self._asked.request(self._run, self.file, self._threads))

    def cancel(self) -> None:
        self._process.send(Cancel(run=self._run))

    def close(self, *, reusable: bool = False) -> bool:
        if self._watch is not None:
            self._watch.leave()
        process, self._process = self._process, None
        if process is None:
            return True
        process.sink = unheard
        if reusable and process.alive and process.loaded is not None and not self._is_spoilt:
            self._pool.give_back(self.key, process)
            return True
        return process.close()

    def _fetching(self, event: Event) -> None:
        if isinstance(event, Fetched):
            self._path, self._file_bytes = event.path, event.file_bytes
        self._sink(event)

    def _heard(self, process: ModelProcess) -> Callable[[Event], None]:
        def heard(event: Event) -> None:
            died_unasked = isinstance(event, Failed) and event.run == 0
            if process is self._process and (event.run == self._run or died_unasked):
                if isinstance(event, Reserved):
                    self._reserved = event
                self._sink(self._checked(event))

        return heard

    def _checked(self, event: Event) -> Event:
        """The event, but a failure where the file isn't any more what was to be loaded, or was loaded."""
        match event:
            case Loaded() if identity(self._path) != self._version:
                said, log = CHANGED_LOADING, ()
            case Loaded() if self._is_new:
                return replace(event, notices=(*event.notices, LOADED_ANEW))
            case Finished() | Failed() if written_over(self._version, identity(self._path)):
                said, log = CHANGED_ANSWERING, getattr(event, "log", ())
            case _:
                return event
        self._is_spoilt = True
        return Failed(run=event.run, at=event.at, message=said, log=log, void=True)

    def _tell(self, kind: type[Event], **values) -> None:
        self._sink(kind(run=self._run, at=time.monotonic(), **values))
