"""Which models fit on which hardware, as shades."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from compare.charts.frame import INK, MUTED, shaded
from compare.numbers import UNKNOWN, about_size
from compare.words.fit import called, verdict


def fit_map(rows: Sequence[dict], titles: dict[str, str], shorts: dict[str, str]) -> go.Figure:
    """Machines across, models down; the more layers on the GPU, the nearer to ink.

    `rows`: memory/fit.py's, one for each model on each machine. `titles`: of machines, `shorts`: of
    models, each by its name.
    """
    across = {name: html.escape(title) for name, title in titles.items()}
    places: dict[str, dict[str, dict]] = {}
    for row in rows:
        mine = places.setdefault(html.escape(called(row, shorts)), {})
        mine[across[row["hardware"]]] = row
    cells = [(x, y, row) for y, mine in places.items() for x, row in mine.items()]
    texts = []
    for fits, colour in ((True, INK), (False, MUTED)):
        these = [cell for cell in cells if bool(cell[2]["fits"]) is fits]
        xs, ys = [x for x, _, _ in these], [y for _, y, _ in these]
        texts.append((xs, ys, [_in_cell(row) for _, _, row in these], colour))
    return shaded(
        [*across.values()], [*places],
        [[_share(mine[x]) for x in across.values()] for mine in places.values()],
        [[_fit_hover(mine[x], x, y) for x in across.values()] for y, mine in places.items()],
        texts, highest=1,
    )  # fmt: skip


def _share(row: dict) -> float | None:
    return row["layers_that_fit"] / row["layers"] if row["fits"] else None


def _in_cell(row: dict) -> str:
    """all, 26, RAM, no: as short as a phone needs it."""
    if row["fits"] is None:
        return UNKNOWN
    if not row["fits"]:
        return "no"
    if not row["layers_that_fit"]:
        return "RAM"
    return "all" if row["layers_that_fit"] == row["layers"] else str(row["layers_that_fit"])


def _fit_hover(row: dict, machine: str, model: str) -> str:
    size = about_size(row["predicted_bytes"])
    return f"<b>{model}</b><br>{machine}: {verdict(row)}<br>{size} in all"
