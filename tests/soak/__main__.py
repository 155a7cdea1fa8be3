"""The command of `make soak`: one row after the other, and at the end the table, which goes to a file, too.

Its exit status is 1 where a row asks for more than was measured.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import shapes
from performance.report import Line, Measurement, Result, Sample, missed, table
from performance.stage import ROOT

from compare.models.local import local_path
from compare.models.spec import parse
from soak import children, day, mutated, surroundings, visitors


@dataclass(frozen=True)
class Files:
    """The models that rows need besides the small pair."""

    folder: Path

    def endless(self, name: str = "endless.gguf") -> str:
        path = self.folder / name
        return str(
            path if path.exists() else shapes.endless(Path(local_path(parse("smollm2"))), path)
        )

    def pair(self) -> list[str]:
        return [self.endless("first.gguf"), self.endless("second.gguf")]

    def tiny(self) -> Path:
        path = self.folder / "tiny.gguf"
        return path if path.exists() else shapes.tiny(path, says="hi", ends=True)


Row = Callable[[], Sample]


def rows(files: Files) -> dict[str, tuple[tuple[Line, ...], Row]]:
    """By name: what a row asks, and what measures it."""
    return {
        "visitors": (visitors.VISITORS, visitors.visitors),
        "decode": (visitors.DECODE, lambda: visitors.decode(files.endless())),
        "killed": (children.KILLED, lambda: children.killed(files.pair())),
        "headers": (mutated.HEADERS, lambda: mutated.headers(files.tiny(), files.folder)),
        "templates": (mutated.TEMPLATES, mutated.templates),
        "bodies": (mutated.BODIES, mutated.bodies),
        "surroundings": (surroundings.SURROUNDINGS, surroundings.surroundings),
        "day": (day.DAY, day.day),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description="What strangers do to the app.")
    parser.add_argument("--rows", default="", help="which, with commas between; without: all")
    parser.add_argument("--out", type=Path, default=ROOT / ".venv/soak.md", help="the table's file")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".venv/soak", help="for models' files"
    )
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    known = rows(Files(asked.folder))
    names = [name.strip() for name in asked.rows.split(",") if name.strip()] or list(known)
    if unknown := set(names) - known.keys():
        parser.error(f"There is no row {', '.join(sorted(unknown))}, only {', '.join(known)}.")
    results = [measured(name, *known[name]) for name in names]
    text = table(results)
    print(text)
    asked.out.write_text(text, encoding="utf-8")
    sys.exit(1 if missed(results) else 0)


def measured(name: str, lines: tuple[Line, ...], row: Row) -> Result:
    began_at = time.monotonic()
    result = Result(Measurement(name, partial(iter, ()), lines))
    try:
        result.samples.append(row())
    except Exception as error:  # the border: the other rows go on
        result.failure = f"{type(error).__name__}: {error}"
    took_s = time.monotonic() - began_at
    print(f"{name}: {took_s:.0f} s {result.samples} {result.failure}", file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    main()
