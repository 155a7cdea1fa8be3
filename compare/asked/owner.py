"""What a machine's owner sets for all its visitors: the one place for environment variables.

A profile says what suits a kind of host; each of its values has a variable that wins over it.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from compare.asked.comparison import Bench, Comparison
from compare.models.catalogue import ARTICLES_PAIR
from compare.models.spec import MAX_COLUMNS, catalogued, is_path, offered
from compare.remote.servers import Server, named_server, read_servers
from compare.usage import UsageError, faults

CPU_PAIR = "tinyllama:Q4_K_M", "solar:Q2_K"
GPU_PAIR = "tinyllama:Q4_K_M", "solar:Q4_K_M"
# A Space with more than 50 GB on its disk is ended (huggingface.co/docs/hub/spaces-gpus).
_SPACE = {
    "address": "0.0.0.0", "max_seconds": 120, "max_prompt_chars": 20_000, "max_context": 8192,
    "disk_gb": 40, "line": 10, "idle_seconds": 600, "metrics": False,
}  # fmt: skip
PROFILES: dict[str, dict[str, Any]] = {
    # A laptop or a server of one's own: nothing is fetched unasked, and nothing is limited.
    "home": {},
    # Two virtual cores and 16 GB: SOLAR writes about two tokens a second there.
    "cpu-space": _SPACE | {"models": CPU_PAIR, "fetch": CPU_PAIR, "max_tokens": 256},
    # From a T4 with 16 GB of VRAM on: both models, with all their layers.
    "gpu-space": _SPACE | {"models": GPU_PAIR, "fetch": GPU_PAIR, "max_tokens": 1024},
    # Models run on its CPU, unless its owner lets visitors spend their GPU time.
    "zerogpu": _SPACE | {"models": CPU_PAIR, "fetch": CPU_PAIR, "max_tokens": 256},
}
"""What differs from Owner's defaults, by kind of host; `profile_of` tells which one this is."""

NONE = "none"
LINE_CHARS = 2000
"""The most that any field but the prompts may hold, on every host: all are lines to type in, or choices."""
CALL_BYTES = 2**17
"""What may stand in a call beside its prompts."""


_HOST = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def _unlimited(value: Any) -> Any:
    return None if isinstance(value, str) and value.lower() == NONE else value


def _listed(value: Any) -> Any:
    """What stands between commas; `none` is nothing."""
    if not isinstance(value, str):
        return value
    return tuple(
        part.strip() for part in value.split(",") if part.strip().lower() not in ("", NONE)
    )


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError(
            "It must name hosts with commas between, as models.example.org: no https://, no port, no path"
        )
    return tuple(name.lower() for name in names)


def _of_the_catalogue(specs: tuple[str, ...]) -> tuple[str, ...]:
    if any(map(is_path, specs)):
        raise ValueError(
            "It must name models of the catalogue; files of your own are arguments of app.py"
        )
    if len({catalogued(spec).key for spec in specs}) < len(specs):
        raise ValueError("It must name each model once")
    return specs


def _of_the_owner(specs: tuple[str, ...]) -> tuple[str, ...]:
    _of_the_catalogue(tuple(spec for spec in specs if not spec.startswith("@")))
    if len({offered(spec).key for spec in specs}) < len(specs):
        raise ValueError("It must name each model once")
    return specs


def _fit_the_page(specs: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(specs) <= MAX_COLUMNS:
        raise ValueError(f"It must name 1 to {MAX_COLUMNS} models")
    return specs


def _servers_of(value: Any) -> Any:
    return read_servers(value) if isinstance(value, str) else value


Unlimited = BeforeValidator(_unlimited)
Names = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_host_names)]
Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Owner(BaseModel):
    """What one host gives its visitors; None is no limit. Each field's alias is its environment variable."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    port: int = Field(7860, alias="PORT", ge=1, le=65535)
    address: str | None = Field(None, alias="GRADIO_SERVER_NAME")
    """where the page is served: 0.0.0.0 for everyone, None for this machine alone"""
    models: Annotated[Listed, AfterValidator(_of_the_owner), AfterValidator(_fit_the_page)] = Field(
        ARTICLES_PAIR, alias="COMPARE_MODELS"
    )
    """SPECs of the catalogue and of `servers`, which the page opens with"""
    fetch: Annotated[Listed, AfterValidator(_of_the_catalogue)] = Field((), alias="COMPARE_FETCH")
    """SPECs that are fetched after the start, where disk and memory allow it"""
    max_tokens: Annotated[int | None, Unlimited] = Field(None, alias="COMPARE_MAX_TOKENS", ge=1)
    max_seconds: Annotated[float | None, Unlimited] = Field(
        None, alias="COMPARE_MAX_SECONDS", gt=0, allow_inf_nan=False
    )
    """for one answer, from Started"""
    max_context: Annotated[int | None, Unlimited] = Field(None, alias="COMPARE_MAX_CONTEXT", ge=1)
    """tokens of prompt and answer, for which memory is taken"""
    max_prompt_chars: int = Field(1_000_000, alias="COMPARE_MAX_PROMPT_CHARS", ge=1, le=10_000_000)
    """of a prompt, and of a system prompt"""
    max_columns: int = Field(MAX_COLUMNS, alias="COMPARE_MAX_COLUMNS", ge=2, le=MAX_COLUMNS)
    """models of one comparison; in the Speed tab, of one bench"""
    max_sessions: int = Field(200, alias="COMPARE_MAX_SESSIONS", ge=1, le=100_000)
    """visitors whose page's state is kept, those who left without closing it too"""
    threads: Annotated[int | None, Unlimited] = Field(None, alias="COMPARE_THREADS", ge=1, le=1024)
    disk_gb: Annotated[float | None, Unlimited] = Field(
        None, alias="COMPARE_DISK_GB", gt=0, allow_inf_nan=False
    )
    """what models from the Hub may take together"""
    line: Annotated[int | None, Unlimited] = Field(None, alias="COMPARE_LINE", ge=1)
    """so many runs may wait while one is in progress"""
    proxies: int = Field(0, alias="COMPARE_PROXIES", ge=0, le=10)
    """of the owner, between a visitor and the app: each adds the address it sees to X-Forwarded-For"""
    idle_seconds: Annotated[float | None, Unlimited] = Field(
        1800, alias="COMPARE_IDLE_SECONDS", gt=0, allow_inf_nan=False
    )
    """a loaded model that nobody has used for so long is unloaded"""
    force: bool = Field(False, alias="COMPARE_FORCE")
    """load also what is predicted not to fit"""
    zerogpu: bool = Field(False, alias="COMPARE_ZEROGPU")
    """on ZeroGPU, run on a GPU, in each visitor's own GPU time; else on the CPU"""

    hosts: Names = Field((), alias="COMPARE_HOSTS")
    """names under which the app is served beside its own; their pages may ask it, and show it in a frame"""
    metrics: bool = Field(True, alias="COMPARE_METRICS")
    """serve figures of its runs at /metrics"""
    log_prompts: bool = Field(False, alias="COMPARE_LOG_PROMPTS")
    """write the prompts into the log, too"""
    servers: Annotated[tuple[Server, ...], BeforeValidator(_servers_of)] = Field(
        (), alias="COMPARE_SERVERS"
    )
    """on other machines, whose models may have columns; the variable names a TOML file"""
    servers_at_once: int = Field(8, alias="COMPARE_SERVERS_AT_ONCE", ge=1, le=1000)
    """so many columns are answered by servers at the same time, of all visitors together"""

    @field_validator("max_columns")
    @classmethod
    def _holds_the_models(cls, most: int, found: ValidationInfo) -> int:
        if len(models := found.data.get("models", ())) > most:
            raise ValueError(
                f"COMPARE_MODELS names {len(models)} models; name {most} there, or raise this"
            )
        return most

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Owner":
        """What the environment says; an empty variable counts as unset. Raises UsageError, naming it."""
        names = {field.alias for field in cls.model_fields.values()}
        given = {name: environ[name].strip() for name in names if environ.get(name, "").strip()}
        usual = {cls.model_fields[k].alias: v for k, v in PROFILES[profile_of(environ)].items()}
        try:
            owner = cls(**usual | given)
        except ValidationError as error:
            fault = faults(error)[0]
            raise UsageError(f"{fault.field} is set to {fault.stands}. {fault.said}.") from error
        named = {server.name for server in owner.servers}
        if unknown := [s for s in map(offered, owner.models) if s.server and s.server not in named]:
            stands = given["COMPARE_MODELS"][:60]
            raise UsageError(
                f"COMPARE_MODELS is set to “{stands}”. COMPARE_SERVERS names no server “{unknown[0].server}”."
            )
        return owner

    def with_servers(self, named: Sequence[str]) -> "Owner":
        """With servers as the command line names them, `name=url`. Raises UsageError."""
        more = {server.name: server for server in map(named_server, named)}
        others = [server for server in self.servers if server.name not in more]
        return self.model_copy(update={"servers": (*others, *more.values())})

    @property
    def disk_bytes(self) -> int | None:
        return None if self.disk_gb is None else round(self.disk_gb * 1e9)

    @property
    def max_body_bytes(self) -> int:
        """Of one request: two prompts, each letter in as many bytes as JSON takes at most, and the fields."""
        return 2 * 12 * self.max_prompt_chars + CALL_BYTES

    def capped(self, comparison: Comparison) -> Comparison:
        """The comparison within this host's limits; what was capped is said in a notice. Raises UsageError
        where it has too many models: which to leave out isn't the host's to say.
        """
        if (count := len(comparison.models)) > self.max_columns:
            raise UsageError(
                f"{count} models were chosen, and this host runs at most {self.max_columns} side "
                "by side. Leave some out."
            )
        sampling, load, notices = comparison.sampling, comparison.load, comparison.notices
        if self.max_tokens and sampling.max_tokens > self.max_tokens:
            notices += (_lowered("Max tokens", sampling.max_tokens, self.max_tokens),)
            sampling = sampling.model_copy(update={"max_tokens": self.max_tokens})
        if self.max_context and load.n_ctx > self.max_context:
            notices += (_lowered("Context length", load.n_ctx, self.max_context),)
            load = load.model_copy(update={"n_ctx": self.max_context})
        limited = self._limited(comparison)
        return replace(limited, sampling=sampling, load=load, notices=notices)

    def capped_bench(self, bench: Bench) -> Bench:
        """The bench within this host's limits: output tokens, and seconds for each model."""
        tests, notices = bench.tests, bench.notices
        if self.max_tokens and tests.output_tokens > self.max_tokens:
            notices += (_lowered("Output tokens", tests.output_tokens, self.max_tokens),)
            tests = tests.model_copy(update={"output_tokens": self.max_tokens})
        return replace(self._limited(bench), tests=tests, notices=notices)

    def _limited(self, asked: Comparison | Bench):
        return replace(
            asked, max_seconds=self.max_seconds, threads=asked.threads or self.threads,
            force=asked.force or self.force,
        )  # fmt: skip


def _lowered(name: str, asked: int, most: int) -> str:
    return f"{name} was lowered from {asked} to {most}, this host's limit."


def profile_of(environ: Mapping[str, str]) -> str:
    """A key of PROFILES: COMPARE_PROFILE, else by what Spaces set. Raises UsageError.

    SPACE_ID stands on every Space (huggingface.co/docs/hub/spaces-overview), ACCELERATOR names its GPU or
    says none, SPACES_ZERO_GPU is what the package `spaces` itself goes by.
    """
    if named := environ.get("COMPARE_PROFILE", "").strip():
        if named not in PROFILES:
            known = ", ".join(PROFILES)
            raise UsageError(f"COMPARE_PROFILE is set to “{named}”. It must be one of {known}.")
        return named
    if is_zerogpu(environ):
        return "zerogpu"
    if not environ.get("SPACE_ID"):
        return "home"
    return "cpu-space" if environ.get("ACCELERATOR", NONE).lower() in ("", NONE) else "gpu-space"


def is_zerogpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Space on ZeroGPU; the values that count are those of the package `spaces`."""
    return environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
