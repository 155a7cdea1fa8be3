"""Which models fit on which hardware, and how many of their layers on its GPU.

`learn` reads what is known of each file; `fit` is pure: files and machines in, a Fit each out. Asks no
network and loads nothing, so the buffers that llama.cpp computes in stay unknown, and every Fit is
approximate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from compare.asked.settings import LoadSettings
from compare.gguf.header import Header, HeaderError
from compare.gguf.model import read_model
from compare.memory.choices import layers_that_fit
from compare.memory.hardware import Hardware
from compare.memory.known import known_header
from compare.memory.predict import (
    CUDA_CONTEXT_BYTES,
    GPU_MARGIN_BYTES,
    Free,
    Prediction,
    missing,
    predict,
)
from compare.memory.rules import PredictionError
from compare.models.local import FileError, local_path
from compare.models.spec import ModelFile
from compare.usage import UsageError, faults

UNKNOWN_SHAPE = "Nothing is known of it before its file is here."


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a file before it loads."""

    file: ModelFile
    header: Header | None = None
    from_file: bool = False
    """read from the file itself, rather than from the model's known shape and size"""
    trouble: str | None = None
    """why there can be no prediction, and what to do on the next line"""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a model fits on a machine. None is unknown."""

    model: Known
    hardware: Hardware
    n_ctx: int
    """as it was asked for, or where the model's training ends"""
    kv_type: str
    prediction: Prediction | None = None
    """with as many layers on the GPU as fit there"""
    fits: bool | None = None
    """it runs so, the rest in RAM"""

    @property
    def file(self) -> ModelFile:
        return self.model.file

    @property
    def layers(self) -> int | None:
        """The output counts as one."""
        return self.prediction.layers if self.prediction else None

    @property
    def layers_that_fit(self) -> int | None:
        """On the GPU; of several GPUs, on all of them together."""
        return self.prediction.gpu_layers if self.prediction else None

    @property
    def predicted_bytes(self) -> int | None:
        """RAM and VRAM together."""
        return self.prediction.total_bytes if self.prediction else None

    @property
    def approximate(self) -> bool:
        return self.prediction is None or self.prediction.approximate or not self.model.from_file


def settings(n_ctx: int, kv_type: str) -> LoadSettings:
    """A context's length and its cache's type, checked. Raises UsageError."""
    try:
        return LoadSettings(n_ctx=n_ctx, kv_type=kv_type)
    except ValidationError as error:
        raise UsageError(str(faults(error)[0])) from error


def learn(
    models: Sequence[ModelFile], trouble: Callable[[ModelFile], str | None] = lambda _: None
) -> list[Known]:
    """What is known of each file: its header where it is here, else its model's shape and size.

    `trouble`: what else is known of why one can't be loaded.
    """
    return [_learned(file, trouble) for file in models]


def _learned(file: ModelFile, trouble: Callable[[ModelFile], str | None]) -> Known:
    try:
        path = local_path(file)
        if path is None:
            return _by_name(file)
        _, header = read_model(path)
        predict(header, 512)
    except FileError as error:
        by_name = _by_name(file)  # a package that is missing: the model may be known all the same
        return by_name if by_name.header else Known(file, trouble=str(error))
    except (HeaderError, PredictionError) as error:
        return Known(file, trouble=str(error))
    if said := trouble(file):
        return Known(file, trouble=said)
    return Known(file, header, from_file=True)


def _by_name(file: ModelFile) -> Known:
    header = known_header(file.about.shape, file.quant, file.bytes)
    if header is None:
        return Known(file, trouble=f"{UNKNOWN_SHAPE}\nFetch it: models --download {file.key}")
    return Known(file, header)


def fit(
    models: Sequence[Known], hardware: Sequence[Hardware], n_ctx: int, kv_type: str
) -> list[Fit]:
    """Each model on each machine, the machines in their order. Raises UsageError."""
    asked = settings(n_ctx, kv_type)
    return [_fit(model, machine, asked) for machine in hardware for model in models]


def _fit(model: Known, machine: Hardware, asked: LoadSettings) -> Fit:
    if model.header is None:
        return Fit(model, machine, asked.n_ctx, asked.kv_type)
    prediction = _best(model.header, machine, asked)
    fits = not any(missing(prediction, _left(machine, prediction)))
    return Fit(model, machine, prediction.n_ctx, asked.kv_type, prediction, fits)


def _best(header: Header, machine: Hardware, asked: LoadSettings) -> Prediction:
    """With as many layers on the GPU as fit there."""
    n_ctx, kv_type = asked.n_ctx, asked.kv_type
    if machine.gpu is None:
        return predict(header, n_ctx, kv_type)
    room = Free(None, _room_on_gpus(machine))
    layers = layers_that_fit(header, n_ctx, kv_type, room)
    return predict(header, n_ctx, kv_type, layers, gpu=True)


def _room_on_gpus(machine: Hardware) -> int:
    """What the GPUs offer together: each but the first pays for its own context and reserve here."""
    each = GPU_MARGIN_BYTES + sum(CUDA_CONTEXT_BYTES) // 2
    return machine.vram_bytes - (machine.gpus - 1) * each


def _left(machine: Hardware, prediction: Prediction) -> Free:
    ram = machine.ram_free_bytes
    if ram is not None and machine.unified:
        ram -= prediction.vram.total_bytes
    return Free(ram, _room_on_gpus(machine) if machine.gpu else None)
