"""Thinking and answer apart, however a model marks them and however the marks are cut into tokens."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.thinking.apart import MAX_HEADER_BYTES, Thinking
from compare.thinking.marks import ANSWERS, CHANNELS, TAGS

HARMONY = "<|start|>user<|message|>What is 6 times 7?<|end|><|start|>assistant"
"""The end of a prompt for gpt-oss."""


class Apart(NamedTuple):
    thinking: str
    answer: str
    tokens: int
    """of the thinking"""
    first: int | None
    """the number of the answer's first token"""


def hidden(name: str) -> tuple[str, str]:
    """A control token."""
    return "", name


def own(name: str) -> tuple[str, str]:
    """A token of its own that shows, such as Qwen3's <think>."""
    return name, name


def apart(*tokens: str | bytes | tuple[str, str], prompt: str = "") -> Apart:
    stream = Thinking(prompt)
    thinking, answer, count, first = b"", b"", 0, None
    told = []
    for n, token in enumerate(tokens):
        piece, name = token if isinstance(token, tuple) else (token, "")
        raw = piece if isinstance(piece, bytes) else piece.encode()
        told.append(stream.push(raw, name.encode(), float(n)))
    for part in (*told, stream.finish()):
        if part.recalls:
            thinking, answer, first = answer, b"", None
        thinking, answer = thinking + part.thinking, answer + part.answer
        count += part.thinking_tokens
        first = first if part.answer_at is None else int(part.answer_at)
    return Apart(thinking.decode(), answer.decode(), count, first)


def test_the_marks_are_in_neither():
    assert apart("<think>", "it's", " 17", ".", "</think>", "42") == ("it's 17.", "42", 3, 5)


def test_space_around_the_marks_is_in_neither_and_counts_as_neither():
    said = apart("\n", "<think>", "\n", "it's 17.", "\n", "</think>", "\n\n", "42", "\n")
    assert said == ("it's 17.", "42\n", 1, 7)


def test_begun_by_the_template():
    assert apart("it's 17.", "</think>", "42", prompt="hi<think>\n") == ("it's 17.", "42", 1, 2)
    assert apart("</think>", "42", prompt="hi<think>") == ("", "42", 0, 1)


def test_a_model_that_begins_once_more_what_the_template_had_begun():
    said = apart("<thi", "nk>\n", "it's 17.", "</think>", "42", prompt="hi<think>\n")
    assert said == ("it's 17.", "42", 1, 4)


def test_ended_by_the_template_there_is_nothing_but_the_answer():
    assert apart("\n", "42", prompt="<think>\n\n</think>\n\n") == ("", "42", 0, 1)
    assert apart("42", prompt="<|im_start|>assistant\n</think>") == ("", "42", 0, 0)


def test_never_ended_all_of_it_is_thinking():
    assert apart("<think>", "it's", " 17", "\n") == ("it's 17", "", 2, None)
    assert apart("it's </th", prompt="hi<think>") == ("it's </th", "", 1, None)


def test_an_empty_thought_is_none():
    assert apart("<think>", "\n\n", "</think>", "\n\n", "42") == ("", "42", 0, 4)


def test_several_thoughts_before_the_answer():
    said = apart("<think>", "17", "</think>", "\n", "<think>", "no", "</think>", "42")
    assert said == ("17\n\nno", "42", 2, 7)


@pytest.mark.parametrize("row", TAGS, ids=lambda row: row.begins[0])
def test_every_pair_of_marks(row):
    prompt = row.ends[0] if row.agreed else ""
    for begin in row.begins:
        for end in row.ends:
            before = ANSWERS.get(end, "")
            for mark in (str, hidden, own):
                said = apart(mark(begin), "it's 17.", mark(end), "\n42", before, prompt=prompt)
                assert said[:3] == ("it's 17.", "42", 1), (begin, end)
            assert apart(*f"{begin} it's 17. {end} 42", prompt=prompt)[:2] == ("it's 17.", "42")
            assert apart("it's 17.", end, "42", prompt=prompt + begin)[:2] == ("it's 17.", "42")
    assert all(each.source for each in (*TAGS, *CHANNELS))


@pytest.mark.parametrize(("before", "behind"), ANSWERS.items())
def test_what_stands_around_the_answer_is_not_in_it(before, behind):
    text = f"<think>\nit's 17.\n</think>\n{before}\n42 < 43\n{behind}\n"
    tokens = "<think>17</think>", before, "42 < 43", hidden(behind)
    for said in (apart(text), apart(*text), apart(*tokens)):
        assert said.answer == "42 < 43"
    without_thought = apart(before, "42", behind)
    assert without_thought.answer == f"{before}42{behind}"


def test_plain_words_count_only_where_the_prompt_names_them():
    text = "Here is my thought process: it's 17. Here is my response: 42"
    assert apart(*text)[:2] == ("", text)
    told = "Write your thoughts after 'Here is my thought process:', then 'Here is my response:'"
    assert apart(*text, prompt=told)[:2] == ("it's 17.", "42")


@pytest.mark.parametrize(
    "tokens",
    [
        ["Write <think> first", ", then </think>."],
        ["`", "<think>", "` begins it"],
        [" <b", ">bold</b>"],
        ["< 42"],
        ["<thinker>"],
        ["  <thin", "g>"],
        ["\n \n"],
        ["[TH", "E END]"],
        ["<answer>42</answer>"],
        ["x", own("<think>"), "y"],
        ["`", own("</think>"), "` ends it"],
        ["<|start|>" + "x" * MAX_HEADER_BYTES, "y"],
        ["<|channel|>"],
    ],
    ids=str,
)
def test_what_only_looks_like_a_mark_is_text_to_the_letter(tokens):
    pieces = [token[0] if isinstance(token, tuple) else token for token in tokens]
    said = apart(*tokens)
    assert said[:3] == ("", "".join(pieces), 0)
    assert said.first == 0, "the answer's first token is the first, held back or not"


def test_a_control_token_in_the_middle_of_an_answer_begins_a_thought():
    said = apart("42", hidden("<|channel>"), "thought", "\n", "no", hidden("<channel|>"), "43")
    assert said == ("no", "42\n\n43", 1, 0)
    empty = apart("42", hidden("<|channel>"), "thought", "\n", hidden("<channel|>"))
    assert empty[:3] == ("", "42", 0)


def test_control_tokens_that_are_no_marks_leave_nothing():
    odd = hidden("<|im_start|>")
    assert apart(odd, "<think>", odd, "17", odd, "</think>", odd, "42", odd)[:2] == ("17", "42")


def test_an_end_without_a_beginning_makes_what_stood_before_it_thinking():
    """So do models whose template begins the thought, asked in another one."""
    said = apart("it's", " 17.", "\n", own("</think>"), "\n\n", "42", " or", " so")
    assert said == ("it's 17.\n", "42 or so", 3, 5)


CHANNELLED = (
    own("<|channel|>"), "analysis", own("<|message|>"), "it's", " 17.", own("<|end|>"),
    own("<|start|>"), "assistant", own("<|channel|>"), "final", own("<|message|>"), "42",
)  # fmt: skip


def test_the_channels_of_gpt_oss():
    assert apart(*CHANNELLED, prompt=HARMONY) == ("it's 17.", "42", 2, 11)
    assert apart(*CHANNELLED) == ("it's 17.", "42", 2, 11), "also in another template"
    spelled = "".join(token[0] if isinstance(token, tuple) else token for token in CHANNELLED)
    assert apart(*spelled, prompt=HARMONY)[:2] == ("it's 17.", "42")
    assert apart(*CHANNELLED[8:], prompt=HARMONY)[:2] == ("", "42")
    opened = HARMONY + "<|channel|>analysis<|message|>"
    assert apart(*CHANNELLED[3:], prompt=opened)[:2] == ("it's 17.", "42")
    assert apart("42", prompt=HARMONY + "<|channel|>final<|message|>")[:2] == ("", "42")


def test_a_channel_for_the_user_before_the_thinking_is_answer():
    preamble = (own("<|channel|>"), "commentary", own("<|message|>"), "Let me see.", own("<|end|>"))
    said = apart(*preamble, own("<|start|>"), "assistant", *CHANNELLED, prompt=HARMONY)
    assert said[:2] == ("it's 17.", "Let me see.\n\n42")
    empty = *preamble[:3], preamble[4], own("<|start|>"), "assistant"
    assert apart(*empty, *CHANNELLED, prompt=HARMONY)[:2] == ("it's 17.", "42")


def test_a_thought_that_quotes_a_header_goes_on():
    quoting = [*CHANNELLED[:3], "Write <|start|>assistant<|message|>?", *CHANNELLED[5:]]
    assert apart(*quoting, prompt=HARMONY)[:2] == ("Write <|start|>assistant<|message|>?", "42")


def test_a_header_that_is_cut_off_is_no_answer():
    assert apart(own("<|channel|>"), "analy", prompt=HARMONY) == ("", "", 0, None)
    assert apart(*CHANNELLED[:9], "fi", prompt=HARMONY)[:2] == ("it's 17.", "")


def test_a_prompt_that_only_looks_like_channels_hides_nothing():
    quoted = "What are <|message|> and <|start|>?<|im_end|>\n<|im_start|>assistant\n"
    assert apart("Hello", prompt=quoted).answer == "Hello"
    assert apart("Hello", " there", prompt=HARMONY).answer == "Hello there"


def test_other_models_channels():
    solar = "<|begin|>user<|content|>Hi<|end|><|begin|>assistant"
    ended = own("<|end|>"), hidden("<|begin|>"), "assistant", hidden("<|content|>"), "42"
    assert apart(hidden("<|think|>"), "17", *ended, prompt=solar)[:3] == ("17", "42", 1)
    assert apart(*ended[3:], prompt=solar)[:2] == ("", "42")
    muse = "<|start|>user<|message|>Hi<|eot|><|start|>assistant"
    said = apart(
        " to=self", own("<|message|>"), "17", hidden("<|eom|>"), own("<|start|>"), "assistant to=user",
        own("<|message|>"), "42", prompt=muse,
    )  # fmt: skip
    assert said[:3] == ("17", "42", 1)
    kimi = "<|open|>message<|sep|>Hi<|close|>message<|sep|><|open|>think<|sep|>"
    closed = hidden("<|close|>"), "think", hidden("<|sep|>")
    opened = hidden("<|open|>"), "response", hidden("<|sep|>")
    said = apart("17", *closed, *opened, "42", hidden("<|close|>"), *opened[1:], prompt=kimi)
    assert said[:3] == ("17", "42", 1)


def test_a_token_that_ends_answers_elsewhere_may_end_no_more_than_a_thought():
    stream = Thinking(HARMONY + "<|channel|>analysis<|message|>")
    assert stream.ends_message(b"<|end|>") and not stream.ends_message(b"<|return|>")
    assert not Thinking("hi").ends_message(b"<|end|>")


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(i % (len(data) + 1) for i in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


PLAIN = st.text(alphabet="ab 🎉\n", max_size=12)


ROWS = st.sampled_from([row for row in TAGS if not row.agreed])


@given(PLAIN, PLAIN, ROWS, st.lists(st.integers(0, 10**6)))
def test_it_is_the_same_however_it_is_cut(thought, answer, row, at):
    text = f"{row.begins[0]}{thought}{row.ends[0]}{answer}"
    said = apart(*cut(text.encode(), at))
    assert said.thinking == thought.strip(" \n")
    assert said.answer == answer.lstrip(" \n")


@given(st.text(alphabet="<think>/[]TH🎉 \n", max_size=40), st.lists(st.integers(0, 10**6)))
def test_nothing_is_lost_of_what_has_no_mark(text, at):
    marks = [mark for row in TAGS for mark in (*row.begins, *row.ends)]
    said = apart(*cut(text.encode(), at))
    if not text.strip().startswith(tuple(marks)):
        assert said[:3] == ("", text, 0)
