"""Scores, averages and claims as markup. All text is made harmless by `letters`."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from compare.charts.frame import Drawing
from compare.numbers import dated, points
from compare.scores.claims import ARTICLES, Claim
from compare.scores.questions import Source
from compare.scores.suites import Suite
from compare.scores.table import Problem
from compare.ui import drawn
from compare.ui.markup import letters

SHOWN_PROBLEMS = 12


def problems(found: Sequence[Problem], unknown: Sequence[str] = ()) -> str:
    """What is wrong with the table or with a link; empty where nothing is."""
    told = "Some rows of the table of scores are at fault and left out:" if found else ""
    texts = [*unknown, *map(str, found)]
    return drawn.alert(texts, most=len(unknown) + SHOWN_PROBLEMS, before=told, listed=True)


def sentence(drawing: Drawing | None, suite: Suite) -> str:
    """What the chart shows in words, and what to know of the suite."""
    finding, rest, key = "Shown as a table only.", "", ""
    if drawing:
        finding, rest, key = drawing.finding, drawing.rest, drawing.key
    return drawn.finding(finding, rest, about=f"{suite.about} {key}".rstrip())


def rows_label(rows: list[dict]) -> str:
    return "1 score and its source" if len(rows) == 1 else f"{len(rows)} scores and their sources"


def scores(rows: list[dict]) -> str:
    """Every row that the filters leave, with a link to its source."""
    body = "".join(
        f'<tr><th scope="row">{letters(row["label"])}</th><td>{letters(row["benchmark"])}</td>'
        f'<td class="number">{points(row["score"])}</td><td>{letters(row["shots"])}</td>'
        f"<td>{letters(row['metric'])}</td><td>{_link((row['source_title'], row['source_url']))}</td>"
        f"<td>{letters(dated(row['as_of'], row['as_of_is']))}</td>"
        f'<td class="note">{letters(row["note"])}</td></tr>'
        for row in rows
    )
    head = ("Model", "Task", "Score", "Shots", "Metric", "Source", "Date", "Note")
    return drawn.sheet(head, body, "Scores and their sources", long=True)


def averages(rows: list[dict], suite: Suite) -> str:
    """The average a source prints beside the one computed from its tasks."""
    body = "".join(
        f'<tr><th scope="row">{letters(row["label"])}</th><td class="number">{points(row["printed"])}</td>'
        f'<td class="number">{points(row["computed"])}</td><td class="number">{row["told"]}</td></tr>'
        for row in rows
    )
    name = f"Averages as printed, and as computed from the {len(suite.chance)} tasks"
    return drawn.sheet(("Model", "Printed", "Computed", "Difference"), body, name)


def claims(found: Iterable[Claim]) -> str:
    """What the articles claim, article by article."""
    found = list(found)
    parts = [
        "<h2>What the two articles claim</h2>",
        '<p class="lead">Verdicts on numbers are computed from the scores above; what numbers can’t settle '
        "is typed, from the document named.</p>",
    ]
    for article, mine in groupby(found, key=lambda claim: claim.article):
        body = "".join(map(_claim, mine))
        head = ("Claim", "What the sources say", "Verdict", "Sources")
        parts.append(f"<h3>The article on {article}: {_link(ARTICLES[article])}</h3>")
        parts.append(drawn.sheet(head, body, f"Claims of the article on {article}"))
    return "".join(parts)


def _claim(claim: Claim) -> str:
    finding = claim.finding
    links = [_link(source) for source in finding.sources]
    if finding.view:
        links.insert(
            0, f'<a class="view" href="{letters(finding.view.query())}">Show the chart</a>'
        )
    how = "computed" if claim.computed else "typed"
    return (
        f'<tr data-claim="{claim.id}"><th scope="row">{letters(claim.said)}</th>'
        f"<td>{letters(finding.evidence)}</td>"
        f'<td class="verdict is-{finding.tone}"><b>{letters(finding.verdict)}</b><span>{how}</span></td>'
        f'<td class="links">{"".join(links)}</td></tr>'
    )


def _link(source: Source) -> str:
    title, url = source
    return f'<a href="{letters(url)}" target="_blank" rel="noopener">{letters(title)}</a>'
