"""Recorded comparisons: their format, read with all that may be wrong with a file.

A recording is one JSON file; its answers are comparisons of one model each, as `ask --json` prints them,
with the prompt's id and the repeat. Knows no prompt's text and no page. Recordings come from anywhere:
texts in them are a stranger's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from compare.asked.settings import LoadSettings, SamplingParams
from compare.models.spec import files_of
from compare.protocol.events import Memory
from compare.run.response import Response

FORMAT = 1
FOLDER = Path(__file__).resolve().parent.parent.parent / "prompts" / "recorded"
MAX_FILE_BYTES = 20_000_000
MAX_LETTERS = 100_000
"""The longest text of an answer or a prompt that is read; llama.cpp's contexts hold some 130,000 tokens."""
RECORDED = {"temperature": 0.0, "seed": 0, "max_tokens": 256}
"""Settings of a prompt that has none of its own, unless told otherwise."""
TOLD_FAULTS = 3
"""Of one file; what else is wrong with it is counted."""

Count = Annotated[int, Field(ge=0)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Word = Annotated[str, Field(max_length=300)]


class RecordingError(ValueError):
    """Why a file can't be read as a recording."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Params(SamplingParams, LoadSettings):
    """The settings of a comparison, as its document holds them."""

    threads: Annotated[int, Field(ge=1)] | None = None
    force: bool = False


class Hardware(_Told):
    """The machine it ran on, as Machine.describe tells it."""

    cpu: Word
    cores: Annotated[int, Field(ge=1)]
    ram_bytes: Count | None = None
    gpus: tuple[Word, ...] = ()
    llama_cpp_python: Word | None = None
    llama_cpp: Word | None = None

    def same(self, other: "Hardware") -> bool:
        """Whether speeds may be compared: all but the RAM's exact size, which changes from boot to boot."""
        return self.model_copy(update={"ram_bytes": None}) == other.model_copy(
            update={"ram_bytes": None}
        )


class _Memory(_Told):
    kind: Literal["ram", "vram"] = "ram"
    scope: Literal["process", "device"] = "process"
    predicted_bytes: Count | None = None
    allocated_bytes: Count | None = None
    weights_bytes: Count | None = None
    kv_bytes: Count | None = None
    compute_bytes: Count | None = None
    measured_bytes: Count | None = None
    own_bytes: Count | None = None
    mapped_bytes: Count | None = None


class Answer(_Told):
    """One model's finished answer."""

    spec: Word
    model: Word
    quant: Word | None
    file: Word
    state: Literal["finished"]
    text: str
    finish_reason: Literal["stop", "length", "time"]
    prompt_tokens: Count | None = None
    cached_tokens: Count | None = None
    output_tokens: Count
    load_s: Figure | None = None
    ttft_s: Figure | None = None
    prefill_tps: Figure | None = None
    decode_tps: Figure | None = None
    total_s: Figure
    shared_with: Count | None = None
    shared_s: Figure | None = None
    threads: tuple[Count, Count] | None = None
    notices: tuple[str, ...] = ()
    memory: _Memory

    @field_validator("file")
    @classmethod
    def _names_no_path(cls, value: str) -> str:
        if re.search(r"[/\\]", value):
            raise ValueError("must be a file's name, not its path")
        return value

    def response(self) -> Response:
        """As a column that has ended, with the figures that were recorded."""
        first_at = self.ttft_s
        span_s = (self.output_tokens - 1) / self.decode_tps if self.decode_tps else 0.0
        return Response(
            state="finished", stage="writing", text=self.text, finish_reason=self.finish_reason,
            prompt_tokens=self.prompt_tokens, cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens, threads=self.threads, notices=self.notices,
            shared_with=self.shared_with, shared_s=self.shared_s, load_s=self.load_s,
            memory=Memory(**self.memory.model_dump()), started_at=0.0, ended_at=self.total_s,
            first_token_at=first_at, last_token_at=None if first_at is None else first_at + span_s,
        )  # fmt: skip


class Recorded(_Told):
    """One prompt, answered by one model, once."""

    prompt_id: Word
    repeat: Annotated[int, Field(ge=1)]
    prompt: Annotated[str, Field(max_length=MAX_LETTERS)]
    system: Annotated[str, Field(max_length=MAX_LETTERS)] | None
    mode: Literal["together", "in-turn"]
    params: Params
    machine: Hardware
    responses: Annotated[tuple[Answer, ...], Field(min_length=1, max_length=1)]

    @property
    def answer(self) -> Answer:
        return self.responses[0]

    @property
    def key(self) -> tuple[str, str, int]:
        """What a recording holds once: model (its SPEC), prompt and repeat."""
        return self.answer.spec, self.prompt_id, self.repeat


class _File(_Told):
    format: int
    recorded_at: AwareDatetime
    machine: Hardware
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


def load(folder: Path = FOLDER) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """The recordings of a folder, the newest first, and what is wrong with the others. Never raises."""
    found, faults = [], []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            recording, told = read(path)
            found.append(recording)
        except RecordingError as error:
            told = [str(error)]
        faults += [f"{path.name}: {fault}" for fault in told[:TOLD_FAULTS]]
        if len(told) > TOLD_FAULTS:
            faults.append(f"{path.name}: {len(told) - TOLD_FAULTS} more faults.")
    found.sort(key=lambda recording: recording.recorded_at, reverse=True)
    return tuple(found), tuple(faults)


def read(path: Path) -> tuple[Recording, list[str]]:
    """A recording, and what of it is left out and why. Raises RecordingError."""
    told = parsed(path)
    takes, faults = [], []
    for n, each in enumerate(told.comparisons, start=1):
        try:
            take = Recorded.model_validate(each)
            _shown(take.answer)
            takes.append(take)
        except (ValidationError, RecordingError) as error:
            why = fault(error) if isinstance(error, ValidationError) else str(error)
            faults.append(f"comparison {n}: {why}")
    return Recording(path.name, told.recorded_at, told.params, tuple(takes)), faults


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


class _Version(_Told):
    format: Annotated[int, Field(strict=True, ge=0)]


def _shown(answer: Answer) -> None:
    """Refuses an answer that can't be shown: of a model that nobody knows, or of endless length."""
    files = files_of(answer.model)
    if not files:
        raise RecordingError(f"There is no model “{answer.model[:60]}” in the catalogue.")
    if (answer.spec, answer.quant) not in [(file.key, file.quant) for file in files]:
        raise RecordingError(f"“{answer.spec[:60]}” is no quantization of {files[0].name}.")
    if len(answer.text) > MAX_LETTERS:
        raise RecordingError(
            f"The answer of {answer.spec} has {len(answer.text):,} characters; at most "
            f"{MAX_LETTERS:,} are shown."
        )


def fault(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}." if where else f"{fault['msg']}."


def hardware(takes: Sequence[Recorded]) -> Hardware | None:
    """The machine that all of these ran on; None where there were several."""
    machines = [take.machine for take in takes]
    same = machines and all(machines[0].same(other) for other in machines)
    return machines[0] if same else None
