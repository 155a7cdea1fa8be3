"""The Gallery as markup: cards, an opened card, recorded answers, verdicts, the score board.

Prompts and recordings are files that anyone may have written: text goes through `letters`, answers
through `shown`. What goes into a gr.Markdown has each piece of markup on a line of its own.
"""

from collections.abc import Iterable, Mapping, Sequence

from compare import numbers
from compare.gallery.board import Board
from compare.gallery.gallery import Comparison, Library, Take
from compare.gallery.judge import Verdict
from compare.gallery.prompts import Prompt, Source, Theme
from compare.models.catalogue import MODELS
from compare.ui import drawn
from compare.ui.markup import letters, shown
from compare.words.column import BASE_NOTE, company, state_line
from compare.words.recorded import NO_CHECK, VERDICTS, hardware, recorded_on, settings

TEASER_LETTERS = 140
SHOWN_LETTERS = 8_000
"""Of an answer; what is longer is said to be."""
SHOWN_FAULTS = 8


def faults(found: Sequence[str]) -> str:
    """What is wrong with the files; empty where nothing is."""
    lines = [f"<p>{letters(text)}</p>" for text in found[:SHOWN_FAULTS]]
    if len(found) > SHOWN_FAULTS:
        lines.append(f"<p>{len(found) - SHOWN_FAULTS} more</p>")
    if not lines:
        return "<div></div>"
    return f'<div class="said" role="alert">{"".join(lines)}</div>'


# All cards.


def listing(themes: Iterable[tuple[Theme, Sequence[Prompt]]], library: Library) -> str:
    """The cards, theme by theme."""
    sections = "".join(_section(theme, prompts, library) for theme, prompts in themes if prompts)
    return sections or '<p class="none">No prompt fits. Search for less.</p>'


def _section(theme: Theme, prompts: Sequence[Prompt], library: Library) -> str:
    cards = "".join(_closed(prompt, library) for prompt in prompts)
    return (
        f'<section class="theme"><h2>{letters(theme.title)} <span>{len(prompts)}</span></h2>'
        f"<p>{letters(theme.about)}</p><div>{cards}</div></section>"
    )


def _closed(prompt: Prompt, library: Library) -> str:
    comparisons = library.comparisons(prompt)
    marks = "".join(_mark(take) for take in comparisons[0].takes) if comparisons else ""
    return (
        f'<a href="{letters(address(prompt.id))}" data-prompt="{letters(prompt.id)}">'
        f"<b>{letters(prompt.title)}</b><span>{letters(_teaser(prompt.prompt))}</span>"
        f'<span class="marks">{marks or "<em>Not recorded yet</em>"}</span></a>'
    )


def _mark(take: Take) -> str:
    said = VERDICTS[take.verdict.passed].lower()
    return (
        f'<em class="m-{take.file.model}"><i class="{_sign(take.verdict)}"></i>'
        f'{letters(take.file.short)}<span class="aloud"> {said}</span></em>'
    )


def _teaser(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= TEASER_LETTERS else text[:TEASER_LETTERS].rsplit(" ", 1)[0] + " …"


def address(prompt_id: str) -> str:
    """A link to an opened card."""
    return f"?tab=gallery&prompt={prompt_id}"


# One card, opened; for gr.Markdown.


def opened(prompt: Prompt, theme: Theme) -> str:
    """What is asked, why, and where it comes from."""
    rows = {"Why": letters(prompt.why)}
    if prompt.claim:
        rows["Claimed"] = f"“{letters(prompt.claim.text)}” ({_link(prompt.claim.source)})"
    rows["From"] = _link(prompt.source)
    if prompt.settings:
        told = ", ".join(f"{name.replace('_', ' ')} {v}" for name, v in prompt.settings.items())
        rows["Settings"] = letters(told)
    if prompt.tags:
        rows["Tags"] = letters(", ".join(prompt.tags))
    facts = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items())
    system = (
        f'<p class="system"><b>System prompt</b> {_lines(prompt.system)}</p>'
        if prompt.system
        else ""
    )
    return (
        f'<div class="opened"><p class="of">{letters(theme.title)}</p><h2>{letters(prompt.title)}</h2>'
        f'{system}<p class="asks">{_lines(prompt.prompt)}</p><dl>{facts}</dl></div>'
    )  # fmt: skip


def _link(source: Source) -> str:
    if source.url is None:
        return letters(source.text)
    return (
        f'<a href="{letters(source.url)}" target="_blank" rel="noopener">{letters(source.text)}</a>'
    )


def _lines(text: str) -> str:
    """Text with its line breaks."""
    return "<br>".join(letters(line) for line in text.strip().splitlines())


def recorded(comparisons: Iterable[Comparison]) -> str:
    """Recorded comparisons, each under its stamp."""
    return "\n\n".join(map(_comparison, comparisons))


def quoted_all(comparison: Comparison) -> str:
    """A recorded comparison where its prompt stands nowhere else."""
    question = letters(_teaser(comparison.takes[0].answer.prompt))
    return f'<p class="aside">Asked: “{question}”</p>\n\n{_comparison(comparison)}'


def quoted(take: Take) -> str:
    """A recorded answer where its prompt stands nowhere else."""
    return f"{_question(take)}\n\n{answer(take)}"


def _question(take: Take) -> str:
    told = take.answer.machine
    where = hardware(told.cpu, told.cores, told.gpus)
    return (
        f'<p class="aside">Asked on {letters(where)}: “{letters(_teaser(take.answer.prompt))}”</p>'
    )


def _comparison(comparison: Comparison) -> str:
    columns = "\n\n".join(_column(take, comparison) for take in comparison.takes)
    return f'{stamp(comparison)}\n\n<div class="recorded">\n\n{columns}\n\n</div>'


def stamp(comparison: Comparison) -> str:
    """When, on what, how, and with which build it was recorded."""
    told = comparison.hardware
    build = f"llama.cpp {told.llama_cpp}, llama-cpp-python {told.llama_cpp_python}"
    parts = (
        hardware(told.cpu, told.cores, told.gpus),
        settings(comparison.params, comparison.params),
        build,
    )
    return (
        f'<p class="stamp"><b>{letters(recorded_on(comparison.recording.recorded_at))}</b> '
        f"{letters(' · '.join(parts))}</p>"
    )


def _column(take: Take, comparison: Comparison) -> str:
    file, response = take.file, take.answer.answer.response()
    strip = drawn.strip(
        state_line(response, 0.0), "check", colour=f"m-{file.model}", name=file.name,
        state="recorded",
    )  # fmt: skip
    passed = [each.verdict.passed for each in comparison.repeats[take.spec]]
    return (
        f'<div class="rec m-{file.model}"><p class="who"><b>{letters(file.name)}</b> '
        f"{letters(file.quant or '')}</p>{strip}"
        f'<div class="text">\n\n{answer(take)}\n\n</div>\n\n'
        f"{verdict(take.verdict, passed)}{drawn.figures(response, company(response, 0.0))}</div>"
    )


def answer(take: Take) -> str:
    """A recorded answer, as far as it is shown."""
    told = take.answer.answer
    notes = [BASE_NOTE] if take.file.base else []
    parts = [f'<p class="aside">{letters(note)}</p>' for note in (*notes, *told.notices)]
    parts.append(shown(told.text[:SHOWN_LETTERS]))
    if (more := len(told.text) - SHOWN_LETTERS) > 0:
        parts.append(f'<p class="aside">… and {more:,} more characters</p>')
    return "\n\n".join(parts)


# Verdicts.


def verdict(found: Verdict, repeats: Sequence[bool | None] = ()) -> str:
    """Whether the checks passed, and why."""
    why = "; ".join(found.reasons) if found.passed is not None else NO_CHECK
    if len(repeats) > 1 and found.passed is not None:
        why += f" ({sum(map(bool, repeats))} of {len(repeats)} repeats passed)"
    return (
        f'<p class="judged {_sign(found)}"><i class="{_sign(found)}"></i>'
        f"<b>{VERDICTS[found.passed]}</b> <span>{letters(why)}</span></p>"
    )


def verdicts(judged: Mapping[str, Verdict], names: Mapping[str, str]) -> str:
    """The checks of live answers, a line each, in the columns' order."""
    lines = "".join(
        f"<dt>{letters(names[key])}</dt><dd>{verdict(found)}</dd>" for key, found in judged.items()
    )
    return f'<div class="verdicts"><p>Checks of the gallery’s prompt</p><dl>{lines}</dl></div>'


def _sign(found: Verdict) -> str:
    return {True: "passed", False: "failed", None: "unjudged"}[found.passed]


# The score board.


def finding(board: Board) -> str:
    """Who passed how many, and what the board is made of."""
    if not board.rows:
        return (
            '<p class="finding"><b>Nothing is recorded yet.</b> '
            "<span>make record fills this board.</span></p>"
        )
    first, *others = board.rows
    rest = "".join(f", {letters(row.file.name)} {row.passed} of {row.made}" for row in others[:3])
    about = (
        "Only recordings of equal settings stand here: "
        f"{settings(board.params, board.params)}, unless a prompt sets its own. "
        "A row is one quantization on one machine; speeds are medians over its answers."
    )
    if board.left_out:
        told = "1 answer" if board.left_out == 1 else f"{board.left_out} answers"
        about += f" {told} with other settings left out."
    return (
        f'<p class="finding"><b>{letters(first.file.name)} passed {first.passed} of {first.made} '
        f'checks</b><span>{rest}.</span></p><p class="about">{letters(about)}</p>'
    )


def rows(board: Board) -> str:
    """Each row of the board with its speeds."""
    heads = ("Model", "Checks passed", "Decode", "Prefill", "First token", "Answers", "Machine")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(
        f'<tr class="m-{row.file.model}"><th scope="row">{letters(f"{row.file.name} {row.file.quant}")}</th>'
        + "".join(f"<td>{letters(text)}</td>" for text in _figures(row))
        + "</tr>"
        for row in board.rows
    )
    return (
        '<div class="sheet" role="region" aria-label="Score board" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _figures(row) -> tuple[str, ...]:
    told = row.hardware
    return (
        f"{row.passed} of {row.made}", _rate(row.decode_tps), _rate(row.prefill_tps),
        numbers.seconds(row.ttft_s), str(row.answers), hardware(told.cpu, told.cores, told.gpus),
    )  # fmt: skip


def _rate(tps: float | None) -> str:
    return numbers.UNKNOWN if tps is None else f"{numbers.speed(tps)}{numbers.NBSP}tok/s"


def column_labels(board: Board) -> list[str]:
    """What each row is called in the heat map: as short as it can be told apart."""
    shorts = [MODELS[row.file.model].short for row in board.rows]
    names = [
        short if shorts.count(short) == 1 else f"{short} {row.file.quant}"
        for short, row in zip(shorts, board.rows, strict=True)
    ]
    return [
        name
        if names.count(name) == 1
        else f"{name}, {hardware(row.hardware.cpu, row.hardware.cores, row.hardware.gpus)}"
        for name, row in zip(names, board.rows, strict=True)
    ]
