"""Which models fit on which hardware, as shades."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from compare.charts.frame import INK, MUTED, shaded
from compare.memory.fit import Fit
from compare.numbers import UNKNOWN, about_size
from compare.words.fit import called, verdict


def fit_map(fits: Sequence[Fit]) -> go.Figure:
    """Machines across, models down; the more layers on the GPU, the nearer to ink.

    `fits`: one for each model on each machine.
    """
    across = list(dict.fromkeys(html.escape(fit.hardware.title) for fit in fits))
    places: dict[str, dict[str, Fit]] = {}
    for fit in fits:
        places.setdefault(html.escape(called(fit)), {})[html.escape(fit.hardware.title)] = fit
    cells = [(x, y, fit) for y, mine in places.items() for x, fit in mine.items()]
    texts = []
    for fitting, colour in ((True, INK), (False, MUTED)):
        these = [cell for cell in cells if bool(cell[2].fits) is fitting]
        xs, ys = [x for x, _, _ in these], [y for _, y, _ in these]
        texts.append((xs, ys, [_in_cell(fit) for _, _, fit in these], colour))
    return shaded(
        across, [*places],
        [[_share(mine[x]) for x in across] for mine in places.values()],
        [[_fit_hover(mine[x], x, y) for x in across] for y, mine in places.items()],
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
    size = about_size(fit.total_bytes)
    return f"<b>{model}</b><br>{machine}: {verdict(fit)}<br>{size} in all"
