"""A comparison and a bench, as they are asked for.

Everything wrong here is wrong usage (UsageError); what is known only per model, such as a missing file,
is its column's failure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError

from compare import letters
from compare.asked.settings import AsTyped, LoadSettings, SamplingParams
from compare.models.spec import MAX_COLUMNS, ModelFile, resolve
from compare.protocol.requests import Count, Generate, Measure, Message
from compare.usage import Faults, UsageError, faults


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is asked, the models it goes to, and the settings they share."""

    messages: tuple[Message, ...]
    """what is asked, turn by turn; the last is the user's"""
    models: tuple[ModelFile, ...]
    sampling: SamplingParams
    load: LoadSettings
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

    @property
    def prompt(self) -> str:
        """The text of the turn that is to be answered."""
        return self.messages[-1].content

    @property
    def system(self) -> str | None:
        """The text of the system prompt, where there is one."""
        first = self.messages[0]
        return first.content if first.role == "system" else None

    def request(self, run: int, file: ModelFile, threads: int) -> Generate:
        """What a loaded model is asked."""
        return Generate(
            run=run, messages=self.messages, template=file.template,
            template_stop=file.template_stop, guessed=file.guessed, threads=threads,
            max_seconds=self.max_seconds,
            **self.sampling.model_dump(),
        )  # fmt: skip

    def count(self, run: int, file: ModelFile, path: str) -> Count:
        """The same, only to be counted, by the file at `path`."""
        asked = self.request(run, file, threads=1)
        same = {field.name: getattr(asked, field.name) for field in fields(asked)}
        return Count(path=path, n_ctx=self.load.n_ctx, **same)


class Tests(AsTyped):
    """What a bench measures. Defaults are the command line's, and llama-bench's."""

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
    """A validated comparison. `params`: the fields of SamplingParams and LoadSettings.

    Raises Faults with all that is wrong in what was filled in, else UsageError for what is wrong with the
    models.
    """
    prompt, system = _plain(prompt), system and _plain(system)
    wrong = _wrong_texts(prompt, system or "", params.get("stop", ()))
    if mode not in ("together", "in-turn"):
        wrong["mode"] = f"“{mode}” is no mode. Choose together or in-turn."
    load_names = LoadSettings.model_fields
    sampling = _settings(
        SamplingParams, {k: v for k, v in params.items() if k not in load_names}, wrong
    )
    load = _settings(LoadSettings, {k: v for k, v in params.items() if k in load_names}, wrong)
    if wrong:
        raise Faults(wrong)
    _check_threads(threads)
    return Comparison(
        messages=_messages(prompt, system),
        models=resolve(specs, MAX_COLUMNS, elsewhere=True),
        mode=mode,
        sampling=sampling,
        load=load,
        threads=threads,
        force=force,
        notices=notices,
    )


def _wrong_texts(prompt: str, system: str, stop: Sequence[str]) -> dict[str, str]:
    """What is wrong with what is to be read as it stands, by field."""
    found = {}
    if not prompt.strip():
        found["prompt"] = "The prompt is empty. Write what the models should answer."
    for name, text in (("prompt", prompt), ("system", system), ("stop", "".join(stop))):
        if letters.whole(text) != text:
            found[name] = (
                "The text isn't UTF-8, or holds half a character (a lone surrogate). Write or paste it again."
            )
    return found


def _settings(kind: type[AsTyped], given: Mapping[str, Any], wrong: dict[str, str]) -> Any:
    """The settings that are given; None where some of them can't be, which `wrong` is told, as typed."""
    try:
        return kind(**given)
    except ValidationError as error:
        for fault in faults(error):
            stood = given.get(fault.field)
            told = replace(fault, value=stood) if isinstance(stood, str) else fault
            wrong.setdefault(fault.field, str(told))
        return None


def _plain(text: str) -> str:
    """Text as it was typed, whatever saved it: without a byte order mark, each line ended by a newline."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _messages(prompt: str, system: str | None) -> tuple[Message, ...]:
    """One turn, after a system prompt where there is one."""
    before = (Message("system", system),) if system else ()
    return (*before, Message("user", prompt))


def bench(
    specs: Sequence[str | ModelFile], *, threads: int | None = None, force: bool = False,
    most: int | None = None, gpu_layers: int | str = "auto", kv_type: str = "f16", **tests,
) -> Bench:  # fmt: skip
    """A validated bench of at most `most` models, their context as large as the tests need.

    `tests`: the fields of Tests. Raises Faults with all that is wrong in them, else UsageError.
    """
    _check_threads(threads)
    wrong: dict[str, str] = {}
    measured = _settings(Tests, tests, wrong)
    longest = max(measured.prompt_tokens, measured.output_tokens) if measured else 1
    if not longest:
        wrong["prompt_tokens"] = (
            "There is nothing to measure: prompt_tokens and output_tokens are 0. Raise one of them."
        )
        longest = 1
    load = _settings(
        LoadSettings, {"n_ctx": longest, "gpu_layers": gpu_layers, "kv_type": kv_type}, wrong
    )
    if wrong:
        raise Faults(wrong)
    return Bench(
        models=resolve(specs, most), tests=measured, load=load, threads=threads, force=force
    )


def _check_threads(threads: int | None) -> None:
    if threads is not None and (isinstance(threads, bool) or not 1 <= threads <= 1024):
        raise UsageError(f"threads is {threads}. It must be from 1 to 1024.")
