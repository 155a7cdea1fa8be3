"""The Benchmarks tab: published scores as charts, with their sources, and what they say to two articles."""

from pathlib import Path
from typing import Any

import gradio as gr

from compare.scores.claims import claims
from compare.scores.suites import KINDS, NAMES, SIZES, SUITES
from compare.scores.table import SCORES, Scores, load
from compare.ui.benchmarks import evidence
from compare.ui.benchmarks.shown import FIELDS, Benchmarks
from compare.ui.parts import button, carried, chart, headline, menu, segments, words
from compare.ui.wiring import ALWAYS_LAST, AT_ONCE, COPY_LINK, KEEP_ADDRESS, Wiring

Parts = dict[str, gr.blocks.Block]
NAMED = [(name.label, model) for model, name in NAMES.items()]
FILTERED = (
    "models", "chart", "one", "other", "again", "pair", "plot", "sentence", "link", "fold", "rows",
    "means",
)  # fmt: skip
"""What the fields may change."""


def benchmarks_tab(demo: gr.Blocks, path: Path = SCORES) -> None:
    """The tab in `demo`. Needs no model; `path`: the table of scores."""
    scores = load(path)
    headline(
        "Published scores, each with its source.",
        "Of the full-precision models, not of the quantized files that the columns run.",
    )
    parts = _filters(scores) | _card() | _account()
    words(evidence.claims(claims(scores.table)), elem_id="bench-claims")
    for label in ("Link", "Wanted", "CSV"):
        parts[label.lower()] = carried(label, f"bench-{label.lower()}")
    _wire(demo, Benchmarks(scores), Wiring(parts))


def _filters(scores: Scores) -> Parts:
    said = words(evidence.problems(scores.problems), elem_id="bench-said")
    with gr.Row(elem_id="bench-filters", elem_classes=["filters", "fields"]):
        suite = menu([(suite.title, suite.id) for suite in SUITES.values()], "Suite")
        models = menu(NAMED, "Models", multiselect=True, elem_id="bench-models")
        kind = menu([(label, kind) for kind, label in KINDS.items()], "Kind")
        size = menu([(label, size) for size, (label, *_) in SIZES.items()], "Parameters")
    return {"said": said, "suite": suite, "models": models, "kind": kind, "size": size}


def _card() -> Parts:
    with gr.Column(elem_classes="chart-card"):
        with gr.Row(elem_id="bench-tools"):
            which = segments([], "Chart", "bench-chart")
            again = gr.Checkbox(
                label="Show how far a second reading lies", container=False, interactive=True, min_width=0,
                elem_id="bench-again",
            )  # fmt: skip
            with gr.Row(elem_id="bench-pair", elem_classes="fields") as pair:
                one, other = (
                    menu(NAMED, f"{nth} model", show_label=False, container=False)
                    for nth in ("First", "Second")
                )
        plot = chart("bench-plot")
        sentence = words(elem_id="bench-sentence", elem_classes="sentence")
    return {
        "chart": which, "again": again, "pair": pair, "one": one, "other": other, "plot": plot,
        "sentence": sentence,
    }  # fmt: skip


def _account() -> Parts:
    with gr.Row(elem_id="bench-account", elem_classes="account"):
        with gr.Accordion("Scores and sources", open=False, elem_classes="fold") as fold:
            rows = words(elem_id="bench-rows")
        with gr.Accordion("Averages", open=False, elem_classes="fold"):
            means = words(elem_id="bench-means")
        copy = button("Copy link", "copy", elem_id="bench-copy")
        save = button("Download CSV", elem_id="bench-save")
    return {"fold": fold, "rows": rows, "means": means, "copy": copy, "save": save}


def _wire(demo: gr.Blocks, shown: Benchmarks, wiring: Wiring) -> None:
    parts, fields = wiring.parts, wiring.components(*FIELDS)
    filtered = wiring.components(*FILTERED)
    everything = [*wiring.components("said", "suite", "kind", "size"), *filtered]
    # Unchecked by Gradio, which would refuse a choice made while another suite's models arrive; `settled`
    # replaces what the suite doesn't have.
    asking = {**AT_ONCE, "preprocess": False}

    def opened(request: gr.Request) -> Any:
        """The view that the page's address asks for."""
        return wiring.told(shown.linked(dict(request.query_params)))

    demo.load(opened, None, everything, **AT_ONCE)
    followed = parts["wanted"].change(
        wiring(shown.followed), parts["wanted"], everything, **AT_ONCE
    )  # fmt: skip
    followed.then(inputs=parts["link"], **KEEP_ADDRESS)
    # Clearing all models at once is a change, but no input; so is what the server sets, which `filtered`
    # leaves as it is.
    inputs = [parts["models"].change, *(f.input for f in fields if f is not parts["models"])]
    changed = gr.on(
        inputs, wiring(shown.filtered), [parts["link"], *fields], filtered, **asking, **ALWAYS_LAST
    )  # fmt: skip
    changed.then(inputs=parts["link"], **KEEP_ADDRESS)
    parts["copy"].click(inputs=parts["link"], **COPY_LINK)
    csv = parts["save"].click(shown.saved, fields, parts["csv"], **asking)
    csv.then(
        None, parts["csv"], None, js="text => saveText(text, 'benchmark-scores.csv')", **AT_ONCE
    )
