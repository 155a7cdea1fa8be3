"""What a server is, and which models it has, found by asking it. Marks and readers are pure.

GET /v1/models first, which nearly all have, and whose `owned_by` names some of them; then what only one
kind answers. A few answer 200 to everything, so it is the document that counts.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from compare import letters
from compare.remote import kinds
from compare.remote.answers import table
from compare.remote.faults import ServerFault
from compare.remote.kinds import Kind
from compare.remote.servers import Server

MOST_MODELS = 1000
_OWNERS = {"llamacpp": kinds.LLAMA_SERVER, "vllm": kinds.VLLM, "gguf-side-by-side": kinds.OURS}
"""who owns a model of /v1/models, by kind of server"""
ROUTER_HOST = "router.huggingface.co"

Get = Callable[[str], Awaitable[Any]]
"""Gives the JSON, or text, at a path; None where nothing such is there. Raises ServerFault where the server
can't be asked at all."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a server is, and its models by its own names for them."""

    kind: Kind
    models: tuple[str, ...]


async def found(server: Server, get: Get) -> Found:
    """Asks a server what it is. Raises ServerFault."""
    listed = await get("/v1/models")
    entries = [table(each) for each in _list(listed, "data")]
    models = _names(entries, "id")
    if urlsplit(server.url).hostname == ROUTER_HOST:
        return Found(kinds.ROUTER, models)
    for entry in entries:
        if kind := _OWNERS.get(str(entry.get("owned_by"))):
            return Found(kind, models)
    return await _by_its_own(get, models) or _unknown(server, listed, models)


async def _by_its_own(get: Get, models: tuple[str, ...]) -> Found | None:
    if isinstance(table(await get("/api/version")).get("version"), str):
        return Found(kinds.OLLAMA, _names(_list(await get("/api/tags"), "models"), "name"))
    entries = [table(each) for each in _list(await get("/api/v1/models"), "models")]
    if any("key" in entry for entry in entries):
        return Found(kinds.LM_STUDIO, _names((e for e in entries if e.get("type") == "llm"), "key"))
    info = table(await get("/info"))
    if isinstance(told := info.get("model_id"), str):
        return Found(kinds.TGI, models or (told,))
    if "default_generation_settings" in table(await get("/props")):
        return Found(kinds.LLAMA_SERVER, models)
    if models and isinstance(table(await get("/version")).get("version"), str):
        return Found(kinds.VLLM, models)
    if models and await get("/-/healthz") == "success":
        return Found(kinds.RAY, models)
    title = table(table(await get("/openapi.json")).get("info")).get("title")
    if models and "llama.cpp Python" in str(title):
        return Found(kinds.LLAMA_CPP_PYTHON, models)
    return None


def _unknown(server: Server, listed: Any, models: tuple[str, ...]) -> Found:
    if isinstance(table(listed).get("data"), list):
        return Found(kinds.OPENAI, models)
    raise ServerFault(
        f"What answers at the server “{server.name}” isn't a server of models.\n"
        "Its owner must look at its address: it is that of the server, without a page's path."
    )


def model_for(server: Server, model: str | None, there: tuple[str, ...]) -> str:
    """The server's model that a column names, or the only one. Raises ServerFault."""
    may = server.models or there
    if model is not None:
        named = next((each for each in may if model in (each, short(each))), None)
        if named is None and server.models:
            raise ServerFault(
                f"The server “{server.name}” isn't asked for “{model[:60]}” here.\nIt {_has(may)}."
            )
        return named or model
    if len(may) == 1:
        return may[0]
    example = f"Name one: @{server.name}/{short(may[0])}." if may else "Load one there."
    raise ServerFault(f"The server “{server.name}” {_has(may)}.\n{example}")


def short(model: str) -> str:
    """A model's name to be shown: llama-server's may be a path there, which is nobody's business here."""
    return re.split(r"[/\\]", model)[-1] if re.match(r"[/\\~]|[A-Za-z]:[/\\]", model) else model


def _has(models: tuple[str, ...]) -> str:
    if not models:
        return "has no models"
    more = f" and {len(models) - 5} more" if len(models) > 5 else ""
    return f"has {', '.join(map(short, models[:5]))}{more}"


def _list(document: Any, key: str) -> list:
    entries = table(document).get(key)
    return entries if isinstance(entries, list) else []


def _names(entries: Iterable[Any], key: str) -> tuple[str, ...]:
    named = (table(entry).get(key) for entry in entries)
    good = [
        name
        for name in named
        if isinstance(name, str) and 0 < len(name) <= 300 and letters.name(name) == name
    ]
    return tuple(dict.fromkeys(good))[:MOST_MODELS]
