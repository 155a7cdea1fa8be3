"""The numbers of an English text: where they stand, and which of them a calculation only works with.

Numbers are read in digits of any script (commas, thin and no-break spaces group thousands, a point
begins decimals) and in English words. Commas without three digits behind them separate numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import regex

_SMALL = dict(zip((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
), range(20), strict=True))  # fmt: skip
_TENS = dict(zip((
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
), range(20, 100, 10), strict=True))  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_WORD = "|".join([*_SMALL, *_TENS, *_SCALES])

_NUMBER = regex.compile(
    rf"""
    (?<![\p{{L}}\p{{N}}_^]|\p{{N}}\.)
    (?: (?P<digits>
            (?:(?<![\p{{L}}\p{{N}})%°]|[\p{{N}})%°]\s)-)?
            (?:\d{{1,3}}(?:[,\u2009\u202f\u00a0]\d{{3}})+(?!\d) | \d+ | (?=\.\d)) (?:\.\d+)?
        )
        (?P<power>\s?[²³⁴^]|\s(?:squared|cubed)\b)?
        (?P<ordinal>(?:st|nd|rd|th)\b)?
        (?:[\s-]?(?P<scale>hundred|thousand|million|billion|k)\b)?
      | (?P<words>(?:{_WORD})(?:(?:\s+and\s+|\s+|-)(?:{_WORD}))*)\b
    )
    """,
    regex.VERBOSE,
)
_GROUPING = regex.compile(r"[^\d.-]")
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
_TIME = regex.compile(
    r"[\s-]*(?:(?P<hours>hours?|hrs?|h)|(?P<minutes>minutes?|mins?|m)|(?P<seconds>seconds?|secs?|s))\b\.?"
)
_CLOCK = regex.compile(r"\b(\d{1,2}):(\d\d)\b")
_OPERATOR = regex.compile(
    r"[\s\w$€£%°)]{0,24}?(?:[-+*×÷/·–]|\bplus\b|\bminus\b|\btimes\b|\b(?:multiplied|divided) by\b)\W{0,6}"
)
_EQUALS = regex.compile(
    r"[\s\w$€£%°)]{0,24}?(?:=|≈|→|\b(?:equals|is|makes|gives|costs?)\b)\W{0,6}(?:boxed\W{1,3})?"
)


def plain(text: str) -> str:
    """The text without case, emphasis, and letters that only look different (spaces, quotes, widths)."""
    text = regex.sub(r"\*\*|__|`+|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", "", usual(text))
    return text.casefold()


def usual(text: str) -> str:
    """The text with the usual quotes, hyphens and digits for those that only look different."""
    return text.translate(_LOOKALIKES)


_LOOKALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "‘’ʼ"), "'"),
    **dict.fromkeys(map(ord, "“”„«»"), '"'),
    **dict.fromkeys(map(ord, "−‐‑"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad")),
    ord("\u3000"): " ",
    ord("\r"): "\n",
}


@dataclass(slots=True)
class Number:
    value: float
    start: int
    end: int
    operand: bool = False
    pronoun: bool = False


def numbers_in(sentence: str) -> list[Number]:
    numbers: list[Number] = []
    for match in _NUMBER.finditer(sentence):
        if match["words"]:
            numbers += _in_words(match["words"], match.start())
        elif not match["ordinal"]:
            digits = _GROUPING.sub("", match["digits"])
            scale = 1000 if match["scale"] == "k" else _SCALES.get(match["scale"], 1)
            made = Number(float(digits) * scale, match.start(), match.end())
            made.operand = bool(match["power"])
            numbers.append(made)
    return numbers


def _in_words(text: str, start: int) -> Iterator[Number]:
    """twenty-six; one hundred and five; but “five six” are two numbers, and “one” alone is a pronoun."""
    whole, part, last = 0, None, ""
    begun = ended = start
    names: list[str] = []

    def made() -> Number:
        return Number(float(whole + (part or 0)), begun, ended, pronoun=names == ["one"])

    for match in regex.finditer(r"\w+", text):
        word = match[0]
        if word == "and":
            fits_and = last in _SCALES
            last = "and" if fits_and else "and, apart"
            continue
        fits = (
            part is None
            or word in _SCALES
            or (last in _TENS and word in _SMALL and 0 < _SMALL[word] < 10)
            or last in _SCALES
            or last == "and"
        )
        if names and (not fits or last == "and, apart"):
            yield made()
            whole, part, names = 0, None, []
            begun = start + match.start()
        if word == "hundred":
            part = (part or 1) * 100
        elif word in _SCALES:
            whole, part = whole + (part or 1) * _SCALES[word], 0
        else:
            part = (part or 0) + (_SMALL | _TENS)[word]
        names.append(word)
        last, ended = word, start + match.end()
    yield made()


def mark_operands(sentence: str, numbers: list[Number]) -> None:
    """Both sides of an operator, where the calculation stands in brackets or at an equals sign."""
    i = 0
    while i < len(numbers):
        j = i
        while j + 1 < len(numbers) and joined(sentence, numbers[j], numbers[j + 1], _OPERATOR):
            j += 1
        if j > i:
            behind = j + 1 < len(numbers) and joined(sentence, numbers[j], numbers[j + 1], _EQUALS)
            before = i > 0 and joined(sentence, numbers[i - 1], numbers[i], _EQUALS)
            inside = _in_brackets(sentence, numbers[i].start, numbers[j].end)
            for number in numbers[i : j + 1] if behind or before or inside else ():
                number.operand = True
        i = j + 1


def _in_brackets(sentence: str, start: int, end: int) -> bool:
    return sentence[:start].rstrip(" $€£").endswith("(") and sentence[end:].lstrip(
        " $€£"
    ).startswith(")")


def joined(sentence: str, one: Number, other: Number, by: regex.Pattern) -> bool:
    return by.fullmatch(sentence, one.end, other.start) is not None


def in_unit(sentence: str, numbers: list[Number], unit: str) -> list[Number]:
    """Times in the unit: “2 hours and 35 minutes” is 155 minutes, and one number."""
    made: list[Number] = []
    joins = False
    clock = {span for found in _CLOCK.finditer(sentence) for span in (found.span(1), found.span(2))}
    for number in numbers:
        if (number.start, number.end) in clock:
            continue
        found = _TIME.match(sentence, number.end)
        if found is None:
            made.append(number)
            joins = False
            continue
        value = number.value * _SECONDS[found.lastgroup] / _SECONDS[unit]
        if joins and regex.fullmatch(
            r"\s*(?:,|and|,\s*and)?\s*", sentence[made[-1].end : number.start]
        ):
            made[-1].value += value
        else:
            made.append(Number(value, number.start, number.end))
        made[-1].end = found.end()
        joins = found.lastgroup != "seconds"
    return made
