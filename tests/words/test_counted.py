"""What is said of a prompt's tokens before a run."""

from compare.protocol.events import Failed, Tokenized
from compare.words import counted

NAMES = {"a": "TinyLlama", "b": "SOLAR", "c": "Gemma 3"}


def told(n: int, **more) -> Tokenized:
    return Tokenized(run=1, at=0.0, prompt_tokens=n, **more)


FAILED = Failed(run=1, at=0.0, message="The prompt has 3,000 tokens.\nShorten the prompt.")


def test_models_that_count_alike_are_one_phrase():
    assert counted.phrase({"a": told(34), "b": told(34)}) == "34 tokens"
    assert counted.phrase({"a": told(34), "b": told(41), "c": told(34)}) == "34 · 41 tokens"
    assert counted.phrase({"a": told(1)}) == "1 token"
    assert counted.phrase({"a": FAILED}) == counted.phrase({}) == ""
    counts = {"a": told(1034), "b": FAILED, "c": told(41)}
    assert counted.each(counts, NAMES) == "Prompt: TinyLlama 1,034, Gemma 3 41"


def test_what_is_left_for_the_answer_is_told_where_it_is_less_than_asked_for():
    counts = {"a": told(2000, lowered_to=48), "b": told(1990, lowered_to=58)}
    assert counted.phrase(counts) == "2,000 · 1,990 tokens, which leaves 48 for the answer"


def test_what_a_model_cannot_take_is_said_by_its_name():
    no_switch = told(5, unswitched=("This model’s template has no switch.",))
    counts = {"a": no_switch, "b": FAILED}
    assert counted.faults(counts, NAMES) == [
        "SOLAR: The prompt has 3,000 tokens. Shorten the prompt."
    ]
    assert counted.unswitched(counts, NAMES) == ["TinyLlama’s template has no switch."]
