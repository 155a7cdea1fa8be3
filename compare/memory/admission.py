"""Whether a model may be fetched and loaded, and how much of it on the GPU; what would fit instead.

Knows predictions and words; reads a header, loads nothing. A prediction that can't be made refuses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from compare import numbers
from compare.asked.settings import LoadSettings
from compare.gguf.header import Header, HeaderError
from compare.gguf.model import read_model
from compare.memory.choices import Option, advice, layers_side_by_side, layers_that_fit
from compare.memory.free import free_bytes, total_bytes
from compare.memory.known import known_header
from compare.memory.predict import Free, Prediction, Reservation, missing, predict
from compare.memory.rules import PORTABLE, PredictionError
from compare.models.spec import ModelFile
from compare.protocol.devices import Gpus
from compare.protocol.events import Hello, Reserved

SMALLER = "Choose a smaller model."
CLOSE_OR_SMALLER = "Close other programs, or choose a smaller model."


@dataclass(frozen=True, slots=True)
class Need:
    """What a file is predicted to take, and from what that was told; no prediction where nobody can tell."""

    header: Header | None = None
    prediction: Prediction | None = None
    reservation: Reservation | None = None
    gpu: bool = False
    """whether llama.cpp sees one"""
    features: frozenset[str] = PORTABLE
    """of the processor, that llama.cpp was built for"""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a file may be fetched or loaded."""

    prediction: Prediction | None = None
    """what it will take; None where nobody can tell"""
    refusal: str | None = None
    """why it may not, and what would fit, in three lines"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column's file that waits to be loaded; without a path it is still on its way here."""

    file: ModelFile
    path: str | None = None
    hello: Hello | None = None
    reserved: Reserved | None = None


class Gate:
    """What is asked before a file is fetched and loaded. Decides by the memory there is at that moment."""

    def __init__(self, gpus=Gpus):
        self._gpus = gpus

    def predict(
        self, file: ModelFile, settings: LoadSettings, path: str | None = None
    ) -> Prediction | None:
        """What a file will take, before any model's process is asked, with all that this machine has.

        By its own header where it is here, at `path`; else by its model's known shape.
        """
        return self._ahead(Candidate(file, path), settings)[0].prediction

    def admit_fetch(self, file: ModelFile, settings: LoadSettings) -> Admission:
        """For a file that isn't here: refused is what could never load here, whatever else is closed."""
        need, room = self._ahead(Candidate(file), settings)
        return Admission(need.prediction, refusal(file, need, room, ever=True))

    def _ahead(self, candidate: Candidate, settings: LoadSettings) -> tuple[Need, Free]:
        totals = self._gpus().totals()
        gpu, room = bool(totals), Free(total_bytes(), sum(totals) if totals else None)
        header = _header(candidate)
        if header is None:
            return Need(gpu=gpu), room
        layers = settings.layers
        if gpu and layers is None:
            layers = layers_that_fit(header, settings.n_ctx, settings.kv_type, room)
        prediction = predict(header, settings.n_ctx, settings.kv_type, layers, gpu=gpu)
        return Need(header, prediction, gpu=gpu), room

    def divides(self, settings: LoadSettings) -> bool:
        """Whether the layers on the GPU are ours to choose."""
        return settings.gpu_layers == "auto" and bool(self._gpus().totals())

    def divide(self, waiting: Sequence[Candidate], settings: LoadSettings) -> list[LoadSettings]:
        """The settings for each, so that all fit on the GPU together; as asked where nobody can tell."""
        divided = [settings] * len(waiting)
        free = self._gpus().free_bytes()
        hello = next((each.hello for each in waiting if each.hello), None)
        if free is None or not hello or not hello.gpus:
            return divided
        known = {
            i: (header, _reservation(each.reserved))
            for i, each in enumerate(waiting)
            if (header := _header(each)) is not None
        }
        layers = layers_side_by_side(
            list(known.values()), settings.n_ctx, settings.kv_type, free, _features(hello)
        )
        for i, n in zip(known, layers, strict=True):
            divided[i] = settings.model_copy(update={"gpu_layers": n})
        return divided

    def admit_load(
        self, file: ModelFile, path: str, settings: LoadSettings, hello: Hello | None, pid: int,
        reserved: Reserved, held_bytes: int,
    ) -> Admission:  # fmt: skip
        """For a file that is here.

        `hello`, `pid`: of the column's child; `reserved`: what llama.cpp would reserve, said by it.
        `held_bytes`: what the other columns will still take of the memory that looks free.
        """
        need = need_of(path, settings, hello, reserved)
        vram = self._gpus().free_bytes() if need.gpu else None
        free = Free(max(0, free_bytes(child=pid) - held_bytes), vram)
        return Admission(need.prediction, refusal(file, need, free))


def need_of(
    path: str, settings: LoadSettings, hello: Hello | None = None, reserved: Reserved | None = None
) -> Need:
    """What a file here will take. `reserved`: what llama.cpp itself would reserve, by a child."""
    gpu, features, reservation = (
        bool(hello and hello.gpus),
        _features(hello),
        _reservation(reserved),
    )
    try:
        _, header = read_model(path)
        prediction = predict(
            header, settings.n_ctx, settings.kv_type, settings.layers, gpu=gpu, features=features,
            reserved=reservation,
        )  # fmt: skip
    except (HeaderError, PredictionError, OSError):
        return Need(gpu=gpu)
    return Need(header, prediction, reservation, gpu, features)


def refusal(file: ModelFile, need: Need, free: Free, ever: bool = False) -> str | None:
    """Why it must not load and what would fit, in three lines; None where it fits or nobody can tell.

    `ever`: `free` is all that this machine has.
    """
    prediction = need.prediction
    if prediction is None or not any(short := missing(prediction, free)):
        return None
    ram, vram = short
    account, kind, room = (
        (prediction.vram, "VRAM", free.vram_bytes)
        if vram
        else (prediction.ram, "RAM", free.ram_bytes)
    )
    left = numbers.size(max(0, room))
    fitting = _would_fit(file, need, free)
    return (
        "There is not enough memory to load this model.\n"
        f"It needs {numbers.about_size(account.total_bytes)} of {kind}, and "
        f"{f'this machine has {left}' if ever else f'{left} is free'}: {numbers.size(vram or ram)} "
        "short, a reserve included.\n" + (fitting or (SMALLER if ever else CLOSE_OR_SMALLER))
    )


def _would_fit(file: ModelFile, need: Need, free: Free) -> str | None:
    quants = {quant.name: quant.bytes for quant in file.about.quants if quant.bytes}
    options = advice(
        need.header, need.prediction, free, quants, gpu=need.gpu, features=need.features,
        reserved=need.reservation,
    )  # fmt: skip
    if not options:
        return None
    listed = "; ".join(_option(option) for option in options)
    return f"This would fit: {listed}."


def _option(option: Option) -> str:
    match option.setting:
        case "gpu_layers":
            return f"{option.value} layers on the GPU"
        case "n_ctx":
            return f"a context of {option.value:,} tokens"
        case "kv_type":
            return f"a {option.value} cache"
    return f"the quantization {option.value}"


def _header(candidate: Candidate) -> Header | None:
    """What is known of a file's tensors, here or not."""
    file = candidate.file
    if candidate.path is None:
        return known_header(file.about.shape, file.quant, file.bytes)
    try:
        _, header = read_model(candidate.path)
        predict(header, 512)
    except (HeaderError, PredictionError, OSError):
        return None
    return header


def _reservation(reserved: Reserved | None) -> Reservation | None:
    if reserved is None or reserved.kv_bytes is None:
        return None
    return Reservation(reserved.ram_compute_bytes, reserved.vram_compute_bytes, reserved.kv_bytes)


def _features(hello: Hello | None) -> frozenset[str]:
    return frozenset(hello.features) if hello and hello.features else PORTABLE
