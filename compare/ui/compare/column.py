"""One column of the page: its components, and what they show at each stage."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from compare.gallery.gallery import Take
from compare.models.catalogue import ARTICLES_PAIR
from compare.models.spec import ModelFile
from compare.run.response import Response
from compare.ui import drawn, recordings
from compare.ui.markup import MATHS
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
Updates = dict[Any, Any]
"""Component to its new value, or to gr.update(...)."""


@dataclass(frozen=True, eq=False)
class Column:
    place: int
    """counted from 1"""
    box: gr.Column
    model: gr.Dropdown
    quant: gr.Dropdown
    remove: gr.Button
    strip: gr.HTML
    stop: gr.Button
    copy: gr.Button
    again: gr.Button
    answer: gr.Markdown
    figures: gr.HTML
    written: gr.Textbox
    """the answer to the letter, for Copy"""

    @property
    def parts(self) -> list:
        """What may change in it while a model runs."""
        return [self.model, self.quant, self.strip, self.answer, self.figures, self.written]

    def closed(self) -> Updates:
        empty = dict.fromkeys((self.strip, self.answer, self.figures, self.written), "")
        return {self.box: gr.update(visible=False), self.model: None, self.quant: None, **empty}

    def opened(self, menu: Menu, choice: Choice, take: Take | None = None) -> Updates:
        """The column with a model that hasn't run; `take`: a recorded answer of it to show meanwhile."""
        quants = menu.quants(choice.model)
        return {
            self.box: gr.update(visible=True),
            self.model: gr.update(value=choice.model),
            self.quant: gr.update(choices=quants, value=choice.quant, visible=bool(quants)),
            self.written: "",
            **(self.recorded(menu, choice, take) if take else self.idle(menu, choice)),
        }

    def recorded(self, menu: Menu, choice: Choice, take: Take) -> Updates:
        """A recorded answer, plainly marked, where one of this machine will stand."""
        line = Line((recorded_on(take.recording.recorded_at),))
        return {
            self.strip: drawn.strip(
                line, "clock", name=menu.file(choice).name, colour=menu.colour(choice)
            ),
            self.answer: recordings.quoted(take),
            self.figures: drawn.figures(recorded_figures(take.answer.measures)),
        }

    def idle(self, menu: Menu, choice: Choice) -> Updates:
        """What stands in it before its model has run."""
        return {
            **self.arriving(menu, choice),
            self.answer: drawn.card(menu.file(choice)),
            self.figures: drawn.figures(figures(menu.foreseen(choice), 0.0)),
        }

    def arriving(self, menu: Menu, choice: Choice) -> Updates:
        """Whether its file is here, or how much of it."""
        file, coming = menu.file(choice), menu.coming(choice)
        seen = {"name": file.name, "colour": menu.colour(choice)}
        if coming is None:
            here = menu.here(choice)
            line = ready_line(file, here)
            return {self.strip: drawn.strip(line, "check" if here else "ring", **seen)}
        line, sign = coming_line(coming), glyph(coming)
        return {self.strip: drawn.strip(line, sign, done=progress(coming), **seen)}

    def examined(self, menu: Menu, choice: Choice) -> Updates:
        """What it is predicted to take, once its file on the Hub has been looked into."""
        return {self.figures: drawn.figures(figures(menu.examined(choice), 0.0))}

    def shows(
        self, response: Response, file: ModelFile, now: float, *, colour: str,
        names: dict[str, str], max_seconds: float | None,
    ) -> Updates:  # fmt: skip
        """The column at one moment of a run."""
        line = state_line(response, now, names=names, max_seconds=max_seconds)
        answered = response.ended and response.state != "failed" and bool(response.text)
        updates = {
            self.strip: drawn.strip(
                line, glyph(response), name=file.name, colour=colour,
                state=response.state, done=progress(response),
                offers="copy" if answered else _OFFERS.get(response.state, "stop"),
            ),
            self.answer: drawn.answer(response, file, now),
            self.figures: drawn.figures(figures(response, now)),
        }  # fmt: skip
        return updates | ({self.written: response.text} if answered else {})

    def locked(self, choice: Choice) -> Updates:
        """While its model runs, no other can be chosen."""
        return {
            self.model: gr.update(value=choice.model, interactive=False),
            self.quant: gr.update(value=choice.quant, interactive=False),
        }

    def unlocked(self) -> Updates:
        return dict.fromkeys((self.model, self.quant), gr.update(interactive=True))


def column(place: int, menu: Menu) -> Column:
    """The components of one column. The third and the fourth can be taken away."""
    quants = list(dict.fromkeys(q for _, model in menu.models() for q in menu.quants(model)))
    first = dict(enumerate(ARTICLES_PAIR, start=1)).get(place)
    with gr.Column(elem_classes="col", visible=place <= 2, min_width=0) as box:
        with gr.Row(elem_classes="head"):
            model = _menu(menu.models(), f"Model {place}", "model", first)
            quant = _menu(quants, f"Quantization {place}", "quant")
            remove = _button("Remove", "remove", visible=place > 2)
        with gr.Row(elem_classes="staterow"):
            strip = gr.HTML(elem_classes="status", apply_default_css=False, js_on_load=None)
            # Which of them shows, the state line's class says: a stylesheet is never late or early.
            stop = _button("Stop", "stop")
            copy = _button("Copy", "copy")
            again = _button("Run again", "again")
        answer = gr.Markdown(elem_classes="answer", latex_delimiters=MATHS)
        figures = gr.HTML(elem_classes="measures", apply_default_css=False, js_on_load=None)
        written = gr.Textbox(visible="hidden", label=f"Answer {place}", elem_classes="written")
    return Column(
        place, box, model, quant, remove, strip, stop, copy, again, answer, figures, written
    )


def _menu(entries: list, label: str, kind: str, value: str | None = None) -> gr.Dropdown:
    return gr.Dropdown(
        entries, value=value, label=label, show_label=False, filterable=False, interactive=True,
        container=False, min_width=0, scale=0, elem_classes=kind,
    )  # fmt: skip


def _button(label: str, kind: str, visible: bool = True) -> gr.Button:
    return gr.Button(label, size="sm", min_width=0, scale=0, visible=visible, elem_classes=kind)
