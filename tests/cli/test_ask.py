"""Answers as blocks on a terminal, snapshot by snapshot: what is thought apart from what is answered."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from seen import text as plain

from compare.asked.comparison import comparison
from compare.cli.ask import _Blocks
from compare.run.response import Response

KEY = "tinyllama:Q8_0"
STARTED = Response(
    state="writing", started_at=1.0, loaded_at=0.5, threads=(2, 2), output_tokens=5,
    first_token_at=2.0, last_token_at=3.0,
)  # fmt: skip
THINKING = replace(STARTED, thinking="It is 17.\n", thinking_tokens=3)
ANSWERING = replace(THINKING, thinking="It is 17.\nNo.", text="4", first_answer_at=4.0)
FINISHED = replace(ANSWERING, state="finished", text="42", finish_reason="stop", ended_at=5.0)


@pytest.fixture
def printed(capsys):
    """What one column's snapshots print, its last line left out."""

    def told(*snapshots: Response) -> str:
        blocks = _Blocks(SimpleNamespace(comparison=comparison("hi", ["tinyllama"])))
        for response in snapshots:
            blocks({KEY: response})
        head, *lines = capsys.readouterr().out.splitlines()
        assert head == "── TinyLlama 1.1B Chat · Q8_0 ──"
        end = next(n for n, line in enumerate(lines) if "tok/s" in line)
        return plain("\n".join(lines[:end]))

    return told


def test_thoughts_come_first_and_under_their_name(printed):
    said = "Thinking: It is 17. No. [Thought for 2.0 s, 3 tokens] 42"
    assert printed(STARTED, THINKING, ANSWERING, FINISHED) == said
    assert printed(FINISHED) == said, "also where it ended before another's block did"


def test_a_thought_after_the_answer_has_begun_stands_under_its_name_too(printed):
    once_more = replace(ANSWERING, thinking=ANSWERING.thinking + "\n\nOr?", text="4")
    ended = replace(FINISHED, thinking=once_more.thinking)
    assert printed(ANSWERING, once_more, ended) == (
        "Thinking: It is 17. No. [Thought for 2.0 s, 3 tokens] 4 Thinking: Or? "
        "[Thought for 2.0 s, 3 tokens] 2"
    )


def test_what_was_printed_as_the_answer_and_was_thinking_is_said_to_be(printed):
    unmarked = replace(STARTED, text="It is 17.\n", first_answer_at=2.0)
    recalled = replace(STARTED, thinking="It is 17.", thinking_tokens=3)
    answered = replace(FINISHED, thinking="It is 17.")
    assert printed(unmarked, recalled, answered) == (
        "It is 17. [All this was thinking.] [Thought for 2.0 s, 3 tokens] 42"
    )


def test_where_there_is_no_answer_it_says_why(printed):
    cut = replace(THINKING, state="finished", finish_reason="length", ended_at=5.0)
    assert printed(cut).startswith(
        "Thinking: It is 17. [Thought for 3.0 s, 3 tokens] It was still thinking at the limit of 5 tokens. "
    )
    silent = replace(
        STARTED, state="finished", output_tokens=0, stop_string="\x1b[2J", ended_at=5.0
    )
    assert printed(silent).startswith("Your stop string “[2J” came first.")


def test_a_columns_notices_are_printed(printed):
    assert printed(replace(FINISHED, thinking="", notices=("No switch.",))) == "42 (No switch.)"


def test_what_took_nothing_of_this_machine_ends_in_a_line_without_holes(capsys):
    """A server that is away."""
    blocks = _Blocks(SimpleNamespace(comparison=comparison("hi", ["@gpu"])))
    blocks({"@gpu": Response(state="failed", stage="waiting", error="It is away.")})
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last == "[Failed to start · – tok/s · first token –]"
