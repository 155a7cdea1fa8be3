"""Gallery, Benchmarks, Speed and Fit without Gradio: what a visitor sees of what they ask for."""

import json
import time
from pathlib import Path

import pytest
from fakes import child
from recorded import GEMMA, PREMISES, SUMS, put, recorded, whole
from seen import Seen, text

from compare.gallery import prompts
from compare.gallery.gallery import Library, load
from compare.memory.hardware import HERE
from compare.run.machine import Machine
from compare.scores.table import load as scores
from compare.ui.benchmarks.shown import FIELDS, Benchmarks
from compare.ui.fit.shown import Fits
from compare.ui.gallery.shown import Shelf
from compare.ui.speed.session import Range, Session
from compare.usage import UsageError

# Gallery.


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "recorded").mkdir()
    put(tmp_path, "premises.toml", PREMISES)
    put(tmp_path, "sums.toml", SUMS)
    put(tmp_path, "broken.toml", "[[prompt")
    pair = recorded("snake"), recorded("snake", "About 20 km/h.", **GEMMA)
    put(tmp_path / "recorded", "pair.json", whole(*pair))
    return Shelf(load(tmp_path))


def test_a_card_is_opened_by_a_click_or_a_link_and_closed(shelf):
    seen = Seen()
    assert shelf.opened({"tab": "speed", "prompt": "snake"}) == {}
    for changes in (
        shelf.followed("?tab=gallery&prompt=snake&at=1700000000000"),
        shelf.opened(LINK),
    ):
        seen.tell(changes)
        assert seen.is_visible("one") and not seen.is_visible("everything")
        assert "Snakes don't fly." in seen.text("card") and seen.values["shown"] == "snake"
        assert "Recorded on 3 May 2026" in seen.text("answers")
        assert seen.values["link"] == "?tab=gallery&prompt=snake"
        seen.tell(shelf.closed())
        assert seen.is_visible("everything") and seen.values["link"] == "?tab=gallery"
    seen.tell(shelf.followed("?tab=gallery&prompt=poem"))
    assert seen.text("answers") == "Nothing is recorded of it yet."


LINK = {"tab": "gallery", "prompt": "snake"}


def test_a_card_that_does_not_exist_is_said_beside_what_else_is_wrong(shelf):
    seen = Seen()
    seen.tell(shelf.opened({"tab": "gallery", "prompt": "nothing"}))
    assert seen.text("said").startswith("There is no prompt “nothing” in the gallery.")
    assert "broken.toml is no TOML" in seen.text("said") and seen.is_visible("everything")


def test_cards_are_found_by_words_theme_and_tag(shelf):
    def found(*asked: str) -> list[str]:
        return [title for title in ("A snake", "A poem", "Two and two") if title in listed(*asked)]

    def listed(*asked: str) -> str:
        return text(shelf.searched(*asked))

    assert found() == ["A snake", "A poem", "Two and two"]
    assert found("SNAKE fly") == ["A snake"]
    assert found("", "sums") == ["Two and two"]
    assert found("", "", "animals") == ["A snake"] and shelf.tags == ["animals"]
    assert listed("nowhere") == "No prompt fits. Search for less."


def test_the_board_and_back_again(shelf):
    seen = Seen()
    seen.tell(shelf.opened({"tab": "gallery", "view": "board"}))
    assert seen.values["view"] == "board" and seen.values["link"] == "?tab=gallery&view=board"
    assert seen.text("finding").startswith("SmolLM2 135M Instruct passed 1 of 1 checks")
    assert seen.is_visible("scores") and not seen.is_visible("listing")
    seen.tell(shelf.viewed("prompts"))
    assert not seen.is_visible("scores") and seen.is_visible("listing")
    seen.tell(shelf.viewed("board"))
    seen.tell(shelf.followed("?tab=gallery&q=FLY&tag=animals&theme=none&at=17"))
    assert seen.values["view"] == "prompts" and seen.is_visible("listing")
    assert (seen.values["search"], seen.values["theme"], seen.values["tag"]) == (
        "FLY",
        "",
        "animals",
    )
    assert "A snake" in seen.text("listing") and "A poem" not in seen.text("listing")
    assert seen.values["link"] == "?tab=gallery&q=FLY&tag=animals"


def test_a_page_without_an_address_of_its_own_keeps_what_was_typed_meanwhile(shelf):
    assert shelf.opened({"tab": "gallery", "__theme": "dark"}) == {}
    assert shelf.opened({"tab": "gallery", "q": "snake"})["search"] == "snake"


def test_what_is_sought_stays_sought_when_a_card_is_closed(shelf):
    asked = "two & two", "sums", ""
    link = "?tab=gallery&q=two+%26+two&theme=sums"
    assert shelf.filtered(*asked)["link"] == shelf.closed(*asked)["link"] == link
    assert shelf.viewed("prompts", *asked)["link"] == link


def test_a_board_without_recordings_says_so():
    """It drew a chart without rows, which plotly refuses."""
    seen = Seen()
    seen.tell(Shelf(Library(prompts.load())).viewed("board"))
    assert seen.text("finding") == "Nothing is recorded yet. make record fills this board."
    assert not seen.is_visible("plot") and not seen.is_visible("rows")


# Benchmarks.


@pytest.fixture(scope="module")
def benchmarks() -> Benchmarks:
    return Benchmarks(scores())


def held(seen: Seen) -> list:
    """What the fields hold, as Gradio hands it over."""
    return [seen.values.get(name) for name in FIELDS]


def test_a_link_sets_the_fields_and_what_is_unknown_is_said(benchmarks):
    seen = Seen()
    link = "?tab=benchmarks&suite=v1&kind=chat&size=tiny&models=nobody"
    seen.tell(benchmarks.followed(link))
    assert (seen.values["suite"], seen.values["kind"]) == ("v1", "chat")
    assert "nobody" in seen.text("said") and "tiny" in seen.text("said")
    assert seen.values["plot"] is not None and seen.text("sentence")
    assert seen.values["link"].startswith("?tab=benchmarks&suite=v1")


def test_a_field_changes_what_follows_from_it_and_nothing_else(benchmarks):
    seen = Seen()
    seen.tell(benchmarks.linked({}))
    before, values = seen.values["link"], held(seen)
    assert benchmarks.filtered(before, *values) == {}
    values[FIELDS.index("chart")] = "heat"
    changes = benchmarks.filtered(before, *values)
    assert {"plot", "sentence", "link"} <= set(changes) and not {"rows", "fold"} & set(changes)
    assert "chart=heat" in changes["link"]
    values[FIELDS.index("kind")] = "chat"
    seen.tell(benchmarks.filtered(changes["link"], *values))
    assert "scores and their sources" in seen.more["fold"]["label"]
    rows = benchmarks.saved(*values).splitlines()
    assert len(rows) - 1 == int(seen.more["fold"]["label"].split()[0])


# Speed.


@pytest.fixture
def speed():
    machine = Machine(spawn=child("good"))
    yield Session(Range(machine, time.monotonic))
    machine.close()


NUMBERS = {"prompt_tokens": "8", "output_tokens": "4", "repeats": "2"}


def test_the_tab_opens_with_models_that_are_here_and_measures_them(speed):
    seen = Seen()
    seen.tell(speed.opened(models=[], **NUMBERS))
    values = {"models": ["smollm2:Q4_1"], **NUMBERS}
    seen.tell(speed.changed(**values))
    assert "SmolLM2 Q4_1 On this machine, ready" in seen.text("lanes")
    story = speed.measure(**values)
    seen.tell(next(story))
    assert seen.more["models"]["interactive"] is False
    assert speed.changed(**values) == {} and speed.ended(**values) == {}
    with pytest.raises(UsageError, match=r"^A run is in progress"):
        next(speed.measure(**values))
    seen.tell_all(story)
    assert "smollm2:Q4_1: Finished" in seen.text("spoken")
    seen.tell(speed.ended(**values))
    assert seen.more["models"]["interactive"] is True and seen.is_visible("plot")
    assert "SmolLM2" in seen.text("sentence") and "pp8" in seen.text("table")
    assert "pp8" in speed.saved("Markdown") and '"n_gen": 4' in speed.saved("JSON")


def test_all_that_can_not_be_measured_is_told_by_the_fields_ids(speed):
    wrong = {"models": [], "prompt_tokens": "4,000", "output_tokens": "−1", "repeats": "2.5"}
    assert json.loads(speed.faulty(**wrong)["faults"]) == {
        "speed-models": "No model is chosen. Choose one under Models.",
        "speed-prompt_tokens": "Prompt tokens is more than 512. The command line takes more: bench.",
        "speed-output_tokens": "Output tokens is “−1”. It must be at least 0.",
        "speed-repeats": "Repetitions is “2.5”. It must be a whole number.",
    }
    assert speed.faulty(**{**wrong, "models": ["smollm2:Q4_1"], **NUMBERS}) == {"faults": "{}"}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"models": []}, "No model is chosen."),
        ({"repeats": "many"}, "Repetitions is “many”"),
        ({"prompt_tokens": "4000"}, "Prompt tokens is more than 512."),
    ],
)
def test_what_can_not_be_measured_is_refused(speed, asked, why):
    with pytest.raises(UsageError, match=f"^{why}"):
        list(speed.measure(**{"models": ["smollm2:Q4_1"], **NUMBERS, **asked}))
    assert speed.run is None
    seen = Seen()
    seen.tell(speed.ended(models=[], **NUMBERS))
    assert seen.text("lanes") == "Choose a model."


# Fit.


def test_what_fits_is_told_and_what_is_typed_wrong_is_said(machine):
    seen, fits = Seen(), Fits(machine)
    rooms = ["t4-small", HERE]
    seen.tell(fits.show(["tinyllama", "solar"], rooms, "12GB", "few", 2048, "f16"))
    assert seen.text("said") == "" and "12GB holds TinyLlama Q8_0" in seen.text("sentence")
    assert "all 49 layers on the GPU" in seen.text("figures")
    seen.tell(fits.show(["tinyllama"], rooms, "<much>", "few", 2048, "f16"))
    assert seen.text("said").startswith("“<much>” is no amount of memory.")
    seen.tell(fits.show(["tinyllama"], [], "24GB, 16GB-ram, 7,5", "few", 2048, "f16"))
    assert "24GB" in seen.text("figures") and "16GB-ram" in seen.text("figures")
    assert seen.text("said").startswith("“7,5” may be one machine or two.")
    seen.tell(fits.show([], rooms, "", "few", 2048, "f16"))
    assert seen.text("said") == "Choose a model and a machine." and seen.values["plot"] is None
