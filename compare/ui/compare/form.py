"""The prompt's surface: what its fields are called, and the comparison they ask for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.asked.comparison import Comparison, comparison
from compare.asked.settings import SETTINGS, LoadSettings
from compare.gallery.gallery import SideBySide
from compare.gallery.prompts import Prompt
from compare.gallery.recordings import RECORDED, Params
from compare.models.spec import MAX_COLUMNS, ModelFile, twins
from compare.ui.menu import Choice, Menu
from compare.usage import Faults, UsageError
from compare.words import sentence
from compare.words.settings import listed_settings

PLACES = range(1, MAX_COLUMNS + 1)
"""The columns, counted from 1."""
MORE = ("thinking", "raw")
"""The settings whose fields stand apart from the others, under More."""
FIELDS = {
    name: SETTINGS[name]
    for name in ("max_tokens", "temperature", "top_p", "seed", "n_ctx", "stop", *MORE)
}  # fmt: skip
"""The settings that have a field on the page, in its order."""
INPUTS = ("prompt", "mode", *FIELDS, "system")
IDS = {name: f"set-{name}" if name in FIELDS else name for name in INPUTS} | {
    f"model_{place}": f"model-{place}" for place in PLACES
}
"""The fields, and the menus of models, as they are found on the page."""

Values = dict[str, Any]
"""What the fields hold, by the field's name; model_1 and quant_1 are those of the first column."""


@dataclass(frozen=True)
class Further:
    """Settings without a field that a prompt of the gallery, or a file, brings along."""

    prompt: str | None
    """They hold for this text alone, another one is asked as any; None: for every text."""
    settings: Mapping[str, Any]
    """by name; none that is the default"""
    source: str
    """whose they are: as recorded"""

    @classmethod
    def kept(cls, text: str) -> "Further | None":
        """As `keep` wrote it into a browser; None for what it can't have written."""
        try:
            given = json.loads(text or "null")
            found = cls(given["prompt"], dict(given["settings"]), given["source"])
        except (ValueError, TypeError, KeyError):
            return None
        texts = isinstance(found.prompt, str | None) and isinstance(found.source, str)
        known = found.settings.keys() <= SETTINGS.keys() - FIELDS.keys()
        return found if texts and known and found.settings else None

    def keep(self) -> str:
        told = {"prompt": self.prompt, "settings": dict(self.settings), "source": self.source}
        return json.dumps(told)

    def __str__(self) -> str:
        """Also top-k 1, min-p 0.1, as recorded."""
        return f"Also {listed_settings(self.settings)}, {self.source}."


def untouched() -> Values:
    """What the fields hold as the page opens."""
    fields = {
        name: setting.default if setting.kind is bool else setting.typed
        for name, setting in FIELDS.items()
    }
    return {"prompt": "", "mode": "together", **fields, "system": ""}


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


def further_of(values: Mapping[str, Any], further: Further | None) -> Mapping[str, Any]:
    """The settings without a field that hold for what stands in the prompt's field."""
    prompt = str(values["prompt"] or "").strip()
    return further.settings if further and further.prompt in (None, prompt) else {}


def read(values: Mapping[str, Any], menu: Menu, further: Further | None = None) -> Comparison:
    """The comparison the fields ask for.

    Raises Faults, in the fields' own names, with everything that is wrong in them; UsageError for what stands
    in none of them.
    """
    chosen = choices(values)
    params = {**_params(values), **further_of(values, further)}
    try:
        return comparison(
            str(values["prompt"] or ""), [menu.file(chosen[place]) for place in sorted(chosen)],
            system=str(values["system"] or ""), mode=values["mode"], **params,
        )  # fmt: skip
    except Faults as error:
        raise _on_the_page(error.said | twice(chosen, menu)) from error
    except UsageError as error:
        if same := twice(chosen, menu):
            raise Faults(same) from error
        raise


def twice(chosen: Mapping[int, Choice], menu: Menu) -> dict[str, str]:
    """What to say at each column that shows the file of an earlier one."""
    places = sorted(chosen)
    same = twins([menu.file(chosen[place]) for place in places])
    return {
        f"model_{places[n]}": sentence.twice(
            first + 1, len(menu.quants(chosen[places[n]].model)) > 1
        )
        for n, first in same.items()
    }


def load_settings(values: Mapping[str, Any], further: Further | None = None) -> LoadSettings | None:
    """How the models would be loaded; None where what is typed is no context length."""
    params = {**_params(values), **further_of(values, further)}
    try:
        return LoadSettings(**{k: v for k, v in params.items() if k in LoadSettings.model_fields})
    except ValueError:
        return None


def filled(prompt: Prompt, recorded: Sequence[SideBySide]) -> tuple[Values, Further | None]:
    """What the fields hold to ask a prompt of the gallery as it was recorded, or would be by default; and
    the settings that have no field. How many threads there are is each machine's matter.
    """
    params = recorded[0].params if recorded else Params(**{**RECORDED, **prompt.settings})
    told = {name: _field(getattr(params, name)) for name in FIELDS}
    told["stop"] = ", ".join(map(_typed, params.stop))
    values = {"prompt": prompt.prompt, "mode": "in-turn", "system": prompt.system or "", **told}
    others = {
        name: getattr(params, name)
        for name, setting in SETTINGS.items()
        if name not in FIELDS and getattr(params, name) != setting.default
    }
    source = "as recorded" if recorded else "as the prompt sets"
    return values, Further(prompt.prompt.strip(), others, source) if others else None


def as_recommended(file: ModelFile) -> tuple[Values, Further | None]:
    """What the fields hold to ask as a file recommends; and what it recommends that has no field."""
    told = dict(file.about.recommended)
    texts = {name: str(told.pop(name)) for name in FIELDS if name in told}
    return texts, Further(None, told, f"as {file.short} recommends") if told else None


def _field(value: Any) -> str | bool:
    return value if isinstance(value, bool) else str(value)


def _typed(stop: str) -> str:
    """A stop string as it is typed into its field."""
    return stop.replace(",", "\\,").replace("\n", "\\n").replace("\t", "\\t")


def _params(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed; an empty field means the default."""
    texts = {name: str(values.get(name) or "").strip() for name in FIELDS if name != "stop"}
    params: dict[str, Any] = {name: text for name, text in texts.items() if text}
    return {**params, "stop": stops(str(values["stop"] or ""))}


def stops(text: str) -> tuple[str, ...]:
    r"""Stop strings, with commas between; `\n` is a line break and `\,` a comma."""
    parts = text.replace("\\,", "\0").split(",")
    read = [
        part.strip().replace("\0", ",").replace("\\n", "\n").replace("\\t", "\t") for part in parts
    ]
    return tuple(part for part in read if part)


def _on_the_page(said: Mapping[str, str]) -> UsageError:
    """What is wrong, by the field where it stands, or at once where there is none for some of it."""
    told = {name: _in_the_pages_words(name, why) for name, why in said.items()}
    return Faults(told) if told.keys() <= IDS.keys() else UsageError(" ".join(told.values()))


def _in_the_pages_words(name: str, said: str) -> str:
    if name in SETTINGS and said.startswith(f"{name} is "):
        return SETTINGS[name].label + said.removeprefix(name)
    return said
