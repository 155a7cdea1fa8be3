"""How many tokens a prompt has for the models chosen, and what keeps one from answering it, before a run."""

from collections.abc import Mapping

from compare import numbers
from compare.protocol.events import Failed, Tokenized

Counts = Mapping[str, Tokenized | Failed]
"""by the column's key, in the columns' order"""


def phrase(counts: Counts) -> str:
    """34 tokens; 34 · 41 tokens, where vocabularies and templates differ; 2,041 tokens, which leaves 7 for
    the answer, where that is less than was asked for.
    """
    told = list(_counted(counts).values())
    *first, last = list(dict.fromkeys(each.prompt_tokens for each in told)) or [0]
    if not last:
        return ""
    unit = numbers.plural(last, "token")
    lowered = [each.lowered_to for each in told if each.lowered_to is not None]
    left = f", which leaves {min(lowered):,} for the answer" if lowered else ""
    return " · ".join([*(f"{n:,}" for n in first), unit]) + left


def each(counts: Counts, names: Mapping[str, str]) -> str:
    """Prompt: TinyLlama 34, SOLAR 41."""
    told = _counted(counts).items()
    return "Prompt: " + ", ".join(f"{names[key]} {each.prompt_tokens:,}" for key, each in told)


def faults(counts: Counts, names: Mapping[str, str]) -> list[str]:
    """Why a model can't answer it, and what to do."""
    return [
        f"{names[key]}: {' '.join(told.message.splitlines())}"
        for key, told in counts.items()
        if isinstance(told, Failed)
    ]


def unswitched(counts: Counts, names: Mapping[str, str]) -> list[str]:
    """How thinking can't be switched as it is asked for: SmolLM2’s template has no switch for thinking …"""
    return [
        said.replace("This model", names[key], 1)
        for key, told in _counted(counts).items()
        for said in told.unswitched
    ]


def _counted(counts: Counts) -> dict[str, Tokenized]:
    return {key: told for key, told in counts.items() if isinstance(told, Tokenized)}
