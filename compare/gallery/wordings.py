"""Whether an English text says something in one of several wordings, and which of several names it gives.

Knows nothing of checks, prompts or models.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from compare.gallery.numerals import plain

NOT = ("isn't ", "doesn't ")
"""how a reason begins that says what wasn't found"""

_LONG_FORMS = (
    (r"\bcan(?:'t|not)\b", "can not"), (r"\bwon't\b", "will not"), (r"n't\b", " not"), (r"'m\b", " am"),
    (r"'re\b", " are"), (r"'ve\b", " have"), (r"'ll\b", " will"),
    (r"\b(mrs|mr|ms|dr)\.", r"\1"),
    (r"\b(it|that|there|here|he|she|what|this)'s\b", r"\1 is"),
    (r"[\"()\[\]]", ""), (r"[^\S\n]+", " "),
)  # fmt: skip
_DEFINED = (
    r"(?(DEFINE)(?P<filler>(?:(?:"
    r"actually|really|ever|just|also|simply|even|typically|naturally|physically|currently|in fact|truly"
    r"|generally|usually|necessarily|literally|personally|directly|definitively|explicitly|clearly"
    r"|specifically|the|a|an|any|be|able to) ){0,3}))"
)
"""Said once a pattern: to stand between any two words it would have to be compiled for each."""
_FILLER = "(?&filler)"
_STAR = "\ue000"
"""for the star of a wording, which would be an emphasis"""
_GAP = r"(?:[\w'/-]+ ){0,5}?"


def spelt_out(text: str) -> str:
    """Plain text with the long forms of short ones: “can't” and “cannot” are “can not”."""
    text = plain(text)
    for short, long in _LONG_FORMS:
        text = regex.sub(short, long, text)
    return text


def said(wordings: Collection[str], text: str) -> str | None:
    """The first of the wordings that is found in the text, as it stands there; None where none is.

    Between the words of a wording may stand words without weight (actually, ever, the); “a/b” is either
    word, “glid*” any that begins so, “…” up to five words. No wording reaches over a comma or a line's end.
    """
    found = _pattern(tuple(wordings)).search(spelt_out(text))
    return found and found[0]


@lru_cache(maxsize=500)
def _pattern(wordings: tuple[str, ...]) -> regex.Pattern:
    choices = "|".join(rf"\b(?:{_one(wording)})" for wording in wordings)
    return regex.compile(f"{_DEFINED}(?:{choices})")


def _one(wording: str) -> str:
    parts: list[str] = []
    for word in spelt_out(wording.replace("*", _STAR)).split():
        if word == "…":
            parts.append(_GAP)
            continue
        choices = "|".join(
            regex.escape(each.rstrip(_STAR)) + (r"[\w'-]*" if each.endswith(_STAR) else r"\b")
            for each in word.split("/")
        )
        parts.append(f"(?:{choices})")
        parts.append(f" {_FILLER}")
    return "".join(parts).removesuffix(f" {_FILLER}")


def negated(meaning: str) -> str:
    """“begins with yes”: “doesn't begin with yes”."""
    verb, _, rest = meaning.partition(" ")
    if verb in ("is", "has"):
        return f"isn't {rest}" if verb == "is" else f"doesn't have {rest}"
    stem = regex.sub(r"(?<=ss|sh|ch|x)es$|(?<=[^s])s$", "", regex.sub(r"ies$", "ys", verb))
    return f"doesn't {stem} {rest}".rstrip()


@dataclass(frozen=True, slots=True)
class _Mention:
    name: str
    right: bool
    sentence: int
    start: int
    end: int


_SENTENCES = regex.compile(r"(?:[^.!?\n]|[.!?](?=\S))++[.!?]*")
_CLAUSE = regex.compile(r"(?r)[,;:–—]|\b(?:but|so|then|therefore|because|since|as)\b")
_DENIES = regex.compile(r"\b(?:not|never|neither|nor|rather than|instead of|unlike|than)\b")
_DENIED = regex.compile(
    r"\s*(?:\w+ )?(?:is|was|are|would be|can be|does|do) (?:not|wrong|incorrect)\b"
)
_CONCLUDES = regex.compile(
    r"\b(?:therefore|thus|hence|so|the (?:correct |final )?answer|in conclusion|wait|actually)\b"
)
_JOINED = regex.compile(r"[\s,/&]*(?:or|and)?(?: (?:the|a|possibly|maybe|perhaps))*[\s\"']*")
_QUESTION = regex.compile(r"\?\s*$")


def chosen(
    text: str, names: Collection[str], others: Collection[str], about: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the names a text gives as its answer, and which of the others; both where it joins them.

    The answer stands in the last sentence that draws a conclusion and names one of them, else in the first
    if that is a name alone, else in the first that has a word of `about`, else in the first that names one;
    it is the first there that isn't denied.
    """
    sentences = [s for s in _SENTENCES.findall(spelt_out(text)) if not _QUESTION.search(s)]
    known = {spelt_out(name): (name, False) for name in others}
    known |= {spelt_out(name): (name, True) for name in names}
    mentions = [m for i, s in enumerate(sentences) for m in _mentions(i, s, known)]
    if not mentions:
        return (), ()
    naming = list(dict.fromkeys(mention.sentence for mention in mentions))
    concluding = [i for i in naming if _CONCLUDES.search(sentences[i])]
    topic = [spelt_out(word) for word in about]
    on_topic = [i for i in naming if any(word in sentences[i] for word in topic)]
    alone = [i for i in naming[:1] if sentences[i].strip(" \"'.,:;!-") in known]
    at = (concluding[-1:] or alone or on_topic or naming)[0]
    here = [mention for mention in mentions if mention.sentence == at]
    picked = here[:1]
    for before, mention in pairwise(here):
        if _JOINED.fullmatch(sentences[at], before.end, mention.start) is None:
            break
        picked.append(mention)
    return (
        tuple(dict.fromkeys(mention.name for mention in picked if mention.right)),
        tuple(dict.fromkeys(mention.name for mention in picked if not mention.right)),
    )


def _mentions(at: int, sentence: str, known: Mapping[str, tuple[str, bool]]) -> list[_Mention]:
    """What a sentence mentions of the known and doesn't deny, in order; each is a name, and right or not."""
    pattern = "|".join(map(regex.escape, sorted(known, key=len, reverse=True)))
    found = []
    for match in regex.finditer(rf"(?<![\w'])(?:{pattern})(?!\w|'s)", sentence):
        begin = max(0, match.start() - 200)
        broken = _CLAUSE.search(sentence, begin, match.start())
        clause = sentence[broken.end() if broken else begin : match.start()]
        if not _DENIES.search(clause) and not _DENIED.match(sentence, match.end()):
            name, right = known[match[0]]
            found.append(_Mention(name, right, at, match.start(), match.end()))
    return found
