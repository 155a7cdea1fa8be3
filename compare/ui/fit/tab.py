"""The Fit tab: models and their quantizations against hardware, before anything is downloaded."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from compare import numbers
from compare.asked.settings import LoadSettings
from compare.charts.fit import fit_map
from compare.memory.fit import Fit, fit, learn
from compare.memory.hardware import HERE, Hardware, known, named
from compare.models.catalogue import MODELS
from compare.models.spec import ModelFile, catalogue_file
from compare.run.machine import Machine
from compare.ui.markup import letters
from compare.ui.wiring import QUEUED
from compare.usage import UsageError
from compare.words.fit import about, called, say, say_one, verdict

HEADLINE = (
    "<h1>Which models fit where. "
    "<span>Layers on the GPU, predicted before anything is downloaded.</span></h1>"
)
CONTEXTS = (512, 1024, 2048, 4096, 8192, 16384, 32768)
KV_TYPES = ("f16", "q8_0")
FEW = ("Q2_K", "Q4_K_M", "Q5_K_M", "Q8_0")
"""The quantizations shown at first, of models that have many."""
FIRST_MODELS = ["tinyllama", "solar", "mixtral"]
FIRST_HARDWARE = [HERE, "cpu-basic", "rtx-4060", "t4-small", "l4x1", "l40sx1"]
KEY = "“all” or a number: layers on the GPU. “RAM”: it runs without a GPU. “no”: it does not fit. "
Updates = dict[Any, Any]


def fit_tab(demo: gr.Blocks, machine: Machine, now: Callable[[], float]) -> None:
    """The tab in `demo`. Needs no model; where a file is here, its header is read."""
    plain = {"apply_default_css": False, "js_on_load": None}
    menu = {"interactive": True, "min_width": 0, "elem_classes": "field"}
    own = [(file.name, file.key) for file in machine.own]
    named_models = [(model.name, model.id) for model in MODELS.values()] + own
    machines = [("This machine", HERE)] + [(row.title, row.name) for row in known()]
    lengths = [(f"{n:,} tokens", n) for n in CONTEXTS]

    gr.HTML(HEADLINE, elem_classes="headline", **plain)
    with gr.Row(elem_id="fit-filters", elem_classes=["filters", "fields"]):
        models = gr.Dropdown(
            named_models, value=FIRST_MODELS, multiselect=True, label="Models", **menu
        )
        hardware = gr.Dropdown(
            machines, value=FIRST_HARDWARE, multiselect=True, label="Hardware", **menu
        )
        typed = gr.Textbox(
            label="Your own, in GB", placeholder="24GB, 16GB-ram", lines=1, max_lines=1, **menu
        )
        quants = gr.Dropdown(
            [("A few", "few"), ("All", "all")], value="few", label="Quantizations",
            filterable=False, **menu,
        )  # fmt: skip
        n_ctx = gr.Dropdown(
            lengths, value=LoadSettings().n_ctx, label="Context length", filterable=False, **menu
        )
        kv_type = gr.Dropdown(
            list(KV_TYPES), value=KV_TYPES[0], label="KV cache", filterable=False, **menu
        )
    said = gr.HTML(elem_id="fit-said", **plain)
    with gr.Column(elem_id="fit-card", elem_classes="chart-card"):
        plot = gr.Plot(show_label=False, container=False, elem_id="fit-plot", elem_classes="plot")
        sentence = gr.HTML(elem_id="fit-sentence", elem_classes="sentence", **plain)
    with (
        gr.Row(elem_classes="account"),
        gr.Accordion("All figures", open=False, elem_classes="fold"),
    ):
        figures = gr.HTML(elem_id="fit-rows", **plain)

    def show(models, hardware, typed, quants, n_ctx, kv_type) -> Updates:
        """The heat map of what the fields ask for; where they ask for nothing, why."""
        typed = (typed or "").strip()
        try:
            chosen = _files(machine, models or [], quants == "all")
            rooms, trouble = _rooms(machine, hardware or [], typed)
            learned = learn(chosen)
            fits = fit(learned, rooms, n_ctx, kv_type)
        except UsageError as error:
            return {said: _said([str(error)])}
        if not fits:
            return {
                said: _said([*trouble, "Choose a model and a machine."]),
                plot: None, sentence: "", figures: "",
            }  # fmt: skip
        last = rooms[-1] if typed and not trouble else rooms[0]
        one = say_one([each for each in fits if each.hardware == last])
        found = say(fits)
        told = " ".join(about(fits))
        unknown = {
            f"{known.file.short}: {known.trouble.splitlines()[0]}"
            for known in learned
            if known.trouble
        }
        return {
            said: _said([*trouble, *sorted(unknown)]),
            plot: fit_map(fits),
            sentence: f'<p class="finding"><b>{letters(found.finding)}</b>'
            f"<span>{letters(found.rest)} {letters(one)}</span></p>"
            f'<p class="about">{letters(KEY + told)}</p>',
            figures: _table(fits),
        }

    fields = [models, hardware, typed, quants, n_ctx, kv_type]
    shown = [said, plot, sentence, figures]
    demo.load(show, fields, shown, **QUEUED)
    # Clearing a list at once is a change, but no input.
    changes = [models.change, hardware.change, quants.input, n_ctx.input, kv_type.input]
    # By default, what changes while an answer is on its way would be lost.
    triggers = [*changes, typed.submit, typed.blur]
    gr.on(triggers, show, fields, shown, trigger_mode="always_last", **QUEUED)


def _files(machine: Machine, chosen: Sequence[str], every: bool) -> list[ModelFile]:
    """The files of the chosen models, a model's quantizations from small to large."""
    own = {file.key: file for file in machine.own}
    found: list[ModelFile] = []
    for name in chosen:
        if name in own:
            found.append(own[name])
        elif name in MODELS:
            model = MODELS[name]
            some = [q for q in model.quants if every or q.name in FEW or len(model.quants) < 4]
            found += [catalogue_file(model, quant) for quant in some]
    return found


def _rooms(machine: Machine, chosen: Sequence[str], typed: str) -> tuple[list[Hardware], list[str]]:
    """The machines asked for, the typed one last, and what was wrong with what was typed."""
    here = machine.hardware()
    rooms = [named(name, here) for name in chosen]
    if not typed:
        return rooms, []
    try:
        asked = named(typed, here)
    except UsageError:
        return rooms, [f"“{typed}” is no amount of memory. Type 24GB, 16GB-ram or 24GB+32GB-ram."]
    return [*(room for room in rooms if room.name != asked.name), asked], []


def _said(texts: Sequence[str]) -> str:
    if not texts:
        return "<div></div>"
    lines = "".join(f"<p>{letters(text)}</p>" for text in texts)
    return f'<div class="said" role="alert">{lines}</div>'


def _table(fits: Sequence[Fit]) -> str:
    """Every fit in figures, for who can't see the picture or wants the bytes."""
    heads = ("Model", "Hardware", "Fits", "Predicted", "Weights", "KV cache", "VRAM", "RAM")
    body = "".join(
        f'<tr><th scope="row">{letters(called(fit))}</th>'
        f"<td>{letters(fit.hardware.title)}</td><td>{verdict(fit)}</td>"
        + "".join(f'<td class="number">{text}</td>' for text in _figures(fit))
        + "</tr>"
        for fit in fits
    )
    head = "".join(
        f'<th scope="col"{" class=number" if i > 2 else ""}>{name}</th>'
        for i, name in enumerate(heads)
    )
    return (
        '<div class="sheet long" role="region" aria-label="All figures" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _figures(fit: Fit) -> tuple[str, ...]:
    prediction = fit.prediction
    return (
        numbers.about_size(fit.predicted_bytes),
        numbers.size(prediction.weights_bytes if prediction else None),
        numbers.size(prediction.kv_bytes if prediction else None),
        numbers.size(fit.hardware.vram_bytes or None), numbers.size(fit.hardware.ram_bytes),
    )  # fmt: skip
