"""Settings in words: what a prompt brings along, and what a file recommends."""

from collections.abc import Mapping
from typing import Any

from compare.asked.settings import SETTINGS, SamplingParams
from compare.models.spec import ModelFile


def listed_settings(values: Mapping[str, Any]) -> str:
    """top-k 20, KV cache q8_0"""
    return ", ".join(f"{_within(name)} {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _within(name: str) -> str:
    """A setting's label within a sentence: top-k, KV cache."""
    label = SETTINGS[name].label
    return label if label[:2].isupper() else label[0].lower() + label[1:]


def recommended_label(file: ModelFile) -> str:
    """What the button is called that takes what a file recommends; empty where it recommends nothing."""
    told = listed_settings(dict(file.about.recommended))
    return f"As {file.short} recommends: {told}" if told else ""


def not_as_recommended(file: ModelFile, asked: SamplingParams) -> str | None:
    """That a model is asked with other settings than its file recommends, and the options for those."""
    wanted = {k: v for k, v in file.about.recommended if getattr(asked, k) != v}
    if not wanted:
        return None
    given = {name: getattr(asked, name) for name in wanted}
    options = " ".join(f"--{k.replace('_', '-')} {_shown(v)}" for k, v in wanted.items())
    return (
        f"{file.key} recommends {listed_settings(wanted)}, and is asked with "
        f"{listed_settings(given)}. To follow it: {options}"
    )
