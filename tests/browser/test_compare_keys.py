"""The Compare tab by its keys: Enter, Escape, and where the focus goes."""

import re

from fake_machine import endless, fake
from playwright.sync_api import expect
from visitor import ask, column, state


def test_enter_sends_and_shift_enter_breaks_the_line(serve, visit):
    tab = visit(serve(fake()))
    prompt = tab.get_by_label("Prompt", exact=True)
    prompt.fill("first")
    prompt.press("Shift+Enter")
    prompt.press_sequentially("second")
    expect(prompt).to_have_value("first\nsecond")
    prompt.evaluate(
        "e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    tab.wait_for_timeout(300)
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    prompt.press("Enter")
    expect(state(tab, 1)).to_contain_text("Finished in")
    expect(prompt).to_have_value("first\nsecond")


def test_the_speed_of_this_moment_is_shown_until_escape_stops(serve, visit):
    tab = visit(serve(endless()))
    ask(tab, "hello")
    expect(state(tab, 1)).to_contain_text("Writing")
    now = column(tab, 1).locator(".speed .now")
    expect(now).to_have_text(re.compile(r"^now\s\d"))
    tab.keyboard.press("Escape")
    expect(state(tab, 1)).to_contain_text("Stopped after")
    expect(now).to_be_empty()


def test_what_asks_for_a_run_meanwhile_is_told_and_a_run_is_seen_and_stopped_from_every_tab(
    serve, visit
):
    tab = visit(serve(endless()), width=640)
    ask(tab, "hello")
    expect(tab.locator("#asked").get_by_role("heading")).to_have_text("You asked: hello")
    expect(state(tab, 1)).to_contain_text("Writing")
    prompt = tab.get_by_label("Prompt", exact=True)
    prompt.fill("another")
    prompt.press("Enter")
    expect(tab.get_by_test_id("toast-text")).to_contain_text("A run is in progress.")
    tab.locator(".toast-close").click()  # it would lie over the tabs for ten seconds
    expect(prompt).to_have_value("another")
    for name in ("Gallery", "Benchmarks", "Speed", "Fit"):
        expect(tab.get_by_role("tab", name=name)).to_be_in_viewport(ratio=1)
    tab.get_by_role("tab", name="Fit").click()
    compare = tab.get_by_role("tab", name="Compare")
    expect(compare).to_have_attribute("data-runs", "")
    tab.keyboard.press("Escape")
    expect(compare).not_to_have_attribute("data-runs", "")
    compare.click()
    expect(state(tab, 1)).to_contain_text("Stopped after")
    expect(column(tab, 1).get_by_role("button", name="Run again")).to_be_visible()
    tab.get_by_role("button", name="Edit the prompt").click()
    expect(prompt).to_have_value("hello")
    expect(prompt).to_be_focused()
    tab.get_by_role("heading", name="You asked: hello").click()
    expect(tab.locator("#asked details")).to_have_attribute("open", "")


def test_arrows_move_among_together_and_in_turn(serve, visit):
    tab = visit(serve(fake()))
    together, in_turn = tab.get_by_label("Together"), tab.get_by_label("In turn")
    tab.get_by_label("Prompt", exact=True).focus()
    tab.keyboard.press("Tab")
    expect(together).to_be_focused()
    tab.keyboard.press("ArrowRight")
    expect(in_turn).to_be_focused()
    expect(in_turn).to_be_checked()
    tab.keyboard.press("Shift+Tab")
    expect(tab.get_by_label("Prompt", exact=True)).to_be_focused()
    tab.keyboard.press("Tab")
    expect(in_turn).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(together).to_be_checked()


def test_the_focus_follows_run_to_stop_and_back(serve, visit):
    tab = visit(serve(endless()))
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.get_by_role("button", name="Run", exact=True).focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#stop")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#run")).to_be_focused()
