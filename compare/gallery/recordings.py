"""Recorded comparisons: their format, read with all that may be wrong with a file.

A recording is one JSON file; its answers are comparisons of one model each, as `ask --json` prints them,
with the prompt's id and the repeat. Knows no prompt's text and no page. Recordings come from anywhere:
texts in them are a stranger's.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from compare.asked.settings import LoadSettings, SamplingParams
from compare.models.spec import files_of
from compare.numbers import plural
from compare.run.measures import Measures

FORMAT = 1
MAX_FILE_BYTES = 20_000_000
MAX_LETTERS = 100_000
"""The longest text of an answer or a prompt that is read; llama.cpp's contexts hold some 130,000 tokens."""
RECORDED = {"temperature": 0.0, "seed": 0, "max_tokens": 256}
"""Settings of a prompt that has none of its own, unless told otherwise."""
NAMED_FAULTS = 3
"""Of one file; what else is wrong with it is counted."""

Count = Annotated[int, Field(ge=0)]
Word = Annotated[str, Field(max_length=300)]


class RecordingError(ValueError):
    """Why a file can't be read as a recording."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class Params(SamplingParams, LoadSettings):
    """The settings of a comparison, as its document holds them."""

    threads: Annotated[int, Field(ge=1)] | None = None
    force: bool = False


class Stamp(_Read):
    """The machine and the build it was recorded with, as Machine.describe gives them."""

    cpu: Word
    cores: Annotated[int, Field(ge=1)]
    ram_bytes: Count | None = None
    gpus: tuple[Word, ...] = ()
    llama_cpp_python: Word | None = None
    llama_cpp: Word | None = None

    def same(self, other: "Stamp") -> bool:
        """Whether speeds may be compared: all but the RAM's exact size, which changes from boot to boot."""
        return self.model_copy(update={"ram_bytes": None}) == other.model_copy(
            update={"ram_bytes": None}
        )


class Answer(_Read):
    """One model's finished answer."""

    spec: Word
    model: Word
    quant: Word | None
    file: Word
    state: Literal["finished"]
    text: str
    thinking: str | None = None
    """what the model thought before; also None in recordings made before it was set apart"""
    finish_reason: Literal["stop", "length", "time"]
    notices: tuple[str, ...] = ()
    measures: Measures

    @model_validator(mode="before")
    @classmethod
    def _with_measures(cls, document: Any) -> Any:
        """A document holds the figures beside the text."""
        return {**document, "measures": document} if isinstance(document, Mapping) else document

    @field_validator("measures")
    @classmethod
    def _holds_figures(cls, measures: Measures) -> Measures:
        if measures.output_tokens is None or measures.total_s is None:
            raise ValueError("output_tokens and total_s must be there")
        for name, figure in _figures(asdict(measures)):
            if not 0 <= figure < math.inf:
                raise ValueError(f"{name} is {figure}; it must be a number from 0 on")
        return measures

    @field_validator("file")
    @classmethod
    def _names_no_path(cls, value: str) -> str:
        if re.search(r"[/\\]", value):
            raise ValueError("must be a file's name, not its path")
        return value


def _figures(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every number in it, by its name."""
    for name, value in values.items():
        match value:
            case int() | float():
                yield name, value
            case dict():
                yield from _figures(value)
            case list() | tuple():
                for each in value:
                    yield from _figures(each if isinstance(each, dict) else {name: each})


class Recorded(_Read):
    """One prompt, answered by one model, once."""

    prompt_id: Word
    repeat: Annotated[int, Field(ge=1)]
    prompt: Annotated[str, Field(max_length=MAX_LETTERS)]
    system: Annotated[str, Field(max_length=MAX_LETTERS)] | None
    mode: Literal["together", "in-turn"]
    params: Params
    machine: Stamp
    responses: Annotated[tuple[Answer, ...], Field(min_length=1, max_length=1)]

    @property
    def answer(self) -> Answer:
        return self.responses[0]

    @property
    def key(self) -> tuple[str, str, int]:
        """What a recording holds once: model (its SPEC), prompt and repeat."""
        return self.answer.spec, self.prompt_id, self.repeat


class _File(_Read):
    format: int
    recorded_at: AwareDatetime
    machine: Stamp
    params: Params
    comparisons: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What one file holds that could be read."""

    name: str
    recorded_at: datetime
    params: Params
    """the settings of every prompt that has none of its own"""
    takes: tuple[Recorded, ...]


def load(folder: Path) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """The recordings of a folder, the newest first, and what is wrong with the others. Never raises."""
    recordings, faults = [], []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            recording, wrong = read(path)
            recordings.append(recording)
        except RecordingError as error:
            wrong = [str(error)]
        faults += [f"{path.name}: {fault}" for fault in wrong[:NAMED_FAULTS]]
        if (more := len(wrong) - NAMED_FAULTS) > 0:
            faults.append(f"{path.name}: {plural(more, 'more fault')}.")
    recordings.sort(key=lambda recording: recording.recorded_at, reverse=True)
    return tuple(recordings), tuple(faults)


def read(path: Path) -> tuple[Recording, list[str]]:
    """A recording, and what of it is left out and why. Raises RecordingError."""
    file = parsed(path)
    takes, faults = [], []
    for n, each in enumerate(file.comparisons, start=1):
        try:
            take = Recorded.model_validate(each)
            _shown(take.answer)
            takes.append(take)
        except (ValidationError, RecordingError) as error:
            why = fault(error) if isinstance(error, ValidationError) else str(error)
            faults.append(f"comparison {n}: {why}")
    return Recording(path.name, file.recorded_at, file.params, tuple(takes)), faults


def parsed(path: Path) -> _File:
    try:
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise RecordingError(f"It has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read.")
        text = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"It can't be read: {error.strerror}.") from None
    try:
        version = _Version.model_validate_json(text).format
        if version != FORMAT:
            advice = "Update the app." if version > FORMAT else "Record it anew."
            raise RecordingError(
                f"It is of format {version}; this app reads format {FORMAT}. {advice}"
            )
        return _File.model_validate_json(text)
    except ValidationError as error:
        raise RecordingError(f"It is no recording: {fault(error)}") from None


class _Version(_Read):
    format: Annotated[int, Field(strict=True, ge=0)]


def _shown(answer: Answer) -> None:
    """Refuses an answer that can't be shown: of a model that nobody knows, or of endless length."""
    files = files_of(answer.model)
    if not files:
        raise RecordingError(f"There is no model “{answer.model[:60]}” in the catalogue.")
    if (answer.spec, answer.quant) not in [(file.key, file.quant) for file in files]:
        raise RecordingError(f"“{answer.spec[:60]}” is no quantization of {files[0].name}.")
    longest = max(len(answer.text), len(answer.thinking or ""))
    if longest > MAX_LETTERS:
        raise RecordingError(
            f"The answer of {answer.spec} has {longest:,} characters; at most {MAX_LETTERS:,} are shown."
        )


def fault(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    fault = error.errors()[0]
    # In the file, an answer's figures stand beside its text.
    where = ".".join(str(part) for part in fault["loc"] if part != "measures")
    return f"{where}: {fault['msg']}." if where else f"{fault['msg']}."
