"""What is asked, as the model reads it: messages in a template, to the token, and how the answer may end.

Knows which template serves a file without one, and what a person must be told of it all; nothing of engines,
events and samplers.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from compare.child import switch, turns
from compare.child.conversation import broken, written
from compare.child.llama import MARK, EngineError, Model
from compare.child.sandbox import TemplateFault, within_limits
from compare.child.template import Template
from compare.child.tokens import (
    NONCHARACTERS,
    Place,
    marks_in,
    masked,
    places,
    stray,
    tokens,
    words,
)
from compare.protocol.requests import Generate

BY_NAME = "The file's template is only a name, “{}”: llama.cpp's own of that name was used."
AS_CHATML = "The file has no chat template: it was asked in ChatML, whose marks its vocabulary has."
AS_PLAIN = "The file has no chat template: it was asked in plain words, as “Q: … A:”."
NOT_TEXT = "To this model “{}”, which was asked, is a mark of its own and can't be text."
NEXT_TURN = (
    "The answer ends where the model went on with “{}”, with which its template begins the next turn; "
    "“Keep what follows” (--raw) shows the rest."
)
_CHATML = "<|im_start|>", "<|im_end|>"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NextTurn:
    """How a model is known to go on as the user: texts, in which a letter may stand for a control token."""

    stops: Mapping[str, str] = field(default_factory=dict)
    """each with what it is to a person"""
    letters: Mapping[int, str] = field(default_factory=dict)
    """by token; none of them is shown"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked, once as tokens and once as a text."""

    tokens: list[int]
    text: str
    stops: tuple[str, ...]
    """what was asked to end the answer; a fallback template's own included, where that was used"""
    next_turn: NextTurn
    """empty where what follows is to be kept"""
    notices: tuple[str, ...]
    unswitched: tuple[str, ...] = ()
    """those of the notices that say how thinking can't be switched as it is asked for"""


def prompt(
    model: Model,
    request: Generate,
    interrupted: Callable[[], str | None] = lambda: None,
) -> Prompt:
    """The messages in the file's own template, or in the request's; with one token at their beginning.

    `interrupted`: why to end it, once there is a reason. Raises EngineError, and Interrupted.
    """

    def limited(act: Callable[[], T]) -> T:
        try:
            return within_limits(act, interrupted)
        except TemplateFault as fault:
            raise broken(fault) from fault

    template, stops, notices = _template(model, request)
    thinking = limited(lambda: _switched(template, request))
    template, notices = replace(template, values=thinking.variables), notices + thinking.notices
    found = limited(lambda: written(template, request.messages))
    following = ("", "") if request.raw else limited(lambda: turns.next_turn(template, found))
    held: list[Place] = []
    if mistaken := words(model, found.messages, found.tried):
        again = partial(template.write, parts=found.parts)
        held = limited(lambda: places(mistaken, found.messages, again, found.text))
    begun, text, held = _begun(model, found.text, held)
    ids = tokens(model, text, held)
    notices += found.notices
    said = "".join(message.content for message in found.messages).lower()
    strays = (word for word in stray(model, ids, found.tried) if word.lower() in said)
    notices += tuple(map(NOT_TEXT.format, strays))
    if begun:
        ids, text = [model.bos, *ids], model.spelled(model.bos) + text
    if not ids:
        raise EngineError(
            "The prompt has no tokens once its template is applied.\nWrite a longer prompt."
        )
    return Prompt(ids, text, stops, _next_turn(model, *following, stops), notices, thinking.notices)


def _switched(template: Template, request: Generate) -> switch.Choice:
    """What the template is to be given, so that the model thinks as it is asked to."""

    def tried(values: Mapping[str, Any]) -> str | None:
        with suppress(EngineError):
            return written(replace(template, values=values), request.messages).text
        return None

    return switch.choose(template.source, request.thinking, tried)


def _template(model: Model, request: Generate) -> tuple[Template, tuple[str, ...], tuple[str, ...]]:
    """The template, what ends an answer, and what is to be said of it."""

    def template(source: str) -> Template:
        return Template(source, model.spelled(model.bos), model.spelled(model.eos))

    if model.template is not None:
        own = template(model.template)
        return own, request.stop, (BY_NAME.format(own.name),) if own.name else ()
    if request.guessed and all(len(list(marks_in(model, mark))) == 1 for mark in _CHATML):
        return template("chatml"), request.stop, (AS_CHATML,)
    notices = (AS_PLAIN,) if request.guessed else ()
    return template(request.template), request.stop + request.template_stop, notices


def _begun(model: Model, text: str, held: list[Place]) -> tuple[bool, str, list[Place]]:
    """Whether it begins with the token for that, and the rest, in which the places are those of `held`.

    Blanks before it, and it twice, are slips of a template's.
    """
    bos = re.escape(model.spelled(model.bos))
    begun = re.match(rf"([\s\ufeff]*{bos})+", masked(text, held)) if bos else None
    n = begun.end() if begun else 0
    rest = [(begin - n, end - n) for begin, end in held]
    return bool(bos) and (model.adds_bos or n > 0), text[n:], rest


def _next_turn(model: Model, ends: str, begins: str, asked: tuple[str, ...]) -> NextTurn:
    """By tokens where these are control tokens, and by the same in plain words; what ends an answer anyway is
    left out.
    """
    letters: dict[int, str] = {}
    own = "".join(NONCHARACTERS)
    by_tokens = turns.stops(_lettered(model, ends, letters), _lettered(model, begins, letters), own)
    spelled = {letter: model.spelled(token) for token, letter in letters.items()}
    stops = {stop: "".join(spelled.get(each, each) for each in stop) for stop in by_tokens}
    every = {**stops, **{said: said for said in stops.values()}}
    return NextTurn(
        {stop: " ".join(said.split()) for stop, said in every.items() if stop not in asked}, letters
    )


def _lettered(model: Model, text: str, letters: dict[int, str]) -> str:
    """The text with a letter for each control token; only what follows one that ends an answer anyway, or
    that begins a text where what follows is mark enough.
    """
    parts, at = [], 0
    for mark in marks_in(model, text):
        begins_text = mark.token == model.bos and turns.is_mark(turns.line(text[mark.end :]))
        if model.piece(mark.token) is None or begins_text:
            parts, at = [], mark.end
        elif model.attributes(mark.token) & MARK and len(letters) < len(NONCHARACTERS):
            letter = letters.setdefault(mark.token, NONCHARACTERS[len(letters)])
            parts += text[at : mark.begin], letter
            at = mark.end
    return "".join((*parts, text[at:]))
