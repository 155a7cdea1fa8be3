"""How much memory a model will take, from its file's header, by llama.cpp's own rules.

Pure: a header and settings in, bytes out. What a header can't tell, the buffers that llama.cpp computes in,
a child asks llama.cpp for (`Reserved`); without them a prediction says that it is approximate. Knows nothing
of llama_cpp, of this machine or of words. The sources named are files of llama.cpp, as llama-cpp-python
0.3.36 brings it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod
from types import MappingProxyType

from compare.gguf.header import MAX_LAYERS, Header, Tensor
from compare.gguf.types import TYPES
from compare.protocol.devices import CPU_UBATCH, GPU_UBATCH

PROCESS_BYTES = 48 * 2**20
"""A child with llama.cpp in it, measured; 41 MiB of it before a model's graph is built."""
TOKEN_BYTES = 165
"""of memory for each token and each merge of a vocabulary: measured with 32,000 to 262,144 tokens"""
CUDA_CONTEXT_BYTES = (250 * 2**20, 500 * 2**20)
"""what the driver takes on the GPU for a process, from and to"""
RAM_MARGIN_BYTES = 256 * 2**20
GPU_MARGIN_BYTES = 2**30
"""left free on a GPU, as llama.cpp's own fitting does (common/common.h, fit_params_target)"""
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


class EstimateError(Exception):
    """Why there is no prediction on the first line, what to do on the next."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What llama.cpp would reserve for a context, said by itself; it rounds to 0.01 MiB."""

    ram_compute_bytes: int
    vram_compute_bytes: int = 0
    kv_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One kind of memory, RAM or VRAM, in bytes."""

    weights_bytes: int = 0
    """the file's tensors as they are mapped or copied, and their repacked copies"""
    kv_bytes: int = 0
    compute_bytes: int | None = 0
    """None is unknown"""
    overhead_bytes: int = 0
    """the process, the vocabulary, a GPU's context: outside llama.cpp's account"""

    @property
    def allocated_bytes(self) -> int:
        """What llama.cpp will call allocated; without compute buffers where these are unknown."""
        return self.weights_bytes + self.kv_bytes + (self.compute_bytes or 0)

    @property
    def total_bytes(self) -> int:
        return self.allocated_bytes + self.overhead_bytes


@dataclass(frozen=True, slots=True)
class Prediction:
    """What loading a model will take, and with which settings."""

    ram: Account
    vram: Account
    repacked_bytes: int
    """of the RAM's weights: copies in a layout that the processor likes better"""
    n_ctx: int
    kv_type: str
    gpu_layers: int
    """on the GPU, of `layers`"""
    layers: int
    """the model's own and the output, which llama.cpp counts as one"""
    approximate: bool
    vram_instead_bytes: int | None = None
    """what it would take of a GPU's memory if all of it were there; None where some of it is"""

    @property
    def kind(self) -> str:
        """Where the model mainly is, `vram` or `ram`."""
        return "vram" if self.gpu_layers else "ram"

    @property
    def weights_bytes(self) -> int:
        return self.ram.weights_bytes + self.vram.weights_bytes

    @property
    def kv_bytes(self) -> int:
        return self.ram.kv_bytes + self.vram.kv_bytes

    @property
    def compute_bytes(self) -> int | None:
        parts = (self.ram.compute_bytes, self.vram.compute_bytes)
        return None if None in parts else sum(parts)

    @property
    def allocated_bytes(self) -> int:
        return self.ram.allocated_bytes + self.vram.allocated_bytes

    @property
    def total_bytes(self) -> int:
        return self.ram.total_bytes + self.vram.total_bytes


@dataclass(frozen=True, slots=True)
class Free:
    """What may be taken; None is unknown, and then nothing is refused for it."""

    ram_bytes: int | None
    vram_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One change that makes a model fit: `setting` is gpu_layers, n_ctx, kv_type or quant."""

    setting: str
    value: int | str
    prediction: Prediction


def predict(
    header: Header,
    n_ctx: int,
    kv_type: str = "f16",
    gpu_layers: int | None = None,
    *,
    gpu: bool = False,
    features: frozenset[str] = PORTABLE,
    reserved: Reserved | None = None,
    approximate: bool = False,
) -> Prediction:
    """What loading the model will take. Raises EstimateError.

    `n_ctx`: tokens, lowered to what the model was trained for, as the engine does. `gpu`: whether
    llama.cpp sees one; `gpu_layers` None is all then. `features`: the processor's, as
    llama_print_system_info names them. `reserved`: for these very settings.
    """
    layers = _layers(header)
    n_ctx = _n_ctx(header, n_ctx)
    offloaded = min(layers + 1, layers + 1 if gpu_layers is None else gpu_layers) if gpu else 0
    first = layers + 1 - offloaded  # i_gpu_start in src/llama-model.cpp, load_tensors
    ubatch = min(n_ctx, GPU_UBATCH if offloaded else CPU_UBATCH)
    flash = bool(offloaded) or kv_type == "q8_0"
    kv = _kv_layers(header, layers, n_ctx, kv_type, ubatch, flash)
    exact = _knows_cache(header)
    if reserved is not None and reserved.kv_bytes is not None and not exact:
        kv = _scaled(kv, reserved.kv_bytes)
        exact = True
    mapped, repacked, vram_weights = _weights(header, first, offloaded > 0, gpu, features)
    ram = Account(
        weights_bytes=mapped + repacked,
        kv_bytes=sum(kv[:first]),
        compute_bytes=reserved.ram_compute_bytes if reserved else None,
        overhead_bytes=PROCESS_BYTES + TOKEN_BYTES * _vocabulary(header),
    )
    vram = Account()
    if offloaded:
        vram = Account(
            weights_bytes=vram_weights,
            kv_bytes=sum(kv[first:]),
            compute_bytes=reserved.vram_compute_bytes if reserved else None,
            overhead_bytes=sum(CUDA_CONTEXT_BYTES) // 2,
        )
    whole = predict(header, n_ctx, kv_type, gpu=True).vram.total_bytes if not offloaded else None
    return Prediction(
        ram=ram,
        vram=vram,
        repacked_bytes=repacked,
        n_ctx=n_ctx,
        kv_type=kv_type,
        gpu_layers=offloaded,
        layers=layers + 1,
        approximate=approximate or reserved is None or not exact,
        vram_instead_bytes=whole,
    )


def missing(prediction: Prediction, free: Free) -> tuple[int, int]:
    """By how many bytes RAM and VRAM fall short, the margins left free; 0 where it fits."""
    return (
        _short(prediction.ram, free.ram_bytes, RAM_MARGIN_BYTES),
        _short(prediction.vram, free.vram_bytes, GPU_MARGIN_BYTES),
    )


def _short(account: Account, free_bytes: int | None, margin: int) -> int:
    if free_bytes is None or not account.total_bytes:
        return 0
    return max(0, account.total_bytes + margin - free_bytes)


def layers_that_fit(header: Header, n_ctx: int, kv_type: str, free: Free, **settings) -> int:
    """The most layers on the GPU that fit into its free memory, of the model's own and the output."""
    fewest, most = 0, _layers(header) + 1
    while fewest < most:
        middle = (fewest + most + 1) // 2
        prediction = predict(header, n_ctx, kv_type, middle, gpu=True, **settings)
        if missing(prediction, Free(None, free.vram_bytes))[1]:
            most = middle - 1
        else:
            fewest = middle
    return fewest


def layers_side_by_side(
    models: Sequence[tuple[Header, Reserved | None]], n_ctx: int, kv_type: str, vram_bytes: int,
    features: frozenset[str] = PORTABLE,
) -> list[int]:  # fmt: skip
    """How many layers of each model go to the GPU so that all fit into its free memory together.

    Each gets the same share of its layers, as large as fits; then, in their order, what is still free.
    `Reserved` is for all layers on the GPU, None where unknown: then nothing is counted for it.
    """
    whole = [_layers(header) + 1 for header, _ in models]

    def fits(layers: Sequence[int]) -> bool:
        taken = sum(
            predict(
                header, n_ctx, kv_type, n, gpu=True, features=features,
                reserved=reserved and replace(reserved, kv_bytes=None),
            ).vram.total_bytes
            for (header, reserved), n in zip(models, layers, strict=True)
        )  # fmt: skip
        return not taken or taken + GPU_MARGIN_BYTES <= vram_bytes

    fewest, most = 0, max(whole, default=0)
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if fits([n * middle // max(whole) for n in whole]):
            fewest = middle
        else:
            most = middle - 1
    found = [n * fewest // max(whole) for n in whole]
    for i, n in enumerate(whole):
        while found[i] < n and fits([*found[:i], found[i] + 1, *found[i + 1 :]]):
            found[i] += 1
    return found


def advice(
    header: Header,
    prediction: Prediction,
    free: Free,
    quants: Mapping[str, int] = MappingProxyType({}),
    *,
    gpu: bool = False,
    features: frozenset[str] = PORTABLE,
    reserved: Reserved | None = None,
) -> tuple[Option, ...]:
    """What would fit: one change each, the mildest of its kind, none where no single change is enough.

    `quants`: the bytes of the model's other files, by quantization. The buffers to compute in are taken
    as they were: smaller settings need no more.
    """

    def after(**changes) -> Prediction:
        settings = {
            "n_ctx": prediction.n_ctx,
            "kv_type": prediction.kv_type,
            "gpu_layers": prediction.gpu_layers,
        } | changes
        kept = reserved and replace(reserved, kv_bytes=None)
        return predict(header, **settings, gpu=gpu, features=features, reserved=kept)

    candidates: list[Iterator[Option]] = [
        (
            Option("gpu_layers", n, after(gpu_layers=n))
            for n in range(prediction.gpu_layers - 1, -1, -1)
        ),
        (
            Option("n_ctx", n, after(n_ctx=n))
            for n in (2**power for power in range(16, 8, -1))
            if n < prediction.n_ctx
        ),
        (
            Option("kv_type", kv_type, after(kv_type=kv_type))
            for kv_type in ("q8_0",)
            if prediction.kv_type == "f16"
        ),
        (
            Option("quant", name, with_file(prediction, size / header.file_bytes))
            for name, size in sorted(quants.items(), key=lambda quant: -quant[1])
            if size < header.file_bytes
        ),
    ]
    fitting = (
        next((option for option in options if not any(missing(option.prediction, free))), None)
        for options in candidates
    )
    return tuple(option for option in fitting if option is not None)


def with_file(prediction: Prediction, ratio: float) -> Prediction:
    """The prediction for a file of the same model that is `ratio` times as large: approximate."""
    return replace(
        prediction,
        ram=replace(prediction.ram, weights_bytes=round(prediction.ram.weights_bytes * ratio)),
        vram=replace(prediction.vram, weights_bytes=round(prediction.vram.weights_bytes * ratio)),
        repacked_bytes=round(prediction.repacked_bytes * ratio),
        approximate=True,
    )


def _layers(header: Header) -> int:
    if not header.layers or header.layers > MAX_LAYERS:
        count = f"{header.layers:,}" if header.layers else "no"
        raise EstimateError(
            f"There is no prediction: the file tells of {count} layers.\n"
            "Load it to see what llama.cpp makes of it."
        )
    return header.layers


def _n_ctx(header: Header, n_ctx: int) -> int:
    if n_ctx < 1:
        raise EstimateError(
            f"There is no prediction for a context of {n_ctx:,} tokens.\nAsk for at least 1."
        )
    return min(n_ctx, header.context) if header.context else n_ctx


def _vocabulary(header: Header) -> int:
    """Tokens and merges: llama.cpp keeps a table of each."""
    return (header.vocabulary or 0) + header.lengths.get("tokenizer.ggml.merges", 0)


# Weights: src/llama-model.cpp (load_tensors), src/llama-model-loader.cpp (create_tensor).


def _weights(
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


def _kv_layers(
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


def _knows_cache(header: Header) -> bool:
    """Whether the model keeps its keys and values in one of the forms that are told here."""
    prefix = f"{header.architecture}."
    if any(key.startswith(tuple(prefix + k for k in _OTHER_CACHE)) for key in header.metadata):
        return False
    named = header.get("attention.sliding_window")
    return not named or header.architecture in (*_WINDOWED, *_WINDOW_UNUSED)


def _scaled(sizes: Sequence[int], total: int) -> list[int]:
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
    raise EstimateError(f"There is no prediction for a {kv_type} cache.\nChoose f16 or q8_0.")


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


def _untold(key: str) -> EstimateError:
    return EstimateError(
        f"There is no prediction: the file doesn't tell its {key}.\n"
        "Load it to see what llama.cpp makes of it."
    )


# Models known by name, before anything of their file is at hand.


@dataclass(frozen=True, slots=True)
class _Shape:
    """A llama model's sizes; from the config.json beside its original weights."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    ffn: int
    context: int
    experts: int = 0
    vocabulary: int = 32_000


_SHAPES = {
    "tinyllama": _Shape(layers=22, width=2048, heads=32, kv_heads=4, ffn=5632, context=2048),
    "solar": _Shape(layers=48, width=4096, heads=32, kv_heads=8, ffn=14336, context=4096),
    "mixtral": _Shape(32, 4096, 32, 8, 14336, 32768, experts=8),
}


def known_header(model: str, quant: str, file_bytes: int | None = None) -> Header | None:
    """A header as the file of a catalogue's model should have it; None where its shape isn't known.

    A prediction from it is approximate: tensors have the types that llama.cpp's quantizer picks today,
    scaled to the file's size where that is given.
    """
    shape = _SHAPES.get(model)
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


def _known_layout(shape: _Shape, quant: str) -> Iterator[tuple[str, tuple[int, ...], str]]:
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


def _known_type(quant: str, role: str, layer: int, shape: _Shape) -> str:
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
