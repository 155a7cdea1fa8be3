"""The Gallery tab in a real browser: find a prompt, look at what was recorded, run it here."""

import pytest
from fake_machine import FakeMachine, answering
from playwright.sync_api import Page, expect
from recorded import GEMMA, PARAMS, PREMISES, SUMS, put, recorded, whole
from visitor import column, state

from compare.gallery.gallery import Library, load
from compare.models.catalogue import EMBEDDED_PAIR
from compare.numbers import NBSP

HOSTILE = (
    "Snakes do **not fly**. <img src=x onerror=alert(1)> ${[1,2,3].length}\n\n</div></div>\n\n"
    "```\n<b>code</b>\n```\n\n> quoted"
)


@pytest.fixture
def library(tmp_path) -> Library:
    """Two themes, and a recording of the embedded pair; beside them files at fault."""
    (tmp_path / "recorded").mkdir()
    put(tmp_path, "premises.toml", PREMISES)
    put(tmp_path, "sums.toml", SUMS)
    put(tmp_path, "broken.toml", "[[prompt")
    said = (recorded("snake", HOSTILE), recorded("snake", "About 20 km/h.", **GEMMA))
    put(tmp_path / "recorded", "pair.json", whole(*said, recorded("snake", model="nobody")))
    put(tmp_path / "recorded", "cut.json", '{"format": 1, "recor')
    return load(tmp_path)


def telling(text: str, **settings) -> FakeMachine:
    """A machine on which every model says this."""
    return FakeMachine(lambda ask: {f.key: answering(text) for f in ask.models}, **settings)


def rec(tab: Page, n: int):
    return tab.locator("#gallery-answers .rec").nth(n)


def test_a_prompt_is_found_opened_and_run_here(serve, visit, machine, library):
    tab = visit(serve(machine, library) + "/?tab=gallery")
    cards = tab.locator("#gallery-list a")
    expect(cards).to_have_count(3)
    for fault in ("broken.toml is no TOML", "cut.json: It is no recording", "no model “nobody”"):
        expect(tab.get_by_role("alert")).to_contain_text(fault)
    tab.get_by_label("Search").fill("SNAKE fly")
    expect(cards).to_have_count(1)
    expect(cards.locator(".marks")).to_contain_text("SmolLM2 passed")
    cards.click()

    expect(tab.locator(".opened")).to_contain_text("Snakes don't fly.")
    expect(tab.locator(".stamp")).to_contain_text("Recorded on 3 May 2026")
    expect(tab.locator(".stamp")).to_contain_text(f"Xeon, 2{NBSP}cores")
    expect(tab.locator(".stamp")).to_contain_text("temperature 0, seed 0, at most 256")
    expect(tab.locator(".stamp")).to_contain_text("llama.cpp 0c1e570")
    expect(rec(tab, 0).locator(".judged")).to_contain_text("Passed says “not fly”")
    expect(rec(tab, 1).locator(".judged")).to_contain_text("Failed doesn't say “not fly”")
    expect(rec(tab, 0).locator(".speed b")).to_have_text("20.0")
    expect(rec(tab, 0).locator("strong")).to_have_text("not fly")
    expect(rec(tab, 0).locator(".text")).to_have_attribute("dir", "auto")
    expect(rec(tab, 0).locator(".text")).to_contain_text("${[1,2,3].length}")
    assert rec(tab, 0).locator("img").count() == 0
    assert tab.locator("#gallery-answers .recorded > .rec").count() == 2, "its tags close nothing"
    assert "prompt=snake" in tab.url

    tab.get_by_role("button", name="Run it here").click()
    expect(tab.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    expect(tab.get_by_label("Prompt", exact=True)).to_have_value("How fast can a snake fly?")
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Finished in", timeout=90_000)
    verdicts = tab.locator("#verdicts")
    expect(verdicts.locator("dt")).to_have_text(["SmolLM2", "Gemma 3"])
    expect(verdicts.locator("dd").first).to_contain_text("say")
    expect(tab.locator("#beside .stamp")).to_contain_text("Recorded on 3 May 2026")
    expect(tab.locator("#beside .rec")).to_have_count(2)
    tab.get_by_role("button", name="Settings").click()
    expect(tab.get_by_label("Temperature")).to_have_value("0.0")
    expect(tab.get_by_label("Seed")).to_have_value("0")

    tab.get_by_label("Prompt", exact=True).fill("Hello?")
    tab.get_by_label("Max tokens").fill("3")
    tab.get_by_role("button", name="Run", exact=True).click()
    expect(verdicts.locator("dt")).to_have_count(0)
    expect(tab.locator("#beside .rec")).to_have_count(0)


def test_settings_without_a_field_are_told_and_go_with_their_prompt(serve, visit, tmp_path):
    (tmp_path / "recorded").mkdir()
    put(tmp_path, "premises.toml", PREMISES)
    pair = [recorded(params={**PARAMS, "top_k": 1}, **more) for more in ({}, GEMMA)]
    put(tmp_path / "recorded", "pair.json", whole(*pair))
    address = serve(telling("No."), load(tmp_path))
    tab = visit(f"{address}/?tab=gallery&prompt=snake", width=390, height=844)
    prompt, line = tab.get_by_label("Prompt", exact=True), tab.locator("#further")
    leave_out = tab.get_by_role("button", name="Leave out")

    def run_here():
        tab.get_by_role("tab", name="Gallery").click()
        tab.get_by_role("button", name="Run it here").click()
        expect(prompt).to_have_value("How fast can a snake fly?")
        expect(state(tab, 2)).to_contain_text("Finished in")
        expect(tab.locator("#run")).to_be_visible()

    run_here()
    expect(line).to_be_hidden()
    tab.get_by_role("button", name="Settings").click()
    expect(line).to_contain_text("Also top-k 1, as recorded.")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    prompt.press_sequentially("?")
    expect(line).to_be_hidden()
    run_here()
    expect(leave_out).to_be_visible()
    leave_out.click()
    expect(line).to_be_hidden()
    # The same where its models aren't here, so that it doesn't run.
    away = serve(telling("No.", cached=False), load(tmp_path))
    tab = visit(f"{away}/?tab=gallery&prompt=snake")
    tab.get_by_role("button", name="Run it here").click()
    tab.get_by_role("button", name="Settings").click()
    expect(tab.locator("#further")).to_contain_text("Also top-k 1, as recorded.")
    tab.get_by_label("Prompt", exact=True).press_sequentially("?")
    expect(tab.locator("#further")).to_be_hidden()


def test_a_link_opens_a_card_and_models_not_here_are_not_fetched(serve, visit, library):
    address = serve(telling("4", cached=False), library)
    tab = visit(f"{address}/?tab=gallery&prompt=sum", width=390, height=844)
    expect(tab.locator(".opened h2")).to_have_text("Two and two")
    expect(tab.locator("#gallery-answers")).to_contain_text("Nothing is recorded of it yet.")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.get_by_role("button", name="Run it here").click()
    expect(tab.get_by_label("Prompt", exact=True)).to_have_value("What is 2 + 2?")
    expect(tab.get_by_role("button", name="Download 5.72 GB and run")).to_be_visible()
    expect(state(tab, 1)).to_contain_text("To download")

    tab.goto(f"{address}/?tab=gallery&prompt=nothing")
    expect(tab.get_by_role("alert")).to_contain_text("There is no prompt “nothing”")
    expect(tab.locator("#gallery-list a")).to_have_count(3)


def test_the_page_opens_with_a_recording_plainly_marked(serve, visit, library):
    tab = visit(serve(telling("No.", start=EMBEDDED_PAIR), library))
    for place in (1, 2):
        expect(state(tab, place)).to_have_text("Recorded on 3 May 2026")
        expect(column(tab, place)).to_contain_text("“How fast can a snake fly?”")
    expect(column(tab, 1).locator(".speed b")).to_have_text("20.0")
    expect(tab.locator("#beside .rec")).to_have_count(0)
    # With other models in the columns it stands under them.
    tab = visit(serve(telling("No."), library))
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    expect(tab.locator("#beside .stamp")).to_contain_text("Recorded on 3 May 2026")
    expect(tab.locator("#beside")).to_contain_text("“How fast can a snake fly?”")


def test_a_recording_opens_at_its_beginning_on_a_phone_too(serve, visit):
    address = serve(telling("No.", start=EMBEDDED_PAIR), load())
    tab = visit(address, width=390, height=844)
    answer = column(tab, 1).locator(".block.answer")
    asked = answer.get_by_text("Asked on")
    expect(asked).to_be_attached()
    assert answer.evaluate("box => box.scrollHeight > box.clientHeight"), "all of it is in view"
    assert asked.bounding_box()["y"] >= answer.bounding_box()["y"]


def test_the_score_board_counts_and_says_of_what(serve, visit, library):
    tab = visit(f"{serve(telling('4'), library)}/?tab=gallery", width=390, height=844)
    tab.get_by_text("Score board", exact=True).click()
    expect(tab.locator("#gallery-finding b")).to_have_text(
        "SmolLM2 135M Instruct passed 1 of 1 checks"
    )
    expect(tab.locator("#gallery-finding")).to_contain_text("recordings of equal settings")
    expect(tab.locator("#gallery-plot .textpoint text")).to_have_text(["1 of 1", "0 of 1"])
    row = tab.get_by_role("row", name="Gemma 3 270M Q4_K_M")
    expect(row).to_contain_text(f"20.0{NBSP}tok/s")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
