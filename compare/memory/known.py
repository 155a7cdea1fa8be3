"""Models whose shape is known before anything of their file is at hand: their headers as they should be."""

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from compare.gguf.header import Header, Tensor
from compare.gguf.types import TYPES
from compare.models.catalogue import Shape


def known_header(
    shape: Shape | None, quant: str | None, file_bytes: int | None = None
) -> Header | None:
    """A header as the file of a model of this shape should have it; None where shape or quantization
    aren't known.

    A prediction from it is approximate: tensors have the types that llama.cpp's quantizer picks today,
    scaled to the file's size where that is given.
    """
    if shape is None or quant not in _MIX:
        return None
    tensors = [_known_tensor(*args) for args in _known_layout(shape, quant)]
    size = sum(tensor.nbytes for tensor in tensors)
    ratio = file_bytes / size if file_bytes else 1
    placed, end = [], 0
    for tensor in tensors:
        placed.append(replace(tensor, offset=end, nbytes=round(tensor.nbytes * ratio)))
        end += placed[-1].nbytes
    return Header(
        version=3,
        architecture="llama",
        name=None,
        file_type=None,
        quant=quant,
        parameters=sum(tensor.elements for tensor in tensors),
        context=shape.context,
        layers=shape.layers,
        chat_template=None,
        metadata={
            "llama.embedding_length": shape.width,
            "llama.attention.head_count": shape.heads,
            "llama.attention.head_count_kv": shape.kv_heads,
        },
        lengths={"tokenizer.ggml.tokens": shape.vocabulary},
        tensors=tuple(placed),
        data_offset=0,
        file_bytes=end,
    )


def _known_tensor(name: str, shape: tuple[int, ...], type_name: str) -> Tensor:
    block, block_bytes = _BLOCKS[type_name]
    return Tensor(name, shape, type_name, 0, prod(shape) // block * block_bytes)


_BLOCKS = {name: (block, block_bytes) for name, block, block_bytes in TYPES.values()}


def _known_layout(shape: Shape, quant: str) -> Iterator[tuple[str, tuple[int, ...], str]]:
    width, kv_width = shape.width, shape.width // shape.heads * shape.kv_heads
    experts = (shape.experts,) if shape.experts else ()
    suffix = "_exps" if experts else ""
    roles = {
        "attn_q": (width, width),
        "attn_k": (width, kv_width),
        "attn_v": (width, kv_width),
        "attn_output": (width, width),
        f"ffn_gate{suffix}": (width, shape.ffn, *experts),
        f"ffn_up{suffix}": (width, shape.ffn, *experts),
        f"ffn_down{suffix}": (shape.ffn, width, *experts),
    }
    yield "token_embd.weight", (width, shape.vocabulary), _MIX[quant][0]
    for layer in range(shape.layers):
        for role, sizes in roles.items():
            yield (
                f"blk.{layer}.{role}.weight",
                sizes,
                _known_type(quant, role.removesuffix("_exps"), layer, shape),
            )
    output = "Q8_0" if quant == "Q8_0" else "Q6_K"
    yield "output.weight", (width, shape.vocabulary), output


# llama_tensor_get_type_impl in src/llama-quant.cpp, for what the catalogue offers: the type of most
# tensors, and those of attn_v, attn_output and ffn_down where they differ: (usual, in layers that get more).
_MIX: dict[str, tuple] = {
    "Q2_K": ("Q2_K", ("Q4_K", "Q4_K"), ("Q3_K", "Q3_K"), ("Q3_K", "Q3_K")),
    "Q3_K_S": ("Q3_K",),
    "Q3_K_M": ("Q3_K", ("Q4_K", "Q4_K"), ("Q4_K", "Q4_K"), ("Q4_K", "Q4_K")),
    "Q3_K_L": ("Q3_K", ("Q5_K", "Q5_K"), ("Q5_K", "Q5_K"), ("Q5_K", "Q5_K")),
    "Q4_0": ("Q4_0",),
    "Q4_K_S": ("Q4_K",),
    "Q4_K_M": ("Q4_K", ("Q4_K", "Q6_K"), ("Q4_K", "Q4_K"), ("Q4_K", "Q6_K")),
    "Q5_0": ("Q5_0",),
    "Q5_K_S": ("Q5_K",),
    "Q5_K_M": ("Q5_K", ("Q5_K", "Q6_K"), ("Q5_K", "Q5_K"), ("Q5_K", "Q6_K")),
    "Q6_K": ("Q6_K",),
    "Q8_0": ("Q8_0",),
}
_OWN_MIX = ("attn_v", "attn_output", "ffn_down")


def _known_type(quant: str, role: str, layer: int, shape: Shape) -> str:
    base, *own = _MIX[quant]
    if shape.experts == 8 and role in ("attn_k", "attn_v"):
        return "Q8_0"
    if shape.experts == 8 and role == "attn_output" and quant in _ATTENTION_Q5_K:
        return "Q5_K"
    if shape.experts == 8 and role == "attn_output":
        return base
    if not own or role not in _OWN_MIX:
        return base
    eighth = shape.layers // 8
    more = layer < eighth or layer >= 7 * shape.layers // 8 or (layer - eighth) % 3 == 2
    return own[_OWN_MIX.index(role)][more]


_ATTENTION_Q5_K = ("Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M")
