"""llama.cpp's own rules: where it puts which tensor, what it repacks, and how large its caches are.

Pure: a header and settings in, bytes out. The sources named are files of llama.cpp, as llama-cpp-python
0.3.36 brings it.
"""

from collections.abc import Sequence
from math import ceil

from compare.gguf.header import Header, Tensor

_PAD = 256  # cells: n_ctx in src/llama-context.cpp, a window in src/llama-kv-cache-iswa.cpp

# ggml_repack_get_optimal_repack_type in ggml/src/ggml-cpu/repack.cpp: what the processor must have, and of
# what the rows must be a multiple. RISC-V and s390x have rules of their own, which are not here.
_AVX2, _AVX512 = frozenset({"AVX2"}), frozenset({"AVX512"})
_I8MM, _DOTPROD = frozenset({"NEON", "MATMUL_INT8"}), frozenset({"NEON", "DOTPROD"})
_REPACKED = {
    "Q4_0": ((_AVX2, 8), (_I8MM, 4), (_DOTPROD, 4)),
    "Q4_K": ((_AVX2, 8), (_I8MM, 8), (_DOTPROD, 8)),
    "Q2_K": ((_AVX512, 8),),
    "Q5_K": ((_I8MM, 8), (_DOTPROD, 8)),
    "Q6_K": ((_I8MM, 8), (_DOTPROD, 8)),
    "IQ4_NL": ((_AVX2, 8), (_DOTPROD, 4)),
    "MXFP4": ((_AVX2, 8), (_DOTPROD, 4)),
    "Q8_0": ((_I8MM, 4), (_DOTPROD, 4)),
    "Q1_0": ((_I8MM, 4), (_DOTPROD, 4)),
}
PORTABLE = frozenset({"AVX2", "REPACK"})
"""What a build for any x86-64 processor makes use of; a child's Hello tells what this build does."""

# LLM_TENSOR_LAYER_INPUT in src/llama-arch.cpp: rows are looked up in them, and they stay in RAM.
_INPUT = ("token_embd.", "position_embd.", "token_types.", "per_layer_token_embd.")

# Architectures that keep only a window for some layers: every n-th layer is a full one (load_swa_pattern
# in src/models/*.cpp), unless the file has a pattern of its own; and the window where it names none.
_WINDOWED = {
    "gemma2": (2, 4096),
    "gemma3": (6, None),
    "cohere2": (4, None),
    "gpt-oss": (2, None),
    "olmo2": (4, None),
}
_WINDOW_UNUSED = ("llama", "phi3")  # their files may name a window; llama.cpp keeps all the same
# Keys of models whose cache has a form of its own (src/llama-model.cpp, create_memory).
_OTHER_CACHE = (
    *("ssm.", "wkv.", "shortconv.", "kda.", "attention.indexer.", "attention.key_length_mla"),
    *("attention.kv_lora_rank", "attention.shared_kv_layers", "attention.recurrent_layers"),
)


class PredictionError(Exception):
    """Why there is no prediction on the first line, what to do on the next."""


# Weights: src/llama-model.cpp (load_tensors), src/llama-model-loader.cpp (create_tensor).


def weights_of(
    header: Header, first: int, output_on_gpu: bool, gpu: bool, features: frozenset[str]
) -> tuple[int, int, int]:
    """Bytes of the weights: mapped into RAM, repacked in RAM, on the GPU from layer `first` on."""
    here: list[Tensor] = []
    vram = 0
    for tensor in header.tensors:
        if _belongs_on_gpu(tensor.name, first, output_on_gpu):
            vram += tensor.nbytes
        else:
            here.append(tensor)
    # With a GPU, llama.cpp prefers its host buffer type to the repacked one, and maps what is in it.
    repacks = [] if gpu else [t for t in here if _is_repacked(t, features)]
    repacked = sum(t.nbytes for t in repacks)
    tied = _tied_output(header)
    if tied is not None and output_on_gpu:
        vram += tied.nbytes
    elif tied is not None and not gpu and _has_repacked_form(tied, features):
        repacked += tied.nbytes
    names = {tensor.name for tensor in repacks}
    return _mapped([t.name not in names for t in here], here), repacked, vram


def _belongs_on_gpu(name: str, first: int, output_on_gpu: bool) -> bool:
    if name.startswith(_INPUT):
        return False
    head, _, rest = name.partition(".")
    number = rest.partition(".")[0]
    if head == "blk" and number.isdigit():
        return int(number) >= first
    return output_on_gpu


def _mapped(plain: Sequence[bool], tensors: Sequence[Tensor]) -> int:
    """From the first to the last plain tensor, what lies between them included (get_mapping_range).

    In a file of several parts each part is a range of its own; its first tensor stands at 0.
    """
    total = begin = end = 0
    for is_plain, tensor in zip(plain, tensors, strict=True):
        if tensor.offset < end:
            total, begin, end = total + end - begin, 0, 0
        if is_plain:
            begin = begin if end else tensor.offset
            end = tensor.offset + tensor.nbytes
    return total + end - begin


def _tied_output(header: Header) -> Tensor | None:
    """The token embedding, where it serves as the output too."""
    by_name = {tensor.name: tensor for tensor in header.tensors}
    return None if "output.weight" in by_name else by_name.get("token_embd.weight")


def _is_repacked(tensor: Tensor, features: frozenset[str]) -> bool:
    if tensor.name.startswith(_INPUT):
        return False
    dimensions = len(tensor.shape)
    multiplied = dimensions == 2 or (dimensions == 3 and "_exps" in tensor.name)
    return multiplied and _has_repacked_form(tensor, features)


def _has_repacked_form(tensor: Tensor, features: frozenset[str]) -> bool:
    return "REPACK" in features and any(
        needed <= features and tensor.shape[1] % rows == 0
        for needed, rows in _REPACKED.get(tensor.type, ())
    )


# KV cache: src/llama-kv-cache.cpp and src/llama-kv-cache-iswa.cpp.


def kv_layers(
    header: Header, layers: int, n_ctx: int, kv_type: str, ubatch: int, flash: bool
) -> list[int]:
    """Bytes of each layer's keys and values."""
    heads = _each_layer(header, "attention.head_count", layers)
    kv_heads = _each_layer(header, "attention.head_count_kv", layers, heads)
    width = _number(header, "embedding_length") // heads[0] if heads[0] else 0
    key = _number(header, "attention.key_length", width)
    value = _number(header, "attention.value_length", width)
    window, windowed = _window(header, layers)
    widths = []
    for layer in range(layers - _number(header, "nextn_predict_layers", 0)):
        swa = windowed[layer]
        k = _number(header, "attention.key_length_swa", key) if swa else key
        v = _number(header, "attention.value_length_swa", value) if swa else value
        widths.append((kv_heads[layer] * k, kv_heads[layer] * v))
    widest = max((v for _, v in widths), default=0)
    cells = _padded(n_ctx)
    kept = _padded(min(cells, window + ubatch))
    sizes = [
        (kept if windowed[layer] else cells)
        * (_row_bytes(k, kv_type) + _row_bytes(v if flash or not v else widest, kv_type))
        for layer, (k, v) in enumerate(widths)
    ]
    return sizes + [0] * (layers - len(sizes))


def _window(header: Header, layers: int) -> tuple[int, list[bool]]:
    """How many tokens a window holds, and which layers keep no more than it."""
    every, usual = _WINDOWED.get(header.architecture, (0, None))
    window = _number(header, "attention.sliding_window", usual or 0)
    if not every or not window:
        return 0, [False] * layers
    pattern = header.get("attention.sliding_window_pattern")
    if isinstance(pattern, tuple) and len(pattern) >= layers:
        return window, [bool(each) for each in pattern[:layers]]
    every = pattern if type(pattern) is int and 0 < pattern <= layers else every
    return window, [layer % every < every - 1 for layer in range(layers)]


def knows_cache(header: Header) -> bool:
    """Whether the model keeps its keys and values in one of the forms that are told here."""
    prefix = f"{header.architecture}."
    if any(key.startswith(tuple(prefix + k for k in _OTHER_CACHE)) for key in header.metadata):
        return False
    named = header.get("attention.sliding_window")
    return not named or header.architecture in (*_WINDOWED, *_WINDOW_UNUSED)


def in_proportion(sizes: Sequence[int], total: int) -> list[int]:
    """The sizes in their proportions, with another sum."""
    known = sum(sizes)
    if not known:
        return [total, *(0 for _ in sizes[1:])]
    scaled = [size * total // known for size in sizes]
    return [scaled[0] + total - sum(scaled), *scaled[1:]]


def _row_bytes(elements: int, kv_type: str) -> int:
    if kv_type == "f16":
        return 2 * elements
    if kv_type == "q8_0":
        return ceil(elements / 32) * 34
    raise PredictionError(f"There is no prediction for a {kv_type} cache.\nChoose f16 or q8_0.")


def _padded(cells: int) -> int:
    return ceil(cells / _PAD) * _PAD


def _each_layer(
    header: Header, key: str, layers: int, default: Sequence[int] | None = None
) -> Sequence[int]:
    value = header.get(key)
    if value is None and default is not None:
        return default
    values = value if isinstance(value, tuple) else (value,) * layers
    good = [each for each in values if type(each) is int and 0 <= each < 2**20]
    if len(good) != len(values) or len(good) < layers:
        raise _untold(key)
    return good


def _number(header: Header, key: str, default: int | None = None) -> int:
    value = header.get(key)
    if value is None and default is not None:
        return default
    if type(value) is not int or not 0 <= value < 2**31:
        raise _untold(key)
    return value


def _untold(key: str) -> PredictionError:
    return PredictionError(
        f"There is no prediction: the file doesn't tell its {key}.\n"
        "Load it to see what llama.cpp makes of it."
    )
