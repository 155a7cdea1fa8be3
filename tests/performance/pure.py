"""Measurements of what is only computed, in the processor's time: no model runs, no page is open."""

import time
from collections.abc import Callable, Iterator

from compare.charts.draw import draw
from compare.gguf.reader import read_header
from compare.memory.choices import layers_that_fit
from compare.memory.known import known_header
from compare.memory.predict import Free
from compare.models.catalogue import MODELS
from compare.models.local import local_path
from compare.models.spec import parse
from compare.scores.suites import SUITES
from compare.scores.table import load
from compare.scores.view import View, models_of, settled
from compare.ui.markup import shown
from performance.report import AT_MOST, Line, Measurement, Sample
from performance.stage import Stage

PIECES = (
    "`",
    "```",
    "\n",
    "    ",
    "- ",
    "> ",
    "$",
    "$$",
    r"\(",
    "\\",
    "<b>",
    "![",
    "](",
    "]:",
    "&",
)
"""What markup is made of, each many times over."""


def charts(_stage: Stage) -> Iterator[Sample]:
    table = load().table
    views = [
        settled(View(suite.id, tuple(models_of(table, suite.id)), chart=chart), table)
        for suite in SUITES.values()
        for chart in suite.charts
    ]
    draw(table, views[0])  # what plotly does once
    while True:
        yield {"chart": max(took_s(lambda view=view: draw(table, view)) for view in views) * 1e3}


def header(_stage: Stage) -> Iterator[Sample]:
    with open(local_path(parse("gemma3")), "rb") as file:
        while True:
            yield {"header": took_s(lambda: read_header(file)) * 1e3}


def fitting(_stage: Stage) -> Iterator[Sample]:
    mixtral, room = known_header(MODELS["mixtral"].shape, "Q2_K"), Free(None, 16 * 2**30)
    while True:
        yield {"fit": took_s(lambda: layers_that_fit(mixtral, 2048, "f16", room)) * 1e3}


def markup(_stage: Stage) -> Iterator[Sample]:
    while True:
        ratios = []
        for piece in PIECES:
            for text in (f"{piece}x ", piece):
                half = took_s(lambda text=text: shown(text * 5_000))
                ratios.append(took_s(lambda text=text: shown(text * 10_000)) / half)
        yield {"markup": max(ratios)}


def took_s(act: Callable[[], object]) -> float:
    """The least of three: what else runs on the machine only adds to it."""
    took = []
    for _ in range(3):
        began = time.process_time()
        act()
        took.append(time.process_time() - began)
    return min(took)


MEASUREMENTS = (
    Measurement("chart", charts, (
        Line("chart", "drawing all models of a suite, its slowest chart", "", 50, AT_MOST, "ms"),
    )),
    Measurement("header", header, (
        Line("header", "reading the header of Gemma's file, 262,144 words", "", 200, AT_MOST, "ms"),
    )),
    Measurement("fit", fitting, (
        Line("fit", "how many of Mixtral's layers fit on a GPU", "", 500, AT_MOST, "ms"),
    )),
    Measurement("markup", markup, (
        Line("markup", "an answer of one piece of markup 10,000 times, the slowest piece", "5,000 times", 3,
             AT_MOST, "times as long"),
    )),
)  # fmt: skip
"""In the order of the table."""
