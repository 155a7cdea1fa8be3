"""The prompt's surface: its fields, and the comparison they ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from compare.asked.comparison import Comparison, comparison
from compare.asked.settings import LoadSettings, SamplingParams
from compare.gallery.gallery import SideBySide
from compare.gallery.prompts import Prompt
from compare.gallery.recordings import RECORDED
from compare.models.spec import MAX_COLUMNS
from compare.ui.menu import Choice, Menu
from compare.usage import UsageError

PLACES = range(1, MAX_COLUMNS + 1)
"""The columns, counted from 1."""
_FIELDS = {
    "max_tokens": "Max tokens",
    "temperature": "Temperature",
    "top_p": "Top-p",
    "seed": "Seed",
    "n_ctx": "Context length",
    "stop": "Stop",
}
_WHOLE = {"max_tokens", "seed", "n_ctx"}
"""Whole numbers: a phone shows their keys. For other numbers it may lack the point."""
_HINTS = {"seed": "new each run", "stop": "none"}

Values = dict[str, Any]
"""What the fields hold, by the field's name; model_1 and quant_1 are those of the first column."""


@dataclass(frozen=True, eq=False)
class Form:
    prompt: gr.Textbox
    mode: gr.Radio
    settings: dict[str, gr.Textbox]
    """by the parameter's name; the system prompt is one of them"""

    @property
    def inputs(self) -> dict[str, Any]:
        return {"prompt": self.prompt, "mode": self.mode, **self.settings}


def settings_fields() -> dict[str, gr.Textbox]:
    """Text fields even for numbers: what was typed stays as it was typed, and is checked in one place."""
    defaults = {**_defaults(SamplingParams), **_defaults(LoadSettings), "seed": "", "stop": ""}
    with gr.Row(elem_id="fields"):
        fields = {
            name: gr.Textbox(
                defaults[name], label=label, placeholder=_HINTS.get(name), lines=1, max_lines=1,
                min_width=0, interactive=True,
                elem_classes=["field", "whole"] if name in _WHOLE else "field",
            )
            for name, label in _FIELDS.items()
        }  # fmt: skip
    fields["system"] = gr.Textbox(
        "",
        label="System prompt",
        placeholder="none",
        lines=2,
        max_lines=6,
        interactive=True,
        elem_id="system",
    )
    return fields


def _defaults(model) -> dict[str, str]:
    return {name: str(field.default) for name, field in model.model_fields.items()}


def choices(values: Mapping[str, Any]) -> dict[int, Choice]:
    """The model and quantization of each open column, by its place."""
    chosen = {}
    for place in PLACES:
        if model := values.get(f"model_{place}"):
            quant = values.get(f"quant_{place}")
            chosen[place] = Choice(str(model), str(quant) if quant else None)
    return chosen


def with_choices(values: Mapping[str, Any], chosen: Mapping[int, Choice]) -> Values:
    """The values with other models in the columns."""
    models = {f"model_{place}": None for place in PLACES} | {
        f"quant_{place}": None for place in PLACES
    }
    for place, choice in chosen.items():
        models[f"model_{place}"], models[f"quant_{place}"] = choice.model, choice.quant
    return {**values, **models}


def read(values: Mapping[str, Any], menu: Menu) -> Comparison:
    """The comparison the fields ask for. Raises UsageError, in the fields' own names."""
    try:
        chosen = choices(values)
        return comparison(
            str(values["prompt"] or ""), [menu.file(chosen[place]) for place in sorted(chosen)],
            system=str(values["system"] or ""), mode=values["mode"], **_params(values),
        )  # fmt: skip
    except UsageError as error:
        raise UsageError(_in_the_pages_words(str(error))) from error


def filled(prompt: Prompt, recorded: Sequence[SideBySide]) -> Values:
    """What the fields hold to ask a prompt of the gallery as it was recorded, or would be by default."""
    params = recorded[0].params if recorded else SamplingParams(**{**RECORDED, **prompt.settings})
    told = {**_defaults(LoadSettings), **{n: str(v) for n, v in params.model_dump().items()}}
    told["stop"] = ", ".join(map(_typed, params.stop))
    texts = {name: told[name] for name in _FIELDS}
    return {"prompt": prompt.prompt, "mode": "in-turn", "system": prompt.system or "", **texts}


def _typed(stop: str) -> str:
    """A stop string as it is typed into its field."""
    return stop.replace(",", "\\,").replace("\n", "\\n").replace("\t", "\\t")


def _params(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed; an empty field means the default."""
    texts = {name: str(values[name] or "").strip() for name in _FIELDS if name != "stop"}
    params: dict[str, Any] = {name: text for name, text in texts.items() if text}
    return {**params, "stop": stops(str(values["stop"] or ""))}


def stops(text: str) -> tuple[str, ...]:
    r"""Stop strings, with commas between; `\n` is a line break and `\,` a comma."""
    parts = text.replace("\\,", "\0").split(",")
    read = [
        part.strip().replace("\0", ",").replace("\\n", "\n").replace("\\t", "\t") for part in parts
    ]
    return tuple(part for part in read if part)


def _in_the_pages_words(message: str) -> str:
    for name, label in _FIELDS.items():
        if message.startswith(f"{name} is "):
            return label + message.removeprefix(name)
    return message
