"""What a visitor of a tab sees, from what its session says has changed: no Gradio, no browser."""

import html
import re
import time
from collections.abc import Iterable
from typing import Any

from compare.gallery import prompts
from compare.gallery.gallery import Library
from compare.ui.changes import Change, Changes
from compare.ui.compare.session import House, Session


class Seen:
    """The parts of a tab as they stand: what is in them, and what else was said of them."""

    def __init__(self):
        self.values: dict[str, Any] = {}
        self.more: dict[str, dict[str, Any]] = {}

    def tell(self, changes: Changes) -> Changes:
        for name, new in changes.items():
            told = vars(new) if isinstance(new, Change) else {"value": new}
            self.more.setdefault(name, {}).update(told)
            if "value" in told:
                self.values[name] = told["value"]
        return changes

    def tell_all(self, story: Iterable[Changes]) -> list[Changes]:
        return [self.tell(changes) for changes in story]

    def text(self, name: str) -> str:
        """What can be read in a part."""
        return text(self.values[name])

    def is_visible(self, name: str) -> bool:
        return self.more.get(name, {}).get("visible", True)


def text(markup: str) -> str:
    """Markup's text, a space for each tag; no-break spaces as any."""
    plain = html.unescape(re.sub(r"<[^>]*>", " ", markup))
    return " ".join(plain.split())


def figure(markup: str, name: str) -> str:
    """One of a column's small figures: Memory, Prefill, First token."""
    found = re.search(rf"<dt>{name}</dt><dd>(.*?)</dd>", markup)
    return text(found[1])


def state(seen: Seen, place: int) -> str:
    """A column's state line."""
    return " ".join(re.sub(r" (?=[,.])", "", seen.text(f"strip_{place}")).split())


def opened(machine, library: Library | None = None) -> tuple[Session, Seen]:
    """A visitor's page as it opens."""
    session = Session(House(machine, library or Library(prompts.load()), time.monotonic))
    seen = Seen()
    seen.tell(session.opened())
    return session, seen
