"""What models have done here, so that the length of a run can be said before it."""

import math
from collections.abc import Hashable
from dataclasses import dataclass

from compare.asked.comparison import Bench, Comparison
from compare.models.spec import ModelFile
from compare.run.run import Run


@dataclass(frozen=True, slots=True)
class Expected:
    """About how long a bench will take; guessed where a model wasn't measured here."""

    seconds: float
    guessed: bool


class Rates:
    """What models have done here, so that the length of a run can be said before it."""

    def __init__(self):
        self._seen: dict[tuple[Hashable, str, int], tuple[float, float]] = {}
        self._alone: dict[Hashable, tuple[int | None, dict[str, float]]] = {}
        """a file's bytes and its rates without company, tokens a second by test"""

    def note(self, run: Run) -> None:
        comparison = run.comparison
        keys = {file.key: _key(file) for file in comparison.models}
        for name, response in run.responses().items():
            key = keys[name]
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

    def turn_s(self, asked: Comparison | Bench) -> float | None:
        """How long a run will hold up those behind it, at most; None where nothing is known of it."""
        if isinstance(asked, Comparison):
            return self.expected_s(asked)
        expected = self.expected_bench(asked)
        return expected and expected.seconds

    def expected_s(self, comparison: Comparison) -> float | None:
        kinds = [(_key(f), comparison.mode, len(comparison.models)) for f in comparison.models]
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
                tps = self._alone.get(_key(file), (None, {}))[1].get(test)
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


def _key(file: ModelFile) -> Hashable:
    """Another file at the same path is another model."""
    return file.key, file.version
