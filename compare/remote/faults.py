"""Why a server gives no answer, or no more, in words: what happened on the first line, then what to do.

Says a server's name, never where it is, nor a key that the server repeats.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from compare import letters
from compare.models.surroundings import without_secrets

MOST_WORDS = 300
"""letters of what a server itself says of its fault"""


class ServerFault(Exception):
    """Why a server gives no answer, or no more."""


def refused(
    server: str, model: str, key_env: str | None, status: int, headers: Mapping[str, str], body: str
) -> ServerFault:
    """What a status that is no 200 means."""
    said, again = words(body), _again(headers)
    match status:
        case 401 | 403 if key_env is None:
            what, advice = (
                "needs a key",
                "Its owner must name the variable that holds one: key_env.",
            )
        case 401 | 403:
            what, advice = (
                f"doesn't take the key in {key_env}",
                "Its owner must put a valid one there.",
            )
        case 402:
            what, advice = "asks for payment", "Its owner's credit there is used up."
        case 404:
            what, advice = (
                f"has no “{letters.name(model)}”, or isn't there",
                "Choose another model.",
            )
        case 429:
            what, advice = "is full, or asked too often", f"Run it again {again}."
        case 503 if "load" in body.lower():
            what, advice = "is loading its model", f"Run it again {again}."
        case 503:
            what, advice = "isn't ready", f"Run it again {again}."
        case 408 | 504:
            what, advice = "gave up the request", "Ask for less, or run it again."
        case _ if 300 <= status < 400:
            what = "sends on to another address, where nothing is sent"
            advice = "Its owner must name the address where it really is."
        case _ if 200 <= status < 300:
            what, advice = "sent no answer", "Its owner must look what is there."
        case _ if status >= 500:
            what, advice = "failed", "Run it again; its own log says more."
        case _:
            what, advice = "refuses the request", "Change what it names, or ask another model."
    quoted = f": “{said}”" if said else ""
    return ServerFault(f"The server “{server}” {what} ({status}){quoted}.\n{advice}")


def in_the_stream(server: str, error: Any) -> ServerFault:
    """An error that a server sent where an answer was due."""
    said = _said(error)
    quoted = f": “{said}”" if said else ""
    return ServerFault(f"The server “{server}” broke off with an error{quoted}.\nRun it again.")


def unreadable(server: str) -> ServerFault:
    return ServerFault(
        f"The server “{server}” sent something that is no answer.\n"
        "Its owner must look whether a server of models is there."
    )


def packed(server: str) -> ServerFault:
    return ServerFault(
        f"The server “{server}” packs what it sends, though it was asked not to.\n"
        "Its owner must turn compression off there, or in the proxy before it."
    )


def endless(server: str, max_tokens: int) -> ServerFault:
    return ServerFault(
        f"The server “{server}” sent far more than the {max_tokens} tokens that it was asked for.\n"
        "Its owner must look whether it takes max_tokens."
    )


def broke_off(server: str) -> ServerFault:
    return ServerFault(
        f"The connection to the server “{server}” broke off in the middle.\n"
        "Run it again; its own log says more."
    )


def without_reason(server: str) -> ServerFault:
    return ServerFault(
        f"The server “{server}” ended without saying why, so its answer may be cut short.\n"
        "Run it again."
    )


def stalled(server: str, seconds: float) -> ServerFault:
    return ServerFault(
        f"The server “{server}” said nothing for {seconds:g} s.\n"
        "Run it again; for a model that loads longer its owner can raise stall_s."
    )


_NETWORK = (
    ("refused", "nothing listens there"),
    ("name or service", "no machine has its name"),
    ("nodename", "no machine has its name"),
    ("name resolution", "no machine has its name"),
    ("certificate", "its certificate isn't valid"),
    ("ssl", "it doesn't speak TLS as it should"),
    ("unreachable", "no way leads there"),
    ("timed out", "it doesn't answer"),
    ("timeout", "it doesn't answer"),
    ("disconnected", "it closed the connection"),
    ("protocolerror", "what answers there doesn't speak HTTP"),
    ("proxy", "the proxy before it doesn't lead there"),
)
"""What stands in the network's own words, and what it means."""


def silent(server: str, seconds: float) -> ServerFault:
    """It hasn't said what it is."""
    return ServerFault(
        f"The server “{server}” didn't say within {seconds:g} s what it is.\n"
        "Run it again in a moment; its owner must look whether it is busy."
    )


def unreachable(server: str, error: Exception) -> ServerFault:
    """Why there is no connection, by what the network said: an address is left out of it."""
    said = " ".join(f"{each} {type(each).__name__}" for each in _causes(error)).lower()
    why = next((why for part, why in _NETWORK if part in said), "the line failed")
    return ServerFault(
        f"The server “{server}” can't be reached: {why}.\n"
        "Its owner must look whether it runs, and where."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those behind it; of several tries at once, all."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def words(body: str) -> str:
    """What an error's body says, in one line; nothing where it is a page, or says nothing."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "" if "<" in body else _line(body)
    return _said(told)


def _said(told: Any) -> str:
    for _ in range(4):  # {"error": {"message": …}}, {"detail": [{"msg": …}]} and the like
        if isinstance(told, list):
            told = told[0] if told else ""
        if isinstance(told, dict):
            told = next((told[k] for k in ("error", "message", "detail", "msg") if told.get(k)), "")
    return _line(told) if isinstance(told, str) else ""


def _line(text: str) -> str:
    # Before it is cut: a part of a key is no longer known for one.
    line = letters.name(" ".join(without_secrets(text).split())).rstrip(".")
    return line if len(line) <= MOST_WORDS else f"{line[:MOST_WORDS]}…"


def _again(headers: Mapping[str, str]) -> str:
    """When to come back: Retry-After holds seconds or a date (RFC 9110, section 10.2.3)."""
    told = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,6}", told):
        seconds = int(told)
    else:
        try:
            left = parsedate_to_datetime(told) - datetime.now(UTC)
            seconds = math.ceil(left.total_seconds())
        except (ValueError, TypeError):
            return "in a moment"
    return f"in {seconds} s" if 0 < seconds < 86_400 else "in a moment"
