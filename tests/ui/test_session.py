"""The Compare tab without Gradio: what a visitor sees when they choose, add, remove and set something."""

import html
import os
import struct
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from fake_machine import FakeMachine, answering
from headers import entry, u32, with_entries
from recorded import GEMMA, PREMISES, SUMS, put, recorded, whole
from seen import Seen, figure, state, text

from compare.asked.owner import Owner
from compare.gallery import prompts
from compare.gallery.gallery import Library, load
from compare.models.catalogue import EMBEDDED_PAIR
from compare.models.spec import resolve
from compare.remote.servers import Server
from compare.run.machine import Machine
from compare.run.response import Response
from compare.ui.compare.form import read, untouched, with_choices
from compare.ui.compare.session import House, Session
from compare.ui.menu import Choice
from compare.ui.speed.lanes import idle
from compare.ui.speed.session import FIELDS, Range
from compare.ui.speed.session import Session as SpeedSession
from compare.usage import UsageError

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def library(tmp_path) -> Library:
    """A recording of the embedded pair, asked about snakes."""
    (tmp_path / "recorded").mkdir()
    put(tmp_path, "premises.toml", PREMISES)
    put(tmp_path, "sums.toml", SUMS)
    pair = recorded("snake"), recorded("snake", "About 20 km/h.", **GEMMA)
    put(tmp_path / "recorded", "pair.json", whole(*pair))
    return load(tmp_path)


def silent(**more) -> FakeMachine:
    return FakeMachine(lambda asked: {file.key: answering("") for file in asked.models}, **more)


def opened(machine, library: Library | None = None) -> tuple[Session, Seen]:
    """A visitor's page as it opens."""
    session = Session(House(machine, library or Library(prompts.load()), lambda: 0.0))
    seen = Seen()
    seen.tell(session.opened())
    return session, seen


def test_the_page_may_open_with_a_model_of_a_server_that_is_away():
    models = "@gpu/mistralai/tiny", "smollm2"
    owner = Owner(models=models, servers=(Server("gpu", "http://127.0.0.1:1"),))
    machine = Machine(owner)
    _, seen = opened(machine)
    assert (seen.values["model_1"], seen.values["model_2"]) == ("@gpu/mistralai/tiny", "smollm2")
    assert state(seen, 1) == "On the server gpu"
    speed = SpeedSession(Range(machine, lambda: 0.0))
    values = dict.fromkeys(FIELDS, "")
    assert speed.opened(**values)["models"].value == ["smollm2:Q4_1"]
    machine.close()


def test_nothing_of_it_needs_gradio():
    program = """
import sys
import compare.ui.benchmarks.shown, compare.ui.compare.running, compare.ui.fit.shown
import compare.ui.gallery.shown, compare.ui.speed.session
assert "gradio" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_the_page_opens_with_the_articles_pair():
    session, seen = opened(silent(expected_s=14.2))
    assert (seen.values["model_1"], seen.values["quant_1"]) == ("tinyllama", "Q8_0")
    assert (seen.values["model_2"], seen.values["quant_2"]) == ("solar", "Q2_K")
    assert seen.is_visible("box_2") and not seen.is_visible("box_3") and seen.is_visible("add")
    assert state(seen, 1) == "On this machine, ready"
    assert "not run yet" in seen.text("figures_1")
    assert (seen.text("run"), seen.text("cost"), seen.text("said")) == (
        "Run",
        "Takes up to 15 s",
        "",
    )
    assert not session.keys


def test_why_other_models_stand_there_is_said_until_others_are_chosen():
    session, seen = opened(silent(start=EMBEDDED_PAIR, reason="The Hub can't be reached."))
    assert seen.text("said") == "The Hub can't be reached."
    seen.tell(session.added(**untouched()))
    assert seen.text("said") == "The Hub can't be reached."
    seen.tell(session.model_chosen("solar", place=1, **untouched()))
    assert seen.text("said") == ""


def test_that_the_hub_can_not_be_reached_is_said_of_what_would_be_downloaded():
    machine = silent(
        start=EMBEDDED_PAIR, reason="The small pair stands in.", cached=False, hub=False
    )
    session, seen = opened(machine)
    seen.tell(session.model_chosen("solar", place=1, **untouched()))
    assert seen.text("said") == "No Hub to download from."
    machine.hub = True  # as it is found out when the file is looked up there
    seen.tell(session.examined())
    assert seen.text("said") == ""
    machine.hub = False
    seen.tell(session.model_chosen("smollm2", place=1, **untouched()))
    assert seen.text("said") == "", "nothing is to be downloaded"
    seen.tell(session.added(**untouched()))
    assert seen.text("said") == "No Hub to download from."
    seen.tell(session.removed(place=3, **untouched()))
    assert seen.text("said") == ""


def test_a_visitors_session_is_as_the_page_came():
    house = House(silent(start=("solar",)), Library(prompts.load()), lambda: 0.0)
    session = Session.begun(house)
    assert session.chosen == {1: Choice("solar", "Q2_K")} and session.opened() == {}


def test_a_model_comes_with_the_owners_quantization_and_all_it_has():
    session, seen = opened(silent(owner=Owner(models=("solar:Q4_K_M",)), start=("solar:Q4_K_M",)))
    seen.tell(session.model_chosen("mixtral", place=1, **untouched()))
    assert (seen.values["model_1"], seen.values["quant_1"]) == ("mixtral", "Q2_K")
    assert seen.more["quant_1"]["choices"] == ["Q2_K", "Q5_K_M"]
    assert "46.7 B, 12.9 B active" in seen.text("answer_1")
    seen.tell(session.model_chosen("solar", place=1, **untouched()))
    assert seen.values["quant_1"] == "Q4_K_M"
    seen.tell(session.quant_chosen("Q8_0", place=1, **untouched()))
    assert seen.values["quant_1"] == "Q8_0"


def test_a_menu_that_is_left_as_it_was_changes_nothing():
    session, _ = opened(silent())
    assert session.model_chosen("tinyllama", place=1, **untouched()) == {}
    assert session.model_chosen(None, place=1, **untouched()) == {}
    assert session.quant_chosen("Q8_0", place=1, **untouched()) == {}
    assert session.quant_chosen("Q8_0", place=3, **untouched()) == {}


def test_one_model_twice_is_said_until_another_is_chosen():
    session, seen = opened(silent())
    seen.tell(session.model_chosen("tinyllama", place=2, **untouched()))
    assert "model-2" in html.unescape(seen.values["shelf"])
    seen.tell(session.quant_chosen("Q4_K_M", place=2, **untouched()))
    assert "model-2" not in html.unescape(seen.values["shelf"])


def test_what_nobody_offers_is_refused():
    session, _ = opened(silent())
    with pytest.raises(UsageError, match="There is no model “/etc/passwd” here"):
        session.model_chosen("/etc/passwd", place=1, **untouched())


def test_an_owner_may_give_fewer_columns():
    session, seen = opened(silent(owner=Owner(max_columns=3)))
    for _ in range(2):
        seen.tell(session.added(**untouched()))
    assert sorted(session.chosen) == [1, 2, 3] and not seen.is_visible("add")


def test_columns_are_added_up_to_four_and_taken_away():
    session, seen = opened(silent())
    for place in (3, 4):
        seen.tell(session.added(**untouched()))
        assert seen.is_visible(f"box_{place}")
    assert seen.values["model_3"] == "mixtral"
    assert not seen.is_visible("add")
    assert session.added(**untouched()) == {}
    seen.tell(session.removed(place=3, **untouched()))
    assert not seen.is_visible("box_3") and seen.is_visible("box_4") and seen.is_visible("add")
    assert "Mixtral" not in seen.text("pager")
    assert seen.values["model_3"] is None


def test_what_is_missing_is_said_before_it_is_fetched():
    session, seen = opened(silent(cached=False))
    assert state(seen, 2) == "To download: 4.55 GB"
    assert seen.text("run") == "Download 5.72 GB and run"
    assert 'class="missing"' in seen.values["cost"]
    seen.tell(session.model_chosen("smollm2", place=2, **untouched()))
    assert seen.text("run") == "Download 1.17 GB and run"


def test_a_recorded_answer_stands_first_plainly_marked(library):
    session, seen = opened(silent(start=EMBEDDED_PAIR), library)
    assert state(seen, 1) == "Recorded on 3 May 2026"
    assert "“How fast can a snake fly?”" in seen.text("answer_1")
    assert "Snakes do not fly." in seen.text("answer_1") and "20.0" in seen.text("figures_1")
    assert seen.values["beside"] == ""
    assert seen.text("pager") == "SmolLM2 recorded, 20.0 tok/s Gemma 3 recorded, 20.0 tok/s"
    # Of other models it stands under the columns.
    for place, model in ((1, "tinyllama"), (2, "solar")):
        seen.tell(session.model_chosen(model, place=place, **untouched()))
    assert state(seen, 1) == "On this machine, ready"
    assert "Recorded on 3 May 2026" in seen.text("beside")


class Weighing(FakeMachine):
    """Remembers what it was asked to foresee, and of which files it looked into the Hub."""

    def __init__(self, **more):
        super().__init__(lambda asked: {}, **more)
        self.foreseen_with, self.looked_into = [], []

    def foreseen(self, file, settings):
        self.foreseen_with.append((file.model, settings.n_ctx, settings.kv_type))
        return Response()

    def examine(self, file, settings):
        self.looked_into.append((file.model, settings.n_ctx))
        return Response()


def test_the_memory_follows_the_settings(machine):
    """Real files: a longer context takes more, and what is said before a run says so."""
    session, seen = opened(machine)
    for place, model in ((1, "smollm2"), (2, "gemma3")):
        seen.tell(session.model_chosen(model, place=place, **untouched()))
    usual = figure(seen.values["figures_1"], "Memory")
    changes = seen.tell(session.settings_changed(**untouched() | {"n_ctx": "8192"}))
    longer = figure(seen.values["figures_1"], "Memory")
    assert usual.startswith("about ") and longer.startswith("about ") and usual != longer
    assert {"figures_1", "figures_2", "cost"} == set(changes)
    # A column that comes now is told with it, too.
    seen.tell(session.model_chosen("gemma3", place=1, **untouched() | {"n_ctx": "8192"}))
    seen.tell(session.model_chosen("smollm2", place=1, **untouched() | {"n_ctx": "8192"}))
    assert figure(seen.values["figures_1"], "Memory") == longer
    seen.tell(session.settings_changed(**untouched() | {"n_ctx": ""}))
    assert figure(seen.values["figures_1"], "Memory") == usual


def test_what_is_no_context_length_leaves_the_memory_as_it_was():
    machine = Weighing()
    session, seen = opened(machine)
    machine.foreseen_with.clear()
    for typed in ("many", "-1", "1e99", "2048"):
        assert set(seen.tell(session.settings_changed(**untouched() | {"n_ctx": typed}))) == {
            "cost"
        }
    assert machine.foreseen_with == []


def test_files_of_the_hub_are_looked_into_once_for_each_context():
    machine = Weighing(cached=False)
    session, seen = opened(machine)
    assert set(session.examined()) == {"figures_1", "figures_2"}
    assert session.examined() == {}
    seen.tell(session.model_chosen("mixtral", place=1, **untouched()))
    assert set(session.examined()) == {"figures_1"}
    seen.tell(session.settings_changed(**untouched() | {"n_ctx": "4096"}))
    session.examined()
    assert sorted(machine.looked_into) == [
        ("mixtral", 2048), ("mixtral", 4096), ("solar", 2048), ("solar", 4096), ("tinyllama", 2048),
    ]  # fmt: skip


def test_visitors_share_a_machine_and_nothing_else():
    """As Gradio has it: the first session is copied for each visitor."""
    first = Session(House(Machine(), Library(prompts.load()), lambda: 0.0))
    second = deepcopy(first)
    assert second.house is first.house and second.chosen is not first.chosen
    first.house.machine.close()


def test_a_file_of_ones_own_that_cannot_answer_says_so_when_it_is_chosen(tmp_path, tiny):
    """By its header at once, by what llama.cpp says a moment later; until there is another file."""
    (tmp_path / "page.gguf").write_text("<!DOCTYPE html>")
    newer = tiny("newer.gguf", arch="quux")
    machine = Machine(own=resolve([str(tmp_path / "page.gguf"), newer, tiny("good.gguf")]))
    session, seen = opened(machine)
    for place, key in ((1, "page.gguf"), (2, "newer.gguf")):
        seen.tell(session.model_chosen(key, place=place, **untouched()))
    assert (state(seen, 1), state(seen, 2)) == ("Can't answer", "On this machine, ready")
    assert "This is a web page that was saved under the file's name" in seen.text("answer_1")
    seen.tell(session.examined())
    assert (state(seen, 1), state(seen, 2)) == ("Can't answer", "Can't answer")
    assert "this one doesn't know the architecture “quux”" in seen.text("answer_2")
    assert "Architecture quux" in seen.text("answer_2")
    speed = Range(machine, lambda: 0.0)
    lane = idle(speed.menu, Choice("newer.gguf"), {}, None)
    assert "Can't answer" in text(lane) and "doesn't know the architecture “quux”" in text(lane)
    os.replace(tmp_path / "good.gguf", newer)
    seen.tell(session.model_chosen("page.gguf", place=2, **untouched()))
    seen.tell(session.model_chosen("newer.gguf", place=2, **untouched()))
    seen.tell(session.examined())
    assert state(seen, 2) == "On this machine, ready" and "Architecture llama" in seen.text(
        "answer_2"
    )
    machine.close()


def test_what_a_file_recommends_is_offered_for_all_columns(tiny):
    """What has a field stands there; the rest is named, holds for every prompt, and can be left out."""
    path = Path(tiny("advice.gguf"))
    temp = entry("general.sampling.temp", 6, struct.pack("<f", 1))
    path.write_bytes(with_entries(path.read_bytes(), u32("general.sampling.top_k", 20), temp))
    session, seen = opened(silent(own=resolve([str(path)])))
    assert not seen.is_visible("recommended_1") and not seen.is_visible("recommended_3")
    seen.tell(session.model_chosen("advice.gguf", place=2, **untouched()))
    assert seen.is_visible("recommended_2") and not seen.is_visible("recommended_1")
    assert seen.values["recommended_2"] == "As advice recommends: temperature 1, top-k 20"
    seen.tell(session.as_recommended(place=2))
    assert seen.values["temperature"] == "1.0"
    assert seen.text("further") == "Also top-k 20, as advice recommends."
    chosen = with_choices({**untouched(), "temperature": "1.0"}, session.chosen)
    for prompt in ("hi", "another"):
        sampling = read({**chosen, "prompt": prompt}, session.menu, session.further).sampling
        assert (sampling.temperature, sampling.top_k, sampling.top_p) == (1.0, 20, 0.95)
    seen.tell(session.dropped(**untouched()))
    assert read({**chosen, "prompt": "hi"}, session.menu, session.further).sampling.top_k == 40
    seen.tell(session.model_chosen("smollm2", place=2, **untouched()))
    assert not seen.is_visible("recommended_2") and session.as_recommended(place=4) == {}
