"""What is told of a recording: when, on what, how, and the verdict on an answer."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from compare.asked.settings import LoadSettings, SamplingParams
from compare.numbers import NBSP, plural, tokens


def recorded_on(when: datetime) -> str:
    """Recorded on 3 May 2026."""
    return f"Recorded on {when.day} {when:%B} {when.year}"


def machine(cpu: str, cores: int, gpus: Sequence[str] = ()) -> str:
    """NVIDIA L4, with GPUs; else the processor and its cores."""
    if gpus:
        return ", ".join(f"{n} × {gpu}" if n > 1 else gpu for gpu, n in Counter(gpus).items())
    return f"{cpu}, {plural(cores, 'core', NBSP)}"


def settings(sampling: SamplingParams, load: LoadSettings) -> str:
    """temperature 0, seed 0, at most 256 tokens; of the others those that aren't the defaults."""
    parts = [
        f"temperature {sampling.temperature:g}",
        f"seed {sampling.seed}",
        f"at most {tokens(sampling.max_tokens)}",
    ]
    values = {**sampling.model_dump(), **load.model_dump()}
    fields = {**SamplingParams.model_fields, **LoadSettings.model_fields}
    for name in ("top_p", "top_k", "min_p", "repeat_penalty", "n_ctx", "gpu_layers", "kv_type"):
        if values[name] != fields[name].default:
            parts.append(f"{name.replace('_', ' ')} {values[name]}")
    if sampling.stop:
        parts.append(f"stop {', '.join(map(repr, sampling.stop))}")
    return ", ".join(parts)


VERDICTS = {True: "Passed", False: "Failed", None: "No check"}
NO_CHECK = "Only a person can judge this one."
