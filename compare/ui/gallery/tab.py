"""The Gallery tab: curated prompts, recorded answers to them, and the score board."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from compare.charts.board import score_board
from compare.gallery.board import board
from compare.gallery.gallery import Library
from compare.gallery.prompts import Prompt, Theme
from compare.ui import recordings
from compare.ui.gallery import cards, table
from compare.ui.markup import MATHS
from compare.ui.wiring import AT_ONCE

HEADLINE = (
    "<h1>Prompts that tell models apart. "
    "<span>Recorded answers, checked by rules that anyone can read.</span></h1>"
)
VIEWS = [("Prompts", "prompts"), ("Score board", "board")]
Updates = dict[Any, Any]


def gallery_tab(
    demo: gr.Blocks, library: Library, run_here: Callable[[gr.Button, gr.Textbox], None]
) -> None:
    """The tab in `demo`. `run_here` wires a button so that the prompt whose id a field holds is run."""
    plain = {"apply_default_css": False, "js_on_load": None}
    menu = {"interactive": True, "min_width": 0, "elem_classes": "field"}
    quiet = {"size": "sm", "min_width": 0, "scale": 0}
    prompts = library.gallery.prompts
    themes = {theme.id: theme for theme in library.gallery.themes}
    tags = sorted({tag for prompt in prompts.values() for tag in prompt.tags})

    gr.HTML(HEADLINE, elem_classes="headline", **plain)
    said = gr.HTML(cards.faults(library.faults), elem_id="gallery-said", **plain)
    with gr.Column(elem_id="gallery-all") as everything:
        with gr.Row(elem_id="gallery-filters"):
            view = gr.Radio(
                VIEWS, value="prompts", label="View", show_label=False, container=False,
                min_width=0, elem_id="gallery-view",
            )  # fmt: skip
            with gr.Row(elem_id="gallery-fields", elem_classes=["filters", "fields"]) as fields:
                search = gr.Textbox(
                    label="Search", placeholder="a word of the prompt, why, or a tag", lines=1,
                    max_lines=1, **menu,
                )  # fmt: skip
                theme = gr.Dropdown(
                    [("All themes", ""), *((each.title, each.id) for each in themes.values())],
                    value="", label="Theme", filterable=False, **menu,
                )  # fmt: skip
                tag = gr.Dropdown(
                    [("Any tag", ""), *((each, each) for each in tags)], value="", label="Tag",
                    filterable=False, **menu,
                )  # fmt: skip
        listing = gr.HTML(
            cards.listing(found(library, "", "", ""), library), elem_id="gallery-list", **plain
        )
        with gr.Column(elem_classes="chart-card", visible=False) as scores:
            plot = gr.Plot(
                show_label=False, container=False, elem_id="gallery-plot", elem_classes="plot"
            )
            finding = gr.HTML(elem_id="gallery-finding", elem_classes="sentence", **plain)
            rows = gr.HTML(elem_id="gallery-rows", **plain)
    with gr.Column(elem_id="gallery-one", visible=False) as one:
        with gr.Row(elem_id="gallery-tools"):
            back = gr.Button("All prompts", elem_id="gallery-back", **quiet)
            copy = gr.Button("Copy link", elem_classes="copy", elem_id="gallery-copy", **quiet)
            run = gr.Button("Run it here", variant="primary", min_width=0, elem_id="gallery-run")
        card = gr.Markdown(elem_id="gallery-card")
        answers = gr.Markdown(elem_id="gallery-answers", latex_delimiters=MATHS)
    wanted, shown, link = (
        gr.Textbox(visible="hidden", label=label, elem_id=f"gallery-{label.lower()}")
        for label in ("Wanted", "Shown", "Link")
    )

    def opened(request: gr.Request) -> Updates:
        """The card or the view that the page's address asks for."""
        asked = request.query_params
        if asked.get("tab") != "gallery":
            return {said: gr.skip()}
        if asked.get("view") == "board":
            return {view: "board", **viewed("board")}
        return followed(asked.get("prompt", ""))

    def clicked(asked: str) -> Updates:
        """The card that the script asks for: its id, and after a question mark when."""
        return followed(asked.partition("?")[0])

    def followed(prompt_id: str) -> Updates:
        """A card, by its prompt's id; without one, all of them."""
        prompt = prompts.get(prompt_id)
        if prompt is None:
            told = [f"There is no prompt “{prompt_id}” in the gallery."] if prompt_id else []
            return {**closed(), said: cards.faults([*told, *library.faults])}
        found = library.comparisons(prompt)
        return {
            everything: gr.update(visible=False),
            one: gr.update(visible=True),
            card: cards.opened(prompt, themes[prompt.theme]),
            answers: recordings.recorded(found) or "Nothing is recorded of it yet.",
            shown: prompt.id,
            link: cards.address(prompt.id),
            said: cards.faults(library.faults),
        }

    def closed() -> Updates:
        return {
            everything: gr.update(visible=True),
            one: gr.update(visible=False),
            shown: "",
            link: "?tab=gallery",
        }

    def viewed(view: str) -> Updates:
        is_board = view == "board"
        return {
            fields: gr.update(visible=not is_board),
            listing: gr.update(visible=not is_board),
            scores: gr.update(visible=is_board),
            link: "?tab=gallery&view=board" if is_board else "?tab=gallery",
            **(tabled() if is_board else {}),
        }

    def tabled() -> Updates:
        told = board(library)
        return {
            plot: gr.update(value=drawn(library, told), visible=bool(told.rows)),
            finding: table.finding(told),
            rows: gr.update(value=table.rows(told), visible=bool(told.rows)),
        }

    def searched(text: str, theme: str, tag: str) -> str:
        return cards.listing(found(library, text, theme, tag), library)

    parts = [
        said, everything, fields, view, listing, scores, plot, finding, rows, one, card, answers,
        shown, link,
    ]  # fmt: skip
    keep = {"fn": None, "inputs": link, "js": "query => keepAddress(query)", **AT_ONCE}
    demo.load(opened, None, parts, **AT_ONCE)
    wanted.change(clicked, wanted, parts, **AT_ONCE).then(**keep)
    back.click(closed, None, parts, **AT_ONCE).then(**keep)
    view.input(viewed, view, parts, **AT_ONCE).then(**keep)
    asking = [search, theme, tag]
    # What is pasted first into a text field is a change, but no input.
    gr.on(
        [search.change, theme.input, tag.input],
        searched,
        asking,
        listing,
        trigger_mode="always_last",
        **AT_ONCE,
    )
    copy.click(None, link, None, js="query => copyText(addressOf(query))", **AT_ONCE)
    run_here(run, shown)


def found(library: Library, text: str, theme: str, tag: str) -> list[tuple[Theme, list[Prompt]]]:
    """The prompts that hold all the words searched for, by theme."""
    sought = (text or "").casefold().split()
    return [
        (each, [p for p in each.prompts if _fits(p, each, sought) and (not tag or tag in p.tags)])
        for each in library.gallery.themes
        if theme in ("", each.id)
    ]


def _fits(prompt: Prompt, theme: Theme, sought: Sequence[str]) -> bool:
    texts = (prompt.id, prompt.title, prompt.prompt, prompt.system or "", prompt.why, theme.title)
    whole = " ".join((*texts, *prompt.tags, prompt.language)).casefold()
    return all(word in whole for word in sought)


def drawn(library: Library, told):
    """The board's heat map, without themes in which nothing was checked."""
    kept = [t for t in library.gallery.themes if any(t.id in row.marks for row in told.rows)]
    marks = [[row.marks.get(theme.id) for row in told.rows] for theme in kept]
    return score_board([theme.title for theme in kept], table.column_labels(told), marks)
