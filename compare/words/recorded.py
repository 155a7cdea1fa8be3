"""What is told of a recording: when, on what, how, and the verdict on an answer."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from compare.asked.settings import SETTINGS, LoadSettings, SamplingParams
from compare.numbers import NBSP, plural, tokens


def recorded_on(when: datetime) -> str:
    """Recorded on 3 May 2026."""
    return f"Recorded on {when.day} {when:%B} {when.year}"


def machine(cpu: str, cores: int, gpus: Sequence[str] = ()) -> str:
    """NVIDIA L4, with GPUs; else the processor and its cores."""
    if gpus:
        return ", ".join(f"{n} × {gpu}" if n > 1 else gpu for gpu, n in Counter(gpus).items())
    return f"{cpu}, {plural(cores, 'core', NBSP)}"


_ALWAYS = ("temperature", "seed", "max_tokens")


def settings(sampling: SamplingParams, load: LoadSettings) -> str:
    """temperature 0, seed 0, at most 256 tokens; of the others those that aren't the defaults."""
    parts = [
        f"temperature {sampling.temperature:g}",
        f"seed {sampling.seed}",
        f"at most {tokens(sampling.max_tokens)}",
    ]
    values = {**sampling.model_dump(), **load.model_dump()}
    for name, setting in SETTINGS.items():
        if name not in _ALWAYS and name != "stop" and values[name] != setting.default:
            parts.append(f"{name.replace('_', ' ')} {values[name]}")
    if sampling.stop:
        parts.append(f"stop {', '.join(map(repr, sampling.stop))}")
    return ", ".join(parts)


VERDICTS = {True: "Passed", False: "Failed", None: "A person must judge"}


def judged(why: Sequence[str], form: bool | None, form_why: Sequence[str]) -> str:
    """names 26; in another form than was asked: has 7 words, more than 1."""
    said = "; ".join(why)
    if form is False and form_why != why:
        said += f"; in another form than was asked: {'; '.join(form_why)}"
    return said
