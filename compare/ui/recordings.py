"""Recorded answers as markup, each with its stamp, its figures and its verdict.

Texts in them are a stranger's: they go through `letters`, answers through `shown`. What goes into a
gr.Markdown has each piece of markup on a line of its own.
"""

from collections.abc import Iterable, Mapping, Sequence

from compare.gallery.gallery import SideBySide, Take
from compare.gallery.judge import Verdict
from compare.gallery.recordings import Answer
from compare.ui import drawn
from compare.ui.markup import code, letters, shown
from compare.words.column import BASE_NOTE, finished_line, recorded_figures
from compare.words.recorded import VERDICTS, judged, machine, recorded_on, settings
from compare.words.thought import thought, unanswered

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
    return f'<p class="aside">Asked: <bdi>“{question}”</bdi></p>\n\n{_comparison(comparison)}'


def quoted(take: Take) -> str:
    """A recorded answer where its prompt stands nowhere else."""
    return f"{_question(take)}\n\n{answer(take)}"


def _question(take: Take) -> str:
    on = take.recorded.machine
    where = machine(on.cpu, on.cores, on.gpus)
    asked = letters(teaser(take.recorded.prompt))
    return f'<p class="aside">Asked on {letters(where)}: <bdi>“{asked}”</bdi></p>'


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
    passed = [each.verdict.substance for each in comparison.repeats[take.spec]]
    return (
        f'<div class="rec m-{file.model}"><p class="who"><b>{letters(file.name)}</b> '
        f"{letters(file.quant or '')}</p>{strip}"
        f'<div class="text" dir="auto">\n\n{answer(take)}\n\n</div>\n\n'
        f"{verdict(take.verdict, passed)}{drawn.figures(recorded_figures(measures))}</div>"
    )


def answer(take: Take) -> str:
    """A recorded answer, as far as it is shown, its thoughts folded above."""
    told = take.answer
    notes = [BASE_NOTE] if take.file.base else []
    parts = [f'<p class="aside" dir="ltr">{letters(n)}</p>' for n in (*notes, *told.notices)]
    if told.thinking:
        parts.append(_thoughts(told))
    if told.text.strip():
        parts.append(shown(told.text[: drawn.SHOWN_LETTERS]))
        parts += [f'<p class="aside" dir="ltr">{more}</p>' for more in drawn.left_out(told.text)]
    else:
        parts += drawn.happened(*unanswered(told.measures, told.finish_reason))
    return "\n\n".join(parts)


def _thoughts(told: Answer) -> str:
    """On one line, as all of our own markup within Markdown."""
    text = code("\n".join((told.thinking[: drawn.SHOWN_LETTERS], *drawn.left_out(told.thinking))))
    return f'<details class="thoughts"><summary>{letters(thought(told.measures))}</summary>{text}</details>'


# Verdicts.


def verdict(found: Verdict, repeats: Sequence[bool | None] = ()) -> str:
    """Whether the checks passed, and why; beside it whether the answer has the form asked for."""
    why = judged(found.reasons, found.form, found.form_reasons)
    if len(repeats) > 1 and found.substance is not None:
        why += f" ({sum(map(bool, repeats))} of {len(repeats)} repeats passed)"
    return (
        f'<p class="judged {sign(found)}"><i class="{sign(found)}"></i>'
        f"<b>{VERDICTS[found.substance]}</b> <span>{letters(why)}</span></p>"
    )


def verdicts(found: Mapping[str, Verdict], names: Mapping[str, str]) -> str:
    """The checks of live answers, a line each, in the columns' order."""
    lines = "".join(
        f"<dt>{letters(names[key])}</dt><dd>{verdict(each)}</dd>" for key, each in found.items()
    )
    return f'<div class="verdicts"><p>Checks of the gallery’s prompt</p><dl>{lines}</dl></div>'


def sign(found: Verdict) -> str:
    return {True: "passed", False: "failed", None: "unjudged"}[found.substance]
