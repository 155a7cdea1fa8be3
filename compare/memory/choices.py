"""What can be changed so that a model fits: layers on the GPU, context, cache, quantization.

Pure: headers and free memory in, settings out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from compare.gguf.header import Header
from compare.memory.predict import (
    GPU_MARGIN_BYTES,
    Free,
    Prediction,
    Reservation,
    layers_of,
    missing,
    predict,
)
from compare.memory.rules import PORTABLE


@dataclass(frozen=True, slots=True)
class Option:
    """One change that makes a model fit: `setting` is gpu_layers, n_ctx, kv_type or quant."""

    setting: str
    value: int | str
    prediction: Prediction


def layers_that_fit(header: Header, n_ctx: int, kv_type: str, free: Free, **settings) -> int:
    """The most layers on the GPU that fit into its free memory, of the model's own and the output."""
    fewest, most = 0, layers_of(header) + 1
    while fewest < most:
        middle = (fewest + most + 1) // 2
        prediction = predict(header, n_ctx, kv_type, middle, gpu=True, **settings)
        if missing(prediction, Free(None, free.vram_bytes))[1]:
            most = middle - 1
        else:
            fewest = middle
    return fewest


def layers_side_by_side(
    models: Sequence[tuple[Header, Reservation | None]], n_ctx: int, kv_type: str, vram_bytes: int,
    features: frozenset[str] = PORTABLE,
) -> list[int]:  # fmt: skip
    """How many layers of each model go to the GPU so that all fit into its free memory together.

    Each gets the same share of its layers, as large as fits; then, in their order, what is still free.
    `Reservation` is for all layers on the GPU, None where unknown: then nothing is counted for it.
    """
    whole = [layers_of(header) + 1 for header, _ in models]

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
    shares = [n * fewest // max(whole) for n in whole]
    for i, n in enumerate(whole):
        while shares[i] < n and fits([*shares[:i], shares[i] + 1, *shares[i + 1 :]]):
            shares[i] += 1
    return shares


def advice(
    header: Header,
    prediction: Prediction,
    free: Free,
    quants: Mapping[str, int] = MappingProxyType({}),
    *,
    gpu: bool = False,
    features: frozenset[str] = PORTABLE,
    reserved: Reservation | None = None,
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
