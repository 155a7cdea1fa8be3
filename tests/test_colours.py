"""The table of colours: as the pictures have them, and fit for text."""

from itertools import product

import pytest

from compare.colours import MODELS, TOKENS

THEMES = ("light", "dark")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("name", "theme", "ground"), list(product(MODELS, THEMES, ("surface", "page")))
)
def test_a_models_colour_can_be_read_as_text(name, theme, ground):
    text, under = getattr(MODELS[name], theme), getattr(TOKENS[ground], theme)
    assert contrast(text, under) >= 4.5


def test_contrasts_are_those_of_the_design():
    surface = TOKENS["surface"]
    found = {
        (name, theme): round(contrast(getattr(colour, theme), getattr(surface, theme)), 1)
        for name, colour in {**MODELS, **TOKENS}.items()
        for theme in THEMES
    }
    assert (found["tinyllama", "light"], found["tinyllama", "dark"]) == (5.3, 6.8)
    assert (found["solar", "light"], found["solar", "dark"]) == (5.1, 9.1)
    assert (found["muted", "light"], found["danger", "light"]) == (6.1, 6.5)


def test_no_two_models_share_a_colour():
    for theme in THEMES:
        assert len({getattr(colour, theme) for colour in MODELS.values()}) == len(MODELS)
