"""The Gallery's score board, as shades."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from compare.charts.frame import INK, shaded
from compare.numbers import UNKNOWN, plural


def score_board(
    themes: Sequence[str], models: Sequence[str], marks: Sequence[Sequence[tuple[int, int] | None]]
) -> go.Figure:
    """Themes down, models across; the more of a theme's checks passed, the nearer to ink.

    `marks`: one line a theme; checks passed and checks made, None where none was made.
    """
    down, across = [html.escape(theme) for theme in themes], [html.escape(name) for name in models]
    cells = [
        (x, y, f"{mark[0]} of {mark[1]}" if mark else UNKNOWN)
        for y, line in zip(down, marks, strict=True)
        for x, mark in zip(across, line, strict=True)
    ]
    xs, ys, texts = ([cell[part] for cell in cells] for part in range(3))
    return shaded(
        across, down,
        [[mark and mark[0] / mark[1] for mark in line] for line in marks],
        [
            [_marks_hover(x, y, mark) for x, mark in zip(across, line, strict=True)]
            for y, line in zip(down, marks, strict=True)
        ],
        [(xs, ys, texts, INK)], highest=1,
    )  # fmt: skip


def _marks_hover(model: str, theme: str, mark: tuple[int, int] | None) -> str:
    passed = f"{mark[0]} of {plural(mark[1], 'check')} passed" if mark else "no check was made"
    return f"<b>{model}</b><br>{theme}<br>{passed}"
