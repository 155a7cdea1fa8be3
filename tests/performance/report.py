"""A line of the table, its samples, and whether it is met. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Sample = dict[str, float]
"""One repetition: a line's name to its value; what is no line's name is shown beside the first line."""
AT_LEAST, AT_MOST, WITHIN = "at least", "at most", "within"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what is measured, against what, and what is asked; `asked` None is only reported."""

    name: str
    measure: str
    against: str = ""
    asked: float | None = None
    bound: str = AT_LEAST
    """AT_LEAST, AT_MOST, or WITHIN: no further from 1 than `asked`"""
    unit: str = ""

    def met(self, value: float) -> bool | None:
        """None where nothing is asked."""
        if self.asked is None:
            return None
        match self.bound:
            case "at least":
                return value >= self.asked
            case "at most":
                return value <= self.asked
            case _:
                return abs(value - 1) <= self.asked

    @property
    def wanted(self) -> str:
        if self.asked is None:
            return "reported"
        if self.bound == WITHIN:
            return f"within {self.asked * 100:g} %"
        return f"{self.bound} {self.asked:g}{_unit(self.unit)}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured in one go: `samples` yields a sample of all `lines` each time it is asked."""

    name: str
    samples: Callable[[Any], Iterator[Sample]]
    lines: tuple[Line, ...]
    repeats: int = 5
    full: bool = False
    """only in `make bench-full`"""


@dataclass(slots=True)
class Result:
    """What one measurement gave so far."""

    measurement: Measurement
    samples: list[Sample] = field(default_factory=list)
    failure: str = ""

    def values(self, name: str) -> list[float]:
        return [sample[name] for sample in self.samples if name in sample]

    def beside(self) -> dict[str, float]:
        """Medians of what no line shows."""
        known = {line.name for line in self.measurement.lines}
        names = dict.fromkeys(name for sample in self.samples for name in sample)
        return {name: median(self.values(name)) for name in names if name not in known}


def number(value: float) -> str:
    """Three digits, and no exponent."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return (
        f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.3g}" if value < 0.1 else f"{value:.2f}"
    )


def ratio(value: float) -> str:
    return f"{value:.3f}"


def table(results: Iterable[Result]) -> str:
    """All lines in Markdown: asked, the median, the lowest and highest sample, what stands beside it."""
    rows = ["| line | measure | against | asked | measured | low to high | |", "|---" * 7 + "|"]
    for result in results:
        beside = result.failure or ", ".join(
            f"{number(v)} {name}" for name, v in result.beside().items()
        )
        for line in result.measurement.lines:
            rows.append(_row(line, result.values(line.name), beside))
            if not result.failure:
                beside = ""
    return "\n".join(rows) + "\n"


def _row(line: Line, values: Sequence[float], beside: str) -> str:
    measured = spread = "–"
    if values:
        shown = number if line.unit else ratio
        value = median(values)
        measured = f"{shown(value)}{_unit(line.unit)}"
        if line.met(value) is False:
            measured = f"**missed: {measured}**"
        spread = f"{shown(min(values))} to {shown(max(values))}, {len(values)} ×"
    cells = (line.name, line.measure, line.against, line.wanted, measured, spread, beside)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def missed(results: Iterable[Result]) -> list[str]:
    """The names of the lines that ask for more than was measured, or that failed in some round."""
    return [
        line.name
        for result in results
        for line in result.measurement.lines
        if line.asked is not None
        and (
            result.failure
            or not (values := result.values(line.name))
            or not line.met(median(values))
        )
    ]


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
