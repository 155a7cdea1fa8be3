"""Every colour, once: of models and of surfaces, in light and in dark. Data only.

Models' colours were chosen by search over OKLCH so that they differ for normal, protanopic and deuteranopic
sight (any two by 6 or more in OKLab × 100, in the worst of the three), and are dark (in dark: light) enough
for text on `surface` and `page`: a contrast of 4.5 or more (WCAG AA). A colour never stands without its
model's name.
"""

from typing import NamedTuple


class Colour(NamedTuple):
    """One colour in both themes, as CSS writes it."""

    light: str
    dark: str


MODELS = {
    "tinyllama": Colour("#285fec", "#6f9bff"),
    "solar": Colour("#876b1b", "#ecaa0b"),
    "mixtral": Colour("#78154e", "#fc6397"),
    "smollm2": Colour("#1f766c", "#5be6c2"),
    "gemma3": Colour("#5322b8", "#c6b3ff"),
    "other-1": Colour("#425c2b", "#b9e566"),
    "other-2": Colour("#6e1c03", "#f5763c"),
    "other-3": Colour("#485874", "#b2b8c1"),
    "other-4": Colour("#c72da2", "#ee1daf"),
    "other-5": Colour("#0d76ad", "#5a86ce"),
    "other-6": Colour("#2b10e9", "#5774f9"),
    "other-7": Colour("#4e3e89", "#d55753"),
    "other-8": Colour("#410185", "#f9fcac"),
}
"""By a catalogue's id, then of models that have none of their own."""

TOKENS = {
    "page": Colour("#fafafa", "#0b0c0e"),
    "surface": Colour("#ffffff", "#131417"),
    "raised": Colour("#f2f2f4", "#1e2025"),
    "ink": Colour("#17181c", "#ececef"),
    "on-ink": Colour("#ffffff", "#0b0c0e"),
    "muted": Colour("#5d626c", "#a2a7b1"),
    "line": Colour("#e6e7ea", "#26282e"),
    "control": Colour("#868b95", "#676c76"),
    "danger": Colour("#b3261e", "#ff8a80"),
    "focus": Colour("#2563eb", "#86aeff"),
}
"""By what they are for: ground, prompt and columns, hover; text, text on it, second text; hairlines, borders
of fields, failures, the ring of what has the focus."""
