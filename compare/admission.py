"""Whether a model may load: its prediction against what is free, and what would fit instead.

Knows estimates and words; reads a header, loads nothing. A prediction that can't be made refuses nothing.
"""

from dataclasses import dataclass

from compare import words
from compare.catalogue import MODELS
from compare.estimate import (
    EstimateError,
    Free,
    Option,
    Prediction,
    Reserved,
    advice,
    known_header,
    missing,
    predict,
)
from compare.events import Estimated, Hello
from compare.header import Header, HeaderError, read_model
from compare.spec import LoadSettings, ModelFile


@dataclass(frozen=True, slots=True)
class Admission:
    """What a file is predicted to take; None where there is no prediction."""

    header: Header | None = None
    prediction: Prediction | None = None
    reserved: Reserved | None = None


def weighed(
    path: str, settings: LoadSettings, hello: Hello | None = None, told: Estimated | None = None
) -> Admission:
    """The prediction for a file here. `told`: what llama.cpp itself would reserve, by a child."""
    reserved = None
    if told is not None and told.kv_bytes is not None:
        reserved = Reserved(told.ram_compute_bytes, told.vram_compute_bytes, told.kv_bytes)
    try:
        _, header = read_model(path)
        prediction = predict(
            header, settings.n_ctx, settings.kv_type, _layers(settings), **_host(hello),
            reserved=reserved,
        )  # fmt: skip
    except (HeaderError, EstimateError):
        return Admission()
    return Admission(header, prediction, reserved)


def expected(file: ModelFile, settings: LoadSettings) -> Prediction | None:
    """The prediction for a catalogue's file that isn't here yet, from its model's known shape."""
    header = known_header(file.model, file.quant, file.bytes) if file.quant else None
    if header is None:
        return None
    return predict(header, settings.n_ctx, settings.kv_type, _layers(settings))


def refusal(
    file: ModelFile, admission: Admission, free: Free, hello: Hello | None = None
) -> str | None:
    """Why it must not load and what would fit, in two lines; None where it fits or nobody can tell."""
    prediction = admission.prediction
    if prediction is None or not any(short := missing(prediction, free)):
        return None
    ram, vram = short
    account, kind, room = (
        (prediction.vram, "VRAM", free.vram_bytes)
        if vram
        else (prediction.ram, "RAM", free.ram_bytes)
    )
    return (
        "There is not enough memory to load this model.\n"
        f"It needs {words.about_size(account.total_bytes)} of {kind}, and {words.size(max(0, room))} "
        f"is free: {words.size(vram or ram)} short, a reserve included.\n"
        f"{_would_fit(file, admission, free, hello)}"
    )


def _would_fit(file: ModelFile, admission: Admission, free: Free, hello: Hello | None) -> str:
    model = MODELS.get(file.model)
    quants = {q.name: q.bytes for q in model.quants if q.bytes} if model else {}
    found = advice(
        admission.header, admission.prediction, free, quants, **_host(hello),
        reserved=admission.reserved,
    )  # fmt: skip
    if not found:
        return "Close other programs, or choose a smaller model."
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


def _layers(settings: LoadSettings) -> int | None:
    return None if settings.gpu_layers == "auto" else settings.gpu_layers


def _host(hello: Hello | None) -> dict:
    if hello is None:
        return {}
    features = {"features": frozenset(hello.features)} if hello.features else {}
    return {"gpu": bool(hello.gpus), **features}
