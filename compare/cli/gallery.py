"""`check` and `record`: the gallery's prompts, and recorded answers to them."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from compare import numbers
from compare.asked.owner import Owner
from compare.cli.terminal import NUMBERS, say, tell
from compare.gallery.gallery import load as load_library
from compare.gallery.overruled import digest
from compare.gallery.prompts import chosen, load, load_files
from compare.gallery.recorder import Task, record, settings, tasks
from compare.gallery.recording_file import RecordingFile
from compare.gallery.recordings import RECORDED, RecordingError
from compare.models.spec import split_specs
from compare.run.machine import Machine
from compare.run.response import Response
from compare.usage import UsageError
from compare.words import column
from compare.words.recorded import VERDICTS, judged


def _own_or(name: str):
    return typer.Option(
        help=f"For all prompts; without it the prompt's own, else {RECORDED[name]:g}."
    )


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of prompts; without any, all of prompts/.")
    ] = None,
    answers: Annotated[
        bool, typer.Option("--answers", help="Print each recorded answer's verdict and its hash.")
    ] = False,
) -> None:
    """Tell what is wrong in files of prompts, a line each; exit status 1 where something is."""
    for path in files or []:
        if not path.exists():
            raise UsageError(f"There is no file {path}. Name files of prompts, or none for all.")
    if answers:
        _tell_verdicts(files)
        return
    gallery = load_files(files) if files else load()
    for fault in gallery.faults:
        tell(fault)
    if not gallery.faults:
        prompts = gallery.prompts.values()
        checked = sum(prompt.check is not None for prompt in prompts)
        say(f"Nothing is wrong. Prompts: {len(prompts)}, with a check: {checked}.")
    raise typer.Exit(int(bool(gallery.faults)))


def _tell_verdicts(files: list[Path] | None) -> None:
    """A line an answer: what an entry of overruled.toml needs, the verdict, and why."""
    if files:
        raise UsageError(
            "--answers judges the recorded answers to prompts/. Name no files with it."
        )
    library = load_library()
    for fault in library.faults:
        tell(fault)
    for take in sorted(library.takes, key=lambda take: take.recorded.prompt_id):
        why = judged(take.verdict.reasons, take.verdict.form, take.verdict.form_reasons)
        say(
            f"{take.recorded.prompt_id}  {digest(take.answer.text)}  {take.spec}  "
            f"{VERDICTS[take.verdict.substance]}: {why}"
        )


def record_command(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    out: Annotated[Path, typer.Option(help="The recording: a new file, or one to go on with.")],
    prompts: Annotated[
        list[str] | None,
        typer.Option(help="Ids of prompts or themes, separated by commas. Without it: all."),
    ] = None,
    repeats: Annotated[
        int, typer.Option(help="Answers of each model to each prompt.", **NUMBERS[int])
    ] = 1,
    temperature: Annotated[float | None, _own_or("temperature")] = None,
    seed: Annotated[int | None, _own_or("seed")] = None,
    max_tokens: Annotated[int | None, _own_or("max_tokens")] = None,
) -> None:
    """Record answers to the gallery's prompts, model by model; run it again to go on where it ended."""
    machine = Machine(Owner.from_environ())
    gallery = load()
    for fault in gallery.faults:
        tell(fault)
    options = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
    given = {name: value for name, value in options.items() if value is not None}
    names = split_specs(prompts or []) or [theme.id for theme in gallery.themes]
    wanted = tasks(machine, split_specs(models), chosen(gallery, names), repeats, given)
    try:
        with closing(RecordingFile(out, settings(machine, given))) as into:
            into.must_be_of(machine.describe())
            left = [task for task in wanted if not into.has(task.key, task.asked)]
            if there := len(wanted) - len(left):
                tell(f"{there} of {len(wanted)} answers are in {out.name} already.")
            failed = _record(record(machine, into, left), len(left)) if left else False
    except RecordingError as error:
        raise UsageError(f"{out}: {error}") from None
    except OSError as error:
        tell(f"{out}: it could not be written: {error.strerror}. What it held before is kept.")
        failed = True
    except KeyboardInterrupt:
        tell(f"Stopped. What is finished is in {out.name}; the same command goes on from there.")
        raise typer.Exit(130) from None
    finally:
        machine.close()
    raise typer.Exit(int(failed))


def _record(steps: Iterator[tuple[Task, Response]], total: int) -> bool:
    """Shows answers while they come, a bar and a line each on stderr; returns whether some failed."""
    failed = False
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("left"), TimeRemainingColumn(compact=True),
    )  # fmt: skip
    with (
        Progress(*columns, console=Console(stderr=True, soft_wrap=True)) as progress,
        closing(steps),
    ):
        bar = progress.add_task("", total=total)
        for task, response in steps:
            name = f"{task.file.key}, {task.prompt.id}"
            line = column.state_line(response, time.monotonic())
            if not response.ended:
                progress.update(bar, description=f"{name}: {line}")
                continue
            if response.state == "failed":
                failed = True
                line = " ".join(response.error.splitlines())
                if response.loaded_at is None:
                    line += " Its other prompts are left out."
            else:
                line = f"{line}, {numbers.speed(response.decode_tps)} tok/s"
            progress.console.print(f"{name}: {line}", markup=False, highlight=False)
            progress.update(bar, advance=1, description=name)
    return failed
