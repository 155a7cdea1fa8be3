"""Questions to the table of scores: each is asked once, and answered anew by every table.

Evidence, verdict and sources are computed; no number stands here but the one that is asked about.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from compare.numbers import listed, points, signed
from compare.scores.averages import averages, by_task
from compare.scores.suites import AVERAGE, NAMES, SUITES
from compare.scores.view import View, of_suite

Tone = Literal["holds", "partly", "fails", "unknown"]
Source = tuple[str, str]
"""Title and address."""
NARROW = 1.0
"""A lead on average of fewer points than this is called narrow."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the scores, or a document, say to a claim."""

    tone: Tone
    verdict: str
    evidence: str
    sources: tuple[Source, ...] = ()
    view: View | None = None
    """the chart that shows it"""


Question = Callable[[pd.DataFrame], Finding]


def ahead(a: str, b: str, suite: str = "v1", besides: str | None = None) -> Question:
    """Whether `a` is ahead of `b`: on average, by how much, and in which tasks it isn't.

    `besides`: a task without which the lead is told, too.
    """

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, a, b)
        wide = by_task(rows, suite).reindex([a, b])[list(SUITES[suite].chance)].T.dropna()
        if wide.empty:
            return _unknown(f"{_label(a)} and {_label(b)}", suite)
        apart = (wide[a] - wide[b]).round(4)
        shown = averages(rows, suite).reindex([a, b])
        printed = shown["printed"].notna().all()
        lead = float(shown["printed"][a] - shown["printed"][b]) if printed else float(apart.mean())
        lost = apart[apart < 0]
        verdict, tone = _lead(round(lead, 4), len(lost), len(apart))
        kind = "Printed average" if printed else "Mean of the tasks, computed"
        evidence = f"{kind}: {signed(lead)}."
        if lead < 0 and not printed:
            evidence = f"{kind}: {points(wide[a].mean())} against {points(wide[b].mean())}."
        evidence += f" Behind in {len(lost)} of {len(apart)}" + (
            f": {listed(f'{task} {signed(by)}' for task, by in lost.items())}."
            if len(lost)
            else "."
        )
        if besides in apart.index and len(apart) > 1:
            evidence += f" Without {besides}: {signed(apart.drop(besides).mean())}."
        kinds = rows.drop_duplicates("model").set_index("model")["model_kind"]
        if kinds[a] != kinds[b]:
            evidence += (
                f" Not like for like: one is a {kinds[a]} model, the other a {kinds[b]} one."
            )
        return Finding(
            tone, verdict, evidence, _sources(rows), View(suite, chart="difference", pair=(a, b))
        )

    return ask


def _lead(lead: float, lost: int, of: int) -> tuple[str, Tone]:
    if lead <= 0:
        return "Doesn’t hold", "fails"
    if lost * 2 >= of:
        return f"Only on average, by {points(lead)}", "partly"
    if lead < NARROW:
        return f"Holds narrowly, by {points(lead)}", "partly"
    return f"Holds, by {points(lead)}", "holds"


def on_v2(a: str, b: str) -> Question:
    """The same question put to the second leaderboard."""

    def ask(table: pd.DataFrame) -> Finding:
        finding = ahead(a, b, "v2")(table)
        verdict = "Doesn’t hold on v2" if finding.tone == "fails" else finding.verdict
        return Finding(finding.tone, verdict, finding.evidence, finding.sources, finding.view)

    return ask


def average_is(model: str, claimed: float, suite: str, rounded: int = 2) -> Question:
    """Whether an average that an article gives, with `rounded` decimals, is what was printed and computes."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        if rows.empty:
            return _unknown(_label(model), suite)
        mean = averages(rows, suite).loc[model]
        printed, computed = mean["printed"], mean["computed"]
        if printed != printed or computed != computed:
            return _unknown(f"{_label(model)} in all its tasks", suite)
        tasks = len(SUITES[suite].chance)
        evidence = f"Printed {points(printed)}; its {tasks} tasks give {points(computed)}."
        unit = 10.0**-rounded
        fits = [abs(claimed - value) <= unit / 2 + 1e-9 for value in (printed, computed)]
        cut = [0 < value - claimed < unit for value in (printed, computed)]
        verdict, tone = "Doesn’t hold", "fails"
        if all(fits):
            verdict, tone = "Holds", "holds"
        elif any(fits):
            as_is, other = ("printed", computed) if fits[0] else ("computed", printed)
            verdict, tone = f"As {as_is}; off by {points(abs(claimed - other))}", "partly"
        elif any(cut):
            verdict, tone = "Cut off, not rounded", "partly"
        return Finding(tone, verdict, evidence, _sources(rows), View(suite, models=(model,)))

    return ask


def scores_are(model: str, claimed: Mapping[str, float], suite: str) -> Question:
    """Whether the scores an article gives are those published."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        scores = rows.dropna(subset=["score"]).set_index("benchmark")["score"]
        there = [task for task in claimed if task in scores.index]
        if not there:
            return _unknown(_label(model), suite)
        wrong = [task for task in there if abs(scores[task] - claimed[task]) > 0.005]
        missing = [task for task in claimed if task not in there]
        right = len(there) - len(wrong)
        evidence = f"{right} of {len(claimed)} as published."
        if wrong:
            corrected = (
                f"{task} is {points(scores[task])}, not {points(claimed[task])}" for task in wrong
            )
            evidence += f" {listed(corrected)}."
        if missing:
            evidence += f" No score of {listed(missing)}."
        tone: Tone = "fails" if wrong else "partly" if missing else "holds"
        verdict = {"fails": "Doesn’t hold", "partly": "Holds where known", "holds": "Holds"}[tone]
        return Finding(tone, verdict, evidence, _sources(rows), View(suite, models=(model,)))

    return ask


def first_in(model: str, task: str, suite: str = "v1") -> Question:
    """Whether a model has the highest score of all in a task."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = of_suite(table, suite)
        rows = rows[rows["benchmark"] == task].dropna(subset=["score"])
        rows = rows.sort_values("score", ascending=False)
        if model not in set(rows["model"]) or len(rows) < 2:
            return _unknown(f"{_label(model)} and others in {task}", suite)
        place = list(rows["model"]).index(model) + 1
        best = rows.iloc[0] if place > 1 else rows.iloc[1]
        mine = rows.set_index("model").loc[model]
        evidence = (
            f"{points(mine['score'])}, place {place} of {len(rows)} models; {best['label']} has "
            f"{points(best['score'])}."
        )
        sources = _sources(rows[rows["model"].isin([model, best["model"]])])
        view = View(suite, chart="heat")
        if place == 1 and mine["score"] > best["score"]:
            return Finding(
                "holds",
                f"Holds, by {points(mine['score'] - best['score'])}",
                evidence,
                sources,
                view,
            )
        return Finding("fails", "Doesn’t hold", evidence, sources, view)

    return ask


def first_of_its_size(model: str, up_to_b: float, suite: str = "v1") -> Question:
    """Whether no model of its size has a higher average."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = of_suite(table, suite)
        rows = rows[rows["params_b"] <= up_to_b]
        means = averages(rows, suite).dropna(subset=["shown"])
        if model not in means.index or len(means) < 2:
            return _unknown(f"{_label(model)} and others of its size", suite)
        other = next(each for each in means.index if each != model)
        lead = means["shown"][model] - means["shown"][other]
        evidence = (
            f"Average {points(means['shown'][model])}; {_label(other)} has {points(means['shown'][other])}, "
            f"among {len(means)} models up to {up_to_b:g} B."
        )
        verdict, tone = (
            ("Doesn’t hold", "fails") if lead <= 0 else _lead(round(float(lead), 4), 0, 1)
        )
        return Finding(
            tone, verdict, evidence, _sources(rows[rows["model"].isin([model, other])]),
            View(suite, size="small", chart="sizes"),
        )  # fmt: skip

    return ask


def smaller_than(model: str, others: tuple[str, ...], suite: str = "v1") -> Question:
    """Whether a model has fewer parameters than each of the others."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model, *others)
        params = rows.drop_duplicates("model").set_index("model")["params_b"]
        if any(each not in params.index for each in (model, *others)):
            return _unknown("all of these models", suite)
        larger = [each for each in others if params[each] > params[model]]
        evidence = f"{_label(model)} has {params[model]:g} billion parameters, " + listed(
            f"{_label(each)} {params[each]:g}" for each in others
        )
        view = View(suite, models=(model, *others), chart="sizes")
        if len(larger) == len(others):
            return Finding("holds", "Holds", evidence + ".", _sources(rows), view)
        if larger:
            verdict = f"Only against {listed(map(_label, larger))}"
            return Finding("partly", verdict, evidence + ".", _sources(rows), view)
        return Finding("fails", "Doesn’t hold", evidence + ".", _sources(rows), view)

    return ask


def covers(model: str, task: str, suite: str) -> Question:
    """Whether an average is one over a task, too."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        tasks = list(rows.loc[rows["benchmark"] != AVERAGE, "benchmark"])
        if not tasks:
            return _unknown(_label(model), suite)
        evidence = f"The tasks behind it: {listed(tasks)}."
        view = View(suite, models=(model,))
        if task in tasks:
            return Finding("holds", "Holds", evidence, _sources(rows), view)
        return Finding("fails", "Doesn’t hold", evidence, _sources(rows), view)

    return ask


def last_is_best(last: str, suite: str) -> Question:
    """Whether the last checkpoint of a training has the highest average."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = of_suite(table, suite)
        rows = rows[(rows["model_kind"] == "base") & rows["model"].str.startswith("TinyLlama")]
        means = averages(rows, suite).dropna(subset=["shown"])
        if last not in means.index or len(means) < 2:
            return _unknown(f"{_label(last)} and its other checkpoints", suite)
        best = means.index[0]
        other = best if best != last else means.index[1]
        evidence = " against ".join(
            f"{_label(each)}: {points(means['shown'][each])}" for each in (last, other)
        )
        sources, view = _sources(rows), View(suite, chart="training")
        if best == last:
            return Finding("holds", "It is", evidence + ".", sources, view)
        by = points(means["shown"][best] - means["shown"][last])
        return Finding("fails", f"It isn’t: lower by {by}", evidence + ".", sources, view)

    return ask


def poor_at(model: str, task: str, suite: str, under: float = 10) -> Question:
    """Whether a model solves fewer than `under` in a hundred of a task's problems."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        rows = rows[rows["benchmark"] == task].dropna(subset=["score"])
        if rows.empty:
            return _unknown(f"{_label(model)} in {task}", suite)
        score = float(rows["score"].iloc[0])
        evidence = f"{task}: {points(score)} of 100. {_label(model)} is the nearest model listed."
        verdict, tone = ("Holds", "holds") if score < under else ("Doesn’t hold", "fails")
        return Finding(tone, verdict, evidence, _sources(rows), View(suite, models=(model,)))

    return ask


def eight_times_seven(model: str, suite: str = "v1") -> Question:
    """Whether eight models of 7 billion parameters make up this one."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        if rows.empty:
            return _unknown(_label(model), suite)
        params = float(rows["params_b"].iloc[0])
        evidence = (
            f"8 × 7 would be 56 billion; it has {params:g}, for the experts share all but their "
            "feed-forward layers."
        )
        verdict, tone = ("Holds", "holds") if params >= 55 else ("Doesn’t hold", "fails")
        return Finding(tone, verdict, evidence, _sources(rows[rows["benchmark"] == AVERAGE]))

    return ask


def _rows(table: pd.DataFrame, suite: str, *models: str) -> pd.DataFrame:
    rows = of_suite(table, suite)
    return rows[rows["model"].isin(models)]


def _sources(rows: pd.DataFrame) -> tuple[Source, ...]:
    pairs = zip(rows["source_title"], rows["source_url"], strict=True)
    return tuple(dict.fromkeys(pairs))


def _unknown(what: str, suite: str) -> Finding:
    return Finding("unknown", "Not known", f"{SUITES[suite].title} has no score of {what}.")


def _label(model: str) -> str:
    return NAMES[model].label
