"""How many tokens a prompt has, without Gradio: what the page says of it, and when it asks."""

import pytest
from fake_machine import FakeMachine
from seen import Seen, opened

from compare.protocol.events import Tokenized
from compare.ui.compare.form import untouched, with_choices
from compare.ui.compare.running import count
from compare.usage import UsageError

NO_SWITCH = "This model’s template has no switch for thinking."


class Counting(FakeMachine):
    """A letter is a token; remembers what it was asked to count."""

    def __init__(self):
        super().__init__(lambda asked: {})
        self.counted = []

    def count(self, comparison):
        self.counted.append(comparison.prompt)
        off = (NO_SWITCH,) if comparison.sampling.thinking != "auto" else ()
        told = Tokenized(
            run=1, at=0.0, prompt_tokens=len(comparison.prompt), unswitched=off
        )  # fmt: skip
        return {comparison.models[0].key: told}


@pytest.fixture
def seen() -> Seen:
    return Seen()


def counted(seen: Seen, **values) -> tuple[Counting, Seen]:
    machine = Counting()
    session, _ = opened(machine)
    seen.tell(count(session, **with_choices({**untouched(), **values}, session.chosen)))
    return machine, seen


def test_a_prompt_is_counted_for_the_models_chosen(seen):
    counted(seen, prompt="Why?")
    assert seen.text("tokens") == "4 tokens" and "TinyLlama 4" in seen.values["tokens"]


@pytest.mark.parametrize("values", [{}, {"prompt": " \n"}, {"prompt": "Why?", "n_ctx": "many"}])
def test_an_empty_box_and_wrong_fields_say_nothing(seen, values):
    machine, _ = counted(seen, **values)
    assert machine.counted == [] and seen.text("tokens") == seen.text("unfit") == ""


def test_what_the_host_refuses_is_left_for_run_to_say(seen, monkeypatch):
    def refuses(self, comparison):
        raise UsageError("4 models were chosen.")

    monkeypatch.setattr(Counting, "count", refuses)
    counted(seen, prompt="Why?")
    assert seen.text("tokens") == seen.text("unfit") == ""


def test_thinking_that_cannot_be_switched_is_said_before_anything_is_asked(seen):
    machine, _ = counted(seen, thinking="off")
    assert seen.text("unswitched") == "TinyLlama’s template has no switch for thinking."
    assert machine.counted == ["?"] and seen.text("tokens") == ""
