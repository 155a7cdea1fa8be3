"""What the commands share: options, what is said on stderr, and a run that is followed to its end."""

import json
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from compare.asked import typed
from compare.letters import steerless, whole
from compare.run.run import Run


def number(read: Callable[[str], int | float]) -> dict[str, Any]:
    """For an option that takes a number as people type it, which `read` understands."""

    def parser(given: Any) -> int | float:
        try:
            return read(given) if isinstance(given, str) else given
        except ValueError as error:
            raise typer.BadParameter(f"“{given}”. {error}.") from error

    return {"parser": parser, "metavar": "INTEGER" if read is typed.whole else "FLOAT"}


NUMBERS = {int: number(typed.whole), float: number(typed.decimal)}
"""What typer is told of an option of that kind."""
Threads = Annotated[int | None, typer.Option(help="Replaces the cores found here.", **NUMBERS[int])]
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
    """On stderr, whatever it holds."""
    print(steerless(text), file=sys.stderr, flush=True)


def say(text: str = "", end: str = "\n", *, faint: bool = False) -> None:
    """On stdout, whatever it holds. `faint`: where that can be seen, on a terminal whose owner wants more
    than plain text (no-color.org).
    """
    shown = steerless(text)
    if faint and shown and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        shown = f"\x1b[2m{shown}\x1b[22m"
    print(shown, end=end, flush=True)


def say_json(document: Any) -> None:
    """On stdout, as UTF-8 whatever the terminal's encoding is (RFC 8259, section 8.1)."""
    sys.stdout.flush()
    sys.stdout.buffer.write(whole(json.dumps(document, ensure_ascii=False) + "\n").encode())
    sys.stdout.buffer.flush()


def settle() -> None:
    """From here on, letters that the terminal's encoding lacks are written as their numbers."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
