"""A model's file as a whole: its parts, what tells it from another file, and whether it can answer prompts.

Knows headers only: what else a model may fail at is said where it loads.
"""

import os
import re
from dataclasses import replace

from compare.gguf.header import (
    MAX_LAYERS,
    CutShort,
    Header,
    HeaderError,
    Unknown,
    damaged,
    most_common_type,
    shown,
)
from compare.gguf.kinds import check_kind
from compare.gguf.pieces import Piece, piece_of
from compare.gguf.reader import padded, read_header
from compare.gguf.types import FILE_TYPES

_PART_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)

Identity = tuple[tuple[int, ...], ...]
"""What tells a file from another one at its path: device, inode, bytes and time of change of each part."""


def identity(path: str | os.PathLike) -> Identity:
    """Of the file at a path, all its parts included; empty where there is none. Reads no byte of it."""
    found = []
    for part in _named_parts(os.fspath(path)):
        try:
            status = os.stat(part)
        except (OSError, ValueError):
            continue
        found.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def written_over(before: Identity, now: Identity) -> bool:
    """Whether a file was changed in place, so that what was mapped of it has changed, too.

    A file that another took the place of, or that was deleted, is still there for who has it mapped.
    """
    changed = {(device, inode): rest for device, inode, *rest in now}
    return any(changed.get((device, inode), rest) != rest for device, inode, *rest in before)


def check(header: Header, file_bytes: int) -> None:
    """Raises HeaderError for a file that can't answer prompts: of another kind, or cut short."""
    if header.split is None or header.split.no == 0:  # the first part speaks for all
        _check_model(header)
    missing = header.file_bytes - file_bytes
    if missing > 0:
        raise CutShort(
            f"The file is cut short: {missing:,} of its {header.file_bytes:,} bytes are missing.\n"
            "Download it again.",
            header.file_bytes,
        )


def _check_model(header: Header) -> None:
    check_kind(header)
    if header.split_experts:
        raise HeaderError(
            "This is an older Mixtral file with split experts, made before llama.cpp changed the "
            "layout.\nUse mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF."
        )
    if not header.architecture:
        raise HeaderError(
            f"The file doesn't say of which architecture its model is{_such_as(header)}.\n"
            "Choose another file of it."
        )
    if not header.tensors and header.split is None:
        only = "a vocabulary" if header.vocabulary else "a header"
        raise HeaderError(
            f"The file holds no weights, only {only}.\nChoose another file of this model."
        )
    if header.layers is None:
        raise HeaderError(
            f"The file's header says too little for a model that writes text: architecture "
            f"“{shown(header.architecture)}”, but not how many layers{_such_as(header)}.\n"
            "It may hold something else than a model for text; choose another file."
        )
    # On these llama.cpp ends its process (GGML_ASSERT in llama_model_base::load_hparams).
    if not header.layers or header.layers > MAX_LAYERS:
        raise damaged("no layers" if not header.layers else f"{header.layers:,} layers")
    used, experts = header.get("expert_used_count"), header.get("expert_count") or 0
    if isinstance(used, int) and isinstance(experts, int) and used > experts:
        raise damaged(f"{used:,} experts used of {experts:,}")


def _such_as(header: Header) -> str:
    """What stands in it all the same, for who knows it by that."""
    if not header.tensors:
        return ""
    n = len(header.tensors)
    several = f"{n:,} tensors, such as" if n > 1 else "one tensor,"
    return f" (it holds {several} “{shown(header.tensors[0].name)}”)"


def first_beside(path: str) -> str:
    """Of the parts of a model, by their names, the first that is in the folder; of any other file itself."""
    return next(filter(os.path.isfile, _named_parts(path)), path)


def _named_parts(path: str) -> list[str]:
    """The paths of all parts of a model's file, by its name alone."""
    name = _PART_NAME.fullmatch(path)
    if not name:
        return [path]
    return [f"{name[1]}-{n:05}-of-{name[3]}.gguf" for n in range(1, int(name[3]) + 1)]


def parts(path: str | os.PathLike, header: Header) -> list[str]:
    """The paths of all parts of a model's file, the first one first, whichever part `path` is.

    A file in one piece is its only part. Raises HeaderError where a part is missing, or where the
    name doesn't say where the others are: llama.cpp finds them by their names.
    """
    path = os.fspath(path)
    if header.split is None:
        return [path]
    no, count = header.split.no, header.split.count
    name = _PART_NAME.fullmatch(path)
    if not name or (int(name[2]), int(name[3])) != (no + 1, count):
        raise HeaderError(
            f"This is part {no + 1} of {count}, but its name doesn't say so.\n"
            f"Give each part its name back: the model's, then -{no + 1:05}-of-{count:05}.gguf."
        )
    paths = _named_parts(path)
    missing = [shown(os.path.basename(each)) for each in paths if not os.path.isfile(each)]
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
    try:
        return _read_model(path)
    except (CutShort, Unknown) as error:
        if piece := piece_of(os.fspath(path)):
            raise piece.error(_lacking(os.fspath(path), piece)) from error
        raise


def _read_model(path: str | os.PathLike) -> tuple[str, Header]:
    header = read_header(path)
    size = os.stat(path).st_size
    if header.split and header.split.tensors == len(header.tensors):  # merged, and never told so
        header = replace(header, split=None)
    if header.split and _joined(path, header, size):
        raise HeaderError(
            f"These are the {header.split.count} parts of a model, one behind the other in one file: each "
            "has a header of its own, and llama.cpp reads only the first.\n"
            "Download the parts again, leave them as they are, in one folder, and name the first."
        )
    paths = parts(path, header)
    if len(paths) == 1:
        check(header, size)
        return paths[0], header
    headers = [_read_part(part, no, len(paths)) for no, part in enumerate(paths)]
    tensors = tuple(tensor for each in headers for tensor in each.tensors)
    whole = replace(
        headers[0],
        tensors=tensors,
        parameters=sum(tensor.elements for tensor in tensors),
        quant=FILE_TYPES.get(headers[0].file_type) or most_common_type(tensors),
        file_bytes=sum(each.file_bytes for each in headers),
    )
    _check_model(whole)
    return paths[0], whole


def _joined(path: str | os.PathLike, header: Header, size: int) -> bool:
    """Whether another GGUF begins where this one ends, to the next multiple of its alignment."""
    alignment = header.metadata.get("general.alignment", 32)
    end = padded(header.file_bytes, alignment)
    if size < end + 4:
        return False
    with open(path, "rb") as file:
        file.seek(header.file_bytes)
        return b"GGUF" in file.read(end - header.file_bytes + 4)


def _lacking(path: str, piece: Piece) -> int:
    """How many bytes the pieces that are here lack of the file they make; 0 where that can't be told."""
    folder = os.path.dirname(path)
    here = [os.path.join(folder, name) for name in piece.names if name not in piece.missing]
    try:
        header = read_header(os.path.join(folder, piece.names[0]))
        return max(0, header.file_bytes - sum(os.stat(each).st_size for each in here))
    except (HeaderError, OSError):
        return 0


def _read_part(path: str, no: int, count: int) -> Header:
    try:
        header = read_header(path)
        check(header, os.stat(path).st_size)
    except HeaderError as error:
        raise HeaderError(f"Part {no + 1} of {count}: {error}") from error
    if header.split is None or (header.split.no, header.split.count) != (no, count):
        raise HeaderError(
            f"{shown(os.path.basename(path))} is not the part that its name says.\nDownload it again."
        )
    return header
