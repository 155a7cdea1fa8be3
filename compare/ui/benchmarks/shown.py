"""What the Benchmarks tab shows of the scores for a view, by the names of its parts. Knows no component."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from compare.charts.draw import draw
from compare.scores.averages import mean_rows
from compare.scores.suites import CHARTS, KINDS, SIZES, SUITES
from compare.scores.table import Scores, as_csv, records
from compare.scores.view import View, chosen, models_of, read, settled
from compare.ui.benchmarks import evidence
from compare.ui.changes import Change, Changes
from compare.usage import UsageError

FIELDS = "suite", "models", "kind", "size", "chart", "one", "other", "again"
"""The fields that make a view, in the order that Gradio hands their values over."""


@dataclass(frozen=True)
class Benchmarks:
    """The tab's answers to what a visitor asks of it."""

    scores: Scores

    def followed(self, query: str) -> Changes:
        """The view that a link within the page asks for."""
        return self.linked(dict(parse_qsl(query.removeprefix("?"))))

    def linked(self, query: dict[str, str]) -> Changes:
        """The view of an address's parameters, and what of them nobody knows."""
        view, unknown = read(query, self.scores.table)
        said = evidence.problems(self.scores.problems, unknown)
        filters = {"suite": view.suite, "kind": view.kind, "size": view.size}
        view_of = self._choices(view) | self._picture(view) | self._sources(view)
        return {"said": said, **filters, **view_of}

    def filtered(self, before: str, *values) -> Changes:
        """What the fields ask for, where `before` the view of that link stood there."""
        table = self.scores.table
        asked = asked_by(*values)
        view = settled(asked, table)
        if view == asked and view.query() == before:
            return {}
        was, _ = read(dict(parse_qsl(before.removeprefix("?"))), table)
        same = view == asked and view.suite == was.suite
        if same and chosen(table, view).equals(chosen(table, was)):
            return self._picture(view, asked)  # another chart of the same rows: all else stays
        return self._choices(view, asked) | self._picture(view, asked) | self._sources(view)

    def saved(self, *values) -> str:
        """The rows that the fields leave, as CSV."""
        return as_csv(chosen(self.scores.table, settled(asked_by(*values), self.scores.table)))

    def _choices(self, view: View, asked: View | None = None) -> Changes:
        """What the view's suite offers, and what is chosen; nothing of what was `asked` for is set again,
        because the visitor may have gone on meanwhile."""
        about = SUITES[view.suite]
        offered = models_of(self.scores.table, view.suite)
        here = [(label, model) for model, label in offered.items()]
        charts = [(CHARTS[id_], id_) for id_ in about.charts or CHARTS]

        def value(new, old) -> dict[str, Any]:
            return {} if asked and new == old else {"value": new}

        was = asked or view
        first, second = (*view.pair, None, None)[:2]
        old_first, old_second = (*was.pair, None, None)[:2]
        return {
            "models": Change(choices=here, **value(list(view.models), list(was.models))),
            "chart": Change(
                choices=charts, visible=bool(about.charts), **value(view.chart, was.chart)
            ),
            "one": Change(choices=here, **value(first, old_first)),
            "other": Change(choices=here, **value(second, old_second)),
        }

    def _picture(self, view: View, asked: View | None = None) -> Changes:
        about = SUITES[view.suite]
        reread = {"visible": about.second is not None and view.chart == "tasks"}
        if not asked or view.again != asked.again:
            reread["value"] = view.again
        drawing = draw(self.scores.table, view) if about.charts else None
        return {
            "again": Change(**reread),
            "pair": Change(visible=bool(about.charts) and view.chart == "difference"),
            "plot": Change(value=drawing and drawing.figure, visible=drawing is not None),
            "sentence": evidence.sentence(drawing, about),
            "link": view.query(),
        }

    def _sources(self, view: View) -> Changes:
        found = chosen(self.scores.table, view)
        listed, averaged = records(found), mean_rows(found, view.suite)
        # Where there is no chart, the table is what there is to see.
        opening = {} if SUITES[view.suite].charts else {"open": True}
        return {
            "fold": Change(label=evidence.rows_label(listed), **opening),
            "rows": evidence.scores(listed),
            "means": evidence.averages(averaged, SUITES[view.suite]),
        }


def asked_by(suite, models, kind, size, chart, one, other, again) -> View:
    """The view that the fields ask for. Raises UsageError where they hold what they don't offer."""
    for name, value, known in (
        ("suite", suite, SUITES),
        ("kind", kind, KINDS),
        ("size", size, SIZES),
    ):
        if value not in list(known):
            raise UsageError(f"There is no {name} “{str(value)[:60]}” here. Choose another.")
    pair = tuple(each if isinstance(each, str) else None for each in (one, other))
    return View(suite, tuple(models or ()), kind, size, chart, pair, bool(again))
