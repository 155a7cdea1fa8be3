"""The Fit tab as a visitor sees it."""

import re

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def fitting(serve, visit, machine):
    """A visitor on the Fit tab, once its map is drawn."""

    def go(**options) -> Page:
        tab = visit(f"{serve(machine)}/?tab=fit", **options)
        expect(tab.locator("#fit-plot .heatmaplayer image")).to_be_visible()
        return tab

    return go


def choose(tab: Page, label: str, option: str) -> None:
    tab.get_by_role("combobox", name=label).or_(tab.get_by_label(label, exact=True)).first.click()
    tab.get_by_role("option", name=option, exact=True).click()


def cells(tab: Page) -> list[str]:
    return tab.locator("#fit-plot .textpoint text").all_text_contents()


def type_in(tab: Page, text: str) -> None:
    field = tab.get_by_label("Your own, in GB")
    field.fill(text)
    field.press("Enter")


def test_what_fits_where(fitting):
    tab = fitting()
    expect(tab.locator("#fit-sentence b")).to_have_text(
        "Spaces L4 is the smallest here to hold TinyLlama, SOLAR and Mixtral whole on its GPU"
    )
    expect(tab.locator("#fit-sentence .about")).to_contain_text("Sizes are approximate")
    assert {"all", "RAM", "no", "26"} <= set(cells(tab))
    picture = tab.get_by_role("img", name=re.compile("^Chart. Spaces L4 is the smallest here"))
    expect(picture).to_be_visible()

    # All figures, as a table.
    tab.get_by_role("button", name="All figures").click()
    row = tab.locator("#fit-rows tr", has_text=re.compile("SOLAR Q8_0.*T4 small"))
    expect(row).to_contain_text("all 49 layers on the GPU")

    # Gigabytes that are typed in, or a name, are a machine that the sentence tells of.
    type_in(tab, "12GB")
    expect(tab.locator("#fit-sentence")).to_contain_text("12GB holds TinyLlama Q8_0")
    expect(tab.locator("#fit-plot .xtick", has_text="12GB")).to_be_visible()
    type_in(tab, "t4-small")
    expect(tab.locator("#fit-sentence")).to_contain_text("Spaces T4 small holds TinyLlama Q8_0")
    expect(tab.locator("#fit-plot .xtick")).to_have_count(6)

    # What is no memory is told, and the map stays.
    type_in(tab, "<img src=x onerror=alert(1)>")
    expect(tab.get_by_role("alert")).to_contain_text("is no amount of memory")
    expect(tab.locator("#fit-said img")).to_have_count(0)
    expect(tab.locator("#fit-plot .heatmaplayer image")).to_be_visible()
    type_in(tab, "")
    expect(tab.get_by_role("alert")).to_have_count(0)

    choose(tab, "Quantizations", "All")
    expect(tab.locator("#fit-plot .ytick", has_text="SOLAR Q6_K")).to_be_visible()
    choose(tab, "Context length", "32,768 tokens")
    expect(tab.locator("#fit-sentence .about")).to_contain_text("stop at 2,048 and 4,096 tokens")

    tab.locator("#fit-filters").get_by_role("button", name="Clear").first.click()
    expect(tab.get_by_role("alert")).to_have_text("Choose a model.")
    expect(tab.locator("#fit-card")).to_be_hidden()
    remove = tab.locator("#fit-filters").get_by_role("button", name="Remove This machine")
    remove.click()
    expect(remove).to_have_count(0)


def test_it_fits_the_window_in_both_themes(fitting):
    tab = fitting(width=390, height=844)
    inks = set()
    for width in (390, 1280):
        tab.set_viewport_size({"width": width, "height": 844})
        expect(tab.locator("#fit-plot .main-svg").first).to_have_attribute(
            "width", re.compile("^[23]" if width == 390 else "^1[01]")
        )
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        frame = tab.locator("#fit-card").bounding_box()
        for text in tab.locator("#fit-plot text").all():
            box = text.bounding_box()
            assert frame["x"] <= box["x"]
            assert box["x"] + box["width"] <= frame["x"] + frame["width"]
        cell = tab.locator("#fit-plot .textpoint text", has_text="RAM").first
        inks.add(cell.evaluate("node => getComputedStyle(node).fill"))
        tab.get_by_role("button", name="Light or dark").click()
    assert inks == {"rgb(23, 24, 28)", "rgb(236, 236, 239)"}
