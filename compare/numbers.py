"""Every figure as a person reads it: speeds, seconds, sizes, counts, and lists of names.

Pure. Unknown is “–”; a no-break space stands before a unit.
"""

import math
from collections.abc import Iterable

UNKNOWN = "–"
NBSP = "\u00a0"


def speed(tps: float | None) -> str:
    """Tokens a second: one decimal under 100, none above."""
    if tps is None:
        return UNKNOWN
    return f"{tps:.1f}" if tps < 99.95 else f"{tps:,.0f}"


def deviation(tps: float, stddev: float, repeats: int) -> str:
    """± 0.4: as many decimals as its speed has. Nothing for a single repetition, which has none."""
    return f"± {stddev:,.{1 if tps < 99.95 else 0}f}" if repeats > 1 else ""


def seconds(s: float | None) -> str:
    """0.42 s, 2.9 s, 13.4 s, from 100 s on 2 min 5 s, from an hour on 1 h 5 min."""
    if s is None:
        return UNKNOWN
    if s < 0.995:
        return f"{s:.2f}{NBSP}s"
    if s < 99.95:
        return f"{s:.1f}{NBSP}s"
    return _minutes(s)


def elapsed(s: float) -> str:
    """Seconds that are still counting: one decimal under 10, none above, so that it stays calm."""
    s = max(s, 0.0)
    if s < 9.95:
        return f"{s:.1f}{NBSP}s"
    if s < 99.5:
        return f"{s:.0f}{NBSP}s"
    return _minutes(s)


def _minutes(s: float) -> str:
    whole = round(s)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes}{NBSP}min" + (f" {rest}{NBSP}s" if rest else "")
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours}{NBSP}h" + (f" {minutes}{NBSP}min" if minutes else "")


def size(n: float | None) -> str:
    """Bytes in decimal units, three digits: 1.17 GB, 638 MB, 98.4 MB."""
    if n is None:
        return UNKNOWN
    digits, unit, divisor = _scale(n)
    return f"{n / divisor:.{digits}f}{NBSP}{unit}"


def about_size(n: float | None) -> str:
    """A predicted size, two digits: about 4.8 GB, about 18 GB."""
    if n is None:
        return UNKNOWN
    rounded = round(n, 1 - math.floor(math.log10(n))) if n >= 1 else 0
    _, unit, divisor = _scale(rounded)
    value = rounded / divisor
    return f"about {value:.{1 if value < 10 and divisor > 1 else 0}f}{NBSP}{unit}"


def part_of(done: float, total: float | None) -> str:
    """6.2 of 17.3 GB: both in the unit of the total."""
    if not total:
        return size(done)
    digits, unit, divisor = _scale(total)
    return f"{done / divisor:.{digits}f} of {total / divisor:.{digits}f}{NBSP}{unit}"


def _scale(n: float) -> tuple[int, str, float]:
    """Decimals, unit and divisor that give three digits."""
    if n < 999.5:
        return 0, "B", 1
    for unit, divisor in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)):
        value = n / divisor
        if value < 9.995:
            return 2, unit, divisor
        if value < 99.95:
            return 1, unit, divisor
        if value < 999.5:
            return 0, unit, divisor
    return 0, "TB", 1e12


def count(n: int | None) -> str:
    return UNKNOWN if n is None else f"{n:,}"


def plural(n: int | None, noun: str, space: str = " ") -> str:
    """1 task, 2 tasks; NBSP as `space` where the noun is a unit. Nouns whose plural ends in s."""
    return UNKNOWN if n is None else f"{n:,}{space}{noun}{'' if n == 1 else 's'}"


def tokens(n: int | None) -> str:
    """2,048 tokens, 1 token."""
    return plural(n, "token", NBSP)


def factor(x: float) -> str:
    """4.2; from 100 on without a decimal."""
    return f"{x:.1f}" if x < 99.95 else f"{x:,.0f}"


def parameters(n: int) -> str:
    """How many a model has: 10.7 B, 135 M."""
    for unit, divisor, digits in (("B", 1e9, 1), ("M", 1e6, 0)):
        if n >= 0.9995 * divisor:
            return f"{n / divisor:,.{digits}f}{NBSP}{unit}"
    return f"{n:,}"


def percent(fraction: float) -> str:
    return f"{fraction * 100:.0f}{NBSP}%"


def thread_range(threads: tuple[int, int] | None) -> str:
    """1 thread, 2 threads, 1 to 2 threads."""
    if threads is None:
        return UNKNOWN
    fewest, most = threads
    if fewest == most:
        return plural(most, "thread", NBSP)
    return f"{fewest} to {most}{NBSP}threads"


def cores_got(used: float, granted: float) -> str:
    """got 1.1 of 2 cores."""
    whole = round(granted, 1)
    return f"got {used:.1f} of {whole:g}{NBSP}{'core' if whole == 1 else 'cores'}"


def time_left(s: float | None) -> str:
    """About 3 s left to 10 s, then rounded to 5 s, from 90 s on in minutes; unknown is silence."""
    return "" if s is None else f"About {rounded_time(s)} left"


def expected(s: float | None) -> str:
    """How long a run will take, said before it."""
    return "" if s is None else f"Takes up to {rounded_time(s)}"


def about_time(s: float, guessed: bool = False) -> str:
    """How long a bench will take, said before it: Takes about 40 s."""
    return f"Takes about {rounded_time(s)}{', guessed by file size' if guessed else ''}"


def rounded_time(s: float) -> str:
    """As a person plans by it: 40 s, 5 min."""
    if s <= 10:
        return f"{max(1, round(s))}{NBSP}s"
    if round(s / 5) * 5 < 90:
        return f"{round(s / 5) * 5}{NBSP}s"
    return _minutes(max(2, round(s / 60)) * 60)


def download_rate(bytes_per_s: float | None) -> str:
    """38 MB/s: two digits, so that it stays calm; unknown is silence."""
    if not bytes_per_s:
        return ""
    return about_size(bytes_per_s).removeprefix("about ") + "/s"


def rough(s: float) -> str:
    if s < 2.95:
        return seconds(s)
    return f"{s:.0f}{NBSP}s" if s < 99.5 else _minutes(s)


def alike(ratio: float) -> bool:
    return 0.95 < ratio < 1.05


def listed(texts: Iterable[str]) -> str:
    """A, B and C."""
    *first, last = [*texts] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def rate(tps: float | None) -> str:
    return UNKNOWN if tps is None else f"{speed(tps)}{NBSP}tok/s"


def points(value: float | None) -> str:
    """A score: two decimals; unknown is “–”."""
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def signed(value: float) -> str:
    """A difference: +0.33, −4.95."""
    return f"{'+' if value >= 0 else '−'}{abs(value):.2f}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def dated(as_of: str, is_: str) -> str:
    """29 December 2023, published; January 2024, published; undated."""
    if not as_of:
        return "undated"
    year, *rest = as_of.split("-")
    month = [_MONTHS[int(rest[0]) - 1]] if rest else []
    day = [str(int(rest[1]))] if len(rest) > 1 else []
    return f"{' '.join([*day, *month, year])}, {is_}"
