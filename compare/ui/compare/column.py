"""What one column of the page shows at each stage, by the names of its parts. Knows no component."""

from collections.abc import Mapping
from dataclasses import dataclass

from compare.asked.settings import LoadSettings
from compare.gallery.gallery import Take
from compare.run.response import Response
from compare.ui import drawn, recordings
from compare.ui.changes import Change, Changes
from compare.ui.menu import Choice, Menu
from compare.words.column import (
    Line,
    coming_line,
    figures,
    glyph,
    progress,
    ready_line,
    recorded_figures,
    state_line,
)
from compare.words.recorded import recorded_on

_OFFERS = {"finished": "nothing", "cancelled": "nothing", "failed": "again"}
"""The button beside the state line once a run has ended; before, Stop."""
SHOWN = "model", "quant", "strip", "answer", "figures", "written"
"""What may change in it while a model runs; `written` is the answer to the letter, for Copy."""


@dataclass(frozen=True, slots=True)
class Column:
    """Column number `place`, counted from 1. Its parts are named after it: strip_1."""

    place: int
    menu: Menu

    def _named(self, **parts) -> Changes:
        return {f"{name}_{self.place}": value for name, value in parts.items()}

    def closed(self) -> Changes:
        empty = dict.fromkeys(("strip", "answer", "figures", "written"), "")
        return self._named(box=Change(visible=False), model=None, quant=None, **empty)

    def opened(self, choice: Choice, load: LoadSettings, take: Take | None = None) -> Changes:
        """The column with a model that hasn't run; `take`: a recorded answer of it to show meanwhile."""
        quants = self.menu.quants(choice.model)
        opened = self._named(
            box=Change(visible=True),
            model=Change(value=choice.model),
            quant=Change(choices=quants, value=choice.quant, visible=bool(quants)),
            written="",
        )
        return opened | (self.recorded(choice, take) if take else self.idle(choice, load))

    def recorded(self, choice: Choice, take: Take) -> Changes:
        """A recorded answer, plainly marked, where one of this machine will stand."""
        line = Line((recorded_on(take.recording.recorded_at),))
        return self._named(
            strip=drawn.strip(line, "clock", **self._seen(choice)),
            answer=recordings.quoted(take),
            figures=drawn.figures(recorded_figures(take.answer.measures)),
        )

    def idle(self, choice: Choice, load: LoadSettings) -> Changes:
        """What stands in it before its model has run."""
        card = self._named(answer=drawn.card(self.menu.file(choice)))
        return self.arriving(choice) | card | self.foreseen(choice, load)

    def arriving(self, choice: Choice) -> Changes:
        """Whether its file is here, or how much of it."""
        seen, coming = self._seen(choice), self.menu.coming(choice)
        if coming is None:
            here = self.menu.here(choice)
            line = ready_line(self.menu.file(choice), here)
            return self._named(strip=drawn.strip(line, "check" if here else "ring", **seen))
        line, sign = coming_line(coming), glyph(coming)
        return self._named(strip=drawn.strip(line, sign, done=progress(coming), **seen))

    def foreseen(self, choice: Choice, load: LoadSettings) -> Changes:
        """What it is predicted to take, so loaded."""
        return self._named(figures=drawn.figures(figures(self.menu.foreseen(choice, load), 0.0)))

    def examined(self, choice: Choice, load: LoadSettings) -> Changes:
        """The same, once its file on the Hub has been looked into."""
        return self._named(figures=drawn.figures(figures(self.menu.examined(choice, load), 0.0)))

    def shows(
        self, response: Response, choice: Choice, now: float, *, names: Mapping[str, str],
        max_seconds: float | None,
    ) -> Changes:  # fmt: skip
        """The column at one moment of a run."""
        line = state_line(response, now, names=names, max_seconds=max_seconds)
        answered = response.ended and response.state != "failed" and bool(response.text)
        strip = drawn.strip(
            line, glyph(response), **self._seen(choice), state=response.state, done=progress(response),
            offers="copy" if answered else _OFFERS.get(response.state, "stop"),
            wordless=response.state == "failed" and not response.text, now=now,
        )  # fmt: skip
        changes = self._named(strip=strip, figures=drawn.figures(figures(response, now)))
        written = self._named(written=response.text) if answered else {}
        return changes | self.writes(response, choice, now) | written

    def writes(self, response: Response, choice: Choice, now: float) -> Changes:
        """Its answer alone."""
        return self._named(answer=drawn.answer(response, self.menu.file(choice), now))

    def locked(self, choice: Choice) -> Changes:
        """While its model runs, no other can be chosen."""
        return self._named(
            model=Change(value=choice.model, interactive=False),
            quant=Change(value=choice.quant, interactive=False),
        )

    def unlocked(self) -> Changes:
        return self._named(model=Change(interactive=True), quant=Change(interactive=True))

    def _seen(self, choice: Choice) -> dict[str, str]:
        """Whose column it is: a name, and the class of its colour."""
        return {"name": self.menu.file(choice).name, "colour": self.menu.colour(choice)}
