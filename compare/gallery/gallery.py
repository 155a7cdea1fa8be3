"""What the Gallery shows: prompts joined with the recorded answers to them, judged.

Read once, at the start. Pure but for the reading: values in, values out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from compare.gallery import overruled, recordings
from compare.gallery import prompts as curated
from compare.gallery.judge import Verdict
from compare.gallery.overruled import Overruled
from compare.gallery.prompts import Gallery, Prompt
from compare.gallery.recordings import Answer, Params, Recorded, Recording, Stamp
from compare.models.spec import ModelFile, parse, place
from compare.numbers import plural


@dataclass(frozen=True, slots=True)
class Take:
    """One recorded answer to a prompt, and what its check says of it."""

    recorded: Recorded
    verdict: Verdict
    recording: Recording

    @property
    def answer(self) -> Answer:
        return self.recorded.answer

    @property
    def spec(self) -> str:
        return self.answer.spec

    @property
    def file(self) -> ModelFile:
        return parse(self.spec)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The answers to one prompt that can stand side by side: same recording, machine and settings."""

    recording: Recording
    stamp: Stamp
    params: Params
    takes: tuple[Take, ...]
    """one a model, the first repeat, in the catalogue's order"""
    repeats: Mapping[str, tuple[Take, ...]]
    """all of a model's, by its SPEC"""


@dataclass(frozen=True)
class Library:
    gallery: Gallery
    takes: tuple[Take, ...] = ()
    """answers to prompts as they are worded now, those of the newest recording first"""
    faults: tuple[str, ...] = ()
    overruled: Overruled = field(default_factory=Overruled)

    def verdict(self, prompt: Prompt, answer: str) -> Verdict:
        """What the prompt's check says of an answer, unless a person overruled it."""
        return self.overruled.verdict(prompt, answer)

    def prompt_of(self, text: str, system: str | None) -> Prompt | None:
        """The gallery's prompt that asks exactly this."""
        return self._by_text.get((text.strip(), (system or "").strip()))

    @cached_property
    def _by_text(self) -> dict[tuple[str, str], Prompt]:
        return {_wording(p.prompt, p.system): p for p in self.gallery.prompts.values()}

    @cached_property
    def _comparisons(self) -> dict[str, tuple[SideBySide, ...]]:
        by_prompt: dict[str, list[list[Take]]] = {}
        for take in self.takes:
            groups = by_prompt.setdefault(take.recorded.prompt_id, [])
            for group in groups:
                if _beside(group[0], take):
                    group.append(take)
                    break
            else:
                groups.append([take])
        return {prompt: tuple(map(_side_by_side, groups)) for prompt, groups in by_prompt.items()}

    def showcase(self, texts: Sequence[str]) -> SideBySide | None:
        """What to show before anything has run: the newest recording of one of these texts, else of any."""
        named = [self.prompt_of(text, None) for text in texts]
        for prompt in (*filter(None, named), *self.gallery.prompts.values()):
            if comparisons := self.comparisons(prompt):
                return comparisons[0]
        return None

    def comparisons(self, prompt: Prompt) -> tuple[SideBySide, ...]:
        """What was recorded of a prompt, the newest first."""
        return self._comparisons.get(prompt.id, ())


def load(folder: Path = curated.PROMPTS) -> Library:
    """The prompts of a folder, and the recordings in its folder `recorded`. Never raises."""
    gallery = curated.load(folder)
    read, faults = recordings.load(folder / "recorded")
    persons, wrong = overruled.load(folder / "recorded")
    wrong += tuple(
        f"{overruled.FILE} names a prompt that is not there: {prompt}."
        for prompt, _ in persons.entries
        if prompt not in gallery.prompts
    )
    takes, stale = [], []
    for recording in read:
        judged = [_judged(gallery, persons, recording, recorded) for recorded in recording.takes]
        takes += [take for take in judged if take]
        if gone := judged.count(None):
            stale.append(
                f"{recording.name}: {plural(gone, 'answer')} {'is' if gone == 1 else 'are'} to prompts "
                "that were changed or taken out since, and left out. Record them again."
            )
    return Library(gallery, tuple(takes), (*gallery.faults, *faults, *wrong, *stale), persons)


def _judged(
    gallery: Gallery, persons: Overruled, recording: Recording, recorded: Recorded
) -> Take | None:
    """The answer with its verdict; None where its prompt was worded otherwise, or isn't there any more."""
    prompt = gallery.prompts.get(recorded.prompt_id)
    asked = _wording(recorded.prompt, recorded.system)
    if prompt is None or _wording(prompt.prompt, prompt.system) != asked:
        return None
    return Take(recorded, persons.verdict(prompt, recorded.answer.text), recording)


def _wording(prompt: str, system: str | None) -> tuple[str, str]:
    return prompt.strip(), (system or "").strip()


def _beside(one: Take, other: Take) -> bool:
    return (
        one.recording is other.recording
        and one.recorded.machine.same(other.recorded.machine)
        and unseeded(one.recorded.params) == unseeded(other.recorded.params)
    )


def unseeded(params: Params) -> Params:
    """Repeats differ in nothing else."""
    return params.model_copy(update={"seed": 0})


def _side_by_side(takes: Sequence[Take]) -> SideBySide:
    repeats: dict[str, list[Take]] = {}
    for take in sorted(takes, key=lambda t: (place(t.file), t.recorded.repeat)):
        repeats.setdefault(take.spec, []).append(take)
    firsts = tuple(each[0] for each in repeats.values())
    first = firsts[0]
    return SideBySide(
        first.recording, first.recorded.machine, first.recorded.params, firsts,
        {spec: tuple(each) for spec, each in repeats.items()},
    )  # fmt: skip
