"""The score board: checks passed of checks made, and speeds, from recordings of equal settings.

A check passes by an answer's substance; the form is counted beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from compare.gallery.gallery import Library, Take, unseeded
from compare.gallery.prompts import Prompt
from compare.gallery.recordings import Params, Stamp
from compare.models.spec import ModelFile


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one machine: checks passed of checks made, and medians of its speeds."""

    file: ModelFile
    stamp: Stamp
    marks: Mapping[str, tuple[int, int]]
    """theme's id: passed, made, in substance"""
    in_form: tuple[int, int]
    """answers in the form that was asked for, of those where one was; beside the score, not in it"""
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
        settings.setdefault(take.recorded.prompt_id, Counter())[unseeded(take.recorded.params)] += 1
    usual = {prompt: counted.most_common(1)[0][0] for prompt, counted in settings.items()}
    return [t for t in takes if unseeded(t.recorded.params) == usual[t.recorded.prompt_id]]


def _by_column(takes: Iterable[Take]) -> list[list[Take]]:
    """The takes of each model on each machine; of a repeat recorded twice the newest."""
    columns: list[dict[tuple[str, str, int], Take]] = []
    for take in takes:
        for column in columns:
            other = next(iter(column.values())).recorded
            if other.answer.spec == take.spec and other.machine.same(take.recorded.machine):
                column.setdefault(take.recorded.key, take)
                break
        else:
            columns.append({take.recorded.key: take})
    return [list(column.values()) for column in columns]


def _row(takes: Sequence[Take], prompts: Mapping[str, Prompt]) -> Row:
    marks: dict[str, tuple[int, int]] = {}
    for take in takes:
        if take.verdict.substance is not None:  # else only a person can tell
            theme = prompts[take.recorded.prompt_id].theme
            passed, made = marks.get(theme, (0, 0))
            marks[theme] = passed + take.verdict.substance, made + 1
    forms = [take.verdict.form for take in takes if take.verdict.form is not None]
    measured = [take.answer.measures for take in takes]
    return Row(
        takes[0].file,
        takes[0].recorded.machine,
        marks,
        (sum(forms), len(forms)),
        len(takes),
        decode_tps=_median(measures.decode_tps for measures in measured),
        prefill_tps=_median(measures.prefill_tps for measures in measured),
        ttft_s=_median(measures.ttft_s for measures in measured),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
