"""A colour is named once: the page takes each from the one table."""

import re
from pathlib import Path

from compare.colours import MODELS, TOKENS
from compare.models.catalogue import MODELS as CATALOGUE
from compare.ui.colours import stylesheet
from compare.ui.menu import OTHERS

UI = Path(__file__).parent.parent.parent / "compare" / "ui"


def test_every_colour_is_there_in_light_and_in_dark():
    light, dark = (
        re.search(rf"^{rule} {{(.*)}}", stylesheet(), re.M)[1] for rule in (":root", ".dark")
    )
    for name, colour in {**TOKENS, **MODELS}.items():
        assert f"--{name}: {colour.light};" in light and f"--{name}: {colour.dark};" in dark


def test_every_model_that_a_column_can_hold_has_one():
    for name in (*CATALOGUE, *OTHERS):
        rule = rf"^\.m-{name}, .*\.staterow:has\(\.m-{name}\).* {{ --accent: var\(--{name}\); }}$"
        assert re.search(rule, stylesheet(), re.M)


def test_a_charts_colours_become_the_themes():
    for way in ("fill", "stroke"):
        rule = f'[style*="{way}: rgb(40, 95, 236)"] {{ {way}: var(--tinyllama) !important; }}'
        assert f".js-plotly-plot {rule}" in stylesheet()


def test_no_other_file_of_the_page_names_one():
    table = {colour for each in (TOKENS, MODELS) for pair in each.values() for colour in pair}
    for path in UI.rglob("*"):
        if path.suffix in (".css", ".js", ".py"):
            assert not table & set(re.findall(r"#[0-9a-f]{6}\b", path.read_text())), path.name
