"""The columns of the Compare tab before a run: which there are, what is in them, what they will take."""

import html
import re
import urllib.request
from contextlib import suppress

from fake_machine import FakeMachine, answering, fake
from playwright.sync_api import Error, expect
from visitor import ask, choose, column, fill_in, state


def test_columns_come_and_go(serve, visit):
    machine = FakeMachine(lambda ask: {f.key: answering("One.", reason=None) for f in ask.models})
    tab = visit(serve(machine))
    add = tab.get_by_role("button", name="Add a model")
    add.click()
    expect(tab.locator(".col")).to_have_count(3)
    expect(tab.get_by_role("combobox", name="Model 3")).to_have_value("Mixtral 8x7B Instruct")
    add.click()
    expect(tab.locator(".col")).to_have_count(4)
    expect(add).to_be_hidden()
    ask(tab, "hello")
    expect(state(tab, 4)).to_contain_text("Writing")
    expect(tab.get_by_role("button", name="Remove: Mixtral")).to_be_hidden()
    machine.run.finish()
    expect(state(tab, 4)).to_contain_text("Finished in")
    tab.get_by_role("button", name="Remove: Mixtral").click()
    expect(tab.locator(".col")).to_have_count(3)
    expect(tab.get_by_role("combobox", name="Model 3")).to_be_hidden()
    expect(tab.locator("#summary")).not_to_contain_text("Mixtral")
    expect(add).to_be_visible()


def test_another_model_empties_its_column_only(serve, visit):
    tab = visit(serve(fake()))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Finished in")
    tab.get_by_role("combobox", name="Model 1").click()
    tab.get_by_label("Prompt", exact=True).click()
    expect(state(tab, 1)).to_contain_text("Finished in")
    choose(tab, 1, "Mixtral 8x7B Instruct")
    expect(tab.get_by_role("combobox", name="Quantization 1")).to_have_value("Q2_K")
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    expect(column(tab, 1)).to_contain_text("46.7 B, 12.9 B active")
    expect(state(tab, 2)).to_contain_text("Finished in")


def test_the_menu_says_what_is_here(serve, visit):
    tab = visit(serve(fake()))
    tab.get_by_role("combobox", name="Quantization 1").click()
    expect(tab.get_by_role("option", name="Q4_K_M, 669 MB, here")).to_be_visible()
    tab.keyboard.press("Escape")
    tab.get_by_role("combobox", name="Model 2").click()
    there = column(tab, 2).get_by_role("option", name="TinyLlama 1.1B Chat, 1.17 GB, here")
    expect(there).to_be_visible()


def test_a_missing_file_is_never_fetched_silently(serve, visit):
    tab = visit(serve(fake(cached=False)))
    expect(state(tab, 2)).to_have_text("To download: 4.55 GB")
    expect(tab.get_by_role("button", name="Download 5.72 GB and run")).to_be_visible()
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.get_by_role("button", name="Try the small pair now").click()
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(tab.get_by_role("combobox", name="Model 1")).to_have_value("SmolLM2 135M Instruct")
    expect(tab.get_by_role("combobox", name="Model 2")).to_have_value("Gemma 3 270M")
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(tab.get_by_role("button", name="Try the small pair now")).to_be_hidden()


def test_the_pair_comes_with_the_page_and_enter_runs_it_at_once(serve, visit, browser):
    """Before anything has been asked of the server: its first words are what runs."""
    machine = fake(["One."], start=("mixtral",), reason="Others can't be had.")
    address = serve(machine)
    with urllib.request.urlopen(address) as page:
        sent = html.unescape(page.read().decode().replace("\\u0026", "&"))
    assert "Others can" in sent and "46.7 B" in sent and "10.7 B" not in sent
    # What the page asks for by itself never arrives.
    context = browser.new_context()
    tab = context.new_page()
    held = []
    tab.route(re.compile("gradio_api/(queue/join|run)"), lambda route: held.append(route))
    tab.goto(address)
    expect(tab.locator(".col")).to_have_count(1)
    expect(tab.locator("#said")).to_have_text("Others can't be had.")
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    tab.unroute_all()
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.keyboard.press("Enter")
    expect(state(tab, 1)).to_contain_text("Finished in")
    expect(column(tab, 1)).to_contain_text("One.")
    for route in held:
        with suppress(Error):  # which it has let go by itself
            route.continue_()
    expect(tab.locator("#asked")).to_contain_text("hello")
    context.close()


def test_the_page_says_why_it_opens_with_the_small_pair_and_how_long_a_run_takes(serve, visit):
    machine = fake(start=("smollm2", "gemma3"), reason="The Hub can't be reached.", expected_s=14.2)
    tab = visit(serve(machine))
    expect(tab.locator("#said")).to_have_text("The Hub can't be reached.")
    expect(tab.locator("#cost")).to_have_text("Takes up to 15 s")
    expect(tab.get_by_role("combobox", name="Model 1")).to_have_value("SmolLM2 135M Instruct")


def test_the_memory_shown_before_a_run_follows_the_context_length(small_pair):
    tab = small_pair
    memory = column(tab, 1).locator("dl div", has_text="Memory").locator("dd")
    expect(memory).to_contain_text("MB")
    usual = memory.inner_text()
    fill_in(tab, Context_length="8192")
    tab.get_by_label("Context length").blur()
    expect(memory).not_to_have_text(usual)
    expect(memory).to_contain_text("about")
