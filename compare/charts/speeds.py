"""Speeds measured here, a bar with its deviation for each."""

import html
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from compare.charts.frame import COLOURS, INK, figure, marker, note
from compare.numbers import deviation, plural, speed
from compare.saved.bench import test_name

TESTS = {"n_gen": "Decode, tok/s", "n_prompt": "Prefill, tok/s"}
"""By llama-bench's field that isn't 0: each a chart with a scale of its own."""
_BAR, _TITLE, _FIGURE = 36, 34, 112  # pixels: of a model, above a chart's first, right of a bar


def speeds(
    rows: Sequence[Mapping], names: Mapping[str, str], colours: Mapping[str, str]
) -> go.Figure:
    """A bar with its deviation for each row of a bench. `names` and `colours` by the row's spec.

    A bar is paler than its outline, so that the lower half of a deviation shows upon it.
    """
    shown = {test: [row for row in rows if row[test]] for test in TESTS}
    shown = {test: bars for test, bars in shown.items() if bars}
    height = sum(_TITLE + _BAR * len(bars) for bars in shown.values()) + 16
    top, traces, notes, axes = 1.0, [], [], {}
    for n, (test, bars) in enumerate(shown.items(), start=1):
        number = "" if n == 1 else str(n)
        top -= _TITLE / height
        bottom = top - _BAR * len(bars) / height
        axes[f"yaxis{number}"] = {
            "domain": [bottom, top], "anchor": f"x{number}", "autorange": "reversed", "type": "category",
            "tickfont": {"size": 13, "color": INK},
        }  # fmt: skip
        longest = max(row["avg_ts"] + row["stddev_ts"] for row in bars)
        axes[f"xaxis{number}"] = {
            "anchor": f"y{number}", "range": [0, longest or 1], "showticklabels": False,
            "showline": False,
        }  # fmt: skip
        title = f"{TESTS[test]} ({test_name(bars[0])})"
        notes.append(note(title, 0, top, size=13, xanchor="left", yanchor="bottom"))
        for row in bars:
            name = html.escape(_without_middle(names[row["spec"]]))
            colour = COLOURS[colours[row["spec"]]]
            fast, spread = row["avg_ts"], row["stddev_ts"]
            repeats = len(row["samples_ts"])
            said = f"{speed(fast)} {deviation(fast, spread, repeats)}".rstrip()
            traces.append({
                "type": "bar", "orientation": "h", "name": name, "x": [fast], "y": [name],
                "xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": False,
                "marker": marker(colour, 0.45), "hoverinfo": "text",
                "hovertext": f"<b>{html.escape(names[row['spec']])}</b><br>{said} tokens a second<br>"
                f"{plural(repeats, 'repetition')} of {plural(row[test], 'token')}",
                "error_x": {
                    "type": "data", "array": [spread], "color": INK, "thickness": 1.5, "width": 3,
                    "visible": repeats > 1,
                },
            })  # fmt: skip
            notes.append(
                note(
                    said, fast + spread, name, size=13, color=INK, xref=f"x{number}",
                    yref=f"y{number}", xanchor="left", xshift=8,
                )
            )  # fmt: skip
        top = bottom
    margin = {"l": 8, "r": _FIGURE, "t": 8, "b": 8, "pad": 4}
    return figure(
        traces, height=height, annotations=notes, bargap=0.5, barmode="overlay", margin=margin, **axes
    )  # fmt: skip


def _without_middle(name: str, most: int = 20) -> str:
    """A long file name's beginning and end, where its model and its quantization stand."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[head + 1 - most :]}"
