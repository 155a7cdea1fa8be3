"""All models and all tasks, as shades."""

import pandas as pd
import plotly.graph_objects as go

from compare.charts.frame import CHANCE, INK, hover, label_of, shaded
from compare.charts.tasks import say_tasks
from compare.numbers import UNKNOWN, points
from compare.scores.averages import averages, by_task
from compare.scores.suites import SUITES
from compare.scores.table import records


def heat(rows: pd.DataFrame, suite: str) -> go.Figure:
    """Models down, the highest average first, tasks across; the last line is the chance level."""
    wide = by_task(rows, suite).dropna(axis=1, how="all")
    wide = wide.loc[averages(rows, suite).index]
    chance = [SUITES[suite].chance.get(task) for task in wide]
    values = [[None if v != v else v for v in line] for line in wide.to_numpy().tolist()]
    labels = [label_of(model) for model in wide.index]
    if any(level is not None for level in chance):
        values, labels = [*values, chance], [*labels, CHANCE]
    hovers = {(row["model"], row["benchmark"]): hover(row) for row in records(rows)}
    hovertext = [[hovers.get((model, task), "no score") for task in wide] for model in wide.index]
    hovertext += [[CHANCE] * len(chance)] * (len(values) - len(hovertext))
    highest = SUITES[suite].highest
    missing = [
        (task, label)
        for label, line in zip(labels, values, strict=True)
        for task, value in zip(wide, line, strict=True)
        if value is None
    ]
    cells = [
        (
            [task for task, _ in missing],
            [label for _, label in missing],
            [UNKNOWN] * len(missing),
            INK,
        )
    ]
    drawn_values = {"texttemplate": "%{z:.1f}", "textfont": {"size": 12, "color": INK}}
    return shaded(list(wide), labels, values, hovertext, cells, highest=highest, **drawn_values)


def say_heat(rows: pd.DataFrame, suite: str) -> tuple[str, str]:
    """The task that tells the models apart most, and least."""
    wide = by_task(rows, suite)[list(SUITES[suite].chance)].dropna(axis=1, how="all")
    if len(wide) == 1:
        return say_tasks(rows, suite)
    spread = (wide.max() - wide.min()).sort_values()
    least, most = spread.index[0], spread.index[-1]
    worst, best = wide[most].idxmin(), wide[most].idxmax()
    return (
        f"{most} tells these {len(wide)} models apart most",
        f", from {points(wide.loc[worst, most])} ({label_of(worst)}) to {points(wide.loc[best, most])} "
        f"({label_of(best)}); {least} least, by {points(spread[least])}.",
    )
