"""What llama.cpp itself makes of a file that can't answer, or can't answer well."""

import os
from pathlib import Path

import pytest
import shapes
from engines import log, vocabulary
from headers import entry, with_entries

from compare.child.engine import reserve
from compare.child.llama import EngineError, Model, commit
from compare.gguf.model import read_model
from compare.gguf.reader import read_header
from compare.protocol.events import Failed
from compare.protocol.requests import Measure, Reserve

HALVES = {"not a number": b"\x00\x7e", "infinite": b"\x00\x7c"}
"""in half precision, as the bytes of a file"""


@pytest.fixture
def renamed(smollm2, tmp_path):
    """SmolLM2's header with another name in place of one of the same length; of its weights nothing."""

    def write(old: bytes, new: bytes) -> str:
        size = read_header(smollm2).data_offset
        with open(smollm2, "rb") as file:
            header = file.read(size)
        path = tmp_path / "renamed.gguf"
        path.write_bytes(header.replace(old, new, 1))
        os.truncate(path, os.path.getsize(smollm2))
        return str(path)

    return write


def opened(path: str) -> Model:
    log().clear()
    with vocabulary(path) as model:
        return model


def test_a_file_that_names_no_pre_tokenizer_brings_a_notice(renamed, smollm2):
    opened(renamed(b"tokenizer.ggml.pre", b"tokenizer.ggml.prx"))
    (notice,) = log().notices
    assert notice.startswith("The file doesn't say how its texts are to be split")
    opened(smollm2)
    assert log().notices == ()


def test_an_unknown_pre_tokenizer_needs_a_newer_llama_cpp(renamed):
    with pytest.raises(EngineError) as refused:
        opened(renamed(b"\x06\0\0\0\0\0\0\0smollm", b"\x06\0\0\0\0\0\0\0smollX"))
    assert str(refused.value).startswith(
        f"The file was made for a newer llama.cpp than this build's ({commit()}): its pre-tokenizer “smollX”"
    )


@pytest.mark.parametrize("name", ["merged.gguf", "merged-00001-of-00002.gguf"])
def test_a_file_that_was_merged_and_says_still_that_it_is_a_part_is_opened(tmp_path, name):
    path = shapes.tiny(tmp_path / name)
    tensors = len(read_header(path).tensors)
    split = [entry("split.no", 2, b"\0\0"), entry("split.count", 2, b"\2\0")]
    split.append(entry("split.tensors.count", 5, tensors.to_bytes(4, "little")))
    path.write_bytes(with_entries(path.read_bytes(), *split))
    assert read_model(path)[1].split is None
    assert opened(str(path)).vocabulary == 370


@pytest.mark.parametrize("arch", ["llada", "dream"])
def test_a_diffusion_language_model_is_refused_before_it_loads(tmp_path, arch):
    path = shapes.tiny(tmp_path / "t.gguf", arch=arch)
    asked = Reserve(run=1, path=str(path), n_ctx=64, gpu_layers=0, kv_type="f16")
    with pytest.raises(EngineError, match="This is a diffusion language model"):
        reserve(asked, log())


def test_a_diffusion_language_model_is_not_loaded_either(child, tmp_path):
    failed = child.load(shapes.tiny(tmp_path / "t.gguf", arch="llada"))
    assert isinstance(failed, Failed) and "a diffusion language model" in failed.message


def spoilt(path: Path, figure: bytes, rows: int) -> Path:
    """A tiny model of which the last `rows` rows of its output, the last tensor, are that figure."""
    shapes.tiny(path, says="Ok", width=128)
    data = path.read_bytes()
    n = rows * 128
    path.write_bytes(data[: -2 * n] + figure * n)
    return path


def test_figures_that_are_no_numbers_end_an_answer_without_a_speed(child, tmp_path):
    """Even where one token alone has such a logit."""
    for name, figure in HALVES.items():
        child.load(spoilt(tmp_path / f"{name}.gguf", figure, rows=1))
        for temperature in (0, 0.7):
            response = child.answer("hi", temperature=temperature)
            assert response.state == "failed" and response.text == ""
            assert response.error.startswith(
                "The model's figures are no numbers (NaN or infinite):"
            )
            assert (response.decode_tps, response.prefill_tps) == (None, None)


def test_figures_that_are_no_numbers_end_a_bench_without_a_speed(child, tmp_path):
    child.load(spoilt(tmp_path / "t.gguf", HALVES["not a number"], rows=300))
    child.run += 1
    child.say(Measure(run=child.run, n_prompt=8, n_gen=8, repeats=1, threads=1, max_seconds=None))
    failed = child.until(Failed)[-1]
    assert failed.void and "no numbers" in failed.message
