"""The Fit tab: models and their quantizations against hardware, before anything is downloaded."""

import gradio as gr

from compare.asked.settings import SETTINGS
from compare.memory.hardware import HERE, known
from compare.models.catalogue import MODELS
from compare.run.machine import Machine
from compare.ui.fit.shown import Fits
from compare.ui.parts import chart, headline, menu, typed, words
from compare.ui.wiring import ALWAYS_LAST, QUEUED, Wiring

CONTEXTS = (512, 1024, 2048, 4096, 8192, 16384, 32768)
FIRST_MODELS = ["tinyllama", "solar", "mixtral"]
FIRST_HARDWARE = [HERE, "cpu-basic", "rtx-4060", "t4-small", "l4x1", "l40sx1"]
FIELDS = "models", "hardware", "typed", "quants", "n_ctx", "kv_type"
"""In the order that Gradio hands their values over."""
SHOWN = "said", "plot", "sentence", "figures"


def fit_tab(demo: gr.Blocks, machine: Machine) -> None:
    """The tab in `demo`. Needs no model; where a file is here, its header is read."""
    headline(
        "Which models fit where.", "Layers on the GPU, predicted before anything is downloaded."
    )
    parts = _fields(machine)
    parts["said"] = words(elem_id="fit-said")
    with gr.Column(elem_id="fit-card", elem_classes="chart-card"):
        parts["plot"] = chart("fit-plot")
        parts["sentence"] = words(elem_id="fit-sentence", elem_classes="sentence")
    with (
        gr.Row(elem_classes="account"),
        gr.Accordion("All figures", open=False, elem_classes="fold"),
    ):
        parts["figures"] = words(elem_id="fit-rows")

    wiring = Wiring(parts)
    show = wiring(Fits(machine).show)
    fields, shown = wiring.components(*FIELDS), wiring.components(*SHOWN)
    demo.load(show, fields, shown, **QUEUED)
    # Clearing a list at once is a change, but no input.
    lists = [parts[name].change for name in ("models", "hardware")]
    menus = [parts[name].input for name in ("quants", "n_ctx", "kv_type")]
    events = [*lists, *menus, parts["typed"].submit, parts["typed"].blur]
    gr.on(events, show, fields, shown, **QUEUED, **ALWAYS_LAST)


def _fields(machine: Machine) -> dict[str, gr.blocks.Block]:
    own = [(file.name, file.key) for file in machine.own]
    models = [(model.name, model.id) for model in MODELS.values()] + own
    hardware = [("This machine", HERE)] + [(row.title, row.name) for row in known()]
    lengths = [(f"{n:,} tokens", n) for n in CONTEXTS]
    n_ctx, kv_type = SETTINGS["n_ctx"], SETTINGS["kv_type"]
    with gr.Row(elem_id="fit-filters", elem_classes=["filters", "fields"]):
        return {
            "models": menu(models, "Models", value=FIRST_MODELS, multiselect=True),
            "hardware": menu(hardware, "Hardware", value=FIRST_HARDWARE, multiselect=True),
            "typed": typed("Your own, in GB", placeholder="24GB, 16GB-ram"),
            "quants": menu([("A few", "few"), ("All", "all")], "Quantizations", value="few"),
            "n_ctx": menu(lengths, n_ctx.label, value=n_ctx.default),
            "kv_type": menu(list(kv_type.choices), kv_type.label, value=kv_type.default),
        }
