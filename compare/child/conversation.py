"""Messages as a model's template takes them: as texts or as parts, with what it wants and leaves out.

Each content is tried with a number in its place, which shows whether the template puts it into the prompt.
Where a template takes nothing, this says who is to blame. Knows no token.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compare.child.llama import EngineError
from compare.child.sandbox import Refusal, TemplateFault
from compare.child.template import Roles, Template, given
from compare.protocol.requests import Message

_PARTS = tuple(map(frozenset, ((), ("user",), ("user", "system"), ("user", "system", "assistant"))))
"""Whose contents may have to be parts; the first that serves is taken."""
NO_SYSTEM = "The template leaves out the system prompt."
NO_HISTORY = "The template leaves out earlier turns of the conversation."
CHANGED = "The template changes the prompt's text; All measures shows it as the model read it."
DATED = "The template writes the date: on another day the same seed may give another text."
EMPTY_SYSTEM = "The template wants a system prompt; it got an empty one."
_BROKEN = "The file's template is broken; use another file of this model."


@dataclass(frozen=True, slots=True)
class Written:
    """Messages in a template, ready for the answer to follow."""

    text: str
    tried: str
    """the same with a number in the place of each content"""
    messages: tuple[Message, ...]
    """as they were asked, or with what the template needs besides"""
    parts: Roles
    """whose contents were given as parts"""
    notices: tuple[str, ...] = ()


def written(template: Template, messages: tuple[Message, ...]) -> Written:
    """The messages as this template takes them. Raises EngineError."""
    try:
        return _attempt(template, messages)
    except TemplateFault as fault:
        return _otherwise(template, messages, fault)


def _attempt(template: Template, messages: tuple[Message, ...]) -> Written:
    parts, tried, left_out = _contents(template, messages)
    text = template.write(messages, parts)
    said = {
        NO_SYSTEM: any(message.role == "system" for message in left_out),
        NO_HISTORY: any(message.role != "system" for message in left_out),
        CHANGED: messages[-1].content.strip() not in text,
        DATED: any(date.strip() and date in text for date in template.dates),
    }
    return Written(
        text, tried, messages, parts, tuple(each for each, is_so in said.items() if is_so)
    )


def _contents(template: Template, messages: Sequence[Message]) -> tuple[Roles, str, list[Message]]:
    """The roles whose contents it takes as parts, what it writes of numbers in their places, and the messages
    that it leaves out all the same.
    """
    tried = numbered(messages)
    best = fault = None
    for parts in _PARTS:
        try:
            text = template.write(tried, parts)
        except TemplateFault as error:
            fault = error if not parts else fault
            continue
        holds = [_holds(text, message, parts) for message in tried]
        left_out = [m for m, is_there in zip(messages, holds, strict=True) if not is_there]
        if not left_out:
            return parts, text, []
        if best is None and holds[-1]:
            best = parts, text, left_out
    if best is None:
        raise fault or _without_prompt(template)
    return best


def numbered(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with a number for each text: digits pass through whatever a template does to letters."""
    return tuple(
        replace(message, content=str(10**11 + secrets.randbelow(9 * 10**11)))
        if message.content.strip()
        else message
        for message in messages
    )


def _holds(text: str, tried: Message, parts: Roles) -> bool:
    """Whether the content is there, and not within a list that was printed as one."""
    content = given(tried, parts)
    listed = content if isinstance(content, list) else []
    printed = any(repr(part) in text or json.dumps(part) in text for part in listed)
    return tried.content in text and not printed


def _without_prompt(template: Template) -> EngineError:
    if template.name is None:
        return EngineError(f"This model's prompt template leaves out the prompt.\n{_BROKEN}")
    return EngineError(
        f"This model's prompt template is only a name, “{template.name[:60]}”, which llama.cpp doesn't "
        "know.\nUse another file of this model."
    )


def _otherwise(template: Template, messages: tuple[Message, ...], fault: TemplateFault) -> Written:
    """What the template takes instead; or who is to blame, as an EngineError."""
    system = messages[: messages[0].role == "system"]
    turns = messages[len(system) :]
    if system and _taken(template, turns):
        what = "refuses" if isinstance(fault, Refusal) else "can't be applied with"
        raise EngineError(
            f"This model's prompt template {what} a system prompt ({fault}).\n"
            "Empty the system prompt, or write it into the prompt itself."
        ) from fault
    if not system and (found := _taken(template, (Message("system", ""), *turns))):
        return replace(found, notices=(EMPTY_SYSTEM, *found.notices))
    if not system and _taken(template, (Message("system", "Answer."), *turns)):
        raise EngineError(
            f"This model's prompt template needs a system prompt ({fault}).\nSet a system prompt."
        ) from fault
    if len(turns) > 1 and _taken(template, system + turns[-1:]):
        raise EngineError(
            f"This model's prompt template refuses a conversation of several turns ({fault}).\n"
            "Ask the last question alone."
        ) from fault
    raise broken(fault) from fault


def broken(fault: TemplateFault) -> EngineError:
    what = "refuses this prompt" if isinstance(fault, Refusal) else "can't be applied"
    return EngineError(f"This model's prompt template {what} ({fault}).\n{_BROKEN}")


def _taken(template: Template, messages: tuple[Message, ...]) -> Written | None:
    """As `_attempt`, but None where the template doesn't take them so."""
    try:
        return _attempt(template, messages)
    except (TemplateFault, EngineError):
        return None
