"""What a text concludes about a number that is asked for. Knows English and nothing of checks or models."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

import regex

from compare.gallery.numerals import Number, in_unit, joined, mark_operands, numbers_in, plain

_SENTENCE = regex.compile(r"(?:[^.!?;\n]|[.!?;](?=\S))*+[.!?;]?")
_BREAK = regex.compile(r"[,;:()–—]|\b(?:but|and|so|then|therefore|rather|instead)\b")
_BEFORE = regex.compile(r"(?r)[,;:–—]|\b(?:but|so|then|therefore)\b")
_BEFORE_BUT_COLON = regex.compile(r"(?r)[,;–—]|\b(?:but|so|then|therefore)\b")
_NOT = r"\b(?:not|never|neither|nor|nobody|none|cannot|rather than|instead of)\b|n't\b"
_DENIES = regex.compile(rf"{_NOT}|\bno\W*$")
_WRONG_BEFORE = regex.compile(r"\b(?:wrong|incorrect|false|untrue)\b[^,;.]*$")
_DENIED_AFTER = regex.compile(rf"{_NOT}|\b(?:wrong|incorrect|false|impossible|too)\b")
_OF_THE_NEXT = regex.compile(rf"(?:{_NOT})\W*$")
_HEDGES = regex.compile(
    r"\b(?:maybe|perhaps|possibly|might|may (?:be|have)|could (?:be|have)|either|between|unlikely)\b"
    r"|(?<!\b(?:no|without|without a|any) )\bdoubt"
    r"|\b(?:(?:more|less|older|younger|greater|fewer|higher|lower|larger|smaller) than|over|under|above"
    r"|below|at least|at most|up to|nearly|almost)\W*$"
)
_OR = regex.compile(r"[\s\w$€£%°,()]{0,24}?\bor\b(?:\s+\w+){0,2}?\W{1,6}")
_REFUSES = regex.compile(
    r"\b(?:i|we)(?: am|'m|'re| are)? (?:do not|don't|cannot|can not|can't|could not|couldn't|will not"
    r"|won't|unable to|not able to|refuse to)(?: \w+)? (?:know|answer|help|say|tell|determine|calculate"
    r"|compute|solve|provide|give|assist|find|do|have (?:enough|the))\b"
    r"|\bnot sure\b|\bno idea\b|\b(?:impossible|not possible|unable) to (?:say|tell|know|determine"
    r"|calculate|answer|find|solve)\b"
    r"|\bcan(?:not|'t| not) be (?:determined|known|calculated|answered|solved)\b"
    r"|\b(?:not enough|insufficient) information\b"
)
_CONCLUDES = regex.compile(
    r"\b(?:answer|therefore|thus|hence|so|conclusion|finally|altogether|in total|wait|actually|correction"
    r"|correctly|the correct \w+)\b|####|boxed|∴"
)
_ASIDE_AFTER = regex.compile(
    r"[\s-]*(?:%|percent|per cent)|(?:\s+\w+){0,3}?\s+(?:more|less|fewer|older|younger|higher|lower|cheaper"
    r"|greater|larger|smaller|longer|shorter|heavier|lighter) than\b"
)
"""a share, or a difference"""
_VERB = (
    r"(?:is|was|are|has|had|have|costs?|gets?|got|receives?|takes?|lasts?|prints?|outputs?|gives?|equals?"
    r"|comes? to|(?:must|will|would|should) (?:be|cost|get|have|take|print|receive)|becomes?|=)"
)
_CUT = regex.compile(r"[\p{L},+×*/=(-]\s*$")
_REPLACED = regex.compile(
    r"(?r)\bbut (?:the (?:correct|right|real|actual|true)|actually|in fact|it is really)\b|\bno, "
)
"""what stands before it in a sentence is taken back"""
_PARENTHESIS = regex.compile(r",\s(?:being|who|which|as|since|at)\b[^,]*,")
_CALLED_ANSWER = regex.compile(r"\b(?:answer|result|boxed)\b(?:\s+is|\s+would be)?[^\p{L}\d]*$")
_AND = regex.compile(r"\s*(?:,|and|&|,\s*and)\s*")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a text says about a number that is asked for; each number once, in their order."""

    claimed: tuple[float, ...] = ()
    """of the very thing asked"""
    stated: tuple[float, ...] = ()
    """as its conclusion, claimed or not"""
    guessed: tuple[float, ...] = ()
    """there, or after it"""
    denied: tuple[float, ...] = ()
    """there, or after it"""
    refuses: bool = False
    cut: bool = False
    """it ends in the middle of a sentence that has stated nothing yet"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of the number that is asked for."""

    of: tuple[str, ...] = ()
    """what has it: John"""
    others: tuple[str, ...] = ()
    """whose numbers don't count: Sarah"""
    beside: Collection[float] = ()
    """numbers that may be named as well, such as the question's own"""
    unit: str | None = None
    """seconds, minutes or hours; what is said in another of them is converted"""
    one: bool = False
    """whether “one” is a number rather than a pronoun"""


def conclusion(text: str, asked: Asked) -> Conclusion:
    """What the text concludes.

    Read sentence by sentence, without questions and without numbering of lists. Not stated are: what is
    denied in its clause (“it is not 26”, “26 is wrong”), what is only guessed (“it might be 26”, “more
    than 26”), what is calculated with (2 and 13 in “2 × 13 = 26”), what is said of others (“Sarah is
    13”), shares and differences where another number is there too (“5 less than before”), and the
    numbers beside the answer, unless the text calls one the answer, offers it with “or”, or concludes
    it of the thing asked (“so John is 10”).

    Where the last sentence that states a number draws a conclusion (“so”, “therefore”, “the answer
    is”), or a claim of the thing asked follows it, what stands before it doesn't count; otherwise every
    number that is stated counts.
    """
    text = _prepared(plain(text))
    sentences = [_read(each, asked) for each in _SENTENCE.findall(text) if each.strip()]
    if not any(here.stated or here.beside for here in sentences):
        for here in sentences:
            here.stated = here.asides
    last = claimed = 0
    for i, here in enumerate(sentences):
        if here.stated and here.concludes:
            last, claimed = i, bool(here.claimed)
        elif here.claimed:
            claimed = True
        elif here.stated and not claimed:
            last = 0
    counted = sentences[last:]
    first = next((i for i, here in enumerate(counted) if here.claimed), 0)
    return Conclusion(
        claimed=_each(here.claimed for here in counted),
        stated=_each(here.stated for here in counted),
        guessed=_each(here.guessed for here in counted[first:]),
        denied=_each(here.denied for here in counted),
        refuses=_REFUSES.search(text) is not None,
        cut=len(sentences) > 1 and _is_cut(sentences[-1]),
    )


@dataclass(slots=True)
class _Sentence:
    text: str
    concludes: bool
    claimed: list[float]
    stated: list[float]
    guessed: list[float]
    denied: list[float]
    asides: list[float]
    beside: list[float]


def _is_cut(last: _Sentence) -> bool:
    return _CUT.search(last.text) is not None and not last.stated


def _read(sentence: str, asked: Asked) -> _Sentence:
    """What one sentence says; nothing where it asks."""
    here = _Sentence(sentence, _CONCLUDES.search(sentence) is not None, [], [], [], [], [], [])
    if sentence.rstrip().endswith("?"):
        return here
    of_asked, of_others, belongs = (
        _said_of(asked.of),
        _said_of(asked.others),
        _belongs_to(asked.others),
    )
    numbers = numbers_in(sentence)
    if asked.unit:
        numbers = in_unit(sentence, numbers, asked.unit)
    mark_operands(sentence, numbers)
    numbers = [each for each in numbers if not each.operand and (asked.one or not each.pronoun)]
    claims: list[bool] = []
    replaced = _REPLACED.search(sentence)
    taken_back = replaced.start() if replaced else 0
    for i, number in enumerate(numbers):
        value = number.value
        before, after = _clause(sentence, number, numbers[i + 1 : i + 2])
        subject = _subject(sentence, number)
        if number.end <= taken_back or (
            of_others and (of_others.search(subject) or belongs.match(after))
        ):
            claims.append(False)
            continue
        answer = _called_answer(sentence, number)
        listed = i > 0 and claims[-1] and joined(sentence, numbers[i - 1], number, _AND)
        claimed = answer or listed or bool(of_asked and of_asked.search(subject))
        claims.append(claimed)
        counts = answer or listed or (claimed and here.concludes) or _offered(sentence, numbers, i)
        if _denied(sentence, number, before, after):
            here.denied.append(value)
        elif _ASIDE_AFTER.match(sentence, number.end):
            here.asides.append(value)
        elif value in asked.beside and not counts:
            here.beside.append(value)
        elif _HEDGES.search(before):
            here.guessed.append(value)
        else:
            here.stated.append(value)
            if claimed:
                here.claimed.append(value)
    return here


def _each(found: Iterable[list[float]]) -> tuple[float, ...]:
    return tuple(dict.fromkeys(value for values in found for value in values))


def _prepared(text: str) -> str:
    """Without numbering; LaTeX and the letter x as operators; a colon's line joined to the next."""
    text = regex.sub(r"\\(?:times|cdot)\b", "×", text)
    text = regex.sub(r"\\(?:text|mathrm|mathbf)\b", "", text)
    text = regex.sub(r"(?<=\d)\s?x\s?(?=\d)", " × ", text)
    text = regex.sub(r"\bstep \d+\b", "step", text)
    lines, count = [], 0
    for line in text.split("\n"):
        numbered = regex.match(r"[\s#]*\(?(\d{1,2})[.):]\s+(?=\S)", line)
        if numbered and int(numbered[1]) in (count + 1, 1):
            count = int(numbered[1])
            line = f"- {line[numbered.end() :]}"
        lines.append(line)
    text = regex.sub(
        r"(?m)(?<=[\p{L}\d])[^\S\n]*\n[^\S\n]*(?=\d+[^\S\n]*$)", _joining, "\n".join(lines)
    )
    return regex.sub(r":[^\S\n]*\n\s*(?![-•*\s])", ": ", text)


def _joining(end: regex.Match) -> str:
    """A line that is a number alone continues the one before: as a list after a number."""
    return ", " if end.string[end.start() - 1].isdigit() else " "


def _clause(sentence: str, number: Number, following: list[Number]) -> tuple[str, str]:
    """What stands before a number and behind it in its clause, and before the next number."""
    begin = max(0, number.start - 200)
    broken = _BEFORE.search(sentence, begin, number.start)  # from the right
    before = sentence[broken.end() if broken else begin : number.start]
    end = following[0].start if following else len(sentence)
    after = sentence[number.end : min(end, number.end + 200)]
    if following:
        after = _OF_THE_NEXT.sub("", after)
    stop = _BREAK.search(after)
    return before, after[: stop.start()] if stop else after


def _subject(sentence: str, number: Number) -> str:
    """The clause before a number with its subject: over a colon, and without what stands between commas."""
    before = _PARENTHESIS.sub(" ", sentence[max(0, number.start - 200) : number.start])
    broken = _BEFORE_BUT_COLON.search(before)
    return before[broken.end() :] if broken else before


def _denied(sentence: str, number: Number, before: str, after: str) -> bool:
    wrong = _WRONG_BEFORE.search(sentence, max(0, number.start - 200), number.start)
    return bool(_DENIES.search(before) or _DENIED_AFTER.search(after) or wrong)


def _called_answer(sentence: str, number: Number) -> bool:
    return _CALLED_ANSWER.search(sentence, max(0, number.start - 80), number.start) is not None


def _offered(sentence: str, numbers: list[Number], i: int) -> bool:
    """Whether a number stands beside another with “or” between."""
    return (i > 0 and joined(sentence, numbers[i - 1], numbers[i], _OR)) or (
        i + 1 < len(numbers) and joined(sentence, numbers[i], numbers[i + 1], _OR)
    )


@lru_cache
def _said_of(names: tuple[str, ...]) -> regex.Pattern | None:
    """“sarah is …”, “sarah's age = …”, up to the end of a clause in which no other verb follows."""
    if not names:
        return None
    known = "|".join(regex.escape(plain(name)) for name in names)
    filler = rf"(?:\s+(?!{_VERB}\b)[\w']+){{0,6}}?"
    nothing_else = r"(?:(?!\b(?:is|was|are|has|and|sum|from|of)\b).)*$"
    return regex.compile(rf"\b(?:{known})(?:\s*\($|(?:'s)?{filler}\s*(?:{_VERB}|:){nothing_else})")


@lru_cache
def _belongs_to(names: tuple[str, ...]) -> regex.Pattern | None:
    """“26 is sarah's age”."""
    if not names:
        return None
    known = "|".join(regex.escape(plain(name)) for name in names)
    return regex.compile(rf"\W*(?:(?:is|=|was|for|as)\s+)(?:the \w+ of )?(?:{known})\b")
