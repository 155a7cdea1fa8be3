"""Verdicts that a person overruled, each with its reason, from recorded/overruled.toml.

An entry holds for one text, told by its hash: recorded anew with the same words, it holds still.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compare.gallery.judge import Verdict, judge
from compare.gallery.prompts import Prompt, Unreadable, read_toml
from compare.gallery.recordings import fault

FILE = "overruled.toml"


class Entry(BaseModel):
    """One answer's marks, as a person gives them; a mark that isn't named stays the check's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prompt: Annotated[str, Field(min_length=1, max_length=60)]
    answer: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """its `digest`"""
    substance: bool
    form: bool | None = None
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


def digest(answer: str) -> str:
    """The first 16 digits of the SHA-256 of a text without outer space."""
    return sha256(answer.strip().encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Overruled:
    entries: Mapping[tuple[str, str], Entry] = field(default_factory=dict)
    """by prompt and digest"""

    def verdict(self, prompt: Prompt, answer: str) -> Verdict:
        """What the prompt's check says of an answer, or what a person said of it, and the check had said."""
        checked = judge(prompt.check, answer)
        entry = self.entries.get((prompt.id, digest(answer)))
        if entry is None:
            return checked
        why = (
            f"overruled by a person: {entry.reason}",
            *(f"the check: {r}" for r in checked.reasons),
        )
        if entry.form is None:
            return Verdict(entry.substance, why, checked.form, checked.form_reasons)
        return Verdict(entry.substance, why, entry.form, ("overruled by a person",))


def load(folder: Path) -> tuple[Overruled, tuple[str, ...]]:
    """The entries of a folder's file, and a sentence for each thing at fault. Never raises."""
    path = folder / FILE
    if not path.exists():
        return Overruled(), ()
    try:
        return _entries(read_toml(path))
    except Unreadable as error:
        return Overruled(), (f"{FILE} {error}",)


def _entries(table: Mapping[str, object]) -> tuple[Overruled, tuple[str, ...]]:
    found = table.get("answer", [])
    if not isinstance(found, list) or set(table) - {"answer"}:
        return Overruled(), (
            f"{FILE} must hold entries that begin with [[answer]], and nothing else.",
        )
    entries: dict[tuple[str, str], Entry] = {}
    faults: list[str] = []
    for number, each in enumerate(found, start=1):
        try:
            entry = Entry.model_validate(each)
        except ValidationError as error:
            faults.append(f"{FILE}, answer {number}, {fault(error)}")
            continue
        if (entry.prompt, entry.answer) in entries:
            faults.append(f"{FILE}, answer {number}: stands there already. Keep one of them.")
            continue
        entries[entry.prompt, entry.answer] = entry
    return Overruled(entries), tuple(faults)
