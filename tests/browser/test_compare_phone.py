"""The Compare tab on a phone: swipes, taps, and what is in sight after them."""

from fake_machine import FakeMachine, answering, endless, fake
from playwright.sync_api import expect
from visitor import ask, column, state

from compare.protocol.events import Failed, Loading


def test_a_phone_swipes_and_pages(serve, visit):
    tab = visit(
        serve(fake(["One. " * 80, "Two. " * 80])),
        width=390,
        height=844,
        has_touch=True,
        is_mobile=True,
    )
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(tab.locator("#asked h2 b")).to_be_in_viewport(ratio=1)
    assert tab.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [
        390,
        390,
    ]
    first, second = column(tab, 1).bounding_box(), column(tab, 2).bounding_box()
    assert first["x"] == 16 and first["x"] + first["width"] <= 360 and second["x"] < 380
    page = tab.locator("#pager").get_by_role("button", name="SOLAR")
    expect(page).to_contain_text("tok/s")
    page.tap()
    expect(column(tab, 2)).to_be_in_viewport(ratio=0.3)
    expect(tab.locator("body")).to_have_attribute("data-col", "1")


def test_a_cut_answer_and_a_failed_one_are_told_where_there_is_little_room(serve, visit):
    failed = [(0.0, Loading, {"file_bytes": 1}), (0.1, Failed, {"message": "No room."})]

    def scripts(asked):
        cut = answering("word " * 12, reason="length")
        return {f.key: failed if f.model == "solar" else cut for f in asked.models}

    tab = visit(serve(FakeMachine(scripts)), width=390, height=844)
    ask(tab, "hello")
    expect(state(tab, 2)).to_have_text("Failed while loading")
    cut = state(tab, 1)
    expect(cut.get_by_text("at the limit of 13 tokens")).to_be_visible()
    assert cut.evaluate("line => line.scrollWidth <= line.clientWidth"), "whole"
    expect(cut.get_by_text("Finished in")).to_be_hidden()
    tab.get_by_role("button", name="All measures").click()
    expect(tab.locator("#table thead th")).to_have_count(2)
    widths = [cell.bounding_box()["width"] for cell in tab.locator("#table thead th").all()]
    assert abs(widths[0] - widths[1]) < 1


def test_menus_of_a_column_that_was_swiped_to_open_below_it(serve, visit):
    tab = visit(serve(fake()), width=390, height=844, has_touch=True, is_mobile=True)
    for place, page in enumerate(("TinyLlama", "SOLAR"), start=1):
        tab.locator("#pager").get_by_role("button", name=page).tap()
        expect(column(tab, place)).to_be_in_viewport(ratio=0.9)
        for menu in ("Model", "Quantization"):
            field = tab.get_by_role("combobox", name=f"{menu} {place}")
            field.tap()
            shown, opened = field.bounding_box(), tab.get_by_role("listbox")
            expect(opened).to_be_visible()
            box = opened.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390
            assert box["x"] < shown["x"] + shown["width"] and box["y"] > shown["y"]
            last = opened.get_by_role("option").last
            last.scroll_into_view_if_needed()
            expect(last).to_be_in_viewport(ratio=1)
            tab.keyboard.press("Escape")
            expect(opened).to_have_count(0)


def test_a_small_screen_shows_what_was_asked_for(serve, visit):
    """Taps by their place on the screen: a locator's would scroll there first."""
    tab = visit(serve(endless()), width=320, height=560, has_touch=True, is_mobile=True)
    tab.locator(".overflow-menu > button").first.tap()
    entry = tab.locator(".overflow-dropdown").get_by_role("button", name="Speed")
    expect(entry).to_be_in_viewport(ratio=1)
    box = entry.bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tab.locator("#speed-run")).to_be_visible()
    tab.get_by_role("tab", name="Compare").tap()

    tab.get_by_role("button", name="Add a model").tap()
    expect(column(tab, 3).locator(".head")).to_be_in_viewport(ratio=0.9)
    tab.locator("#pager").get_by_role("button", name="TinyLlama").tap()
    expect(column(tab, 1).locator(".head")).to_be_in_viewport(ratio=0.9)
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.locator("#run").tap()
    expect(column(tab, 1).get_by_role("region")).to_be_in_viewport(ratio=0.9)


def test_a_phone_shows_digits_where_a_whole_number_is_asked_for(serve, visit):
    tab = visit(serve(fake()), width=390, height=844, has_touch=True, is_mobile=True)
    tab.get_by_role("button", name="Settings").tap()
    for label, keys in (("Max tokens", "numeric"), ("Seed", "numeric"), ("Temperature", "")):
        field = tab.get_by_label(label)
        field.tap()
        expect(field).to_have_js_property("inputMode", keys)
    tab.goto(tab.url.partition("?")[0] + "?tab=speed")
    field = tab.get_by_label("Repetitions", exact=True)
    field.tap()
    expect(field).to_have_js_property("inputMode", "numeric")
