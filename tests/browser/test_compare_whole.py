"""Long answers: where they open, and how they are read whole, side by side."""

import pytest
from fake_machine import FakeMachine, answering, fake
from playwright.sync_api import Page, expect
from visitor import ask, column, state

LONG = "\n\n".join(f"Paragraph {n} of an answer that is longer than its box." for n in range(1, 41))


def shows(tab: Page, place: int, *, first: bool, last: bool) -> None:
    """Whether an answer's first and its last paragraph are in view."""
    paragraphs = column(tab, place).locator(".block.answer p")
    for paragraph, is_seen in ((paragraphs.first, first), (paragraphs.last, last)):
        seen = expect(paragraph)
        seen.to_be_in_viewport() if is_seen else seen.not_to_be_in_viewport()


def is_whole(tab: Page, place: int) -> bool:
    answer = column(tab, place).locator(".block.answer")
    return answer.evaluate("answer => answer.scrollHeight <= answer.clientHeight + 1")


def test_a_finished_answer_opens_at_its_beginning_unless_its_reader_has_scrolled(serve, visit):
    machine = FakeMachine(
        lambda ask: {f.key: answering(LONG, tokens_s=0.0, reason=None) for f in ask.models}
    )
    tab = visit(serve(machine))
    ask(tab, "hello")
    expect(column(tab, 2).locator(".block.answer")).to_contain_text("Paragraph 40 ")
    shows(tab, 2, first=False, last=True)
    column(tab, 2).locator(".block.answer").evaluate("answer => answer.scrollBy(0, -100)")
    machine.run.finish()
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Finished")
    shows(tab, 1, first=True, last=False)
    shows(tab, 2, first=False, last=False)


@pytest.mark.parametrize("width", [1280, 390])
def test_whole_answers_grow_their_columns_until_esc_or_back(serve, visit, width):
    tab = visit(serve(fake([LONG, "Short."], tokens_s=0.005)), width=width)
    whole = tab.get_by_role("button", name="Whole answers")
    ask(tab, "hello")
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Finished")
    for leave in (lambda: tab.keyboard.press("Escape"), tab.go_back, whole.click):
        expect(whole).to_have_attribute("aria-pressed", "false")
        expect(column(tab, 1).locator(".block.answer p").last).not_to_be_in_viewport()
        assert not is_whole(tab, 1)
        address = tab.url
        whole.focus()
        tab.keyboard.press("Enter")
        expect(whole).to_have_attribute("aria-pressed", "true")
        shows(tab, 1, first=True, last=False)
        assert is_whole(tab, 1)
        tops = [column(tab, n).locator(".block.measures").bounding_box()["y"] for n in (1, 2)]
        assert tops[0] == pytest.approx(tops[1], abs=1)
        # The names stay in sight at the answers' end.
        column(tab, 1).locator(".block.answer p").last.scroll_into_view_if_needed()
        named = column(tab, 1).locator(".head") if width > 800 else tab.locator("#pager")
        expect(named).to_be_in_viewport()
        leave()
        assert tab.url == address
    expect(whole).to_have_attribute("aria-pressed", "false")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_short_answers_offer_nothing_of_the_kind(serve, visit):
    tab = visit(serve(fake()))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Finished")
    expect(tab.get_by_role("button", name="Copy all answers")).to_be_visible()
    expect(tab.get_by_role("button", name="Whole answers")).to_be_hidden()
