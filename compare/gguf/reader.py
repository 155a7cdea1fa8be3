"""Reads a GGUF's header without believing it.

A few megabytes of a file of any size: every count and length is held against the bytes there are,
long arrays are stepped over, and a file that is something else is named for what it is.
"""

import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import BinaryIO

from compare.gguf.header import (
    Header,
    HeaderError,
    Scalar,
    Split,
    Tensor,
    cut_short,
    damaged,
    most_common_type,
    shown,
)
from compare.gguf.others import not_gguf
from compare.gguf.types import FILE_TYPES, TYPES

MAX_HEADER_BYTES = 128 * 2**20
"""Gemma's vocabulary of 262,144 tokens takes 6 MB; nothing known comes near this."""
MAX_KEYS = 4096
MAX_TENSORS = 2**15
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


def read_header(source: str | os.PathLike | BinaryIO) -> Header:
    """The header of a file, given by its path or opened (the first bytes of it will do).

    Raises HeaderError; CutShort where the bytes end within the header. Touches only the header, so a
    file whose tensors are missing gets its Header too: `check` says what is wrong with it.
    """
    if hasattr(source, "read"):
        return _read(source)
    try:
        status = os.stat(source)
    except (OSError, ValueError) as error:  # ValueError: no path can be written so
        raise _unreadable(error) from error
    if not stat.S_ISREG(status.st_mode):  # opening a FIFO would wait for ever
        raise HeaderError("This is not a regular file.\nName a .gguf file.")
    return _read_once(
        os.fspath(source), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
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
            raise cut_short(self._start + len(self._chunk), self.size)

    def _need(self, n: int) -> None:
        end = self.position + n
        if end > MAX_HEADER_BYTES:
            raise damaged(f"a header of more than {MAX_HEADER_BYTES // 2**20} MB")
        if end > self.size:
            raise cut_short(self.size, end)


def _read(file: BinaryIO) -> Header:
    source = _Bytes(file)
    version = _version(source)
    n_tensors, n_keys = source.number(_SIZE), source.number(_SIZE)
    if n_tensors > MAX_TENSORS:
        raise damaged(f"{n_tensors:,} tensors")
    if n_keys > MAX_KEYS:
        raise damaged(f"{n_keys:,} entries")
    metadata = _Metadata()
    for _ in range(n_keys):
        metadata.read_entry(source)
    alignment = metadata.values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise damaged(f"an alignment of {shown(alignment)}")
    tensors = _read_tensors(source, n_tensors, alignment)
    return _header(version, metadata, tensors, padded(source.position, alignment))


def _header(
    version: int, metadata: "_Metadata", tensors: tuple[Tensor, ...], data_offset: int
) -> Header:
    values = metadata.values
    architecture = _text(values.get("general.architecture"))
    file_type = _count(values.get("general.file_type"))
    return Header(
        version=version,
        architecture=architecture,
        name=_text(values.get("general.name")),
        file_type=file_type,
        quant=FILE_TYPES.get(file_type) or most_common_type(tensors),
        parameters=sum(tensor.elements for tensor in tensors),
        context=_count(values.get(f"{architecture}.context_length")),
        layers=_count(values.get(f"{architecture}.block_count")),
        chat_template=metadata.template,
        metadata=values,
        lengths=metadata.lengths,
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
        raise not_gguf(begins, source.size)
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
            raise damaged(f"an entry without a name of its own (“{shown(key or '')}”)")
        self._seen.add(key)
        kind = source.number(_U32)
        if kind == _ARRAY:
            self._read_array(key, source)
        elif kind == _STRING:
            self._read_string(key, source)
        elif kind in _SCALARS:
            self._keep(key, source.number(_SCALARS[kind]), 8)
        else:
            raise damaged(f"an entry of a kind that doesn't exist ({kind})")

    def _read_string(self, key: str, source: _Bytes) -> None:
        if key == _TEMPLATE:
            self.template = _string(source, MAX_TEMPLATE_BYTES)
        elif (text := _string(source, MAX_KEPT_STRING_BYTES)) is not None:
            self._keep(key, text, 4 * len(text))

    def _read_array(self, key: str, source: _Bytes) -> None:
        kind, n = source.number(_U32), source.number(_SIZE)
        if n > MAX_STRING_BYTES:
            raise damaged(f"a list of {n:,} values")
        self.lengths[key] = n
        if kind == _STRING:
            source.skip_strings(n)
        elif kind not in _SCALARS:
            raise damaged(f"a list of a kind that doesn't exist ({kind})")
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
        raise damaged(f"a text of {size:,} bytes")
    if size > longest:
        return source.skip(size)
    return source.take(size).decode("utf-8", "replace")


def _read_tensors(source: _Bytes, n: int, alignment: int) -> tuple[Tensor, ...]:
    tensors: dict[str, Tensor] = {}
    end = 0
    for _ in range(n):
        tensor = _read_tensor(source)
        if tensor.name in tensors:
            raise damaged(f"two tensors of one name (“{shown(tensor.name)}”)")
        if tensor.offset != end:  # llama.cpp insists on it too
            raise damaged(f"a tensor that isn't where it should be (“{shown(tensor.name)}”)")
        tensors[tensor.name] = tensor
        end += padded(tensor.nbytes, alignment)
    return tuple(tensors.values())


def _read_tensor(source: _Bytes) -> Tensor:
    name = _string(source, MAX_NAME_BYTES - 1)
    if name is None:
        raise damaged("a tensor with too long a name")
    n_dims = source.number(_U32)
    if n_dims > 4:
        raise damaged(f"a tensor of {n_dims:,} dimensions (“{shown(name)}”)")
    shape = tuple(source.number(_SIZE) for _ in range(n_dims))
    kind, offset = source.number(_U32), source.number(_SIZE)
    if kind not in TYPES:
        why = (
            "that llama.cpp no longer reads" if kind < max(TYPES) else "that is newer than this app"
        )
        raise HeaderError(
            f"The file's tensors are of a type (number {kind}) {why}.\n"
            "Choose another quantization of this model."
        )
    type_name, block, block_bytes = TYPES[kind]
    row = shape[0] if shape else 1
    if prod(shape) >= 2**63 or not prod(shape) or row % block:
        sizes = " × ".join(f"{size:,}" for size in shape)
        raise damaged(f"a tensor that can't be (“{shown(name)}”: {sizes} in {type_name})")
    nbytes = prod(shape) // block * block_bytes
    return Tensor(name, shape, type_name, offset, nbytes)


def padded(n: int, alignment: int) -> int:
    """The next multiple of an alignment."""
    return -(-n // alignment) * alignment


def _split(values: Mapping[str, Scalar | tuple]) -> Split | None:
    count, no = values.get("split.count"), values.get("split.no")
    if not isinstance(count, int) or count < 2:
        return None
    if not isinstance(no, int) or not 0 <= no < count <= 99_999:
        raise damaged(f"part {shown(no)} of {count}")
    return Split(no, count, _count(values.get("split.tensors.count")))


def _text(value) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value) -> int | None:
    return value if type(value) is int and value >= 0 else None
