"""This machine: the line of comparisons and benches, its files, its loaded children, and what it is.

Made once, by app.py or the command line, and passed in.
"""

import itertools
import math
import platform
import queue
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from weakref import WeakSet

from compare import cpu, words
from compare.admission import Gate, weighed
from compare.catalogue import EMBEDDED_PAIR
from compare.estimate import Prediction
from compare.events import Downloading, Estimated, Event, Failed, Hello, Predicted
from compare.fanout import CANCEL_S, Pool, Run
from compare.hardware import Hardware, this_machine
from compare.hub import FileError, Files, local_path, reachable
from compare.memory import Vram, total_bytes
from compare.owner import Owner
from compare.requests import Estimate
from compare.response import Response
from compare.runner import ChildRunner, Runner, unheard
from compare.spec import Bench, Comparison, LoadSettings, ModelFile, parse
from compare.zerogpu import Lease


@dataclass(frozen=True, slots=True)
class Expected:
    """About how long a bench will take; guessed where a model wasn't measured here."""

    seconds: float
    guessed: bool


ESTIMATE_S = 20.0
"""the longest that a child may take to start and to say what a file would reserve"""
PROBED_S = 60.0
"""For so long it isn't asked again whether the Hub can be reached."""


class Machine:
    """Where comparisons run. `own` are local files offered beside the catalogue's models."""

    def __init__(
        self, owner: Owner | None = None, own: tuple[ModelFile, ...] = (),
        spawn: Callable[[Callable], Runner] = ChildRunner, files: Files | None = None,
        gate: Gate | None = None, lease: Callable[[Comparison | Bench], Lease] | None = None,
    ):  # fmt: skip
        """`lease`: lends a run its GPU, where this machine has none of its own."""
        self.owner = owner or Owner()
        self.own = own
        self._files = files or Files()
        self._spawn = spawn
        self._pool = _Pool(spawn)
        self._examined: dict[tuple[ModelFile, LoadSettings], Prediction] = {}
        self._line = _Line()
        self._runs: WeakSet[Run] = WeakSet()
        self._gate = gate or Gate()
        self._lease = lease
        self._numbers = itertools.count(1)
        self._rates = _Rates()
        self._pair: tuple[tuple[str, ...], str | None] | None = None
        self._pair_until = 0.0
        self._pair_lock = threading.Lock()

    def compare(self, comparison: Comparison) -> Run:
        """Sends a prompt to its models; returns at once. Faults of a model are its column's."""
        return self._run(self.owner.capped(comparison))

    def bench(self, bench: Bench) -> Run:
        """Measures its models one after the other; returns at once. Faults of a model are its column's."""
        return self._run(self.owner.capped_bench(bench))

    def _run(self, asked: Comparison | Bench) -> Run:
        pool: Pool = self._pool
        if self._lease is not None and asked.load.gpu_layers != 0:
            pool = _LeasedPool(self._pool, self._lease(asked))
            # A visitor's time on a GPU is too dear to spend it on a download.
            asked = asked if asked.files_first else replace(asked, files_first=True)
        run = Run(
            next(self._numbers),
            asked,
            cpu.budget(asked.threads),
            files=self._files,
            pool=pool,
            line=self._line,
            gate=self._gate,
            on_end=self._rates.note,
        )
        self._runs.add(run)
        return run

    def cached(self, file: ModelFile) -> bool:
        """Whether the file, or the package that carries it, is on this machine; asks no network."""
        try:
            return local_path(file) is not None or file.package is not None
        except FileError:
            return False

    def foreseen(self, file: ModelFile, settings: LoadSettings | None = None) -> Response:
        """A column that hasn't run: what its model is predicted to take, where that can be told.

        From the file's header where it is here, else from its known shape and size; asks no network.
        """
        settings = settings or LoadSettings()
        try:
            path = local_path(file)
        except FileError:
            return Response()
        if path is not None:
            return _predicted(weighed(path, settings).prediction)
        return _predicted(self._gate.foresee(file, settings)[0])

    def examine(self, file: ModelFile, settings: LoadSettings | None = None) -> Response:
        """As `foreseen`, and of a file on the Hub more exactly: from its own first bytes, and from what
        llama.cpp says of these while no run is in progress. Takes seconds, once a file.
        """
        settings = settings or LoadSettings()
        if (file, settings) not in self._examined:
            try:
                if not file.repo or local_path(file) is not None:
                    return self.foreseen(file, settings)
                with self._files.header_of(file) as path:
                    hello, told = self._told(path, settings)
                    prediction = weighed(path, settings, hello, told).prediction
            except (FileError, OSError):
                return self.foreseen(file, settings)
            if told is None or prediction is None:
                return _predicted(prediction) if prediction else self.foreseen(file, settings)
            self._examined[file, settings] = prediction
        return _predicted(self._examined[file, settings])

    def _told(self, path: str, settings: LoadSettings) -> tuple[Hello | None, Estimated | None]:
        """What a child of its own says that llama.cpp would reserve; nothing while a run is in progress."""
        if not self._line.is_free:
            return None, None
        heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        runner = self._spawn(heard.put)
        try:
            layers = settings.layers
            runner.send(
                Estimate(
                    run=1, path=path, n_ctx=settings.n_ctx, gpu_layers=layers,
                    kv_type=settings.kv_type,
                )
            )  # fmt: skip
            while isinstance(event := heard.get(timeout=ESTIMATE_S), Hello):
                pass
        except queue.Empty:
            return runner.hello, None
        finally:
            runner.close()
        return runner.hello, event if isinstance(event, Estimated) else None

    def want(self, file: ModelFile, sink: Callable[[Event], None]) -> None:
        """Sees to it that a file is here; `sink` hears Downloading events, then Fetched or Failed."""
        self._files.want(file, 0, sink)

    def coming(self, file: ModelFile) -> Response | None:
        """A file on its way here, as a column that waits for it would tell; None where it isn't."""
        values = self._files.coming(file)
        return values and Response().after(Downloading(run=0, at=time.monotonic(), **values))

    def fetch_ahead(self, tell: Callable[[str], None]) -> None:
        """Begins to fetch what the owner wants here before anyone asks; `tell` hears what can't be had.

        One after the other, in a thread of its own: the first is here soonest then.
        """
        threading.Thread(target=self._fetch_ahead, args=(tell,), daemon=True).start()

    def _fetch_ahead(self, tell: Callable[[str], None]) -> None:
        for file in map(parse, self.owner.fetch):
            refusal = None if self.owner.force else self._gate.foresee(file, LoadSettings())[1]
            failure = refusal or (None if self.cached(file) else self._fetched(file))
            if failure:
                tell(f"{file.key} is not fetched ahead. {' '.join(failure.splitlines())}")

    def _fetched(self, file: ModelFile) -> str | None:
        """Waits until the file is here; returns why it won't be."""
        heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.want(file, heard.put)
        while isinstance(event := heard.get(), Downloading):
            pass
        return event.message if isinstance(event, Failed) else None

    def start_pair(self) -> tuple[tuple[str, ...], str | None]:
        """The SPECs to begin with and, where something can't be had now, a sentence that says so.

        Where the Hub is needed it is probed, for 3 s at most. Nobody waits for that but who asks first:
        a minute later it is probed again beside the answer.
        """
        with self._pair_lock:
            if self._pair is None:
                self._pair = self._choose_pair()
                self._pair_until = time.monotonic() + PROBED_S
            elif time.monotonic() > self._pair_until:
                self._pair_until = time.monotonic() + PROBED_S
                threading.Thread(target=self._choose_anew, daemon=True).start()
            return self._pair

    def _choose_anew(self) -> None:
        self._pair = self._choose_pair()

    def _choose_pair(self) -> tuple[tuple[str, ...], str | None]:
        wanted = [parse(spec) for spec in self.owner.models]
        missing = [file for file in wanted if not self.cached(file)]
        if not missing or reachable():
            return self.owner.models, None
        names = words.listed([file.short for file in missing])
        are = "is" if len(missing) == 1 else "are"
        gone = f"The Hugging Face Hub can't be reached and {names} {are} not on this machine, so "
        if all(self.cached(parse(spec)) for spec in EMBEDDED_PAIR):
            return EMBEDDED_PAIR, f"{gone}the small pair that came with the app stands in."
        there = words.listed([file.short for file in wanted if file not in missing])
        only = f"only {there} can answer now." if there else "nothing can answer now."
        return self.owner.models, gone + only

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
        hello = self._pool.hello
        return {
            "cpu": _cpu_name(),
            "cores": cpu.budget(),
            "ram_bytes": total_bytes(),
            "gpus": list(hello.gpus) if hello else [],
            "llama_cpp_python": hello.llama_cpp_python if hello else None,
            "llama_cpp": hello.llama_cpp if hello else None,
        }

    def hardware(self) -> Hardware:
        """What this machine has for models to fit into."""
        return this_machine(self.describe(), Vram().totals())

    def close(self) -> None:
        """Stops what runs, and ends the children."""
        runs = list(self._runs)
        for run in runs:
            run.stop()
        for run in runs:
            run.wait(CANCEL_S + 1)  # or it would give its child back to nobody
        self._pool.close()


def _predicted(prediction: Prediction | None) -> Response:
    if prediction is None:
        return Response()
    return Response().after(Predicted(run=0, at=0.0, prediction=prediction))


class _Line:
    """First come, first served."""

    def __init__(self):
        self._lock = threading.Lock()
        self._runs: list[Run] = []

    def join(self, run: Run) -> None:
        with self._lock:
            self._runs.append(run)

    def place(self, run: Run) -> int:
        with self._lock:
            return self._runs.index(run)

    @property
    def is_free(self) -> bool:
        return not self._runs

    def leave(self, run: Run) -> None:
        with self._lock:
            if run in self._runs:
                self._runs.remove(run)
            waiting = list(self._runs)
        for each in waiting:
            each.moved()


class _Pool:
    """The loaded children. Only the run at the head of the line takes and gives back."""

    def __init__(self, spawn: Callable[[Callable], Runner]):
        self._spawn = spawn
        self._lock = threading.Lock()
        self._children: dict[Hashable, Runner] = {}
        self._newest: Runner | None = None

    @property
    def hello(self) -> Hello | None:
        """What the newest child said of itself."""
        return self._newest.hello if self._newest else None

    def retain(self, needed: set[Hashable]) -> None:
        with self._lock:
            gone = {key: self._children.pop(key) for key in self._children.keys() - needed}
        for runner in gone.values():
            runner.close()

    def take(self, key: Hashable) -> tuple[Runner, bool]:
        with self._lock:
            runner = self._children.pop(key, None)
        if runner is not None and runner.alive:
            return runner, True
        return self.made(self._spawn), False

    def made(self, spawn: Callable[[Callable], Runner]) -> Runner:
        """A new child, the newest."""
        self._newest = spawn(unheard)
        return self._newest

    def give_back(self, key: Hashable, runner: Runner) -> None:
        with self._lock:
            earlier = self._children.pop(key, None)
            self._children[key] = runner
        if earlier is not None:
            earlier.close()

    def end(self) -> None:
        """What was given back stays loaded for the next run."""

    def close(self) -> None:
        self.retain(set())


class _LeasedPool:
    """The children of one run, on a GPU that is leased for it; none is kept for the next."""

    def __init__(self, pool: _Pool, lease: Lease):
        self._pool, self._lease = pool, lease

    def retain(self, _needed: set[Hashable]) -> None:
        self._pool.retain(set())

    def take(self, _key: Hashable) -> tuple[Runner, bool]:
        return self._pool.made(self._lease.spawn), False

    def give_back(self, _key: Hashable, runner: Runner) -> None:
        runner.close()

    def end(self) -> None:
        self._lease.end()


class _Rates:
    """What models have done here, so that the length of a run can be said before it."""

    def __init__(self):
        self._seen: dict[tuple[str, str, int], tuple[float, float]] = {}
        self._alone: dict[str, tuple[int | None, dict[str, float]]] = {}
        """a file's bytes and its rates without company, tokens a second by test"""

    def note(self, run: Run) -> None:
        comparison = run.comparison
        for key, response in run.responses().items():
            if response.decode_tps and response.ttft_s:
                kind = key, comparison.mode, len(comparison.models)
                self._seen[kind] = response.ttft_s, response.decode_tps
            if not response.shared_with:
                rates = {
                    "pp": response.pp.avg_tps if response.pp else response.prefill_tps,
                    "tg": response.tg.avg_tps if response.tg else response.decode_tps,
                }
                if found := {test: tps for test, tps in rates.items() if tps}:
                    _, known = self._alone.get(key, (None, {}))
                    self._alone[key] = response.file_bytes, known | found

    def expected_s(self, comparison: Comparison) -> float | None:
        kinds = [(f.key, comparison.mode, len(comparison.models)) for f in comparison.models]
        if not all(kind in self._seen for kind in kinds):
            return None
        times = [
            ttft_s + comparison.sampling.max_tokens / decode_tps
            for ttft_s, decode_tps in (self._seen[kind] for kind in kinds)
        ]
        longest = sum(times) if comparison.mode == "in-turn" else max(times)
        return min(longest, comparison.max_seconds or longest)

    def expected_bench(self, bench: Bench) -> Expected | None:
        """The sum over its models. One that wasn't measured here is guessed from the nearest in size:
        on one machine, both rates are about as many bytes a second for every file.
        """
        tests, found, guessed = bench.tests, 0.0, False
        # What is evaluated, a warm-up each included; writing warms up with one token.
        evaluated = {
            "pp": tests.prompt_tokens * (tests.repeats + 1),
            "tg": tests.output_tokens * tests.repeats + 1 if tests.output_tokens else 0,
        }
        for file in bench.models:
            took = 0.0
            for test, tokens in evaluated.items():
                if not tokens:
                    continue
                tps = self._alone.get(file.key, (None, {}))[1].get(test)
                if not tps:
                    tps, guessed = self._guess(file, test), True
                if not tps:
                    return None
                took += tokens / tps
            found += min(took, bench.max_seconds or took)
        return Expected(found, guessed)

    def _guess(self, file: ModelFile, test: str) -> float | None:
        known = [
            (size, rates[test])
            for size, rates in list(self._alone.values())  # a run that ends adds to them meanwhile
            if size and test in rates and file.bytes
        ]
        if not known:
            return None
        size, tps = min(known, key=lambda each: abs(math.log(each[0] / file.bytes)))
        return tps * size / file.bytes


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = (
                line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
            )
            return next(names, "") or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()
