"""Whether an answer holds what a check asks for, with the reason in words.

Whatever the answer, it ends soon and without an error. Knows nothing of prompts, files or models.
"""

import json
import time
import unicodedata
from dataclasses import dataclass

import regex

from compare.gallery.checks import (
    COUNTS,
    MAX_CHARACTERS,
    AllOf,
    AnyOf,
    Check,
    Contains,
    Json,
    Length,
    Matches,
    NotContains,
    NotMatches,
    NumberIs,
    OneOf,
    ScriptIs,
)
from compare.gallery.numerals import conclusion, plain, usual
from compare.numbers import listed, plural

MAX_S = 0.5
"""for all regular expressions of one answer together, in seconds"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer passed, and why; None where only a person can tell."""

    passed: bool | None
    reasons: tuple[str, ...]


def judge(check: Check | None, answer: str) -> Verdict:
    """Whether the answer holds what the check asks for. Whatever the answer: it ends soon, without error."""
    if check is None:
        return Verdict(None, ("no check: a person must judge",))
    if not answer.strip():
        return Verdict(False, ("is empty",))
    if len(answer) > MAX_CHARACTERS:
        return Verdict(
            False, (f"has {len(answer):,} characters; more than {MAX_CHARACTERS:,} aren't judged",)
        )
    return _judge(check, unicodedata.normalize("NFC", answer), time.thread_time() + MAX_S)


def _judge(check, answer: str, until: float) -> Verdict:
    match check:
        case AllOf(all=parts):
            verdicts = [_judge(part, answer, until) for part in parts]
            passed = all(verdict.passed for verdict in verdicts)
            return Verdict(passed, _reasons([v for v in verdicts if v.passed == passed]))
        case AnyOf(any=parts):
            verdicts = [_judge(part, answer, until) for part in parts]
            passed = any(verdict.passed for verdict in verdicts)
            return Verdict(passed, _reasons([v for v in verdicts if v.passed == passed]))
        case Contains(contains=text):
            return _contains(text, answer, wanted=True)
        case NotContains(not_contains=text):
            return _contains(text, answer, wanted=False)
        case Matches(matches=pattern, meaning=meaning):
            return _matches(pattern, meaning, answer, until, wanted=True)
        case NotMatches(not_matches=pattern, meaning=meaning):
            return _matches(pattern, meaning, answer, until, wanted=False)
        case NumberIs():
            return _number(check, answer)
        case OneOf(one_of=texts):
            return _one_of(texts, answer)
        case Json():
            return _json(check, answer)
        case Length():
            return _length(check, answer)
        case ScriptIs():
            return _script(check, answer)
    raise TypeError(f"{check!r} is no check")


def _reasons(verdicts: list[Verdict]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for verdict in verdicts for reason in verdict.reasons))


def _words(text: str) -> str:
    """Plain, in one line, composed, so that two spellings of the same text are equal."""
    return " ".join(unicodedata.normalize("NFC", plain(text)).split())


def _contains(text: str, answer: str, *, wanted: bool) -> Verdict:
    says = _words(text) in _words(answer)
    verb = "says" if says else "doesn't say"
    return Verdict(says == wanted, (f"{verb} “{text}”",))


def _matches(
    pattern: str, meaning: str | None, answer: str, until: float, *, wanted: bool
) -> Verdict:
    meaning = meaning or f"matches “{pattern}”"
    left_s = until - time.thread_time()
    try:
        if left_s <= 0:
            raise TimeoutError
        match = regex.search(pattern, usual(answer), timeout=left_s)
    except TimeoutError:
        return Verdict(False, (f"can't be judged: “{pattern}” takes longer than {MAX_S:g} s",))
    if match is None:
        return Verdict(not wanted, (f"nothing in it {meaning}",))
    text = " ".join(match[0].split())
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return Verdict(wanted, (f"{meaning}: “{shown}”" if shown else meaning,))


def _number(check: NumberIs, answer: str) -> Verdict:
    beside = {value for value in check.beside if not _is(check, value)}
    said = conclusion(answer, beside=beside, others=check.others, one=_is(check, 1))
    wanted = _digits(check.number)
    named = any(_is(check, value) for value in said.stated)
    wrong = [_digits(value) for value in said.stated + said.guessed if not _is(check, value)]
    if said.refuses:
        return Verdict(False, ("says that it can't answer",))
    if any(_is(check, value) for value in said.denied):
        return Verdict(False, (f"denies {wanted}",))
    if named and not wrong:
        return Verdict(True, (f"names {wanted}",))
    if named:
        return Verdict(False, (f"names {_listed(wrong)} as well as {wanted}",))
    if any(_is(check, value) for value in said.guessed):
        return Verdict(False, (f"doesn't settle on {wanted}",))
    instead = f"; it names {_listed(wrong)}" if wrong else ""
    return Verdict(False, (f"doesn't name {wanted}{instead}",))


def _is(check: NumberIs, value: float) -> bool:
    return abs(value - check.number) <= check.tolerance + 1e-9 * abs(check.number)


def _digits(value: float) -> str:
    if abs(value) >= 1e15:
        return f"{value:g}"
    return f"{int(value):,}" if value == int(value) else f"{value:,.10g}"


def _listed(texts: list[str]) -> str:
    return listed(texts if len(texts) < 5 else [*texts[:3], "others"])


def _one_of(texts: tuple[str, ...], answer: str) -> Verdict:
    said = _bare(answer)
    for text in texts:
        if _bare(text) == said:
            return Verdict(True, (f"is “{text}”",))
    known = " or ".join(f"“{text}”" for text in texts)
    return Verdict(False, (f"isn't {known} alone",))


def _bare(text: str) -> str:
    return _words(text).strip(" \"'.,:;!()[]-")


def _json(check: Json, answer: str) -> Verdict:
    lines = answer.strip().splitlines()
    fenced = lines[0].startswith("```") and lines[-1] == "```"
    text = "\n".join(lines[1:-1] if fenced else lines)
    try:
        parsed = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        at = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        return Verdict(False, (f"isn't JSON alone{at}",))
    if not isinstance(parsed, dict):
        return Verdict(False, ("is JSON, but not an object",))
    if missing := [key for key in check.json_keys if key not in parsed]:
        return Verdict(False, (f"is JSON without {_listed([f'“{key}”' for key in missing])}",))
    for key, value in check.values.items():
        if not _equal(parsed[key], value):
            return Verdict(False, (f"has something else than {value!r} in “{key}”",))
    return Verdict(True, (f"is JSON with {_listed([f'“{key}”' for key in check.json_keys])}",))


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _equal(value: object, wanted: str | int | float | bool) -> bool:
    if isinstance(wanted, str):
        return isinstance(value, str) and _words(value) == _words(wanted)
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _length(check: Length, answer: str) -> Verdict:
    kept, broken = [], []
    for unit, count in COUNTS.items():
        least, most = getattr(check, f"min_{unit}"), getattr(check, f"max_{unit}")
        if least is None and most is None:
            continue
        n = count(answer)
        said = f"has {plural(n, unit.removesuffix('s'))}"
        if least is not None and n < least:
            broken.append(f"{said}, fewer than {least:,}")
        elif most is not None and n > most:
            broken.append(f"{said}, more than {most:,}")
        else:
            kept.append(said)
    return Verdict(not broken, tuple(broken or kept))


_VIETNAMESE = regex.compile(
    r"[đĐ]|[\u0309\u0323\u031b]|[\u0302\u0306][\u0300\u0301\u0303]|[\u0300\u0301\u0303][\u0302\u0306]"
)
"""in a text whose marks stand apart (NFD)"""


def _script(check: ScriptIs, answer: str) -> Verdict:
    letters = len(regex.findall(r"\p{L}", answer))
    if not letters:
        return Verdict(False, ("has no letters",))
    script = "Latin" if check.script == "Vietnamese" else check.script
    share = len(regex.findall(rf"(?=\p{{L}})\p{{Script={script}}}", answer)) / letters
    said = f"{share:.0%} of its letters are {script}"
    if share < check.share:
        return Verdict(False, (said,))
    if check.script != "Vietnamese":
        return Verdict(True, (said,))
    words = regex.findall(r"[\p{L}\p{M}]+", unicodedata.normalize("NFD", answer))
    marked = sum(1 for word in words if _VIETNAMESE.search(word)) / len(words)
    return Verdict(marked >= 0.2, (f"{marked:.0%} of its words have Vietnamese marks",))
