"""What a person asks for, parsed and validated once, for page and command line alike.

Knows the catalogue and the file names in it; touches no network, loads nothing. Everything wrong here is
wrong usage (UsageError); what is known only per model, such as a missing file, is its column's failure.
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from compare.catalogue import BASE_STOP, BASE_TEMPLATE, MODELS, Model, Quant
from compare.header import HeaderError, read_header
from compare.requests import Generate, Measure

MAX_SEED = 2**32 - 2
"""llama.cpp takes 2**32 - 1 for "draw one yourself" (LLAMA_DEFAULT_SEED)."""
MAX_COLUMNS = 4


class UsageError(ValueError):
    """Wrong usage; the text says what was wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What pydantic finds wrong: the field, what stands there, and why it can't."""

    field: str
    """empty where it is the fields together"""
    value: object
    said: str

    @property
    def stands(self) -> str:
        """What stands there, as a person would write it: “many”, -1; of much, the beginning."""
        if not isinstance(self.value, str):
            return repr(self.value)
        return f"“{self.value if len(self.value) <= 60 else self.value[:60] + '…'}”"

    def __str__(self) -> str:
        return f"{self.field or 'a setting'} is {self.stands}. {self.said}."


_PLAINLY = {
    "int_parsing": "It must be a whole number",
    "int_from_float": "It must be a whole number",
    "int_parsing_size": "It must be a smaller number",
    "float_parsing": "It must be a number",
    "finite_number": "It must be a finite number",
    "greater_than": "It must be more than {gt:,.10g}",
    "greater_than_equal": "It must be at least {ge:,.10g}",
    "less_than_equal": "It must be at most {le:,.10g}",
    "bool_parsing": "It must be true or false",
}
"""Pydantic's kinds of errors, for those who don't know what an integer is."""


def faults(error: ValidationError) -> list[Fault]:
    """Everything that is wrong, in the fields' order."""
    return [
        Fault(
            str(found["loc"][0]) if found["loc"] else "",
            found["input"],
            _plainly(found),
        )
        for found in error.errors()
    ]


def _plainly(found: Mapping) -> str:
    if found["type"] in _PLAINLY:
        return _PLAINLY[found["type"]].format(**found.get("ctx", {}))
    return found["msg"].removeprefix("Value error, ").rstrip(".")


Finite = Annotated[float, Field(allow_inf_nan=False)]


class SamplingParams(BaseModel):
    """How tokens are chosen. Defaults are the command line's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    temperature: Annotated[Finite, Field(ge=0, le=10)] = 0.7
    top_p: Annotated[Finite, Field(gt=0, le=1)] = 0.95
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] = 40
    """0 takes all tokens"""
    min_p: Annotated[Finite, Field(ge=0, le=1)] = 0.05
    repeat_penalty: Annotated[Finite, Field(gt=0, le=10)] = 1.0
    """over the last 64 tokens; 1 is off"""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = Field(
        default_factory=lambda: secrets.randbelow(2**31)
    )
    stop: tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...] = ()

    @field_validator("seed", mode="before")
    @classmethod
    def _drawn_when_missing(cls, value):
        return secrets.randbelow(2**31) if value is None else value


class LoadSettings(BaseModel):
    """How a model is loaded; other settings mean another child."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_ctx: Annotated[int, Field(ge=1, le=10_000_000)] = 2048
    gpu_layers: Literal["auto"] | Annotated[int, Field(ge=0, le=10_000)] = "auto"
    """auto: as many as fit on the GPU with every chosen model"""
    kv_type: Literal["f16", "q8_0"] = "f16"

    @property
    def layers(self) -> int | None:
        """As the engine takes it: None is all of them, where llama.cpp was built for a GPU."""
        return None if self.gpu_layers == "auto" else self.gpu_layers


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One column's file, as asked for. `key` is the canonical SPEC, the column's name everywhere."""

    key: str
    model: str
    """the catalogue's id, or a path's stem"""
    name: str
    short: str
    file: str
    """a file's name, never its path"""
    quant: str | None = None
    bytes: int | None = None
    repo: str | None = None
    package: str | None = None
    path: str | None = None
    template: str = BASE_TEMPLATE
    """the fallback, where the file carries none"""
    template_stop: tuple[str, ...] = BASE_STOP
    """stop strings that belong to the fallback"""
    base: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A prompt, the models it goes to, and the settings they share."""

    prompt: str
    models: tuple[ModelFile, ...]
    sampling: SamplingParams
    load: LoadSettings
    system: str | None = None
    mode: str = "together"
    """`together` or `in-turn`"""
    threads: int | None = None
    """replaces the budget of this machine"""
    max_seconds: float | None = None
    """for one answer, from Started"""
    force: bool = False
    """load also what is predicted not to fit"""
    files_first: bool = False
    """whether it waits for all its files before any model runs"""
    notices: tuple[str, ...] = ()

    def request(self, run: int, file: ModelFile, threads: int) -> Generate:
        """What a loaded model is asked."""
        return Generate(
            run=run, prompt=self.prompt, system=self.system, template=file.template,
            template_stop=file.template_stop, threads=threads, max_seconds=self.max_seconds,
            **self.sampling.model_dump(),
        )  # fmt: skip


class Tests(BaseModel):
    """What a bench measures. Defaults are the command line's, and llama-bench's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    prompt_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 512
    """to read; 0 leaves the test out"""
    output_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 128
    """to write; 0 leaves the test out"""
    repeats: Annotated[int, Field(ge=1, le=1000)] = 5


@dataclass(frozen=True, slots=True)
class Bench:
    """Which models to measure, how, and with which settings: one after the other, each alone."""

    files_first: ClassVar[bool] = True
    """a download beside it would be measured, too"""
    mode: ClassVar[str] = "in-turn"
    models: tuple[ModelFile, ...]
    tests: Tests
    load: LoadSettings
    threads: int | None = None
    """replaces the budget of this machine"""
    max_seconds: float | None = None
    """for one model, from Started"""
    force: bool = False
    """load also what is predicted not to fit"""
    notices: tuple[str, ...] = ()

    def request(self, run: int, file: ModelFile, threads: int) -> Measure:
        """What a loaded model is asked."""
        return Measure(
            run=run, n_prompt=self.tests.prompt_tokens, n_gen=self.tests.output_tokens,
            repeats=self.tests.repeats, threads=threads, max_seconds=self.max_seconds,
        )  # fmt: skip


def comparison(
    prompt: str,
    specs: Sequence[str | ModelFile],
    *,
    system: str | None = None,
    mode: str = "together",
    threads: int | None = None,
    force: bool = False,
    notices: tuple[str, ...] = (),
    **params,
) -> Comparison:
    """A validated comparison. `params`: the fields of SamplingParams and LoadSettings. Raises UsageError."""
    if not prompt.strip():
        raise UsageError("The prompt is empty. Write what the models should answer.")
    for text in (prompt, system or "", *params.get("stop", ())):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UsageError("The text holds half a character (a lone surrogate). Paste it again.")
    if mode not in ("together", "in-turn"):
        raise UsageError(f"“{mode}” is no mode. Choose together or in-turn.")
    _check_threads(threads)
    load_names = LoadSettings.model_fields
    try:
        sampling = SamplingParams(**{k: v for k, v in params.items() if k not in load_names})
        load = LoadSettings(**{k: v for k, v in params.items() if k in load_names})
    except ValidationError as error:
        raise UsageError(str(faults(error)[0])) from error
    return Comparison(
        prompt=prompt,
        models=resolve(specs),
        system=system or None,
        mode=mode,
        sampling=sampling,
        load=load,
        threads=threads,
        force=force,
        notices=notices,
    )


def bench(
    specs: Sequence[str | ModelFile], *, threads: int | None = None, force: bool = False,
    most: int | None = None, gpu_layers: int | str = "auto", kv_type: str = "f16", **tests,
) -> Bench:  # fmt: skip
    """A validated bench of at most `most` models, their context as large as the tests need.

    `tests`: the fields of Tests. Raises UsageError.
    """
    _check_threads(threads)
    try:
        found = Tests(**tests)
        longest = max(found.prompt_tokens, found.output_tokens)
        if not longest:
            raise UsageError(
                "There is nothing to measure: prompt_tokens and output_tokens are 0. Raise one of them."
            )
        load = LoadSettings(n_ctx=longest, gpu_layers=gpu_layers, kv_type=kv_type)
    except ValidationError as error:
        raise UsageError(str(faults(error)[0])) from error
    return Bench(models=resolve(specs, most), tests=found, load=load, threads=threads, force=force)


def _check_threads(threads: int | None) -> None:
    if threads is not None and (isinstance(threads, bool) or not 1 <= threads <= 1024):
        raise UsageError(f"threads is {threads}. It must be from 1 to 1024.")


def split_specs(texts: list[str]) -> list[str]:
    """The SPECs in comma-separated texts; a text that is an existing path is one SPEC, commas and all."""
    specs = []
    for text in texts:
        parts = [text] if os.path.exists(text) else text.split(",")
        specs += [part.strip() for part in parts if part.strip()]
    return specs


def resolve(
    specs: Sequence[str | ModelFile], most: int | None = MAX_COLUMNS
) -> tuple[ModelFile, ...]:
    """The files meant by SPECs, in their order, each under a key of its own, no more than `most`.

    Raises UsageError.
    """
    if not specs:
        raise UsageError(f"No model was named. {known_models()}")
    if most is not None and len(specs) > most:
        raise UsageError(f"{len(specs)} models were named. At most {most} run side by side.")
    files: list[ModelFile] = []
    for spec in specs:
        file = parse(spec) if isinstance(spec, str) else spec
        for other in files:
            if _same(file, other):
                named = spec if isinstance(spec, str) else spec.key
                raise UsageError(f"“{named}” names the same file as “{other.key}”. Name it once.")
        files.append(_with_free_key(file, {other.key for other in files}))
    return tuple(files)


def parse(spec: str) -> ModelFile:
    """The file one SPEC means: an id, an id with a quantization, or a path. Raises UsageError."""
    if spec.startswith(("http:", "https:", "hf:")):
        raise UsageError(f"“{spec}”: models on other machines can't be compared, not yet.")
    if "/" in spec or os.sep in spec or spec.lower().endswith(".gguf"):
        return _local(spec)
    model_id, _, quant_name = spec.partition(":")
    model = MODELS.get(model_id.lower())
    if model is None:
        raise UsageError(f"There is no model “{model_id}”. {known_models()}")
    quant = model.quant(quant_name or model.default_quant)
    if quant is None:
        known = ", ".join(quant.name for quant in model.quants)
        raise UsageError(f"{model.name} has no quantization “{quant_name}”. It has {known}.")
    return catalogue_file(model, quant)


def catalogue_file(model: Model, quant: Quant) -> ModelFile:
    return ModelFile(
        key=f"{model.id}:{quant.name}",
        model=model.id,
        name=model.name,
        short=model.short,
        file=quant.file,
        quant=quant.name,
        bytes=quant.bytes,
        repo=None if model.package else model.repo,
        package=model.package,
        template=model.template,
        template_stop=model.template_stop,
        base=model.base,
    )


def known_models() -> str:
    return f"Known: {', '.join(MODELS)}, or the path of a .gguf file."


def _local(spec: str) -> ModelFile:
    path = Path(spec).expanduser()
    try:
        quant = read_header(path).quant
    except HeaderError:
        quant = None  # what is wrong with it is its column's failure
    stem = path.name.removesuffix(".gguf") or path.name
    return ModelFile(
        key=path.name or spec,
        model=stem,
        name=stem,
        short=stem,
        file=path.name,
        quant=quant,
        bytes=path.stat().st_size if path.is_file() else None,
        path=str(path),
    )


def _same(one: ModelFile, other: ModelFile) -> bool:
    if one.path is None or other.path is None:
        return one.path == other.path and one.key == other.key
    return os.path.realpath(one.path) == os.path.realpath(other.path)


def _with_free_key(file: ModelFile, taken: set[str]) -> ModelFile:
    key, n = file.key, 1
    while key in taken:
        n += 1
        key = f"{file.key}#{n}"
    return replace(file, key=key)
