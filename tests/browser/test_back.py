"""Back goes to what was before, within the page; a page that is loaded anew has its form."""

import re

from fake_machine import FakeMachine, endless, fake
from playwright.sync_api import Page, expect
from visitor import ask, choose, fill_in, state


def tab_named(tab: Page, name: str):
    return tab.get_by_role("tab", name=name)


def expect_tab(tab: Page, name: str) -> None:
    expect(tab_named(tab, name)).to_have_attribute("aria-selected", "true")


def test_back_goes_from_card_to_cards_to_the_run_that_went_on(serve, visit):
    tab = visit(serve(endless()))
    ask(tab, "hello")
    expect(state(tab, 1)).to_contain_text("Writing")
    tab.evaluate("window.same = true")
    tab_named(tab, "Gallery").click()
    expect(tab).to_have_url(re.compile(r"\?tab=gallery$"))
    cards = tab.locator("#gallery-list a")
    cards.nth(20).scroll_into_view_if_needed()
    left = tab.evaluate("scrollY")
    assert left > 0
    cards.nth(20).click()
    expect(tab.locator(".opened h2")).to_be_visible()
    expect(tab).to_have_url(re.compile(r"\?tab=gallery&prompt="))

    tab.go_back()
    expect(cards.first).to_be_visible()
    expect(tab).to_have_url(re.compile(r"\?tab=gallery$"))
    tab.wait_for_function(f"scrollY === {left}")
    tab.go_back()
    expect_tab(tab, "Compare")
    assert tab.url.rstrip("/").endswith(tab.evaluate("location.host"))
    expect(state(tab, 1)).to_contain_text("Writing")
    words = tab.get_by_role("region", name="Answer of TinyLlama")
    before = words.inner_text()
    expect(words).not_to_have_text(before)
    tab.go_forward()
    tab.go_forward()
    expect(tab.locator(".opened h2")).to_be_visible()
    assert tab.evaluate("window.same"), "it was loaded anew"


def test_what_is_sought_in_the_gallery_has_an_address(serve, visit):
    tab = visit(f"{serve(fake())}/?tab=gallery")
    search, cards = tab.get_by_label("Search"), tab.locator("#gallery-list a")
    expect(search).to_be_visible()
    every = cards.count()
    search.press_sequentially("snake")
    expect(tab).to_have_url(re.compile(r"\?tab=gallery&q=snake$"))
    expect(cards).not_to_have_count(every)
    some = cards.count()
    tab.reload()
    expect(search).to_have_value("snake")
    expect(cards).to_have_count(some)
    tab.go_back()
    expect(cards).to_have_count(every)
    expect(search).to_have_value("")

    tab.get_by_text("Score board", exact=True).click()
    expect(tab).to_have_url(re.compile("view=board"))
    tab.go_back()
    expect(cards).to_have_count(every)
    expect(tab.get_by_role("radio", name="Prompts")).to_be_checked()


def test_filters_of_the_scores_are_undone(serve, visit):
    tab = visit(f"{serve(fake())}/?tab=benchmarks")
    expect(tab.locator("#bench-sentence b").first).to_be_visible()
    kind = tab.get_by_label("Kind")
    usual = kind.input_value()
    kind.click()
    tab.get_by_role("option", name="Chat", exact=True).click()
    expect(tab).to_have_url(re.compile("kind=chat"))
    tab.go_back()
    expect(kind).to_have_value(usual)
    expect_tab(tab, "Benchmarks")
    expect(tab).not_to_have_url(re.compile("kind=chat"))


def test_a_page_that_is_loaded_anew_has_its_form(serve, visit):
    asked = []

    def scripts(comparison):
        asked.append(comparison)
        return {}

    address = serve(FakeMachine(scripts))
    tab = visit(address)
    choose(tab, 1, "Mixtral 8x7B Instruct")
    tab.get_by_role("combobox", name="Quantization 1").click()
    tab.get_by_role("option", name="Q5_K_M").click()
    tab.get_by_role("button", name="Add a model").click()
    expect(tab.locator(".col")).to_have_count(3)
    third = tab.get_by_role("combobox", name="Model 3").input_value()
    tab.get_by_text("In turn", exact=True).click()
    fill_in(tab, Temperature="0,2", System_prompt="Be brief.")
    tab.get_by_role("button", name="More").click()
    tab.get_by_label("Keep what follows").check()
    tab.get_by_label("Prompt", exact=True).fill("Two\nlines")
    tab.wait_for_function("Object.values(sessionStorage).some(kept => kept.includes('lines'))")

    tab.reload()
    expect(tab.get_by_label("Prompt", exact=True)).to_have_value("Two\nlines")
    expect(tab.get_by_role("combobox", name="Model 1")).to_have_value("Mixtral 8x7B Instruct")
    expect(tab.get_by_role("combobox", name="Quantization 1")).to_have_value("Q5_K_M")
    expect(tab.get_by_role("combobox", name="Model 3")).to_have_value(third)
    expect(tab.get_by_role("radio", name="In turn")).to_be_checked()
    tab.get_by_role("button", name="Run", exact=True).click()
    tab.wait_for_function("document.querySelector('#asked h2')")
    (comparison,) = asked
    assert comparison.system == "Be brief." and comparison.mode == "in-turn"
    assert comparison.sampling.temperature == 0.2 and comparison.sampling.raw
    assert comparison.models[0].key == "mixtral:Q5_K_M" and len(comparison.models) == 3

    other = visit(address)
    expect(other.get_by_label("Prompt", exact=True)).to_have_value("")


def test_settings_go_back_to_their_defaults(serve, visit):
    tab = visit(serve(fake()))
    settings = tab.get_by_role("button", name="Settings")
    back = tab.get_by_role("button", name="Back to defaults")
    fill_in(tab, Max_tokens="", System_prompt="Be brief.")
    expect(back).to_be_hidden()
    tab.get_by_label("Temperature").fill("0,2")
    expect(back).to_be_visible()
    settings.click()
    expect(tab.get_by_role("button", name="Settings, 1 changed")).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("button", name="Settings, 1 changed")).to_be_visible()
    settings.click()
    back.click()
    expect(back).to_be_hidden()
    for label, value in (
        ("Temperature", "0.7"),
        ("Max tokens", "256"),
        ("System prompt", "Be brief."),
    ):
        expect(tab.get_by_label(label)).to_have_value(value)
