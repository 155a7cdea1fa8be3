"""A model's thoughts on the page: folded, to be opened while they grow, and left as the visitor left them."""

from fake_machine import FakeMachine, answering
from playwright.sync_api import Page, expect
from visitor import ask, column, state

THOUGHTS = "Snakes don't <b>fly</b>, *they* glide. " * 20


def asked_of(serve, visit, **first) -> Page:
    """The first column answers so, the second does not think."""

    def scripts(asked):
        thinks, doesnt = (file.key for file in asked.models)
        return {thinks: answering(**first), doesnt: answering("At 30 km/h.")}

    tab = visit(serve(FakeMachine(scripts)))
    ask(tab, "How fast can a snake fly?")
    return tab


def test_thoughts_are_opened_while_they_grow_and_stay_open(serve, visit):
    tab = asked_of(
        serve, visit, text="", thinks="And on it goes. " * 999, tokens_s=0.02, reason=None
    )
    line = column(tab, 1).locator(".thought")
    thoughts = tab.get_by_label("Thoughts of TinyLlama 1.1B Chat")
    expect(line).to_contain_text("Thinking, ")
    expect(line).to_have_attribute("aria-expanded", "false")
    expect(thoughts).to_be_hidden()
    line.focus()
    tab.keyboard.press("Enter")
    expect(thoughts).to_be_visible()
    box = thoughts.element_handle()
    for _ in range(3):
        before = len(thoughts.input_value())
        tab.wait_for_function("([box, n]) => box.value.length > n", arg=[box, before])
        expect(line).to_have_attribute("aria-expanded", "true")
        expect(line).to_be_focused()
    grown = "box => box.scrollHeight > 3 * box.clientHeight"
    tab.wait_for_function(grown, arg=box)
    assert thoughts.evaluate("box => box.scrollTop > 0"), "it follows what is thought"
    expect(state(tab, 1)).to_contain_text("Writing")
    tab.keyboard.press("Escape")
    expect(state(tab, 1)).to_contain_text("Stopped while thinking")
    expect(thoughts).to_be_visible()
    line.press("Space")
    expect(thoughts).to_be_hidden()


def test_thoughts_are_plain_text_that_takes_its_room_from_the_answer(serve, visit):
    tab = asked_of(serve, visit, text="They don't.", thinks=THOUGHTS, tokens_s=0.001)
    expect(state(tab, 1)).to_contain_text("Finished in")
    line, answer = column(tab, 1).locator(".thought"), column(tab, 1).get_by_role("region")
    figures = [column(tab, place).locator(".block.measures") for place in (1, 2)]
    folded = [each.bounding_box()["y"] for each in figures]
    line.click()
    thoughts = tab.get_by_label("Thoughts of TinyLlama 1.1B Chat")
    expect(thoughts).to_have_value(THOUGHTS)
    expect(thoughts).not_to_be_editable()
    expect(answer).to_have_text("They don't.")
    assert thoughts.bounding_box()["height"] <= 160
    assert [each.bounding_box()["y"] for each in figures] == folded == [folded[0]] * 2
    expect(column(tab, 2).locator(".thought")).to_be_hidden()


def test_a_run_asks_with_the_thinking_that_was_chosen(serve, visit):
    asked = []

    def scripts(comparison):
        asked.append(comparison.sampling.thinking)
        return {file.key: answering("One.") for file in comparison.models}

    tab = visit(serve(FakeMachine(scripts)))
    tab.get_by_role("button", name="Settings").click()
    tab.get_by_role("button", name="More").click()
    menu = tab.get_by_role("combobox", name="Thinking")
    expect(menu).to_have_value("The model’s own")
    menu.click()
    tab.get_by_role("option", name="Off").click()
    ask(tab, "hello")
    expect(state(tab, 1)).to_contain_text("Finished in")
    assert asked == ["off"]
