"""One line of JSON for each run that has ended: what it took, how it ended, and why.

Without a word of what was asked or answered, unless the owner wants the prompts.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from compare.asked.comparison import Bench, Comparison
from compare.models.surroundings import without_secrets
from compare.run.response import Response
from compare.run.run import Run

FIGURES = (
    "prompt_tokens", "cached_tokens", "output_tokens", "load_s", "ttft_s", "total_s", "prefill_tps",
    "decode_tps", "threads",
)  # fmt: skip


class Log:
    """Hears of runs, and tells each in a line."""

    def __init__(
        self, tell: Callable[[str], None], *, prompts: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):  # fmt: skip
        self._tell, self._prompts, self._now = tell, prompts, now

    def __call__(self, run: Run) -> None:
        at = self._now().isoformat(timespec="milliseconds")
        told = {"at": at, "run": run.number, **asked(run.comparison, prompts=self._prompts)}
        said = () if self._prompts else texts_of(run.comparison)
        told["columns"] = [column(key, r, said) for key, r in run.responses().items()]
        self._tell(json.dumps(told, ensure_ascii=False))


def asked(comparison: Comparison | Bench, *, prompts: bool) -> dict[str, Any]:
    """What was asked for."""
    told = {"kind": kind_of(comparison), "mode": comparison.mode, "n_ctx": comparison.load.n_ctx}
    if prompts and isinstance(comparison, Comparison):
        told |= {"prompt": comparison.prompt, "system": comparison.system}
    return told


def kind_of(comparison: Comparison | Bench) -> str:
    return "bench" if isinstance(comparison, Bench) else "compare"


def texts_of(comparison: Comparison | Bench) -> tuple[str, ...]:
    """What a person wrote, which a model's template may repeat where it complains of it."""
    if isinstance(comparison, Bench):
        return ()
    return tuple(message.content for message in comparison.messages if message.content)


def column(key: str, response: Response, hidden: tuple[str, ...]) -> dict[str, Any]:
    """How one model fared, by the names a document has; `hidden`: texts that must not stand in its cause."""
    measures = response.measures
    told = {"model": key, "state": response.state, "finish_reason": response.finish_reason}
    if response.error:
        cause = without_secrets(response.error)
        for text in sorted(hidden, key=len, reverse=True):
            cause = cause.replace(text, "…")
        told |= {"failed_at": response.stage, "cause": " ".join(cause.splitlines())}
    told |= {name: getattr(measures, name) for name in FIGURES}
    told |= {
        "pp_tps": response.pp and response.pp.avg_tps,
        "tg_tps": response.tg and response.tg.avg_tps,
    }
    told["measured_bytes"] = measures.memory.measured_bytes
    return {name: value for name, value in told.items() if value is not None}
