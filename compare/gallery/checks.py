"""What a right answer must hold: the kinds of checks, as prompts write them.

A check says what can be seen in the text, never more: without one, a person must judge. Most ask for an
answer's substance; lengths and what stands under `form` ask for its form, `one_of` and `json_keys` for
both.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

MAX_CHARACTERS = 20_000
"""of an answer; a longer one isn't judged"""
MAX_REPEATS = 100_000
"""of a regular expression: its counts multiplied, since {50} in {50} in {50} in {50} compiles for seconds"""


class _Kind(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Text = Annotated[str, Field(min_length=1, max_length=1000)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=MAX_CHARACTERS)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1, max_length=100, strict=False)]
Names = Annotated[tuple[Text, ...], Field(max_length=100, strict=False)]
Plain = str | int | float | bool | None
Plains = Annotated[tuple[Plain, ...], Field(strict=False)]


def _compiles(pattern: str) -> str:
    repeats = 1
    for counts in regex.findall(r"\{([\d,]{1,20})\}", pattern):
        repeats *= max((int(count) for count in counts.split(",") if count), default=1) or 1
    if repeats > MAX_REPEATS:
        raise ValueError(f"its counts multiply to {repeats:,}; at most {MAX_REPEATS:,} are allowed")
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_compiles)]


class Contains(_Kind):
    """The text stands somewhere in the answer, in any case, within a word too."""

    contains: Text


class NotContains(_Kind):
    not_contains: Text


class Says(_Kind):
    """One of these wordings stands in the answer, in the English of a sentence; `wordings.py` has the rule.

    A word may be one of several (no/zero moons) or a beginning (glid*), … stands for up to five words of
    the same clause, and “can't” is “can not”.
    """

    says: Texts
    meaning: Text | None = None


class NotSays(_Kind):
    """None of these wordings stands in the answer; `meaning` is what an answer would say that has one."""

    not_says: Texts
    meaning: Text | None = None


class Matches(_Kind):
    """A regular expression of the `regex` package is found in the answer; (?i) for any case.

    Quotes, hyphens and letters of full width are the usual ones there. `meaning` stands for the
    expression in reasons: says that snakes don't fly.
    """

    matches: Pattern
    meaning: Text | None = None


class NotMatches(_Kind):
    """The regular expression is found nowhere; `meaning` is what an answer would say that has it."""

    not_matches: Pattern
    meaning: Text | None = None


class NumberIs(_Kind):
    """The answer states this number and no other as its conclusion; `conclusion.py` has the rule.

    `beside`: numbers that a right answer may name as well, such as the question's own. `others`: whose
    numbers don't count (“Sarah is 13” doesn't say how old John is). `of`: what has the number; what is
    said of it counts more than what else is named. `unit`: of a time; other units are converted. An answer
    that refuses, or denies or only guesses the number, doesn't pass, and neither does one that leaves it
    open which of several it means, or is cut off before it concludes.
    """

    number: Number
    tolerance: Annotated[Number, Field(ge=0)] = 0
    beside: Annotated[tuple[Number, ...], Field(max_length=100, strict=False)] = ()
    others: Names = ()
    of: Names = ()
    unit: Literal["seconds", "minutes", "hours"] | None = None


class OneOf(_Kind):
    """The answer is one of these, and none of the `others`, such as the other boxes.

    In form, it is that and nothing else, apart from case, quotes, emphasis and the full stop. `about`: words
    of the sentence that answers (lightest), where an answer names others before.
    """

    one_of: Texts
    others: Names = ()
    about: Names = ()


class Json(_Kind):
    """The answer has a JSON object with these keys; in form, with nothing around it but a code fence.

    `values`: what some of the keys must hold, or a list of what they may hold; texts in any case.
    """

    json_keys: Texts
    values: dict[str, Plain | Plains] = {}

    @model_validator(mode="after")
    def _values_have_keys(self) -> Self:
        if unknown := sorted(set(self.values) - set(self.json_keys)):
            raise ValueError(f"values names {unknown[0]!r}, which is not in json_keys")
        return self


class Case(_Kind):
    """What a function returns for these arguments."""

    of: Annotated[tuple[Any, ...], Field(max_length=10, strict=False)]
    gives: Any


class Python(_Kind):
    """The answer defines a Python function of this name that returns what the cases ask for.

    It is worked out as far as it is arithmetic, lists and loops; `python.py` says how. Where it is more, a
    person must judge.
    """

    python: Annotated[str, Field(pattern=r"^[a-z_]\w{0,59}$")]
    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=20, strict=False)]


class Sql(_Kind):
    """The answer's SQL query gives these rows, in any order, from the tables that `sql` makes (SQLite)."""

    sql: Annotated[str, Field(min_length=1, max_length=4000)]
    rows: Annotated[tuple[Plains, ...], Field(max_length=100, strict=False)]


class Length(_Kind):
    """How long the answer is, in form. Sentences end with . ! ? or …; lines without text don't count."""

    min_words: Count | None = None
    max_words: Count | None = None
    min_characters: Count | None = None
    max_characters: Count | None = None
    min_sentences: Count | None = None
    max_sentences: Count | None = None
    min_lines: Count | None = None
    max_lines: Count | None = None

    @model_validator(mode="after")
    def _limits_agree(self) -> Self:
        for unit in COUNTS:
            least, most = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if least is not None and most is not None and least > most:
                raise ValueError(f"min_{unit} is more than max_{unit}")
        return self


Script = Literal[
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek", "Han", "Hangul",
    "Hebrew", "Hiragana", "Katakana", "Latin", "Tamil", "Thai", "Vietnamese",
]  # fmt: skip


class ScriptIs(_Kind):
    """At least the `share` of the answer's letters are of this script.

    Vietnamese is Latin with its marks: at least a fifth of the words have one that other languages lack
    (đ, ơ, ư, a hook above, a dot below, or a tone over a circumflex or breve).
    """

    script: Script
    share: Annotated[Number, Field(gt=0, le=1)] = 0.8


def _not_empty(values: object) -> object:
    if not values:
        raise ValueError("needs at least one check")
    return values


Checks = Annotated[
    tuple["Check", ...], Field(max_length=20, strict=False), BeforeValidator(_not_empty)
]


class Form(_Kind):
    """What this check asks for is form: how it is said, not what."""

    form: "Check"


class AllOf(_Kind):
    all: Checks


class AnyOf(_Kind):
    any: Checks


_KINDS: dict[str, type[_Kind]] = {
    "contains": Contains,
    "not_contains": NotContains,
    "says": Says,
    "not_says": NotSays,
    "matches": Matches,
    "not_matches": NotMatches,
    "number": NumberIs,
    "one_of": OneOf,
    "json_keys": Json,
    "python": Python,
    "sql": Sql,
    "script": ScriptIs,
    "form": Form,
    "all": AllOf,
    "any": AnyOf,
}
KINDS = (*_KINDS, "min_… and max_words, _characters, _sentences, _lines")
"""The words by which a table is known for a check."""


def _kind(value: object) -> str | None:
    if isinstance(value, _Kind):
        value = value.model_fields_set
    elif not isinstance(value, Mapping):
        return None
    kinds = [name for name in _KINDS if name in value]
    if not kinds and any(name in Length.model_fields for name in value):
        kinds = ["length"]
    return kinds[0] if kinds else None


Check = Annotated[
    Annotated[Contains, Tag("contains")]
    | Annotated[NotContains, Tag("not_contains")]
    | Annotated[Says, Tag("says")]
    | Annotated[NotSays, Tag("not_says")]
    | Annotated[Matches, Tag("matches")]
    | Annotated[NotMatches, Tag("not_matches")]
    | Annotated[NumberIs, Tag("number")]
    | Annotated[OneOf, Tag("one_of")]
    | Annotated[Json, Tag("json_keys")]
    | Annotated[Length, Tag("length")]
    | Annotated[ScriptIs, Tag("script")]
    | Annotated[Python, Tag("python")]
    | Annotated[Sql, Tag("sql")]
    | Annotated[Form, Tag("form")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")],
    Discriminator(
        _kind,
        custom_error_type="unknown_check",
        custom_error_message=f"There is no such check. Known: {', '.join(KINDS)}",
    ),
]
Form.model_rebuild()
AllOf.model_rebuild()
AnyOf.model_rebuild()


def substance(check: Check) -> Check | None:
    """What of a check asks for the substance; None where nothing does."""
    match check:
        case Length() | Form():
            return None
        case AllOf() | AnyOf():
            return _of_parts(check, substance)
    return check


def form(check: Check) -> Check | None:
    """What of a check asks for the form; None where nothing does."""
    match check:
        case Length() | OneOf() | Json():
            return check
        case Form(form=part):
            return part
        case AllOf() | AnyOf():
            return _of_parts(check, form)
    return None


def _of_parts(check: AllOf | AnyOf, asks: Callable[[Check], Check | None]) -> Check | None:
    """What of its parts asks for the one or the other."""
    name = "all" if isinstance(check, AllOf) else "any"
    kept = tuple(filter(None, map(asks, getattr(check, name))))
    return type(check)(**{name: kept}) if kept else None


COUNTS = {
    "words": lambda text: len(regex.findall(r"[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*", text)),
    "characters": lambda text: len(text.strip()),
    "sentences": lambda text: len(regex.findall(r"\w[^.!?…]*(?:[.!?…]+|$)", _no_points(text))),
    "lines": lambda text: sum(1 for line in text.splitlines() if line.strip()),
}


def _no_points(text: str) -> str:
    """Without points that end no sentence: 3.5, e.g., 1. at the start of a line."""
    return regex.sub(r"(?<=\w)\.(?=\w)|^[^\S\n]*\d+\.(?=\s)", "", text, flags=regex.MULTILINE)
