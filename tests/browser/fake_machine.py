"""A machine whose models are scripts: events at set seconds. For what no real model can be made to say."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from compare.asked.comparison import Bench, Comparison
from compare.asked.owner import Owner
from compare.asked.settings import LoadSettings
from compare.memory.hardware import Hardware, this_machine
from compare.models.catalogue import ARTICLES_PAIR
from compare.models.spec import ModelFile
from compare.protocol.events import (
    Delta,
    Event,
    Finished,
    Loaded,
    Loading,
    Memory,
    Prefill,
    Prefilled,
    Started,
    Stopping,
)
from compare.run.company import company
from compare.run.line import Line
from compare.run.response import Response

Script = list[tuple[float, type[Event], dict]]
"""Seconds after the start, kind of event, its values."""


def answering(
    text: str, *, load_s: float = 0.1, read_s: float = 0.1, tokens_s: float = 0.02, threads: int = 1,
    prompt_tokens: int = 40, size: int = 1_170_000_000, memory: int = 1_290_000_000,
    reason: str | None = "stop", thinks: str = "",
) -> Script:  # fmt: skip
    """Loads, reads in four steps, thinks and writes a word a token; without a reason it never ends."""
    ram = Memory(predicted_bytes=memory, allocated_bytes=memory, measured_bytes=memory)
    script: Script = [
        (0.0, Loading, {"file_bytes": size}),
        (load_s, Loaded, {"load_s": load_s, "n_ctx": 2048, "memory": ram}),
        (
            load_s, Started,
            {"prompt_tokens": prompt_tokens, "cached_tokens": 0, "rendered_prompt": "<|user|>…",
             "threads": threads},
        ),
    ]  # fmt: skip
    for step in range(1, 5):
        done = prompt_tokens * step // 4
        script.append((load_s + read_s * step / 5, Prefill, {"done": done, "total": prompt_tokens}))
    at = load_s + read_s
    script.append((at, Prefilled, {"tokens": prompt_tokens, "eval_s": read_s}))
    for word in _all_words(thinks):
        script.append((at, Delta, {"thinking": word, "thinking_tokens": 1}))
        at += tokens_s
    for n, word in enumerate(_all_words(text)):
        script.append((at, Delta, {"text": word, "answer_at": None if n else at}))
        at += tokens_s
    return script + ([(at, Finished, {"reason": reason, "memory": ram})] if reason else [])


def _all_words(text: str) -> list[str]:
    return [word for line in text.splitlines(keepends=True) for word in _words(line)]


def _words(line: str) -> list[str]:
    parts = line.split(" ")
    return [part + " " for part in parts[:-1]] + [parts[-1]] if line else []


class FakeMachine:
    """Machine's face. `scripts` gives each column's script for a comparison."""

    def __init__(
        self, scripts: Callable[[Comparison], dict[str, Script]], *, cached: bool = True,
        start: tuple[str, ...] = ARTICLES_PAIR, reason: str | None = None, expected_s: float | None = None,
        own: tuple[ModelFile, ...] = (), owner: Owner | None = None, hub: bool = True,
    ):  # fmt: skip
        told = (cached, start, reason, expected_s, own, owner, hub)
        self.is_plain = told == (True, ARTICLES_PAIR, None, None, (), None, True)
        self.scripts, self._cached, self._start = scripts, cached, (start, reason)
        self._expected_s, self.hub = expected_s, hub
        self.own, self.owner = own, owner or Owner()
        self.at_rest = True

    @cached_property
    def line(self) -> Line:
        return Line()

    def compare(self, comparison: Comparison) -> "FakeRun":
        comparison = self.owner.capped(comparison)
        self.run = FakeRun(comparison, self.scripts(comparison))
        return self.run

    def cached(self, file: ModelFile) -> bool:
        return self._cached or file.package is not None

    def served(self) -> tuple[ModelFile, ...]:
        return ()

    def trouble(self, file: ModelFile) -> None:
        return None

    refusal = trouble

    def coming(self, file: ModelFile) -> None:
        return None

    def foreseen(self, file: ModelFile, settings: LoadSettings) -> Response:
        return Response()

    def examine(self, file: ModelFile, settings: LoadSettings) -> Response:
        return Response()

    def describe(self) -> dict:
        return {"cpu": "", "cores": 2, "ram_bytes": 16 * 10**9, "gpus": []}

    def hardware(self) -> Hardware:
        return this_machine(self.describe())

    def start_pair(self) -> tuple[tuple[str, ...], str | None]:
        return self._start

    def unfetchable(self, missing: list[ModelFile], *, probe: bool = False) -> str | None:
        return "No Hub to download from." if missing and not self.hub else None

    def expected_s(self, comparison: Comparison) -> float | None:
        return self._expected_s

    def expected_bench(self, bench: Bench) -> None:
        return None


class Stage(FakeMachine):
    """One that runs what the machine put on it would, which differs in its scripts alone."""

    def __init__(self):
        super().__init__(lambda comparison: {})

    def put(self, machine: FakeMachine) -> None:
        self.on, machine.line = machine, self.line

    def compare(self, comparison: Comparison) -> "FakeRun":
        return self.on.compare(comparison)


@dataclass
class FakeRun:
    comparison: Comparison
    scripts: dict[str, Script]

    def __post_init__(self):
        self._started = time.monotonic()
        self._left = {key: list(script) for key, script in self.scripts.items()}
        self._responses = {file.key: Response() for file in self.comparison.models}
        self._stop_at: dict[str, float] = {}

    def stop(self, key: str | None = None) -> None:
        for each in [key] if key else list(self._responses):
            self._fold(each, Stopping, {})
            self._stop_at.setdefault(each, time.monotonic() + 0.4)

    def finish(self) -> None:
        """Ends what would write for ever, or after all that it has to write."""
        for script in self._left.values():
            script.append((0.0, Finished, {"reason": "stop"}))

    def snapshots(self, tick: float = 0.1) -> Iterator[dict[str, Response]]:
        try:
            while True:
                yield self._now()
                if all(response.ended for response in self._responses.values()):
                    return
                time.sleep(tick)
        finally:
            self.stop()

    def _now(self) -> dict[str, Response]:
        now = time.monotonic()
        for key, script in self._left.items():
            while script and self._started + script[0][0] <= now and key not in self._stop_at:
                at, kind, values = script.pop(0)
                self._fold(key, kind, values, self._started + at)
        for key, at in self._stop_at.items():
            if at <= now:
                self._fold(key, Finished, {"reason": "cancelled"}, now)
        spans = {key: response.span(now) for key, response in self._responses.items()}
        beside = company(spans)
        return {
            key: replace(
                response, shared_with=beside[key].shared_with, shared_s=beside[key].shared_s
            )
            if key in beside
            else response
            for key, response in self._responses.items()
        }

    def _fold(self, key: str, kind: type[Event], values: dict, at: float | None = None) -> None:
        if values.get("answer_at") is not None:
            values = {**values, "answer_at": at}
        event = kind(run=1, at=time.monotonic() if at is None else at, **values)
        self._responses[key] = self._responses[key].after(event)


def fake(texts: list[str] | None = None, tokens_s: float = 0.001, **settings) -> FakeMachine:
    """A machine whose columns answer with these texts, a word in so many seconds."""

    def scripts(comparison):
        told = texts or ["One.", "Two.", "Three.", "Four."]
        return {
            file.key: answering(text, tokens_s=tokens_s)
            for file, text in zip(comparison.models, told, strict=False)
        }

    return FakeMachine(scripts, **settings)


def endless() -> FakeMachine:
    """A machine whose columns write for longer than any test looks on."""
    return FakeMachine(
        lambda ask: {f.key: answering("word " * 999, tokens_s=0.1) for f in ask.models}
    )
