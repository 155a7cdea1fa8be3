"""Models that think before they answer, each in its process: by their tokens, templates and vocabulary."""

from itertools import count

import pytest
import shapes
from gguf import TokenType

ECHO = "{{ messages[-1].content }}|"  # ends in a token that no answer holds: it starts at its start
TEXT = {"<think>": TokenType.NORMAL, "</think>": TokenType.NORMAL}
OWN = {"<think>": TokenType.USER_DEFINED, "</think>": TokenType.USER_DEFINED}
CONTROL = {"[THINK]": TokenType.CONTROL, "[/THINK]": TokenType.CONTROL}
CHANNELS = {
    **dict.fromkeys(("<|start|>", "<|channel|>", "<|message|>", "<|end|>"), TokenType.CONTROL),
    **dict.fromkeys(("assistant", "final"), TokenType.NORMAL),
}
ANALYSIS = (
    "<|start|>user<|message|>{{ messages[-1].content }}<|end|>"
    "<|start|>assistant<|channel|>analysis<|message|>{{ '\\n' }}"
)


@pytest.fixture
def thinks(child, tmp_path):
    """Asks a model that says a text, by its greedy choice, for its answer."""
    names = (tmp_path / f"{n}.gguf" for n in count())

    def answer(says, tokens, in_file=ECHO, **asked):
        path = shapes.tiny(next(names), says=says, ends=True, tokens=tokens, chat_template=in_file)
        child.load(path)
        return child.answer("hi", temperature=0, **asked)

    return answer


@pytest.mark.parametrize(
    ("says", "tokens", "template"),
    [
        ("<think>it's 17.</think>42", TEXT, ECHO),
        ("<think>it's 17.</think>42", OWN, ECHO),
        ("it's 17.</think>42", TEXT, ECHO[:-1] + "<think>{{ '\\n' }}"),
        ("[THINK]it's 17.[/THINK]42", CONTROL, ECHO),
        ("it's 17.</think>42", OWN, ECHO),
        ("it's 17.<|end|><|start|>assistant<|channel|>final<|message|>42", CHANNELS, ANALYSIS),
    ],
    ids=["text", "own", "begun", "control", "unbegun", "channels"],
)
def test_thinking_is_apart_and_every_token_counts(thinks, says, tokens, template):
    response = thinks(says, tokens, template)
    assert (response.text, response.thinking, response.thinking_tokens) == ("42", "it's 17.", 8)
    marks = sum(says.count(token) for token in tokens)
    assert response.output_tokens == 10 + marks
    assert response.finish_reason == "stop"
    assert response.first_token_at < response.first_answer_at < response.last_token_at


def test_what_doesnt_think_answers_with_its_first_token(thinks):
    response = thinks("42", {})
    assert (response.text, response.thinking, response.thinking_tokens) == ("42", "", 0)
    assert response.first_answer_at == response.first_token_at


def test_a_limit_within_the_thinking_leaves_no_answer(thinks):
    response = thinks("<think>it's 17.</think>42", TEXT, max_tokens=6)
    assert (response.text, response.thinking, response.finish_reason) == ("", "it's", "length")
    assert response.output_tokens == 6 and response.first_answer_at is None


def test_a_stop_string_ends_the_answer_and_not_the_thinking(thinks):
    response = thinks("<think>is th</think>4th", TEXT, stop=("th",))
    assert (response.text, response.thinking) == ("4", "is th")
    assert (response.finish_reason, response.stop_string) == ("stop", "th")


def test_an_answer_says_which_stop_string_left_nothing_of_it(thinks):
    response = thinks("abc", {}, stop=("b", "a"))
    assert (response.text, response.stop_string, response.output_tokens) == ("", "a", 1)
    fallback = {"template": ECHO, "template_stop": ("a",)}
    response = thinks("abc", {}, None, **fallback)
    assert (response.text, response.stop_string) == ("", None), "not one that was asked for"


SWITCHED = (
    ECHO[:-1] + "{% if not enable_thinking is defined or enable_thinking %}<think>{% endif %}|"
)


def test_the_templates_own_switch_is_turned(thinks):
    def read(wanted):
        return thinks("42", {}, SWITCHED, thinking=wanted)

    assert read("auto").rendered_prompt == read("on").rendered_prompt == "<s>hi<think>|"
    off = read("off")
    assert (off.rendered_prompt, off.notices) == ("<s>hi|", ())


def test_a_template_without_one_is_left_alone_and_said(thinks):
    response = thinks("42", {}, thinking="off")
    assert (response.text, response.rendered_prompt) == ("42", "<s>hi|")
    (notice,) = response.notices
    assert "has no switch for thinking" in notice
