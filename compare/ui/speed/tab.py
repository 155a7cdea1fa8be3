"""The Speed tab: how fast models read and write on this machine, measured as llama-bench does."""

from functools import partial

import gradio as gr

from compare.ui.faulty import SHOW_FAULTS
from compare.ui.markup import letters
from compare.ui.parts import action, button, carried, chart, headline, menu, typed, words
from compare.ui.speed.session import FIELDS, IDS, SAVED, Range, Session
from compare.ui.wiring import ALWAYS_LAST, AT_ONCE, PLAIN, QUEUED, Wiring
from compare.words import speeds

Parts = dict[str, gr.blocks.Block]


def speed_tab(demo: gr.Blocks, range: Range) -> None:
    """The tab in `demo`."""
    session = gr.State(Session(range))
    headline(
        "How fast models are on this machine.",
        "Reading and writing apart, repeated, one model after the other.",
    )
    parts = _ask(range) | _card() | _account()
    parts["spoken"] = words(elem_id="speed-spoken")
    parts["text"] = carried("Saved", "speed-text")
    parts["faults"] = carried("Faults", "speed-faults")
    _wire(demo, session, Wiring(parts))


def _ask(range: Range) -> Parts:
    with gr.Column(elem_id="speed-ask"):
        with gr.Row(elem_id="speed-fields", elem_classes=["filters", "fields"]):
            models = menu(
                range.labels(), "Models", multiselect=True, max_choices=range.machine.owner.max_columns,
                elem_id=IDS["models"],
            )  # fmt: skip
            counts = {
                name: typed(
                    label,
                    default,
                    whole=True,
                    placeholder=f"{default} by default",
                    elem_id=IDS[name],
                )
                for name, (label, default) in FIELDS.items()
            }
        with gr.Row(elem_id="speed-tools"):
            cost = words(elem_id="speed-cost")
            run, stop = action("Run", "speed-run"), action("Stop", "speed-stop")
    said = words(elem_id="speed-said")
    return {"models": models, **counts, "cost": cost, "run": run, "stop": stop, "said": said}


def _card() -> Parts:
    with gr.Column(elem_id="speed-card", elem_classes="chart-card"):
        lanes = words(elem_id="speed-lanes")
        plot = chart("speed-plot", visible=False)
        sentence = words(visible=False, elem_id="speed-sentence", elem_classes="sentence")
        words(f"<p>{letters(speeds.LEFT_OUT)}</p>", elem_id="speed-about")
    return {"lanes": lanes, "plot": plot, "sentence": sentence}


def _account() -> Parts:
    with gr.Row(visible=False, elem_id="speed-account", elem_classes="account") as account:
        with gr.Accordion("All figures", open=False, elem_classes="fold"):
            table = words(elem_id="speed-rows")
        words("<span>Download as</span>", elem_id="speed-save")
        saves = {name: button(name) for name in SAVED}
    return {"account": account, "table": table, **saves}


def _wire(demo: gr.Blocks, session: gr.State, wiring: Wiring) -> None:
    parts, of = wiring.parts, wiring.components
    counts = of(*FIELDS)
    fields = {name: parts[name] for name in ("models", *FIELDS)}
    asked = {"inputs": [session], "inputs_kwargs": fields}
    offered = of("run", "cost", "lanes")
    watched = of("cost", "said", "models", "spoken", "lanes")
    outputs = [*offered, *of("models", "plot", "sentence", "account", "table")]

    demo.load(
        wiring(Session.opened), **asked, outputs=[*offered, parts["models"]], **QUEUED
    )  # fmt: skip
    # Clearing all models at once is a change, but no input.
    changes = [parts["models"].change, *(count.blur for count in counts)]
    gr.on(changes, wiring(Session.changed), **asked, outputs=offered, **QUEUED, **ALWAYS_LAST)
    begins = [parts["run"].click, *(count.submit for count in counts)]
    going = gr.on(begins, wiring(Session.measure), **asked, outputs=watched, **QUEUED, **PLAIN)
    for then in (going.success, going.failure):
        then(wiring(Session.ended), **asked, outputs=outputs, **QUEUED)
    wrong = going.failure(wiring(Session.faulty), **asked, outputs=parts["faults"], **AT_ONCE)
    wrong.then(None, parts["faults"], None, js=SHOW_FAULTS, **AT_ONCE)
    parts["stop"].click(Session.stop, [session], None, **AT_ONCE)
    for name, (suffix, kind, _) in SAVED.items():
        saved = partial(Session.saved, name=name)
        made = parts[name].click(saved, [session], parts["text"], **QUEUED)
        keep = f"text => saveText(text, 'speed.{suffix}', '{kind}')"
        made.then(None, parts["text"], None, js=keep, **QUEUED)
