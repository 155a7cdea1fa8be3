"""The table of colours as a stylesheet: each in light and dark, and what takes a model's colour. No other
file of the page names one; adding a model's is adding it to compare/colours.py.
"""

from collections.abc import Iterator

from compare.colours import MODELS, TOKENS

IN_CHARTS = "ink", "muted", "control", "line", "surface"
"""Tokens that charts are drawn with, beside the models' colours."""


def stylesheet() -> str:
    return "\n".join((*_themes(), *_models(), *_charts()))


def _themes() -> Iterator[str]:
    every = {**TOKENS, **MODELS}.items()
    # Gradio puts class dark on body.
    for selector, theme in ((":root", "light"), (".dark", "dark")):
        yield f"{selector} {{ {' '.join(f'--{n}: {getattr(c, theme)};' for n, c in every)} }}"


def _models() -> Iterator[str]:
    """What stands in a model's colour says so by a class; a column's parts, by their state line's."""
    for name in MODELS:
        column = f".head:has(+ .staterow .m-{name}), .staterow:has(.m-{name}) ~ *"
        yield f".m-{name}, {column} {{ --accent: var(--{name}); }}"


def _charts() -> Iterator[str]:
    """Figures come in the light theme's colours; here each becomes the theme's own. What is pointed at
    stands out.
    """
    for name in (*MODELS, *IN_CHARTS):
        yield from _drawn(".js-plotly-plot", name, name)
    yield from _drawn(".js-plotly-plot .pointed", "control", "ink")


def _drawn(within: str, name: str, shown: str) -> Iterator[str]:
    light = {**TOKENS, **MODELS}[name].light
    rgb = ", ".join(str(int(light[at : at + 2], 16)) for at in (1, 3, 5))
    for way in ("fill", "stroke"):
        yield f'{within} [style*="{way}: rgb({rgb})"] {{ {way}: var(--{shown}) !important; }}'
