"""By which names this app is served, and which other sites' pages may ask it. Pure.

A name that isn't one of these is refused: with a name of their own that leads here, a stranger's page
could read what this machine serves ("DNS rebinding"). An address in figures can't be such a name.
"""

import ipaddress
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_HUB = ("https://huggingface.co", "https://*.huggingface.co", "https://hf.co", "https://*.hf.space")
"""whose pages show a Space in a frame (huggingface.co/docs/hub/spaces-embed)"""
_HOME = ("http://localhost:*", "http://127.0.0.1:*")


def name_of(host: str) -> str:
    """The name in a Host or an Origin header, without its port; empty where there is none."""
    try:
        found = urlsplit(host if "://" in host else f"//{host}").hostname or ""
    except ValueError:
        return ""
    return found.rstrip(".")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names of one app."""

    named: frozenset[str] = frozenset()
    """by its owner: it is served by these names, and pages of theirs may ask it and show it in a frame"""
    own: frozenset[str] = frozenset()
    """by the surroundings: the Space's, this machine's"""
    space: bool = False

    @classmethod
    def of(cls, named: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> "Hosts":
        """`named`: the owner's. SPACE_HOST is what a Space is called, its own domain too, with commas between
        (gradio/oauth.py splits it so); GRADIO_ROOT_PATH may be an address.
        """
        node = platform.node().lower()
        space = map(str.strip, environ.get("SPACE_HOST", "").split(","))
        own = {*map(name_of, space), node, f"{node}.local"}
        if "://" in (root := environ.get("GRADIO_ROOT_PATH", "")):
            own.add(name_of(root))
        return cls(frozenset(map(name_of, named)), frozenset(own) - {""}, "SPACE_ID" in environ)

    def serves(self, host: str) -> bool:
        """Whether a Host header names this app."""
        name = name_of(host)
        return (
            name in self.named
            or name in self.own
            or (name == "localhost" or name.endswith(".localhost"))
            or (self.space and name.endswith(".hf.space"))
            or _is_address(name)
        )

    def trusts(self, origin: str, host: str) -> bool:
        """Whether a page of this Origin may ask it under that Host: its own, and those the owner named."""
        if name_of(origin) in self.named | self.own:
            return True
        return bool(host) and origin.partition("://")[2] == host

    @property
    def frames(self) -> str:
        """Who may show it in a frame, as the header Content-Security-Policy has it."""
        named = (
            f"{scheme}://{name}" for name in sorted(self.named) for scheme in ("https", "http")
        )
        return " ".join(("'self'", *(_HUB if self.space else _HOME), *named))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
