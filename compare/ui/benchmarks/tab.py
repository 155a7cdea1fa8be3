"""The Benchmarks tab: published scores as charts, with their sources, and what they say to two articles."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from compare.charts.draw import draw
from compare.run.machine import Machine
from compare.scores.averages import mean_rows
from compare.scores.claims import claims
from compare.scores.suites import CHARTS, KINDS, NAMES, SIZES, SUITES
from compare.scores.table import SCORES, as_csv, load, records
from compare.scores.view import View, chosen, models_of, read, settled
from compare.ui.benchmarks import evidence
from compare.ui.wiring import AT_ONCE

HEADLINE = (
    "<h1>Published scores, each with its source. "
    "<span>Of the full-precision models, not of the quantized files that the columns run.</span></h1>"
)


def benchmarks_tab(
    demo: gr.Blocks, machine: Machine, now: Callable[[], float], path: Path = SCORES
) -> None:
    """The tab in `demo`. Needs no model; `path`: the table of scores."""
    scores = load(path)
    plain = {"apply_default_css": False, "js_on_load": None}
    menu = {"interactive": True, "min_width": 0, "elem_classes": "field"}
    suites = [(suite.title, suite.id) for suite in SUITES.values()]
    names = [(name.label, model) for model, name in NAMES.items()]

    gr.HTML(HEADLINE, elem_classes="headline", **plain)
    said = gr.HTML(evidence.problems(scores.problems), elem_id="bench-said", **plain)
    with gr.Row(elem_id="bench-filters", elem_classes=["filters", "fields"]):
        suite = gr.Dropdown(suites, label="Suite", filterable=False, **menu)
        models = gr.Dropdown(
            names, multiselect=True, label="Models", elem_id="bench-models", **menu
        )
        kind = gr.Dropdown(
            [(v, k) for k, v in KINDS.items()], label="Kind", filterable=False, **menu
        )
        sizes = [(label, size) for size, (label, *_) in SIZES.items()]
        size = gr.Dropdown(sizes, label="Parameters", filterable=False, **menu)
    with gr.Column(elem_classes="chart-card"):
        with gr.Row(elem_id="bench-tools"):
            chart = gr.Radio(
                [], label="Chart", show_label=False, container=False, interactive=True, min_width=0,
                elem_id="bench-chart",
            )  # fmt: skip
            again = gr.Checkbox(
                label="Second reading", container=False, interactive=True, min_width=0,
                elem_id="bench-again",
            )  # fmt: skip
            with gr.Row(elem_id="bench-pair", elem_classes="fields") as pair:
                pairing = {"show_label": False, "container": False, "filterable": False, **menu}
                one = gr.Dropdown(names, label="First model", **pairing)
                other = gr.Dropdown(names, label="Second model", **pairing)
        plot = gr.Plot(show_label=False, container=False, elem_id="bench-plot", elem_classes="plot")
        sentence = gr.HTML(elem_id="bench-sentence", elem_classes="sentence", **plain)
    with gr.Row(elem_id="bench-account", elem_classes="account"):
        with gr.Accordion("Scores and sources", open=False, elem_classes="fold") as fold:
            rows = gr.HTML(elem_id="bench-rows", **plain)
        with gr.Accordion("Averages", open=False, elem_classes="fold"):
            means = gr.HTML(elem_id="bench-means", **plain)
        quiet = {"size": "sm", "min_width": 0, "scale": 0}
        copy = gr.Button("Copy link", elem_classes="copy", elem_id="bench-copy", **quiet)
        save = gr.Button("Download CSV", elem_id="bench-save", **quiet)
    gr.HTML(evidence.claims(claims(scores.table)), elem_id="bench-claims", **plain)
    link, wanted, text = (
        gr.Textbox(visible="hidden", label=label, elem_id=f"bench-{label.lower()}")
        for label in ("Link", "Wanted", "CSV")
    )

    def opened(request: gr.Request) -> dict[Any, Any]:
        """The view that the page's address asks for."""
        return linked(dict(request.query_params))

    def followed(query: str) -> dict[Any, Any]:
        """The view that a link within the page asks for."""
        return linked(dict(parse_qsl(query.removeprefix("?"))))

    def linked(query: dict[str, str]) -> dict[Any, Any]:
        view, unknown = read(query, scores.table)
        told = {said: evidence.problems(scores.problems, unknown)}
        filters = {suite: view.suite, kind: view.kind, size: view.size}
        return told | filters | choices(view) | picture(view) | sources(view)

    def filtered(before: str, *values) -> dict[Any, Any]:
        """What the fields ask for, where `before` the view of that link stood there."""
        asked = asked_by(*values)
        view = settled(asked, scores.table)
        if view == asked and view.query() == before:
            return gr.skip()
        was, _ = read(dict(parse_qsl(before.removeprefix("?"))), scores.table)
        same = view == asked and view.suite == was.suite
        if same and chosen(scores.table, view).equals(chosen(scores.table, was)):
            return picture(view, asked)  # another chart of the same rows: all else stays
        return choices(view, asked) | picture(view, asked) | sources(view)

    def saved(*values) -> str:
        return as_csv(chosen(scores.table, settled(asked_by(*values), scores.table)))

    def asked_by(suite, models, kind, size, chart, one, other, again) -> View:
        return View(suite, tuple(models or ()), kind, size, chart, (one, other), bool(again))

    def choices(view: View, asked: View | None = None) -> dict[Any, Any]:
        """What the view's suite offers, and what is chosen; nothing of what was `asked` for is set again,
        because the visitor may have gone on meanwhile."""
        about = SUITES[view.suite]
        here = [(label, model) for model, label in models_of(scores.table, view.suite).items()]
        charts = [(CHARTS[id_], id_) for id_ in about.charts or CHARTS]

        def value(new, old) -> dict[str, Any]:
            return {} if asked and new == old else {"value": new}

        was = asked or view
        first, second = (*view.pair, None, None)[:2]
        old_first, old_second = (*was.pair, None, None)[:2]
        return {
            models: gr.update(choices=here, **value(list(view.models), list(was.models))),
            chart: gr.update(
                choices=charts, visible=bool(about.charts), **value(view.chart, was.chart)
            ),
            one: gr.update(choices=here, **value(first, old_first)),
            other: gr.update(choices=here, **value(second, old_second)),
        }

    def picture(view: View, asked: View | None = None) -> dict[Any, Any]:
        about = SUITES[view.suite]
        reread = {"visible": about.second is not None and view.chart == "tasks"}
        if not asked or view.again != asked.again:
            reread["value"] = view.again
        drawing = draw(scores.table, view) if about.charts else None
        return {
            again: gr.update(**reread),
            pair: gr.update(visible=bool(about.charts) and view.chart == "difference"),
            plot: gr.update(value=drawing and drawing.figure, visible=drawing is not None),
            sentence: evidence.sentence(drawing, about),
            link: view.query(),
        }

    def sources(view: View) -> dict[Any, Any]:
        found = chosen(scores.table, view)
        listed, averaged = records(found), mean_rows(found, view.suite)
        # Where there is no chart, the table is what there is to see.
        opening = {} if SUITES[view.suite].charts else {"open": True}
        return {
            fold: gr.update(label=evidence.rows_label(listed), **opening),
            rows: evidence.scores(listed),
            means: evidence.averages(averaged, SUITES[view.suite]),
        }

    fields = [suite, models, kind, size, chart, one, other, again]
    shown = [models, chart, one, other, again, pair, plot, sentence, link, fold, rows, means]
    everything = [said, suite, kind, size, *shown]
    keep = {"fn": None, "inputs": link, "js": "query => keepAddress(query)", **AT_ONCE}
    # Unchecked by Gradio, which would refuse a choice made while another suite's models arrive; `settled`
    # replaces what the suite doesn't have.
    asking = {**AT_ONCE, "preprocess": False}

    demo.load(opened, None, everything, **AT_ONCE)
    wanted.change(followed, wanted, everything, **AT_ONCE).then(**keep)
    # Clearing all models at once is a change, but no input; so is what the server sets, which `filtered`
    # leaves as it is.
    inputs = [models.change, *(field.input for field in fields if field is not models)]
    change = gr.on(inputs, filtered, [link, *fields], shown, trigger_mode="always_last", **asking)
    change.then(**keep)
    copy.click(None, link, None, js="query => copyText(addressOf(query))", **AT_ONCE)
    csv = save.click(saved, fields, text, **asking)
    csv.then(None, text, None, js="text => saveText(text, 'benchmark-scores.csv')", **AT_ONCE)
