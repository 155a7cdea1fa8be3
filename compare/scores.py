"""Published benchmark scores: the table, checked row by row, and which rows a visitor asks for.

Scores of different suites are never compared: whatever is drawn or computed names one suite. Knows
nothing of charts and pages. Rows are counted as a spreadsheet does, the header being row 1.
"""

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, get_args
from urllib.parse import urlencode, urlsplit

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from compare.suites import AVERAGE, BY_NAME, KINDS, NAMES, SIZES, SUITES, Chart, Kind, Name
from compare.usage import faults

SCORES = Path(__file__).parent / "data" / "scores.csv"
ROUNDING = 0.005
"""Half of the last digit printed: how far an average may be off for no reason."""

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


# What is asked for.


@dataclass(frozen=True, slots=True)
class View:
    """What a visitor looks at: a suite, filters, a chart."""

    suite: str = "v1"
    models: tuple[str, ...] = ()
    """none: all that the other filters leave"""
    kind: Kind = "any"
    size: str = "any"
    chart: Chart = "tasks"
    pair: tuple[str, ...] = ()
    """the two models of the difference; none: the suite's first two"""
    again: bool = False
    """show the second reading where there is one"""

    def query(self) -> str:
        """The view as a link carries it; what is as it opens is left out."""
        values = {
            "tab": "benchmarks",
            "suite": self.suite,
            "models": ",".join(self.models),
            "kind": self.kind,
            "size": self.size,
            "chart": self.chart,
            "pair": ",".join(self.pair),
            "again": "1" if self.again else "",
        }
        plain = View()
        opening = {"kind": plain.kind, "size": plain.size}
        kept = {k: v for k, v in values.items() if v and opening.get(k) != v}
        return "?" + urlencode(kept, safe=",")


def read(query: Mapping[str, str], table: pd.DataFrame) -> tuple[View, list[str]]:
    """The view a link carries, and what in it isn't known here."""
    said: list[str] = []

    def one_of(key: str, known: Iterable[str], otherwise: str) -> str:
        asked = query.get(key) or otherwise
        if asked in known:
            return asked
        said.append(f"The link names a {key} that isn't known here: “{_clipped(asked)}”.")
        return otherwise

    def models(key: str, known: Iterable[str]) -> tuple[str, ...]:
        asked = dict.fromkeys(filter(None, (query.get(key) or "").split(",")))
        unknown = [name for name in asked if name not in known]
        if unknown:
            names = ", ".join(f"“{_clipped(name)}”" for name in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            said.append(
                f"{SUITES[suite].title} has no scores of {names}{more}, which the link asks for."
            )
        return tuple(name for name in asked if name in known)

    suite = one_of("suite", SUITES, "v1")
    here = set(models_of(table, suite))
    pair = models("pair", here)
    view = View(
        suite,
        models("models", here),
        one_of("kind", KINDS, "any"),
        one_of("size", SIZES, "any"),
        one_of("chart", get_args(Chart), "tasks"),
        pair if len(pair) == 2 else (),
        query.get("again") == "1",
    )
    return settled(view, table), said


def settled(view: View, table: pd.DataFrame) -> View:
    """The view with what its suite doesn't have replaced."""
    suite = SUITES[view.suite]
    here = models_of(table, view.suite)
    kept = tuple(model for model in view.models if model in here)
    chart = view.chart if view.chart in suite.charts else (suite.charts or ("tasks",))[0]
    pair = view.pair if len(view.pair) == 2 and set(view.pair) <= set(here) else ()
    opening = [model for model in suite.opening if model in here]
    others = [model for model in here if model not in opening]
    return replace(
        view, models=kept, chart=chart, pair=pair or tuple([*opening, *others][:2]),
        again=view.again and suite.second is not None,
    )  # fmt: skip


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def models_of(table: pd.DataFrame, suite: str) -> dict[str, str]:
    """The models of a suite and what they are called: the page's own first, then as the table has them."""
    rows = of_suite(table, suite).drop_duplicates("model")
    order = {model: place for place, model in enumerate(NAMES)}
    found = dict(zip(rows["model"], rows["label"], strict=True))
    return dict(sorted(found.items(), key=lambda each: order.get(each[0], len(order))))


def of_suite(table: pd.DataFrame, suite: str) -> pd.DataFrame:
    return table[table["suite"] == SUITES[suite].name]


def chosen(table: pd.DataFrame, view: View) -> pd.DataFrame:
    """The rows that the filters leave, in the table's order."""
    rows = of_suite(table, view.suite)
    _, over, up_to = SIZES[view.size]
    rows = rows[(rows["params_b"] > over) & (rows["params_b"] <= up_to)]
    if view.kind != "any":
        rows = rows[rows["model_kind"] == view.kind]
    return rows[rows["model"].isin(view.models)] if view.models else rows


def drawn(table: pd.DataFrame, view: View) -> pd.DataFrame:
    """The rows a chart shows: of those chosen the ones not in doubt, and task by task at first only a few."""
    suite, rows = SUITES[view.suite], chosen(table, view)
    if view.models:
        return rows
    rows = rows[~rows["model"].isin(suite.doubtful)]
    if view.chart != "tasks":
        return rows
    few = rows[rows["model"].isin(suite.opening)]
    if few["model"].nunique() > 1:
        return few
    return rows[rows["model"].isin(averages(rows, view.suite).index[:6])]


def second_reading(table: pd.DataFrame, suite: str) -> pd.DataFrame:
    """The rows of the second reading of a suite; none where there is no such reading."""
    return table[table["suite"] == SUITES[suite].second]


def why_empty(view: View) -> str:
    """Why the filters leave nothing."""
    label, over, _ = SIZES[view.size]
    kind = {"any": "model", "chat": "chat model", "base": "base model"}[view.kind]
    size = "" if view.size == "any" else f" of {label[:1].lower() + label[1:]} parameters"
    size = size.replace("over", "more than") if over else size
    among = " among the models chosen" if view.models else ""
    return f"{SUITES[view.suite].title} has no {kind}{size}{among}."


# Averages.


def by_task(rows: pd.DataFrame, suite: str) -> pd.DataFrame:
    """Models down, tasks across, in their orders; a score that isn't there is NaN."""
    wide = rows.pivot(index="model", columns="benchmark", values="score")
    wide = wide.reindex(index=rows["model"].drop_duplicates(), columns=[*SUITES[suite].benchmarks])
    return wide.astype(float)


def averages(rows: pd.DataFrame, suite: str) -> pd.DataFrame:
    """By model: the average `printed`, the one `computed` from all tasks, the `difference`, which of them is
    `shown` (the printed one, else the computed), and `recorded`: the difference the table knows of.

    Sorted by `shown`, the highest first.
    """
    wide, tasks = by_task(rows, suite), list(SUITES[suite].chance)
    found = pd.DataFrame(index=wide.index)
    found["label"] = rows.drop_duplicates("model").set_index("model")["label"]
    found["printed"] = wide.get(AVERAGE, math.nan)
    found["computed"] = wide[tasks].mean(axis=1, skipna=False)
    found["difference"] = found["printed"] - found["computed"]
    printed = rows[rows["benchmark"] == AVERAGE].set_index("model")
    found["recorded"] = printed["off_by"].reindex(found.index).fillna(0.0)
    found["shown"] = found["printed"].fillna(found["computed"])
    return found.sort_values("shown", ascending=False, kind="stable")


def same_average(printed: float, computed: float) -> bool:
    """Whether the two differ by no more than rounding."""
    return abs(printed - computed) <= ROUNDING + 1e-9


def score_rows(rows: pd.DataFrame) -> list[dict]:
    """The rows as values by column, for a table."""
    return rows.to_dict("records")


def mean_rows(rows: pd.DataFrame, suite: str) -> list[dict]:
    """The averages as values by column; `told` is their difference, “–” where one is unknown."""
    found = averages(rows, suite).to_dict("records") if len(rows) else []
    for each in found:
        same = same_average(each["printed"], each["computed"])
        known = each["difference"] == each["difference"]
        each["told"] = (
            ("rounding" if same else signed(each["difference"])) if known else points(None)
        )
    return found


def as_csv(rows: pd.DataFrame) -> str:
    """The rows as they stand in the file."""
    return rows[list(Score.model_fields)].to_csv(index=False, lineterminator="\n")


# Words.


def points(value: float | None) -> str:
    """A score: two decimals; unknown is “–”."""
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def signed(value: float) -> str:
    """A difference: +0.33, −4.95."""
    return f"{'+' if value >= 0 else '−'}{abs(value):.2f}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def dated(as_of: str, is_: str) -> str:
    """29 December 2023, published; January 2024, published; undated."""
    if not as_of:
        return "undated"
    year, *rest = as_of.split("-")
    month = [_MONTHS[int(rest[0]) - 1]] if rest else []
    day = [str(int(rest[1]))] if len(rest) > 1 else []
    return f"{' '.join([*day, *month, year])}, {is_}"
