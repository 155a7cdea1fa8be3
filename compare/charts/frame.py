"""What the charts share: colours, axes, notes, hover texts, shades."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from compare import colours
from compare.numbers import dated, plural, points
from compare.scores.suites import AVERAGE, NAMES, Name
from compare.scores.table import records

COLOURS = {name: colour.light for name, colour in colours.MODELS.items()}
"""Figures are drawn in the light theme's; the page's stylesheet makes them the theme's own."""
MOST = 8
"""So many models a chart tells apart by their colours."""
INK, MUTED, PALE, LINE, GROUND = (
    colours.TOKENS[name].light for name in ("ink", "muted", "control", "line", "surface")
)
"""Text, second text, a muted model, hairlines, what lies under the chart."""
CLEAR = "rgba(0,0,0,0)"
FONT = 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
CHANCE = "Chance level"
NO_AVERAGE = "None of these models has all the tasks an average needs."
HOLLOW = "Chat models are drawn filled, base models hollow."
DOTTED = {"color": INK, "width": 1.5, "dash": "2px 3px"}


@dataclass(frozen=True, slots=True)
class Drawing:
    figure: go.Figure
    finding: str
    """what the chart shows, in one sentence"""
    rest: str = ""
    key: str = ""
    """how to read it"""


def empty(why: str) -> go.Figure:
    """A chart without data, which says why."""
    hidden = {"visible": False}
    said = note(wrapped(why, 44), 0.5, 0.5, size=14)
    return figure([], height=240, annotations=[said], xaxis=hidden, yaxis=hidden)


def shaded(
    across: list[str], down: list[str], values: list[list], hovertext: list[list[str]],
    cells: list[tuple], *, highest: float, **more,
) -> go.Figure:  # fmt: skip
    """Values from 0 to `highest` as shades. `cells`: text upon them, as x, y, text and colour."""
    traces = [
        {
            "type": "heatmap", "x": across, "y": down, "z": values, "zmin": 0, "zmax": highest,
            "xgap": 2, "ygap": 2, "showscale": False, "hoverinfo": "text", "hovertext": hovertext,
            # Ink enough to tell the cells apart, little enough to read ink on it, on light and dark.
            "colorscale": [[0, tint(INK, 0.03)], [1, tint(INK, 0.4)]], **more,
        },
        *(
            {
                "type": "scatter", "mode": "text", "hoverinfo": "skip", "x": x, "y": y, "text": text,
                "textfont": {"size": 12, "color": colour},
            }
            for x, y, text, colour in cells
        ),
    ]  # fmt: skip
    axis = {"type": "category", "showline": False}
    return figure(
        traces, height=78 + 28 * len(down), showlegend=False, xaxis={**axis, "side": "top"},
        # A phone's headings stand upright and take from a chart of one model what plotly would keep.
        minreducedheight=20 * len(down),
        yaxis={**axis, "autorange": "reversed", "tickfont": {"color": INK, "size": 12}},
    )  # fmt: skip


def figure(traces: list[dict], *, height: int, **layout) -> go.Figure:
    axis = {
        "fixedrange": True, "automargin": True, "ticks": "", "zeroline": False, "showgrid": False,
        "linecolor": LINE, "gridcolor": LINE, "tickfont": {"size": 12, "color": MUTED},
        # Upright where there is no room: slanted ones run into each other and over the edge.
        "autotickangles": [0, -90],
    }  # fmt: skip
    shared = {
        "template": "none", "height": height, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR,
        "dragmode": False, "hovermode": "closest", "barmode": "group",
        "font": {"family": FONT, "size": 12, "color": MUTED},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 4},
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "maxheight": 0.999,
            "font": {"size": 13, "color": INK},
        },
        "hoverlabel": {
            "bgcolor": GROUND, "bordercolor": PALE, "align": "left",
            "font": {"family": FONT, "size": 13, "color": INK},
        },
    }  # fmt: skip
    named = {"xaxis", "yaxis"} | {name for name in layout if name[:5] in ("xaxis", "yaxis")}
    axes = {name: {**axis, **layout.pop(name, {})} for name in named}
    # All at once: each piece added to a finished figure would be checked and copied anew.
    return go.Figure({"data": traces, "layout": {**shared, **axes, **layout}})


def titled(text: str) -> dict:
    """What an axis measures."""
    return {"text": text, "standoff": 6, "font": {"size": 12, "color": MUTED}}


def note(
    text: str, x: float, y: float | str, *, size: int = 12, color: str = MUTED, **more
) -> dict:
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False}
    return {"text": text, "font": {"size": size, "color": color}, **place, **more}


def dotted(named: dict[float, str]) -> dict[str, list[dict]]:
    """Dotted lines across a chart, each with its name."""
    return {
        "shapes": [
            {"type": "line", "name": CHANCE, "xref": "paper", "x0": 0, "x1": 1, "y0": level, "y1": level,
             "line": DOTTED, "layer": "below"}
            for level in named
        ],
        "annotations": [
            note(f"{text} {level:.0f}", 1, level, yref="y", xanchor="right", yanchor="top")
            for level, text in named.items()
        ],
    }  # fmt: skip


def label_of(model: str) -> str:
    return NAMES.get(model, Name(model)).label


def colour_of(model: str, many: bool) -> str:
    """A model's colour. With more than MOST models only the page's own models keep theirs."""
    name = NAMES.get(model, Name(model)).colour
    if name is None or (many and name.startswith("other")):
        return PALE
    return COLOURS[name]


def kind_marker(colour: str, kind: str) -> dict:
    """Chat models are filled, base models hollow."""
    return marker(colour, 1 if kind == "chat" else 0.2)


def marker(colour: str, opacity: float) -> dict:
    """Filled with so much of a colour, outlined with all of it."""
    fill = colour if opacity == 1 else tint(colour, opacity)
    return {"color": fill, "line": {"color": colour, "width": 1.5}}


def tint(colour: str, opacity: float) -> str:
    """So much of a colour, 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def kinds_of(rows: pd.DataFrame) -> dict[str, str]:
    return dict(zip(rows["model"], rows["model_kind"], strict=True))


def by_model(rows: pd.DataFrame, order: Sequence[str]) -> dict[str, list[dict]]:
    """Each model's scores in the order of the tasks; where there is none, no row."""
    scores: dict[str, dict[str, dict]] = {}
    for row in records(rows):
        scored = scores.setdefault(row["model"], {})
        if row["score"] == row["score"]:
            scored[row["benchmark"]] = row
    return {
        model: [scored[task] for task in order if task in scored]
        for model, scored in scores.items()
    }


def how(row) -> str:
    shots = "shots vary" if row["shots"] == "mixed" else f"{row['shots']}-shot"
    return f"{shots}, {row['metric']}"


def hover(row: dict, extra: str = "") -> str:
    lines = [
        f"<b>{row['label']}</b>", f"{row['benchmark']} <b>{points(row['score'])}</b>", extra, how(row),
        wrapped(row["source_title"], 44), dated(row["as_of"], row["as_of_is"]),
    ]  # fmt: skip
    return "<br>".join(line for line in lines if line)


def hover_average(mine: list[dict], average: dict) -> str:
    size = f"<br>{mine[0]['params_b']:g} billion parameters"
    for row in mine:
        if row["benchmark"] == AVERAGE:
            return hover(row, f"computed {points(average['computed'])}") + size
    mean = {**mine[0], "benchmark": "Mean", "score": average["shown"], "metric": "computed here"}
    return hover({**mean, "shots": "mixed"}) + size


def wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def of_tasks(n: int, total: int) -> str:
    return f"all {total} tasks" if n == total > 1 else f"{n} of {plural(total, 'task')}"
