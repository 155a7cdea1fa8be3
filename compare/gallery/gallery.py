"""What the Gallery shows: prompts joined with the recorded answers to them, judged.

Read once, at the start. Pure but for the reading: values in, values out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from compare.gallery import prompts as curated
from compare.gallery import recordings
from compare.gallery.judge import Verdict, judge
from compare.gallery.prompts import Gallery, Prompt
from compare.gallery.recordings import Hardware, Params, Recorded, Recording
from compare.models.spec import ModelFile, parse, place


@dataclass(frozen=True, slots=True)
class Take:
    """One recorded answer to a prompt, and what its check says of it."""

    answer: Recorded
    verdict: Verdict
    recording: Recording

    @property
    def spec(self) -> str:
        return self.answer.answer.spec

    @property
    def file(self) -> ModelFile:
        return parse(self.spec)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answers to one prompt that can stand side by side: same recording, machine and settings."""

    recording: Recording
    hardware: Hardware
    params: Params
    takes: tuple[Take, ...]
    """one a model, the first repeat, in the catalogue's order"""
    repeats: Mapping[str, tuple[Take, ...]]
    """all of a model's, by its SPEC"""


@dataclass(frozen=True)
class Library:
    gallery: Gallery
    recordings: tuple[Recording, ...] = ()
    takes: tuple[Take, ...] = ()
    """answers to prompts as they are worded now, those of the newest recording first"""
    faults: tuple[str, ...] = ()

    def prompt_of(self, text: str, system: str | None) -> Prompt | None:
        """The gallery's prompt that asks exactly this."""
        return self._by_text.get((text.strip(), (system or "").strip()))

    @cached_property
    def _by_text(self) -> dict[tuple[str, str], Prompt]:
        return {_wording(p.prompt, p.system): p for p in self.gallery.prompts.values()}

    @cached_property
    def _comparisons(self) -> dict[str, tuple[Comparison, ...]]:
        found: dict[str, list[list[Take]]] = {}
        for take in self.takes:
            groups = found.setdefault(take.answer.prompt_id, [])
            for group in groups:
                if _beside(group[0], take):
                    group.append(take)
                    break
            else:
                groups.append([take])
        return {prompt: tuple(map(_comparison, groups)) for prompt, groups in found.items()}

    def showcase(self, texts: Sequence[str]) -> Comparison | None:
        """What to show before anything has run: the newest recording of one of these texts, else of any."""
        named = [self.prompt_of(text, None) for text in texts]
        for prompt in (*filter(None, named), *self.gallery.prompts.values()):
            if found := self.comparisons(prompt):
                return found[0]
        return None

    def comparisons(self, prompt: Prompt) -> tuple[Comparison, ...]:
        """What was recorded of a prompt, the newest first."""
        return self._comparisons.get(prompt.id, ())


def load(folder: Path = curated.PROMPTS) -> Library:
    """The prompts of a folder, and the recordings in its folder `recorded`. Never raises."""
    shelf = curated.load(folder)
    found, faults = recordings.load(folder / "recorded")
    takes, stale = [], []
    for recording in found:
        mine = [_judged(shelf, recording, answer) for answer in recording.takes]
        takes += [take for take in mine if take]
        if gone := mine.count(None):
            answers = "1 answer is" if gone == 1 else f"{gone} answers are"
            stale.append(
                f"{recording.name}: {answers} to prompts that were changed or taken out since, "
                "and left out. Record them again."
            )
    return Library(shelf, found, tuple(takes), (*shelf.faults, *faults, *stale))


def _judged(shelf: Gallery, recording: Recording, answer: Recorded) -> Take | None:
    prompt = shelf.prompts.get(answer.prompt_id)
    if prompt is None or _wording(prompt.prompt, prompt.system) != _wording(
        answer.prompt, answer.system
    ):
        return None
    return Take(answer, judge(prompt.check, answer.answer.text), recording)


def _wording(prompt: str, system: str | None) -> tuple[str, str]:
    return prompt.strip(), (system or "").strip()


def _beside(one: Take, other: Take) -> bool:
    return (
        one.recording is other.recording
        and one.answer.machine.same(other.answer.machine)
        and unseeded(one.answer.params) == unseeded(other.answer.params)
    )


def unseeded(params: Params) -> Params:
    """Repeats differ in nothing else."""
    return params.model_copy(update={"seed": 0})


def _comparison(takes: Sequence[Take]) -> Comparison:
    repeats: dict[str, list[Take]] = {}
    for take in sorted(takes, key=lambda t: (place(t.file), t.answer.repeat)):
        repeats.setdefault(take.spec, []).append(take)
    firsts = tuple(each[0] for each in repeats.values())
    first = firsts[0]
    return Comparison(
        first.recording, first.answer.machine, first.answer.params, firsts,
        {spec: tuple(each) for spec, each in repeats.items()},
    )  # fmt: skip
