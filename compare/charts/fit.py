"""Which models fit on which hardware, as shades."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from compare.charts.frame import INK, MUTED, shaded
from compare.memory.fit import Fit
from compare.numbers import UNKNOWN, about_size
from compare.words.fit import called, verdict


def fit_map(fits: Sequence[Fit]) -> go.Figure:
    """Machines across, models down; the more layers on the GPU, the nearer to ink. Each model on each machine
    is there once.
    """
    across = {fit.hardware.name: html.escape(fit.hardware.title) for fit in fits}
    down: dict[str, dict[str, Fit]] = {}
    for fit in fits:
        down.setdefault(html.escape(called(fit)), {})[across[fit.hardware.name]] = fit
    cells = [(x, y, fit) for y, mine in down.items() for x, fit in mine.items()]
    texts = []
    for fits_there, colour in ((True, INK), (False, MUTED)):
        these = [cell for cell in cells if bool(cell[2].fits) is fits_there]
        xs, ys = [x for x, _, _ in these], [y for _, y, _ in these]
        texts.append((xs, ys, [_in_cell(fit) for _, _, fit in these], colour))
    return shaded(
        [*across.values()], [*down],
        [[_share(mine[x]) for x in across.values()] for mine in down.values()],
        [[_fit_hover(mine[x], x, y) for x in across.values()] for y, mine in down.items()],
        texts, highest=1,
    )  # fmt: skip


def _share(fit: Fit) -> float | None:
    return fit.layers_that_fit / fit.layers if fit.fits else None


def _in_cell(fit: Fit) -> str:
    """all, 26, RAM, no: as short as a phone needs it."""
    if fit.fits is None:
        return UNKNOWN
    if not fit.fits:
        return "no"
    if not fit.layers_that_fit:
        return "RAM"
    return "all" if fit.layers_that_fit == fit.layers else str(fit.layers_that_fit)


def _fit_hover(fit: Fit, machine: str, model: str) -> str:
    size = about_size(fit.predicted_bytes)
    return f"<b>{model}</b><br>{machine}: {verdict(fit)}<br>{size} in all"
