"""The settings: how tokens are chosen and how a model is loaded, with their limits and defaults."""

import secrets
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MAX_SEED = 2**32 - 2
"""llama.cpp takes 2**32 - 1 for "draw one yourself" (LLAMA_DEFAULT_SEED)."""


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

    def for_child(self) -> dict:
        """The fields of a request to weigh or to load a file."""
        return {"n_ctx": self.n_ctx, "gpu_layers": self.layers, "kv_type": self.kv_type}
