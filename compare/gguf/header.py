"""What a GGUF's header says, as values: tensors, metadata, parts; and what can be wrong with it."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from compare import letters

MAX_LAYERS = 512  # LLAMA_MAX_LAYERS in llama.cpp's src/llama-hparams.h

_SPLIT_EXPERT = re.compile(r"blk\.\d+\.ffn_(gate|up|down)\.\d+\.weight")

Scalar = int | float | bool | str


class HeaderError(Exception):
    """What is wrong with a file on the first line of its text, what to do on the next."""


class CutShort(HeaderError):
    """The header goes on beyond the bytes there are; `needed_bytes` are at least needed of the file."""

    def __init__(self, message: str, needed_bytes: int):
        super().__init__(message)
        self.needed_bytes = needed_bytes


class Unknown(HeaderError):
    """Bytes that tell nothing of what they are."""


@dataclass(frozen=True, slots=True)
class Tensor:
    name: str
    shape: tuple[int, ...]
    """elements, a row's first, as in the file"""
    type: str
    """as ggml names it: F16, Q4_K"""
    offset: int
    """bytes from the header's `data_offset`"""
    nbytes: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Split:
    """A file of several parts: this is part `no` (the first is 0) of `count`."""

    no: int
    count: int
    tensors: int | None
    """of all parts together"""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF says of itself. Sizes in bytes; None where it doesn't say."""

    version: int
    architecture: str | None
    name: str | None
    file_type: int | None
    """llama.h's llama_ftype"""
    quant: str | None
    """the file type's name, Q4_K_M; without one, the type that most bytes are of"""
    parameters: int
    """elements of all tensors"""
    context: int | None
    """tokens it was trained for"""
    layers: int | None
    chat_template: str | None
    metadata: Mapping[str, Scalar | tuple]
    """scalars, and arrays of up to 1,024 numbers; the template, and texts beyond 4 KB, are left out"""
    lengths: Mapping[str, int]
    """of every array, kept or not"""
    tensors: tuple[Tensor, ...]
    data_offset: int
    file_bytes: int
    """how large the file must be to hold its last tensor"""
    split: Split | None = None

    def get(self, key: str) -> Scalar | tuple | None:
        """The value of the architecture's own key: `get("attention.head_count")`."""
        return self.metadata.get(f"{self.architecture}.{key}")

    @property
    def vocabulary(self) -> int | None:
        """How many tokens its vocabulary has."""
        return self.lengths.get("tokenizer.ggml.tokens")

    @property
    def split_experts(self) -> bool:
        """Whether each expert has tensors of its own, as in Mixtral files before March 2024."""
        return any(_SPLIT_EXPERT.fullmatch(tensor.name) for tensor in self.tensors)


def cut_short(have: int, needed: int) -> CutShort:
    return CutShort(
        f"The file is cut short: it ends within its header, after {have:,} bytes; at least "
        f"{needed - have:,} are missing.\nDownload it again.",
        needed,
    )


def damaged(what: str) -> HeaderError:
    return HeaderError(f"The file is damaged: its header tells of {what}.\nDownload it again.")


def most_common_type(tensors: tuple[Tensor, ...]) -> str | None:
    total = Counter()
    for tensor in tensors:
        total[tensor.type] += tensor.nbytes
    return total.most_common(1)[0][0] if total else None


def shown(value) -> str:
    """What a file says of itself, fit to stand in a sentence."""
    return letters.name(str(value)[:100])
