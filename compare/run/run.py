"""A comparison in progress: wants the files, loads the models, carries out the schedule, folds the events.

One thread a Run does all of it, driven by one queue, so that the hand-over of threads never waits for
a slow page; `snapshots` only reads the newest state. Knows no page, no catalogue, no path.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from compare.asked.comparison import Bench, Comparison
from compare.memory.admission import Gate
from compare.models.files import Files
from compare.models.spec import ModelFile
from compare.protocol.events import Event, Failed, Finished, Queued, Stopping, unforeseen
from compare.remote.streams import Servers
from compare.run import schedule
from compare.run.column import Column
from compare.run.company import company
from compare.run.line import Line, Visitor
from compare.run.pool import LeasedPool, Pool
from compare.run.remote import RemoteRunner
from compare.run.response import Response
from compare.run.runner import LocalRunner
from compare.run.schedule import next_steps

CANCEL_S = 2.0
"""A child that is silent for so long after a cancel is killed."""
LINGERS = (
    "Its process can't be ended now: it hangs in the system, as one does whose disk doesn't answer. Until "
    "that lets it go, it keeps its memory."
)
TICK_S = 0.1
WAITING_S = 1.0
"""Between two snapshots of a run that only waits in line: forty of them must not take a core from the one
that runs. Where its reader is gone, that is noticed so late."""


class Run:
    """One comparison, or bench, on its way. Made by Machine; begins at once, in a thread of its own."""

    def __init__(
        self, number: int, comparison: Comparison | Bench, budget: int, *,
        files: Files, pool: Pool | LeasedPool, line: Line, gate: Gate, on_end: Callable[["Run"], None],
        servers: Servers | None = None, visitor: Visitor | None = None, expected_s: float | None = None,
    ):  # fmt: skip
        """`expected_s`: how long it will take at most, for those behind it. Raises line.Refused."""
        line.enter(self, visitor, expected_s)
        self.number, self.comparison, self.budget = number, comparison, budget
        self._files, self._pool, self._line = files, pool, line
        self._gate, self._on_end, self._servers = gate, on_end, servers
        self._divided = True
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._columns = {file.key: Column(file, self._runner(file)) for file in comparison.models}
        self._local = {key: column for key, column in self._columns.items() if column.is_local}
        """the columns of this machine, which share it"""
        self._latest_at = time.monotonic()
        self._ended = threading.Event()
        self._turned = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name=f"run-{number}")
        try:
            # Here and not in the thread: who comes first stands first in the line, if a file is here.
            self._prepare()
            if self._may_join():
                line.join(self, self.moved)
            self._thread.start()
        except BaseException:
            self._leave()  # or nobody would
            raise

    def responses(self) -> dict[str, Response]:
        """The newest state, in the order the models were given, each with its company."""
        found = {key: column.response for key, column in self._columns.items()}
        spans = {key: found[key].span(self._latest_at) for key in self._local}
        for key, beside in company(spans).items():
            found[key] = replace(
                found[key], shared_with=beside.shared_with, shared_s=beside.shared_s
            )
        return found

    def snapshots(self, tick: float = TICK_S) -> Iterator[dict[str, Response]]:
        """The newest state, every `tick` seconds, more rarely while it waits in line, and when a column's
        state changes; the last one complete.

        For one reader. Closing it stops the run.
        """
        try:
            while not self._ended.is_set():
                found = self.responses()
                yield found
                waits = all(each.ended or each.state == "queued" for each in found.values())
                self._turned.wait(max(tick, WAITING_S) if waits else tick)
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
            while not self._over():
                self._wait_in_line()
                while not self._over() and not self._only_fetches():
                    self._advance()
                    self._hear()
                if not self._over():
                    self._line.step_out(self)
        except Exception as error:  # the border: whatever it was, the app goes on
            message = unforeseen(error)
            for column in self._columns.values():
                self._fold(column, Failed(run=self.number, at=time.monotonic(), message=message))
        finally:
            self._leave()

    def _leave(self) -> None:
        for column in self._columns.values():
            column.runner.close()
        self._pool.end()
        self._line.leave(self)
        try:
            self._on_end(self)
        finally:
            self._ended.set()
            self._turned.set()

    def _over(self) -> bool:
        return all(column.step == "ended" for column in self._columns.values())

    def _runner(self, file: ModelFile) -> LocalRunner | RemoteRunner:
        def heard(event: Event) -> None:
            self._inbox.put(lambda: self._fold(self._columns[file.key], event))

        if file.server is not None:
            return RemoteRunner(self.number, file, self.comparison, heard, self._servers)
        return LocalRunner(
            self.number, file, self.comparison, heard,
            files=self._files, pool=self._pool, gate=self._gate,
        )  # fmt: skip

    def _prepare(self) -> None:
        for column in self._columns.values():
            column.runner.prepare()
            if not column.is_local:
                column.step = "answering"
                column.runner.generate()
        for _ in range(self._inbox.qsize()):  # what is here already has been told by now
            self._inbox.get()()

    def _may_join(self) -> bool:
        steps = [column.step for column in self._columns.values()]
        return "here" in steps and not (self.comparison.files_first and "file" in steps)

    def _only_fetches(self) -> bool:
        """Whether all that is left of it is on its way here: meanwhile others may run."""
        steps = {column.step for column in self._columns.values()}
        return "file" in steps and steps <= {"file", "ended"}

    def _wait_in_line(self) -> None:
        """A run joins the line with its first file, so that a long download holds up nobody; a bench with
        its last, so that none disturbs it.
        """
        while not self._over() and not (self._local and self._may_join()):
            self._hear()
        if not self._local:
            return
        self._line.join(self, self.moved)
        told = None
        while (place := self._line.place(self)) and not self._over():
            for column in self._columns.values():
                if column.step == "here" and (place != told or not column.response.place):
                    self._fold(column, self._queued(place))
            told = place
            self._hear()
        columns = self._local.values()
        if not self._over():
            if self._gate.divides(self.comparison.load):
                self._divided = False
                for column in columns:
                    column.runner.gpu_shared_by = tuple(sorted(self._local))
            self._pool.retain({c.runner.key for c in columns if c.step == "here"})
        for column in columns:
            column.joined_late = column.step == "file"

    def _queued(self, place: int) -> Queued:
        wait_s = self._line.wait_s(self)
        return Queued(run=self.number, at=time.monotonic(), place=place, wait_s=wait_s)

    def _hear(self) -> None:
        """The next thing that happens, or the next deadline."""
        deadlines = [d for c in self._columns.values() if (d := c.deadline) is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        try:
            self._inbox.get(timeout=timeout)()
        except queue.Empty:
            for column in self._columns.values():
                self._check_deadline(column)

    def _check_deadline(self, column: Column) -> None:
        now = time.monotonic()
        if column.deadline is None or now < column.deadline:
            return
        if column.kill_at is not None:
            self._end_now(column)
            return
        if message := column.overdue(now):
            if not column.runner.close():  # what hangs serves nobody again
                what, _, advice = message.partition("\n")
                message = f"{what} {LINGERS}\n{advice}"
            self._fold(column, Failed(run=self.number, at=now, message=message))

    def _fold(self, column: Column, event: Event) -> None:
        if column.step == "ended":
            return
        self._latest_at = max(self._latest_at, event.at)
        if column.fold(event):
            self._turned.set()
        if column.response.ended:
            self._end(column)

    def _end(self, column: Column) -> None:
        column.step, column.threads, column.kill_at = "ended", 0, None
        column.limit = None
        column.runner.close(reusable=True)

    def _stop(self, column: Column) -> None:
        if column.step == "ended" or column.response.stopping:
            return
        now = time.monotonic()
        if column.step == "answering":
            column.kill_at = now + CANCEL_S
            self._fold(column, Stopping(run=self.number, at=now))
            column.runner.cancel()
        else:
            self._end_now(column)

    def _end_now(self, column: Column) -> None:
        """Ends a column that can't answer a cancel; what its process was doing dies with it."""
        gone = column.step == "loaded" or column.runner.close()
        notices = () if gone else (LINGERS,)
        at = time.monotonic()
        self._fold(column, Finished(run=self.number, at=at, reason="cancelled", notices=notices))

    def _advance(self) -> None:
        """What is to be done now, by the columns as they stand."""
        places = [column.place for column in self._local.values()]
        in_turn = self.comparison.mode == "in-turn"
        for step in next_steps(places, self.budget, in_turn=in_turn, divided=self._divided):
            match step:
                case schedule.Divide():
                    self._divide()
                case schedule.Follow(key=key, after=after):
                    self._follow(self._columns[key], after)
                case schedule.Reserve(key=key, threads=n):
                    self._reserve(self._columns[key], n)
                case schedule.Load(key=key, threads=n):
                    self._load(self._columns[key], n)
                case schedule.Start(key=key, threads=n):
                    self._start(self._columns[key], n)
                case schedule.Take(key=key, threads=n):
                    self._take(self._columns[key], n)

    def _divide(self) -> None:
        """Divides the GPU's memory among the columns to come."""
        self._divided = True
        columns = [c for c in self._local.values() if c.step in ("file", "reserved")]
        asked = self.comparison.load
        divided = self._gate.divide([column.runner.candidate() for column in columns], asked)
        for column, settings in zip(columns, divided, strict=True):
            column.runner.load_settings = settings
            # What llama.cpp would reserve was asked for all layers; with fewer it is another figure.
            if column.step == "reserved" and settings != asked:
                column.step = "here"
        self.moved()

    def _follow(self, column: Column, after: str) -> None:
        if column.response.after_column != after:
            self._fold(column, Queued(run=self.number, at=time.monotonic(), after=after))

    def _take(self, column: Column, threads: int) -> None:
        column.asked, column.threads = threads, max(column.threads, threads)
        column.runner.set_threads(threads)

    def _begins(self, column: Column, step: str) -> None:
        column.begins(step, self.comparison.max_seconds, time.monotonic())

    def _reserve(self, column: Column, threads: int) -> None:
        column.threads, column.asked = threads, 0
        self._begins(column, "reserving")
        column.runner.reserve()

    def _load(self, column: Column, threads: int) -> None:
        """Where it must not load, a Failed is on its way to the column."""
        column.threads = threads
        self._begins(column, "loading")
        column.runner.load(threads, self._held_bytes(column))

    def _held_bytes(self, column: Column) -> int:
        """What the others have reserved and the system still calls available: mapped weights, and
        buffers that haven't been touched.
        """
        others = [c for c in self._local.values() if c.runner.holds and c is not column]
        return sum(
            max(0, each.allocated_bytes - (each.own_bytes or 0))
            for each in (other.response.memory for other in others)
            if each.kind == "ram" and each.allocated_bytes
        )

    def _start(self, column: Column, threads: int) -> None:
        column.asked = column.threads = threads
        self._begins(column, "answering")
        column.runner.set_threads(threads)
        column.runner.generate()
