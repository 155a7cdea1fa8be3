"""Prompts joined with recorded answers, judged; and the score board. On documents as `record` writes them."""

from html import unescape
from pathlib import Path

import pytest
from recorded import GEMMA, MACHINE, PARAMS, PREMISES, SUMS, edited, put, recorded, whole
from seen import text

from compare.charts.board import score_board
from compare.gallery.board import board
from compare.gallery.gallery import load
from compare.ui import recordings
from compare.ui.gallery import cards, table
from compare.ui.gallery.shown import found


@pytest.fixture
def library(tmp_path):
    """The library of a folder of two themes and these recordings."""

    def make(**recordings):
        (tmp_path / "recorded").mkdir()
        put(tmp_path, "premises.toml", PREMISES)
        put(tmp_path, "sums.toml", SUMS)
        for name, content in recordings.items():
            put(tmp_path / "recorded", f"{name}.json", content)
        return load(tmp_path)

    return make


def snake(**more) -> dict:
    return recorded("snake", **more)


def addition(text: str, **more) -> dict:
    params = {**PARAMS, "max_tokens": 16}
    return recorded("sum", text, prompt="What is 2 + 2?", params=params, **more)


def test_answers_stand_beside_each_other_and_are_judged(library):
    made = library(small=whole(snake(**GEMMA, text="At 20 km/h."), snake()))
    prompt = made.prompt_of("How fast can a snake fly?", None)
    (comparison,) = made.comparisons(prompt)
    assert [take.spec for take in comparison.takes] == ["smollm2:Q4_1", "gemma3:Q4_K_M"]
    assert [take.verdict.substance for take in comparison.takes] == [True, False]
    assert made.prompt_of("How fast can a snake swim?", None) is None
    assert made.prompt_of("How fast can a snake fly?", "Be brief.") is None


def test_recorded_thoughts_are_folded_and_not_judged(library):
    thoughts = {"thinking": "It is <b>5</b>.\n\nNo.", "thinking_tokens": 6, "first_answer_s": 0.9}
    answers = addition("4"), addition("", **GEMMA)
    answers[0]["responses"][0].update(thoughts)
    cut = {"thinking": "It is 4.", "thinking_tokens": 11, "finish_reason": "length"}
    answers[1]["responses"][0].update(cut)
    made = library(small=whole(*answers))
    (comparison,) = made.comparisons(made.gallery.prompts["sum"])
    assert [take.verdict.substance for take in comparison.takes] == [True, False]
    told, unfinished = map(recordings.answer, comparison.takes)
    folded, answer = told.split("\n\n")
    assert folded.startswith('<details class="thoughts"><summary>') and "<b>" not in folded
    assert text(folded) == "Thought for 0.40 s, 6 tokens It is <b>5</b>. No."
    assert answer == "4"
    assert "It was still thinking at the limit of 11" in text(unfinished)


def test_other_machines_and_settings_are_comparisons_of_their_own(library):
    gpu = {**MACHINE, "gpus": ["NVIDIA L4"]}
    warm = {**PARAMS, "temperature": 0.8}
    made = library(
        a=whole(snake(), snake(**GEMMA, machine=gpu), snake(repeat=2)),
        b=whole(snake(params=warm), params=warm, recorded_at="2026-06-01T00:00:00Z"),
    )
    found = made.comparisons(made.gallery.prompts["snake"])
    assert [[t.spec for t in each.takes] for each in found] == [
        ["smollm2:Q4_1"], ["smollm2:Q4_1"], ["gemma3:Q4_K_M"],
    ]  # fmt: skip
    assert found[0].recording.name == "b.json", "the newest first"
    assert len(found[1].repeats["smollm2:Q4_1"]) == 2
    assert "NVIDIA L4 · temperature 0" in recordings.stamp(found[2]).replace("&#183;", "·")


def test_answers_to_other_wordings_are_left_out_and_told(library):
    made = library(old=whole(snake(prompt="How fast do snakes fly?"), recorded("gone"), snake()))
    assert len(made.takes) == 1
    assert made.faults == (
        "old.json: 2 answers are to prompts that were changed or taken out since, and left out. "
        "Record them again.",
    )


def test_the_board_counts_checks_passed_of_checks_made(library):
    poem = recorded("poem", "Rain.", prompt="Write a poem about rain.")
    made = library(
        small=whole(
            snake(), poem, addition("4"), addition("5", **GEMMA), snake(**GEMMA, text="It can not fly.")
        )
    )  # fmt: skip
    told = board(made)
    assert [(row.file.model, row.passed, row.made, row.answers) for row in told.rows] == [
        ("smollm2", 2, 2, 3), ("gemma3", 1, 2, 2),
    ]  # fmt: skip
    assert told.rows[1].marks == {"premises": (1, 1), "sums": (0, 1)}
    assert "SmolLM2 135M Instruct passed 2 of 2 checks" in table.finding(told)
    assert [row.in_form for row in told.rows] == [(1, 1), (1, 1)]
    figure = score_board(["Sums"], table.column_labels(told), [[(1, 1), (0, 1)]])
    assert list(figure.data[0].z) == [[1.0, 0.0]]
    assert figure.data[1].text == ("1 of 1", "0 of 1")
    assert figure.data[0].x == ("SmolLM2", "Gemma 3")


def test_form_stands_beside_the_score_and_not_in_it(library):
    made = library(small=whole(addition("It is 4."), snake(**GEMMA)))
    told = board(made)
    assert [(row.passed, row.made, row.in_form) for row in told.rows] == [
        (1, 1, (0, 1)),
        (1, 1, (0, 0)),
    ]
    assert "<td>1 of 1</td><td>0 of 1</td>" in table.rows(told)
    assert "<td>1 of 1</td><td>–</td>" in table.rows(told)
    (take,) = [take for take in made.takes if take.recorded.prompt_id == "sum"]
    assert (
        "<b>Passed</b> <span>names 4; in another form than was asked: has 3 words, more than 1</span>"
        in (unescape(recordings.verdict(take.verdict)))
    )


def test_speeds_are_medians_of_one_machine(library):
    def at(tps: float, machine=MACHINE, **more) -> dict:
        made = edited(decode_tps=tps, ttft_s=tps / 10)
        return {**made, "machine": machine, "prompt_id": "snake", **more}

    other = {**MACHINE, "cpu": "EPYC"}
    made = library(a=whole(at(10.0), at(30.0, repeat=2), at(20.0, repeat=3), at(99.0, other)))
    rows = {row.stamp.cpu: row for row in board(made).rows}
    assert (rows["Xeon"].decode_tps, rows["Xeon"].ttft_s) == (20.0, 2.0)
    assert rows["EPYC"].decode_tps == 99.0
    assert table.column_labels(board(made))[0].endswith("Xeon, 2\u00a0cores"), (
        "told apart by their machine"
    )


def test_only_equal_settings_stand_on_the_board(library):
    warm = {**PARAMS, "temperature": 0.8}
    made = library(
        a=whole(snake(), addition("4"), snake(**GEMMA, params={**PARAMS, "max_tokens": 9})),
        b=whole(snake(**GEMMA, params=warm), params=warm),
    )
    told = board(made)
    assert [row.file.model for row in told.rows] == ["smollm2"]
    assert told.params.temperature == 0 and told.left_out == 2
    assert "2 answers with other settings left out" in table.finding(told)


def test_nothing_recorded_is_an_empty_board(library):
    told = board(library())
    assert told.rows == () and "Nothing is recorded yet" in table.finding(told)


def test_search_holds_all_words_in_any_place(library):
    made = library()

    def ids(*asked: str) -> list[str]:
        return [prompt.id for _, prompts in found(made, *asked) for prompt in prompts]

    assert ids("SNAKE fly", "", "") == ["snake"]
    assert ids("", "sums", "") == ["sum"]
    assert ids("", "", "animals") == ["snake"]
    assert ids("snake rain", "", "") == []
    assert "No prompt has all that" in cards.listing(found(made, "snake rain", "", ""), made)


def test_a_strangers_text_is_only_text(library):
    bad = '<img src=x onerror=alert(1)> ${alert(1)} <div class="recorded">'
    made = library(small=whole(snake(text=bad)))
    (comparison,) = made.comparisons(made.gallery.prompts["snake"])
    text = recordings.recorded([comparison])
    assert "<img" not in text and text.count('<div class="recorded">') == 1


def test_a_very_long_answer_is_shown_in_part(library):
    made = library(small=whole(snake(text="word " * 15_000)))
    (comparison,) = made.comparisons(made.gallery.prompts["snake"])
    text = recordings.recorded([comparison])
    assert len(text) < 20_000 and "… and 67,000 more characters" in text


def test_the_repositorys_own_prompts_and_recordings_have_no_fault():
    assert load().faults == ()
    assert all(path.stat().st_size < 500_000 for path in Path("prompts/recorded").glob("*.json"))
