"""Files that hold no model for writing text are named for what they are, whatever is missing in them."""

import pytest
from headers import LAYERS, LLAMA, entry, gguf, string, tensor, u32
from reading import read, refusal

from compare.gguf.model import check


def holding(name: str, *entries: bytes) -> bytes:
    """A file with one tensor of that name."""
    return gguf(*entries, tensors=[tensor(name)], data=bytes(128))


def of(architecture: str, *entries: bytes, name: str = "a") -> bytes:
    return holding(name, string("general.architecture", architecture), *entries)


@pytest.mark.parametrize(
    ("architecture", "says"),
    [
        ("flux", "This is an image model (flux): it paints pictures"),
        ("sd3", "This is an image model (sd3)"),
        ("qwen_image", "This is an image model (qwen_image)"),
        ("wan", "This is a video model (wan): it makes films"),
        ("ltxv", "This is a video model (ltxv)"),
        ("whisper", "This is a speech model (whisper)"),
        ("wavtokenizer-dec", "This is a speech model (wavtokenizer-dec)"),
        ("t5encoder", "This is a part of an image or video model (t5encoder)"),
        ("controlvector", "This is a control vector (controlvector): it steers another model's answers"),
        ("eagle3", "This is a draft head (eagle3)"),
        ("llada", "This is a diffusion language model (llada)"),
        ("dream", "This is a diffusion language model (dream)"),
        ("t5", "This is an encoder-decoder model (t5)"),
        ("jina-bert-v3", "This is an embedding model (jina-bert-v3)"),
    ],
)  # fmt: skip
def test_a_file_is_named_by_its_architecture(architecture, says):
    said = refusal(of(architecture))
    assert said.startswith(says) and "ownload" not in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("double_blocks.0.img_attn.proj.weight", "an image model"),
        ("model.diffusion_model.input_blocks.0.0.weight", "an image model"),
        ("joint_blocks.0.x_block.attn.qkv.weight", "an image model"),
        ("blocks.0.self_attn.norm_q.weight", "a video model"),
        ("first_stage_model.decoder.conv_in.weight", "a part of an image or video model"),
        ("decoder.up.0.block.0.conv1.weight", "a part of an image or video model"),
        ("encoder.conv1.weight", "a speech model"),
        ("v.blk.0.attn_q.weight", "a vision projector"),
        ("mm.0.weight", "a vision projector"),
        ("blk.0.attn_q.weight.lora_a", "a LoRA adapter"),
        ("blk.0.attn_q.weight.in_sum2", "an importance matrix"),
        ("direction.1", "a control vector"),
        ("dec.blk.0.cross_attn_q.weight", "an encoder-decoder model"),
        ("enc.blk.0.attn_q.weight", "an embedding model"),
    ],
)
def test_a_file_that_names_no_architecture_is_known_by_its_tensors(name, says):
    assert refusal(holding(name)).startswith(f"This is {says}: ")
    assert refusal(of("of-nobody", name=name)).startswith(f"This is {says} (of-nobody): ")


def test_what_attends_to_a_text_as_a_whole_writes_none():
    causal = entry("qwen3.attention.causal", 7, b"\0")
    layers = u32("qwen3.block_count", 1)
    assert "an embedding model (qwen3)" in refusal(of("qwen3", causal, layers))
    shift = entry("diffusion.shift_logits", 7, b"\1")
    assert "a diffusion language model (qwen3)" in refusal(of("qwen3", causal, layers, shift))
    raw = of("qwen3", entry("qwen3.attention.causal", 7, b"\1"), layers)
    check(read(raw), len(raw))


def test_what_reads_words_is_no_other_kind_for_a_tensor_more():
    """A model that sees, in one file with what it sees by."""
    names = tensor("token_embd.weight"), tensor("v.blk.0.attn_q.weight", offset=128)
    raw = gguf(LLAMA, LAYERS, tensors=names, data=bytes(256))
    check(read(raw), len(raw))


def test_a_header_with_hardly_an_entry_is_no_damage():
    said = refusal(of("quux", name="some.weight"))
    assert (
        "architecture “quux”, but not how many layers (it holds one tensor, “some.weight”)" in said
    )
    assert "ownload" not in said
    assert "holds no weights, only a header" in refusal(gguf(LLAMA, LAYERS))
    tokens = entry("tokenizer.ggml.tokens", 9, b"\x08\0\0\0" + bytes(8))
    assert "only a header" in refusal(gguf(LLAMA, LAYERS, tokens))
    tokens = entry("tokenizer.ggml.tokens", 9, b"\x08\0\0\0\1" + bytes(7) + bytes(8))
    assert "holds no weights, only a vocabulary" in refusal(gguf(LLAMA, LAYERS, tokens))


def test_whisper_cpps_own_format_is_no_old_model():
    assert "This is a Whisper model" in refusal(b"lmgg\x99\xca\0\0" + bytes(64))
    assert "GGML file of before August 2023" in refusal(b"lmgg\x00\x7d\0\0" + bytes(64))
