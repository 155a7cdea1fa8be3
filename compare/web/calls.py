"""What a program or the page sends to one of the app's functions, read before Gradio keeps a copy of it.

Nothing but what is checked here is handed on. Pure.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KNOWN = "What can be called stands in /gradio_api/info."
UNFORESEEN = "Something unforeseen happened here. Load the page anew, and try again."
MAX_VALUES = 1000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CALLED = re.compile(r"/gradio_api/(queue/join|(run|api|call|call/v2)/([^/]+))/?")


class Refusal(Exception):
    """Why a request isn't let in: a sentence, and HTTP's status for it."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of the app's functions, as it can be asked for."""

    name: str
    number: int
    public: bool
    """whether programs may call it; else the page alone"""


@dataclass(frozen=True, slots=True)
class Call:
    """What is handed on of a call."""

    endpoint: Endpoint
    session: str | None
    body: bytes


Find = Callable[[str | int], Endpoint | None]
"""Finds an endpoint by its name or its number."""


def is_call(path: str) -> bool:
    return _CALLED.fullmatch(path) is not None


def call(path: str, raw: bytes, find: Find, *, by_page: bool) -> Call:
    """The call that a request to this path is. Raises Refusal."""
    joined, way, name = _CALLED.fullmatch(path).groups()
    body = read(raw)
    number = body.get("fn_index") if joined == "queue/join" or way in ("run", "api") else None
    if number is not None and type(number) is not int:
        raise Refusal(400, f"fn_index is {_shown(number)}. It must be a whole number.")
    asked = number if number is not None else name
    endpoint = find(asked) if asked is not None else None
    if endpoint is None or not (endpoint.public or by_page):
        raise Refusal(404, f"There is no endpoint {_shown(asked)} here. {KNOWN}")
    session = session_of(body, needed=joined == "queue/join")
    if way == "call/v2":
        _check(list(body.values()), endpoint)
        return Call(endpoint, session, written(body))
    data = body.get("data")
    if not isinstance(data, list):
        raise Refusal(400, f"data is {_shown(data)}. It must be a list of values. {KNOWN}")
    _check(data, endpoint)
    kept = {"data": data, "session_hash": session}
    if way not in ("call", "call/v2"):
        kept |= {"fn_index": endpoint.number, "trigger_id": _number(body.get("trigger_id"))}
    return Call(endpoint, session, written(kept))


def read(raw: bytes) -> dict[str, Any]:
    """A body of JSON. Raises Refusal where it is none, or no object, or holds what is no text or number."""
    try:
        body = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body of the request is no JSON that can be read here.") from None
    if not isinstance(body, dict):
        raise Refusal(400, f"The body is {_shown(body)}. It must be a JSON object. {KNOWN}")
    return body


def written(body: dict[str, Any]) -> bytes:
    """The same, as it is handed on. Raises Refusal for halves of a letter, which no text holds."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, "The body holds what is no text, or too large a number.") from None


def session_of(body: dict[str, Any], *, needed: bool) -> str | None:
    """The visitor's session. Raises Refusal."""
    session = body.get("session_hash")
    if session is None and not needed:
        return None
    return identifier(session, "session_hash")


def identifier(value: Any, name: str) -> str:
    """A session or an event as Gradio names them. Raises Refusal."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    said = "It must be 1 to 64 letters, digits, - and _."
    raise Refusal(400, f"{name} is {_shown(value)}. {said}")


def _check(values: list[Any], endpoint: Endpoint) -> None:
    if len(values) > MAX_VALUES:
        raise Refusal(400, f"{endpoint.name} was sent {len(values):,} values. {KNOWN}")


def _number(value: Any) -> int | None:
    return value if type(value) is int else None


def _no_number(said: str) -> Any:
    raise ValueError(said)


def _shown(value: Any) -> str:
    """What stands there, as JSON has it; of much, the beginning."""
    if value is None:
        return "missing"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:60]}…"
