"""The Gallery tab: curated prompts, recorded answers to them, and the score board."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from compare.gallery.gallery import Library
from compare.ui.gallery import cards
from compare.ui.gallery.shown import Shelf
from compare.ui.markup import MATHS
from compare.ui.parts import action, button, carried, chart, headline, menu, segments, typed, words
from compare.ui.wiring import ALWAYS_LAST, AT_ONCE, COPY_LINK, KEEP_ADDRESS, KEEP_TYPED, Wiring

Parts = dict[str, gr.blocks.Block]
VIEWS = [("Prompts", "prompts"), ("Score board", "board")]
SHOWN = (
    "said", "everything", "fields", "view", "search", "theme", "tag", "listing", "scores", "plot",
    "finding", "rows", "one", "card", "answers", "shown", "link",
)  # fmt: skip
"""What may change."""


def gallery_tab(
    demo: gr.Blocks, library: Library, run_here: Callable[[gr.Button, gr.Textbox], None]
) -> None:
    """The tab in `demo`. `run_here` wires a button so that the prompt whose id a field holds is run."""
    shelf = Shelf(library)
    headline(
        "Prompts that tell models apart.", "Recorded answers, checked by rules that anyone can read."
    )  # fmt: skip
    parts = {"said": words(cards.faults(library.faults), elem_id="gallery-said")}
    parts |= _everything(shelf) | _one()
    for label in ("Wanted", "Shown", "Link"):
        parts[label.lower()] = carried(label, f"gallery-{label.lower()}")
    _wire(demo, shelf, Wiring(parts))
    run_here(parts["run"], parts["shown"])


def _everything(shelf: Shelf) -> Parts:
    """All cards, and the score board."""
    themes = [("All themes", ""), *((each.title, each.id) for each in shelf.themes.values())]
    tags = [("Any tag", ""), *((each, each) for each in shelf.tags)]
    with gr.Column(elem_id="gallery-all") as everything:
        with gr.Row(elem_id="gallery-filters"):
            view = segments(VIEWS, "View", "gallery-view", "prompts")
            with gr.Row(elem_id="gallery-fields", elem_classes=["filters", "fields"]) as fields:
                search = typed("Search", placeholder="a word of the prompt, why, or a tag")
                theme = menu(themes, "Theme", value="")
                tag = menu(tags, "Tag", value="")
        listing = words(shelf.searched(), elem_id="gallery-list")
        with gr.Column(elem_classes="chart-card", visible=False) as scores:
            plot = chart("gallery-plot")
            finding = words(elem_id="gallery-finding", elem_classes="sentence")
            rows = words(elem_id="gallery-rows")
    return {
        "everything": everything, "view": view, "fields": fields, "search": search, "theme": theme,
        "tag": tag, "listing": listing, "scores": scores, "plot": plot, "finding": finding,
        "rows": rows,
    }  # fmt: skip


def _one() -> Parts:
    """One card, opened."""
    with gr.Column(elem_id="gallery-one", visible=False) as one:
        with gr.Row(elem_id="gallery-tools"):
            back = button("All prompts", elem_id="gallery-back")
            copy = button("Copy link", "copy", elem_id="gallery-copy")
            run = action("Run it here", "gallery-run")
        card = gr.Markdown(elem_id="gallery-card")
        answers = gr.Markdown(elem_id="gallery-answers", latex_delimiters=MATHS)
    return {"one": one, "back": back, "copy": copy, "run": run, "card": card, "answers": answers}


def _wire(demo: gr.Blocks, shelf: Shelf, wiring: Wiring) -> None:
    parts, shown = wiring.parts, wiring.components(*SHOWN)

    def opened(request: gr.Request) -> Any:
        """The card or the view that the page's address asks for."""
        return wiring.told(shelf.opened(request.query_params))

    demo.load(opened, None, shown, **AT_ONCE)
    asking = wiring.components("search", "theme", "tag")
    for event, handler, heard in (
        (parts["wanted"].change, shelf.followed, [parts["wanted"]]),
        (parts["back"].click, shelf.closed, asking),
        (parts["view"].input, shelf.viewed, [parts["view"], *asking]),
    ):
        then = event(wiring(handler), heard, shown, **AT_ONCE).then
        then(inputs=parts["link"], **KEEP_ADDRESS)
    # What is pasted first into a text field is a change, but no input.
    menus = [parts["theme"].input, parts["tag"].input]
    for events, keep in (([parts["search"].change], KEEP_TYPED), (menus, KEEP_ADDRESS)):
        listed = wiring.components("listing", "link")
        sought = gr.on(events, wiring(shelf.filtered), asking, listed, **AT_ONCE, **ALWAYS_LAST)
        sought.then(inputs=parts["link"], **keep)
    parts["copy"].click(inputs=parts["link"], **COPY_LINK)
