"""The Speed tab: how fast models read and write on this machine, measured as llama-bench does."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

import gradio as gr

from compare import numbers
from compare.asked.comparison import Bench, Tests
from compare.asked.comparison import bench as bench_of
from compare.charts.speeds import speeds as speeds_chart
from compare.models.catalogue import ARTICLES_PAIR, EMBEDDED_PAIR
from compare.models.spec import MAX_COLUMNS
from compare.run.machine import Machine
from compare.run.response import Response
from compare.saved import bench
from compare.ui.markup import letters
from compare.ui.menu import Choice, Menu
from compare.ui.parts import refused
from compare.ui.speed.lanes import all_figures, all_lanes, idle, label_of, under_way
from compare.ui.speed.session import Session
from compare.ui.wiring import AT_ONCE, PLAIN, QUEUED
from compare.usage import UsageError
from compare.words import column, speeds
from compare.words.sentence import run_label

HEADLINE = (
    "<h1>How fast models are on this machine. "
    "<span>Reading and writing apart, repeated, one model after the other.</span></h1>"
)
FIELDS = {
    "prompt_tokens": ("Prompt tokens", "64"),
    "output_tokens": ("Output tokens", "32"),
    "repeats": ("Repetitions", "3"),
}
MOST = Tests()
"""The command line's defaults: more than that would hold a shared machine for too long."""
SAVED = {
    "Markdown": ("md", "text/markdown", bench.markdown),
    "CSV": ("csv", "text/csv", bench.as_csv),
    "JSON": ("json", "application/json", partial(json.dumps, ensure_ascii=False, indent=2)),
}
WATCH_S = 1.0
"""Between two looks at a run: drawing takes from the cores that are being measured."""
Updates = dict[Any, Any]


def speed_tab(demo: gr.Blocks, machine: Machine, now: Callable[[], float]) -> None:
    """The tab in `demo`. `now`: the clock the machine's events are stamped with."""
    menu = Menu(machine)
    entries = _entries(menu)
    session = gr.State(Session())
    plain = {"apply_default_css": False, "js_on_load": None}
    typed = {"interactive": True, "min_width": 0, "elem_classes": "field"}

    gr.HTML(HEADLINE, elem_classes="headline", **plain)
    with gr.Column(elem_id="speed-ask"):
        with gr.Row(elem_id="speed-fields", elem_classes=["filters", "fields"]):
            models = gr.Dropdown(
                [(label_of(menu.file(choice)), value) for value, choice in entries.items()],
                multiselect=True, max_choices=MAX_COLUMNS, label="Models", **typed,
            )  # fmt: skip
            counts = {
                name: gr.Textbox(
                    default, label=label, placeholder=default, lines=1, max_lines=1,
                    **typed | {"elem_classes": ["field", "whole"]},
                )
                for name, (label, default) in FIELDS.items()
            }  # fmt: skip
        with gr.Row(elem_id="speed-tools"):
            cost = gr.HTML(elem_id="speed-cost", **plain)
            start = gr.Button("Run", variant="primary", min_width=0, elem_id="speed-run")
            stop = gr.Button("Stop", variant="primary", min_width=0, elem_id="speed-stop")
    said = gr.HTML(elem_id="speed-said", **plain)
    with gr.Column(elem_id="speed-card", elem_classes="chart-card"):
        lanes = gr.HTML(elem_id="speed-lanes", **plain)
        plot = gr.Plot(
            show_label=False, container=False, visible=False, elem_id="speed-plot", elem_classes="plot"
        )  # fmt: skip
        sentence = gr.HTML(
            visible=False, elem_id="speed-sentence", elem_classes="sentence", **plain
        )
        gr.HTML(f"<p>{letters(speeds.LEFT_OUT)}</p>", elem_id="speed-about", **plain)
    with gr.Row(visible=False, elem_id="speed-account", elem_classes="account") as account:
        with gr.Accordion("All figures", open=False, elem_classes="fold"):
            table = gr.HTML(elem_id="speed-rows", **plain)
        gr.HTML("<span>Download as</span>", elem_id="speed-save", **plain)
        saves = {name: gr.Button(name, size="sm", min_width=0, scale=0) for name in SAVED}
    spoken = gr.HTML(elem_id="speed-spoken", **plain)
    text = gr.Textbox(visible="hidden", label="Saved", elem_id="speed-text")

    def opened(state: Session, **values) -> Updates:
        """The tab as it opens: with models that are here, where there are any."""
        pairs = ([menu.named(spec) for spec in pair] for pair in (ARTICLES_PAIR, EMBEDDED_PAIR))
        first, *_ = [p for p in pairs if all(map(menu.here, p))] or [
            [menu.named(spec) for spec in ARTICLES_PAIR]
        ]
        chosen = [value for value, choice in entries.items() if choice in first]
        return offer(state, {**values, "models": chosen}) | {models: gr.update(value=chosen)}

    def offer(state: Session, values: dict) -> Updates:
        """What Run would do: how long it would take, what it would download, and for which models."""
        chosen = _chosen(values, entries)
        missing = [menu.file(choice) for choice in chosen if not menu.here(choice)]
        return {
            start: run_label(missing),
            cost: f"<span>{letters(costing(values, bool(missing)))}</span>",
            lanes: all_lanes([idle(menu, choice, state) for choice in chosen], state.bench),
        }

    def costing(values: dict, missing: bool) -> str:
        """How long a bench would take, where that is known or can be guessed."""
        try:
            took = None if missing else machine.expected_bench(_read(values, menu, entries))
        except UsageError:
            took = None
        return numbers.about_time(took.seconds, took.guessed) if took else ""

    def changed(state: Session, **values) -> Updates:
        return gr.skip() if state.run else offer(state, values)

    def run(state: Session, **values) -> Iterator[Updates]:
        """Measures the chosen models."""
        if state.run:
            return
        try:
            asked = _read(values, menu, entries)
        except UsageError as error:
            raise refused(error) from error
        going = state.run = machine.bench(asked)
        try:
            state.bench, state.responses, state.rows = going.comparison, {}, []
            chosen = zip(asked.models, _chosen(values, entries), strict=True)
            state.colours = {file.key: menu.colour(choice) for file, choice in chosen}
            notices = "".join(f"<p>{letters(notice)}</p>" for notice in going.comparison.notices)
            # Every part each time: what is left out, Gradio builds anew; what is repeated costs it nothing.
            # But not the models: told of them again, their list takes it for a change and asks the server.
            shown = {cost: '<span class="running"></span>', said: notices, spoken: ""}
            yield {models: gr.update(interactive=False)}
            with closing(going.snapshots(WATCH_S)) as snapshots:
                for responses in snapshots:
                    ended = _newly_ended(state.responses, responses)
                    state.responses = responses
                    if ended:
                        shown[spoken] = f"<span>{letters(_told(ended, responses))}</span>"
                    drawn = under_way(going.comparison, responses, state.colours, now())
                    yield shown | {lanes: drawn}
        finally:
            going.stop()
            state.run = None
        state.rows = bench.rows(state.bench, state.responses, machine.describe())

    def ended(state: Session, **values) -> Updates:
        """The tab after a run, whatever ended it."""
        if state.run:
            return gr.skip()
        shown = offer(state, values) | (result(state) if state.bench else {})
        return shown | {models: gr.update(interactive=True)}

    def result(state: Session) -> Updates:
        """Chart, sentence and table."""
        called = column.names(state.bench.models)
        found = speeds.summary(state.responses, called)
        told = (
            f'<p class="finding"><span>{letters(found.before)}</span><b>{letters(found.finding)}</b>'
            f"<span>{letters(found.rest)}</span></p>"
        )
        names = {file.key: label_of(file) for file in state.bench.models}
        plain_colours = {key: colour.removeprefix("m-") for key, colour in state.colours.items()}
        there = bool(state.rows)
        drawing = speeds_chart(state.rows, names, plain_colours) if there else None
        return {
            plot: gr.update(value=drawing, visible=there),
            sentence: gr.update(value=told, visible=True),
            account: gr.update(visible=there),
            table: all_figures(state.rows),
        }

    def stop_run(state: Session) -> None:
        if going := state.run:
            going.stop()

    def saved(name: str, state: Session) -> str:
        return SAVED[name][2](state.rows)

    fields = {"models": models, **counts}
    asked = {"inputs": [session], "inputs_kwargs": fields}
    offered = [start, cost, lanes]
    watched = [cost, said, models, spoken, lanes]
    outputs = [*offered, models, plot, sentence, account, table]

    demo.load(opened, **asked, outputs=[*offered, models], **QUEUED)
    # Clearing all models at once is a change, but no input.
    changes = [models.change, *(count.blur for count in counts.values())]
    gr.on(changes, changed, **asked, outputs=offered, trigger_mode="always_last", **QUEUED)
    begins = [start.click, *(count.submit for count in counts.values())]
    going = gr.on(begins, run, **asked, outputs=watched, **QUEUED, **PLAIN)
    for then in (going.success, going.failure):
        then(ended, **asked, outputs=outputs, **QUEUED)
    stop.click(stop_run, [session], None, **AT_ONCE)
    for name, button in saves.items():
        suffix, kind, _ = SAVED[name]
        made = button.click(partial(saved, name), [session], text, **QUEUED)
        keep = f"text => saveText(text, 'speed.{suffix}', '{kind}')"
        made.then(None, text, None, js=keep, **QUEUED)


def _entries(menu: Menu) -> dict[str, Choice]:
    """What the list of models offers: each model with each of its quantizations, first what is here."""
    found = {}
    for _, model in menu.models():
        for quant in menu.quants(model) or [None]:
            found[f"{model}:{quant}" if quant else model] = Choice(model, quant)
    return dict(sorted(found.items(), key=lambda entry: not menu.here(entry[1])))


def _chosen(values: Mapping[str, Any], entries: Mapping[str, Choice]) -> list[Choice]:
    return [entries[value] for value in values["models"] or [] if value in entries]


def _read(values: Mapping[str, Any], menu: Menu, entries: Mapping[str, Choice]) -> Bench:
    """The bench the fields ask for. Raises UsageError, in the fields' own names."""
    texts = {
        name: str(values[name] or "").strip() or default for name, (_, default) in FIELDS.items()
    }
    chosen = _chosen(values, entries)
    if not chosen:
        raise UsageError("No model is chosen. Choose one under Models.")
    try:
        asked = bench_of([menu.file(choice) for choice in chosen], most=MAX_COLUMNS, **texts)
        for name, (label, _) in FIELDS.items():
            if getattr(asked.tests, name) > (most := getattr(MOST, name)):
                raise UsageError(
                    f"{label} is more than {most}. The command line takes more: bench."
                )
    except UsageError as error:
        said = str(error)
        for name, (label, _) in FIELDS.items():
            said = said.replace(name, label)
        raise UsageError(said) from error
    return asked


def _newly_ended(before: Mapping[str, Response], after: Mapping[str, Response]) -> list[str]:
    return [
        key for key, r in after.items() if r.ended and not (key in before and before[key].ended)
    ]


def _told(ended: list[str], responses: Mapping[str, Response]) -> str:
    return " ".join(f"{key}: {speeds.line(responses[key])}." for key in ended)
