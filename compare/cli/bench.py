"""`bench`: measures models one after the other and prints llama-bench's table."""

from typing import Annotated, Any

import typer

from compare.asked.comparison import bench as bench_of
from compare.asked.owner import Owner
from compare.cli.options import with_settings
from compare.cli.terminal import NUMBERS, AsJson, Force, Threads, follow, say, say_json, tell
from compare.models.spec import split_specs
from compare.run.machine import Machine
from compare.run.response import Response
from compare.run.run import Run
from compare.saved import bench
from compare.words import column, speeds


@with_settings("gpu_layers", "kv_type")
def bench_command(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    prompt_tokens: Annotated[
        int, typer.Option(help="To read; 0 leaves it out.", **NUMBERS[int])
    ] = 512,
    output_tokens: Annotated[
        int, typer.Option(help="To write; 0 leaves it out.", **NUMBERS[int])
    ] = 128,
    repeats: Annotated[
        int, typer.Option(help="Of each test, after a warm-up.", **NUMBERS[int])
    ] = 5,
    threads: Threads = None,
    force: Force = False,
    as_json: AsJson = False,
    **settings: Any,
) -> None:
    """Measure reading and writing as llama-bench does: one model after the other."""
    machine = Machine(Owner.from_environ())
    run = machine.bench(
        bench_of(
            split_specs(models), threads=threads, force=force, prompt_tokens=prompt_tokens,
            output_tokens=output_tokens, repeats=repeats, **settings,
        )
    )  # fmt: skip
    for notice in run.comparison.notices:
        tell(notice)
    interrupted = follow(run, _Tests(run))
    responses = run.responses()
    rows = bench.rows(run.comparison, responses, machine.describe())
    if as_json:
        say_json(rows)
    else:
        say(bench.markdown(rows) if rows else "", end="")
        tell(str(speeds.summary(responses, column.names(run.comparison.models))))
    machine.close()
    failed = any(response.state == "failed" for response in responses.values())
    raise typer.Exit(130 if interrupted else int(failed))


class _Tests:
    """A line on stderr for each repetition that begins, and for what went wrong."""

    def __init__(self, run: Run):
        self._files = {file.key: file for file in run.comparison.models}
        self._lines: dict[str, str] = {}

    def __call__(self, responses: dict[str, Response]) -> None:
        for key, response in responses.items():
            line = speeds.line(response)
            if response.state == "failed":
                line = " ".join(response.error.split("\n"))
            elif response.state in ("downloading", "loading"):
                line = response.state
            if line != self._lines.get(key):
                self._lines[key] = line
                # What is wrong with a file begins with its name.
                tell(line if line.startswith(f"{key}: ") else f"{key}: {line}")
