"""A GGUF's header: what the file says of itself, read without believing it.

Reads a few megabytes of a file of any size: every count and length is held against the bytes there are,
long arrays are stepped over, and a file that is something else is named for what it is. Knows nothing of
memory, of the Hub, or of what llama.cpp makes of a model.
"""

import os
import re
import stat
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from typing import BinaryIO

MAX_HEADER_BYTES = 128 * 2**20
"""Gemma's vocabulary of 262,144 tokens takes 6 MB; nothing known comes near this."""
MAX_KEYS = 4096
MAX_TENSORS = 2**15
MAX_LAYERS = 512  # LLAMA_MAX_LAYERS in llama.cpp's src/llama-hparams.h
MAX_STRING_BYTES = 2**30
"""as llama.cpp's GGUF_MAX_STRING_LENGTH and GGUF_MAX_ARRAY_ELEMENTS (ggml/src/gguf.cpp)"""
MAX_NAME_BYTES = 64  # GGML_MAX_NAME in ggml.h, its final zero included
MAX_KEPT_ARRAY = 1024
MAX_KEPT_STRING_BYTES = 4096
MAX_TEMPLATE_BYTES = 2**20
MAX_KEPT_BYTES = 4 * 2**20
_CHUNK = 2**20
_TEMPLATE = "tokenizer.chat_template"

_STRING, _ARRAY = 8, 9
_LETTERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_SCALARS = {kind: struct.Struct("<" + letter) for kind, letter in _LETTERS.items()}
_U32 = _SCALARS[4]
_SIZE = struct.Struct("<Q")

# Elements and bytes of a block of each ggml_type (ggml.h; sizes: ggml-common.h).
TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
    42: ("Q2_0", 64, 18),
}

# llama_ftype in llama.h, without LLAMA_FTYPE_ and MOSTLY_; 4, 5, 6 and 33 to 35 were withdrawn.
FILE_TYPES = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"},
    **{11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S"},
    **{17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS"},
    **{23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S"},
    **{29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0"},
    **{38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0"},
}

_SPLIT_EXPERT = re.compile(r"blk\.\d+\.ffn_(gate|up|down)\.\d+\.weight")
_PART_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)

# Architectures of llama.cpp (src/llama-arch.cpp) that turn text into a vector, not into text.
EMBEDDING = frozenset(
    (
        *("bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "eurobert"),
        *("jina-bert-v2", "jina-bert-v3", "gemma-embedding", "llama-embed", "t5encoder"),
    )
)
_OTHER_KINDS = {
    "mmproj": "a vision projector: the part of a model that reads images",
    "adapter": "a LoRA adapter: changes to a model, not the model",
    "imatrix": "an importance matrix: notes for quantizing a model, not the model",
}

Scalar = int | float | bool | str


class HeaderError(Exception):
    """What is wrong with a file on the first line of its text, what to do on the next."""


class CutShort(HeaderError):
    """The header goes on beyond the bytes there are; `needed_bytes` are at least needed of the file."""

    def __init__(self, message: str, needed_bytes: int):
        super().__init__(message)
        self.needed_bytes = needed_bytes


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


def read_header(source: str | os.PathLike | BinaryIO) -> Header:
    """The header of a file, given by its path or opened (the first bytes of it will do).

    Raises HeaderError; CutShort where the bytes end within the header. Touches only the header, so a
    file whose tensors are missing gets its Header too: `check` says what is wrong with it.
    """
    if hasattr(source, "read"):
        return _read(source)
    try:
        found = os.stat(source)
    except (OSError, ValueError) as error:  # ValueError: no path can be written so
        raise _unreadable(error) from error
    if not stat.S_ISREG(found.st_mode):  # opening a FIFO would wait for ever
        raise HeaderError("This is not a regular file.\nName a .gguf file.")
    return _read_once(
        os.fspath(source), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    )


@lru_cache(maxsize=64)
def _read_once(path: str, *_identity: int) -> Header:
    """A large vocabulary takes a tenth of a second to pass over, and each run asks for its headers."""
    try:
        with open(path, "rb", buffering=0) as file:
            return _read(file)
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> HeaderError:
    said = getattr(error, "strerror", None) or str(error)
    return HeaderError(f"The file can't be read: {said}.\nCheck its path and its permissions.")


def check(header: Header, file_bytes: int) -> None:
    """Raises HeaderError for a file that can't answer prompts: of another kind, or cut short."""
    if header.split is None or header.split.no == 0:  # the first part speaks for all
        _check_kind(header)
    missing = header.file_bytes - file_bytes
    if missing > 0:
        raise HeaderError(
            f"The file is cut short: {missing:,} of its {header.file_bytes:,} bytes are missing.\n"
            "Download it again."
        )


def _check_kind(header: Header) -> None:
    kind = "mmproj" if header.architecture == "clip" else header.metadata.get("general.type")
    if what := _OTHER_KINDS.get(kind):
        raise HeaderError(f"This is {what}.\nChoose the model's own file.")
    pooling = header.get("pooling_type")
    if header.architecture in EMBEDDING or (isinstance(pooling, int) and pooling > 0):
        raise HeaderError(
            "This is an embedding model: it turns text into numbers and writes no answers.\n"
            "Choose a model for chat or for completing text."
        )
    if header.split_experts:
        raise HeaderError(
            "This is an older Mixtral file with split experts, made before llama.cpp changed the "
            "layout.\nUse mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF."
        )
    if not header.architecture:
        raise HeaderError(
            "The file doesn't say of which architecture its model is.\nChoose another file of it."
        )
    if not header.tensors and header.split is None:
        raise HeaderError(
            "The file holds no weights, only a header.\nChoose another file of this model."
        )
    # On these llama.cpp ends its process (GGML_ASSERT in llama_model_base::load_hparams).
    if not header.layers or header.layers > MAX_LAYERS:
        raise _damaged("no layers" if not header.layers else f"{header.layers:,} layers")
    used, experts = header.get("expert_used_count"), header.get("expert_count") or 0
    if isinstance(used, int) and isinstance(experts, int) and used > experts:
        raise _damaged(f"{used:,} experts used of {experts:,}")


def parts(path: str | os.PathLike, header: Header) -> list[str]:
    """The paths of all parts of a model's file, the first one first, whichever part `path` is.

    A file in one piece is its only part. Raises HeaderError where a part is missing, or where the
    name doesn't say where the others are: llama.cpp finds them by their names.
    """
    path = os.fspath(path)
    if header.split is None:
        return [path]
    no, count = header.split.no, header.split.count
    found = _PART_NAME.fullmatch(path)
    if not found or (int(found[2]), int(found[3])) != (no + 1, count):
        raise HeaderError(
            f"This is part {no + 1} of {count}, but its name doesn't say so.\n"
            f"Give each part its name back: the model's, then -{no + 1:05}-of-{count:05}.gguf."
        )
    paths = [f"{found[1]}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1)]
    missing = [_shown(os.path.basename(each)) for each in paths if not os.path.isfile(each)]
    if missing:
        what = f"{missing[0]} is" if len(missing) == 1 else f"{' and '.join(missing[:2])} are"
        more = f", nor {len(missing) - 2} more" if len(missing) > 2 else ""
        raise HeaderError(
            f"The model is in {count} parts, and {what} not in this folder{more}.\n"
            "Download what is missing into the same folder."
        )
    return paths


def read_model(path: str | os.PathLike) -> tuple[str, Header]:
    """What to load and what it is: the first part's path, its header with the tensors of all parts.

    Every part is checked. Raises HeaderError.
    """
    header = read_header(path)
    paths = parts(path, header)
    if len(paths) == 1:
        check(header, os.stat(path).st_size)
        return paths[0], header
    headers = [_read_part(part, no, len(paths)) for no, part in enumerate(paths)]
    tensors = tuple(tensor for each in headers for tensor in each.tensors)
    whole = replace(
        headers[0],
        tensors=tensors,
        parameters=sum(tensor.elements for tensor in tensors),
        quant=FILE_TYPES.get(headers[0].file_type) or _most_common_type(tensors),
        file_bytes=sum(each.file_bytes for each in headers),
    )
    _check_kind(whole)
    return paths[0], whole


def _read_part(path: str, no: int, count: int) -> Header:
    try:
        header = read_header(path)
        check(header, os.stat(path).st_size)
    except HeaderError as error:
        raise HeaderError(f"Part {no + 1} of {count}: {error}") from error
    if header.split is None or (header.split.no, header.split.count) != (no, count):
        raise HeaderError(
            f"{_shown(os.path.basename(path))} is not the part that its name says.\nDownload it again."
        )
    return header


class _Bytes:
    """A file's bytes in their order, a megabyte in memory at a time, never read past their end."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._start = 0
        self._chunk = b""
        self._at = 0

    @property
    def position(self) -> int:
        return self._start + self._at

    def first(self, n: int) -> bytes:
        """The next bytes, `n` at most, which are not taken."""
        if len(self._chunk) - self._at < n:
            self._fill()
        return self._chunk[self._at : self._at + n]

    def take(self, n: int) -> bytes:
        """The next `n` bytes, a chunk at most."""
        self._need(n)
        taken = self.first(n)
        self._at += n
        return taken

    def skip(self, n: int) -> None:
        self._need(n)
        self._at += n

    def number(self, kind: struct.Struct):
        if len(self._chunk) - self._at < kind.size:
            self._need(kind.size)
            self._fill()
        value = kind.unpack_from(self._chunk, self._at)[0]
        self._at += kind.size
        return value

    def skip_strings(self, n: int) -> None:
        """Steps over `n` strings, about ten million a second."""
        size_at = _SIZE.unpack_from
        while n:
            self._need(8 * n)
            if len(self._chunk) - self._at < 8:
                self._fill()
            chunk, at = self._chunk, self._at
            try:
                for n in range(n, 0, -1):  # noqa: B007, B020  how many are left, should it break off
                    at += 8 + size_at(chunk, at)[0]
                n = 0
            except (struct.error, OverflowError):  # the next one begins beyond this chunk
                pass
            self.skip(at - self._at)

    def _fill(self) -> None:
        self._start, self._at, self._chunk = self.position, 0, b""
        self._file.seek(self._start)
        self._chunk = self._file.read(_CHUNK)
        if len(self._chunk) < min(_CHUNK, self.size - self._start):  # it shrinks as it is read
            raise _cut_short(self._start + len(self._chunk), self.size)

    def _need(self, n: int) -> None:
        end = self.position + n
        if end > MAX_HEADER_BYTES:
            raise _damaged(f"a header of more than {MAX_HEADER_BYTES // 2**20} MB")
        if end > self.size:
            raise _cut_short(self.size, end)


def _cut_short(have: int, needed: int) -> CutShort:
    return CutShort(
        f"The file is cut short: it ends within its header, after {have:,} bytes; at least "
        f"{needed - have:,} are missing.\nDownload it again.",
        needed,
    )


def _damaged(what: str) -> HeaderError:
    return HeaderError(f"The file is damaged: its header tells of {what}.\nDownload it again.")


def _read(file: BinaryIO) -> Header:
    source = _Bytes(file)
    version = _version(source)
    n_tensors, n_keys = source.number(_SIZE), source.number(_SIZE)
    if n_tensors > MAX_TENSORS:
        raise _damaged(f"{n_tensors:,} tensors")
    if n_keys > MAX_KEYS:
        raise _damaged(f"{n_keys:,} entries")
    found = _Metadata()
    for _ in range(n_keys):
        found.read_entry(source)
    alignment = found.values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise _damaged(f"an alignment of {_shown(alignment)}")
    tensors = _read_tensors(source, n_tensors, alignment)
    return _header(version, found, tensors, _padded(source.position, alignment))


def _header(
    version: int, found: "_Metadata", tensors: tuple[Tensor, ...], data_offset: int
) -> Header:
    values = found.values
    architecture = _text(values.get("general.architecture"))
    file_type = _count(values.get("general.file_type"))
    return Header(
        version=version,
        architecture=architecture,
        name=_text(values.get("general.name")),
        file_type=file_type,
        quant=FILE_TYPES.get(file_type) or _most_common_type(tensors),
        parameters=sum(tensor.elements for tensor in tensors),
        context=_count(values.get(f"{architecture}.context_length")),
        layers=_count(values.get(f"{architecture}.block_count")),
        chat_template=found.template,
        metadata=values,
        lengths=found.lengths,
        tensors=tensors,
        data_offset=data_offset,
        file_bytes=data_offset + tensors[-1].offset + tensors[-1].nbytes
        if tensors
        else data_offset,
        split=_split(values),
    )


def _version(source: _Bytes) -> int:
    """What follows the magic. Names what is no GGUF that can be read."""
    begins = source.first(4096)
    if begins[:4] != b"GGUF":
        raise _not_gguf(begins, source.size)
    source.skip(4)
    version = source.number(_U32)
    if version and version & 0xFFFF == 0:
        raise HeaderError(
            "This is a big-endian GGUF, for processors that order bytes the other way.\n"
            "Choose a file of this model that isn't named big-endian."
        )
    if version < 2:
        raise HeaderError(
            f"This is a GGUF of version {version}, of 2023, which llama.cpp no longer reads.\n"
            "Choose a newer file of this model."
        )
    if version > 3:
        raise HeaderError(
            f"This is a GGUF of version {version}, newer than this app knows.\n"
            "Download it again, or use a newer version of the app."
        )
    return version


@dataclass(slots=True)
class _Metadata:
    """The entries of a header as they are read; what is kept of them is bounded."""

    values: dict[str, Scalar | tuple] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    template: str | None = None
    _seen: set[str] = field(default_factory=set)
    _room: int = MAX_KEPT_BYTES

    def read_entry(self, source: _Bytes) -> None:
        key = _string(source, MAX_KEPT_STRING_BYTES)
        if not key or key in self._seen:
            raise _damaged(f"an entry without a name of its own (“{_shown(key or '')}”)")
        self._seen.add(key)
        kind = source.number(_U32)
        if kind == _ARRAY:
            self._read_array(key, source)
        elif kind == _STRING:
            self._read_string(key, source)
        elif kind in _SCALARS:
            self._keep(key, source.number(_SCALARS[kind]), 8)
        else:
            raise _damaged(f"an entry of a kind that doesn't exist ({kind})")

    def _read_string(self, key: str, source: _Bytes) -> None:
        if key == _TEMPLATE:
            self.template = _string(source, MAX_TEMPLATE_BYTES)
        elif (text := _string(source, MAX_KEPT_STRING_BYTES)) is not None:
            self._keep(key, text, 4 * len(text))

    def _read_array(self, key: str, source: _Bytes) -> None:
        kind, n = source.number(_U32), source.number(_SIZE)
        if n > MAX_STRING_BYTES:
            raise _damaged(f"a list of {n:,} values")
        self.lengths[key] = n
        if kind == _STRING:
            source.skip_strings(n)
        elif kind not in _SCALARS:
            raise _damaged(f"a list of a kind that doesn't exist ({kind})")
        elif n > MAX_KEPT_ARRAY:
            source.skip(n * _SCALARS[kind].size)
        else:
            values = source.take(n * _SCALARS[kind].size)
            self._keep(key, struct.unpack(f"<{n}{_LETTERS[kind]}", values), 32 * n)

    def _keep(self, key: str, value: Scalar | tuple, size: int) -> None:
        self._room -= size
        if self._room >= 0:
            self.values[key] = value


def _string(source: _Bytes, longest: int) -> str | None:
    """The next string; None where it is longer than that."""
    size = source.number(_SIZE)
    if size > MAX_STRING_BYTES:
        raise _damaged(f"a text of {size:,} bytes")
    if size > longest:
        return source.skip(size)
    return source.take(size).decode("utf-8", "replace")


def _read_tensors(source: _Bytes, n: int, alignment: int) -> tuple[Tensor, ...]:
    tensors: dict[str, Tensor] = {}
    end = 0
    for _ in range(n):
        tensor = _read_tensor(source)
        if tensor.name in tensors:
            raise _damaged(f"two tensors of one name (“{_shown(tensor.name)}”)")
        if tensor.offset != end:  # llama.cpp insists on it too
            raise _damaged(f"a tensor that isn't where it should be (“{_shown(tensor.name)}”)")
        tensors[tensor.name] = tensor
        end += _padded(tensor.nbytes, alignment)
    return tuple(tensors.values())


def _read_tensor(source: _Bytes) -> Tensor:
    name = _string(source, MAX_NAME_BYTES - 1)
    if name is None:
        raise _damaged("a tensor with too long a name")
    n_dims = source.number(_U32)
    if n_dims > 4:
        raise _damaged(f"a tensor of {n_dims:,} dimensions (“{_shown(name)}”)")
    shape = tuple(source.number(_SIZE) for _ in range(n_dims))
    kind, offset = source.number(_U32), source.number(_SIZE)
    if kind not in TYPES:
        raise HeaderError(
            f"The file's tensors are of a type (number {kind}) that llama.cpp doesn't read.\n"
            "Choose another quantization of this model."
        )
    type_name, block, block_bytes = TYPES[kind]
    row = shape[0] if shape else 1
    if prod(shape) >= 2**63 or not prod(shape) or row % block:
        sizes = " × ".join(f"{size:,}" for size in shape)
        raise _damaged(f"a tensor that can't be (“{_shown(name)}”: {sizes} in {type_name})")
    nbytes = prod(shape) // block * block_bytes
    return Tensor(name, shape, type_name, offset, nbytes)


def _padded(n: int, alignment: int) -> int:
    return -(-n // alignment) * alignment


def _most_common_type(tensors: tuple[Tensor, ...]) -> str | None:
    total = Counter()
    for tensor in tensors:
        total[tensor.type] += tensor.nbytes
    return total.most_common(1)[0][0] if total else None


def _split(values: Mapping[str, Scalar | tuple]) -> Split | None:
    count, no = values.get("split.count"), values.get("split.no")
    if not isinstance(count, int) or count < 2:
        return None
    if not isinstance(no, int) or not 0 <= no < count <= 99_999:
        raise _damaged(f"part {_shown(no)} of {count}")
    return Split(no, count, _count(values.get("split.tensors.count")))


def _shown(value) -> str:
    """What a file says of itself, fit to stand in a sentence."""
    text = str(value)[:100]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _text(value) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value) -> int | None:
    return value if type(value) is int and value >= 0 else None


# What a file that is no GGUF begins with, what that is, and what to do.
_OTHER_FILES = (
    (
        rb"\s*(<!doctype html|<html|<\?xml|<head)",
        "This is a web page that was saved under the file's name, not a GGUF file",
        "Download it again; the page may ask to log in or to accept a licence first.",
    ),
    (
        rb"version https://git-lfs",
        "This is a Git LFS pointer, a note of where the file is, not the file",
        "Run “git lfs pull” in its folder, or download the file itself.",
    ),
    (
        rb"PK\x03\x04.{0,200}data\.pkl|\x80[\x02-\x05]",
        "These are PyTorch weights, not a GGUF file",
        "Choose a GGUF file of this model, or convert it with llama.cpp's convert_hf_to_gguf.py.",
    ),
    (
        rb'.{5}\0{3}\s*\{\s*"',
        "These are weights in the safetensors format, not a GGUF file",
        "Choose a GGUF file of this model, or convert it with llama.cpp's convert_hf_to_gguf.py.",
    ),
    (
        rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|\xfd7zXZ",
        "This is a packed archive, not a GGUF file",
        "Unpack it and name the .gguf file in it.",
    ),
    (
        rb"lmgg|fmgg|tjgg|algg|ggml|ggmf|ggjt|ggla",
        "This is a GGML file of before August 2023, which llama.cpp no longer reads",
        "Choose a GGUF file of this model.",
    ),
    (
        rb"\0+\Z",
        "The file holds only zeros: its download was begun and never finished",
        "Download it again.",
    ),
)


def _not_gguf(begins: bytes, size: int) -> HeaderError:
    if not begins:
        return HeaderError("The file is empty.\nDownload it again.")
    if b"GGUF".startswith(begins):
        return _cut_short(size, 24)
    for pattern, what, advice in _OTHER_FILES:
        if re.match(pattern, begins, re.DOTALL | re.IGNORECASE):
            return HeaderError(f"{what}.\n{advice}")
    if line := _first_line(begins):
        return HeaderError(
            f"This is text, not a GGUF file. It begins: “{line}”.\nDownload it again."
        )
    return HeaderError("This is not a GGUF file.\nName a .gguf file, or download it again.")


def _first_line(begins: bytes) -> str | None:
    """What a text begins with, 80 letters at most; None where it is no text."""
    try:
        text = begins[:400].decode()
    except UnicodeDecodeError as error:
        if error.start < min(len(begins), 400) - 3:
            return None
        text = begins[: error.start].decode()
    lines = text.strip().splitlines()
    if not lines or not all(letter.isprintable() or letter in "\t\r\n" for letter in text):
        return None
    return lines[0].strip()[:80]
