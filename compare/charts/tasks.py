"""Scores task by task, as grouped bars."""

import math

import pandas as pd
import plotly.graph_objects as go

from compare.charts.frame import (
    CHANCE,
    DOTTED,
    INK,
    MOST,
    by_model,
    colour_of,
    figure,
    hover,
    kind_marker,
    kinds_of,
    label_of,
    of_tasks,
    titled,
)
from compare.numbers import listed, plural, points, signed
from compare.scores.averages import averages, by_task
from compare.scores.suites import SUITES
from compare.scores.table import records


def tasks(rows: pd.DataFrame, suite: str, again: pd.DataFrame | None = None) -> go.Figure:
    """Grouped bars. `again`: a second reading, drawn as a whisker from the first to the second value."""
    names, many = SUITES[suite].benchmarks, rows["model"].nunique() > MOST
    scored, kinds, traces = by_model(rows, names), kinds_of(rows), []
    for model in averages(rows, suite).index:
        mine = scored[model]
        up, down, said = _second(mine, again)
        trace = {
            "type": "bar", "name": label_of(model), "x": [row["benchmark"] for row in mine],
            "y": [row["score"] for row in mine], "marker": kind_marker(colour_of(model, many), kinds[model]),
            "hoverinfo": "text",
            "hovertext": [hover(row, extra) for row, extra in zip(mine, said, strict=True)],
        }  # fmt: skip
        if any(up + down):
            trace["error_y"] = {
                "type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": INK,
                "thickness": 1.5, "width": 3,
            }  # fmt: skip
        traces.append(trace)
    present = {name for trace in traces for name in trace["x"]}
    order = [name for name in names if name in present]
    levels = {place: SUITES[suite].chance.get(name) for place, name in enumerate(order)}
    known = {place: level for place, level in levels.items() if level is not None}
    if known:
        key = {"x": [None], "y": [None], "mode": "lines", "hoverinfo": "skip"}
        traces.append({"type": "scatter", "name": CHANCE, "line": DOTTED, **key})
    highest = SUITES[suite].highest
    return figure(
        # A phone's legend has a line for each model, and takes it from the bars.
        traces, height=400 + 22 * max(0, len(traces) - 6), bargap=0.24, bargroupgap=0.08,
        shapes=[
            {"type": "line", "name": CHANCE, "x0": place - 0.46, "x1": place + 0.46, "y0": level,
             "y1": level, "line": DOTTED}
            for place, level in known.items()
        ],
        xaxis={"categoryorder": "array", "categoryarray": order, "range": [-0.5, len(order) - 0.5]},
        yaxis={
            "range": [0, highest], "dtick": highest / 4, "showgrid": True,
            "title": titled(f"score, of {highest:g}"),
        },
    )  # fmt: skip


def say_tasks(rows: pd.DataFrame, suite: str, again: pd.DataFrame | None = None) -> tuple[str, str]:
    """Who is first in how many tasks, and in which."""
    wide = by_task(rows, suite)[list(SUITES[suite].chance)].dropna(axis=1, how="all")
    if len(wide) == 1:
        model = wide.index[0]
        best, worst = wide.loc[model].idxmax(), wide.loc[model].idxmin()
        return (
            f"{label_of(model)} scores highest on {best}, {points(wide.loc[model, best])}",
            f", and lowest on {worst}, {points(wide.loc[model, worst])}.",
        )
    firsts: dict[str, list[str]] = {}
    for task in wide:
        for model in wide.index[wide[task] == wide[task].max()]:
            firsts.setdefault(model, []).append(task)
    order = sorted(firsts, key=lambda model: -len(firsts[model]))
    leader, *others = order
    finding = f"{label_of(leader)} is first in {of_tasks(len(firsts[leader]), wide.shape[1])}"
    rest = [f", {label_of(model)} on {listed(firsts[model])}" for model in others[:3]]
    moved = "" if again is None else _moved(rows, again)
    return finding, "".join(rest) + f", among {plural(len(wide), 'model')}." + moved


def _moved(rows: pd.DataFrame, again: pd.DataFrame) -> str:
    both = rows.merge(again, on=["model", "benchmark"], suffixes=("", "_2")).dropna(
        subset=["score", "score_2"]
    )
    if both.empty:
        return " None of these models was read again."
    both["moved"] = (both["score_2"] - both["score"]).abs()
    most = both.loc[both["moved"].idxmax()]
    names = listed(dict.fromkeys(both["label"]))
    if most["moved"] == 0:
        return f" Read again, the scores of {names} are the same."
    where = f"{most['label']}, {most['benchmark']}"
    return f" Read again, the scores of {names} move by up to {points(most['moved'])} ({where})."


def _second(
    mine: list[dict], again: pd.DataFrame | None
) -> tuple[list[float], list[float], list[str]]:
    """How far a second reading lies above and below each bar, and how it reads."""
    scores = {}
    if again is not None:
        scores = {(row["model"], row["benchmark"]): row["score"] for row in records(again)}
    moved = [scores.get((row["model"], row["benchmark"]), math.nan) - row["score"] for row in mine]
    return (
        [max(0.0, m) if m == m else 0.0 for m in moved],
        [max(0.0, -m) if m == m else 0.0 for m in moved],
        [f"second reading {signed(m)}" if m == m else "" for m in moved],
    )
