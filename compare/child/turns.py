"""How the user's next turn begins in a template, and by which texts a model that plays the user is known.

From what the template writes of a conversation, not from a list of names. Knows no token: whoever asks has
put a letter of its own for each control token.
"""

from collections.abc import Sequence
from itertools import product

from compare.child.conversation import Written, numbered
from compare.child.sandbox import TemplateFault
from compare.child.template import Roles, Template
from compare.protocol.requests import Message

_TURNS = (Message("user", "?"), Message("assistant", "!"), Message("user", "?"))
_MARK_LETTERS, _MARK_SIGNS = 4, 2
"""A mark has at least so many letters, and so many of them that are no part of words."""


def next_turn(template: Template, found: Written) -> tuple[str, str]:
    """What the template writes behind an answer: how that ends, and how the user's next turn begins.

    Of a template that writes only the last message, the line before it. Empty where it tells neither.
    """
    system = found.messages[: found.messages[0].role == "system"]
    question, answer, follow = numbered(_TURNS)
    for before, parts in product(dict.fromkeys(((), system)), _shapes(found.parts)):
        text = _tried(template, (*before, question, answer, follow), parts)
        _, _, rest = text.partition(answer.content)
        between, followed, _ = rest.partition(follow.content)
        if followed:
            text = _tried(template, (*before, question, answer), parts, asks=False)
            return _halves(between, text.rpartition(answer.content)[2])
    for before in dict.fromkeys(((), system)):
        head, asked, _ = _tried(template, (*before, question), found.parts).partition(
            question.content
        )
        if asked:
            return "", head[head.rstrip().rfind("\n") + 1 :]
    return "", ""


def _shapes(parts: Roles) -> tuple[Roles, ...]:
    """Where the user's contents are given as parts, an answer's may have to be, too."""
    return (parts, parts | {"assistant"}) if parts else (parts,)


def _tried(
    template: Template, messages: Sequence[Message], parts: Roles, *, asks: bool = True
) -> str:
    try:
        return template.write(messages, parts, asks=asks)
    except TemplateFault:
        return ""


def _halves(between: str, ending: str) -> tuple[str, str]:
    """What ends an answer, and what begins the next turn: the last line, where an answer that nothing follows
    ends otherwise.
    """
    last_line = between.rstrip().rfind("\n") + 1
    n = len(ending) if between.startswith(ending) else last_line
    return between[:n], between[n:]


def stops(ends: str, begins: str, own: str) -> tuple[str, ...]:
    """The texts that can only be the next turn: its first line, however the answer before it ends.

    `own`: the letters that stand for control tokens, which no other text holds. A line that could well stand
    within an answer (“Q:”) must begin one there, too.
    """
    first = line(begins)
    if not set(first) - set(own):
        first = begins.strip()  # a control token alone may also end what isn't the answer yet
    before = begins[: begins.find(first)]
    if _in_words(first, own):  # “user” begins “username”
        first = begins[len(before) :][: len(first) + 1]
    found = []
    if any(letter.isalpha() or letter in own for letter in first) and not _in_words(first, own):
        whole = ends + before + first
        found.append(first if is_mark(first, own) else f"\n{first}")
        if whole[0].isspace() or is_mark(whole, own):
            found.append(whole)
    if is_mark(end := ends.strip(), own) and not set(end) & set(own):
        found.append(end)
    return tuple(dict.fromkeys(found))


def line(text: str) -> str:
    """The first line of a text that isn't blank."""
    return text.strip().partition("\n")[0].rstrip()


def _in_words(text: str, own: str) -> bool:
    """Whether a word that goes on could begin with its end."""
    return text[-1:].isalnum() and not set(text) & set(own)


def is_mark(text: str, own: str = "") -> bool:
    """Whether it is a mark wherever it stands: `<|user|>`, `### User:`, `USER:`, but not `User:`."""
    if set(text) & set(own):
        return True
    body = text.rstrip().removesuffix(":")
    signs = sum(not (letter.isalnum() or letter.isspace()) for letter in body)
    shouts = body.isupper() and body != text.rstrip()
    is_long = len(body) >= _MARK_LETTERS and (signs >= _MARK_SIGNS or shouts)
    return is_long and any(letter.isalpha() for letter in body)
