"""A comparison in progress: wants the files, loads the models, divides the threads, folds the events.

One thread a Run does all of it, driven by one queue, so that the hand-over of threads never waits for
a slow page; `snapshots` only reads the newest state. Knows no page, no catalogue, no process.
"""

import itertools
import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from compare.asked.comparison import Bench, Comparison
from compare.asked.settings import LoadSettings
from compare.memory.admission import Candidate, Gate
from compare.models.spec import ModelFile
from compare.protocol.events import (
    Event,
    Failed,
    Fetched,
    Finished,
    Loaded,
    Loading,
    Predicted,
    Queued,
    Reserved,
    Started,
    Stopping,
    Threads,
)
from compare.protocol.requests import Cancel, Load, Reserve, SetThreads
from compare.run.cpu import shares
from compare.run.response import Response, company
from compare.run.runner import Runner, unheard

CANCEL_S = 2.0
"""A child that is silent for so long after a cancel is killed."""
TICK_S = 0.1


class Wait(Protocol):
    def leave(self) -> None: ...


class Files(Protocol):
    def want(self, file: ModelFile, run: int, sink: Callable[[Event], None]) -> Wait: ...


class Pool(Protocol):
    """The loaded children of this machine; only the run at the head of the line touches it."""

    def retain(self, needed: set[Hashable]) -> None:
        """Ends the children that aren't needed; returns once they are gone."""

    def take(self, key: Hashable) -> tuple[Runner, bool]:
        """A child and whether it is one that was given back under this key, its model loaded."""

    def give_back(self, key: Hashable, runner: Runner) -> None: ...


class Line(Protocol):
    def join(self, run: "Run") -> None: ...
    def place(self, run: "Run") -> int:
        """How many runs stand before it."""

    def leave(self, run: "Run") -> None: ...


@dataclass(slots=True)
class _Column:
    file: ModelFile
    load: LoadSettings
    """the comparison's, with its share of the GPU once that is decided"""
    step: str = "file"
    """file, here (its file is), reserving, reserved, loading, loaded, answering, ended"""
    path: str = ""
    file_bytes: int = 0
    joined_late: bool = False
    runner: Runner | None = None
    wait: Wait | None = None
    reserved: Reserved | None = None
    threads: int = 0
    """the most it may be working with at this moment"""
    asked: int = 0
    kill_at: float | None = None
    response: Response = field(default_factory=Response)

    @property
    def running(self) -> bool:
        return self.step in ("reserving", "loading", "answering")


class Run:
    """One comparison, or bench, on its way. Made by Machine; begins at once, in a thread of its own."""

    def __init__(
        self, number: int, comparison: Comparison | Bench, budget: int, *,
        files: Files, pool: Pool, line: Line, gate: Gate, on_end: Callable[["Run"], None],
    ):  # fmt: skip
        self.number, self.comparison, self.budget = number, comparison, budget
        self._files, self._pool, self._line = files, pool, line
        self._gate, self._on_end = gate, on_end
        self._columns = {file.key: _Column(file, comparison.load) for file in comparison.models}
        self._company: tuple[str, ...] = ()
        """the files that share the GPU with each other, where its layers are ours to divide"""
        self._divided = True
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._latest_at = time.monotonic()
        self._ended = threading.Event()
        self._turned = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name=f"run-{number}")
        # Here and not in the thread: who comes first stands first in the line, if a file is here.
        self._want_files()
        if self._may_join():
            line.join(self)
        self._thread.start()

    def responses(self) -> dict[str, Response]:
        """The newest state, in the order the models were given, each with its company."""
        found = {key: column.response for key, column in self._columns.items()}
        spans = {key: response.span(self._latest_at) for key, response in found.items()}
        for key, beside in company(spans).items():
            found[key] = replace(
                found[key], shared_with=beside.shared_with, shared_s=beside.shared_s
            )
        return found

    def snapshots(self, tick: float = TICK_S) -> Iterator[dict[str, Response]]:
        """The newest state, every `tick` seconds and when a column's state changes; the last one complete.

        For one reader. Closing it stops the run.
        """
        try:
            while not self._ended.is_set():
                yield self.responses()
                self._turned.wait(tick)
                self._turned.clear()
            yield self.responses()
        finally:
            self.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the end; returns whether it has come."""
        return self._ended.wait(timeout)

    def stop(self, key: str | None = None) -> None:
        """Asks for the end of one column, or of all. Returns at once; harmless after the end."""
        keys = [key] if key is not None else list(self._columns)
        for each in keys:
            if each in self._columns:
                self._inbox.put(lambda each=each: self._stop(self._columns[each]))

    def moved(self) -> None:
        """The line has moved, or something else that has no event: look again what can be done."""
        self._inbox.put(lambda: None)

    # From here on everything happens in the run's own thread.

    def _work(self) -> None:
        try:
            self._wait_in_line()
            while not self._over():
                self._advance()
                self._hear()
        except Exception as error:  # the border: whatever it was, the app goes on
            message = (
                f"Something unforeseen happened: {type(error).__name__}: {error}\nRun it again."
            )
            for column in self._columns.values():
                self._fold(column, Failed(run=self.number, at=time.monotonic(), message=message))
        finally:
            self._leave()

    def _leave(self) -> None:
        for column in self._columns.values():
            if column.wait is not None:
                column.wait.leave()
            if column.runner is not None:
                self._let_go(column)
        self._line.leave(self)
        try:
            self._on_end(self)
        finally:
            self._ended.set()
            self._turned.set()

    def _over(self) -> bool:
        return all(column.step == "ended" for column in self._columns.values())

    def _want_files(self) -> None:
        for column in self._columns.values():
            if self._is_foreseen_to_fit(column):
                column.wait = self._files.want(column.file, self.number, self._sink(column))
        for _ in range(self._inbox.qsize()):  # what is here already has been told by now
            self._inbox.get()()

    def _is_foreseen_to_fit(self, column: _Column) -> bool:
        """Nothing is fetched that this machine could never load."""
        admission = self._gate.admit_fetch(column.file, column.load)
        now = time.monotonic()
        if admission.prediction is not None:
            self._fold(column, Predicted(run=self.number, at=now, prediction=admission.prediction))
        if admission.refusal and not self.comparison.force:
            self._fold(column, Failed(run=self.number, at=now, message=admission.refusal))
        return column.step != "ended"

    def _may_join(self) -> bool:
        steps = [column.step for column in self._columns.values()]
        return "here" in steps and not (self.comparison.files_first and "file" in steps)

    def _wait_in_line(self) -> None:
        """A run joins the line with its first file, so that a long download holds up nobody; a bench with
        its last, so that none disturbs it.
        """
        if not self._may_join():
            while not self._over() and not self._may_join():
                self._hear()
            self._line.join(self)
        while (place := self._line.place(self)) and not self._over():
            for column in self._columns.values():
                if column.step == "here" and column.response.place != place:
                    self._fold(column, Queued(run=self.number, at=time.monotonic(), place=place))
            self._hear()
        columns = self._columns.values()
        if not self._over():
            if self._gate.divides(self.comparison.load):
                self._divided = False
                self._company = tuple(sorted(column.file.key for column in columns))
            self._pool.retain({self._key(c) for c in columns if c.step == "here"})
        for column in columns:
            column.joined_late = column.step == "file"

    def _key(self, column: _Column) -> Hashable:
        """What a loaded child must have in common with this column to serve it."""
        return column.path, self.comparison.load, self._company

    def _sink(self, column: _Column, runner: Runner | None = None) -> Callable[[Event], None]:
        return lambda event: self._inbox.put(lambda: self._happened(column, runner, event))

    def _hear(self) -> None:
        """The next thing that happens, or the next deadline."""
        deadlines = [d for c in self._columns.values() if (d := _deadline(c)) is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        try:
            self._inbox.get(timeout=timeout)()
        except queue.Empty:
            for column in self._columns.values():
                self._check_deadline(column)

    def _check_deadline(self, column: _Column) -> None:
        now = time.monotonic()
        deadline = _deadline(column)
        if deadline is None or now < deadline:
            return
        if column.kill_at is not None:
            self._end_now(column)
            return
        message = "The model's process did not start within a minute.\nRun it again."
        self._fold(column, Failed(run=self.number, at=now, message=message))

    def _happened(self, column: _Column, runner: Runner | None, event: Event) -> None:
        if runner is not column.runner and runner is not None:
            return  # of a child that was given up
        died_unasked = isinstance(event, Failed) and event.run == 0
        if event.run == self.number or died_unasked:
            self._fold(column, event)

    def _fold(self, column: _Column, event: Event) -> None:
        if column.step == "ended":
            return
        self._latest_at = max(self._latest_at, event.at)
        match event:
            case Fetched(path=path, file_bytes=size):
                column.step, column.path, column.file_bytes = "here", path, size
            case Reserved():
                column.step, column.reserved, column.threads = "reserved", event, 0
            case Loaded():
                column.step, column.threads = "loaded", 0
            case Started():
                column.step = "answering"
            case Threads(n=n):
                column.threads = n if n == column.asked else max(n, column.asked)
        before, column.response = column.response, column.response.after(event)
        if column.response.state != before.state or column.response.stopping != before.stopping:
            self._turned.set()
        if column.response.ended:
            self._end(column)

    def _end(self, column: _Column) -> None:
        column.step, column.threads, column.kill_at = "ended", 0, None
        if column.runner is not None:
            self._let_go(column)

    def _let_go(self, column: _Column) -> None:
        """Gives a child that can serve again back; ends any other."""
        runner, column.runner = column.runner, None
        runner.sink = unheard
        whole = column.step == "ended" and column.response.finish_reason is not None
        failed_well = column.response.state == "failed" and runner.loaded is not None
        if runner.alive and runner.loaded is not None and (whole or failed_well):
            self._pool.give_back(self._key(column), runner)
        else:
            runner.close()

    def _stop(self, column: _Column) -> None:
        if column.step == "ended" or column.response.stopping:
            return
        now = time.monotonic()
        if column.step == "answering" and column.runner is not None:
            column.kill_at = now + CANCEL_S
            self._fold(column, Stopping(run=self.number, at=now))
            column.runner.send(Cancel(run=self.number))
        else:
            self._end_now(column)

    def _end_now(self, column: _Column) -> None:
        """Ends a column that can't answer a cancel; what its child was doing dies with it."""
        if column.runner is not None and column.step != "loaded":
            runner, column.runner = column.runner, None
            runner.sink = unheard
            runner.close()
        if column.wait is not None:
            column.wait.leave()
        self._fold(column, Finished(run=self.number, at=time.monotonic(), reason="cancelled"))

    # Who may load, who may start, and with how many threads.

    def _advance(self) -> None:
        if self.comparison.mode == "in-turn":
            self._advance_in_turn()
        else:
            self._advance_together()
        self._share()

    def _advance_in_turn(self) -> None:
        columns = sorted(self._columns.values(), key=lambda c: c.file_bytes)
        if any(c.running for c in columns):
            return
        waiting = [c for c in columns if c.step in ("here", "reserved", "loaded")]
        for earlier, later in itertools.pairwise(waiting):
            now = time.monotonic()
            if later.response.after_column != earlier.file.key:
                self._fold(later, Queued(run=self.number, at=now, after=earlier.file.key))
        if not self._divided and self._ask_all(waiting):
            return
        if not waiting:
            return
        first = waiting[0]
        match first.step:
            case "here":
                self._ask_reserve(first, self.budget)
            case "reserved":
                self._load(first, self.budget)
            case "loaded":
                self._start(first, self.budget)

    def _advance_together(self) -> None:
        columns = list(self._columns.values())
        group = [c for c in columns if not c.joined_late]
        group_ready = all(c.step in ("loaded", "answering", "ended") for c in group)
        # One load at a time: it takes the disk for itself, and its time is its own.
        busy = any(c.step in ("reserving", "loading") for c in columns)
        waiting = [c for c in columns if c.step in ("here", "reserved")]
        waiting.sort(key=lambda c: c.joined_late)
        if waiting and not busy and (group_ready or not waiting[0].joined_late):
            if not self._divided and self._ask_all(waiting):
                return
            self._load_when_room(waiting[0])
        starting = [c for c in columns if c.step == "loaded"]
        if group_ready and starting:
            running = [c.file.key for c in columns if c.running]
            wanted = shares(self.budget, running + [c.file.key for c in starting])
            for column in starting:
                if self._make_room(column, wanted):
                    self._start(column, wanted[column.file.key])

    def _ask_all(self, waiting: list[_Column]) -> bool:
        """Takes one step towards dividing the GPU, for which every file's child must have been asked;
        returns whether there is still something to wait for.
        """
        if here := [column for column in waiting if column.step == "here"]:
            self._ask_reserve(here[0], 1)
            return True
        self._divided = True
        columns = [c for c in self._columns.values() if c.step in ("file", "reserved")]
        candidates = [
            Candidate(c.file, c.path or None, c.runner and c.runner.hello, c.reserved)
            for c in columns
        ]
        divided = self._gate.divide(candidates, self.comparison.load)
        for column, load in zip(columns, divided, strict=True):
            column.load = load
            # What llama.cpp would reserve was asked for all layers; with fewer it is another figure.
            if column.step == "reserved" and load != self.comparison.load:
                column.step = "here"
        return False

    def _load_when_room(self, column: _Column) -> None:
        running = [c.file.key for c in self._columns.values() if c.running]
        wanted = shares(self.budget, [*running, column.file.key])
        if self._make_room(column, wanted):
            do = self._ask_reserve if column.step == "here" else self._load
            do(column, wanted[column.file.key])

    def _make_room(self, column: _Column, wanted: dict[str, int]) -> bool:
        """Whether the others have given up enough threads; asks them to, where they haven't."""
        others = [c for c in self._columns.values() if c.running and c is not column]
        for other in others:
            if other.step == "answering" and other.asked > wanted[other.file.key]:
                self._ask_threads(other, wanted[other.file.key])
        taken = sum(other.threads for other in others)
        return taken + wanted[column.file.key] <= max(self.budget, len(wanted))

    def _share(self) -> None:
        """Hands free threads to those who answer, unless someone is waiting to load or to start."""
        columns = self._columns.values()
        together = self.comparison.mode == "together"
        if together and any(c.step in ("here", "reserved", "loaded") for c in columns):
            return
        running = [c for c in columns if c.running]
        wanted = shares(self.budget, [c.file.key for c in running])
        for column in running:
            more = wanted[column.file.key]
            free = self.budget - sum(c.threads for c in running)
            if column.step == "answering" and more > column.asked and more - column.threads <= free:
                self._ask_threads(column, more)
                column.threads = more

    def _ask_threads(self, column: _Column, n: int) -> None:
        column.asked = n
        column.runner.send(SetThreads(run=self.number, n=n))

    def _ask_reserve(self, column: _Column, threads: int) -> None:
        """Asks the column's child what llama.cpp would reserve; one that is loaded need not be asked."""
        is_loaded = False
        if column.runner is None:
            column.runner, is_loaded = self._pool.take(self._key(column))
            column.runner.sink = self._sink(column, column.runner)
        column.step, column.threads, column.asked = "reserving", threads, 0
        runner = column.runner
        if is_loaded:
            if runner.predicted is not None:
                self._fold(column, replace(runner.predicted, run=self.number, at=time.monotonic()))
            runner.sink(replace(runner.loaded, run=self.number, at=time.monotonic(), load_s=None))
            return
        runner.send(Reserve(run=self.number, path=column.path, **column.load.for_request()))

    def _load(self, column: _Column, threads: int) -> None:
        """Loads what fits, or what is forced to; the others fail before they take the machine down."""
        admission = self._gate.admit_load(
            column.file, column.path, column.load, column.runner.hello, column.runner.pid,
            column.reserved, self._held_bytes(column),
        )  # fmt: skip
        now = time.monotonic()
        if admission.prediction is not None:
            column.runner.predicted = Predicted(
                run=self.number, at=now, prediction=admission.prediction
            )
            self._fold(column, column.runner.predicted)
        if admission.refusal and not self.comparison.force:
            self._fold(column, Failed(run=self.number, at=now, message=admission.refusal))
            self.moved()
            return
        column.step, column.threads = "loading", threads
        self._fold(column, Loading(run=self.number, at=now, file_bytes=column.file_bytes))
        column.runner.send(
            Load(run=self.number, path=column.path, threads=threads, **column.load.for_request())
        )

    def _held_bytes(self, column: _Column) -> int:
        """What the others have reserved and the system still calls available: mapped weights, and
        buffers that haven't been touched.
        """
        others = (c.response.memory for c in self._columns.values() if c.runner and c is not column)
        return sum(
            max(0, each.allocated_bytes - (each.own_bytes or 0))
            for each in others
            if each.kind == "ram" and each.allocated_bytes
        )

    def _start(self, column: _Column, threads: int) -> None:
        column.asked = column.threads = threads
        column.step = "answering"
        column.runner.send(self.comparison.request(self.number, column.file, threads))


def _deadline(column: _Column) -> float | None:
    if column.kill_at is None and column.step == "reserving" and column.runner.hello is None:
        return column.runner.hello_by
    return column.kill_at
