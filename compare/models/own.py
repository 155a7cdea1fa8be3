"""The files of one's own that stand beside the catalogue's models: named one by one, or by their folder."""

import os
from collections.abc import Iterator, Sequence

from compare.gguf.model import first_beside
from compare.gguf.pieces import piece_of
from compare.models.spec import ModelFile, resolve
from compare.usage import UsageError

_UNFINISHED = (".incomplete", ".part", ".partial", ".crdownload", ".download", ".tmp", ".aria2")
"""Endings of what is still being fetched: by the Hub's library, browsers and other programs."""


def own_files(names: Sequence[str]) -> tuple[ModelFile, ...]:
    """The files named, and all in the folders named, each once. Raises UsageError where one isn't there, or
    a folder holds none.
    """
    found: dict[str, str] = {}
    for name in names:
        path = os.path.abspath(os.path.expanduser(name))
        if os.path.isdir(path):
            inside = list(_within(path))
            if not inside:
                raise UsageError(f"There is no GGUF file in the folder “{name}”.")
        elif os.path.isfile(path):
            inside = [path]
        else:
            raise UsageError(
                f"There is no file “{name}”. Name .gguf files of this machine, or folders."
            )
        for each in inside:
            found.setdefault(os.path.realpath(first_beside(each)), each)
    return resolve(list(found.values())) if found else ()


def _within(folder: str) -> Iterator[str]:
    """The GGUF files in a folder and those below it, hidden ones left out: of a model in parts, or cut into
    pieces, only what it begins with.
    """
    paths = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        paths += [os.path.join(place, name) for name in sorted(names)]
    # What has a name of its own first: the Hub's cache has its files by their hashes, too.
    for path in sorted(paths, key=lambda path: not _is_named(path)):
        if not path.lower().endswith(_UNFINISHED) and _is_gguf(path) and _is_first(path):
            yield path


def _is_named(path: str) -> bool:
    return path.lower().endswith(".gguf")


def _is_gguf(path: str) -> bool:
    """By its name, or by how it begins."""
    if not os.path.isfile(path):  # opening a FIFO would wait for ever
        return False
    if _is_named(path):
        return True
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"GGUF"
    except OSError:
        return False


def _is_first(path: str) -> bool:
    piece = piece_of(path)
    is_later_piece = piece is not None and piece.no > 1 and piece.names[0] not in piece.missing
    return first_beside(path) == path and not is_later_piece
