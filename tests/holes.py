"""Models of a real one's shape whose weights are a hole: written at once, and as large as the real one."""

import struct
from pathlib import Path

import shapes
from headers import array, entry, gguf, string, tensor, text, u32


def sparse(path: Path, shape: shapes.Shape, kind_of) -> Path:
    """A model of a real one's shape: its header, and then a hole instead of tensors."""
    vocabulary = shapes._full_vocabulary(32_000)
    entries = [
        string("general.architecture", "llama"),
        u32("llama.context_length", shape.context),
        u32("llama.embedding_length", shape.width),
        u32("llama.block_count", shape.layers),
        u32("llama.feed_forward_length", shape.ffn),
        u32("llama.attention.head_count", shape.heads),
        u32("llama.attention.head_count_kv", shape.kv_heads),
        entry("llama.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-5)),
        string("tokenizer.ggml.model", "llama"),
        array("tokenizer.ggml.tokens", 8, 32_000, b"".join(map(text, vocabulary))),
        array("tokenizer.ggml.scores", 6, 32_000, bytes(4 * 32_000)),
        array(
            "tokenizer.ggml.token_type",
            5,
            32_000,
            struct.pack("<32000i", *(int(shapes._token_type(n)) for n in range(32_000))),
        ),
    ]
    if shape.experts:
        entries.append(u32("llama.expert_count", shape.experts))
        entries.append(u32("llama.expert_used_count", shape.experts_used))
    tensors, end = [], 0
    for name, size, kind in shapes._layout(shape, len(vocabulary), kind_of):
        tensors.append(tensor(name, tuple(reversed(size)), int(kind), end))
        end += -(-shapes.Tensor(name, size, kind, lambda: None).nbytes // 32) * 32
    with open(path, "wb") as file:
        file.write(gguf(*entries, tensors=tensors))
        file.truncate(file.tell() + end)
    return path
