"""What ran beside a column while it answered, on the same machine. Pure: intervals in, seconds out."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Span:
    """When a column was active (loading, reading or writing) and when it answered, in seconds."""

    active: tuple[tuple[float, float], ...] = ()
    answer: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """The most other columns active during an answer, and for how many seconds there was any."""

    shared_with: int
    shared_s: float


def company(spans: dict[str, Span]) -> dict[str, Company]:
    """What each column that answers shared the machine with, by key."""
    return {
        key: _company(span.answer, [other.active for name, other in spans.items() if name != key])
        for key, span in spans.items()
        if span.answer
    }


def _company(answer: tuple[float, float], others: list[tuple[tuple[float, float], ...]]) -> Company:
    start, end = answer
    clipped = [
        [(max(a, start), min(b, end)) for a, b in intervals if a < end and b > start]
        for intervals in others
    ]
    edges = sorted({edge for column in clipped for interval in column for edge in interval})
    most, seconds = 0, 0.0
    for a, b in pairwise(edges):
        beside = sum(any(x <= a and b <= y for x, y in column) for column in clipped)
        if beside:
            most, seconds = max(most, beside), seconds + (b - a)
    return Company(most, seconds)
