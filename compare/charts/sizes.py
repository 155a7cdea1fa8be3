"""Averages over the models' sizes."""

import math

import pandas as pd
import plotly.graph_objects as go

from compare.charts.frame import (
    MOST,
    MUTED,
    NO_AVERAGE,
    PALE,
    by_model,
    colour_of,
    dotted,
    empty,
    figure,
    hover_average,
    kind_marker,
    label_of,
    titled,
)
from compare.numbers import plural, points
from compare.scores.averages import averages
from compare.scores.suites import KINDS, SUITES
from compare.scores.table import records


def sizes(rows: pd.DataFrame, suite: str) -> go.Figure:
    """The average against parameters, on a log axis: the printed average, else the computed one."""
    dots = records(averages(rows, suite).dropna(subset=["shown"]).reset_index())
    if not dots:
        return empty(NO_AVERAGE)
    many = len(dots) > MOST
    scored = by_model(rows, SUITES[suite].benchmarks)
    for each in dots:
        first, colour = scored[each["model"]][0], colour_of(each["model"], many)
        each |= {"params_b": first["params_b"], "kind": first["model_kind"], "colour": colour}
        each["label"] = "" if many and colour == PALE else each["label"]
    places = _label_places([(each["params_b"], each["shown"], each["label"]) for each in dots])
    for each, place in zip(dots, places, strict=True):
        each["place"] = place
    traces = []
    for kind, name in (("chat", KINDS["chat"]), ("base", KINDS["base"])):
        mine = [each for each in dots if each["kind"] == kind]
        if not mine:
            continue
        colours = [each["colour"] for each in mine]
        traces.append({
            "type": "scatter", "name": name, "mode": "markers+text", "hoverinfo": "text",
            "x": [each["params_b"] for each in mine], "y": [each["shown"] for each in mine],
            "hovertext": [hover_average(scored[each["model"]], each) for each in mine],
            "text": [each["label"] and f"  {each['label']}  " for each in mine],
            "textposition": [each["place"] for each in mine],
            "textfont": {"size": 12, "color": [MUTED if c == PALE else c for c in colours]},
            "marker": {
                "size": 12, "color": [kind_marker(colour, kind)["color"] for colour in colours],
                "line": {"color": colours, "width": 1.5},
            },
        })  # fmt: skip
    levels = list(SUITES[suite].chance.values())
    chance = None if None in levels else sum(levels) / len(levels)
    low, high = rows["params_b"].min(), rows["params_b"].max()
    ticks = [0.3, 1, 3, 10, 30, 100, 300]
    return figure(
        traces, height=420, showlegend=False, **dotted({chance: "chance"} if chance else {}),
        xaxis={
            "type": "log", "tickvals": ticks, "ticktext": [f"{tick:g} B" for tick in ticks],
            "range": [math.log10(low / 1.6), math.log10(high * 1.6)], "showgrid": True,
            "title": titled("parameters, in billions"),
        },
        yaxis={"showgrid": True, "title": titled("average of the tasks")},
    )  # fmt: skip


FRAMES = (270, 330), (1060, 380)
"""Pixels that the dots are spread over: on a phone, on a wide page."""


def _label_places(dots: list[tuple[float, float, str]]) -> list[str]:
    """Where each dot's label covers the fewest other dots and labels, on a phone and on a wide page.

    `dots`: parameters, score and label of each; without a label it only takes its own place.
    """
    xs, ys = [math.log10(x) for x, _, _ in dots], [y for _, y, _ in dots]
    frames = []
    for wide, high in FRAMES:
        across, up = wide / ((max(xs) - min(xs)) or 1), high / ((max(ys) - min(ys)) or 1)
        at = [(x * across, y * up) for x, y in zip(xs, ys, strict=True)]
        frames.append((at, [(x - 6, x + 6, y - 6, y + 6) for x, y in at]))
    places = []
    for n, (_, _, label) in enumerate(dots):
        covers = dict.fromkeys(_boxes(0, 0, 0), 0)
        for at, taken in frames:
            left, right = min(x for x, _ in at) - 30, max(x for x, _ in at) + 30
            for place, box in _boxes(*at[n], 6.3 * len(label)).items():
                covers[place] += sum(_meet(box, other) for other in taken)
                covers[place] += 9 * (box[0] < left or box[1] > right)
        places.append(min(covers, key=covers.__getitem__))
        if label:
            for at, taken in frames:
                taken.append(_boxes(*at[n], 6.3 * len(label))[places[-1]])
    return places


def _boxes(x: float, y: float, width: float) -> dict[str, tuple[float, ...]]:
    """What a label of that width would cover, in each place beside its dot: left, right, bottom, top."""
    return {
        "middle left": (x - 10 - width, x - 10, y - 6, y + 6),
        "middle right": (x + 10, x + 10 + width, y - 6, y + 6),
        "top center": (x - width / 2, x + width / 2, y + 9, y + 21),
        "bottom center": (x - width / 2, x + width / 2, y - 21, y - 9),
    }


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def say_sizes(rows: pd.DataFrame, suite: str) -> tuple[str, str]:
    """The best model, and how many larger ones it leaves behind."""
    means = averages(rows, suite).dropna(subset=["shown"])
    if means.empty:
        return NO_AVERAGE, ""
    params = rows.drop_duplicates("model").set_index("model")["params_b"]
    best = means.index[0]
    larger = sum(params[model] > params[best] for model in means.index)
    kind = "average" if SUITES[suite].averaged else "mean of the tasks, computed here"
    finding = f"{label_of(best)} has the highest {kind}, {points(means.loc[best, 'shown'])}"
    behind = f"; {plural(larger, 'larger model')} {'scores' if larger == 1 else 'score'} less"
    return finding, f", with {params[best]:g} billion parameters{behind if larger else ''}."
