"""Which models fit on which hardware, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compare import numbers
from compare.memory.fit import Fit
from compare.memory.hardware import Hardware

WHOLE, IN_PART, IN_RAM = "whole on the GPU", "in part on the GPU", "in RAM"


def verdict(fit: Fit) -> str:
    """all 23 layers on the GPU; 25 of 33 layers on the GPU, the rest in RAM; in RAM; does not fit."""
    layers, here = fit.layers, fit.layers_that_fit
    if fit.fits is None:
        return "unknown"
    if not fit.fits and here and here < layers:
        return f"{here} of {layers} layers fit on the GPU, the rest not in RAM"
    if not fit.fits:
        return "does not fit"
    if not here:
        return "in RAM"
    if here == layers:
        return f"all {layers} layers on the GPU"
    return f"{here} of {layers} layers on the GPU, the rest in RAM"


def lines(fits: Sequence[Fit]) -> Iterator[str]:
    """For a terminal: a heading for each machine, then a line for each model."""
    names = [f"{fit.file.model} {fit.file.quant or ''}".rstrip() for fit in fits]
    width = max(map(len, names), default=0)
    machine = None
    for fit, name in zip(fits, names, strict=True):
        if fit.hardware != machine:
            if machine is not None:
                yield ""
            machine = fit.hardware
            yield f"{machine.name}: {_offers(machine)}"
        yield f"  {name:{width}}  {numbers.about_size(fit.predicted_bytes):>12}  {verdict(fit)}"


def _offers(machine: Hardware) -> str:
    """15.6 GB VRAM, 15.0 GB RAM"""
    vram = f"{numbers.size(machine.vram_bytes)} VRAM" if machine.vram_bytes else "no GPU"
    ram = f"{numbers.size(machine.ram_bytes)} RAM" if machine.ram_bytes else "RAM unknown"
    return f"{vram}, {ram}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a table of fits says in a sentence: the finding, then the rest."""

    finding: str
    rest: str = ""


def say(fits: Sequence[Fit]) -> Finding:
    """The smallest machine that holds every model whole on its GPU.

    A model's quantizations come from small to large; the largest that a machine holds counts.
    """
    shorts = _known(fits)
    if not shorts:
        return Finding("There is nothing to predict.", " No file of these models is here.")
    who = numbers.listed(shorts.values())
    holding: dict[str, dict[str, Fit]] = {}
    for fit in fits:
        if fit.fits and _how(fit) == WHOLE:
            holding.setdefault(fit.hardware.name, {})[fit.file.model] = fit
    machines = [
        fit.hardware for fit in fits if len(holding.get(fit.hardware.name, ())) == len(shorts)
    ]
    if not machines:
        return Finding(f"No machine here holds {who} whole on its GPU", _elsewhere(fits))
    smallest = min(machines, key=lambda machine: machine.vram_bytes)
    largest = numbers.listed(map(called, holding[smallest.name].values()))
    return Finding(
        f"{smallest.title} is the smallest here to hold {who} whole on its GPU",
        f", up to {largest}.",
    )


def _known(fits: Sequence[Fit]) -> dict[str, str]:
    """What the models are called of which there is a prediction, by their names, each once."""
    return {fit.file.model: fit.file.short for fit in fits if fit.fits is not None}


def _elsewhere(fits: Sequence[Fit]) -> str:
    running = {fit.file.model for fit in fits if fit.fits}
    left = [short for model, short in _known(fits).items() if model not in running]
    if not left:
        return "; layers stay in RAM."
    return f"; {numbers.listed(left)} {'runs' if len(left) == 1 else 'run'} on none."


def say_one(fits: Sequence[Fit]) -> str:
    """What one machine holds: whole on the GPU, in part, in RAM, not at all.

    Of each model the largest that is held so, where it is larger than what is held better.
    """
    parts: dict[str, list[str]] = {WHOLE: [], IN_PART: [], IN_RAM: []}
    left = []
    for model, short in _known(fits).items():
        mine = [fit for fit in fits if fit.file.model == model and fit.fits]
        if not mine:
            left.append(short)
        best = -1
        for how, who in parts.items():
            largest = max((n for n, fit in enumerate(mine) if _how(fit) == how), default=-1)
            if largest > best:
                who.append(called(mine[largest]))
                best = largest
    held = [f"{numbers.listed(who)} {how}" for how, who in parts.items() if who]
    if left:
        held.append(
            f"{numbers.listed(left)} not at all" if held else f"none of {numbers.listed(left)}"
        )
    return f"{fits[0].hardware.title} holds {', '.join(held)}." if held else ""


def _how(fit: Fit) -> str:
    if not fit.layers_that_fit:
        return IN_RAM
    return WHOLE if fit.layers_that_fit == fit.layers else IN_PART


def called(fit: Fit) -> str:
    """SOLAR Q4_K_M"""
    return f"{fit.file.short} {fit.file.quant or ''}".rstrip()


def about(fits: Sequence[Fit]) -> list[str]:
    """What is approximate in them, a sentence each."""
    hardware = list({fit.hardware.name: fit.hardware for fit in fits}.values())
    from_files = all(fit.model.from_file for fit in fits)
    shapes = "" if from_files else (
        ", and of files that are not here from the model's known shape and size"
    )  # fmt: skip
    said = [
        f"Sizes are approximate: without the buffers that llama.cpp computes in{shapes}.",
    ]
    repacked = (fit for fit in fits if fit.prediction and fit.prediction.repacked_bytes)
    if copied := dict.fromkeys(fit.file.quant or called(fit) for fit in repacked):
        said.append(
            f"Without a GPU llama.cpp keeps weights of {numbers.listed(copied)} a second time, in a "
            "layout that the processor reads faster, so that these take up to twice their file."
        )
    if any(machine.gpu for machine in hardware):
        said.append(
            "A fit starts from what CUDA or Metal sees of a GPU and leaves 1 GiB of it free, as "
            "llama.cpp does; of layers, the output counts as one."
        )
    longest = max(fit.n_ctx for fit in fits)
    if short := sorted({fit.n_ctx for fit in fits if fit.n_ctx < longest}):
        ends = numbers.listed([f"{n:,}" for n in short])
        said.append(f"Some models were trained for less context, and stop at {ends} tokens.")
    nominal = [m.title for m in hardware if m.nominal_only and m.kind != "typed"]
    if nominal:
        said.append(f"Only the nominal GB are known of {numbers.listed(nominal)}.")
    unknown = [m.title for m in hardware if m.gpu and m.ram_bytes is None]
    if unknown:
        said.append(
            f"RAM for layers off the GPU is taken as enough, being unknown, on {numbers.listed(unknown)}."
        )
    notes: dict[str, list[str]] = {}
    for machine in hardware:
        if machine.note:
            notes.setdefault(machine.note, []).append(machine.title)
    said += [f"{numbers.listed(titles)}: {note}" for note, titles in notes.items()]
    return said
