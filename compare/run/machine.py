"""This machine: the line of comparisons and benches, its files, its loaded children, and what it is.

Made once, by app.py or the command line, and passed in.
"""

import itertools
import platform
import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from weakref import WeakSet

from compare.asked.comparison import Bench, Comparison
from compare.asked.owner import Owner
from compare.asked.settings import LoadSettings
from compare.memory.admission import Gate
from compare.memory.free import total_bytes
from compare.memory.hardware import Hardware, this_machine
from compare.models.catalogue import EMBEDDED_PAIR
from compare.models.files import Files
from compare.models.local import FileError, local_path
from compare.models.reach import Reach
from compare.models.spec import ModelFile, catalogued, offered, remote, renewed
from compare.models.surroundings import away
from compare.numbers import listed
from compare.protocol.devices import Gpus
from compare.protocol.events import Downloading, Event, Failed
from compare.remote.streams import Servers
from compare.run import cpu
from compare.run.counter import Count, Counter
from compare.run.examiner import Examiner
from compare.run.line import Line, asking
from compare.run.pool import LeasedPool, Pool
from compare.run.process import ChildProcess, ModelProcess
from compare.run.rates import Expected, Rates
from compare.run.response import Response
from compare.run.run import CANCEL_S, Run
from compare.run.zerogpu import Lease


class Machine:
    """Where comparisons run. `own` are local files offered beside the catalogue's models."""

    def __init__(
        self, owner: Owner | None = None, own: tuple[ModelFile, ...] = (),
        spawn: Callable[[Callable], ModelProcess] = ChildProcess, files: Files | None = None,
        gate: Gate | None = None, lease: Callable[[Comparison | Bench], Lease] | None = None,
    ):  # fmt: skip
        """`lease`: lends a run its GPU, where this machine has none of its own."""
        self.owner = owner or Owner()
        self._own = own
        self._files = files or Files(self.owner.disk_bytes)
        self._pool = Pool(spawn, self.owner.idle_seconds)
        self.line = Line(self.owner.line, self.owner.proxies)
        self._runs: WeakSet[Run] = WeakSet()
        self._gate = gate or Gate()
        self._lease = lease
        self._numbers = itertools.count(1)
        self._rates = Rates()
        self.servers = Servers(self.owner.servers, self.owner.servers_at_once)
        """on other machines"""
        self.on_end: list[Callable[[Run], None]] = []
        """what hears of each run that has ended, in its thread; to be filled before the first one"""
        self._reach = Reach()
        self._examiner = Examiner(
            self._files, self._gate, self._reach, spawn, is_free=lambda: self.at_rest
        )
        self._counter = Counter(spawn, is_free=lambda: self.at_rest)

    @property
    def own(self) -> tuple[ModelFile, ...]:
        """The local files offered beside the catalogue's models, as they are now."""
        self._own = tuple(map(renewed, self._own))
        return self._own

    def served(self) -> tuple[ModelFile, ...]:
        """What the owner's servers offer, by the models that they list; one that is away by its name alone.
        Asks them, all at once, for some seconds at most.
        """
        there = self.servers.offered()
        return tuple(remote(f"@{name}/{model}" if model else f"@{name}") for name, model in there)

    def compare(self, comparison: Comparison) -> Run:
        """Sends a prompt to its models; returns at once. Faults of a model are its column's.

        Raises UsageError where one is to run on a server that the owner hasn't named; line.Refused, on behalf
        of a visitor.
        """
        for file in comparison.models:
            if file.server is not None:
                self.servers.server(file.server)
        return self._run(self.owner.capped(comparison))

    def bench(self, bench: Bench) -> Run:
        """Measures its models one after the other; else as `compare`."""
        return self._run(self.owner.capped_bench(bench))

    def _run(self, asked: Comparison | Bench) -> Run:
        pool: Pool | LeasedPool = self._pool
        is_local = any(file.server is None for file in asked.models)
        if self._lease is not None and asked.load.gpu_layers != 0 and is_local:
            pool = LeasedPool(self._pool, self._lease(asked))
            # A visitor's time on a GPU is too dear to spend it on a download.
            asked = asked if asked.files_first else replace(asked, files_first=True)
        run = Run(
            next(self._numbers),
            asked,
            cpu.budget(asked.threads),
            files=self._files,
            pool=pool,
            line=self.line,
            gate=self._gate,
            on_end=self._ended,
            visitor=asking.get(),
            expected_s=self._rates.turn_s(asked),
            servers=self.servers,
        )
        self._runs.add(run)
        self._counter.rest()
        return run

    def _ended(self, run: Run) -> None:
        self._rates.note(run)
        for tell in self.on_end:
            tell(run)

    def cached(self, file: ModelFile) -> bool:
        """Whether the file, or the package that carries it, is on this machine; asks no network. Of a model
        that runs on another, nothing has to be here.
        """
        if file.server is not None:
            return True
        try:
            return local_path(file) is not None or file.package is not None
        except FileError:
            return False

    def foreseen(self, file: ModelFile, settings: LoadSettings) -> Response:
        """A column that hasn't run: what its model is predicted to take, where that can be told.

        From the file's header where it is here, else from its known shape and size; asks no network.
        """
        return self._examiner.foreseen(file, settings)

    def trouble(self, file: ModelFile) -> str | None:
        """Why a file can't answer, as far as its header tells, or llama.cpp did when it was examined.

        What is wrong on the first line, what to do on the next. None where nothing is known to be wrong.
        """
        return self._examiner.trouble(file)

    def refusal(self, file: ModelFile) -> str | None:
        """As `trouble`, and for a file of one's own llama.cpp is asked first, which takes a second, once."""
        if file.path is not None:
            self.examine(file, LoadSettings())
        return self.trouble(file)

    def examine(self, file: ModelFile, settings: LoadSettings) -> Response:
        """As `foreseen`, but more exactly: of a file on the Hub from its own first bytes, and of these, or
        of a file of one's own, from what llama.cpp says while no run is in progress. Takes seconds, once a
        file and settings. Which of one's own llama.cpp can't load, `trouble` tells from then on.
        """
        return self._examiner.examine(file, settings)

    def count(self, comparison: Comparison) -> dict[str, Count]:
        """How many tokens the prompt would have, by the column's key, for the files that are here; or why one
        can't take it. Empty while a run is in progress.
        """
        return self._counter.count(self.owner.capped(comparison))

    @property
    def at_rest(self) -> bool:
        """Whether no run is in progress or in line: else `examine` leaves llama.cpp unasked."""
        return self.line.is_free

    def want(self, file: ModelFile, sink: Callable[[Event], None]) -> None:
        """Sees to it that a file is here; `sink` hears Downloading events, then Fetched or Failed."""
        self._files.want(file, 0, sink)

    def coming(self, file: ModelFile) -> Response | None:
        """A file on its way here, as a column that waits for it would tell; None where it isn't."""
        values = self._files.coming(file)
        return values and Response().after(Downloading(run=0, at=time.monotonic(), **values))

    def fetch_ahead(self, tell: Callable[[str], None], again_s: float | None = None) -> None:
        """Fetches what the owner wants here before anyone asks; `tell` hears what can't be had, and why.

        Takes as long as that takes. One after the other: the first is here soonest then. What fails is
        tried again after `again_s` seconds, until it is here; None: once.
        """
        left, said = [catalogued(spec) for spec in self.owner.fetch], set()
        while left:
            for file in list(left):
                failure = self._cannot_be_had(file)
                if not failure:
                    left.remove(file)
                elif (file.key, failure) not in said:
                    said.add((file.key, failure))
                    tell(f"{file.key} is not fetched ahead. {' '.join(failure.splitlines())}")
            if again_s is None or not left:
                return
            time.sleep(again_s)

    def _cannot_be_had(self, file: ModelFile) -> str | None:
        """Sees to it that a file is here; why it won't be."""
        refusal = self._gate.admit_fetch(file, LoadSettings()).refusal
        if refusal and not self.owner.force:
            return refusal
        return None if self.cached(file) else self._fetched(file)

    def _fetched(self, file: ModelFile) -> str | None:
        """Waits until the file is here; returns why it won't be."""
        heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.want(file, heard.put)
        while isinstance(event := heard.get(), Downloading):
            pass
        return event.message if isinstance(event, Failed) else None

    def start_pair(self) -> tuple[tuple[str, ...], str | None]:
        """The SPECs to begin with and, where something can't be had now, a sentence that says so.

        By what is known of the Hub: the first who needs it waits for its answer, for 3 s at most.
        """
        wanted = [offered(spec) for spec in self.owner.models]
        missing = [file for file in wanted if not self.cached(file)]
        if not missing or self._reach.known():
            return self.owner.models, _not_installed(missing)
        names = listed([file.short for file in missing])
        are = "is" if len(missing) == 1 else "are"
        gone = f"{away()} and {names} {are} not on this machine, so "
        if all(self.cached(catalogued(spec)) for spec in EMBEDDED_PAIR):
            return EMBEDDED_PAIR, f"{gone}the small pair that came with the app stands in."
        there = listed([file.short for file in wanted if file not in missing])
        only = f"only {there} can answer now." if there else "nothing can answer now."
        return self.owner.models, gone + only

    def unfetchable(self, missing: Sequence[ModelFile], *, probe: bool = False) -> str | None:
        """A sentence where these can't be downloaded because the Hub can't be reached; else None.

        As it was when it was asked last; with `probe`, within the last minute.
        """
        if not missing or (self._reach.asked() if probe else self._reach.known()):
            return None
        names = listed([file.short for file in missing])
        return f"{away()}, so {names} can't be downloaded now."

    def expected_s(self, comparison: Comparison) -> float | None:
        """At most how long a run will take, in seconds, from rates measured here.

        None where there are none.
        """
        return self._rates.expected_s(self.owner.capped(comparison))

    def expected_bench(self, bench: Bench) -> Expected | None:
        """About how long a bench will take, without downloads and loads, from rates measured here.

        None where there are none.
        """
        return self._rates.expected_bench(self.owner.capped_bench(bench))

    def describe(self) -> dict:
        """What this machine is: the document's `machine`. llama_cpp and gpus are known once a child ran."""
        hello, cores = self._pool.hello, cpu.here()
        return {
            "cpu": _cpu_name(),
            "cores": cores.threads,
            "logical_processors": cores.processors.logical,
            "physical_cores": cores.processors.physical,
            "efficiency_cores": cores.processors.efficiency,
            "quota_cores": cores.quota,
            "ram_bytes": total_bytes(),
            "gpus": list(hello.gpus) if hello else [],
            "llama_cpp_python": hello.llama_cpp_python if hello else None,
            "llama_cpp": hello.llama_cpp if hello else None,
        }

    def hardware(self) -> Hardware:
        """What this machine has for models to fit into."""
        return this_machine(self.describe(), Gpus().totals())

    def close(self) -> None:
        """Stops what runs, and ends the children."""
        runs = list(self._runs)
        for run in runs:
            run.stop()
        for run in runs:
            run.wait(CANCEL_S + 1)  # or it would give its child back to nobody
        self._pool.close()
        self._counter.rest()
        self.servers.close()


def _not_installed(missing: list[ModelFile]) -> str | None:
    """A sentence where models come as packages that aren't there, as on a Space: no Hub has those files."""
    names = listed([file.short for file in missing if file.package])
    return f"Not installed here: {names}. Choose another model." if names else None


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = (
                line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
            )
            return next(names, "") or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()
