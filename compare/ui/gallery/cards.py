"""The Gallery as markup: its cards, and one of them opened.

Prompts are files that anyone may have written: text goes through `letters`. What goes into a gr.Markdown
has each piece of markup on a line of its own.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from compare.gallery.gallery import Library, Take
from compare.gallery.prompts import Prompt, Source, Theme
from compare.ui.drawn import alert
from compare.ui.markup import letters
from compare.ui.recordings import sign, teaser
from compare.words.recorded import VERDICTS

SHOWN_FAULTS = 8


def faults(found: Sequence[str]) -> str:
    """What is wrong with the files; empty where nothing is."""
    return alert(found, most=SHOWN_FAULTS)


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
        f"<b>{letters(prompt.title)}</b><span>{letters(teaser(prompt.prompt))}</span>"
        f'<span class="marks">{marks or "<em>Not recorded yet</em>"}</span></a>'
    )


def _mark(take: Take) -> str:
    said = VERDICTS[take.verdict.substance].lower()
    return (
        f'<em class="m-{take.file.model}"><i class="{sign(take.verdict)}"></i>'
        f'{letters(take.file.short)}<span class="aloud"> {said}</span></em>'
    )


def address(prompt_id: str) -> str:
    """A link to an opened card."""
    return f"?tab=gallery&prompt={prompt_id}"


def sought(text: str | None, theme: str | None, tag: str | None) -> str:
    """A link to the cards that are sought; to all of them, where nothing is."""
    asked = {"tab": "gallery", "q": (text or "").strip(), "theme": theme, "tag": tag}
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


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
