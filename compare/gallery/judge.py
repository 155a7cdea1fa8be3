"""Whether an answer holds what a check asks for, with the reason in words.

Whatever the answer, it ends soon and without an error. Knows nothing of prompts, files or models.
"""

import json
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import islice

import regex

from compare.gallery import python, sql
from compare.gallery.checks import (
    COUNTS,
    MAX_CHARACTERS,
    AllOf,
    AnyOf,
    Check,
    Contains,
    Form,
    Json,
    Length,
    Matches,
    NotContains,
    NotMatches,
    NotSays,
    NumberIs,
    OneOf,
    Python,
    Says,
    ScriptIs,
    Sql,
    form,
    substance,
)
from compare.gallery.conclusion import Asked, conclusion
from compare.gallery.numerals import plain, usual
from compare.gallery.wordings import NOT, chosen, negated, said
from compare.numbers import listed, plural

MAX_S = 0.5
"""for all regular expressions of one answer together, in seconds"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two marks for an answer, and why it has them."""

    substance: bool | None
    """whether what it says is right; None where a person must judge"""
    reasons: tuple[str, ...]
    form: bool | None = None
    """whether it is said as was asked; None where no form was asked for, or only a person can tell"""
    form_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mark:
    passed: bool | None
    reasons: tuple[str, ...]


def judge(check: Check | None, answer: str) -> Verdict:
    """The marks that the check gives the answer. Whatever the answer: it ends soon, without error.

    A check that asks for nothing but form has it for its substance.
    """
    if check is None:
        return Verdict(None, ("there is no check",))
    if not answer.strip():
        return Verdict(False, ("is empty",))
    if len(answer) > MAX_CHARACTERS:
        return Verdict(
            None, (f"has {len(answer):,} characters; more than {MAX_CHARACTERS:,} aren't judged",)
        )
    answer, until = unicodedata.normalize("NFC", answer), time.thread_time() + MAX_S
    asked, in_form = substance(check), form(check)
    mark = _judge(asked, answer, until) if asked else None
    shaped = _judge(in_form, answer, until, of_form=True) if in_form else None
    if mark is None:
        return Verdict(shaped.passed, shaped.reasons, shaped.passed, shaped.reasons)
    if shaped is None:
        return Verdict(mark.passed, mark.reasons)
    return Verdict(mark.passed, mark.reasons, shaped.passed, shaped.reasons)


def _judge(check, answer: str, until: float, *, of_form: bool = False) -> _Mark:
    match check:
        case AllOf(all=parts):
            return _all([_judge(part, answer, until, of_form=of_form) for part in parts])
        case AnyOf(any=parts):
            return _any([_judge(part, answer, until, of_form=of_form) for part in parts])
        case Form(form=part):
            return _judge(part, answer, until, of_form=True)
        case Contains(contains=text):
            return _contains(text, answer, wanted=True)
        case NotContains(not_contains=text):
            return _contains(text, answer, wanted=False)
        case Says(says=wordings, meaning=meaning):
            return _found(said(wordings, answer), meaning or f"says “{wordings[0]}”", wanted=True)
        case NotSays(not_says=wordings, meaning=meaning):
            return _found(said(wordings, answer), meaning or f"says “{wordings[0]}”", wanted=False)
        case Matches(matches=pattern, meaning=meaning):
            return _matches(pattern, meaning, answer, until, wanted=True)
        case NotMatches(not_matches=pattern, meaning=meaning):
            return _matches(pattern, meaning, answer, until, wanted=False)
        case NumberIs():
            return _number(check, answer)
        case OneOf():
            return (_alone if of_form else _one_of)(check, answer)
        case Json():
            return (_json_alone if of_form else _json)(check, answer)
        case Python():
            return _python(check, answer)
        case Sql():
            return _sql(check, answer)
        case Length():
            return _length(check, answer)
        case ScriptIs():
            return _script(check, answer)
    raise TypeError(f"{check!r} is no check")


def _all(marks: list[_Mark]) -> _Mark:
    passed = False if any(m.passed is False for m in marks) else None
    if all(mark.passed for mark in marks):
        passed = True
    return _Mark(passed, _reasons(marks, passed))


def _any(marks: list[_Mark]) -> _Mark:
    passed = None if any(m.passed is None for m in marks) else False
    if any(mark.passed for mark in marks):
        passed = True
    return _Mark(passed, _reasons(marks, passed))


def _reasons(marks: list[_Mark], passed: bool | None) -> tuple[str, ...]:
    """Why it came out so, each reason once; what wasn't found in a right answer only where nothing was."""
    reasons = dict.fromkeys(r for mark in marks if mark.passed is passed for r in mark.reasons)
    found = [reason for reason in reasons if not reason.startswith(NOT)]
    return tuple(found if passed and found else reasons)


def _words(text: str) -> str:
    """Plain, in one line, composed, so that two spellings of the same text are equal."""
    return " ".join(unicodedata.normalize("NFC", plain(text)).split())


def _contains(text: str, answer: str, *, wanted: bool) -> _Mark:
    there = _words(text) in _words(answer)
    return _found("" if there else None, f"says “{text}”", wanted=wanted)


def _matches(
    pattern: str, meaning: str | None, answer: str, until: float, *, wanted: bool
) -> _Mark:
    left_s = until - time.thread_time()
    try:
        if left_s <= 0:
            raise TimeoutError
        match = regex.search(pattern, usual(answer), timeout=left_s)
    except TimeoutError:
        return _Mark(None, (f"can't be judged: “{pattern}” takes longer than {MAX_S:g} s",))
    return _found(match and match[0], meaning or f"matches “{pattern}”", wanted=wanted)


def _found(text: str | None, meaning: str, *, wanted: bool) -> _Mark:
    """A mark for what was found, None being nothing; `meaning` says what an answer does that has it."""
    if text is None:
        return _Mark(not wanted, (negated(meaning),))
    text = " ".join(text.split())
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return _Mark(wanted, (f"{meaning}: “{shown}”" if shown else meaning,))


def _number(check: NumberIs, answer: str) -> _Mark:
    beside = {value for value in check.beside if not _is(check, value)}
    asked = Asked(check.of, check.others, beside, check.unit, one=_is(check, 1))
    said = conclusion(answer, asked)
    wanted = _digits(check.number)
    counted = said.claimed or said.stated
    named = any(_is(check, value) for value in counted)
    wrong = [_digits(value) for value in counted + said.guessed if not _is(check, value)]
    if said.refuses and not said.claimed:
        return _Mark(False, ("says that it can't answer",))
    if any(_is(check, value) for value in said.denied):
        return _Mark(False, (f"denies {wanted}",))
    if named and said.cut and not said.claimed:
        return _Mark(False, (f"is cut off before it concludes that it is {wanted}",))
    if named and not wrong:
        return _Mark(True, (f"names {wanted}",))
    if named:
        return _Mark(False, (f"names {_listed(wrong)} as well as {wanted}",))
    if any(_is(check, value) for value in said.guessed):
        return _Mark(False, (f"doesn't settle on {wanted}",))
    instead = f"; it names {_listed(wrong)}" if wrong else ""
    return _Mark(False, (f"doesn't name {wanted}{instead}",))


def _is(check: NumberIs, value: float) -> bool:
    return abs(value - check.number) <= check.tolerance + 1e-9 * abs(check.number)


def _digits(value: float) -> str:
    if abs(value) >= 1e15:
        return f"{value:g}"
    return f"{int(value):,}" if value == int(value) else f"{value:,.10g}"


def _listed(texts: list[str]) -> str:
    return listed(texts if len(texts) < 5 else [*texts[:3], "others"])


def _one_of(check: OneOf, answer: str) -> _Mark:
    if alone := _same(check.one_of, answer):
        return _Mark(True, (f"is “{alone}”",))
    named, rivals = chosen(answer, check.one_of, check.others, check.about)
    if named and rivals:
        return _Mark(False, (f"says “{rivals[0]}” as well as “{named[0]}”",))
    if named:
        return _Mark(True, (f"says “{named[0]}”",))
    instead = f"; it says “{rivals[0]}”" if rivals else ""
    return _Mark(False, (f"doesn't say “{check.one_of[0]}”{instead}",))


def _alone(check: OneOf, answer: str) -> _Mark:
    if alone := _same(check.one_of, answer):
        return _Mark(True, (f"is “{alone}” alone",))
    known = " or ".join(f"“{text}”" for text in check.one_of)
    return _Mark(False, (f"isn't {known} alone",))


def _same(texts: tuple[str, ...], answer: str) -> str | None:
    said = _bare(answer)
    return next((text for text in texts if _bare(text) == said), None)


def _bare(text: str) -> str:
    return _words(text).strip(" \"'.,:;!()[]-")


def _python(check: Python, answer: str) -> _Mark:
    name = check.python
    try:
        function = python.function(answer, name)
        for case in check.cases:
            gives = python.call(function, case.of)
            if type(gives) is not type(case.gives) or gives != case.gives:
                given = ", ".join(map(repr, case.of))
                return _Mark(False, (f"{name}({given}) gives {gives!r}, not {case.gives!r}",))
    except python.NoFunction as error:
        return _Mark(False, (str(error),))
    except python.TooMuch as error:
        return _Mark(None, (f"can't be worked out here: {error}",))
    return _Mark(True, (f"{name} gives what it should",))


def _sql(check: Sql, answer: str) -> _Mark:
    try:
        rows = sql.rows(check.sql, answer)
    except sql.NoQuery as error:
        return _Mark(False, (str(error),))
    if Counter(rows) != Counter(check.rows):
        return _Mark(False, ("its rows aren't those that are asked for",))
    return _Mark(True, ("its rows are those that are asked for",))


def _json_alone(check: Json, answer: str) -> _Mark:
    lines = answer.strip().splitlines()
    fenced = lines[0].startswith("```") and lines[-1] == "```"
    text = "\n".join(lines[1:-1] if fenced else lines)
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        at = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        return _Mark(False, (f"isn't JSON alone{at}",))
    return _Mark(True, ("is JSON alone",))


def _json(check: Json, answer: str) -> _Mark:
    parsed = _object(answer)
    if parsed is None:
        return _Mark(False, ("has no JSON object",))
    if missing := [key for key in check.json_keys if key not in parsed]:
        return _Mark(False, (f"is JSON without {_listed([f'“{key}”' for key in missing])}",))
    for key, value in check.values.items():
        wanted = value if isinstance(value, tuple) else (value,)
        if not any(_equal(parsed[key], each) for each in wanted):
            return _Mark(False, (f"has something else than {wanted[0]!r} in “{key}”",))
    return _Mark(True, (f"is JSON with {_listed([f'“{key}”' for key in check.json_keys])}",))


MAX_BRACES = 50
"""tried as the beginning of a JSON object"""


def _object(answer: str) -> dict | None:
    """The first JSON object in it."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    for brace in islice(regex.finditer(r"\{", answer), MAX_BRACES):
        try:
            parsed, _ = decoder.raw_decode(answer, brace.start())
        except (ValueError, RecursionError):
            continue
        return parsed
    return None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _equal(value: object, wanted: str | int | float | bool | None) -> bool:
    if isinstance(wanted, str):
        return isinstance(value, str) and _words(value) == _words(wanted)
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _length(check: Length, answer: str) -> _Mark:
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
    return _Mark(not broken, tuple(broken or kept))


_VIETNAMESE = regex.compile(
    r"[đĐ]|[\u0309\u0323\u031b]|[\u0302\u0306][\u0300\u0301\u0303]|[\u0300\u0301\u0303][\u0302\u0306]"
)
"""in a text whose marks stand apart (NFD)"""


def _script(check: ScriptIs, answer: str) -> _Mark:
    letters = len(regex.findall(r"\p{L}", answer))
    if not letters:
        return _Mark(False, ("has no letters",))
    script = "Latin" if check.script == "Vietnamese" else check.script
    share = len(regex.findall(rf"(?=\p{{L}})\p{{Script={script}}}", answer)) / letters
    said = f"{share:.0%} of its letters are {script}"
    if share < check.share:
        return _Mark(False, (said,))
    if check.script != "Vietnamese":
        return _Mark(True, (said,))
    words = regex.findall(r"[\p{L}\p{M}]+", unicodedata.normalize("NFD", answer))
    marked = sum(1 for word in words if _VIETNAMESE.search(word)) / len(words)
    return _Mark(marked >= 0.2, (f"{marked:.0%} of its words have Vietnamese marks",))
