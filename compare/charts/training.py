"""Scores over the tokens a model was trained on."""

import pandas as pd
import plotly.graph_objects as go

from compare.charts.frame import (
    COLOURS,
    GROUND,
    INK,
    MUTED,
    PALE,
    dotted,
    figure,
    hover,
    note,
    titled,
)
from compare.numbers import points
from compare.scores.suites import AVERAGE, SUITES
from compare.scores.table import records


def training(rows: pd.DataFrame, suite: str) -> go.Figure:
    """Each task's score, and their average, over the tokens a model was trained on."""
    curve, others = _curve(rows)
    traces, ends = [], []
    for name in SUITES[suite].benchmarks:
        mine = [row for row in curve if row["benchmark"] == name]
        if not mine:
            continue
        look = (COLOURS["tinyllama"], 3, 7) if name == AVERAGE else (PALE, 1.5, 5)
        ends.append((name, mine[-1]["score"]))
        traces.append({
            "type": "scatter", "name": name, "mode": "lines+markers", "hoverinfo": "text",
            "x": [row["pretrain_tokens_b"] for row in mine], "y": [row["score"] for row in mine],
            "hovertext": [hover(row) for row in mine], "line": {"color": look[0], "width": look[1]},
            "marker": {"size": look[2], "color": look[0]},
        })  # fmt: skip
    notes = [
        note(
            f"<b>{name}</b>" if name == AVERAGE else name, 1, at, xanchor="left", xshift=6, yref="y",
            color=COLOURS["tinyllama"] if name == AVERAGE else MUTED,
        )
        for name, at in _spread_out(ends, 2.3)
    ]  # fmt: skip
    for row in others:
        name, at = f"{row['label']}, average", (row["pretrain_tokens_b"], row["score"])
        traces.append({
            "type": "scatter", "name": name, "mode": "markers", "x": [at[0]], "y": [at[1]],
            "hoverinfo": "text", "hovertext": [hover(row)],
            "marker": {"size": 10, "color": GROUND, "line": {"color": INK, "width": 2}},
        })  # fmt: skip
        notes.append(
            note(name, *at, xref="x", yref="y", xanchor="left", yanchor="top", xshift=8, yshift=-8)
        )
    chance = {25: "chance with four choices,", 50: "chance with two choices,"}
    known = {
        level: text for level, text in chance.items() if level in SUITES[suite].chance.values()
    }
    lines = dotted(known)
    scores = [score for trace in traces for score in trace["y"]] or [0, 100]
    return figure(
        traces, height=460, showlegend=False, shapes=lines["shapes"],
        annotations=[*lines["annotations"], *notes],
        margin={"l": 8, "r": 84, "t": 8, "b": 8, "pad": 4},
        xaxis={
            "tickvals": [0, 1000, 2000, 3000], "range": [0, 3080], "showgrid": True,
            "ticktext": ["0", "1 T", "2 T", "3 T"], "title": titled("tokens trained on"),
        },
        yaxis={
            "showgrid": True, "range": [min(scores) - 5, max(scores) + 3],
            "title": titled("average of the tasks"),
        },
    )  # fmt: skip


def say_training(rows: pd.DataFrame, suite: str) -> tuple[str, str]:
    """Where the average began, where it was highest, and where it ended."""
    curve, _ = _curve(rows)
    average = {r["pretrain_tokens_b"]: r["score"] for r in curve if r["benchmark"] == AVERAGE}
    if not average:
        return "No average is printed for these checkpoints.", ""
    first, *_, last = [*average, *average]
    best = max(average, key=lambda tokens: average[tokens])
    began = f", from {points(average[first])} after {_tokens(first)} tokens"
    finding = f"The average is highest after {_tokens(best)} tokens, {points(average[best])}"
    if best == last:
        return finding, f"{began if first != last else ''}."
    lower = points(average[best] - average[last])
    return (
        finding,
        f"{began}; after {_tokens(last)} it is {points(average[last])}, lower by {lower}.",
    )


def _curve(rows: pd.DataFrame) -> tuple[list[dict], list[dict]]:
    """The scores of one training's checkpoints, by tokens, and the averages of the models beside them."""
    scored = records(rows.dropna(subset=["score"]).sort_values("pretrain_tokens_b"))
    ours = [row for row in scored if row["model"].startswith("TinyLlama")]
    beside = [row for row in scored if row not in ours and row["benchmark"] == AVERAGE]
    return ours, beside


def _spread_out(ends: list[tuple[str, float]], gap: float) -> list[tuple[str, float]]:
    """The labels at the ends of lines, moved up where they would cover each other."""
    placed: list[tuple[str, float]] = []
    for name, at in sorted(ends, key=lambda end: end[1]):
        placed.append((name, max(at, placed[-1][1] + gap) if placed else at))
    return placed


def _tokens(billions: float) -> str:
    return f"{billions / 1000:.3g} trillion" if billions >= 1000 else f"{billions:g} billion"
