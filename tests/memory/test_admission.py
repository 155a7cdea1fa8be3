"""What can't fit is refused before it loads, with what would fit; what is forced dies alone."""

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import shapes
from fakes import child
from gguf import GGMLQuantizationType as Kind
from holes import sparse

from compare.asked.comparison import comparison
from compare.asked.settings import LoadSettings
from compare.memory.admission import Admission, Gate, Need, need_of, refusal
from compare.memory.known import known_header
from compare.memory.predict import Free, predict
from compare.models.spec import parse
from compare.run.machine import Machine

GB = 10**9


class Card:
    """A GPU's memory, as compare.memory.Vram tells it."""

    def __init__(self, free_bytes: int, total: int):
        self._free, self._total = free_bytes, total

    def free_bytes(self) -> int:
        return self._free

    def totals(self) -> tuple[int, ...]:
        return (self._total,) if self._total else ()


def needed(spec: str, **settings):
    file = parse(spec)
    header = known_header(file.about.shape, file.quant, file.bytes)
    load = LoadSettings(**settings)
    return file, Need(header, predict(header, load.n_ctx, load.kv_type))


def test_what_fits_is_not_refused():
    file, need = needed("solar")
    assert refusal(file, need, Free(16 * GB)) is None
    assert refusal(file, need, Free(None)) is None


def test_a_refusal_says_by_how_much_and_what_would_fit():
    file, need = needed("solar:Q8_0", n_ctx=4096)
    what, numbers, advice = refusal(file, need, Free(9 * GB)).split("\n")
    assert what == "There is not enough memory to load this model."
    assert "It needs about 12\u00a0GB of RAM, and 9.00\u00a0GB is free" in numbers
    assert "short, a reserve included" in numbers
    assert "the quantization Q5_K_M" in advice  # the largest of the catalogue's that fits


def test_a_smaller_context_or_a_q8_cache_is_named_where_it_is_enough():
    file, need = needed("solar", n_ctx=4096)
    enough = need.prediction.ram.total_bytes + 100 * 2**20
    message = refusal(file, need, Free(enough))
    assert "a context of 2,048 tokens" in message and "a q8_0 cache" in message


def test_where_nothing_would_fit_it_says_so():
    file, need = needed("mixtral")
    assert "choose a smaller model" in refusal(file, need, Free(1 * GB))


def test_a_file_without_a_prediction_is_not_refused(tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF")
    found = need_of(str(path), LoadSettings())
    assert found.prediction is None
    assert refusal(parse(str(path)), found, Free(1)) is None


def test_a_file_that_this_machine_can_never_load_is_not_fetched():
    gate = Gate(lambda: Card(0, 0))
    load = LoadSettings(n_ctx=4096)
    small = gate.admit_fetch(parse("tinyllama"), load)
    assert small.prediction.approximate and small.refusal is None
    huge = replace(parse("mixtral"), bytes=2_000 * GB)
    refused = gate.admit_fetch(huge, load).refusal
    assert "and this machine has" in refused and "Close other programs" not in refused
    run = Machine(gate=gate).compare(
        replace(comparison("hi", ["mixtral"]), models=(huge,), force=False)
    )
    assert run.wait(20)
    assert "There is not enough memory" in run.responses()[huge.key].error
    assert gate.admit_fetch(parse("smollm2"), load) == Admission()  # nothing is known of its shape


def test_a_card_counts_for_what_can_be_loaded():
    without, whole, part = (
        Gate(lambda total=total: Card(0, total)).predict(parse("solar"), LoadSettings())
        for total in (0, 40 * GB, 4 * GB)
    )
    assert [p.gpu_layers for p in (without, whole)] == [0, 49]
    assert 0 < part.gpu_layers < 49
    assert without.vram_instead_bytes == pytest.approx(whole.vram.total_bytes)


def test_what_is_predicted_before_a_run_follows_the_settings(tiny):
    machine = Machine(gate=Gate(lambda: Card(0, 0)))

    def cache(file, **settings) -> int:
        return machine.foreseen(file, LoadSettings(**settings)).prediction.kv_bytes

    for file in (parse("solar"), parse(tiny(n_ctx_train=8192))):
        assert cache(file, n_ctx=4096) == 2 * cache(file, n_ctx=2048)
        assert cache(file, n_ctx=4096, kv_type="q8_0") < 0.6 * cache(file, n_ctx=4096)
    assert machine.foreseen(parse("nowhere.gguf"), LoadSettings()).prediction is None


def test_a_file_that_is_here_is_predicted_for_the_card_that_is_here(tiny):
    whole = Machine(gate=Gate(lambda: Card(0, 40 * GB))).foreseen(parse(tiny()), LoadSettings())
    assert whole.prediction.kind == "vram"
    asked = LoadSettings(gpu_layers=0)
    none = Machine(gate=Gate(lambda: Card(0, 40 * GB))).foreseen(parse(tiny()), asked)
    assert none.prediction.kind == "ram"


@pytest.fixture
def on_a_card():
    made = []

    def build(free_bytes: int) -> Machine:
        gate = Gate(lambda: Card(free_bytes, 24 * GB))
        made.append(Machine(spawn=child("gpu"), gate=gate))
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def layers(machine: Machine, specs: list[str], **settings) -> list[int | str]:
    run = machine.compare(comparison("hi", specs, n_ctx=512, **settings))
    assert run.wait(30)
    told = [response.notices[0] for response in run.responses().values()]
    return [int(text.split()[0]) if text[0].isdigit() else text.split()[0] for text in told]


@pytest.mark.parametrize("mode", ["together", "in-turn"])
def test_auto_puts_as_many_layers_on_the_gpu_as_fit_with_every_model(on_a_card, mode):
    assert layers(on_a_card(20 * GB), ["smollm2", "gemma3"], mode=mode) == [31, 19]
    share = layers(on_a_card(2_150_000_000), ["smollm2", "gemma3"], mode=mode)
    assert 0 < share[0] < 31 and 0 < share[1] < 19
    assert layers(on_a_card(GB), ["smollm2", "gemma3"], mode=mode) == [0, 0]


def test_layers_that_were_asked_for_are_taken(on_a_card):
    assert layers(on_a_card(20 * GB), ["smollm2", "gemma3"], gpu_layers=7) == [7, 7]


def test_a_loaded_model_serves_again_only_beside_the_same_models(on_a_card):
    machine = on_a_card(20 * GB)

    def loads(specs: list[str]) -> list[float | None]:
        run = machine.compare(comparison("hi", specs, n_ctx=512))
        assert run.wait(30)
        return [response.load_s for response in run.responses().values()]

    assert loads(["smollm2", "gemma3"]) == [0.1, 0.1]
    assert loads(["smollm2", "gemma3"]) == [None, None]
    assert loads(["smollm2"]) == [0.1]


@pytest.mark.parametrize("mode", ["together", "in-turn"])
def test_a_refused_model_holds_up_nobody(on_a_card, tiny, mode):
    wide = tiny("wide.gguf", n_ctx_train=10_000_000, blocks=64, width=256)
    run = on_a_card(20 * GB).compare(
        comparison("hi", ["smollm2", wide, "gemma3"], n_ctx=10_000_000, gpu_layers=0, mode=mode)
    )
    assert run.wait(30)
    assert [r.state for r in run.responses().values()] == ["finished", "failed", "finished"]


def ask(path: Path, *arguments: str) -> tuple[int, dict]:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1_300_000_000, 1_300_000_000))

    said = subprocess.run(
        [sys.executable, "-m", "compare", "ask", "hi", "--models", f"{path},smollm2", "--json",
         "--max-tokens", "3", *arguments],
        capture_output=True, text=True, timeout=100, preexec_fn=limited,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    large, small = json.loads(said.stdout)["responses"]
    assert small["state"] == "finished"
    return said.returncode, large


def test_a_model_too_large_for_a_limit_is_refused_and_forced_it_dies_alone(tmp_path):
    large = sparse(tmp_path / "tinyllama.gguf", shapes.TINYLLAMA, lambda role: Kind.Q8_0)
    status, refused = ask(large)
    assert (status, refused["state"], refused["load_s"]) == (1, "failed", None)
    assert "There is not enough memory to load this model. It needs about 1.3" in refused["error"]
    assert refused["memory"]["predicted_bytes"] > 1.1 * GB
    status, forced = ask(large, "--force")
    assert (status, forced["state"]) == (1, "failed")
    assert "There was not enough memory" in forced["error"]


def test_the_prediction_stands_beside_what_was_allocated(ask_small):
    for response in ask_small.values():
        memory = response.memory
        assert abs(memory.predicted_bytes - memory.allocated_bytes) < 0.1 * 2**20


@pytest.fixture
def ask_small(ask):
    return ask("hi", ["smollm2", "gemma3"], max_tokens=2)
