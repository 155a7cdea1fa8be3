"""The table of colours: as the pictures have them, and fit for text."""

from itertools import combinations, product

import numpy as np
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


SIGHTS = {
    "normal": np.eye(3),
    "protanopic": [
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ],
    "deuteranopic": [
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ],
}  # fmt: skip
"""What of linear RGB is seen (Machado, Oliveira and Fernandes 2009, severity 1)."""
TO_LMS = [
    (0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
]  # fmt: skip
TO_OKLAB = [
    (0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
]  # fmt: skip
"""From linear RGB to OKLab by way of these (Ottosson 2020)."""


def seen(colour: str, sight: str) -> np.ndarray:
    """In OKLab × 100."""
    linear = np.array(
        [luminance(f"#{'00' * n}{colour[2 * n + 1 : 2 * n + 3]}{'00' * (2 - n)}") for n in range(3)]
    )
    linear = np.clip(SIGHTS[sight] @ (linear / (0.2126, 0.7152, 0.0722)), 0, 1)
    return 100 * (TO_OKLAB @ np.cbrt(TO_LMS @ linear))


@pytest.mark.parametrize(("theme", "sight"), list(product(THEMES, SIGHTS)))
def test_any_two_models_colours_differ_for_colour_blind_readers_too(theme, sight):
    found = [seen(getattr(colour, theme), sight) for colour in MODELS.values()]
    assert min(np.linalg.norm(one - other) for one, other in combinations(found, 2)) >= 6
