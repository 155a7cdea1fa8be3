"""The charts: what stands in a figure, and the sentence that says it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from compare.charts.draw import draw
from compare.charts.fit import fit_map
from compare.charts.frame import CHANCE, COLOURS, GROUND, INK, LINE, MUTED, PALE, empty
from compare.charts.speeds import speeds  # fmt: skip
from compare.memory.fit import fit, learn
from compare.memory.hardware import named
from compare.models.spec import resolve
from compare.scores.suites import NAMES, SUITES
from compare.scores.table import load
from compare.scores.view import View, models_of, settled

TABLE = load().table
UI = Path(__file__).parent.parent.parent / "compare" / "ui"
SOLAR, MIXTRAL = "SOLAR-10.7B-Instruct-v1.0", "Mixtral-8x7B-Instruct-v0.1"
BASE_3T = "TinyLlama-1.1B-intermediate-step-1431k-3T"
EVERY = [(suite.id, chart) for suite in SUITES.values() for chart in suite.charts]


def drawing(suite="v1", chart="tasks", table=TABLE, **view):
    return draw(table, settled(View(suite, chart=chart, **view), table))


def data(*args, **kwargs) -> dict:
    """A figure's traces by their names."""
    return {trace.name: trace for trace in drawing(*args, **kwargs).figure.data}


def without(model: str, task: str, suite: str = "v1"):
    row = (TABLE["suite"] == SUITES[suite].name) & (TABLE["model"] == model)
    return TABLE[~(row & (TABLE["benchmark"] == task))]


# By task.


def test_bars_stand_by_task_the_highest_average_first():
    traces = data()
    assert list(traces) == [
        "SOLAR Instruct", "Qwen 72B", "Mixtral Instruct", "TinyLlama base 3T", CHANCE,
    ]  # fmt: skip
    solar = traces["SOLAR Instruct"]
    assert solar.x == ("ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K", "Average")
    assert solar.y == (71.08, 88.16, 66.21, 71.43, 83.58, 64.75, 74.20)


def test_a_missing_score_has_no_bar():
    bars = data(models=("Pythia-1B-deduped", SOLAR))["Pythia 1B deduped"]
    assert "Average" not in bars.x and len(bars.x) == 6
    assert "MMLU" not in data(table=without(SOLAR, "MMLU"))["SOLAR Instruct"].x


def test_a_bar_tells_shots_metric_source_and_date():
    solar = data()["SOLAR Instruct"]
    assert solar.hovertext[0].split("<br>") == [
        "<b>SOLAR Instruct</b>", "ARC <b>71.08</b>", "25-shot, acc_norm", "SOLAR paper, Table 2",
        "29 December 2023, published",
    ]  # fmt: skip


def test_the_chance_level_is_drawn_where_it_is_known():
    lines = {round(s.x0 + 0.46): s.y0 for s in drawing().figure.layout.shapes}
    assert lines == {0: 25, 1: 25, 2: 25, 4: 50}
    lines = {round(s.x0 + 0.46): s.y0 for s in drawing("v2").figure.layout.shapes}
    assert lines == {3: 25, 5: 10}


def test_the_second_reading_is_a_whisker_on_demand():
    chosen = ("Falcon-180B", "Qwen-72B", SOLAR)
    assert data(models=chosen)["Falcon 180B"].error_y.array is None
    traces = data(models=chosen, again=True)
    falcon = traces["Falcon 180B"]
    assert falcon.error_y.arrayminus[2] == pytest.approx(70.50 - 69.59)
    assert falcon.error_y.array[1] == pytest.approx(88.89 - 88.86)
    assert "second reading −0.91" in falcon.hovertext[2]
    assert traces["SOLAR Instruct"].error_y.array is None
    assert "move by up to 0.91 (Falcon 180B, MMLU)" in drawing(models=chosen, again=True).rest


def test_chat_models_are_filled_and_base_models_hollow():
    traces = data("v1", models=(SOLAR, "SOLAR-10.7B-v1.0"))
    assert traces["SOLAR Instruct"].marker.color == COLOURS["solar"]
    assert traces["SOLAR base"].marker.color == "rgba(135,107,27,0.2)"
    assert traces["SOLAR base"].marker.line.color == COLOURS["solar"]


def test_with_more_models_than_colours_only_the_pages_own_keep_theirs():
    many = data(models=tuple(models_of(TABLE, "v1")))
    assert many["Qwen 72B"].marker.line.color == PALE
    assert many["Mixtral base"].marker.line.color == COLOURS["mixtral"]
    assert data()["Qwen 72B"].marker.line.color == COLOURS["other-2"]


# The other charts.


def test_the_average_stands_over_the_parameters_on_a_log_axis():
    figure = drawing(chart="sizes").figure
    assert figure.layout.xaxis.type == "log"
    chat, base = figure.data
    found = dict(zip(chat.x, chat.y, strict=True))
    assert found[10.7] == 74.20
    # Llama 2 70B Chat has no printed average.
    assert found[70] == pytest.approx(62.32)
    assert "computed here" in chat.hovertext[chat.x.index(70)]
    assert (1.1, 36.42) in set(zip(base.x, base.y, strict=True))


def test_a_dot_without_a_name_is_told_of():
    assert "tells its name" in drawing(chart="sizes").key
    few = drawing(chart="sizes", models=(SOLAR, MIXTRAL))
    assert "tells its name" not in few.key and "hollow" in few.key


def test_where_solar_loses_to_mixtral_is_on_the_other_side():
    ours, theirs = drawing(chart="difference").figure.data
    assert (ours.name, theirs.name) == ("SOLAR Instruct ahead", "Mixtral Instruct ahead")
    assert theirs.y == ("MMLU",) and theirs.x == (-4.95,) and theirs.text == ("−4.95",)
    assert dict(zip(ours.y, ours.x, strict=True)) == {
        "ARC": 0.86, "HellaSwag": 0.53, "TruthfulQA": 6.85, "Winogrande": 2.21, "GSM8K": 4.02,
        "Average": 1.58,
    }  # fmt: skip
    assert (ours.marker.color, theirs.marker.color) == (COLOURS["solar"], COLOURS["mixtral"])
    order = drawing(chart="difference").figure.layout.yaxis.categoryarray
    assert order[-1] == "ARC" and order[0] == "Average"
    assert "MMLU" in theirs.hovertext[0] and "SOLAR paper, Table 2" in theirs.hovertext[0]


def test_any_two_models_can_be_compared():
    ours, theirs = drawing("v2", "difference", pair=(SOLAR, MIXTRAL)).figure.data
    assert len(ours.x) == 2 and len(theirs.x) == 4
    alike = drawing(chart="difference", pair=("Qwen-72B", "Qwen-14B")).figure.data
    assert len({trace.marker.line.color for trace in alike}) == len(alike)


def test_two_models_without_a_common_task_say_so():
    table = TABLE[~((TABLE["model"] == SOLAR) & TABLE["benchmark"].isin(["ARC", "Average"]))]
    table = table[(table["model"] != MIXTRAL) | (table["benchmark"] == "ARC")]
    shown = drawing(chart="difference", pair=(SOLAR, MIXTRAL), table=table)
    assert not shown.figure.data
    assert shown.finding == "No task has a score of both SOLAR Instruct and Mixtral Instruct."


def test_the_heat_map_holds_all_models_and_the_chance_level():
    cells, missing = drawing(chart="heat").figure.data
    assert cells.y[0] == "SOLAR Instruct" and cells.y[-1] == CHANCE
    assert cells.x[-1] == "Average" and cells.z[0][-1] == 74.20
    assert cells.z[-1][0] == 25 and cells.z[-1][3] is None
    blank = cells.y.index("Llama 2 70B Chat")
    assert cells.z[blank][-1] is None and ("Average", "Llama 2 70B Chat") in set(
        zip(missing.x, missing.y, strict=True)
    )
    assert (cells.zmin, cells.zmax) == (0, 100)


def test_the_training_curve_runs_over_tokens():
    average = data("commonsense", "training")["Average"]
    assert average.x == (103, 503, 1007, 1500, 2000, 2500, 3000)
    assert average.y == (46.11, 48.28, 50.22, 51.29, 51.64, 53.86, 52.99)
    assert average.line.color == COLOURS["tinyllama"]
    assert len(data("commonsense", "training")) == 9
    levels = {shape.y0 for shape in drawing("commonsense", "training").figure.layout.shapes}
    assert levels == {25, 50}


# What fits where.


def fitting(hardware=("cpu-basic", "t4-small"), title="{}", short="{}"):
    rooms = [named(name) for name in hardware]
    rooms = [room.model_copy(update={"title": title.format(room.title)}) for room in rooms]
    files = resolve(["solar", "mixtral", "mixtral:Q5_K_M"])
    files = [replace(file, short=short.format(file.model)) for file in files]
    return fit_map(fit(learn(files), rooms, 2048, "f16"))


def test_what_fits_is_told_in_every_cell():
    shades, fits, others = fitting().data
    assert shades.x == ("Spaces CPU basic", "Spaces T4 small")
    assert shades.y == ("solar Q2_K", "mixtral Q2_K", "mixtral Q5_K_M")
    assert [*shades.z[0]] == [0, 1] and shades.z[2][0] is None
    told = {}
    for cells in (fits, others):
        told |= dict(zip(zip(cells.x, cells.y, strict=True), cells.text, strict=True))
    assert len(told) == 6
    assert told["Spaces CPU basic", "solar Q2_K"] == "RAM"
    assert told["Spaces T4 small", "solar Q2_K"] == "all"
    assert told["Spaces T4 small", "mixtral Q2_K"] == str(round(shades.z[1][1] * 33))
    assert told["Spaces T4 small", "mixtral Q5_K_M"] == "no"
    assert "of 33 layers on the GPU, the rest in RAM" in shades.hovertext[1][1]


def test_names_on_the_map_are_text_and_not_markup():
    drawn = fitting(title="<i>{}", short="<a href='https://example.org'>{}").to_json()
    assert "<i>" not in drawn and "<a" not in drawn


# What they have in common.


@pytest.mark.parametrize(
    ("suite", "chart", "sentence"),
    [
        ("v1", "tasks", "SOLAR Instruct is first in 4 of 6 tasks, Qwen 72B on MMLU and GSM8K"),
        ("v2", "tasks", "Mixtral Instruct is first in 4 of 6 tasks, SOLAR Instruct on BBH and GPQA"),
        ("v1", "sizes", "SOLAR Instruct has the highest average, 74.20, with 10.7 billion parameters"),
        ("v2", "sizes", "Mixtral Instruct has the highest mean of the tasks, computed here, 37.33"),
        (
            "v1", "difference",
            "SOLAR Instruct is ahead of Mixtral Instruct in 5 of 6 tasks, and behind on MMLU by 4.95. "
            "The printed average differs by +1.58.",
        ),
        ("v2", "difference", "Mixtral Instruct is ahead of SOLAR Instruct in 4 of 6 tasks"),
        ("v1", "heat", "GSM8K tells these"),
        (
            "commonsense", "training",
            "The average is highest after 2.5 trillion tokens, 53.86, from 46.11 after 103 billion tokens; "
            "after 3 trillion it is 52.99, lower by 0.87.",
        ),
    ],
)  # fmt: skip
def test_a_sentence_says_what_the_chart_shows(suite, chart, sentence):
    pair = (SOLAR, MIXTRAL) if chart == "difference" else ()
    shown = drawing(suite, chart, pair=pair)
    assert (shown.finding + shown.rest).startswith(sentence)


def test_another_score_makes_another_sentence():
    table = TABLE.copy()
    table.loc[(table["model"] == SOLAR) & (table["benchmark"] == "MMLU"), "score"] = 80.0
    assert drawing(chart="difference", table=table).finding.endswith("in all 6 tasks")


@pytest.mark.parametrize(("suite", "chart"), EVERY)
def test_a_chart_shows_one_suite_only(suite, chart):
    alone = TABLE[TABLE["suite"] == SUITES[suite].name]
    ours, whole = drawing(suite, chart, table=alone), drawing(suite, chart)
    assert ours.figure.to_json() == whole.figure.to_json()


@pytest.mark.parametrize(("suite", "chart"), EVERY)
def test_a_figure_has_no_ground_and_only_known_colours(suite, chart):
    figure = drawing(suite, chart).figure
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    drawn = set(re.findall(r"#[0-9a-f]{6}\b", figure.to_json()))
    assert drawn <= {*COLOURS.values(), INK, MUTED, PALE, LINE, GROUND}


def test_the_colours_of_models_exist():
    # The embedded pair and most of one's own files have no published scores here, only speeds.
    scored = {"tinyllama", "solar", "mixtral", "other-1", "other-2", "other-3"}
    assert {name.colour for name in NAMES.values()} - {None} == scored < set(COLOURS)


@pytest.mark.parametrize("chart", ["tasks", "sizes", "heat"])
def test_an_empty_chart_says_why(chart):
    shown = drawing(chart=chart, kind="chat", size="small")
    why = "Open LLM Leaderboard v1 has no chat model of up to 3 B parameters."
    assert shown.finding == why
    assert not shown.figure.data
    assert shown.figure.layout.annotations[0].text.replace("<br>", " ") == why


@pytest.mark.parametrize(("suite", "chart"), EVERY)
def test_a_table_without_rows_draws_nothing_and_says_why(suite, chart):
    shown = drawing(suite, chart, table=TABLE.iloc[:0])
    assert not shown.figure.data and shown.finding


ALONE = {
    "tasks": r"{} scores highest on .+, \d+\.\d\d, and lowest on .+, \d+\.\d\d\.",
    "heat": r"{} scores highest on .+, \d+\.\d\d, and lowest on .+, \d+\.\d\d\.",
    "sizes": r"{} has the highest .+, \d+\.\d\d, with [\d.]+ billion parameters\.",
    "training": r"The average is highest after .+ tokens, \d+\.\d\d.*\.",
    "difference": r"A difference needs two models; this suite has fewer\.",
}
"""What each kind of chart says of a single model."""


@pytest.mark.parametrize(("suite", "chart"), EVERY)
def test_a_few_models_are_enough(suite, chart):
    model = next(iter(models_of(TABLE, suite)))
    alone = drawing(suite, chart, table=TABLE[TABLE["model"] == model], models=(model,))
    said = f"{alone.finding}{alone.rest}"
    assert re.fullmatch(ALONE[chart].format(re.escape(NAMES[model].label)), said), said


def test_models_that_lack_a_task_have_no_average_to_draw():
    table = without("Falcon-180B", "MMLU")
    table = table[(table["model"] != "Falcon-180B") | (table["benchmark"] != "Average")]
    shown = drawing(chart="sizes", models=("Falcon-180B",), table=table)
    assert not shown.figure.data and "has all the tasks" in shown.finding


def test_a_long_reason_is_wrapped():
    text = empty("word " * 30).layout.annotations[0].text
    assert max(len(line) for line in text.split("<br>")) <= 44


# Speeds measured here.


def speed_row(spec: str, test: str, avg_ts: float, stddev_ts: float, repeats: int = 3) -> dict:
    tokens = {"n_prompt": 0, "n_gen": 0, test: 64}
    samples = [avg_ts] * repeats
    return {
        "spec": spec, "avg_ts": avg_ts, "stddev_ts": stddev_ts, "samples_ts": samples, **tokens,
    }  # fmt: skip


def test_speeds_are_bars_with_their_deviation_in_the_models_colours():
    rows = [
        speed_row("smollm2:Q4_1", "n_prompt", 168.0, 2.0), speed_row("smollm2:Q4_1", "n_gen", 62.7, 0.4),
        speed_row("own.gguf", "n_prompt", 4000.0, 9.0), speed_row("own.gguf", "n_gen", 9.0, 0.1),
    ]  # fmt: skip
    names = {"smollm2:Q4_1": "SmolLM2 Q4_1", "own.gguf": "own.gguf"}
    figure = speeds(rows, names, {"smollm2:Q4_1": "smollm2", "own.gguf": "other-1"})
    assert [bar.x[0] for bar in figure.data] == [62.7, 9.0, 168.0, 4000.0]  # decode first
    assert [bar.error_x.array[0] for bar in figure.data] == [0.4, 0.1, 2.0, 9.0]
    assert [bar.marker.line.color for bar in figure.data[:2]] == ["#1f766c", "#425c2b"]
    said = [note.text for note in figure.layout.annotations]
    assert said[0] == "Decode, tok/s (tg64)" and "62.7 ± 0.4" in said and "4,000 ± 9" in said
    # Each test has a scale of its own.
    assert figure.layout.xaxis.range[1] == pytest.approx(63.1)
    assert figure.layout.xaxis2.range[1] == pytest.approx(4009)


def test_a_single_repetition_has_no_deviation():
    figure = speeds([speed_row("a", "n_gen", 9.0, 0.0, repeats=1)], {"a": "A"}, {"a": "solar"})
    assert [note.text for note in figure.layout.annotations][1:] == ["9.0"]
    assert not figure.data[0].error_x.visible


def test_a_long_name_keeps_its_beginning_and_its_end():
    name = "a-file-with-a-very-long-name-of-its-own.Q4_K_M.gguf"
    figure = speeds([speed_row("a", "n_gen", 9.0, 0.1)], {"a": name}, {"a": "solar"})
    assert figure.data[0].y == ("a-file-wi…4_K_M.gguf",)
    assert name in figure.data[0].hovertext


def test_a_test_that_was_left_out_has_no_chart():
    figure = speeds([speed_row("a", "n_gen", 9.0, 0.0)], {"a": "A"}, {"a": "solar"})
    assert len(figure.data) == 1 and "xaxis2" not in figure.layout
