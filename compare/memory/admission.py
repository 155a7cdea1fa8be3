"""Whether a model may be fetched and loaded, and how much of it on the GPU; what would fit instead.

Knows estimates and words; reads a header, loads nothing. A prediction that can't be made refuses nothing.
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
from compare.memory.predict import Free, Prediction, Reserved, missing, predict
from compare.memory.rules import PORTABLE, EstimateError
from compare.models.catalogue import MODELS
from compare.models.spec import ModelFile
from compare.protocol.devices import Gpus
from compare.protocol.events import Estimated, Hello

SMALLER = "Choose a smaller model."
CLOSE_OR_SMALLER = "Close other programs, or choose a smaller model."


@dataclass(frozen=True, slots=True)
class Admission:
    """What a file is predicted to take; None where there is no prediction."""

    header: Header | None = None
    prediction: Prediction | None = None
    reserved: Reserved | None = None
    gpu: bool = False
    """whether llama.cpp sees one"""
    features: frozenset[str] = PORTABLE
    """of the processor, that llama.cpp was built for"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column's file that waits to be loaded; without a path it is still on its way here."""

    file: ModelFile
    path: str | None = None
    hello: Hello | None = None
    told: Estimated | None = None


class Gate:
    """What a comparison asks before it fetches and loads. Decides by the memory there is at that moment."""

    def __init__(self, gpus=Gpus):
        self._gpus = gpus

    def foresee(
        self, file: ModelFile, settings: LoadSettings
    ) -> tuple[Prediction | None, str | None]:
        """For a file that isn't here: what it will take by its model's known shape, and why it can never
        load on this machine, whatever else is closed.
        """
        header = _header(Candidate(file))
        if header is None:
            return None, None
        totals = self._gpus().totals()
        room = Free(total_bytes(), sum(totals) if totals else None)
        layers = settings.layers
        if totals and layers is None:
            layers = layers_that_fit(header, settings.n_ctx, settings.kv_type, room)
        gpu = bool(totals)
        prediction = predict(header, settings.n_ctx, settings.kv_type, layers, gpu=gpu)
        admission = Admission(header, prediction, gpu=gpu)
        return prediction, refusal(file, admission, room, ever=True)

    def divides(self, settings: LoadSettings) -> bool:
        """Whether the layers on the GPU are ours to choose."""
        return settings.gpu_layers == "auto" and bool(self._gpus().totals())

    def divide(self, waiting: Sequence[Candidate], settings: LoadSettings) -> list[LoadSettings]:
        """The settings for each, so that all fit on the GPU together; as asked where nobody can tell."""
        found = [settings] * len(waiting)
        free = self._gpus().free_bytes()
        hello = next((each.hello for each in waiting if each.hello), None)
        if free is None or not hello or not hello.gpus:
            return found
        known = {
            i: (header, _reserved(each.told))
            for i, each in enumerate(waiting)
            if (header := _header(each)) is not None
        }
        layers = layers_side_by_side(
            list(known.values()), settings.n_ctx, settings.kv_type, free, _features(hello)
        )
        for i, n in zip(known, layers, strict=True):
            found[i] = settings.model_copy(update={"gpu_layers": n})
        return found

    def decide(
        self, file: ModelFile, path: str, settings: LoadSettings, hello: Hello | None, pid: int,
        told: Estimated, held_bytes: int,
    ) -> tuple[Prediction | None, str | None]:  # fmt: skip
        """What a file that is here will take, and why it must not load; None where nobody can tell.

        `hello`, `pid`: of the column's child; `told`: what llama.cpp would reserve, said by it.
        `held_bytes`: what the other columns will still take of the memory that looks free.
        """
        admission = weighed(path, settings, hello, told)
        vram = self._gpus().free_bytes() if admission.gpu else None
        free = Free(max(0, free_bytes(child=pid) - held_bytes), vram)
        return admission.prediction, refusal(file, admission, free)


def weighed(
    path: str, settings: LoadSettings, hello: Hello | None = None, told: Estimated | None = None
) -> Admission:
    """The prediction for a file here. `told`: what llama.cpp itself would reserve, by a child."""
    gpu, features, reserved = bool(hello and hello.gpus), _features(hello), _reserved(told)
    try:
        _, header = read_model(path)
        prediction = predict(
            header, settings.n_ctx, settings.kv_type, settings.layers, gpu=gpu, features=features,
            reserved=reserved,
        )  # fmt: skip
    except (HeaderError, EstimateError, OSError):
        return Admission(gpu=gpu)
    return Admission(header, prediction, reserved, gpu, features)


def refusal(file: ModelFile, admission: Admission, free: Free, ever: bool = False) -> str | None:
    """Why it must not load and what would fit, in three lines; None where it fits or nobody can tell.

    `ever`: `free` is all that this machine has.
    """
    prediction = admission.prediction
    if prediction is None or not any(short := missing(prediction, free)):
        return None
    ram, vram = short
    account, kind, room = (
        (prediction.vram, "VRAM", free.vram_bytes)
        if vram
        else (prediction.ram, "RAM", free.ram_bytes)
    )
    left = numbers.size(max(0, room))
    fitting = _would_fit(file, admission, free)
    return (
        "There is not enough memory to load this model.\n"
        f"It needs {numbers.about_size(account.total_bytes)} of {kind}, and "
        f"{f'this machine has {left}' if ever else f'{left} is free'}: {numbers.size(vram or ram)} "
        "short, a reserve included.\n" + (fitting or (SMALLER if ever else CLOSE_OR_SMALLER))
    )


def _would_fit(file: ModelFile, admission: Admission, free: Free) -> str | None:
    model = MODELS.get(file.model)
    quants = {q.name: q.bytes for q in model.quants if q.bytes} if model else {}
    found = advice(
        admission.header, admission.prediction, free, quants, gpu=admission.gpu,
        features=admission.features, reserved=admission.reserved,
    )  # fmt: skip
    if not found:
        return None
    listed = "; ".join(_option(option) for option in found)
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
        return known_header(file.model, file.quant, file.bytes) if file.quant else None
    try:
        _, header = read_model(candidate.path)
        predict(header, 512)
    except (HeaderError, EstimateError, OSError):
        return None
    return header


def _reserved(told: Estimated | None) -> Reserved | None:
    if told is None or told.kv_bytes is None:
        return None
    return Reserved(told.ram_compute_bytes, told.vram_compute_bytes, told.kv_bytes)


def _features(hello: Hello | None) -> frozenset[str]:
    return frozenset(hello.features) if hello and hello.features else PORTABLE
