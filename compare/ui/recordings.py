"""Recorded answers as markup, each with its stamp, its figures and its verdict.

Texts in them are a stranger's: they go through `letters`, answers through `shown`. What goes into a
gr.Markdown has each piece of markup on a line of its own.
"""

from collections.abc import Iterable, Mapping, Sequence

from compare.gallery.gallery import SideBySide, Take
from compare.gallery.judge import Verdict
from compare.ui import drawn
from compare.ui.markup import letters, shown
from compare.words.column import BASE_NOTE, finished_line, recorded_figures
from compare.words.recorded import NO_CHECK, VERDICTS, machine, recorded_on, settings

TEASER_LETTERS = 140


def teaser(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= TEASER_LETTERS else text[:TEASER_LETTERS].rsplit(" ", 1)[0] + " …"


def recorded(comparisons: Iterable[SideBySide]) -> str:
    """Recorded comparisons, each under its stamp."""
    return "\n\n".join(map(_comparison, comparisons))


def quoted_all(comparison: SideBySide) -> str:
    """A recorded comparison where its prompt stands nowhere else."""
    question = letters(teaser(comparison.takes[0].recorded.prompt))
    return f'<p class="aside">Asked: “{question}”</p>\n\n{_comparison(comparison)}'


def quoted(take: Take) -> str:
    """A recorded answer where its prompt stands nowhere else."""
    return f"{_question(take)}\n\n{answer(take)}"


def _question(take: Take) -> str:
    on = take.recorded.machine
    where = machine(on.cpu, on.cores, on.gpus)
    asked = letters(teaser(take.recorded.prompt))
    return f'<p class="aside">Asked on {letters(where)}: “{asked}”</p>'


def _comparison(comparison: SideBySide) -> str:
    columns = "\n\n".join(_column(take, comparison) for take in comparison.takes)
    return f'{stamp(comparison)}\n\n<div class="recorded">\n\n{columns}\n\n</div>'


def stamp(comparison: SideBySide) -> str:
    """When, on what, how, and with which build it was recorded."""
    on = comparison.stamp
    build = f"llama.cpp {on.llama_cpp}, llama-cpp-python {on.llama_cpp_python}"
    parts = (
        machine(on.cpu, on.cores, on.gpus),
        settings(comparison.params, comparison.params),
        build,
    )
    return (
        f'<p class="stamp"><b>{letters(recorded_on(comparison.recording.recorded_at))}</b> '
        f"{letters(' · '.join(parts))}</p>"
    )


def _column(take: Take, comparison: SideBySide) -> str:
    file, measures = take.file, take.answer.measures
    strip = drawn.strip(
        finished_line(measures, take.answer.finish_reason), "check", colour=f"m-{file.model}",
        name=file.name, state="recorded",
    )  # fmt: skip
    passed = [each.verdict.passed for each in comparison.repeats[take.spec]]
    return (
        f'<div class="rec m-{file.model}"><p class="who"><b>{letters(file.name)}</b> '
        f"{letters(file.quant or '')}</p>{strip}"
        f'<div class="text">\n\n{answer(take)}\n\n</div>\n\n'
        f"{verdict(take.verdict, passed)}{drawn.figures(recorded_figures(measures))}</div>"
    )


def answer(take: Take) -> str:
    """A recorded answer, as far as it is shown."""
    text = take.answer.text
    notes = [BASE_NOTE] if take.file.base else []
    parts = [f'<p class="aside">{letters(note)}</p>' for note in (*notes, *take.answer.notices)]
    parts.append(shown(text[: drawn.SHOWN_LETTERS]))
    if (more := len(text) - drawn.SHOWN_LETTERS) > 0:
        parts.append(f'<p class="aside">… and {more:,} more characters</p>')
    return "\n\n".join(parts)


# Verdicts.


def verdict(found: Verdict, repeats: Sequence[bool | None] = ()) -> str:
    """Whether the checks passed, and why."""
    why = "; ".join(found.reasons) if found.passed is not None else NO_CHECK
    if len(repeats) > 1 and found.passed is not None:
        why += f" ({sum(map(bool, repeats))} of {len(repeats)} repeats passed)"
    return (
        f'<p class="judged {sign(found)}"><i class="{sign(found)}"></i>'
        f"<b>{VERDICTS[found.passed]}</b> <span>{letters(why)}</span></p>"
    )


def verdicts(judged: Mapping[str, Verdict], names: Mapping[str, str]) -> str:
    """The checks of live answers, a line each, in the columns' order."""
    lines = "".join(
        f"<dt>{letters(names[key])}</dt><dd>{verdict(found)}</dd>" for key, found in judged.items()
    )
    return f'<div class="verdicts"><p>Checks of the gallery’s prompt</p><dl>{lines}</dl></div>'


def sign(found: Verdict) -> str:
    return {True: "passed", False: "failed", None: "unjudged"}[found.passed]
