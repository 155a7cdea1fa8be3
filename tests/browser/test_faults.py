"""What is wrong in the fields is said at them, all of it, when Run is pressed."""

import pytest
from fake_machine import FakeMachine, answering, fake
from playwright.sync_api import Page, expect
from visitor import choose, column, fill_in, state


@pytest.fixture
def tab(serve, visit) -> Page:
    return visit(serve(fake()))


def run(tab: Page) -> None:
    tab.get_by_role("button", name="Run", exact=True).click()


def test_all_faults_stand_at_their_fields_and_the_first_has_the_focus(tab):
    settings = tab.get_by_role("button", name="Settings")
    fill_in(tab, Temperature="0,x", Context_length="4.096")
    settings.click()
    expect(tab.get_by_label("Temperature")).to_be_hidden()
    run(tab)
    prompt = tab.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    for field, said in (
        (prompt, "The prompt is empty. Write what the models should answer."),
        (tab.get_by_label("Temperature"), "Temperature is “0,x”. Write a number such as 0.7."),
        (
            tab.get_by_label("Context length"),
            "Context length is “4.096”. A point begins decimals here. Write 4096 without it.",
        ),
    ):
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(said)
        expect(tab.get_by_text(said)).to_be_visible()
    expect(tab.locator(".toast-body")).to_have_count(0)
    settings.click()
    expect(tab.get_by_role("button", name="Settings, 2 to correct")).to_be_visible()
    settings.click()

    prompt.press_sequentially("hello")
    expect(prompt).not_to_have_attribute("aria-invalid", "true")
    tab.get_by_label("Temperature").fill("0,7")
    expect(tab.locator(".fault")).to_have_count(1)
    run(tab)
    expect(tab.get_by_label("Context length")).to_be_focused()
    tab.get_by_label("Context length").fill("4 096")
    expect(tab.locator(".fault")).to_have_count(0)
    run(tab)
    expect(state(tab, 1)).to_contain_text("Finished in")


def test_a_fault_stays_until_it_is_mended_and_comes_again(tab):
    tab.get_by_label("Prompt", exact=True).fill("hello")
    seed = tab.get_by_label("Seed")
    fill_in(tab, Seed="−1")
    for _ in range(2):
        run(tab)
        expect(seed).to_have_accessible_description(
            "Seed is “−1”. For a new one each run, give none."
        )
        tab.get_by_label("Top-p").fill("0.9")
        expect(tab.locator(".fault")).to_have_count(1)
        tab.get_by_label("Top-p").fill("0.95")
    seed.fill("")
    expect(tab.locator(".fault")).to_have_count(0)


def test_what_a_button_writes_mends_a_field_too(serve, visit):
    tab = visit(serve(FakeMachine(lambda asked: {f.key: answering("One.") for f in asked.models})))
    tab.get_by_label("Prompt", exact=True).fill("hello")
    run(tab)
    expect(state(tab, 2)).to_contain_text("Finished in")
    fill_in(tab, Seed="x")
    run(tab)
    expect(tab.locator(".fault")).to_have_count(1)
    tab.locator("#seed").click()
    expect(tab.locator(".fault")).to_have_count(0)


def test_on_a_phone_every_sentence_has_room(serve, visit):
    tab = visit(serve(fake()), width=390, height=844, has_touch=True, is_mobile=True)
    labels = "Max_tokens", "Temperature", "Top-p", "Seed", "Context_length"
    fill_in(tab, **dict.fromkeys(labels, "−1"))
    run(tab)
    expect(tab.locator(".fault")).to_have_count(6)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    boxes = [said.bounding_box() for said in tab.locator(".fault").all()]
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = one["y"] + one["height"] <= other["y"] or one["x"] + one["width"] <= other["x"]
            assert apart, "over one another"


def test_one_model_twice_is_said_at_its_column_when_it_is_chosen(tab):
    said = "Column 1 shows this file already. Choose another model or quantization."
    menu = tab.get_by_role("combobox", name="Model 2")
    choose(tab, 2, "TinyLlama 1.1B Chat")
    expect(column(tab, 2).get_by_text(said)).to_be_visible()
    expect(menu).to_have_accessible_description(said)
    tab.get_by_label("Prompt", exact=True).fill("hello")
    run(tab)
    expect(menu).to_be_focused()
    expect(tab.locator(".fault")).to_have_count(1)
    expect(tab.locator(".toast-body")).to_have_count(0)
    tab.get_by_role("combobox", name="Quantization 2").click()
    column(tab, 2).get_by_role("option", name="Q4_K_M").click()
    expect(tab.locator(".fault")).to_have_count(0)
    expect(menu).not_to_have_attribute("aria-invalid", "true")
    run(tab)
    expect(state(tab, 2)).to_contain_text("Finished in")
