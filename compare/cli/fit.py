"""`fit`: which models fit on which hardware."""

from typing import Annotated, Any

import typer

from compare.asked.owner import Owner
from compare.cli.options import with_settings
from compare.cli.terminal import AsJson, say, say_json, tell
from compare.memory.fit import fit, learn
from compare.memory.hardware import named, split
from compare.models.spec import resolve, split_specs
from compare.run.machine import Machine
from compare.saved.fit import row
from compare.words.fit import about, lines


@with_settings("n_ctx", "kv_type")
def fit_command(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    hardware: Annotated[
        list[str] | None,
        typer.Option(help="Names, or GB such as 24GB or 16GB-ram. Without it: this machine."),
    ] = None,
    as_json: AsJson = False,
    **settings: Any,
) -> None:
    """Tell which models fit on which hardware, before anything is downloaded."""
    machine = Machine(Owner.from_environ())
    here = machine.hardware()
    rooms = [named(name, here) for text in hardware or [] for name in split(text)] or [here]
    learned = learn(resolve(split_specs(models)), machine.refusal)
    machine.close()
    fits = fit(learned, rooms, settings["n_ctx"], settings["kv_type"])
    for model in learned:
        if model.trouble:
            tell(f"{model.file.key}: {model.trouble}")
    if as_json:
        say_json([row(each) for each in fits])
    else:
        say("\n".join(lines(fits)))
        tell("\n" + "\n".join(about(fits)))
    raise typer.Exit(int(any(model.trouble for model in learned)))
