"""What the commands share: options, what is said on stderr, and a run that is followed to its end."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from compare.run.run import Run
from compare.usage import UsageError


class KvType(StrEnum):
    f16 = "f16"
    q8_0 = "q8_0"


GpuLayers = Annotated[str, typer.Option(help="auto, or a number of layers.")]
Threads = Annotated[int | None, typer.Option(help="Replaces the cores found here.")]
Force = Annotated[bool, typer.Option("--force", help="Load also what is predicted not to fit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one document.")]


def layers_of(text: str) -> str | int:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise UsageError(
            f"gpu-layers is “{text}”. It must be auto or a number of layers."
        ) from None


def follow(run: Run, show) -> bool:
    """Shows a run until its end; returns whether Ctrl-C ended it."""
    try:
        for responses in run.snapshots():
            show(responses)
    except KeyboardInterrupt:
        run.stop()
        run.wait()
        show(run.responses())
        return True
    return False


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
