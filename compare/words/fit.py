"""Which models fit on which hardware, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compare import numbers
from compare.memory.fit import Known
from compare.memory.hardware import Hardware

WHOLE, IN_PART, IN_RAM = "whole on the GPU", "in part on the GPU", "in RAM"


def verdict(row: dict) -> str:
    """all 23 layers on the GPU; 25 of 33 layers on the GPU, the rest in RAM; in RAM; does not fit."""
    layers, here = row["layers"], row["layers_that_fit"]
    if row["fits"] is None:
        return "unknown"
    if not row["fits"] and here and here < layers:
        return f"{here} of {layers} layers fit on the GPU, the rest not in RAM"
    if not row["fits"]:
        return "does not fit"
    if not here:
        return "in RAM"
    if here == layers:
        return f"all {layers} layers on the GPU"
    return f"{here} of {layers} layers on the GPU, the rest in RAM"


def lines(rows: Sequence[dict]) -> Iterator[str]:
    """The rows for a terminal: a heading for each machine, then a line for each model."""
    names = [_name(row) for row in rows]
    width = max(map(len, names), default=0)
    machine = None
    for row, name in zip(rows, names, strict=True):
        if row["hardware"] != machine:
            if machine is not None:
                yield ""
            machine = row["hardware"]
            yield f"{machine}: {offers(row)}"
        size = numbers.about_size(row["predicted_bytes"])
        yield f"  {name:{width}}  {size:>12}  {verdict(row)}"


def _name(row: dict) -> str:
    return f"{row['model']} {row['quant'] or ''}".rstrip()


def offers(row: dict) -> str:
    """15.6 GB VRAM, 15.0 GB RAM"""
    vram = f"{numbers.size(row['vram_bytes'])} VRAM" if row["vram_bytes"] else "no GPU"
    ram = f"{numbers.size(row['ram_bytes'])} RAM" if row["ram_bytes"] else "RAM unknown"
    return f"{vram}, {ram}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a table of rows says in a sentence: the finding, then the rest."""

    finding: str
    rest: str = ""


def say(rows: Sequence[dict], titles: dict[str, str], shorts: dict[str, str]) -> Finding:
    """The smallest machine that holds every model whole on its GPU.

    `titles`: of machines, `shorts`: of models, each by its name. The rows hold a model's quantizations
    from small to large; the largest that a machine holds counts.
    """
    models = list(dict.fromkeys(row["model"] for row in rows if row["fits"] is not None))
    if not models:
        return Finding("There is nothing to predict.", " No file of these models is here.")
    who = numbers.listed([shorts[model] for model in models])
    holding: dict[str, dict[str, dict]] = {}
    for row in rows:
        if row["fits"] and _how(row) == WHOLE:
            holding.setdefault(row["hardware"], {})[row["model"]] = row
    room = {
        row["hardware"]: row["vram_bytes"]
        for row in rows
        if len(holding.get(row["hardware"], ())) == len(models)
    }
    if not room:
        return Finding(f"No machine here holds {who} whole on its GPU", _elsewhere(rows, shorts))
    smallest = min(room, key=room.get)
    held = numbers.listed([called(row, shorts) for row in holding[smallest].values()])
    return Finding(
        f"{titles[smallest]} is the smallest here to hold {who} whole on its GPU",
        f", up to {held}.",
    )


def _elsewhere(rows: Sequence[dict], shorts: dict[str, str]) -> str:
    running = {row["model"] for row in rows if row["fits"]}
    models = dict.fromkeys(row["model"] for row in rows if row["fits"] is not None)
    left = [shorts[model] for model in models if model not in running]
    if not left:
        return "; layers stay in RAM."
    return f"; {numbers.listed(left)} {'runs' if len(left) == 1 else 'run'} on none."


def say_one(rows: Sequence[dict], title: str, shorts: dict[str, str]) -> str:
    """What one machine holds: whole on the GPU, in part, in RAM, not at all.

    Of each model the largest that is held so, where it is larger than what is held better.
    """
    parts: dict[str, list[str]] = {WHOLE: [], IN_PART: [], IN_RAM: []}
    left = []
    for model in dict.fromkeys(row["model"] for row in rows if row["fits"] is not None):
        mine = [row for row in rows if row["model"] == model and row["fits"]]
        if not mine:
            left.append(shorts[model])
        best = -1
        for how, who in parts.items():
            largest = max((n for n, row in enumerate(mine) if _how(row) == how), default=-1)
            if largest > best:
                who.append(called(mine[largest], shorts))
                best = largest
    held = [f"{numbers.listed(who)} {how}" for how, who in parts.items() if who]
    if left:
        held.append(
            f"{numbers.listed(left)} not at all" if held else f"none of {numbers.listed(left)}"
        )
    return f"{title} holds {', '.join(held)}." if held else ""


def _how(row: dict) -> str:
    if not row["layers_that_fit"]:
        return IN_RAM
    return WHOLE if row["layers_that_fit"] == row["layers"] else IN_PART


def called(row: dict, shorts: dict[str, str]) -> str:
    """SOLAR Q4_K_M"""
    return f"{shorts[row['model']]} {row['quant'] or ''}".rstrip()


def about(rows: Sequence[dict], models: Sequence[Known], hardware: Sequence[Hardware]) -> list[str]:
    """What is approximate in the rows, a sentence each."""
    said = [
        "Sizes are approximate: without the buffers that llama.cpp computes in"
        + ("" if all(model.from_file for model in models) else
           ", and of files that are not here from the model's known shape and size")
        + ".",
    ]  # fmt: skip
    if any(machine.gpu for machine in hardware):
        said.append(
            "A fit starts from what CUDA or Metal sees of a GPU and leaves 1 GiB of it free, as "
            "llama.cpp does; of layers, the output counts as one."
        )
    short = sorted({row["n_ctx"] for row in rows if row["n_ctx"] < max(r["n_ctx"] for r in rows)})
    if short:
        ends = numbers.listed([f"{n:,}" for n in short])
        said.append(f"Some models were trained for less context, and stop at {ends} tokens.")
    nominal = [m.title for m in hardware if m.nominal_only and m.kind != "typed"]
    if nominal:
        said.append(f"Only the nominal GB are known of {numbers.listed(nominal)}.")
    untold = [m.title for m in hardware if m.gpu and m.ram_bytes is None]
    if untold:
        said.append(
            f"RAM for layers off the GPU is taken as enough, being unknown, on {numbers.listed(untold)}."
        )
    notes: dict[str, list[str]] = {}
    for machine in hardware:
        if machine.note:
            notes.setdefault(machine.note, []).append(machine.title)
    said += [f"{numbers.listed(titles)}: {note}" for note, titles in notes.items()]
    return said
