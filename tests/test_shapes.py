"""Files of random weights load, say what they were told to, and have the real models' sizes."""

from pathlib import Path

import pytest
import shapes
from llama_cpp import Llama


def answer(
    path: Path,
    *,
    tokens: int = 48,
    temperature: float = 1.0,
    seed: int = 1,
    prompt: str = "Who are you?\n",
):
    """The ids and the bytes of what the model at `path` writes, EOS left out."""
    llm = Llama(str(path), n_ctx=256, n_threads=1, verbose=False)
    try:
        llm.set_seed(seed)
        ids = []
        for token in llm.generate(
            llm.tokenize(prompt.encode()), temp=temperature, repeat_penalty=1.0
        ):
            if token == shapes.EOS or len(ids) == tokens:
                break
            ids.append(token)
        return ids, llm.detokenize(ids)
    finally:
        llm.close()


@pytest.mark.parametrize("quant", ["F32", "F16", "Q8_0", "Q4_0"])
def test_a_tiny_model_writes_varied_text_of_no_special_tokens(tmp_path, quant):
    path = shapes.tiny(tmp_path / "tiny.gguf", quant=quant)
    ids, text = answer(path)
    assert path.stat().st_size < 3_000_000
    assert len(ids) == 48 and len(set(ids)) > 20
    assert text.isascii() and text.strip()
    assert answer(path) == (ids, text)
    assert answer(path, seed=2) != (ids, text)


@pytest.mark.parametrize("quant", ["F32", "F16", "Q8_0", "Q4_0"])
def test_it_repeats_what_it_was_told_to_say(tmp_path, quant):
    path = shapes.tiny(tmp_path / "tiny.gguf", says="λ 😀!", quant=quant)
    ids, text = answer(path, tokens=24)
    assert text.decode() == "λ 😀!" * 3
    assert len(ids) == 3 * (2 + 1 + 4 + 1)


def test_letters_that_share_bytes_come_whole_and_in_any_order(tmp_path):
    path = shapes.tiny(tmp_path / "tiny.gguf", says="αβγδε")
    texts = [answer(path, seed=seed)[1].decode() for seed in range(3)]
    assert len(set(texts)) == 3
    assert all(set(text) == set("αβγδε") and len(text) == 24 for text in texts)


def test_a_model_that_ends_says_its_text_once(tmp_path):
    path = shapes.tiny(tmp_path / "tiny.gguf", says="I am so tiny.", ends=True)
    assert answer(path)[1] == b"I am so tiny."


def test_a_model_of_bytes_writes_no_valid_text(tmp_path):
    ids, text = answer(shapes.tiny(tmp_path / "tiny.gguf", bytes_only=True))
    assert len(ids) == len(text) == 48
    assert "\ufffd" in text.decode(errors="replace")


def test_its_header_carries_template_and_context(tmp_path):
    path = shapes.tiny(
        tmp_path / "tiny.gguf", chat_template="{{ messages[0].content }}", n_ctx_train=77
    )
    llm = Llama(str(path), n_ctx=64, verbose=False)
    assert llm.metadata["tokenizer.chat_template"] == "{{ messages[0].content }}"
    assert llm.metadata["llama.context_length"] == "77"
    llm.close()


def test_an_architecture_that_llama_cpp_does_not_know_is_refused(tmp_path):
    path = shapes.tiny(tmp_path / "tiny.gguf", arch="nonesuch")
    with pytest.raises(ValueError):
        Llama(str(path), n_ctx=64, verbose=False)


def test_more_different_tokens_than_fit_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at most 62"):
        shapes.tiny(
            tmp_path / "tiny.gguf", says=shapes.ascii_letters + shapes.digits + "!?", width=64
        )


def test_fused_experts_load_and_split_ones_no_longer_do(tmp_path):
    fused = shapes.tiny_mixtral(tmp_path / "fused.gguf", says="abc")
    assert answer(fused, tokens=6)[1] == b"abcabc"
    split = shapes.tiny_mixtral(tmp_path / "split.gguf", split=True)
    with pytest.raises(ValueError):
        Llama(str(split), n_ctx=64, verbose=False)


@pytest.mark.parametrize(
    "shape, kind_of, gigabytes",
    [
        (shapes.TINYLLAMA, lambda role: shapes.Kind.Q8_0, 1.17),
        (shapes.SOLAR, shapes.q2_k_of_dense, 4.00),
        (shapes.MIXTRAL, shapes.q2_k_of_experts, 17.31),
    ],
)
def test_full_size_models_have_the_published_files_sizes(shape, kind_of, gigabytes):
    assert shapes.full_size(shape, kind_of) / 1e9 == pytest.approx(gigabytes, abs=0.005)
