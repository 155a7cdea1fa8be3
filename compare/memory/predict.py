"""How much memory a model will take, from its file's header.

Pure: a header and settings in, bytes out. What a header can't tell, the buffers that llama.cpp computes in,
a child asks llama.cpp for (`Reservation`); without them a prediction says that it is approximate. Knows
nothing of this machine or of words.
"""

from dataclasses import dataclass

from compare.gguf.header import MAX_LAYERS, Header
from compare.memory.rules import (
    PORTABLE,
    PredictionError,
    in_proportion,
    knows_cache,
    kv_layers,
    weights_of,
)
from compare.protocol.devices import ubatch

PROCESS_BYTES = 48 * 2**20
"""A child with llama.cpp in it, measured; 41 MiB of it before a model's graph is built."""
TOKEN_BYTES = 165
"""of memory for each token and each merge of a vocabulary: measured with 32,000 to 262,144 tokens"""
CUDA_CONTEXT_BYTES = (250 * 2**20, 500 * 2**20)
"""what the driver takes on the GPU for a process, from and to"""
RAM_MARGIN_BYTES = 256 * 2**20
GPU_MARGIN_BYTES = 2**30
"""left free on a GPU, as llama.cpp's own fitting does (common/common.h, fit_params_target)"""


@dataclass(frozen=True, slots=True)
class Reservation:
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
    has_gpu: bool = False
    """whether llama.cpp sees a GPU here"""

    @property
    def kind(self) -> str:
        """Where the model mainly is, `vram` or `ram`."""
        return "vram" if self.gpu_layers else "ram"

    @property
    def process_bytes(self) -> int:
        """Of that kind, the process with all it holds: what will be measured once it is in use."""
        return (self.vram if self.gpu_layers else self.ram).total_bytes

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


def predict(
    header: Header,
    n_ctx: int,
    kv_type: str = "f16",
    gpu_layers: int | None = None,
    *,
    gpu: bool = False,
    features: frozenset[str] = PORTABLE,
    reserved: Reservation | None = None,
) -> Prediction:
    """What loading the model will take. Raises PredictionError.

    `n_ctx`: tokens, lowered to what the model was trained for, as the engine does. `gpu`: whether
    llama.cpp sees one; `gpu_layers` None is all then. `features`: the processor's, as
    llama_print_system_info names them. `reserved`: for these very settings.
    """
    layers = layers_of(header)
    n_ctx = _n_ctx(header, n_ctx)
    offloaded = min(layers + 1, layers + 1 if gpu_layers is None else gpu_layers) if gpu else 0
    first = layers + 1 - offloaded  # i_gpu_start in src/llama-model.cpp, load_tensors
    batch = min(n_ctx, ubatch(n_ctx, offloaded > 0))
    flash = bool(offloaded) or kv_type == "q8_0"
    kv = kv_layers(header, layers, n_ctx, kv_type, batch, flash)
    exact = knows_cache(header)
    if reserved is not None and reserved.kv_bytes is not None and not exact:
        kv = in_proportion(kv, reserved.kv_bytes)
        exact = True
    mapped, repacked, vram_weights = weights_of(header, first, offloaded > 0, gpu, features)
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
        approximate=reserved is None or not exact,
        vram_instead_bytes=whole,
        has_gpu=gpu,
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


def layers_of(header: Header) -> int:
    if not header.layers or header.layers > MAX_LAYERS:
        count = f"{header.layers:,}" if header.layers else "no"
        raise PredictionError(
            f"There is no prediction: the file tells of {count} layers.\n"
            "Load it to see what llama.cpp makes of it."
        )
    return header.layers


def _n_ctx(header: Header, n_ctx: int) -> int:
    if n_ctx < 1:
        raise PredictionError(
            f"There is no prediction for a context of {n_ctx:,} tokens.\nAsk for at least 1."
        )
    return min(n_ctx, header.context) if header.context else n_ctx


def _vocabulary(header: Header) -> int:
    """Tokens and merges: llama.cpp keeps a table of each."""
    return (header.vocabulary or 0) + header.lengths.get("tokenizer.ggml.merges", 0)
