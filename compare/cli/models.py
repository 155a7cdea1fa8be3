"""`models`: what can be asked by name and what is here; fetches some ahead."""

import queue
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from compare import numbers
from compare.asked.owner import Owner
from compare.cli.terminal import AsJson, say, say_json
from compare.models.catalogue import MODELS
from compare.models.spec import ModelFile, catalogue_file, resolve, split_specs
from compare.protocol.events import Downloading, Event, Failed, Fetched
from compare.run.machine import Machine


def models(
    download: Annotated[
        list[str] | None, typer.Option(help="SPECs, separated by commas, to fetch ahead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the models that can be asked by name, and what is here; fetch some ahead."""
    machine = Machine(Owner.from_environ())
    wanted = split_specs(download or [])
    failed = not _download(machine, resolve(wanted)) if wanted else False
    listings = [_listing(machine, model_id) for model_id in MODELS]
    if as_json:
        say_json(listings)
        raise typer.Exit(int(failed))
    for model in listings:
        say(f"{model['id']}  {MODELS[model['id']].name}, {MODELS[model['id']].licence_note}")
        for quant in model["quants"]:
            here = "here" if quant["cached"] else ""
            default = "default" if quant["name"] == model["default_quant"] else ""
            size = numbers.size(quant["bytes"])
            say(f"  {quant['name']:8}{size:>9}  {', '.join(filter(None, (default, here)))}")

    raise typer.Exit(int(failed))


def _download(machine: Machine, files: tuple[ModelFile, ...]) -> bool:
    """Fetches files side by side, a bar each on stderr; returns whether all are here now."""
    heard: queue.SimpleQueue[tuple[ModelFile, Event]] = queue.SimpleQueue()
    for file in files:
        machine.want(file, lambda event, file=file: heard.put((file, event)))
    left, whole = len(files), True
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {file.key: progress.add_task(file.key, total=file.bytes) for file in files}
        while left:
            file, event = heard.get()
            match event:
                case Downloading(done_bytes=done, total_bytes=total, waits=waits):
                    name = f"{file.key} (another program fetches it)" if waits else file.key
                    progress.update(bars[file.key], completed=done, total=total, description=name)
                case Fetched(file_bytes=size):
                    progress.update(bars[file.key], completed=size, total=size)
                    left -= 1
                case Failed(message=message):
                    progress.console.print(f"{file.key}: {message}", markup=False, soft_wrap=True)
                    left, whole = left - 1, False
    return whole


def _listing(machine: Machine, model_id: str) -> dict:
    model = MODELS[model_id]
    return {
        "id": model.id, "name": model.name, "repo": model.repo, "licence": model.licence,
        "context": model.context, "default_quant": model.default_quant,
        "quants": [
            {"name": quant.name, "file": quant.file, "bytes": quant.bytes,
             "cached": machine.cached(catalogue_file(model, quant))}
            for quant in model.quants
        ],
    }  # fmt: skip
