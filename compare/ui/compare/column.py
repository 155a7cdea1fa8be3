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
from compare.words.settings import recommended_label
from compare.words.thought import thought_line

_OFFERS = {"finished": (), "cancelled": ("again",), "failed": ("again",)}
"""The buttons beside the state line once a run has ended; before, Stop."""
_TEXTS = "strip", "thought", "thoughts", "answer", "figures", "written"
SHOWN = ("model", "quant", *_TEXTS)
"""What may change in it while a model runs. `thought` is the line over the `thoughts`, which are shown to the
letter; `written` is the answer to the letter, for Copy."""


@dataclass(frozen=True, slots=True)
class Column:
    """Column number `place`, counted from 1. Its parts are named after it: strip_1."""

    place: int
    menu: Menu

    def _named(self, **parts) -> Changes:
        return {f"{name}_{self.place}": value for name, value in parts.items()}

    def closed(self) -> Changes:
        empty = dict.fromkeys(_TEXTS, "")
        gone = Change(visible=False)
        return self._named(box=gone, recommended=gone, model=None, quant=None, **empty)

    def opened(self, choice: Choice, load: LoadSettings, take: Take | None = None) -> Changes:
        """The column with a model that hasn't run; `take`: a recorded answer of it to show meanwhile."""
        quants = self.menu.quants(choice.model)
        advice = recommended_label(self.menu.file(choice))
        opened = self._named(
            box=Change(visible=True),
            recommended=Change(value=advice, visible=bool(advice)),
            model=Change(value=choice.model),
            quant=Change(choices=quants, value=choice.quant, visible=bool(quants)),
            thought="",
            thoughts="",
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
        return self.arriving(choice) | self._card(choice) | self.foreseen(choice, load)

    def _card(self, choice: Choice) -> Changes:
        """What its model is, and why it can't answer, where that is known."""
        trouble = self.menu.trouble(choice)
        card = drawn.card(self.menu.file(choice), answers=not trouble)
        return self._named(answer=f"{drawn.fault(trouble)}\n\n{card}" if trouble else card)

    def arriving(self, choice: Choice) -> Changes:
        """Whether its file is here, or how much of it."""
        seen, coming = self._seen(choice), self.menu.coming(choice)
        if coming is None:
            here, trouble = self.menu.here(choice), self.menu.trouble(choice)
            line = ready_line(self.menu.file(choice), here, trouble)
            if trouble:
                return self._named(
                    strip=drawn.strip(line, "triangle", state="failed", wordless=True, **seen)
                )
            return self._named(strip=drawn.strip(line, "check" if here else "ring", **seen))
        line, sign = coming_line(coming), glyph(coming)
        return self._named(strip=drawn.strip(line, sign, done=progress(coming), **seen))

    def foreseen(self, choice: Choice, load: LoadSettings) -> Changes:
        """What it is predicted to take, so loaded."""
        return self._named(figures=drawn.figures(figures(self.menu.foreseen(choice, load), 0.0)))

    def examined(self, choice: Choice, load: LoadSettings) -> Changes:
        """The same, once its file has been looked into; and what llama.cpp said of one of the owner's."""
        told = self._named(figures=drawn.figures(figures(self.menu.examined(choice, load), 0.0)))
        is_own = self.menu.file(choice).path is not None
        return told | self.arriving(choice) | self._card(choice) if is_own else told

    def shows(
        self, response: Response, choice: Choice, now: float, *, names: Mapping[str, str],
        max_seconds: float | None,
    ) -> Changes:  # fmt: skip
        """The column at one moment of a run."""
        line = state_line(response, now, names=names, max_seconds=max_seconds)
        answered = response.ended and response.state != "failed" and bool(response.text.strip())
        strip = drawn.strip(
            line, glyph(response), **self._seen(choice), state=response.state, done=progress(response),
            offers=("copy",) * answered + _OFFERS.get(response.state, ("stop",)),
            wordless=response.ended and not response.text.strip(), now=now,
        )  # fmt: skip
        changes = self._named(
            strip=strip,
            thought=thought_line(response, now),
            figures=drawn.figures(figures(response, now)),
        )
        written = self._named(written=response.text) if answered else {}
        return changes | self.writes(response, choice, now) | written

    def writes(self, response: Response, choice: Choice, now: float) -> Changes:
        """Its thoughts and its answer alone."""
        answer = drawn.answer(response, self.menu.file(choice), now)
        return self._named(thoughts=response.thinking, answer=answer)

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
