"""The servers that the owner named: where they are, and in which variable their key stands.

A key is read from the environment when it is needed, and kept in no value.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from compare.models.surroundings import is_secret
from compare.remote.faults import ServerFault
from compare.usage import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_KEYS = {"url": str, "key_env": str, "models": list, "stall_s": (int, float)}
STALL_S = 120.0
"""A server that says nothing new for so long has stalled; one that loads a large model may need more."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server; `url` is without the /v1 that most clients write behind it."""

    name: str
    url: str
    key_env: str | None = None
    """the environment variable that holds its key"""
    models: tuple[str, ...] = ()
    """all that may be asked of it, where the owner limits that"""
    stall_s: float = STALL_S

    def key(self, environ: Mapping[str, str] = os.environ) -> str | None:
        """Its key, None where it needs none. Raises ServerFault where there should be one."""
        if self.key_env is None:
            return None
        key = environ.get(self.key_env, "").strip()
        if not key:
            raise ServerFault(
                f"The server “{self.name}” needs a key, and {self.key_env} isn't set.\n"
                f"Its owner must set {self.key_env} and start again."
            )
        if not key.isascii() or not key.isprintable():
            raise ServerFault(
                f"The key in {self.key_env} holds letters that can't be sent.\n"
                "Its owner must paste it again, and start again."
            )
        return key


def read_servers(path: str) -> tuple[Server, ...]:
    """The servers of a TOML file, a table each. Raises UsageError."""
    try:
        tables = tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"It can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"It is no TOML file: {error}.") from None
    return tuple(_server(name, table) for name, table in tables.items())


def named_server(text: str) -> Server:
    """The server that `name=url` means. Raises UsageError."""
    name, equals, url = text.partition("=")
    if not equals:
        raise UsageError("--server needs a name and an address: --server gpu=http://host:8080")
    return _server(name.strip(), {"url": url.strip()})


def _server(name: str, table: Any) -> Server:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"“{name[:40]}” is no name for a server. Take letters, digits, - and _, 32 at most."
        )
    if not isinstance(table, dict):
        raise UsageError(f"“{name}” is no table. Write [{name}], and url = … below it.")
    for key, value in table.items():
        kind = _KEYS.get(key)
        if kind is None:
            raise UsageError(f"[{name}] has no “{key[:40]}”. It may have {', '.join(_KEYS)}.")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UsageError(f"The {key} of [{name}] is of the wrong kind.")
    models, stall_s = table.get("models", []), float(table.get("stall_s", STALL_S))
    if not all(isinstance(model, str) and model for model in models):
        raise UsageError(f"The models of [{name}] must be names.")
    if not 0 < stall_s < 86_400:
        raise UsageError(f"The stall_s of [{name}] must be a number of seconds, within a day.")
    key_env = table.get("key_env")
    if key_env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key_env):
        # What stands there may well be the key itself.
        raise UsageError(f"The key_env of [{name}] must be a variable's name, not the key.")
    if key_env is not None and not is_secret(key_env):
        raise UsageError(
            f"The key_env of [{name}] must end in _KEY or _TOKEN: what is so called is kept from models' "
            "processes, and out of messages."
        )
    return Server(name, _address(name, table.get("url", "")), key_env, tuple(models), stall_s)


def _address(name: str, url: str) -> str:
    """Never repeated where it is at fault: it may hold a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(f"The url of “{name}” is no address. Write it as http://host:port.")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"The url of “{name}” holds a password. Put it into a variable, and name that as key_env."
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"The url of “{name}” has more than a path. Leave out what begins with ? or #."
        )
    return url.rstrip("/").removesuffix("/v1").rstrip("/")
