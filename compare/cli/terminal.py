"""What the commands share: options, what is said on stderr, and a run that is followed to its end."""

import sys
from typing import Annotated

import typer

from compare.run.run import Run

Threads = Annotated[int | None, typer.Option(help="Replaces the cores found here.")]
Force = Annotated[bool, typer.Option("--force", help="Load also what is predicted not to fit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one document.")]


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
