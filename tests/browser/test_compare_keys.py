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


def test_the_focus_follows_run_to_stop_and_back(serve, visit):
    tab = visit(serve(endless()))
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.get_by_role("button", name="Run", exact=True).focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#stop")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#run")).to_be_focused()
