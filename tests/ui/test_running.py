"""The Compare tab's runs and downloads without Gradio: what a visitor sees while they last, and after."""

import pytest
from fake_machine import FakeMachine, answering
from recorded import GEMMA, PREMISES, SUMS, put, recorded, whole
from seen import opened, state

from compare.asked.owner import Owner
from compare.gallery.gallery import Library, load
from compare.models.catalogue import EMBEDDED_PAIR
from compare.protocol.events import Failed, Loading
from compare.run.line import Refused
from compare.ui.compare import running
from compare.ui.compare.form import untouched, with_choices
from compare.ui.compare.session import Session
from compare.usage import UsageError

SET = {**recorded()["params"], "top_k": 1, "kv_type": "q8_0"}
"""Settings of a recording, two of which have no field on the page."""


class Asked(FakeMachine):
    """Answers each model's key at once, and remembers what it was asked."""

    def __init__(self, script=None, **more):
        self.asked = []
        super().__init__(self._scripts, **more)
        self._script = script or (lambda key: answering(f"From {key}.", **AT_ONCE))

    def _scripts(self, comparison):
        self.asked.append(comparison)
        return {file.key: self._script(file.key) for file in comparison.models}


AT_ONCE = {"load_s": 0.0, "read_s": 0.0, "tokens_s": 0.0}


def fields(session: Session, **typed) -> dict:
    """What the fields and the menus hold."""
    return with_choices({**untouched(), "prompt": "hello", **typed}, session.chosen)


def test_a_run_from_the_first_state_to_the_sentence():
    session, seen = opened(Asked())
    story = running.run(session, **fields(session))
    seen.tell(next(story))
    assert 'class="running"' in seen.values["cost"]
    assert seen.more["model_1"]["interactive"] is False and not seen.more["add"]["interactive"]
    assert session.run
    seen.tell_all(story)
    assert not session.run
    assert state(seen, 1).startswith("Finished in")
    assert "From tinyllama:Q8_0." in seen.text("answer_1")
    assert seen.values["written_2"] == "From solar:Q2_K."
    assert "offers-copy" in seen.values["strip_1"]
    assert "TinyLlama" in seen.text("summary") and "Finish reason" in seen.text("table")
    assert "TinyLlama finished, 2 tokens." in seen.text("spoken")
    assert seen.text("spoken").endswith(seen.text("summary"))
    assert seen.more["model_1"]["interactive"] is True and seen.more["add"]["interactive"]
    told = seen.values["all_answers"]
    assert told.startswith("Prompt: hello\n\n## TinyLlama 1.1B Chat Q8_0\n\nFinished in")
    assert told.endswith("\n\nFrom solar:Q2_K.\n")
    drawn = session.keep_seed()["seed"]
    assert drawn in seen.text("use_seed") and int(drawn) == session.comparison.sampling.seed


def test_a_model_that_thinks_has_its_thoughts_apart():
    thoughts = "It is <b>17</b>. No."
    session, seen = opened(Asked(lambda key: answering("42", thinks=thoughts, **AT_ONCE)))
    seen.tell_all(running.run(session, **fields(session)))
    assert seen.text("thought_1") == "Thought for 0.00 s, 4 tokens"
    assert seen.values["thoughts_1"] == thoughts, "to the letter, for a field of plain text"
    assert seen.text("answer_1") == seen.values["written_1"] == "42"
    assert "of which thinking" in seen.text("table")
    other = session.model_chosen("mixtral", place=1, **untouched())
    assert other["thought_1"] == other["thoughts_1"] == ""


def test_while_it_thinks_its_line_counts_and_there_is_nothing_to_copy():
    thinking = answering("42", thinks="hm " * 999, tokens_s=0.01, load_s=0, read_s=0)
    session, seen = opened(Asked(lambda key: thinking))
    for changes in running.run(session, **fields(session)):
        seen.tell(changes)
        response = session.responses.get("tinyllama:Q8_0")
        if response and response.thinking and not response.stopping:
            assert seen.text("thought_1").startswith("Thinking, ")
            assert state(seen, 1).startswith("Writing, ") and seen.text("answer_1") == ""
            session.stop_all()
    assert state(seen, 1).startswith("Stopped while thinking, after")
    assert "offers-again" in seen.values["strip_1"]


@pytest.mark.parametrize(
    ("thinks", "said", "advice"),
    [
        ("It is 17.", "It was still thinking at the limit of 3 tokens.", "Raise Max tokens"),
        ("", "It ended without a word.", "Ask in other words"),
    ],
)
def test_where_there_is_no_answer_it_says_why_and_what_to_try(thinks, said, advice):
    script = answering("", thinks=thinks, reason="length" if thinks else "stop", **AT_ONCE)
    session, seen = opened(Asked(lambda key: script))
    seen.tell_all(running.run(session, **fields(session)))
    told = seen.text("answer_2")
    assert told.startswith(said) and advice in told
    assert "offers-nothing" in seen.values["strip_2"]


def test_a_check_is_of_the_answer_alone(tmp_path):
    put(tmp_path, "sums.toml", SUMS)
    session, seen = opened(
        Asked(lambda key: answering("4", thinks="It is 17.", **AT_ONCE)), load(tmp_path)
    )
    seen.tell_all(running.run(session, **fields(session, prompt="What is 2 + 2?")))
    assert "TinyLlama Passed" in seen.text("verdicts")


@pytest.mark.parametrize(
    ("typed", "why"),
    [({"prompt": " "}, "The prompt is empty"), ({"temperature": "warm"}, "Temperature is “warm”")],
)
def test_what_is_refused_changes_nothing(typed, why):
    machine = Asked()
    session, seen = opened(machine)
    with pytest.raises(UsageError, match=f"^{why}"):
        seen.tell_all(running.run(session, **fields(session, **typed)))
    assert machine.asked == [] and not session.run and not session.keys
    seen.tell(running.given_up(session, **fields(session)))
    assert state(seen, 1) == "On this machine, ready" and seen.text("run") == "Run"


def test_while_a_run_lasts_nothing_else_is_begun_or_changed():
    session, _ = opened(Asked(lambda key: answering("word " * 999)))
    story = running.run(session, **fields(session))
    next(story)
    values = untouched()
    for another in (
        running.run(session, **fields(session)), running.run_small(session, **values),
        running.run_prompt(session, "snake", **values), running.run_again(session, place=1, **values),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=r"^A run is in progress"):
            next(another)
    for changes in (
        session.added(**values), session.removed(place=2, **values), session.settings_changed(**values),
        session.model_chosen("mixtral", place=1, **values), session.dropped(**values),
        running.given_up(session, **values),
    ):  # fmt: skip
        assert changes == {}
    story.close()  # as when the visitor leaves
    assert not session.run


def test_stop_ends_one_column_or_all():
    session, seen = opened(Asked(lambda key: answering("word " * 9999, tokens_s=0.01)))
    for changes in running.run(session, **fields(session)):
        seen.tell(changes)
        if state(seen, 2).startswith("Writing"):
            session.stop_one(place=2)
        if state(seen, 2).startswith("Stopped") and session.run:
            assert "is-writing" in seen.values["strip_1"] or "Stop" in state(seen, 1)
            session.stop_all()
    assert state(seen, 1).startswith("Stopped after")
    assert state(seen, 2).startswith("Stopped after")
    assert "offers-copy offers-again" in seen.values["strip_2"]
    session.house.machine._script = lambda key: answering(f"From {key}.", **AT_ONCE)
    seen.tell_all(running.run_again(session, place=2, **fields(session)))
    assert state(seen, 2).startswith("Finished in") and state(seen, 1).startswith("Stopped after")
    session.stop_all()  # nothing runs: nothing happens
    session.stop_one(place=1)


def test_a_failed_column_runs_again_and_leaves_the_other():
    scripts = [[(0.0, Loading, {"file_bytes": 1}), (0.0, Failed, {"message": "No room.\nTry."})]]

    def script(key):
        failing = key == "solar:Q2_K" and scripts
        return scripts.pop() if failing else answering(f"From {key}.", **AT_ONCE)

    machine = Asked(script)
    session, seen = opened(machine)
    seen.tell_all(running.run(session, **fields(session)))
    assert state(seen, 2).startswith("Failed while loading")
    assert "No room." in seen.text("answer_2") and "offers-again" in seen.values["strip_2"]
    seen.tell_all(running.run_again(session, place=2, **fields(session, prompt="another")))
    assert state(seen, 2).startswith("Finished in") and state(seen, 1).startswith("Finished in")
    assert "From solar:Q2_K." in seen.text("answer_2")
    assert [[f.key for f in asked.models] for asked in machine.asked] == [
        ["tinyllama:Q8_0", "solar:Q2_K"], ["solar:Q2_K"],
    ]  # fmt: skip
    assert machine.asked[1].prompt == "hello"


def test_what_was_asked_stands_over_its_answers():
    session, seen = opened(Asked())
    assert seen.text("asked") == ""
    story = running.run(session, **fields(session, prompt="How `fast`\n<b>${1}</b>?"))
    seen.tell(next(story))
    assert seen.text("asked") == "You asked : How `fast` <b>${1}</b>?"
    seen.tell_all(story)
    assert "<b>$" not in seen.values["asked"] and "`" not in seen.values["asked"]
    assert session.edit_asked() == {"prompt": "How `fast`\n<b>${1}</b>?"}
    for place in (1, 2):
        other = ("mixtral", "smollm2")[place - 1]
        seen.tell(session.model_chosen(other, place=place, **untouched()))
        assert bool(seen.text("asked")) is (place == 1), "as long as a column answers it"
    seen.tell_all(running.run(session, **fields(session, prompt="a" * 9_000)))
    assert seen.text("asked").endswith("… and 1,000 more characters")


def test_another_model_empties_its_column_only():
    session, seen = opened(Asked())
    seen.tell_all(running.run(session, **fields(session)))
    seen.tell(session.model_chosen("mixtral", place=1, **untouched()))
    assert state(seen, 1) == "On this machine, ready" and seen.values["written_1"] == ""
    assert state(seen, 2).startswith("Finished in")
    assert list(running.run_again(session, place=1, **untouched())) == []


def test_what_a_host_caps_is_said():
    session, seen = opened(Asked(owner=Owner(max_tokens=16, max_seconds=30)))
    seen.tell_all(running.run(session, **fields(session)))
    capped = "Max tokens was lowered from 256 to 16, this host's limit."
    assert seen.text("said") == capped
    assert (session.comparison.sampling.max_tokens, session.comparison.max_seconds) == (16, 30)


def test_the_small_pair_runs_in_place_of_what_is_missing():
    session, seen = opened(Asked(cached=False))
    seen.tell(session.added(**untouched()))
    seen.tell_all(running.run_small(session, **fields(session)))
    assert [seen.values[f"model_{place}"] for place in (1, 2, 3)] == ["smollm2", "gemma3", None]
    assert state(seen, 2).startswith("Finished in") and not seen.is_visible("box_3")


@pytest.fixture
def library(tmp_path) -> Library:
    """A prompt recorded with settings of which two have no field, and one that nobody has recorded."""
    (tmp_path / "recorded").mkdir()
    put(tmp_path, "premises.toml", PREMISES)
    longer = "settings = { max_tokens = 16, n_ctx = 512, min_p = 0.2 }"
    put(tmp_path, "sums.toml", SUMS.replace("settings = { max_tokens = 16 }", longer))
    pair = [recorded("snake", params=SET), recorded("snake", "20 km/h.", params=SET, **GEMMA)]
    put(tmp_path / "recorded", "pair.json", whole(*pair, params=SET))
    return load(tmp_path)


def test_a_prompt_of_the_gallery_runs_as_it_was_recorded(library):
    machine = Asked(lambda key: answering("They do not fly.", **AT_ONCE))
    session, seen = opened(machine, library)
    seen.tell_all(running.run_prompt(session, "snake", **untouched()))
    assert seen.values["prompt"] == "How fast can a snake fly?"
    assert (seen.values["mode"], seen.values["temperature"]) == ("in-turn", "0.0")
    (asked,) = machine.asked
    assert (asked.sampling.top_k, asked.load.kv_type, asked.sampling.seed) == (1, "q8_0", 0)
    assert seen.text("further") == "Also top-k 1, KV cache q8_0, as recorded."
    assert "Passed says “not fly”" in seen.text("verdicts")
    assert "Recorded on 3 May 2026" in seen.text("beside")


def test_settings_without_a_field_go_with_their_prompt(library):
    machine = Asked()
    session, seen = opened(machine, library)
    seen.tell_all(running.run_prompt(session, "snake", **untouched()))
    snake = {name: seen.values[name] for name in untouched()}
    # The same once more, then another text: those were the first one's.
    seen.tell_all(running.run(session, **fields(session, **snake)))
    story = list(running.run(session, **fields(session, **snake | {"prompt": "How fast?"})))
    assert [asked.sampling.top_k for asked in machine.asked] == [1, 1, 40]
    assert story[0]["further"] == "" and session.further is None
    # Or they are left out by hand.
    seen.tell_all(running.run_prompt(session, "snake", **untouched()))
    seen.tell(session.dropped(**snake))
    assert seen.values["further"] == ""
    seen.tell_all(running.run(session, **fields(session, **snake)))
    assert machine.asked[-1].sampling.top_k == 40
    assert session.dropped(**snake) == {}


def test_a_prompt_that_is_edited_while_it_runs_is_the_next_ones(library):
    machine = Asked(lambda key: answering("word " * 9999))
    session, seen = opened(machine, library)
    story = running.run_prompt(session, "snake", **untouched())
    seen.tell(next(story))
    seen.tell(next(story))
    assert session.run and seen.text("further").startswith("Also top-k 1")
    assert set(seen.tell(session.dropped(**untouched() | {"prompt": "How"}))) == {
        "further",
        "brought",
    }
    session.stop_all()
    seen.tell_all(story)
    assert session.comparison.sampling.top_k == 1 and seen.values["further"] == ""


def test_a_prompt_that_nobody_recorded_runs_with_its_own_settings(library):
    machine = Asked()
    session, seen = opened(machine, library)
    seen.tell_all(running.run_prompt(session, "sum", **untouched()))
    (asked,) = machine.asked
    assert (asked.sampling.max_tokens, asked.sampling.min_p, asked.load.n_ctx) == (16, 0.2, 512)
    assert seen.text("further") == "Also min-p 0.2, as the prompt sets."


def test_models_that_are_not_here_give_way_to_those_recorded(library):
    session, seen = opened(Asked(cached=False), library)
    seen.tell(session.added(**untouched()))
    seen.tell_all(running.run_prompt(session, "snake", **untouched()))
    assert [seen.values[f"model_{place}"] for place in (1, 2, 3)] == ["smollm2", "gemma3", None]
    assert state(seen, 1).startswith("Finished in")


def test_what_would_have_to_be_fetched_is_only_filled_in(library):
    machine = Asked(cached=False)
    session, seen = opened(machine, library)
    seen.tell_all(running.run_prompt(session, "sum", **untouched()))
    assert seen.values["prompt"] == "What is 2 + 2?" and machine.asked == []
    assert state(seen, 1) == "To download: 1.17 GB"
    assert list(running.run_prompt(session, "nothing", **untouched())) == []


def test_a_recorded_answer_gives_way_to_a_live_one(library):
    session, seen = opened(Asked(start=EMBEDDED_PAIR), library)
    assert state(seen, 1) == "Recorded on 3 May 2026"
    seen.tell_all(running.run(session, **fields(session)))
    assert state(seen, 1).startswith("Finished in") and "smollm2" in seen.text("answer_1")


def test_a_run_that_the_line_refuses_leaves_everything_as_it_was():
    class Full(Asked):
        def compare(self, comparison):
            raise Refused("The line is full.", 60)

    session, _ = opened(Full())
    before = (dict(session.chosen), dict(session.keys), session.comparison)
    with pytest.raises(UsageError, match="The line is full"):
        next(running.run(session, **fields(session)))
    assert (session.chosen, session.keys, session.comparison) == before and not session.run
