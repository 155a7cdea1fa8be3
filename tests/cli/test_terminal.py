"""Whatever a file is called and whatever a terminal can show: the answers are printed, and JSON is UTF-8."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ECHO = "{{ messages[-1].content }}|"
LETTERS = "é\u200c\U0001fae8"
"""a half-space and an emoji of 2022 among them"""
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}


@pytest.fixture
def pair(tiny) -> tuple[str, str]:
    """Two models: one whose name isn't UTF-8, one with letters of all kinds."""
    here = tiny("a.gguf", says="Ok", ends=True, chat_template=ECHO)
    odd = os.fsencode(here).replace(b"a.gguf", b"mod\xe8le\x1b[2J.gguf")
    os.rename(os.fsencode(here), odd)
    return os.fsdecode(odd), tiny("b.gguf", says=LETTERS, ends=True, chat_template=ECHO)


def said(command: str, specs: tuple[str, str], *options: str, **environ: str):
    models = [word for spec in specs for word in ("--models", spec)]
    done = subprocess.run(
        [sys.executable, "-m", "compare", *command.split(), *models, *options],
        capture_output=True, timeout=100, env={**os.environ, **environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_the_terminal_shows_each_answer_by_its_letters(pair):
    shown = said("ask hi", pair).decode()
    assert "── mod\ufffdle\ufffd[2J · F16 ──\nOk\n" in shown
    assert f"── b · F16 ──\n{LETTERS}\n" in shown


def test_one_that_lacks_them_shows_their_numbers(pair):
    shown = said("ask hi", pair, **ASCII).decode("ascii")
    assert "\nOk\n" in shown and "\n\\xe9\\u200c\\U0001fae8\n" in shown


@pytest.mark.parametrize("environ", [{}, ASCII], ids=["UTF-8", "ASCII"])
def test_a_document_is_utf_8_on_any(pair, environ):
    answers = json.loads(said("ask hi", pair, "--json", **environ).decode())["responses"]
    assert [each["text"] for each in answers] == ["Ok", LETTERS]
    assert answers[0]["file"] == "mod\ufffdle\ufffd[2J.gguf"


def test_so_are_the_rows_of_bench_and_of_fit(pair):
    tests = "--prompt-tokens", "2", "--output-tokens", "2", "--repeats", "1"
    rows = json.loads(said("bench", pair, *tests, "--json", **ASCII).decode())
    assert rows[0]["model_filename"] == "mod\ufffdle\ufffd[2J.gguf"
    assert [row["model"] for row in json.loads(said("fit", pair, "--json").decode())]
    assert "mod\ufffdle" in said("fit", pair).decode()


def test_a_prompt_that_is_not_utf_8_is_wrong_usage(pair):
    done = subprocess.run(
        [sys.executable, "-m", "compare", "ask", b"caf\xe9", "--models", Path(pair[1]), "--json"],
        capture_output=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"The text isn't UTF-8" in done.stderr
