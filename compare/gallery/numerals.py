"""The numbers that a text states as its conclusion. Knows English and nothing of checks or models.

Numbers are read in digits of any script (commas, thin and no-break spaces group thousands, a point
begins decimals) and in English words. Commas without three digits behind them separate numbers.
"""

from collections.abc import Collection, Iterator
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
_SENTENCE = regex.compile(r"(?:[^.!?;\n]|[.!?;](?=\S))*+[.!?;]?")
_BREAK = regex.compile(r"[,;:()–—]|\b(?:but|and|so|then|therefore|rather|instead)\b")
_BEFORE = regex.compile(r"(?r)[,;:–—]|\b(?:but|so|then|therefore)\b")
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
    r"\b(?:answer|therefore|thus|hence|so|conclusion|finally|altogether|in total)\b|####|boxed|∴"
)
_CALLED_ANSWER = regex.compile(r"\b(?:answer|result|boxed)\b(?:\s+is|\s+would be)?[^\p{L}\d]*$")
_OPERATOR = regex.compile(
    r"[\s\w$€£%°)]{0,24}?(?:[-+*×÷/·–]|\bplus\b|\bminus\b|\btimes\b|\b(?:multiplied|divided) by\b)\W{0,6}"
)
_EQUALS = regex.compile(
    r"[\s\w$€£%°)]{0,24}?(?:=|≈|→|\bequals\b|\bis\b|\bmakes\b|\bgives\b)\W{0,6}(?:boxed\W{1,3})?"
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


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a text says about a number that is asked for; each number once, in their order."""

    stated: tuple[float, ...] = ()
    """as its conclusion"""
    guessed: tuple[float, ...] = ()
    """there, or after it"""
    denied: tuple[float, ...] = ()
    """anywhere"""
    refuses: bool = False


@dataclass(slots=True)
class _Number:
    value: float
    start: int
    end: int
    operand: bool = False
    pronoun: bool = False


def conclusion(
    text: str,
    *,
    beside: Collection[float] = (),
    others: Collection[str] = (),
    one: bool = False,
) -> Conclusion:
    """What the text concludes.

    Read sentence by sentence, without questions and without numbering of lists. Not stated are: what is
    denied in its clause (“it is not 26”, “26 is wrong”), what is only guessed (“it might be 26”, “more
    than 26”), what is calculated with (2 and 13 in “2 × 13 = 26”), what is said of `others` (“Sarah is
    13”), and the numbers `beside` the answer, such as the question's own, unless the text calls one the
    answer or offers it with “or”. The word “one” is a number only where `one` is true, and a pronoun
    otherwise.

    Where the last sentence that states a number draws a conclusion (“so”, “therefore”, “the answer
    is”), what stands before it doesn't count; otherwise every number that is stated counts.
    """
    text = _prepared(plain(text))
    of_others, belongs = _said_of(others), _belongs_to(others)
    sentences: list[dict[str, list[float]]] = []
    last = 0
    for sentence in _SENTENCE.findall(text):
        if sentence.rstrip().endswith("?"):
            continue
        here: dict[str, list[float]] = {"stated": [], "guessed": [], "denied": []}
        numbers = _numbers(sentence)
        _mark_operands(sentence, numbers)
        numbers = [each for each in numbers if not each.operand and (one or not each.pronoun)]
        for i, number in enumerate(numbers):
            before, after = _clause(sentence, number, numbers[i + 1 : i + 2])
            if of_others and (of_others.search(before) or belongs.match(after)):
                continue
            if _denied(sentence, number, before, after):
                here["denied"].append(number.value)
            elif number.value in beside and not _offered(sentence, numbers, i):
                continue
            else:
                here["guessed" if _HEDGES.search(before) else "stated"].append(number.value)
        sentences.append(here)
        if here["stated"] and _CONCLUDES.search(sentence):
            last = len(sentences) - 1
        elif here["stated"]:
            last = 0
    return Conclusion(
        stated=_each(sentences[last:], "stated"),
        guessed=_each(sentences[last:], "guessed"),
        denied=_each(sentences, "denied"),
        refuses=_REFUSES.search(text) is not None,
    )


def _each(sentences: list[dict[str, list[float]]], kind: str) -> tuple[float, ...]:
    return tuple(dict.fromkeys(value for here in sentences for value in here[kind]))


def _prepared(text: str) -> str:
    """Without numbering; LaTeX and the letter x as operators; a colon's line joined to the next."""
    text = regex.sub(r"\\(?:times|cdot)\b", "×", text)
    text = regex.sub(r"\\(?:text|mathrm|mathbf)\b", "", text)
    text = regex.sub(r"(?<=\d)\s?x\s?(?=\d)", " × ", text)
    text = regex.sub(r":[^\S\n]*\n\s*", ": ", text)
    text = regex.sub(r"\bstep \d+\b", "step", text)
    lines, count = [], 0
    for line in text.split("\n"):
        numbered = regex.match(r"\s*\(?(\d{1,2})[.):]\s+(?=\S)", line)
        if numbered and int(numbered[1]) == count + 1:
            count += 1
            line = line[numbered.end() :]
        lines.append(line)
    return "\n".join(lines)


def _numbers(sentence: str) -> list[_Number]:
    numbers: list[_Number] = []
    for match in _NUMBER.finditer(sentence):
        if match["words"]:
            numbers += _in_words(match["words"], match.start())
        elif not match["ordinal"]:
            digits = _GROUPING.sub("", match["digits"])
            scale = 1000 if match["scale"] == "k" else _SCALES.get(match["scale"], 1)
            made = _Number(float(digits) * scale, match.start(), match.end())
            made.operand = bool(match["power"])
            numbers.append(made)
    return numbers


def _in_words(text: str, start: int) -> Iterator[_Number]:
    """twenty-six; one hundred and five; but “five six” are two numbers, and “one” alone is a pronoun."""
    whole, part, last = 0, None, ""
    begun = ended = start
    names: list[str] = []

    def made() -> _Number:
        return _Number(float(whole + (part or 0)), begun, ended, pronoun=names == ["one"])

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


def _mark_operands(sentence: str, numbers: list[_Number]) -> None:
    """Both sides of an operator, where the calculation has an equals sign before or behind it."""
    i = 0
    while i < len(numbers):
        j = i
        while j + 1 < len(numbers) and _joined(sentence, numbers[j], numbers[j + 1], _OPERATOR):
            j += 1
        if j > i:
            behind = j + 1 < len(numbers) and _joined(sentence, numbers[j], numbers[j + 1], _EQUALS)
            before = i > 0 and _joined(sentence, numbers[i - 1], numbers[i], _EQUALS)
            for number in numbers[i : j + 1] if behind or before else ():
                number.operand = True
        i = j + 1


def _joined(sentence: str, one: _Number, other: _Number, by: regex.Pattern) -> bool:
    return by.fullmatch(sentence, one.end, other.start) is not None


def _clause(sentence: str, number: _Number, following: list[_Number]) -> tuple[str, str]:
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


def _denied(sentence: str, number: _Number, before: str, after: str) -> bool:
    wrong = _WRONG_BEFORE.search(sentence, max(0, number.start - 200), number.start)
    return bool(_DENIES.search(before) or _DENIED_AFTER.search(after) or wrong)


def _offered(sentence: str, numbers: list[_Number], i: int) -> bool:
    """Whether a number is called the answer, or stands beside another with “or” between."""
    number = numbers[i]
    return (
        _CALLED_ANSWER.search(sentence, max(0, number.start - 80), number.start) is not None
        or (i > 0 and _joined(sentence, numbers[i - 1], number, _OR))
        or (i + 1 < len(numbers) and _joined(sentence, number, numbers[i + 1], _OR))
    )


def _said_of(names: Collection[str]) -> regex.Pattern | None:
    """“sarah is …”, “sarah's age = …”, up to the end of a clause in which no other verb follows."""
    if not names:
        return None
    known = "|".join(regex.escape(plain(name)) for name in names)
    verb = r"(?:is|was|has|had|gets|got|must be|will be|would be|=|:)"
    filler = r"(?:\s+(?:also|now|thus|therefore|currently|who))?"
    nothing_else = r"(?:(?!\b(?:is|was|are|has|and)\b).)*$"
    return regex.compile(
        rf"\b(?:{known})(?:\s*\($|(?:'s(?:\s+\w+)?)?{filler}\s*{verb}{nothing_else})"
    )


def _belongs_to(names: Collection[str]) -> regex.Pattern | None:
    """“26 is sarah's age”."""
    if not names:
        return None
    known = "|".join(regex.escape(plain(name)) for name in names)
    return regex.compile(rf"\W*(?:(?:is|=|was|for|as)\s+)(?:the \w+ of )?(?:{known})\b")
