"""Verdicts that a person overruled: that they hold, are told as such, and what is wrong with their file."""

from html import unescape

import pytest
from recorded import PREMISES, put, recorded, whole
from typer.testing import CliRunner

from compare.cli.main import app
from compare.gallery import overruled
from compare.gallery.board import board
from compare.gallery.gallery import load
from compare.gallery.overruled import digest
from compare.ui import recordings

TEXT = "It can not fly, it swims through the air at 20 km/h."


def entry(**values: object) -> str:
    told = {
        "prompt": "snake",
        "answer": digest(TEXT),
        "substance": False,
        "reason": "it does",
    } | values
    lines = (
        f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for name, value in told.items()
    )
    return "\n".join(["[[answer]]", *lines, ""])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "false-premises.toml").write_text(PREMISES)
    (tmp_path / "recorded").mkdir()
    put(tmp_path / "recorded", "small.json", whole(recorded("snake", TEXT + "\n")))
    return tmp_path


def test_a_person_overrules_a_verdict_and_it_is_told_so(folder):
    assert [row.passed for row in board(load(folder)).rows] == [1]
    (folder / "recorded" / overruled.FILE).write_text(entry())
    library = load(folder)
    assert library.faults == ()
    assert [(row.passed, row.made) for row in board(library).rows] == [(0, 1)]
    (take,) = library.takes
    assert (
        "<b>Failed</b> <span>overruled by a person: it does; the check: says “not fly”</span>"
        in unescape(recordings.verdict(take.verdict))
    )
    prompt = library.gallery.prompts["snake"]
    assert library.verdict(prompt, TEXT) == take.verdict, "the same text, answered live"
    assert library.verdict(prompt, f"{TEXT} Well.").substance is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[answer", "overruled.toml is no TOML: "),
        ("x = 1", "overruled.toml must hold entries that begin with [[answer]], and nothing else."),
        (entry(answer="12"), "overruled.toml, answer 1, answer: String should match pattern"),
        (
            entry(substance="no"),
            "overruled.toml, answer 1, substance: Input should be a valid boolean.",
        ),
        (
            entry(reason=""),
            "overruled.toml, answer 1, reason: String should have at least 1 character.",
        ),
        (entry() * 2, "overruled.toml, answer 2: stands there already. Keep one of them."),
        (entry(prompt="worm"), "overruled.toml names a prompt that is not there: worm."),
    ],
)
def test_what_is_wrong_in_the_file_is_named(folder, text, said):
    (folder / "recorded" / overruled.FILE).write_text(text)
    (fault,) = load(folder).faults
    assert fault.startswith(said)


def test_form_may_be_overruled_too(folder):
    (folder / "recorded" / overruled.FILE).write_text(entry(substance=True, form=False))
    (take,) = load(folder).takes
    assert (take.verdict.substance, take.verdict.form) == (True, False)


def test_check_prints_each_recorded_answer_with_its_hash():
    printed = CliRunner().invoke(app, ["check", "--answers"]).stdout
    for take in load().takes:
        assert f"{take.recorded.prompt_id}  {digest(take.answer.text)}  {take.spec}  " in printed
