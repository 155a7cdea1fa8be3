"""What can't fit is refused before it loads, with what would fit; what is forced dies alone."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import shapes

from compare.admission import refusal, weighed
from compare.estimate import Free, known_header, predict
from compare.memory import free_bytes
from compare.spec import LoadSettings, parse

GB = 10**9


def admission(spec: str, **settings):
    from compare.admission import Admission

    file = parse(spec)
    header = known_header(file.model, file.quant, file.bytes)
    load = LoadSettings(**settings)
    return file, Admission(header, predict(header, load.n_ctx, load.kv_type))


def test_what_fits_is_not_refused():
    file, weighed_ = admission("solar")
    assert refusal(file, weighed_, Free(16 * GB)) is None
    assert refusal(file, weighed_, Free(None)) is None


def test_a_refusal_says_by_how_much_and_what_would_fit():
    file, weighed_ = admission("solar:Q8_0", n_ctx=4096)
    what, numbers, advice = refusal(file, weighed_, Free(9 * GB)).split("\n")
    assert what == "There is not enough memory to load this model."
    assert "It needs about 12\u00a0GB of RAM, and 9.00\u00a0GB is free" in numbers
    assert "short, a reserve included" in numbers
    assert "the quantization Q5_K_M" in advice  # the largest of the catalogue's that fits


def test_a_smaller_context_or_a_q8_cache_is_named_where_it_is_enough():
    file, weighed_ = admission("solar", n_ctx=4096)
    needed = weighed_.prediction.ram.total_bytes
    message = refusal(file, weighed_, Free(needed + 100 * 2**20))
    assert "a context of 2,048 tokens" in message and "a q8_0 cache" in message


def test_where_nothing_would_fit_it_says_so():
    file, weighed_ = admission("mixtral")
    assert "choose a smaller model" in refusal(file, weighed_, Free(1 * GB))


def test_a_file_without_a_prediction_is_not_refused(tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF")
    found = weighed(str(path), LoadSettings())
    assert found.prediction is None
    assert refusal(parse(str(path)), found, Free(1)) is None


def test_free_memory_knows_the_cgroups_limit(tmp_path):
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert free_bytes(tmp_path) == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_bytes(tmp_path) > 10**8
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text("500")
    (tmp_path / "memory/memory.usage_in_bytes").write_text("900")
    assert free_bytes(tmp_path) == 0


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """TinyLlama's shape at full size: 1.17 GB of random weights."""
    return shapes.tinyllama(tmp_path_factory.mktemp("large") / "tinyllama.Q8_0.gguf")


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


def test_a_model_too_large_for_a_limit_is_refused_and_forced_it_dies_alone(large):
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
