"""The articles' claims: each verdict as the table gives it, and another one when the table changes."""

from urllib.parse import urlsplit

import pytest

from compare.charts.draw import draw
from compare.scores.claims import ARTICLES, Claim, claims
from compare.scores.suites import AVERAGE, SUITES
from compare.scores.table import SCORES, load
from compare.scores.view import View, models_of, of_suite, settled

TABLE = load().table
SOLAR, SOLAR_BASE = "SOLAR-10.7B-Instruct-v1.0", "SOLAR-10.7B-v1.0"
MIXTRAL, MISTRAL = "Mixtral-8x7B-Instruct-v0.1", "Mistral-7B-Instruct-v0.2"
BASE_3T, BASE_25T = (
    "TinyLlama-1.1B-intermediate-step-1431k-3T",
    "TinyLlama-1.1B-intermediate-step-1195k-2.5T",
)


def claim(id_: str, table=TABLE) -> Claim:
    return next(each for each in claims(table) if each.id == id_)


def with_score(suite: str, model: str, task: str, score: float):
    """The table with one score changed."""
    table = TABLE.copy()
    row = (table["suite"] == SUITES[suite].name) & (table["model"] == model)
    row &= table["benchmark"] == task
    assert row.sum() == 1
    table.loc[row, "score"] = score
    return table


@pytest.mark.parametrize(
    ("id_", "verdict", "evidence"),
    [
        ("tinyllama-scores", "Holds", "7 of 7 as published."),
        ("tinyllama-average", "As printed; off by 0.02", "Printed 52.99; its 7 tasks give 52.97."),
        ("tinyllama-average-cut", "Cut off, not rounded", "Printed 52.99; its 7 tasks give 52.97."),
        ("tinyllama-mmlu", "Doesn’t hold", "HellaSwag, OBQA, WinoGrande, ARC-c, ARC-e, BoolQ and PIQA"),
        ("pythia-average", "Holds", "Printed 48.30; its 7 tasks give 48.30."),
        ("tinyllama-pythia", "Holds, by 4.69", "Behind in 1 of 7: BoolQ −3.00."),
        ("tinyllama-size", "Holds, by 1.42", "Average 36.42; Pythia 1.4B deduped has 35.00"),
        ("tinyllama-maths", "Holds", "GSM8K: 1.44 of 100."),
        ("tinyllama-last", "It isn’t: lower by 0.87", "52.99 against TinyLlama 2.5T: 53.86"),
        ("solar-mixtral", "Holds, by 1.58", "Behind in 1 of 6: MMLU −4.95. Without TruthfulQA: +0.53."),
        ("solar-mixtral-v2", "Doesn’t hold on v2", "34.31 against 37.33. Behind in 4 of 6: IFEval −8.62"),
        ("solar-qwen-72b", "Holds narrowly, by 0.60", "MMLU −11.16 and GSM8K −5.68. Not like for like"),
        ("solar-falcon", "Only on average, by 6.35", "HellaSwag −0.70, MMLU −4.29 and Winogrande −3.32"),
        ("solar-arc", "Holds, by 0.86", "71.08, place 1 of"),
        ("solar-truthfulqa", "Holds, by 3.17", "71.43, place 1 of"),
        ("solar-base-mistral", "Only on average, by 0.33", "HellaSwag −0.28 and TruthfulQA −23.22"),
        ("solar-base-qwen", "Only on average, by 0.18", "MMLU −2.22, TruthfulQA −4.39 and GSM8K −3.48"),
        ("solar-smaller", "Only against Qwen 14B", "has 10.7 billion parameters"),
        ("mixtral-parameters", "Doesn’t hold", "it has 46.7"),
    ],
)  # fmt: skip
def test_a_verdict_on_numbers_is_what_the_table_gives(id_, verdict, evidence):
    found = claim(id_)
    assert found.computed
    assert found.finding.verdict == verdict
    assert evidence in found.finding.evidence


@pytest.mark.parametrize(
    ("id_", "change", "verdict"),
    [
        ("tinyllama-scores", ("commonsense", BASE_3T, "PIQA", 73.92), "Doesn’t hold"),
        ("tinyllama-average", ("commonsense", BASE_3T, AVERAGE, 52.97), "Doesn’t hold"),
        ("tinyllama-average", ("commonsense", BASE_3T, "BoolQ", 57.95), "Holds"),
        ("tinyllama-average-cut", ("commonsense", BASE_3T, AVERAGE, 51.0), "Cut off, not rounded"),
        ("pythia-average", ("commonsense", "Pythia-1.0B", "BoolQ", 57.83), "As printed; off by 0.43"),
        ("tinyllama-pythia", ("commonsense", BASE_3T, AVERAGE, 48.1), "Doesn’t hold"),
        ("tinyllama-size", ("v1", BASE_3T, AVERAGE, 34.0), "Doesn’t hold"),
        ("tinyllama-maths", ("v1", BASE_3T, "GSM8K", 60.0), "Doesn’t hold"),
        ("tinyllama-last", ("commonsense", BASE_25T, AVERAGE, 52.0), "It is"),
        ("solar-mixtral", ("v1", SOLAR, AVERAGE, 73.0), "Holds narrowly, by 0.38"),
        ("solar-mixtral", ("v1", SOLAR, AVERAGE, 70.0), "Doesn’t hold"),
        ("solar-mixtral-v2", ("v2", SOLAR, "IFEval", 70.0), "Only on average, by 0.76"),
        ("solar-qwen-72b", ("v1", SOLAR, "ARC", 60.0), "Only on average, by 0.60"),
        ("solar-falcon", ("v1", SOLAR, "HellaSwag", 89.0), "Holds, by 6.35"),
        ("solar-arc", ("v1", SOLAR, "ARC", 70.0), "Doesn’t hold"),
        ("solar-truthfulqa", ("v1", MISTRAL, "TruthfulQA", 71.43), "Doesn’t hold"),
        ("solar-base-mistral", ("v1", SOLAR_BASE, AVERAGE, 65.0), "Doesn’t hold"),
        ("solar-base-qwen", ("v1", SOLAR_BASE, "MMLU", 68.0), "Holds narrowly, by 0.18"),
    ],
)  # fmt: skip
def test_changing_a_score_changes_the_verdict(id_, change, verdict):
    assert claim(id_, with_score(*change)).finding.verdict == verdict


def test_parameters_decide_who_is_smaller():
    table = TABLE.copy()
    table.loc[table["model"] == MISTRAL, "params_b"] = 12.0
    assert claim("solar-smaller", table).finding.verdict == "Holds"
    table.loc[table["model"] == MIXTRAL, "params_b"] = 56.0
    assert claim("mixtral-parameters", table).finding.verdict == "Holds"


def test_a_task_in_the_rows_is_covered():
    table = TABLE.copy()
    table.loc[
        (table["suite"] == SUITES["commonsense"].name) & (table["benchmark"] == "OBQA"), "benchmark"
    ] = "MMLU"
    assert claim("tinyllama-mmlu", table).finding.verdict == "Holds"


def test_without_the_rows_no_verdict_on_numbers_is_given():
    for found in claims(TABLE[TABLE["suite"] == SUITES["nous"].name]):
        if found.computed:
            assert found.finding.verdict == "Not known"
            assert found.finding.sources == ()
    assert claims(TABLE.iloc[:0])


def test_deleting_one_row_changes_what_is_said():
    without = TABLE[~((TABLE["model"] == SOLAR) & (TABLE["benchmark"] == "MMLU"))]
    assert "Behind in 0 of 5." in claim("solar-mixtral", without).finding.evidence
    assert "Behind in 1 of 6" in claim("solar-mixtral").finding.evidence


def test_deleting_a_row_of_the_file_changes_chart_and_verdict(tmp_path):
    lines = SCORES.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{SOLAR},") or ",ARC,25," not in line]
    path = tmp_path / "scores.csv"
    path.write_text("".join(kept), encoding="utf-8")
    table = load(path).table
    assert len(table) == len(TABLE) - 1
    assert claim("solar-arc", table).finding.verdict == "Not known"
    view = settled(View(), TABLE)
    bars = {trace.name: trace.x for trace in draw(table, view).figure.data}
    assert "ARC" not in bars["SOLAR Instruct"] and "ARC" in bars["Qwen 72B"]


def test_what_is_no_number_is_typed_with_its_source_and_told_apart():
    typed = [found for found in claims(TABLE) if not found.computed]
    assert {found.id for found in typed} >= {"solar-licence", "solar-parents", "tinyllama-label"}
    for found in typed:
        assert found.finding.sources and found.finding.view is None


def test_every_claim_has_a_verdict_and_sources_with_addresses():
    found = claims(TABLE)
    assert len({each.id for each in found}) == len(found)
    assert list(dict.fromkeys(each.article for each in found)) == list(ARTICLES)
    for each in found:
        assert each.finding.verdict and each.finding.evidence and each.finding.sources
        for _, url in (*each.finding.sources, ARTICLES[each.article]):
            assert urlsplit(url).scheme == "https" and urlsplit(url).netloc


def test_the_chart_of_a_claim_exists():
    for each in claims(TABLE):
        if view := each.finding.view:
            here = models_of(of_suite(TABLE, view.suite), view.suite)
            assert set(view.models) | set(view.pair) <= set(here)
            assert settled(view, TABLE).chart == view.chart
