"""This machine: the line of comparisons, its files, its loaded children, and what it is.

Made once, by app.py or the command line, and passed in.
"""

import itertools
import platform
import threading
from collections.abc import Callable

import psutil

from compare import cpu
from compare.admission import expected, refusal, weighed
from compare.catalogue import ARTICLES_PAIR, EMBEDDED_PAIR
from compare.estimate import Free, Prediction
from compare.events import Estimated, Event, Hello, Predicted
from compare.fanout import Run
from compare.hub import FileError, Files, local_path, reachable
from compare.memory import Vram, free_bytes
from compare.owner import Owner
from compare.response import Response
from compare.runner import ChildRunner, Runner
from compare.spec import Comparison, LoadSettings, ModelFile, parse


class Machine:
    """Where comparisons run. `own` are local files offered beside the catalogue's models."""

    def __init__(
        self, owner: Owner | None = None, own: tuple[ModelFile, ...] = (),
        spawn: Callable[[Callable], Runner] = ChildRunner, files: Files | None = None,
    ):  # fmt: skip
        self.owner = owner or Owner()
        self.own = own
        self._files = files or Files()
        self._pool = _Pool(spawn)
        self._line = _Line()
        self._numbers = itertools.count(1)
        self._rates = _Rates()
        self._pair: tuple[tuple[str, ...], str | None] | None = None
        self._pair_lock = threading.Lock()

    def compare(self, comparison: Comparison) -> Run:
        """Sends a prompt to its models; returns at once. Faults of a model are its column's."""
        comparison = self.owner.capped(comparison)
        budget = cpu.budget(comparison.threads)
        return Run(
            next(self._numbers),
            comparison,
            budget,
            files=self._files,
            pool=self._pool,
            line=self._line,
            gate=_gate,
            on_end=self._rates.note,
        )

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
        prediction = self._predicted(file, settings or LoadSettings())
        if prediction is None:
            return Response()
        return Response().after(Predicted(run=0, at=0.0, prediction=prediction))

    def _predicted(self, file: ModelFile, settings: LoadSettings) -> Prediction | None:
        try:
            if (path := local_path(file)) is not None:
                return weighed(path, settings).prediction
        except FileError:
            return None
        return expected(file, settings)

    def want(self, file: ModelFile, sink: Callable[[Event], None]) -> None:
        """Sees to it that a file is here; `sink` hears Downloading events, then Fetched or Failed."""
        self._files.want(file, 0, sink)

    def start_pair(self) -> tuple[tuple[str, ...], str | None]:
        """The SPECs to begin with and, where they are the embedded pair, why.

        Probes the Hub, once, for 3 s at most.
        """
        with self._pair_lock:
            if self._pair is None:
                self._pair = self._choose_pair()
            return self._pair

    def _choose_pair(self) -> tuple[tuple[str, ...], str | None]:
        if self._all_cached(ARTICLES_PAIR) or reachable() or not self._all_cached(EMBEDDED_PAIR):
            return ARTICLES_PAIR, None
        return EMBEDDED_PAIR, (
            "The Hugging Face Hub can't be reached and TinyLlama and SOLAR are not on this machine, "
            "so the small pair that came with the app stands in."
        )

    def _all_cached(self, specs: tuple[str, ...]) -> bool:
        return all(self.cached(parse(spec)) for spec in specs)

    def expected_s(self, comparison: Comparison) -> float | None:
        """At most how long a run will take, in seconds, from rates measured here.

        None where there are none.
        """
        return self._rates.expected_s(self.owner.capped(comparison))

    def describe(self) -> dict:
        """What this machine is: the document's `machine`. llama_cpp and gpus are known once a child ran."""
        hello = self._pool.hello
        return {
            "cpu": _cpu_name(),
            "cores": cpu.budget(),
            "ram_bytes": psutil.virtual_memory().total,
            "gpus": list(hello.gpus) if hello else [],
            "llama_cpp_python": hello.llama_cpp_python if hello else None,
            "llama_cpp": hello.llama_cpp if hello else None,
        }

    def close(self) -> None:
        """Ends the loaded children."""
        self._pool.close()


def _gate(
    file: ModelFile, path: str, comparison: Comparison, runner: Runner, told: Estimated,
    held_bytes: int,
) -> tuple[Prediction | None, str | None]:  # fmt: skip
    """What the file will take, and why it must not load; see compare.fanout.Gate."""
    admission = weighed(path, comparison.load, runner.hello, told)
    vram = Vram().free_bytes() if runner.hello and runner.hello.gpus else None
    free = Free(max(0, free_bytes(child=runner.pid) - held_bytes), vram)
    return admission.prediction, refusal(file, admission, free, runner.hello)


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
        self._children: dict[tuple[str, LoadSettings], Runner] = {}
        self._newest: Runner | None = None

    @property
    def hello(self) -> Hello | None:
        """What the newest child said of itself."""
        return self._newest.hello if self._newest else None

    def retain(self, needed: set[tuple[str, LoadSettings]]) -> None:
        with self._lock:
            gone = {key: self._children.pop(key) for key in self._children.keys() - needed}
        for runner in gone.values():
            runner.close()

    def take(self, path: str, settings: LoadSettings) -> tuple[Runner, bool]:
        with self._lock:
            runner = self._children.pop((path, settings), None)
        if runner is not None and runner.alive:
            return runner, True
        self._newest = self._spawn(_nobody)
        return self._newest, False

    def give_back(self, path: str, settings: LoadSettings, runner: Runner) -> None:
        with self._lock:
            earlier = self._children.pop((path, settings), None)
            self._children[path, settings] = runner
        if earlier is not None:
            earlier.close()

    def close(self) -> None:
        self.retain(set())


class _Rates:
    """What models have done here, so that the length of a run can be said before it."""

    def __init__(self):
        self._seen: dict[tuple[str, str, int], tuple[float, float]] = {}

    def note(self, run: Run) -> None:
        comparison = run.comparison
        for key, response in run.responses().items():
            if response.decode_tps and response.ttft_s:
                kind = key, comparison.mode, len(comparison.models)
                self._seen[kind] = response.ttft_s, response.decode_tps

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


def _nobody(_event) -> None:
    """Where events go that no run waits for."""


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = (
                line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
            )
            return next(names, "") or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()
