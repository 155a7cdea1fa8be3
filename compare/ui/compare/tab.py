"""The Compare tab: one prompt, several models, side by side. Components, and what their events call."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from compare.models.catalogue import ARTICLES_PAIR
from compare.ui.changes import Changes
from compare.ui.compare import column, kept, running
from compare.ui.compare.form import FIELDS, IDS, INPUTS, MORE, PLACES, read, untouched
from compare.ui.compare.session import ADD, EXAMPLES, House, Session
from compare.ui.faulty import SHOW_FAULTS, at_fields
from compare.ui.filled import Filled
from compare.ui.markup import MATHS
from compare.ui.menu import Menu
from compare.ui.parts import (
    action,
    button,
    carried,
    headline,
    of_setting,
    segments,
    thoughts,
    words,
)
from compare.ui.wiring import ALWAYS_LAST, AT_ONCE, COPY_TEXT, PLAIN, PUBLIC, QUEUED, Wiring

Parts = dict[str, gr.blocks.Block]
OUTSIDE = (
    "cost", "run", "said", "add", "pager", "summary", "table", "rendered", "use_seed", "spoken",
    "shelf", "verdicts", "beside", "further", "brought", "asked", "all_answers",
)  # fmt: skip
"""What may change outside the columns while models run."""


def compare_tab(demo: Filled, house: House) -> Callable[[Callable, gr.Textbox], None]:
    """The tab in `demo`.

    Returns what makes another tab's event run the prompt of the gallery whose id a field holds.
    """
    headline("One prompt, several local models.", "Answers, speed and memory side by side.")
    parts = _ask() | _columns(house.menu) | _account()
    wiring = Wiring(parts)
    session = gr.State()
    # For each visitor when they come: which models can be had isn't known as the page is made.
    session.value = partial(Session.begun, house)
    demo.firsts.append(lambda: wiring.told(Session(house).opened()))
    return _Events(demo, session, wiring).wire()


# Components, by the names that the session calls them.


def _ask() -> Parts:
    """The prompt, its settings, and what is under them."""
    defaults = untouched()
    with gr.Column(elem_id="ask"):
        prompt = gr.Textbox(
            lines=1, max_lines=8, label="Prompt", show_label=False, container=False,
            placeholder="Ask every model the same thing…", elem_id="prompt",
        )  # fmt: skip
        with gr.Row(elem_id="tools"):
            orders = [("Together", "together"), ("In turn", "in-turn")]
            mode = segments(orders, "Order", "mode", defaults["mode"])
            with gr.Accordion("Settings", open=False, elem_id="settings"):
                settings = _settings(defaults)
            with gr.Row(elem_id="further"):
                further = words(elem_id="further-said")
                drop = button("Leave out", elem_id="further-drop")
            tokens, unfit = words("<span></span>", elem_id="tokens"), words(elem_id="unfit")
            cost = words(elem_id="cost")
            small = gr.Button("Try the small pair now", min_width=0, elem_id="small")
            run, stop = action("Run", "run"), action("Stop", "stop")
    said = words(elem_id="said")
    with gr.Row(elem_id="try"):
        asked = gr.Markdown(elem_id="asked")
        edit = button("Edit the prompt", elem_id="edit")
        words("<span>Try</span>", elem_id="try-label")
        with gr.Row(elem_id="examples"):
            examples = [gr.Button(text, min_width=0, size="sm") for text in EXAMPLES]
        add = gr.Button(ADD, min_width=0, size="sm", elem_id="add")
    return {
        "prompt": prompt, "mode": mode, **settings, "further": further, "drop": drop, "cost": cost,
        "tokens": tokens, "unfit": unfit, "count": button("Count", elem_id="count", visible="hidden"),
        "faults": carried("Faults", "faults"), "kept": carried("Kept", "kept"),
        "brought": carried("Brought", "brought"),
        "small": small, "run": run, "stop_run": stop, "said": said, "asked": asked, "edit": edit,
        "add": add,
        **{f"example_{n}": example for n, example in enumerate(examples)},
    }  # fmt: skip


def _settings(defaults: dict[str, Any]) -> Parts:
    with gr.Row(elem_id="fields"):
        fields = {n: of_setting(FIELDS[n], defaults[n], IDS[n]) for n in FIELDS if n not in MORE}
    with gr.Row(elem_id="recommended"):
        for place in PLACES:
            fields[f"recommended_{place}"] = button("As recommended", visible=False)
    with gr.Row(elem_id="system-row"):
        system = gr.Textbox(
            defaults["system"], label="System prompt", placeholder="none", lines=2, max_lines=6,
            interactive=True, elem_id="system",
        )  # fmt: skip
        to_defaults = button("Back to defaults", elem_id="defaults")
    with gr.Accordion("More", open=False, elem_id="more"):
        with gr.Row(elem_id="more-fields", elem_classes="fields"):
            more = {
                n: of_setting(FIELDS[n], defaults[n], IDS[n])
                for n in MORE
                if FIELDS[n].kind is not bool
            }
        unswitched = words(elem_id="unswitched")
        ticks = {
            n: of_setting(FIELDS[n], defaults[n], IDS[n]) for n in MORE if FIELDS[n].kind is bool
        }
    return {
        **fields,
        **more,
        **ticks,
        "unswitched": unswitched,
        "system": system,
        "to_defaults": to_defaults,
    }


def _columns(menu: Menu) -> Parts:
    pager = words(elem_id="pager")
    parts: Parts = {"pager": pager}
    with gr.Row(elem_id="columns"):
        for place in PLACES:
            parts |= {f"{name}_{place}": part for name, part in _column(place, menu).items()}
    return parts


def _column(place: int, menu: Menu) -> Parts:
    """One column. The third and the fourth can be taken away."""
    quants = list(dict.fromkeys(q for _, model in menu.models() for q in menu.quants(model)))
    first = dict(enumerate(ARTICLES_PAIR, start=1)).get(place)
    with gr.Column(elem_classes="col", visible=place <= 2, min_width=0) as box:
        with gr.Row(elem_classes="head"):
            model = _menu(menu.models(), f"Model {place}", "model", first, IDS[f"model_{place}"])
            quant = _menu(quants, f"Quantization {place}", "quant")
            remove = button("Remove", "remove", visible=place > 2)
        with gr.Row(elem_classes="staterow"):
            strip = words(elem_classes="status")
            # Which of them shows, the state line's class says: a stylesheet is never late or early.
            buttons = {
                kind: button(label, kind)
                for kind, label in (("stop", "Stop"), ("copy", "Copy"), ("again", "Run again"))
            }
        with gr.Column(elem_classes="reply", min_width=0):
            thought, thinking = button("", "thought"), thoughts(f"Thoughts {place}")
            answer = gr.Markdown(elem_classes="answer", latex_delimiters=MATHS)
        figures = words(elem_classes="measures")
        written = gr.Textbox(visible="hidden", label=f"Answer {place}", elem_classes="written")
    return {
        "box": box, "model": model, "quant": quant, "remove": remove, "strip": strip, **buttons,
        "thought": thought, "thoughts": thinking, "answer": answer, "figures": figures,
        "written": written,
    }  # fmt: skip


def _menu(
    entries: list, label: str, kind: str, value: str | None = None, elem_id: str | None = None
) -> gr.Dropdown:
    """A menu in the head of a column."""
    return gr.Dropdown(
        entries, value=value, label=label, show_label=False, filterable=False, interactive=True,
        container=False, min_width=0, scale=0, elem_classes=kind, elem_id=elem_id,
    )  # fmt: skip


def _account() -> Parts:
    """What is told under the columns, and to those who don't see them."""
    summary, verdicts = words(elem_id="summary"), words(elem_id="verdicts")
    with gr.Row(elem_id="account"):
        with gr.Accordion("All measures", open=False, elem_id="all-measures"):
            table = words(elem_id="table")
            rendered = gr.Markdown(elem_id="rendered", latex_delimiters=MATHS)
        button("Whole answers", elem_id="whole")
        copy_all = button("Copy all answers", "copy", elem_id="copy-all")
        use_seed = gr.Button("Seed", min_width=0, size="sm", elem_id="seed")
    return {
        "copy_all": copy_all, "all_answers": carried("All answers", "all-answers"),
        "summary": summary, "verdicts": verdicts, "table": table, "rendered": rendered,
        "use_seed": use_seed, "beside": gr.Markdown(elem_id="beside", latex_delimiters=MATHS),
        "spoken": words(elem_id="spoken"), "shelf": words(elem_id="shelf"),
    }  # fmt: skip


# Events.


def wrong_fields(session: Session, **values) -> Changes:
    """What is wrong in the fields, for the page's script to say at each."""
    return {"faults": at_fields(lambda: read(values, session.menu, session.further), IDS)}


class _Events:
    """Which component's event calls what of the session."""

    def __init__(self, demo: Filled, session: gr.State, wiring: Wiring):
        self.demo, self.session, self.wiring, self.parts = demo, session, wiring, wiring.parts
        self.fields = {name: self.parts[name] for name in INPUTS}
        self.written = {"inputs": [session], "inputs_kwargs": self.fields}
        menus = [f"{name}_{place}" for name in ("model", "quant") for place in PLACES]
        every = {**self.fields, **{name: self.parts[name] for name in menus}}
        self.asked = {"inputs": [session], "inputs_kwargs": every}
        kept = {**every, "brought": self.parts["brought"]}
        # Also after what may write into a field that isn't on the page yet, and so says no change.
        keep = f"(...values) => keepForm({json.dumps([*kept])}, values, {json.dumps(untouched())})"
        self.keep = {"fn": None, "inputs": [*kept.values()], "js": keep, **AT_ONCE}
        inside = (f"{name}_{place}" for place in PLACES for name in column.SHOWN)
        self.shown = wiring.components(*OUTSIDE, *inside)
        boxes = [f"{name}_{place}" for name in ("box", "recommended") for place in PLACES]
        self.outputs = [*self.shown, *wiring.components(*boxes)]
        self.figures = wiring.components(*(f"figures_{place}" for place in PLACES))
        self.lasting = {"outputs": self.shown, **QUEUED, **PLAIN}

    def wire(self) -> Callable[[Callable, gr.Textbox], None]:
        self._opens()
        self._runs()
        self._settings()
        for place in PLACES:
            self._column(place)
        return self._run_prompt

    def _heard(self, event: Callable, handler: Callable, given: dict, **more) -> Dependency:
        return event(self.wiring(handler), **{**given, **more})

    def _run(self, event: Callable, handler: Callable, given: dict, **more) -> Dependency:
        """What runs models; and what is to be seen where it fails."""
        going = self._heard(event, handler, given, **{**self.lasting, **more})
        going.failure(
            self.wiring(running.given_up), **self.written, outputs=self.shown, **QUEUED
        )  # fmt: skip
        return going

    def _checked(self, going: Dependency) -> None:
        """Where fields kept a run from beginning, what is wrong in each."""
        told = self.parts["faults"]
        wrong = self._heard(going.failure, wrong_fields, self.asked, outputs=told, **AT_ONCE)
        wrong.then(None, told, None, js=SHOW_FAULTS, **AT_ONCE)

    def _chosen(self, event: Callable, handler: Callable, given: dict) -> Dependency:
        """A choice of models, and what follows: what takes longer to know, and what changes by itself."""
        chosen = self._heard(event, handler, {"outputs": self.outputs, **given}, **QUEUED)
        for told in (chosen, self._examine(chosen)):
            self._heard(told.then, running.arriving, self.written, **self.lasting)
        return chosen

    def _examine(self, after: Dependency) -> Dependency:
        told = [f"{part}_{place}" for part in ("strip", "answer") for place in PLACES]
        given = {
            "inputs": [self.session],
            "outputs": [self.parts["said"], *self.figures, *self.wiring.components(*told)],
        }
        return self._heard(after.then, Session.examined, given, **QUEUED)

    def _opens(self) -> None:
        """The page, with the form as the browser has kept it, and keeps it from then on."""
        given = {
            "inputs": [self.session, self.parts["kept"]],
            "outputs": [*self.outputs, *self.fields.values()],
            "js": f"session => [session, keptForm({json.dumps([*INPUTS, 'models'])})]",
        }
        opened = self._chosen(self.demo.load, kept.opened, given)
        opened.then(None, None, None, js="() => formSettled()", **AT_ONCE).then(**self.keep)
        gr.on([part.change for part in self.keep["inputs"]], **self.keep, **ALWAYS_LAST)

    def _runs(self) -> None:
        parts = self.parts
        begins = partial(gr.on, [parts["run"].click, parts["prompt"].submit])
        self._checked(self._run(begins, running.run, self.asked, api_name="run", **PUBLIC))
        small = parts["small"].click
        self._checked(self._run(small, running.run_small, self.written, outputs=self.outputs))
        parts["stop_run"].click(Session.stop_all, [self.session], None, **AT_ONCE)
        self._chosen(parts["add"].click, Session.added, self.written)
        prompt = {"inputs": [self.session], "outputs": [parts["prompt"]]}
        self._heard(parts["edit"].click, Session.edit_asked, prompt, **AT_ONCE)
        parts["copy_all"].click(inputs=parts["all_answers"], **COPY_TEXT)

    def _settings(self) -> None:
        parts, seed = self.parts, self.wiring.components("seed")
        given = {"inputs": [self.session], "outputs": seed}
        self._heard(parts["use_seed"].click, Session.keep_seed, given, **AT_ONCE).then(**self.keep)
        costly = {**self.written, "outputs": [parts["cost"], *self.figures]}
        events = partial(gr.on, [parts["mode"].input, parts["max_tokens"].blur])
        self._heard(events, Session.settings_changed, costly, **AT_ONCE)
        self._examine(self._heard(parts["n_ctx"].blur, Session.settings_changed, costly, **QUEUED))
        dropping = {**costly, "outputs": [parts["further"], parts["brought"], *costly["outputs"]]}
        self._examine(self._heard(parts["drop"].click, Session.dropped, dropping, **QUEUED))
        usual = {**dropping, "outputs": [*self.fields.values(), *dropping["outputs"]]}
        self._examine(self._heard(parts["to_defaults"].click, Session.to_defaults, usual, **QUEUED))
        counting = {
            **self.asked,
            "outputs": self.wiring.components("tokens", "unfit", "unswitched"),
        }
        # One at a time of all visitors, for it computes; the newest form is the one that counts.
        one = {**QUEUED, **ALWAYS_LAST, "concurrency_limit": 1}
        self._heard(parts["count"].click, running.count, counting, **one)
        for n, text in enumerate(EXAMPLES):
            parts[f"example_{n}"].click(
                None, None, parts["prompt"], js=f"() => {text!r}", **AT_ONCE
            )

    def _column(self, place: int) -> None:
        part = {
            name: self.parts[f"{name}_{place}"]
            for name in ("model", "quant", "remove", "stop", "again", "copy", "written")
        }
        # Each menu is sent alone: the other may still hold an entry of the model before.
        for name, heard in (("model", Session.model_chosen), ("quant", Session.quant_chosen)):
            given = {"inputs": [self.session, part[name]], "inputs_kwargs": self.fields}
            self._chosen(part[name].input, partial(heard, place=place), given)
        filled = {
            "inputs": [self.session],
            "outputs": [*self.wiring.components("further", "brought"), *self.fields.values()],
        }
        as_recommended = partial(Session.as_recommended, place=place)
        self._heard(self.parts[f"recommended_{place}"].click, as_recommended, filled, **AT_ONCE)
        removed = partial(Session.removed, place=place)
        self._heard(
            part["remove"].click, removed, self.written, outputs=self.outputs, **QUEUED
        )  # fmt: skip
        stopped = partial(Session.stop_one, place=place)
        part["stop"].click(stopped, [self.session], None, **AT_ONCE)
        self._run(part["again"].click, partial(running.run_again, place=place), self.written)
        part["copy"].click(inputs=part["written"], **COPY_TEXT)

    def _run_prompt(self, when: Callable, prompt_id: gr.Textbox) -> None:
        """The event `when` runs the prompt whose id the field holds."""
        given = {"inputs": [self.session, prompt_id], "inputs_kwargs": self.fields}
        shown = [*self.outputs, *self.fields.values()]
        self._run(when, running.run_prompt, given, outputs=shown)
