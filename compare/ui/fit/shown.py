"""What the Fit tab shows of models against hardware, by the names of its parts. Knows no component."""

from collections.abc import Sequence
from dataclasses import dataclass

from compare import numbers
from compare.charts.fit import fit_map
from compare.memory.fit import Fit, fit, learn
from compare.memory.hardware import TYPED, Hardware, UnknownHardware, named, split
from compare.models.catalogue import MODELS
from compare.models.spec import ModelFile, catalogue_file
from compare.run.machine import Machine
from compare.ui.changes import Changes
from compare.ui.drawn import alert, finding, sheet
from compare.ui.markup import letters
from compare.usage import UsageError
from compare.words.fit import about, called, say, say_one, verdict

FEW = ("Q2_K", "Q4_K_M", "Q5_K_M", "Q8_0")
"""The quantizations shown at first, of models that have many."""
KEY = "“all” or a number: layers on the GPU. “RAM”: it runs without a GPU. “no”: it does not fit. "
HEADS = ("Model", "Hardware", "Fits", "Predicted", "Weights", "KV cache", "VRAM", "RAM")


@dataclass(frozen=True)
class Fits:
    """The tab's answer to what its fields ask for."""

    machine: Machine

    def show(self, models, hardware, typed, quants, n_ctx, kv_type) -> Changes:
        """The heat map of what the fields ask for; where they ask for nothing, why."""
        typed = (typed or "").strip()
        try:
            chosen = self._files(models or [], quants == "all")
            rooms, trouble = self._rooms(hardware or [], typed)
            learned = learn(chosen, self.machine.refusal)
            fits = fit(learned, rooms, n_ctx, kv_type)
        except UsageError as error:
            return {"said": alert([str(error)])}
        if not fits:
            said = alert([*trouble, "Choose a model and a machine."])
            return {"said": said, "plot": None, "sentence": "", "figures": ""}
        last = rooms[-1] if typed and not trouble else rooms[0]
        one = say_one([each for each in fits if each.hardware == last])
        finds = say(fits)
        unknown = {f"{k.file.short}: {k.trouble.splitlines()[0]}" for k in learned if k.trouble}
        return {
            "said": alert([*trouble, *sorted(unknown)]),
            "plot": fit_map(fits),
            "sentence": finding(
                finds.finding, f"{finds.rest} {one}", about=KEY + " ".join(about(fits))
            ),
            "figures": _table(fits),
        }

    def _files(self, chosen: Sequence[str], every: bool) -> list[ModelFile]:
        """The files of the chosen models, a model's quantizations from small to large."""
        own = {file.key: file for file in self.machine.own}
        found: list[ModelFile] = []
        for name in chosen:
            if name in own:
                found.append(own[name])
            elif name in MODELS:
                model = MODELS[name]
                some = [q for q in model.quants if every or q.name in FEW or len(model.quants) < 4]
                found += [catalogue_file(model, quant) for quant in some]
        return found

    def _rooms(self, chosen: Sequence[str], typed: str) -> tuple[list[Hardware], list[str]]:
        """The machines asked for, the typed ones last, and what was wrong with what was typed."""
        here, wrong = self.machine.hardware(), []
        rooms = [named(name, here) for name in chosen]
        for each in split(typed):
            try:
                asked = named(each, here)
            except UnknownHardware:
                wrong.append(f"“{each}” is no amount of memory. Type {TYPED}.")
            except UsageError as error:
                wrong.append(str(error))
            else:
                rooms = [*(room for room in rooms if room.name != asked.name), asked]
        return rooms, wrong


def _table(fits: Sequence[Fit]) -> str:
    """Every fit in figures, for who can't see the picture or wants the bytes."""
    body = "".join(
        f'<tr><th scope="row">{letters(called(fit))}</th>'
        f"<td>{letters(fit.hardware.title)}</td><td>{verdict(fit)}</td>"
        + "".join(f'<td class="number">{text}</td>' for text in _figures(fit))
        + "</tr>"
        for fit in fits
    )
    return sheet(HEADS, body, "All figures", long=True, right=HEADS[3:])


def _figures(fit: Fit) -> tuple[str, ...]:
    prediction = fit.prediction
    return (
        numbers.about_size(fit.predicted_bytes),
        numbers.size(prediction.weights_bytes if prediction else None),
        numbers.size(prediction.kv_bytes if prediction else None),
        numbers.size(fit.hardware.vram_bytes or None), numbers.size(fit.hardware.ram_bytes),
    )  # fmt: skip
