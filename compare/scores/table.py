"""The table of published scores, checked row by row.

Rows are counted as a spreadsheet does, the header being row 1.
"""

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from compare.scores.suites import BY_NAME, NAMES, Name
from compare.usage import faults

SCORES = Path(__file__).parent.parent / "data" / "scores.csv"

# One row.


def _text(value: str) -> str:
    if not value:
        raise ValueError("is empty")
    return value


def _number(value: str) -> float | None:
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"“{value}” is no number; leave it empty where none is known")
    return number


def _more_than_none(value: str) -> float:
    number = _number(_text(value))
    if number is None or number <= 0:
        raise ValueError(f"“{value}” is not more than 0")
    return number


def _kind(value: str) -> str:
    if value not in ("base", "chat"):
        raise ValueError(f"“{value}” is neither base nor chat")
    return value


def _shots(value: str) -> str:
    if not re.fullmatch(r"\d+|mixed", _text(value)):
        raise ValueError(f"“{value}” is neither a whole number nor “mixed”")
    return value


def _url(value: str) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in ("http", "https") or "." not in parts.netloc or re.search(r"\s", value):
        raise ValueError(f"“{value}” is no address on the web")
    return value


def _date(value: str) -> str:
    """A year, a year and month, or a day; empty where the source isn't dated."""
    if not value:
        return value
    if re.fullmatch(r"\d{4}(-\d\d){0,2}", value):
        try:
            date(*map(int, (value + "-01-01")[:10].split("-")))
            return value
        except ValueError:
            pass
    raise ValueError(f"“{value}” is no date; write 2024, 2024-01 or 2024-01-31")


Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[float | None, BeforeValidator(_number)]
Positive = Annotated[float, BeforeValidator(_more_than_none)]


class Score(BaseModel):
    """One published number, as one row of the table says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Text
    model_kind: Annotated[str, BeforeValidator(_kind)]
    params_b: Positive
    """billions"""
    pretrain_tokens_b: Annotated[Positive | None, BeforeValidator(lambda text: text or None)]
    """billions"""
    suite: Text
    benchmark: Text
    shots: Annotated[str, BeforeValidator(_shots)]
    metric: Text
    score: Number
    """None: a source lists the model without this score"""
    off_by: Number
    """a printed average minus the mean of its tasks, where that is more than rounding"""
    source_title: Text
    source_url: Annotated[str, BeforeValidator(_url)]
    as_of: Annotated[str, BeforeValidator(_date)]
    as_of_is: Text
    """what the date is: published, retrieved, … or undated"""
    note: str

    @field_validator("suite")
    @classmethod
    def _suite_is_known(cls, value: str) -> str:
        if value not in BY_NAME:
            raise ValueError(f"“{value}” is no suite known here")
        return value

    @field_validator("benchmark")
    @classmethod
    def _task_is_of_the_suite(cls, value: str, info) -> str:
        suite = BY_NAME.get(info.data.get("suite", ""))
        if suite and value not in suite.benchmarks:
            raise ValueError(f"“{value}” is no task of {suite.name}")
        return value

    @field_validator("score")
    @classmethod
    def _score_is_possible(cls, value: float | None, info) -> float | None:
        suite = BY_NAME.get(info.data.get("suite", ""))
        if suite and value is not None and not suite.lowest <= value <= suite.highest:
            raise ValueError(f"{value:g} is not between {suite.lowest:g} and {suite.highest:g}")
        return value

    @field_validator("as_of_is")
    @classmethod
    def _undated_is_said(cls, value: str, info) -> str:
        if "as_of" in info.data and (value == "undated") != (info.data["as_of"] == ""):
            raise ValueError("a row without a date says “undated”, and only such a row")
        return value


# The table.


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the file; `row` and `column` say where."""

    text: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        place = [f"Row {self.row}" if self.row else "", self.column or ""]
        return ", ".join(filter(None, place)) + (": " if any(place) else "") + self.text


@dataclass(frozen=True, slots=True)
class Scores:
    table: pd.DataFrame
    """the rows without fault, with the fields of Score, `row` and `label`"""
    problems: tuple[Problem, ...] = ()


def load(path: Path = SCORES) -> Scores:
    """The table in a file. Never raises: what is wrong is named, its rows are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return Scores(_frame([]), (Problem(f"{path.name} can't be read: {error}"),))
    header = lines[0] if lines else []
    missing = [name for name in Score.model_fields if name not in header]
    if missing or len(set(header)) < len(header):
        problems = [Problem("the column is missing", 1, name) for name in missing]
        twice = sorted({name for name in header if header.count(name) > 1})
        problems += [Problem("the column is there twice", 1, name) for name in twice]
        return Scores(_frame([]), tuple(problems))
    return _checked(header, lines[1:])


def _checked(header: list[str], lines: list[list[str]]) -> Scores:
    rows: dict[int, Score] = {}
    problems: list[Problem] = []
    for number, cells in enumerate(lines, start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            problems.append(Problem(f"has {len(cells)} cells instead of {len(header)}", number))
            continue
        values = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        try:
            rows[number] = Score(**{k: v for k, v in values.items() if k in Score.model_fields})
        except ValidationError as error:
            problems += [Problem(fault.said, number, fault.field) for fault in faults(error)]
    problems += _at_odds(rows)
    table = _frame([(number, row) for number, row in rows.items()])
    return Scores(table, tuple(sorted(problems, key=lambda problem: problem.row or 0)))


def _at_odds(rows: dict[int, Score]) -> list[Problem]:
    """Rows that contradict earlier ones; they are taken out of `rows`."""
    problems: list[Problem] = []
    models: dict[str, tuple[int, Score]] = {}
    tasks: dict[tuple[str, str], tuple[int, Score]] = {}
    seen: dict[tuple[str, str, str], tuple[int, Score]] = {}
    refused: set[int] = set()

    def differs(number: int, row: Score, other: tuple[int, Score], fields: Iterable[str]) -> bool:
        first, earlier = other
        for name in fields:
            if getattr(row, name) != getattr(earlier, name):
                was = getattr(earlier, name)
                text = f"{getattr(row, name)}, but row {first} says {was} of the same"
                problems.append(Problem(text, number, name))
                refused.add(number)
                return True
        return False

    for number, row in rows.items():
        if differs(
            number, row, models.setdefault(row.model, (number, row)), ("model_kind", "params_b")
        ):
            continue
        task = (row.suite, row.benchmark)
        if differs(number, row, tasks.setdefault(task, (number, row)), ("shots", "metric")):
            continue
        first, earlier = seen.setdefault((row.model, *task), (number, row))
        if first == number:
            continue
        refused.add(number)
        if row.score == earlier.score:
            problems.append(Problem(f"says the same as row {first}", number, "score"))
        else:
            refused.add(first)
            text = f"{_shown(row.score)}, but row {first} has {_shown(earlier.score)}; both are left out"
            problems.append(Problem(text, number, "score"))
    for number in refused:
        del rows[number]
    return problems


def _shown(score: float | None) -> str:
    return "no score" if score is None else f"{score:.2f}"


def _frame(rows: list[tuple[int, Score]]) -> pd.DataFrame:
    table = pd.DataFrame(
        [{"row": number, **row.model_dump()} for number, row in rows],
        columns=["row", *Score.model_fields],
    )
    numbers = ["params_b", "pretrain_tokens_b", "score", "off_by"]
    table[numbers] = table[numbers].astype(float)
    table["label"] = [NAMES.get(model, Name(model)).label for model in table["model"]]
    return table


def records(rows: pd.DataFrame) -> list[dict]:
    """Each row's values, by column."""
    return rows.to_dict("records")


def as_csv(rows: pd.DataFrame) -> str:
    """The rows as they stand in the file."""
    return rows[list(Score.model_fields)].to_csv(index=False, lineterminator="\n")
