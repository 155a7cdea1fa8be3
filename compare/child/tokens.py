"""A prompt's text as tokens: control tokens where the template wrote them, text where a person did.

Knows no template: whoever asks can write the messages anew.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from compare.child.llama import CONTROL, DEFINED, LSTRIP, MARK, RSTRIP, Model
from compare.child.sandbox import TemplateFault
from compare.protocol.requests import Message

NONCHARACTERS = tuple(map(chr, range(0xFDD0, 0xFDF0)))
"""Letters that no text holds: Unicode keeps them for a program's own use."""
_BLANKS = " \t\n\v\f\r"

Place = tuple[int, int]
"""Where a word begins and ends in a text."""


class Mark(NamedTuple):
    """A token that stands in a text as a whole, and where."""

    token: int
    begin: int
    end: int


def marks_in(model: Model, text: str) -> Iterator[Mark]:
    """The control tokens and the defined ones, in their order, as llama.cpp finds them in a text."""
    at = 0
    for token in model.tokenize(text):
        if model.attributes(token) & (MARK | DEFINED):
            word = model.spelled(token)
            if (begin := text.find(word, at)) >= 0:
                at = begin + len(word)
                yield Mark(token, begin, at)


def words(model: Model, messages: Sequence[Message], tried: str) -> set[str]:
    """What the messages hold that would be read as control tokens, or as the template's own marks.

    `tried`: what the template writes of other contents.
    """
    own = {
        word
        for mark in marks_in(model, tried)
        if model.attributes(mark.token) & DEFINED and (word := tried[mark.begin : mark.end]).strip()
    }
    found = set()
    for message in messages:
        rest = message.content
        while here := _control_words(model, rest) | {word for word in own if word in rest}:
            found |= here
            rest = _any_of(here).sub(NONCHARACTERS[0], rest)  # what it hid may be one, too
    return found


def _control_words(model: Model, text: str) -> set[str]:
    control = {token for token in set(model.tokenize(text)) if model.attributes(token) & CONTROL}
    return {word for token in control if (word := model.spelled(token)) and word in text}


def places(
    found: set[str],
    messages: Sequence[Message],
    write: Callable[[Sequence[Message]], str],
    text: str,
) -> list[Place]:
    """Where those words of the messages stand in `text`, which `write` made of them.

    Each is written once more with a letter beside it that no text holds. None where the template does
    something else then.
    """
    beside = next((letter for letter in NONCHARACTERS if letter not in text), None)
    for behind in (True, False) if beside else ():
        marked = r"\g<0>" + beside if behind else beside + r"\g<0>"
        contents = (_any_of(found).sub(marked, message.content) for message in messages)
        try:
            shown = write([replace(m, content=c) for m, c in zip(messages, contents, strict=True)])
        except TemplateFault:
            continue
        if shown.replace(beside, "") == text:
            return list(_beside(found, text, shown.split(beside), behind))
    return []


def _beside(found: set[str], text: str, parts: list[str], behind: bool) -> Iterator[Place]:
    at = 0
    for part in parts[:-1]:
        at += len(part)
        for word in sorted(found, key=len, reverse=True):
            begin = at - len(word) if behind else at
            if begin >= 0 and text.startswith(word, begin):
                yield begin, begin + len(word)
                break


def _any_of(found: set[str]) -> re.Pattern:
    return re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True))))


def tokens(model: Model, text: str, held: Sequence[Place]) -> list[int]:
    """The tokens of a text in which those words are only text that stand in the places `held`."""
    if not held:
        return model.tokenize(text)
    marks = list(marks_in(model, masked(text, held)))
    ids = []
    for left, right in pairwise([None, *marks, None]):
        begin = left.end if left else 0
        between = text[begin : right.begin if right else len(text)]
        # As llama.cpp does between two tokens.
        if left and model.attributes(left.token) & RSTRIP:
            between, begin = _without_blanks(between, begin)
        if right and model.attributes(right.token) & LSTRIP:
            between = between.rstrip(_BLANKS)
        words = [text[b:e] for b, e in held if begin <= b < begin + len(between)]
        ids += _plain(model, between, words) + ([right.token] if right else [])
    return ids


def masked(text: str, held: Sequence[Place]) -> str:
    """The text with a letter that no token has for each that is held."""
    letters = list(text)
    for begin, end in held:
        letters[begin:end] = NONCHARACTERS[0] * (end - begin)
    return "".join(letters)


def _without_blanks(text: str, begin: int) -> tuple[str, int]:
    rest = text.lstrip(_BLANKS)
    return rest, begin + len(text) - len(rest)


def _plain(model: Model, text: str, words: Sequence[str]) -> list[int]:
    """The tokens of a text without control tokens. A defined token is looked for all the same: those of
    `words` are cut behind their first letter, where the vocabulary lets two texts be joined.
    """
    ids = model.tokenize(text, special=False)
    defined = {model.spelled(token) for token in set(ids) if model.attributes(token) & DEFINED}
    if not (mine := defined & set(words)):
        return ids
    parts = _any_of(mine).sub(lambda word: word[0][0] + NONCHARACTERS[0] + word[0][1:], text)
    cut = [
        token
        for part in parts.split(NONCHARACTERS[0])
        for token in model.tokenize(part, special=False)
    ]
    return cut if _written(model, cut) == _written(model, ids) else ids


def _written(model: Model, ids: Sequence[int]) -> bytes:
    return b"".join(model.piece(token) or b"" for token in ids)


def stray(model: Model, ids: Sequence[int], tried: str) -> list[str]:
    """The marks among a prompt's tokens that its template didn't write; `tried`: all that it writes."""
    own = Counter(model.tokenize(tried))
    return [
        word
        for token in Counter(ids) - own
        if (kind := model.attributes(token)) & MARK or (kind & DEFINED and token in own)
        if (word := model.spelled(token)).strip()
    ]
