"""What the Gallery tab shows: its cards, one of them opened, or the score board. Knows no component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from compare.charts.board import score_board
from compare.gallery.board import Board, board
from compare.gallery.gallery import Library
from compare.gallery.prompts import Prompt, Theme
from compare.ui import recordings
from compare.ui.changes import Change, Changes
from compare.ui.gallery import cards, table

BOARD = "?tab=gallery&view=board"
ASKS = {"view", "prompt", "q", "theme", "tag"}
"""Parameters of an address, each of which asks for something else than all cards."""


@dataclass(frozen=True)
class Shelf:
    """The tab's answers to what a visitor asks of it."""

    library: Library

    @cached_property
    def themes(self) -> Mapping[str, Theme]:
        return {theme.id: theme for theme in self.library.gallery.themes}

    @cached_property
    def tags(self) -> Sequence[str]:
        return sorted({tag for p in self.library.gallery.prompts.values() for tag in p.tags})

    def opened(self, query: Mapping[str, str]) -> Changes:
        """The card or the view that the page's address asks for; the tab comes with all cards."""
        asks = query.get("tab") == "gallery" and not ASKS.isdisjoint(query)
        return self.linked(query) if asks else {}

    def followed(self, query: str) -> Changes:
        """The card or the view of an address within the page."""
        return self.linked(dict(parse_qsl(query.removeprefix("?"))))

    def linked(self, query: Mapping[str, str]) -> Changes:
        """The card or the view of an address's parameters."""
        if query.get("view") == "board":
            return {"view": "board", **self.closed(), **self.viewed("board")}
        if prompt_id := query.get("prompt"):
            return self._followed(prompt_id)
        theme, tag = query.get("theme", ""), query.get("tag", "")
        asked = {
            "search": query.get("q", ""),
            "theme": theme if theme in self.themes else "",
            "tag": tag if tag in self.tags else "",
        }
        listing = Change(value=self.searched(*asked.values()), visible=True)
        shown = {**self.closed(*asked.values()), **self.viewed("prompts", *asked.values())}
        said = cards.faults(self.library.faults)
        return {**shown, **asked, "view": "prompts", "listing": listing, "said": said}

    def closed(self, text: str = "", theme: str = "", tag: str = "") -> Changes:
        """All cards, or those that were sought."""
        seen = {"everything": Change(visible=True), "one": Change(visible=False)}
        return {**seen, "shown": "", "link": cards.sought(text, theme, tag)}

    def viewed(self, view: str, text: str = "", theme: str = "", tag: str = "") -> Changes:
        """The prompts, or the score board."""
        is_board = view == "board"
        return {
            "fields": Change(visible=not is_board),
            "listing": Change(visible=not is_board),
            "scores": Change(visible=is_board),
            "link": BOARD if is_board else cards.sought(text, theme, tag),
            **(self._board() if is_board else {}),
        }

    def filtered(self, text: str, theme: str, tag: str) -> Changes:
        """The cards that are sought, and the link to them."""
        return {
            "listing": self.searched(text, theme, tag),
            "link": cards.sought(text, theme, tag),
        }

    def searched(self, text: str = "", theme: str = "", tag: str = "") -> str:
        """The cards of the prompts that hold all the words searched for, by theme."""
        return cards.listing(found(self.library, text, theme, tag), self.library)

    def _followed(self, prompt_id: str) -> Changes:
        """A card, by its prompt's id; where there is none, all of them."""
        library = self.library
        prompt = library.gallery.prompts.get(prompt_id)
        if prompt is None:
            told = f"There is no prompt “{prompt_id}” in the gallery."
            return {**self.closed(), "said": cards.faults([told, *library.faults])}
        answers = recordings.recorded(library.comparisons(prompt))
        return {
            "everything": Change(visible=False),
            "one": Change(visible=True),
            "card": cards.opened(prompt, self.themes[prompt.theme]),
            "answers": answers or "Nothing is recorded of it yet.",
            "shown": prompt.id,
            "link": cards.address(prompt.id),
            "said": cards.faults(library.faults),
        }

    def _board(self) -> Changes:
        told = board(self.library)
        there = bool(told.rows)
        return {
            "plot": Change(value=_drawn(self.library, told) if there else None, visible=there),
            "finding": table.finding(told),
            "rows": Change(value=table.rows(told), visible=there),
        }


def found(library: Library, text: str, theme: str, tag: str) -> list[tuple[Theme, list[Prompt]]]:
    """The prompts that hold all the words searched for, by theme."""
    sought = (text or "").casefold().split()
    return [
        (each, [p for p in each.prompts if _fits(p, each, sought) and (not tag or tag in p.tags)])
        for each in library.gallery.themes
        if theme in ("", each.id)
    ]


def _fits(prompt: Prompt, theme: Theme, sought: Sequence[str]) -> bool:
    texts = (prompt.id, prompt.title, prompt.prompt, prompt.system or "", prompt.why, theme.title)
    whole = " ".join((*texts, *prompt.tags, prompt.language)).casefold()
    return all(word in whole for word in sought)


def _drawn(library: Library, told: Board):
    """The board's heat map, without themes in which nothing was checked."""
    kept = [t for t in library.gallery.themes if any(t.id in row.marks for row in told.rows)]
    marks = [[row.marks.get(theme.id) for row in told.rows] for theme in kept]
    return score_board([theme.title for theme in kept], table.column_labels(told), marks)
