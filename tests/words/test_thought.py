"""What is told of thinking, and of an answer that isn't there, to the digit."""

from dataclasses import replace

import pytest
from seen import text as plain

from compare.asked.comparison import comparison
from compare.run.response import Response
from compare.words.column import announcements, figures, finished_line, state_line
from compare.words.sentence import summary
from compare.words.table import all_measures
from compare.words.thought import thought, thought_line, unanswered

NAMES = {"tinyllama:Q8_0": "TinyLlama", "solar:Q2_K": "SOLAR"}
TINY, SOLAR = NAMES
WROTE = Response(
    state="finished", stage="writing", text="So.", finish_reason="stop", output_tokens=52,
    started_at=1.0, first_token_at=3.9, first_answer_at=3.9, last_token_at=9.2, ended_at=9.3,
    shared_with=0,
)  # fmt: skip
QUICK = replace(WROTE, output_tokens=101, last_token_at=13.9)
"""at 10 tokens a second"""
STOPPED = Response(state="cancelled")
THOUGHT = replace(
    WROTE, thinking="Snakes don't.", thinking_tokens=180, output_tokens=238, first_answer_at=38.5,
    last_token_at=48.4, ended_at=48.5,
)  # fmt: skip
THINKING = replace(THOUGHT, state="writing", text="", first_answer_at=None, ended_at=None)
CUT = replace(
    THINKING, state="finished", finish_reason="length", thinking_tokens=256, output_tokens=256,
    ended_at=48.5,
)  # fmt: skip
MUTE = replace(
    WROTE, text="", output_tokens=0, first_token_at=None, last_token_at=None, ended_at=1.01
)
ADVICE = "set Thinking to Off, where the model’s template can do that."


def test_the_line_over_the_thoughts():
    assert plain(thought_line(THINKING, 16.0)) == "Thinking, 12 s, 180 tokens"
    assert (
        plain(thought_line(replace(THINKING, stopping=True), 16.0)) == "Thinking, 12 s, 180 tokens"
    )
    answering = replace(THOUGHT, state="writing", ended_at=None)
    for response in (answering, THOUGHT):
        assert plain(thought_line(response, 99.0)) == "Thought for 34.6 s, 180 tokens"
    assert plain(thought(THOUGHT.measures)) == "Thought for 34.6 s, 180 tokens", "of a recording"
    assert plain(thought_line(CUT, 99.0)) == "Thought for 44.6 s, 256 tokens"
    for response in (WROTE, Response(state="reading"), Response(), replace(WROTE, state="writing")):
        assert thought_line(response, 99.0) == ""


def test_thinking_is_writing_and_its_tokens_are_counted():
    assert plain(str(state_line(THINKING, 16.0))) == "Writing, 15 s"
    assert plain(figures(THOUGHT, 99.0).small["Answer"]) == "238 tokens"


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (CUT, "Ended while thinking[, at the limit of 256 tokens]"),
        (
            replace(CUT, finish_reason="time", ended_at=121.0),
            "Ended while thinking, at[ this host's limit of] 120 s",
        ),
        (replace(CUT, finish_reason="stop"), "Ended while thinking[, after 47.5 s]"),
        (replace(CUT, state="cancelled"), "Stopped[ while thinking,] after 47.5 s"),
        (THOUGHT, "Finished in 47.5 s"),
    ],
)  # fmt: skip
def test_an_end_within_the_thinking_is_a_state_of_its_own(response, said):
    line = state_line(response, 99.0, max_seconds=120)
    marked = "".join(f"[{part}]" if i % 2 and part else part for i, part in enumerate(line.parts))
    assert plain(marked) == said
    if response.state == "finished":
        assert finished_line(response.measures, response.finish_reason, 120) == line


@pytest.mark.parametrize(
    ("response", "happened", "advice"),
    [
        (CUT, "It was still thinking at the limit of 256 tokens.", f"Raise Max tokens, or {ADVICE}"),
        (
            replace(CUT, finish_reason="time"), "It was still thinking when its time was up.",
            f"Ask for less, or {ADVICE}",
        ),
        (
            replace(CUT, finish_reason="stop"), "It ended while thinking, without an answer.",
            f"Run it again, or {ADVICE}",
        ),
        (MUTE, "It ended without a word.", None),
        (
            replace(MUTE, stop_string="###"), "Your stop string “###” came first.",
            "Take it out of Stop, or make it longer.",
        ),
        (
            replace(WROTE, text="\n", finish_reason="length"),
            "It wrote nothing that shows, to the limit of 52 tokens.", None,
        ),
        (
            replace(THOUGHT, text="", stop_string="4"), "Your stop string “4” came first.", None,
        ),
    ],
)  # fmt: skip
def test_why_there_is_no_answer_and_what_to_try(response, happened, advice):
    said = unanswered(response.measures, response.finish_reason, response.stop_string)
    assert plain(said[0]) == happened
    assert said[1].endswith(".") and advice in (None, said[1])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((CUT,), "TinyLlama wrote 5.7 tokens a second. TinyLlama ended while thinking."),
        ((MUTE,), "TinyLlama ended without a word, so there is nothing to compare."),
        (
            (QUICK, replace(MUTE, stop_string="a")),
            "TinyLlama wrote 10.0 tokens a second. SOLAR met your stop string first, so there is nothing to "
            "compare it with.",
        ),
        (
            (STOPPED, MUTE),
            "TinyLlama was stopped and SOLAR ended without a word, so there is nothing to compare.",
        ),
        (
            (QUICK, CUT),
            "TinyLlama wrote 1.7 times as fast. Each ran alone. SOLAR ended while thinking.",
        ),
        (
            (QUICK, replace(QUICK, text=" ")),
            "TinyLlama and SOLAR wrote at the same speed. Each ran alone. SOLAR wrote nothing that shows.",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_who_gave_no_answer(columns, said):
    assert plain(str(summary(dict(zip(NAMES, columns, strict=False)), NAMES))) == said


def test_a_screen_reader_hears_that_it_ended_while_thinking():
    (said,) = announcements({TINY: THINKING}, {TINY: CUT}, NAMES)
    assert plain(said) == "TinyLlama ended while thinking, 5.7 tokens a second, 256 tokens."


def test_all_measures_tell_thinking_from_the_answer_where_there_is_any():
    ask = comparison("Hello", ["tinyllama", "solar"], seed=7)
    rows = dict(all_measures({TINY: THOUGHT, SOLAR: WROTE}, ask))
    assert rows["Output tokens"] == ["238", "52"]
    assert rows["of which thinking"] == ["180", "0"]
    assert [plain(each) for each in rows["First token of the answer"]] == ["37.5 s", "2.9 s"]
    cut = dict(all_measures({TINY: CUT}, ask))
    assert cut["Finish reason"] == ["length, while thinking"]
    assert plain(cut["First token of the answer"][0]) == "–"
    assert "of which thinking" not in dict(all_measures({TINY: WROTE}, ask))
