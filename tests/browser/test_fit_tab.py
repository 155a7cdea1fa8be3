"""The Fit tab as a visitor sees it."""

import re

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def fitting(serve, visit, machine):
    """A visitor on the Fit tab, once its map is drawn."""

    def go(query: str = "", **options) -> Page:
        tab = visit(f"{serve(machine)}/?tab=fit{query}", **options)
        expect(tab.locator("#fit-plot .heatmaplayer image")).to_be_visible()
        return tab

    return go


def choose(tab: Page, label: str, option: str) -> None:
    tab.get_by_role("combobox", name=label).or_(tab.get_by_label(label, exact=True)).first.click()
    tab.get_by_role("option", name=option, exact=True).click()


def cells(tab: Page) -> list[str]:
    return tab.locator("#fit-plot .textpoint text").all_text_contents()


def test_it_opens_with_the_articles_models_and_a_sentence(fitting):
    tab = fitting()
    expect(tab.locator("#fit-sentence b")).to_have_text(
        "Spaces L4 is the smallest here to hold TinyLlama, SOLAR and Mixtral whole on its GPU"
    )
    expect(tab.locator("#fit-sentence .about")).to_contain_text("Sizes are approximate")
    assert {"all", "RAM", "no", "26"} <= set(cells(tab))
    picture = tab.get_by_role("img", name=re.compile("^Chart. Spaces L4 is the smallest here"))
    expect(picture).to_be_visible()


def test_gigabytes_typed_in_are_a_machine_of_their_own(fitting):
    tab = fitting()
    field = tab.get_by_label("Your own, in GB")
    field.fill("12GB")
    field.press("Enter")
    expect(tab.locator("#fit-sentence")).to_contain_text("12GB holds TinyLlama Q8_0")
    expect(tab.locator("#fit-plot .xtick", has_text="12GB")).to_be_visible()


def test_what_is_no_memory_is_said_and_the_rest_stays(fitting):
    tab = fitting()
    field = tab.get_by_label("Your own, in GB")
    field.fill("<img src=x onerror=alert(1)>")
    field.press("Enter")
    expect(tab.get_by_role("alert")).to_contain_text("is no amount of memory")
    expect(tab.locator("#fit-said img")).to_have_count(0)
    expect(tab.locator("#fit-plot .heatmaplayer image")).to_be_visible()


def test_all_quantizations_and_a_longer_context(fitting):
    tab = fitting()
    choose(tab, "Quantizations", "All")
    expect(tab.locator("#fit-plot .ytick", has_text="SOLAR Q6_K")).to_be_visible()
    choose(tab, "Context length", "32,768 tokens")
    expect(tab.locator("#fit-sentence .about")).to_contain_text("stop at 2,048 and 4,096 tokens")


def test_without_models_it_asks_for_some(fitting):
    tab = fitting()
    for _ in range(3):
        tab.locator("#fit-filters .token-remove").first.click()
    expect(tab.get_by_role("alert")).to_have_text("Choose a model and a machine.")


def test_all_figures_are_a_table(fitting):
    tab = fitting()
    tab.get_by_role("button", name="All figures").click()
    row = tab.locator("#fit-rows tr", has_text=re.compile("SOLAR Q8_0.*T4 small"))
    expect(row).to_contain_text("all 49 layers on the GPU")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_window_in_both_themes(fitting, width, theme):
    tab = fitting(f"&__theme={theme}", width=width, height=844)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    frame = tab.locator("#fit-card").bounding_box()
    for text in tab.locator("#fit-plot text").all():
        box = text.bounding_box()
        assert frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
    ink = {"light": "rgb(23, 24, 28)", "dark": "rgb(236, 236, 239)"}[theme]
    cell = tab.locator("#fit-plot .textpoint text", has_text="RAM").first
    assert cell.evaluate("node => getComputedStyle(node).fill") == ink
