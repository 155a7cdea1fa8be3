"""What the Gallery shows: prompts joined with the recorded answers to them, judged; and the score board.

Read once, at the start. Pure but for the reading: values in, values out; knows no page.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from compare import gallery, recordings
from compare.checks import Verdict, judge
from compare.gallery import Gallery, Prompt
from compare.models.catalogue import MODELS
from compare.models.spec import ModelFile, parse
from compare.recordings import Hardware, Params, Recorded, Recording


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


def load(folder: Path = gallery.PROMPTS) -> Library:
    """The prompts of a folder, and the recordings in its folder `recorded`. Never raises."""
    shelf = gallery.load(folder)
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
        and _unseeded(one.answer.params) == _unseeded(other.answer.params)
    )


def _unseeded(params: Params) -> Params:
    """Repeats differ in nothing else."""
    return params.model_copy(update={"seed": 0})


def _comparison(takes: Sequence[Take]) -> Comparison:
    known = list(MODELS)
    repeats: dict[str, list[Take]] = {}
    for take in sorted(takes, key=lambda t: (known.index(t.answer.answer.model), t.answer.repeat)):
        repeats.setdefault(take.spec, []).append(take)
    firsts = tuple(each[0] for each in repeats.values())
    first = firsts[0]
    return Comparison(
        first.recording, first.answer.machine, first.answer.params, firsts,
        {spec: tuple(each) for spec, each in repeats.items()},
    )  # fmt: skip


# The score board.


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one machine: checks passed of checks made, and medians of its speeds."""

    file: ModelFile
    hardware: Hardware
    marks: Mapping[str, tuple[int, int]]
    """theme's id: passed, made"""
    answers: int
    decode_tps: float | None
    prefill_tps: float | None
    ttft_s: float | None

    @property
    def passed(self) -> int:
        return sum(passed for passed, _ in self.marks.values())

    @property
    def made(self) -> int:
        return sum(made for _, made in self.marks.values())


@dataclass(frozen=True, slots=True)
class Board:
    rows: tuple[Row, ...] = ()
    """most passed first"""
    params: Params | None = None
    left_out: int = 0
    """answers that were recorded with other settings"""


def board(library: Library) -> Board:
    """The rows of all recordings that share their settings: of several such, those with most answers."""
    by_params: dict[Params, list[Take]] = {}
    for take in library.takes:
        by_params.setdefault(take.recording.params, []).append(take)
    if not by_params:
        return Board()
    params = max(by_params, key=lambda each: len(by_params[each]))
    takes = _alike(by_params[params])
    prompts = library.gallery.prompts
    rows = [_row(mine, prompts) for mine in _by_column(takes)]
    rows.sort(key=lambda row: -row.passed / max(row.made, 1))
    return Board(tuple(rows), params, len(library.takes) - len(takes))


def _alike(takes: Sequence[Take]) -> list[Take]:
    """Of each prompt the answers with the settings that most have: an option may replace a prompt's own."""
    settings: dict[str, Counter] = {}
    for take in takes:
        settings.setdefault(take.answer.prompt_id, Counter())[_unseeded(take.answer.params)] += 1
    usual = {prompt: counted.most_common(1)[0][0] for prompt, counted in settings.items()}
    return [t for t in takes if _unseeded(t.answer.params) == usual[t.answer.prompt_id]]


def _by_column(takes: Iterable[Take]) -> list[list[Take]]:
    """The takes of each model on each machine; of a repeat recorded twice the newest."""
    columns: list[dict[tuple[str, str, int], Take]] = []
    for take in takes:
        for column in columns:
            other = next(iter(column.values())).answer
            if other.answer.spec == take.spec and other.machine.same(take.answer.machine):
                column.setdefault(take.answer.key, take)
                break
        else:
            columns.append({take.answer.key: take})
    return [list(column.values()) for column in columns]


def _row(takes: Sequence[Take], prompts: Mapping[str, Prompt]) -> Row:
    marks: dict[str, tuple[int, int]] = {}
    for take in takes:
        if take.verdict.passed is not None:
            theme = prompts[take.answer.prompt_id].theme
            passed, made = marks.get(theme, (0, 0))
            marks[theme] = passed + take.verdict.passed, made + 1
    answers = [take.answer.answer for take in takes]
    return Row(
        takes[0].file,
        takes[0].answer.machine,
        marks,
        len(takes),
        decode_tps=_median(answer.decode_tps for answer in answers),
        prefill_tps=_median(answer.prefill_tps for answer in answers),
        ttft_s=_median(answer.ttft_s for answer in answers),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
