"""What one model has more than another, task by task."""

import pandas as pd
import plotly.graph_objects as go

from compare.charts.frame import (
    INK,
    PALE,
    by_model,
    colour_of,
    empty,
    figure,
    how,
    kind_marker,
    kinds_of,
    label_of,
    note,
    of_tasks,
    wrapped,
)
from compare.numbers import dated, listed, points, signed
from compare.scores.suites import AVERAGE, SUITES


def difference(rows: pd.DataFrame, suite: str, a: str, b: str) -> go.Figure:
    """Diverging bars, task by task: to the right where `a` is ahead, to the left where `b` is."""
    apart = _apart(rows, suite, a, b)
    if not apart:
        return empty(f"No task has a score of both {label_of(a)} and {label_of(b)}.")
    names, kinds = (label_of(a), label_of(b)), kinds_of(rows)
    looks = [kind_marker(colour_of(model, False), kinds[model]) for model in (a, b)]
    if looks[0] == looks[1]:
        looks[0] = kind_marker(INK, kinds[a])
    sides = [each for each in apart if each["by"] >= 0], [each for each in apart if each["by"] < 0]
    traces = [
        {
            "type": "bar", "orientation": "h", "name": f"{name} ahead", "marker": look,
            "y": [each["task"] for each in side], "x": [each["by"] for each in side],
            "text": [signed(each["by"]) for each in side], "textposition": "outside",
            "textfont": {"size": 13, "color": INK}, "cliponaxis": False, "hoverinfo": "text",
            "hovertext": [each["hover"] for each in side],
        }
        for side, name, look in zip(sides, names, looks, strict=True)
        if side
    ]  # fmt: skip
    reach = max([0.5, *(abs(each["by"]) for each in apart)]) * 1.45
    left, right = wrapped(f"← {names[1]} ahead", 18), wrapped(f"{names[0]} ahead →", 18)
    return figure(
        traces, height=72 + 42 * len(apart), bargap=0.42, showlegend=False, barmode="relative",
        annotations=[
            note(left, 0, 1, xanchor="left", align="left", yanchor="bottom", yshift=8),
            note(right, 1, 1, xanchor="right", align="right", yanchor="bottom", yshift=8),
        ],
        margin={"l": 8, "r": 8, "t": 48, "b": 8, "pad": 8},
        xaxis={
            "range": [-reach, reach], "zeroline": True, "zerolinecolor": PALE, "showticklabels": False,
        },
        yaxis={
            "categoryorder": "array", "categoryarray": [each["task"] for each in reversed(apart)],
            "tickfont": {"color": INK, "size": 13},
        },
    )  # fmt: skip


def say_difference(rows: pd.DataFrame, suite: str, a: str, b: str) -> tuple[str, str]:
    """Who is ahead in how many tasks, and where not."""
    apart = {each["task"]: each["by"] for each in _apart(rows, suite, a, b)}
    printed = apart.pop(AVERAGE, None)
    if not apart:
        return f"No task has a score of both {label_of(a)} and {label_of(b)}.", ""
    if sum(by > 0 for by in apart.values()) < sum(by < 0 for by in apart.values()):
        a, b = b, a
        apart = {task: -by for task, by in apart.items()}
        printed = None if printed is None else -printed
    ahead = sum(by > 0 for by in apart.values())
    behind = [f"{task} by {points(-by)}" for task, by in apart.items() if by < 0]
    finding = f"{label_of(a)} is ahead of {label_of(b)} in {of_tasks(ahead, len(apart))}"
    rest = f", and behind on {listed(behind)}" if behind else ""
    mean = sum(apart.values()) / len(apart) if printed is None else printed
    which = "Over these tasks the mean" if printed is None else "The printed average"
    return finding, f"{rest}. {which} differs by {signed(mean)}."


def _apart(rows: pd.DataFrame, suite: str, a: str, b: str) -> list[dict]:
    """The tasks both have, and by how much `a` is ahead."""
    scored = by_model(rows[rows["model"].isin([a, b])], SUITES[suite].benchmarks)
    theirs = {row["benchmark"]: row for row in scored.get(b, [])}
    return [
        {
            "task": task,
            "by": round(row["score"] - theirs[task]["score"], 4),
            "hover": f"<b>{task}</b>, {how(row)}<br>"
            + "<br>".join(map(_from, (row, theirs[task]))),
        }
        for row in scored.get(a, [])
        if (task := row["benchmark"]) in theirs
    ]


def _from(row: dict) -> str:
    source = wrapped(f"{row['source_title']}, {dated(row['as_of'], row['as_of_is'])}", 44)
    return f"{row['label']} <b>{points(row['score'])}</b><br>{source}"
