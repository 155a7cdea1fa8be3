"""Writes GGUFs of random weights: tiny ones for tests, full ones in a real model's exact shape.

Speed and memory depend on a file's architecture and quantization, not on what its weights say.
Knows nothing of the app. By hand: `python tests/shapes.py tinyllama OUT.gguf` (1.2 GB; also solar,
4.0 GB, and mixtral, 17 GB).
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, product
from pathlib import Path
from string import ascii_letters, ascii_lowercase, digits, punctuation

import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFWriter, LlamaFileType, TokenType, quants
from random_weights import FIELDS, any_token, pattern, successors, tiled, token_rows, unquantized
from vocabulary import BOS, BYTES, EOS, PIECES, SPECIALS, UNK, spell

SMOLLM2_ENDS = (b"<|im_end|>", b"<|endoftext|>")


@dataclass(frozen=True)
class Shape:
    """The sizes of a llama-architecture model; widths in elements, context in tokens."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    ffn: int
    context: int
    experts: int = 0
    experts_used: int = 0
    rope_theta: float = 10_000.0

    @property
    def kv_width(self) -> int:
        return self.width // self.heads * self.kv_heads


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file: its sizes in numpy's order, and how to make its values in its turn."""

    name: str
    shape: tuple[int, ...]
    kind: Kind
    make: Callable[[], np.ndarray]

    @property
    def byte_shape(self) -> tuple[int, ...]:
        block, size = quants.GGML_QUANT_SIZES[self.kind]
        return (*self.shape[:-1], self.shape[-1] // block * size)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.byte_shape, dtype=np.int64))


TINYLLAMA = Shape(layers=22, width=2048, heads=32, kv_heads=4, ffn=5632, context=2048)
SOLAR = Shape(layers=48, width=4096, heads=32, kv_heads=8, ffn=14336, context=4096)
MIXTRAL = Shape(32, 4096, 32, 8, 14336, 32768, experts=8, experts_used=2, rope_theta=1e6)


def tiny(
    path: Path,
    *,
    arch: str = "llama",
    name: str = "Tiny",
    says: str | None = None,
    ends: bool = False,
    bytes_only: bool = False,
    chat_template: str | None = None,
    n_ctx_train: int = 512,
    blocks: int = 2,
    width: int = 128,
    quant: str = "F16",
    seed: int = 0,
    tokens: Mapping[str, TokenType] = {},
) -> Path:
    """A model of about 1 MB that loads and generates; never ends by itself, unless `ends`.

    Without `says` it writes random letters and pieces of words (with `bytes_only`, random bytes:
    mostly no UTF-8). With it, it repeats that text, as a chain: each token is followed by one that
    follows it somewhere in the text, with about equal chances. So each token once: the text itself,
    over and over; Greek letters: Greek letters in any order. What is neither ASCII nor one of
    PIECES is spelled in byte tokens. After a token that is not in the text, as a template's last
    should be, it begins at the beginning. `ends`: the text's last token is followed by EOS.
    `says` may hold at most width - 2 different tokens. `tokens`: more of them, whole words or marks,
    with their types. `arch` is written as it is, known to llama.cpp or not. `quant` is F32, F16, Q8_0
    or Q4_0; `width` a multiple of 64.
    """
    shape = Shape(
        blocks, width, heads=width // 32, kv_heads=width // 64, ffn=2 * width, context=n_ctx_train
    )
    return _write_tiny(
        path,
        shape,
        arch=arch,
        name=name,
        says=says,
        ends=ends,
        bytes_only=bytes_only,
        chat_template=chat_template,
        quant=quant,
        seed=seed,
        tokens=tokens,
    )


def tiny_mixtral(
    path: Path, *, split: bool = False, says: str | None = None, seed: int = 0
) -> Path:
    """As tiny, with 4 experts, 2 used.

    `split`: one tensor per expert, as in files of 2023, which llama.cpp refuses now.
    """
    shape = Shape(2, 128, heads=4, kv_heads=2, ffn=128, context=512, experts=4, experts_used=2)
    return _write_tiny(path, shape, name="Tiny Mixtral", says=says, split=split, seed=seed)


def endless(smollm2: Path, path: Path) -> Path:
    """SmolLM2 that never ends by itself: its own weights, its end tokens under another name.

    So an answer always has the length that was asked for, on any processor, and nothing in the app has
    to know. `smollm2` is the embedded file.
    """
    data = smollm2.read_bytes()
    for end in SMOLLM2_ENDS:
        data = data.replace(end, end[:-3] + b"x" + end[-2:])
    at = data.index(b"tokenizer.ggml.eos_token_id") + len("tokenizer.ggml.eos_token_id") + 4
    unknown = (3).to_bytes(4, "little")  # <repo_name>, which no answer has
    path.write_bytes(data[:at] + unknown + data[at + 4 :])
    return path


def tinyllama(path: Path) -> Path:
    """TinyLlama 1.1B in Q8_0: 1.17 GB."""
    return _write_full(
        path, "TinyLlama 1.1B", TINYLLAMA, LlamaFileType.MOSTLY_Q8_0, lambda role: Kind.Q8_0
    )


def solar(path: Path) -> Path:
    """SOLAR 10.7B in Q2_K: 4.00 GB."""
    return _write_full(path, "SOLAR 10.7B", SOLAR, LlamaFileType.MOSTLY_Q2_K, q2_k_of_dense)


def mixtral(path: Path) -> Path:
    """Mixtral 8x7B in Q2_K: 17.3 GB."""
    return _write_full(path, "Mixtral 8x7B", MIXTRAL, LlamaFileType.MOSTLY_Q2_K, q2_k_of_experts)


def q2_k_of_dense(role: str) -> Kind:
    """What llama.cpp's quantizer picks for Q2_K with 4 heads or more per KV head.

    Source: llama.cpp, src/llama-quant.cpp, llama_tensor_get_type.
    """
    return {
        "output": Kind.Q6_K,
        "attn_v": Kind.Q4_K,
        "attn_output": Kind.Q3_K,
        "ffn_down": Kind.Q3_K,
    }.get(role, Kind.Q2_K)


def q2_k_of_experts(role: str) -> Kind:
    """The same for models with 8 experts."""
    return {"attn_k": Kind.Q8_0, "attn_v": Kind.Q8_0, "attn_output": Kind.Q5_K}.get(
        role, q2_k_of_dense(role)
    )


def full_size(shape: Shape, kind_of: Callable[[str], Kind]) -> int:
    """Bytes of all tensors, without the header, vocabulary of 32,000."""
    return sum(Tensor(*args, lambda: None).nbytes for args in _layout(shape, 32_000, kind_of))


def _layout(
    shape: Shape, n_vocab: int, kind_of: Callable[[str], Kind], split: bool = False
) -> Iterator[tuple[str, tuple[int, ...], Kind]]:
    """Name, sizes and kind of each tensor.

    A role is the part of a name that says what the tensor does: attn_q, ffn_down.
    """
    width, ffn = shape.width, shape.ffn
    yield "token_embd.weight", (n_vocab, width), kind_of("token_embd")
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        yield f"{block}attn_norm.weight", (width,), Kind.F32
        yield f"{block}attn_q.weight", (width, width), kind_of("attn_q")
        yield f"{block}attn_k.weight", (shape.kv_width, width), kind_of("attn_k")
        yield f"{block}attn_v.weight", (shape.kv_width, width), kind_of("attn_v")
        yield f"{block}attn_output.weight", (width, width), kind_of("attn_output")
        yield f"{block}ffn_norm.weight", (width,), Kind.F32
        if shape.experts:
            yield f"{block}ffn_gate_inp.weight", (shape.experts, width), Kind.F32
        for role, size in (
            ("ffn_gate", (ffn, width)),
            ("ffn_up", (ffn, width)),
            ("ffn_down", (width, ffn)),
        ):
            if not shape.experts:
                yield f"{block}{role}.weight", size, kind_of(role)
            elif not split:
                yield f"{block}{role}_exps.weight", (shape.experts, *size), kind_of(role)
            else:
                for expert in range(shape.experts):
                    yield f"{block}{role}.{expert}.weight", size, kind_of(role)
    yield "output_norm.weight", (width,), Kind.F32
    yield "output.weight", (n_vocab, width), kind_of("output")


def _write(
    path: Path,
    *,
    arch: str,
    name: str,
    shape: Shape,
    file_type: LlamaFileType,
    vocabulary: list[str],
    chat_template: str | None,
    tensors: list[Tensor],
    tokens: Mapping[str, TokenType] = {},
) -> Path:
    """Writes with one tensor in memory at a time; the file appears when it is whole."""
    part = path.with_name(path.name + ".part")
    writer = GGUFWriter(part, arch)
    writer.add_name(f"{name} (random weights)")
    writer.add_file_type(file_type)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_vocab_size(len(vocabulary))
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.experts_used)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(vocabulary)
    writer.add_token_scores([-float(rank) for rank in range(len(vocabulary))])
    types = [tokens.get(piece) or _token_type(token) for token, piece in enumerate(vocabulary)]
    writer.add_token_types(types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNK)
    if chat_template:
        writer.add_chat_template(chat_template)
    for tensor in tensors:
        dtype = np.dtype(np.uint8)
        writer.add_tensor_info(
            tensor.name, tensor.byte_shape, dtype, tensor.nbytes, raw_dtype=tensor.kind
        )
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:
            writer.write_tensor_data(tensor.make())
        writer.close()
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _token_type(token: int) -> TokenType:
    if token == UNK:
        return TokenType.UNKNOWN
    if token in (BOS, EOS):
        return TokenType.CONTROL
    return TokenType.BYTE if token < len(SPECIALS) + len(BYTES) else TokenType.NORMAL


# Tiny models: every value is made, then quantized.


def _write_tiny(
    path: Path,
    shape: Shape,
    *,
    name: str,
    says: str | None,
    seed: int,
    arch: str = "llama",
    ends: bool = False,
    bytes_only: bool = False,
    split: bool = False,
    chat_template: str | None = None,
    quant: str = "F16",
    tokens: Mapping[str, TokenType] = {},
) -> Path:
    vocabulary = [*SPECIALS, *BYTES, *tokens, *(() if bytes_only else PIECES)]
    text = spell(says, vocabulary) if says else []
    kind = Kind[quant]
    rng = np.random.default_rng(seed)
    embeddings = token_rows(text, len(vocabulary), shape.width, rng)
    output = (
        successors(text, ends, len(vocabulary), shape.width)
        if text
        else any_token(vocabulary, shape.width, rng)
    )
    # What the layers add must not outvote the text, only vary it.
    loudness = 0.06 if text else 1.0

    def values(tensor_name: str, size: tuple[int, ...]) -> np.ndarray:
        match tensor_name.split("."):
            case ["token_embd", _]:
                return embeddings
            case ["output", _]:
                return output
            case [*_, "weight"] if len(size) == 1:
                return np.ones(size, np.float32)
        weights = rng.normal(0, size[-1] ** -0.5, size).astype(np.float32)
        if "attn_output" in tensor_name or "ffn_down" in tensor_name:
            weights *= loudness * (2 * shape.layers) ** -0.5
            # The first element of what passes from layer to layer stays as the embeddings set it.
            weights[..., 0, :] = 0
        return weights

    def tensor(tensor_name: str, size: tuple[int, ...], kind: Kind) -> Tensor:
        def make() -> np.ndarray:
            return quants.quantize(values(tensor_name, size), kind).view(np.uint8)

        return Tensor(tensor_name, size, kind, make)

    tensors = [tensor(*args) for args in _layout(shape, len(vocabulary), lambda role: kind, split)]
    file_type = LlamaFileType.ALL_F32 if quant == "F32" else LlamaFileType[f"MOSTLY_{quant}"]
    return _write(
        path, arch=arch, name=name, shape=shape, file_type=file_type, vocabulary=vocabulary,
        chat_template=chat_template, tensors=tensors, tokens=tokens,
    )  # fmt: skip


# Full-size models: random blocks, repeated.


def _write_full(
    path: Path, name: str, shape: Shape, file_type: LlamaFileType, kind_of: Callable[[str], Kind]
) -> Path:
    vocabulary = _full_vocabulary(32_000)
    layout = list(_layout(shape, len(vocabulary), kind_of))
    patterns = {kind: pattern(kind) for kind in {kind for _, _, kind in layout} & FIELDS.keys()}
    return _write(
        path,
        arch="llama",
        name=name,
        shape=shape,
        file_type=file_type,
        vocabulary=vocabulary,
        chat_template=None,
        tensors=[_full_tensor(*args, patterns) for args in layout],
    )


def _full_tensor(
    name: str, size: tuple[int, ...], kind: Kind, patterns: dict[Kind, np.ndarray]
) -> Tensor:
    def make() -> np.ndarray:
        if kind == Kind.F32:
            return unquantized(size).view(np.uint8)
        deviation = 1.0 if name == "token_embd.weight" else size[-1] ** -0.5
        return tiled(patterns[kind], kind, deviation, tensor.byte_shape)

    tensor = Tensor(name, size, kind, make)
    return tensor


def _full_vocabulary(size: int) -> list[str]:
    """Specials, bytes, letters, and made-up pieces: English comes to 2 to 3 letters a token."""
    pairs = ["".join(letters) for letters in product(ascii_lowercase, repeat=2)]
    triples = ("".join(letters) for letters in product(ascii_lowercase, repeat=3))
    starts = [f"▁{letters}" for letters in (*ascii_lowercase, *pairs)]
    more = (f"▁{a}{b}" for a, b in product(pairs, ascii_letters))
    letters = chain(("▁", *ascii_letters, *digits, *punctuation), starts, pairs, triples, more)
    return [*SPECIALS, *BYTES, *islice(letters, size - len(SPECIALS) - len(BYTES))]


if __name__ == "__main__":
    writers = {
        writer.__name__: writer for writer in (tiny, tiny_mixtral, tinyllama, solar, mixtral)
    }
    if len(sys.argv) != 3 or sys.argv[1] not in writers:
        sys.exit(f"usage: python tests/shapes.py {{{','.join(writers)}}} OUT.gguf")
    print(writers[sys.argv[1]](Path(sys.argv[2])))
