"""Words as markup: what several tabs show, and what stands in a column and under the columns.

Each part keeps one skeleton for all its states, so that the browser patches it in place. Holds numbers,
fixed words and names made harmless by `letters`; answers go through `shown`.
"""

import json
import math
from collections.abc import Container, Mapping, Sequence

from compare import numbers
from compare.asked.comparison import Comparison
from compare.models.spec import ModelFile
from compare.run.response import Response
from compare.ui.markup import code, letters, shown
from compare.words import column
from compare.words.sentence import Summary
from compare.words.settings import listed_settings
from compare.words.table import ACCOUNTS, RESERVED_NOTE, all_measures
from compare.words.thought import unanswered

SHOWN_LETTERS = 8_000
"""Of a text that isn't shown whole; what is left out is said."""
BREATH_S, TURN_S = 1.6, 1.0
TEMPLATES = {True: "its own", False: "none, so it is asked in plain text"}


def alert(texts: Sequence[str], *, most: int | None = None, before: str = "", listed=False) -> str:
    """What is at fault, a line each and at most so many; empty where nothing is.

    `before`: a sentence over them; `listed`: with a dot before each.
    """
    shown = [letters(text) for text in texts[:most]]
    if len(texts) > len(shown):
        shown.append(f"{len(texts) - len(shown)} more")
    if not shown:
        return "<div></div>"
    tag = "li" if listed else "p"
    lines = "".join(f"<{tag}>{text}</{tag}>" for text in shown)
    lines = f"<ul>{lines}</ul>" if listed else lines
    return f'<div class="said" role="alert">{f"<p>{letters(before)}</p>" if before else ""}{lines}</div>'


def finding(told: str, rest: str = "", *, before: str = "", about: str = "") -> str:
    """The sentence under a chart: what it shows, in bold between what leads to it and what follows; and in a
    second, what to know of it."""
    first = f"<span>{letters(before)}</span>" if before else ""
    return (
        f'<p class="finding">{first}<b>{letters(told)}</b><span>{letters(rest)}</span></p>'
        + (f'<p class="about">{letters(about)}</p>' if about else "")
    )  # fmt: skip


def sheet(
    heads: Sequence[str], body: str, name: str, *, long: bool = False, right: Container[str] = (),
) -> str:  # fmt: skip
    """A table that scrolls where it has no room. `body`: its rows; `right`: the heads over numbers; `long`:
    with its head in view while it scrolls."""
    head = "".join(
        f'<th scope="col"{" class=number" if text in right else ""}>{letters(text)}</th>'
        for text in heads
    )
    return (
        f'<div class="sheet{" long" if long else ""}" role="region" tabindex="0" '
        f'aria-label="{letters(name)}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def strip(
    line: column.Line, sign: str, *, colour: str, name: str, state: str = "idle", done: float | None = None,
    offers: Sequence[str] = (), wordless: bool = False, now: float | None = None,
) -> str:  # fmt: skip
    """The state line: sign, text, and the bar below it, `done` from 0 to 1.

    `offers`: the buttons that show beside it: stop, copy, again; `wordless`: without an answer below;
    `now`: where the sign moves.
    """
    parts = [*map(letters, line.parts), "", "", "", ""][:4]
    spans = (f"<span{' class=wide' * (i % 2)}>{part}</span>" for i, part in enumerate(parts))
    offered = " ".join(f"offers-{kind}" for kind in offers or ("nothing",))
    classes = f"{colour} is-{state} {offered}{' is-wordless' * wordless}"
    return (
        f'<div class="strip {classes}" data-name="{letters(name)}">'
        f'<i class="glyph {sign}"{_moved(sign, now)}></i><span class="state">{"".join(spans)}</span>'
        f"{bar(done, f'{name}: {state}')}</div>"
    )


def _moved(sign: str, now: float | None) -> str:
    """How far a sign has moved: the dot breathes, the arc turns. From one drawing to the next, for an
    animation would have the browser draw sixty frames a second."""
    if now is None or sign not in ("dot", "arc"):
        return ""
    share = (
        1 - 0.65 * math.sin(math.pi * now / BREATH_S) ** 2 if sign == "dot" else now / TURN_S % 1
    )
    return f' style="--moved:{share:.2f}"'


def bar(done: float | None, name: str) -> str:
    """The hairline under a state, which counts where `done`, from 0 to 1, is known."""
    if done is None:
        return '<div class="bar" role="presentation"><i style="width:0%"></i></div>'
    return (
        f'<div class="bar counts" role="progressbar" aria-label="{letters(name)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{done * 100:.0f}"><i style="width:{done * 100:.1f}%"></i></div>'
    )


def figures(found: column.Figures) -> str:
    """The speed, the one of this moment beside it, its company, the three small figures, and what it would
    take of a GPU."""
    unknown = found.speed == numbers.UNKNOWN
    small = "".join(
        f"<div><dt>{name}</dt><dd>{letters(value)}</dd></div>"
        for name, value in found.small.items()
    )
    return (
        f'<div class="figures"><div class="speed"><p><b class="{"none" if unknown else "some"}">{found.speed}'
        f'</b> <span>tok/s</span> <span class="now">{letters(found.now)}</span></p>'
        f'<p>{letters(found.company)}</p></div>'
        f'<div class="small"><dl>{small}</dl><p>{letters(found.instead)}</p></div></div>'
    )  # fmt: skip


def card(file: ModelFile, answers: bool = True) -> str:
    """What a model is, where its answer will stand, and how it is asked, where it `answers`."""
    about = file.about
    size = [numbers.size(file.bytes)] if file.bytes else []
    rows = {
        "Parameters": about.parameters,
        "Server": file.server,
        "File": ", ".join([*size, file.quant or file.file]),
        "Architecture": about.architecture,
        "Licence": about.licence,
        "Context": about.context and numbers.tokens(about.context),
        "Chat template": TEMPLATES.get(about.has_template) if answers else None,
        "Recommends": listed_settings(dict(about.recommended)) if answers else None,
        "From": about.origin,
        "Kind": column.BASE_NOTE.removesuffix(".") if file.base else None,
    }
    marked = {name: letters(value) for name, value in rows.items() if value}
    if about.origin:
        link = f"https://huggingface.co/{marked['From']}"
        marked["From"] = f'<a href="{link}" target="_blank">{marked["From"]}</a>'
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in marked.items())
    return f'<dl class="card">{listed}</dl>'


def answer(response: Response, file: ModelFile, now: float) -> str:
    """What a column's model has answered, its notices above, what went wrong below."""
    parts = [_aside(note) for note in ((column.BASE_NOTE,) if file.base else ()) + response.notices]
    if response.text.strip():
        parts.append(shown(response.text))
    elif response.state == "finished":
        parts += happened(
            *unanswered(response.measures, response.finish_reason, response.stop_string)
        )
    elif place := column.place_text(response, now):
        parts.insert(0, f'<p class="place">{letters(place)}</p>')
    if response.state == "failed":
        parts += happened(*column.failure(response))
        if response.log:
            parts.append(code("\n".join(response.log)))
    return "\n\n".join(parts)


def happened(what: str, advice: str) -> list[str]:
    """What happened in an answer's place, and what to do about it: a paragraph a line."""
    lines = (f"<p>{letters(line)}</p>" for line in advice.splitlines() if line.strip())
    return [f'<p class="happened"><strong>{letters(what)}</strong></p>', *lines]


def fault(message: str) -> str:
    """A message that says on its first line what happened, and on the others what to do."""
    return "\n\n".join(happened(*column.in_two(message)))


def _aside(text: str) -> str:
    return f'<p class="aside" dir="ltr">{letters(text)}</p>'


def left_out(text: str) -> tuple[str, ...]:
    """What is said of the rest of a text that is longer than is shown."""
    more = len(text) - SHOWN_LETTERS
    return (f"… and {more:,} more characters",) if more > 0 else ()


def asked(prompt: str) -> str:
    """The prompt over its answers, on one line until it is opened. For gr.Markdown."""
    told = " <br>".join(letters(line) for line in prompt[:SHOWN_LETTERS].splitlines())
    told = " ".join((told, *left_out(prompt)))
    return (
        '<details class="asked"><summary><h2><span>You asked<i>:</i></span> '
        f"<b>{told}</b></h2></summary></details>"
    )


def pager(columns: Sequence[tuple[str, str, str]]) -> str:
    """One button a column: its colour, its name, its state in two words."""
    return "".join(
        f'<button type="button" class="{colour}" data-col="{n}"><b>{letters(name)}</b> '
        f"<span>{letters(short)}</span></button>"
        for n, (colour, name, short) in enumerate(columns)
    )


def summary(sentence: Summary, *, ran: bool) -> str:
    """`ran`: whether there are measures of which the rest of the page may tell."""
    return (
        f'<p class="summary{" ran" if ran else ""}"><span>{letters(sentence.before)}</span>'
        f"<b>{letters(sentence.finding)}</b><span>{letters(sentence.rest)}</span></p>"
    )


def measures(
    responses: Mapping[str, Response], comparison: Comparison, names: Mapping[str, str]
) -> str:
    """The table of all measures: measures down, models across."""
    head = "".join(f'<th scope="col">{letters(names[key])}</th>' for key in responses)
    rows = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f"<td>{letters(v)}</td>" for v in values)
        + "</tr>"
        for name, values in all_measures(responses, comparison)
    )
    rows += _account(list(responses.values()))
    table = f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<div class="table" style="--columns:{len(responses)}"><table>{table}</table></div>'


def _account(responses: Sequence[Response]) -> str:
    """What each model's memory is made of: a bar for what was predicted, and one for what was allocated."""
    rows = ""
    for name, parts_of in ACCOUNTS.items():
        cells = "".join(f"<td>{_stacked(parts_of(response))}</td>" for response in responses)
        rows += f'<tr><th scope="row">{name}</th>{cells}</tr>'
    note = f'<td class="note" colspan="{len(responses) + 1}">{RESERVED_NOTE}</td>'
    return f"{rows}<tr>{note}</tr>"


def _stacked(parts: Mapping[str, int]) -> str:
    """A small stacked bar, and the same in words."""
    whole = sum(parts.values())
    if not whole:
        return numbers.UNKNOWN
    bar = "".join(f'<i style="width:{100 * size / whole:.2f}%"></i>' for size in parts.values())
    told = ", ".join(f"{name} {numbers.size(size)}" for name, size in parts.items())
    return f'<span class="stack" aria-hidden="true">{bar}</span>{letters(told)}'


def shelf(
    models: Mapping[str, str], quants: Mapping[str, Mapping[str, str]], faults: Mapping[str, str]
) -> str:
    """For the scripts: what the menus say beside each model, and beside the quantizations of those shown, by
    their names; and what is wrong with what is chosen, by the id of its menu.
    """
    notes = letters(json.dumps({"models": models, "quants": quants}))
    return f'<span data-notes="{notes}" data-faults="{letters(json.dumps(faults))}"></span>'


def rendered(responses: Mapping[str, Response], names: Mapping[str, str]) -> str:
    """The prompt as each model read it."""
    return "\n\n".join(
        f"<p>The prompt as {letters(names[key])} read it</p>\n\n{code(response.rendered_prompt)}"
        for key, response in responses.items()
        if response.rendered_prompt is not None
    )
