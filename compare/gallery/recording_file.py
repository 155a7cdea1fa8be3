"""A recording that is being written: each time the whole file, at once, by one process."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from compare.gallery.recordings import (
    FORMAT,
    Params,
    Recorded,
    RecordingError,
    Stamp,
    fault,
    parsed,
)


class RecordingFile:
    """A recording that grows, answer by answer; each time the whole file is replaced at once.

    Until it is closed, no other process may open it for writing: the two would lose each other's answers.
    """

    def __init__(self, path: Path, params: Mapping[str, Any]):
        """Opens or begins a file. Raises RecordingError where it can't be continued or written."""
        self.path = Path(os.path.realpath(path))
        self._part = self.path.with_name(f".{self.path.name}.part")
        self._params = json.loads(json.dumps(params))
        self._stamp: Stamp | None = None
        self._machine: Mapping[str, Any] = {}
        self._comparisons: dict[tuple[str, str, int], dict] = {}
        _must_be_writable(self.path)
        self._lock = _locked(self.path)
        try:
            self._part.unlink(missing_ok=True)  # a killed process left it, and the lock with it
            if self.path.exists():
                self._read()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Lets others write it, and leaves nothing beside it."""
        with suppress(OSError):
            os.unlink(self._lock.lock_file)  # while it is held: it may be another's after
        self._lock.release()

    def _read(self) -> None:
        told = parsed(self.path)
        _must_agree(told.params, Params.model_validate(self._params))
        raw = json.loads(self.path.read_bytes())
        for n, each in enumerate(raw["comparisons"], start=1):
            try:
                self._comparisons[Recorded.model_validate(each).key] = each
            except ValidationError as error:
                raise RecordingError(f"Its comparison {n} is damaged: {fault(error)}") from None
        if self._comparisons:
            self._machine, self._stamp = raw["machine"], told.machine

    def has(self, key: tuple[str, str, int], asked: Mapping[str, Any]) -> bool:
        """Whether the answer is there, to what is `asked`: the document's prompt, system, mode and params.

        Where the prompt's wording was changed since, it is not. Raises RecordingError where it was asked
        with other settings.
        """
        found = self._comparisons.get(key)
        if found is None or any(found[name] != asked[name] for name in ("prompt", "system")):
            return False
        there, here = (Params.model_validate(each["params"]) for each in (found, asked))
        _must_agree(there, here, f" for prompt “{key[1]}”")
        return True

    def must_be_of(self, machine: Mapping[str, Any]) -> None:
        """Raises RecordingError where what is there was recorded on another machine than `machine`.

        What isn't known yet (before a model has run) is no difference.
        """
        if self._stamp is None:
            return
        here = Stamp.model_validate(machine)
        if here.llama_cpp is None:
            unknown = ("gpus", "llama_cpp", "llama_cpp_python")
            here = here.model_copy(update={name: getattr(self._stamp, name) for name in unknown})
        if not here.same(self._stamp):
            raise RecordingError(
                "It was recorded on another machine or with another llama.cpp, and speeds of both "
                "can't stand in one recording. Choose another --out."
            )

    def add(self, document: Mapping[str, Any], prompt_id: str, repeat: int) -> None:
        """Adds an answer, or replaces one to an earlier wording, and writes the file."""
        self.must_be_of(document["machine"])
        self._machine = document["machine"]
        self._stamp = Stamp.model_validate(self._machine)
        spec = document["responses"][0]["spec"]
        self._comparisons[spec, prompt_id, repeat] = {
            "prompt_id": prompt_id, "repeat": repeat, **document,
        }  # fmt: skip
        self._write()

    def _write(self) -> None:
        head = {
            "format": FORMAT,
            "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": self._machine,
            "params": self._params,
        }
        # A line an answer: two recordings can be told apart, and one grows without the rest moving.
        lines = [_json(each) for each in self._comparisons.values()]
        whole = f'{_json(head)[:-1]},"comparisons":[\n' + ",\n".join(lines) + "\n]}\n"
        self._replace(whole.encode())

    def _replace(self, content: bytes) -> None:
        """Puts a whole file in the place of the other, at once. Raises OSError; then that is untouched."""
        try:
            with open(self._part, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(self._part, self.path)
        except BaseException:
            with suppress(OSError):
                self._part.unlink()
            raise


def _must_agree(there: Params, here: Params, of: str = "") -> None:
    """Raises RecordingError where settings differ. One that a recording lacks was added after it was begun,
    and had its default before.
    """
    told, asked = there.model_dump(mode="json"), here.model_dump(mode="json")
    other = [name for name in asked if told[name] != asked[name]]
    if other:
        differ = ", ".join(f"{name} {told[name]} there, {asked[name]} here" for name in other)
        raise RecordingError(
            f"It was recorded with other settings{of} ({differ}). Use the same, or another --out."
        )


def _must_be_writable(path: Path) -> None:
    """Tries it out: permissions don't tell of a file system that is read-only or full."""
    if path.is_dir():
        raise RecordingError("It is a folder. Name a file: --out FILE.json")
    if not path.parent.is_dir():
        raise RecordingError(f"There is no folder {path.parent}. Make it, or choose another --out.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise RecordingError(
            f"Nothing can be written into {path.parent}: {error.strerror}. Choose another --out."
        ) from None


def _locked(path: Path):
    """The lock of a file that is written, held. Raises RecordingError where another process has it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RecordingError(
            "It is being written by another `record`. Let that end, or choose another --out."
        ) from None
    return lock


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
