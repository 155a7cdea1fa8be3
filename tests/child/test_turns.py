"""How the user's next turn begins in a template, and by which texts it is known."""

import pytest

from compare.child.conversation import written
from compare.child.template import Template
from compare.child.turns import next_turn, stops
from compare.models.catalogue import BASE_TEMPLATE, CHATML_TEMPLATE, MODELS
from compare.protocol.requests import Message

ASKED = (Message("user", "Who are you?"),)
LAST_ONLY = "You help.\n<|user|>\n{{ messages[-1].content }}</s>\n<|assistant|>"
PHI = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{{ '<|assistant|>\n' if add_generation_prompt else eos_token }}"
)
NEEDS_SYSTEM = (
    "{% if messages[0].role != 'system' %}{{ raise_exception('system') }}{% endif %}"
    "{% for m in messages %}[{{ m.role }}]: {{ m.content }}\n\n{% endfor %}"
)


def turn(source: str) -> tuple[str, str]:
    template = Template(source, "<s>", "</s>")
    return next_turn(template, written(template, ASKED))


@pytest.mark.parametrize(
    ("source", "ends", "begins"),
    [
        (MODELS["tinyllama"].template, "</s>\n", "<|user|>\n"),
        (MODELS["solar"].template, "", "### User:\n"),
        (MODELS["mixtral"].template, "</s>", "[INST] "),
        (CHATML_TEMPLATE, "<|im_end|>\n", "<|im_start|>user\n"),
        (BASE_TEMPLATE, "\n", "Q: "),
        ("chatml", "<|im_end|>\n", "<|im_start|>user\n"),
        ("vicuna", "</s>\n", "USER: "),
        (PHI, "<|end|>\n", "<|user|>\n"),
        (NEEDS_SYSTEM, "\n\n", "[user]: "),
        (LAST_ONLY, "", "<|user|>\n"),
        ("{{ messages[-1].content }}|", "", ""),
    ],
)
def test_it_is_what_stands_between_an_answer_and_the_next_question(source, ends, begins):
    assert turn(source) == (ends, begins)


def test_templates_of_parts_have_turns_too():
    source = (
        "{% for m in messages %}{{ m.role }}: {% for p in m.content %}{{ p.text }}{% endfor %}"
        "{{ '\n' }}{% endfor %}assistant:"
    )
    assert turn(source) == ("\n", "user: ")


@pytest.mark.parametrize(
    ("ends", "begins", "found"),
    [
        ("", "### User:\n", ("### User:",)),
        ("\n", "<|user|>\n", ("<|user|>", "\n<|user|>")),
        ("", "[INST] ", ("[INST]",)),
        ("<|im_end|>\n", "<|im_start|>user\n",
         ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>user\n", "<|im_end|>")),
        ("\n", "Q: ", ("\nQ:",)),  # FAQ: ends no answer
        ("", "User: ", ("\nUser:",)),
        (" ", "User: ", ("\nUser:", " User:")),
        ("\n", "USER: ", ("USER:", "\nUSER:")),
        ("", "\n\nuser\n", ("\nuser\n", "\n\nuser\n")),  # nor does a line on usernames
        ("", "Question", ()),
        ("\n", "> ", ()),
        ("\n\n", "\n", ()),
        ("\n", "1. ", ()),
        ("", "", ()),
        ("", "\n\n### Instruction:\nAnswer well.\n", ("### Instruction:", "\n\n### Instruction:")),
    ],
)  # fmt: skip
def test_only_what_can_be_nothing_else_ends_an_answer(ends, begins, found):
    assert stops(ends, begins, "") == found


@pytest.mark.parametrize(
    ("ends", "begins", "found"),
    [
        ("", "1user\n", ("1user",)),
        ("", "1user2\n\n", ("1user2",)),
        ("", "1", ("1",)),
        ("3", "1user\n", ("1user", "31user")),  # the 3 alone may end what isn't the answer yet
        ("", "3\n1\n", ("3\n1",)),
    ],
)
def test_a_letter_may_stand_for_a_control_token(ends, begins, found):
    assert stops(ends, begins, "123") == found
