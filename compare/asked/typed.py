"""Numbers as people type them: 0,7 and 4 096 and 4,096 and −1. Knows no setting.

What could be read in two ways is refused, never guessed. A decimal point is a point or a comma; thousands
stand apart by spaces, commas, points, apostrophes or underscores, all alike. A raised ValueError says what
to write instead.
"""

import re
import unicodedata

LONGEST = 40
"""characters of a number; Python refuses to read very long ones"""
_SIGNS = dict.fromkeys(map(ord, "−–‐‑﹣－"), "-") | dict.fromkeys(map(ord, "’ʼ＇"), "'")
_SIGNS |= {ord("，"): ",", ord("．"): ".", ord("＋"): "+"}
_GROUPED = re.compile(
    r"([1-9]\d{0,2}(?:(?P<mark>[ ,.'_])\d{3})(?:(?P=mark)\d{3})*)(?:(?!(?P=mark))[.,](\d+))?"
)
_LAKHS = re.compile(r"([1-9]\d?(?:,\d\d)+,\d{3})(?P<mark>(?:))(?:\.(\d+))?")
"""As in India: 10,00,000."""
_PLAIN = re.compile(r"(\d*)(?:([.,])(\d*))?(?:[eE]([+-]?\d{1,4}))?")
_HALF = re.compile(r"([1-9]\d{0,2})([.,])(\d{3})")
"""A single group of three digits, which may be decimals."""


def cleaned(text: str) -> str:
    """The text with plain digits, spaces and minus signs, without what can't be seen."""
    return "".join(map(_plainly, text)).translate(_SIGNS).strip()


def _plainly(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Cf", "Zs"):
        return " " if kind == "Zs" else ""
    return str(unicodedata.decimal(letter, letter))


def whole(text: str, example: str = "256") -> int:
    """A whole number; 4,096 is one with its thousands apart. Raises ValueError."""
    sign, digits = _parts(text)
    if (half := _HALF.fullmatch(digits)) and half[2] == ".":
        raise ValueError(f"A point begins decimals here. Write {sign}{half[1]}{half[3]} without it")
    found = _grouped(digits) or _halves(_PLAIN.fullmatch(digits))
    if found is None:
        raise ValueError(f"Write a whole number such as {example}")
    before, decimals = found
    if decimals.strip("0") or len(decimals) > 2:
        raise ValueError("It must be a whole number")
    return int(sign + before)


def decimal(text: str, example: str = "0.7") -> float:
    """A number; 1.024 has a decimal point, and 1,024 is refused. Raises ValueError."""
    sign, digits = _parts(text)
    if (half := _HALF.fullmatch(digits)) and half[2] == ",":
        ways = f"{sign}{half[1]}.{half[3]} or {sign}{half[1]}{half[3]}"
        raise ValueError(f"It may mean {ways}. Write one of these")
    if _HALF.fullmatch(digits) is None and (grouped := _grouped(digits)):
        return float(f"{sign}{grouped[0]}.{grouped[1] or 0}")
    plain = _PLAIN.fullmatch(digits)
    if plain is None or not (plain[1] or plain[3]):
        raise ValueError(f"Write a number such as {example}")
    return float(f"{sign}{plain[1] or 0}.{plain[3] or 0}e{plain[4] or 0}")


def _parts(text: str) -> tuple[str, str]:
    """A minus sign or none, and the rest."""
    plain = cleaned(text)
    if len(plain) > LONGEST and not plain.strip("0123456789 ,.'_+-eE"):
        raise ValueError("It must be a shorter number")
    sign = plain[:1] if plain[:1] in ("-", "+") else ""
    return sign.replace("+", ""), plain.removeprefix(sign).lstrip(" ")


def _grouped(digits: str) -> tuple[str, str] | None:
    """The digits before the decimal point and behind it, of a number with its thousands apart."""
    found = _GROUPED.fullmatch(digits) or _LAKHS.fullmatch(digits)
    return (re.sub(r"\D", "", found[1]), found[3] or "") if found else None


def _halves(plain: re.Match | None) -> tuple[str, str] | None:
    """The same, of a number without thousands and without an exponent."""
    return (plain[1], plain[3] or "") if plain and plain[1] and not plain[4] else None
