"""The command of `make bench`: takes a sample of each measurement in turn, until all have theirs.

So whatever else the machine does meets all lines alike. Prints each sample, and at the end the table, which
goes to a file, too. A missed line is marked and doesn't fail: noise isn't a fault.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

from compare.run.machine import Machine
from performance import answers, company, idle, llama_bench, pages, pure, remote
from performance.report import Measurement, Result, Sample, missed, table
from performance.stage import ROOT, Stage

ALL = (
    *answers.MEASUREMENTS, *company.MEASUREMENTS, *llama_bench.MEASUREMENTS, *pages.MEASUREMENTS,
    *idle.MEASUREMENTS, *pure.MEASUREMENTS, *remote.MEASUREMENTS,
)  # fmt: skip


def main() -> None:
    asked = arguments()
    chosen = choose(asked.lines, asked.full)
    results = [Result(measurement) for measurement in chosen]
    stage = Stage(asked.folder)
    load = os.getloadavg()[0]
    began_at = time.monotonic()
    going: dict[str, Iterator[Sample]] = {}
    try:
        take(stage, results, going, asked.repeats)
    finally:
        for samples in going.values():
            samples.close()
        stage.close()
    text = page(table(results), load, time.monotonic() - began_at, missed(results))
    if left := [m.name for m in ALL if m not in chosen and not asked.lines]:
        text += f"\nLeft out, as only `make bench-full` takes them: {', '.join(left)}.\n"
    print(text)
    asked.out.write_text(text, encoding="utf-8")
    tell(f"written to {asked.out}")


def arguments() -> argparse.Namespace:
    names = ", ".join(line.name for measurement in ALL for line in measurement.lines)
    parser = argparse.ArgumentParser(prog="make bench", description="Our own performance check.")
    parser.add_argument("--lines", default="", help=f"which, with commas between: {names}")
    parser.add_argument(
        "--full",
        action="store_true",
        help="the models' real shapes (5.2 GB) and llama-bench, compiled once, too",
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".venv/bench.md", help="the table's file"
    )
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".venv/bench", help="for models' files"
    )
    parser.add_argument("--repeats", type=int, default=5, help="at most so many of each line")
    return parser.parse_args()


def choose(lines: str, full: bool) -> list[Measurement]:
    """All that belong to the run, or those that measure a line that is named."""
    wanted = {name.strip() for name in lines.split(",") if name.strip()}
    measured = {m.name: {line.name for line in m.lines} for m in ALL}
    if unknown := wanted.difference(*measured.values()):
        sys.exit(f"There is no line {', '.join(sorted(unknown))}; `--help` names them.")
    return [m for m in ALL if (wanted & measured[m.name] if wanted else full or not m.full)]


def take(
    stage: Stage, results: list[Result], going: dict[str, Iterator[Sample]], repeats: int
) -> None:
    """Round after round; a measurement that fails is out, and the others go on."""
    for turn in range(repeats):
        for result in results:
            measurement = result.measurement
            if result.failure or turn >= measurement.repeats:
                continue
            began_at = time.monotonic()
            try:
                samples = going.setdefault(measurement.name, measurement.samples(stage))
                result.samples.append(next(samples))
            except Exception as error:  # the border: the table says what happened
                result.failure = f"{type(error).__name__}: {error}"
            tell(
                f"round {turn + 1}, {measurement.name}: {time.monotonic() - began_at:.0f} s "
                f"{result.failure or result.samples[-1]}"
            )


def page(rows: str, load: float, seconds: float, missing: list[str]) -> str:
    machine = Machine()
    about = machine.describe()
    machine.close()
    said = (
        f"Missed: {', '.join(missing)}."
        if missing
        else "Every line that asks for something is met."
    )
    return f"""# Performance, {date.today():%-d %B %Y}

{about["cpu"]}, {about["cores"]} cores, {about["ram_bytes"] / 1e9:.0f} GB RAM, llama-cpp-python \
{version("llama-cpp-python")}, Gradio {version("gradio")}. Medians of samples taken in turn, in \
{seconds / 60:.0f} min; load average before: {load:.1f}. SmolLM2 is the embedded file with its end tokens \
renamed, so that every answer has its full length. {said}

{rows}"""


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
