"""The form as the browser kept it, without Gradio and without a browser."""

import json

import pytest
from fake_machine import fake
from seen import Seen

from compare.asked.owner import Owner
from compare.gallery import prompts
from compare.gallery.gallery import Library
from compare.models.catalogue import EMBEDDED_PAIR
from compare.ui.compare.form import untouched
from compare.ui.compare.kept import opened
from compare.ui.compare.session import House, Session
from compare.ui.menu import Choice


def page(**machine) -> tuple[Session, Seen]:
    """As a visitor gets it, before what was kept is heard of."""
    session, seen = Session(House(fake(**machine), Library(prompts.load()), lambda: 0.0)), Seen()
    seen.tell(session.opened())
    return session, seen


def test_what_was_kept_stands_there_again():
    session, seen = page(start=EMBEDDED_PAIR, reason="The small pair stands in.")
    kept = {
        **untouched(), "prompt": "Why?", "n_ctx": "4 096", "raw": True, "mode": "in-turn",
        "model_1": "solar", "quant_1": "Q4_0", "model_3": "tinyllama", "quant_3": None,
    }  # fmt: skip
    seen.tell(opened(session, json.dumps(kept)))
    assert session.chosen == {
        1: Choice("solar", "Q4_0"), 2: Choice("gemma3", "Q4_K_M"), 3: Choice("tinyllama", "Q8_0"),
    }  # fmt: skip
    assert (seen.values["prompt"], seen.values["raw"], seen.values["mode"]) == (
        "Why?",
        True,
        "in-turn",
    )
    assert seen.values["model_1"] == "solar" and seen.is_visible("box_3")
    assert session.load.n_ctx == 4096 and seen.text("said") == ""


@pytest.mark.parametrize(
    "kept",
    [
        "", "{", "[]", "7", "null", json.dumps(untouched()),
        json.dumps({"model_1": "gone", "prompt": 7, "mode": "at once", "thinking": "hard", "raw": "yes"}),
        json.dumps({"model_1": ["solar"], "quant_1": {}, "model_9": "solar", "stop": None}),
    ],
)  # fmt: skip
def test_what_nobody_could_have_chosen_counts_as_not_kept(kept):
    session, _ = page()
    assert opened(session, kept) == {}
    assert session.chosen == {1: Choice("tinyllama", "Q8_0"), 2: Choice("solar", "Q2_K")}


def test_a_column_that_was_not_open_is_not():
    session, seen = page()
    seen.tell(session.added(**untouched()))
    kept = {**untouched(), "model_1": "tinyllama", "model_2": "solar"}
    seen.tell(opened(session, json.dumps(kept)))
    assert not seen.is_visible("box_3") and 3 not in session.chosen


def test_columns_beyond_what_the_owner_gives_now_are_not():
    session, seen = page(owner=Owner(max_columns=2))
    kept = {**untouched(), "model_1": "gemma3", "model_2": "smollm2", "model_3": "tinyllama"}
    seen.tell(opened(session, json.dumps(kept)))
    assert [choice.model for choice in session.chosen.values()] == ["gemma3", "smollm2"]
