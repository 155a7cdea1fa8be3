"""The settings: how tokens are chosen and how a model is loaded, with their limits, defaults and words.

Each is named once, here: the command line's options, the page's fields and the document follow the fields
of these models. The child's requests carry the same names; a test holds them together.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from compare.asked import typed

MAX_SEED = 2**32 - 2
"""llama.cpp takes 2**32 - 1 for "draw one yourself" (LLAMA_DEFAULT_SEED)."""


Finite = Annotated[float, Field(allow_inf_nan=False)]


def _worded(
    label: str,
    help: str,
    *,
    empty: str | None = None,
    named: Mapping[str, str] = {},
    instead: str | None = None,
) -> Any:
    """What a person is told of a field: its `label` on the page, its `help` on the command line, what an
    empty field means there, what choices are called there, and what to write `instead` of the -1 that means
    all, none or any in llama.cpp's own programs.
    """
    more = {"empty": empty, "named": named, "instead": instead}
    return Field(title=label, description=help, json_schema_extra=more)


FROM_FILE = {"typed": False}
"""The context of a validation in which a number is a number, not its text."""


class AsTyped(BaseModel):
    """Its numbers may be given as people type them, but in a file (FROM_FILE). Frozen, and nothing else may
    be given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _numbers(cls, value: Any, told: ValidationInfo) -> Any:
        """A text as the number that it means; what can be no number, or -1, is told with what to write."""
        about = cls.model_fields[told.field_name]
        if about.annotation not in (int, float):
            return value
        example = "7" if about.default_factory else str(about.default)
        if isinstance(value, str) and told.context is not FROM_FILE:
            read = typed.whole if about.annotation is int else typed.decimal
            value = read(value, example)
        instead = (about.json_schema_extra or {}).get("instead")
        if instead and isinstance(value, int) and value < 0:
            raise ValueError(instead)
        return value


class SamplingParams(AsTyped):
    """How tokens are chosen, and whether there is thinking among them. Defaults are the command line's."""

    max_tokens: Annotated[
        int,
        Field(ge=1, le=1_000_000),
        _worded(
            "Max tokens",
            "The longest that an answer may be.",
            instead="For no limit but the context length, write 1000000",
        ),
    ] = 256
    temperature: Annotated[
        Finite, Field(ge=0, le=10), _worded("Temperature", "0 takes the likeliest token each time.")
    ] = 0.7
    top_p: Annotated[
        Finite, Field(gt=0, le=1), _worded("Top-p", "The likeliest tokens, up to this probability.")
    ] = 0.95
    top_k: Annotated[
        int,
        Field(ge=0, le=1_000_000),
        _worded("Top-k", "So many likeliest tokens; 0 takes all.", instead="For all, write 0"),
    ] = 40
    min_p: Annotated[
        Finite,
        Field(ge=0, le=1),
        _worded("Min-p", "Least probability, in parts of the likeliest's."),
    ] = 0.05
    repeat_penalty: Annotated[
        Finite, Field(gt=0, le=10), _worded("Repeat penalty", "Over the last 64 tokens; 1 is off.")
    ] = 1.0
    seed: Annotated[
        int,
        Field(ge=0, le=MAX_SEED, default_factory=lambda: secrets.randbelow(2**31)),
        _worded(
            "Seed",
            "Drawn and recorded when not given.",
            empty="new each run",
            instead="For a new one each run, give none",
        ),
    ]
    stop: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...],
        _worded("Stop", "Ends an answer; may be repeated.", empty="none"),
    ] = ()
    raw: Annotated[
        bool,
        _worded("Keep what follows", "Goes on where a model writes the user's next turn itself."),
    ] = False
    thinking: Annotated[
        Literal["auto", "off", "on", "low", "medium", "high"],
        _worded(
            "Thinking",
            "auto (as the model does), off, on, or how much: low, medium, high.",
            named={
                "auto": "The model’s own",
                "off": "Off",
                "on": "On",
                "low": "Low effort",
                "medium": "Medium effort",
                "high": "High effort",
            },
        ),
    ] = "auto"

    @field_validator("seed", mode="before")
    @classmethod
    def _drawn_when_missing(cls, value):
        return secrets.randbelow(2**31) if value is None else value


class LoadSettings(AsTyped):
    """How a model is loaded; other settings mean another child."""

    n_ctx: Annotated[
        int,
        Field(ge=1, le=10_000_000),
        _worded(
            "Context length",
            "Tokens of prompt and answer; at most what a model was trained for.",
            instead="For a model's whole context, write how many tokens that is; its card says so",
        ),
    ] = 2048
    gpu_layers: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=0, le=10_000)],
        _worded("GPU layers", "auto (as many as fit with every model), or a number of layers."),
    ] = "auto"
    kv_type: Annotated[Literal["f16", "q8_0"], _worded("KV cache", "The type of its numbers.")] = (
        "f16"
    )

    @field_validator("gpu_layers", mode="wrap")
    @classmethod
    def _in_one_sentence(cls, value, handler):
        try:
            return handler(
                typed.whole(value) if value != "auto" and isinstance(value, str) else value
            )
        except ValueError:  # of both kinds that it may be, each in words of its own
            raise ValueError(
                "It must be auto, for as many as fit, or a number of layers from 0 to 10,000; "
                "more than a model has are all of them"
            ) from None

    def for_child(self) -> dict[str, Any]:
        """As the requests Load and Reserve carry them to a model's process."""
        return self.model_dump() | {"gpu_layers": self.layers}

    @property
    def layers(self) -> int | None:
        """As the engine takes it: None is all of them, where llama.cpp was built for a GPU."""
        return None if self.gpu_layers == "auto" else self.gpu_layers


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a person is asked for it. What may stand there, its model's field says."""

    name: str
    label: str
    """on the page"""
    help: str
    """on the command line"""
    kind: type
    """of what is given: int, float, bool, str, or tuple where several strings may be given"""
    default: Any
    """None where it is drawn"""
    choices: tuple[str, ...] = ()
    """where nothing else may stand"""
    empty: str | None = None
    """what an empty field means, where that isn't the default"""
    instead: str | None = None
    """what to write where other programs take -1"""
    named: Mapping[str, str] = field(default_factory=dict)
    """what choices are called on the page, those that are not called by themselves"""

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Its choices for a menu: what each is called, and what it is."""
        return [(self.named.get(choice, choice), choice) for choice in self.choices]

    @property
    def whole(self) -> bool:
        """Whether it is a whole number: a phone shows their keys. For other numbers it may lack the point."""
        return self.kind is int

    @property
    def placeholder(self) -> str:
        """What stands in its field while that is empty: what this means."""
        return self.empty or f"{self.default} by default"

    @property
    def typed(self) -> str:
        """The default, as it stands in a text field."""
        return "" if self.empty else str(self.default)


def _settings() -> Iterator[Setting]:
    for name, info in (SamplingParams.model_fields | LoadSettings.model_fields).items():
        yield Setting(
            name, info.title, info.description, _kind(info),
            None if info.default_factory else info.default, _choices(info), **info.json_schema_extra,
        )  # fmt: skip


def _kind(info: FieldInfo) -> type:
    if info.annotation in (int, float, bool):
        return info.annotation
    return tuple if isinstance(info.default, tuple) else str


def _choices(info: FieldInfo) -> tuple[str, ...]:
    each = get_args(info.annotation)
    return each if all(isinstance(choice, str) for choice in each) else ()


SETTINGS = {setting.name: setting for setting in _settings()}
"""All of them by name, in the document's order: how tokens are chosen, then how a model is loaded."""
