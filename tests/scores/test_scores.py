"""The table of published scores: what is refused, and what may be asked of it."""

import csv
import math
from urllib.parse import parse_qsl, urlsplit

import pytest

from compare.numbers import dated, points, signed
from compare.scores.averages import averages, by_task, mean_rows, same_average
from compare.scores.suites import AVERAGE, BY_NAME, SUITES
from compare.scores.table import SCORES, as_csv, load
from compare.scores.view import (
    View,
    chosen,
    drawn,
    models_of,
    of_suite,
    read,
    second_reading,
    settled,
    why_empty,
)

BASE_3T = "TinyLlama-1.1B-intermediate-step-1431k-3T"
SHIPPED = load()
ROWS = len(SHIPPED.table)


@pytest.fixture
def table_with(tmp_path):
    """Loads the shipped table after `edit` has changed its rows, the header among them."""

    def load_edited(edit):
        with SCORES.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        edit(rows, {name: place for place, name in enumerate(rows[0])})
        path = tmp_path / "scores.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return load(path)

    return load_edited


# The shipped table.


def test_the_table_is_without_fault():
    assert SHIPPED.problems == ()
    assert set(SHIPPED.table["suite"]) == set(BY_NAME)


def test_every_source_is_an_address():
    for url in SHIPPED.table["source_url"].unique():
        parts = urlsplit(url)
        assert parts.scheme == "https" and "." in parts.netloc and parts.path.strip("/")


def test_every_printed_average_is_within_its_recorded_difference():
    for suite in SUITES.values():
        found = averages(of_suite(SHIPPED.table, suite.id), suite.id).dropna(
            subset=["printed", "computed"]
        )
        assert ((found["difference"] - found["recorded"]).abs() <= 0.005 + 1e-9).all(), suite.id
        assert suite.averaged == bool(len(found)), suite.id


def test_a_difference_is_recorded_only_where_it_is_more_than_rounding():
    recorded = SHIPPED.table.dropna(subset=["off_by"])
    assert set(recorded["benchmark"]) == {AVERAGE}
    for row in recorded.to_dict("records"):
        suite = BY_NAME[row["suite"]].id
        found = averages(of_suite(SHIPPED.table, suite), suite).loc[row["model"]]
        assert not same_average(found["printed"], found["computed"])


def test_tinyllamas_average_is_shown_beside_the_computed_one():
    rows = {
        row["label"]: row
        for row in mean_rows(of_suite(SHIPPED.table, "commonsense"), "commonsense")
    }
    base = rows["TinyLlama base 3T"]
    assert [points(base["printed"]), points(base["computed"]), base["told"]] == [
        "52.99",
        "52.97",
        "+0.02",
    ]
    assert rows["TinyLlama 2.5T"]["told"] == "rounding"
    assert mean_rows(of_suite(SHIPPED.table, "v2"), "v2")[0]["told"] == "–"


def test_a_model_that_lacks_a_task_has_no_computed_average():
    rows = of_suite(SHIPPED.table, "v1")
    rows = rows[~((rows["model"] == BASE_3T) & (rows["benchmark"] == "MMLU"))]
    assert math.isnan(averages(rows, "v1").loc[BASE_3T, "computed"])


def test_the_order_of_models_and_tasks_is_the_suites():
    wide = by_task(of_suite(SHIPPED.table, "v1"), "v1")
    assert list(wide) == ["ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K", AVERAGE]
    assert averages(of_suite(SHIPPED.table, "v1"), "v1").index[0] == "SOLAR-10.7B-Instruct-v1.0"


def test_undated_rows_say_so():
    undated = SHIPPED.table[SHIPPED.table["as_of"] == ""]
    assert len(undated)
    assert {dated(row["as_of"], row["as_of_is"]) for row in undated.to_dict("records")} == {
        "undated"
    }


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [
        ("2023-12-29", "29 December 2023, published"),
        ("2024-01", "January 2024, published"),
        ("2024", "2024, published"),
    ],
)
def test_a_date_is_shown_as_exactly_as_it_is_known(as_of, shown):
    assert dated(as_of, "published") == shown


# Bad input.


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("score", "740", "740 is not between 0 and 100"),
        ("score", "-1", "-1 is not between 0 and 100"),
        ("score", "n/a", "“n/a” is no number; leave it empty where none is known"),
        ("score", "nan", "“nan” is no number; leave it empty where none is known"),
        ("score", "74,20", "“74,20” is no number; leave it empty where none is known"),
        ("suite", "", "is empty"),
        ("suite", "Arena", "“Arena” is no suite known here"),
        ("benchmark", "ARC-c", "“ARC-c” is no task of Open LLM Leaderboard v1 (H6)"),
        ("metric", " ", "is empty"),
        ("shots", "", "is empty"),
        ("shots", "few", "“few” is neither a whole number nor “mixed”"),
        ("source_title", "", "is empty"),
        ("source_url", "", "is empty"),
        ("source_url", "arxiv.org/abs/1", "“arxiv.org/abs/1” is no address on the web"),
        ("source_url", "javascript:alert(1)", "“javascript:alert(1)” is no address on the web"),
        ("as_of", "29.12.2023", "“29.12.2023” is no date; write 2024, 2024-01 or 2024-01-31"),
        ("as_of", "2023-02-30", "“2023-02-30” is no date; write 2024, 2024-01 or 2024-01-31"),
        ("as_of_is", "undated", "a row without a date says “undated”, and only such a row"),
        ("model", "", "is empty"),
        ("model_kind", "instruct", "“instruct” is neither base nor chat"),
        ("params_b", "0", "“0” is not more than 0"),
        ("params_b", "", "is empty"),
    ],
)  # fmt: skip
def test_a_broken_cell_is_named_by_row_and_column(table_with, column, value, said):
    def edit(rows, at):
        rows[2][at[column]] = value

    found = table_with(edit)
    assert [str(problem) for problem in found.problems] == [f"Row 3, {column}: {said}"]
    assert 3 not in set(found.table["row"])
    assert len(found.table) == ROWS - 1


def test_every_fault_of_a_row_is_named(table_with):
    def edit(rows, at):
        rows[2][at["score"]], rows[2][at["metric"]] = "n/a", ""

    assert {problem.column for problem in table_with(edit).problems} == {"score", "metric"}


def test_a_row_of_another_length_is_refused(table_with):
    found = table_with(lambda rows, at: rows[4].pop())
    assert str(found.problems[0]) == "Row 5: has 14 cells instead of 15"
    assert len(found.table) == ROWS - 1


def test_a_row_that_comes_twice_is_refused(table_with):
    found = table_with(lambda rows, at: rows.append(list(rows[1])))
    assert str(found.problems[0]) == f"Row {ROWS + 2}, score: says the same as row 2"
    assert len(found.table) == ROWS


def test_a_row_that_comes_twice_with_another_value_is_believed_neither_time(table_with):
    def edit(rows, at):
        rows.append(list(rows[1]))
        rows[-1][at["score"]] = "75.5"

    found = table_with(edit)
    assert (
        str(found.problems[0])
        == f"Row {ROWS + 2}, score: 75.50, but row 2 has 74.20; both are left out"
    )
    assert not {2, ROWS + 2} & set(found.table["row"])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("params_b", "11", "Row 3, params_b: 11.0, but row 2 says 10.7 of the same"),
        ("model_kind", "base", "Row 3, model_kind: base, but row 2 says chat of the same"),
    ],
)
def test_a_model_is_the_same_in_all_its_rows(table_with, column, value, said):
    def edit(rows, at):
        rows[2][at[column]] = value

    assert said in map(str, table_with(edit).problems)


def test_a_task_is_run_alike_in_all_rows_of_a_suite(table_with):
    def edit(rows, at):
        rows[9][at["shots"]] = "5"

    said = [str(problem) for problem in table_with(edit).problems]
    assert said == ["Row 10, shots: 5, but row 3 says 25 of the same"]


def test_a_missing_score_stays_missing(table_with):
    def edit(rows, at):
        rows[2][at["score"]] = ""

    found = table_with(edit)
    assert found.problems == ()
    assert math.isnan(found.table.loc[found.table["row"] == 3, "score"].item())
    assert points(None) == points(math.nan) == "–"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "scores.csv can't be read"),
        (b"model,\xff\xfe\n", "scores.csv can't be read"),
        (b'model,"suite\n', "scores.csv can't be read"),
        (b"", "Row 1, model: the column is missing"),
        (b"model,suite\n", "Row 1, model_kind: the column is missing"),
    ],
)
def test_a_file_that_is_no_table_is_told(tmp_path, content, said):
    path = tmp_path / "scores.csv"
    if content is not None:
        path.write_bytes(content)
    found = load(path)
    assert found.table.empty
    assert str(found.problems[0]).startswith(said)
    view = settled(View(), found.table)
    assert chosen(found.table, view).empty and models_of(found.table, "v1") == {}


# Adding a model.


def test_a_new_model_takes_rows_only(table_with):
    def edit(rows, at):
        rows.append(list(rows[2]))
        rows[-1][at["model"]], rows[-1][at["params_b"]] = "Newcomer-2B", "2"

    found = table_with(edit)
    assert found.problems == ()
    assert models_of(found.table, "v1")["Newcomer-2B"] == "Newcomer-2B"


# Views.


def test_filters_leave_the_rows_asked_for():
    rows = chosen(SHIPPED.table, View("v1", kind="chat", size="medium"))
    assert set(rows["label"]) == {"SOLAR Instruct", "Mistral 7B Instruct"}
    rows = chosen(SHIPPED.table, View("v1", models=("Qwen-72B", "Qwen-14B"), size="large"))
    assert set(rows["label"]) == {"Qwen 72B"}


def test_a_view_never_holds_two_suites():
    for suite in SUITES:
        assert set(chosen(SHIPPED.table, View(suite))["suite"]) == {SUITES[suite].name}


def test_a_doubtful_model_is_drawn_only_when_it_is_chosen():
    everything = View("v1", chart="heat")
    assert "Yi-34B-200K" not in set(drawn(SHIPPED.table, everything)["model"])
    assert "Yi-34B-200K" in set(chosen(SHIPPED.table, everything)["model"])
    asked = View("v1", models=("Yi-34B-200K",), chart="heat")
    assert set(drawn(SHIPPED.table, asked)["model"]) == {"Yi-34B-200K"}


def test_task_by_task_begins_with_a_few_models():
    assert drawn(SHIPPED.table, View("v1"))["model"].nunique() == 4
    assert drawn(SHIPPED.table, View("v1", kind="base"))["model"].nunique() == 2
    assert drawn(SHIPPED.table, View("v1", kind="base", size="medium"))["model"].nunique() == 3


def test_the_second_reading_is_of_the_first_leaderboard_only():
    assert set(second_reading(SHIPPED.table, "v1")["suite"]) == {SUITES["v1-again"].name}
    assert second_reading(SHIPPED.table, "v2").empty
    assert not settled(View("v2", again=True), SHIPPED.table).again


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View("v2", ("Mixtral-8x7B-v0.1", "SOLAR-10.7B-v1.0"), "base", "medium", "heat"),
        View("commonsense", chart="difference", pair=(BASE_3T, "Pythia-1.0B")),
        View("v1", again=True),
    ],
)
def test_a_link_carries_the_view(view):
    view = settled(view, SHIPPED.table)
    assert read(dict(parse_qsl(view.query()[1:])), SHIPPED.table) == (view, [])


def test_a_link_with_unknown_models_says_which():
    query = {"suite": "v1", "models": "Qwen-72B,Grok,<b>", "pair": "Grok,Qwen-72B"}
    view, said = read(query, SHIPPED.table)
    assert view.models == ("Qwen-72B",)
    assert view.pair == ("SOLAR-10.7B-Instruct-v1.0", "Mixtral-8x7B-Instruct-v0.1")
    assert said[-1] == (
        "Open LLM Leaderboard v1 has no scores of “Grok”, “<b>”, which the link asks for."
    )


def test_a_link_with_unknown_settings_says_which():
    query = {"suite": "v9", "kind": "tiny", "size": "9", "chart": "pie" * 40}
    view, said = read(query, SHIPPED.table)
    assert view == settled(View(), SHIPPED.table)
    assert len(said) == 4 and said[0] == "The link names a suite that isn't known here: “v9”."
    assert all(len(line) < 130 for line in said)


def test_a_link_with_very_many_models_is_answered_briefly():
    _, said = read({"models": ",".join(f"m{n}" for n in range(500))}, SHIPPED.table)
    assert "and 495 more" in said[0] and len(said[0]) < 200


def test_a_chart_the_suite_does_not_have_gives_way():
    assert settled(View("v1", chart="training"), SHIPPED.table).chart == "tasks"
    assert settled(View("commonsense", chart="sizes"), SHIPPED.table).chart == "tasks"


def test_why_nothing_is_left():
    assert why_empty(View("v1", kind="chat", size="small")) == (
        "Open LLM Leaderboard v1 has no chat model of up to 3 B parameters."
    )
    assert why_empty(View("v2", ("Pythia-1.0B",), size="large")) == (
        "Open LLM Leaderboard v2, raw has no model of more than 20 B parameters among the models chosen."
    )


def test_the_filtered_rows_can_be_loaded_again(tmp_path):
    rows = chosen(SHIPPED.table, View("v1", kind="chat"))
    path = tmp_path / "filtered.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    again = load(path)
    assert again.problems == ()
    kept = ["model", "benchmark", "score", "note"]
    assert again.table[kept].values.tolist() == rows[kept].values.tolist()


def test_figures_are_written_as_people_write_them():
    assert [signed(0.331), signed(-4.949), signed(0)] == ["+0.33", "−4.95", "+0.00"]
