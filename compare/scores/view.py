"""What a visitor looks at: a suite, filters, a chart; the link that carries it, and the rows it leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import get_args
from urllib.parse import urlencode

import pandas as pd

from compare.scores.averages import averages
from compare.scores.suites import KINDS, NAMES, SIZES, SUITES, Chart, Kind


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
    labels = dict(zip(rows["model"], rows["label"], strict=True))
    return dict(sorted(labels.items(), key=lambda each: order.get(each[0], len(order))))


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
