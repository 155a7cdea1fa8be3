"""Who may ask an address, and how much at once. Knows the key by its digest alone. Pure.

As vLLM has it: the key guards what stands under /v1, and whether the server is up anyone may ask.
"""

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from compare.usage import UsageError

MOST_BYTES = 8 * 2**20
"""of a request: a million letters, however JSON writes them"""


class TooLarge(ValueError):
    """A request is longer than MOST_BYTES."""


def digest_of(key_env: str | None, environ: MutableMapping[str, str]) -> bytes | None:
    """What a cluster may know of the key in a variable; None where none is asked for. Raises UsageError.

    The variable goes: what is started from here on doesn't inherit it.
    """
    if key_env is None:
        return None
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key_env):
        # What stands there may well be the key itself.
        raise UsageError(
            "--key-env must be the name of a variable that holds the key, not the key."
        )
    key = environ.pop(key_env, "").strip()
    if not key:
        raise UsageError(f"{key_env} isn't set. Set it to the key that is to be asked for.")
    if not key.isascii() or not key.isprintable():
        raise UsageError(
            f"The key in {key_env} holds letters that no client can send. Take others."
        )
    return _digest(key)


def may_ask(digest: bytes | None, authorization: str | None) -> bool:
    """Whether a request's `Authorization` holds the key; the time it takes tells nothing of it."""
    if digest is None:
        return True
    scheme, _, given = (authorization or "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(_digest(given.strip()), digest)


def is_for_others(host: str) -> bool:
    """Whether other machines reach what listens at this host."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


async def document(pieces: AsyncIterator[bytes]) -> Any:
    """A request's JSON. Raises TooLarge before more has been read, ValueError where it is none."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
