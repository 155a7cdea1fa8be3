"""What a machine's owner sets for all its visitors: the one place for environment variables."""

import os
from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compare.asked.comparison import Bench, Comparison
from compare.usage import UsageError, faults


class Owner(BaseModel):
    """Limits of one host; None is no limit. Each field's alias is its environment variable."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    port: int = Field(7860, alias="PORT", ge=0, le=65535)
    max_tokens: int | None = Field(None, alias="COMPARE_MAX_TOKENS", ge=1)
    max_seconds: float | None = Field(None, alias="COMPARE_MAX_SECONDS", gt=0, allow_inf_nan=False)
    """for one answer, from Started"""
    threads: int | None = Field(None, alias="COMPARE_THREADS", ge=1)
    force: bool = Field(False, alias="COMPARE_FORCE")
    """load also what is predicted not to fit"""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Owner":
        """What the environment says; an empty variable counts as unset. Raises UsageError, naming it."""
        names = {field.alias for field in cls.model_fields.values()}
        values = {name: environ[name] for name in names if environ.get(name)}
        try:
            return cls(**values)
        except ValidationError as error:
            fault = faults(error)[0]
            raise UsageError(f"{fault.field} is set to {fault.stands}. {fault.said}.") from error

    def capped(self, comparison: Comparison) -> Comparison:
        """The comparison within this host's limits; what was capped is said in a notice."""
        sampling, notices = comparison.sampling, comparison.notices
        if self.max_tokens and sampling.max_tokens > self.max_tokens:
            notices += (self._lowered("Max tokens", sampling.max_tokens),)
            sampling = sampling.model_copy(update={"max_tokens": self.max_tokens})
        return replace(self._limited(comparison), sampling=sampling, notices=notices)

    def capped_bench(self, bench: Bench) -> Bench:
        """The bench within this host's limits: output tokens, and seconds for each model."""
        tests, notices = bench.tests, bench.notices
        if self.max_tokens and tests.output_tokens > self.max_tokens:
            notices += (self._lowered("Output tokens", tests.output_tokens),)
            tests = tests.model_copy(update={"output_tokens": self.max_tokens})
        return replace(self._limited(bench), tests=tests, notices=notices)

    def _lowered(self, name: str, asked: int) -> str:
        return f"{name} was lowered from {asked} to {self.max_tokens}, this host's limit."

    def _limited(self, asked: Comparison | Bench):
        return replace(
            asked, max_seconds=self.max_seconds, threads=asked.threads or self.threads,
            force=asked.force or self.force,
        )  # fmt: skip
