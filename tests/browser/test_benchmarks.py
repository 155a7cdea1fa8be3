"""The Benchmarks tab in a real browser: what is drawn, what is told, what a link carries."""

import csv
import io
import re
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl

import gradio as gr
import pytest
from fake_machine import FakeMachine
from playwright.sync_api import Page, expect
from serving import served

from compare.scores.table import SCORES, load
from compare.scores.view import View, chosen, read
from compare.ui.benchmarks.tab import benchmarks_tab
from compare.ui.page import page

TABLE = load().table
WIDE = ["SOLAR Instruct", "Qwen 72B", "Mixtral Instruct", "TinyLlama base 3T", "Chance level"]


@pytest.fixture(scope="module")
def address():
    """One page for all tests: the tab keeps nothing of its visitors."""
    with served(page(FakeMachine(lambda comparison: {}))) as address:
        yield address


@pytest.fixture(scope="module")
def visitor(browser, address):
    """One visitor for all tests, who goes from view to view."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        errors, shown = [], context.new_page()
        shown.on("pageerror", lambda error: errors.append(error))
        shown.goto(f"{address}/?tab=benchmarks")
        yield shown
        assert not errors


@pytest.fixture
def tab(visitor):
    """The tab with the view of a link."""

    def go(query: str = "") -> Page:
        visitor.mouse.move(0, 0)
        visitor.evaluate("document.activeElement.blur()")  # closes a list that lies over the chart
        return follow(visitor, query)

    return go


def follow(shown: Page, query: str) -> Page:
    """Shows a link's view in place, as a claim's link does."""
    expect(finding(shown)).to_be_visible()
    view, _ = read(dict(parse_qsl(query)), TABLE)
    shown.evaluate(
        """query => { const wanted = document.querySelector("#bench-wanted :is(textarea, input)");
        wanted.value = `${query}&at=${Date.now()}`; history.replaceState(null, "", "?tab=benchmarks");
        wanted.dispatchEvent(new Event("input", { bubbles: true })); }""",
        query,
    )
    shown.wait_for_url(lambda url: url.endswith(view.query()))
    return shown


def unfold(shown: Page, name: str) -> None:
    fold = shown.get_by_role("button", name=re.compile(name))
    if fold.get_attribute("aria-expanded") != "true":
        fold.click()


@pytest.fixture
def broken(browser, tmp_path):
    """The tab over another table of scores."""
    with ExitStack() as running:

        def go(edit) -> Page:
            with SCORES.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
            edit(rows, {name: place for place, name in enumerate(rows[0])})
            path = tmp_path / "scores.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows)
            with gr.Blocks() as demo, gr.Tabs(elem_id="tabs"), gr.Tab("Benchmarks"):
                benchmarks_tab(demo, path)
            address = running.enter_context(served(demo))
            tab = running.enter_context(browser.new_context()).new_page()
            tab.goto(address)
            expect(tab.locator("#bench-sentence .finding")).to_be_visible()
            return tab

        yield go


def names(shown: Page) -> list[str]:
    """What the chart draws."""
    expect(shown.locator("#bench-plot .main-svg").first).to_be_visible()
    return shown.evaluate(
        "document.querySelector('#bench-plot .js-plotly-plot').data.map(t => t.name)"
    )


def expect_names(shown: Page, wanted: list[str]) -> None:
    shown.wait_for_function(
        "wanted => JSON.stringify(document.querySelector('#bench-plot .js-plotly-plot')"
        "?.data?.map(t => t.name)) === JSON.stringify(wanted)",
        arg=wanted,
    )


def choose(shown: Page, field: str, option: str) -> None:
    shown.get_by_role("combobox", name=field, exact=True).click()
    shown.get_by_role("option", name=option, exact=True).click()


def finding(shown: Page):
    return shown.locator("#bench-sentence .finding")


def bar(shown: Page, model: str, task: str):
    """The bar of a model in a task."""
    place = shown.evaluate(
        "([model, task]) => { const d = document.querySelector('#bench-plot .js-plotly-plot').data;"
        "const t = d.findIndex(t => t.name === model); return [t, d[t].x.indexOf(task)]; }",
        [model, task],
    )
    return (
        shown.locator("#bench-plot .barlayer .trace").nth(place[0]).locator(".point").nth(place[1])
    )


def test_filters_change_what_is_drawn(tab):
    shown = tab()
    expect_names(shown, WIDE)
    choose(shown, "Models", "SOLAR Instruct")
    expect_names(shown, ["SOLAR Instruct", "Chance level"])
    shown.locator("#bench-models").get_by_role("button", name="Clear").click()
    expect_names(shown, WIDE)
    choose(shown, "Kind", "Chat")
    expect_names(shown, ["SOLAR Instruct", "Mixtral Instruct", "Chance level"])
    clips = "[...document.querySelectorAll('#bench-plot [clip-path]')].map(e => e.getAttribute('clip-path'))"
    assert all(clip.startswith("url(#") for clip in shown.evaluate(clips)), (
        "the page is not fetched again"
    )
    choose(shown, "Parameters", "3 to 20 B")
    expect_names(shown, ["SOLAR Instruct", "Mistral 7B Instruct", "Chance level"])
    expect(finding(shown)).to_contain_text("SOLAR Instruct is first in all 6 tasks")
    expect(shown.get_by_role("button", name="14 scores and their sources")).to_be_visible()
    choose(shown, "Suite", "Open LLM Leaderboard v2, raw")
    expect(finding(shown)).to_contain_text("Mistral 7B Instruct on IFEval and MuSR")
    choose(shown, "Kind", "Chat and base")
    choose(shown, "Parameters", "Any size")
    choose(shown, "Models", "Pythia 1B")
    expect_names(shown, ["Pythia 1B", "Chance level"])


def test_hover_shows_the_source(tab):
    shown = tab()
    expect_names(shown, WIDE)
    box = bar(shown, "Mixtral Instruct", "MMLU").bounding_box()
    shown.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = shown.locator("#bench-plot .hovertext")
    for words in (
        "Mixtral Instruct",
        "MMLU 71.16",
        "5-shot, acc",
        "SOLAR paper, Table 2",
        "29 December 2023",
    ):
        expect(told).to_contain_text(words)


def test_every_row_has_its_source_as_a_link(tab):
    shown = tab("kind=chat")
    unfold(shown, "scores and their sources")
    rows = chosen(TABLE, View("v1", kind="chat"))
    links = shown.locator("#bench-rows tbody a")
    expect(links).to_have_count(len(rows))
    assert links.evaluate_all("all => all.map(a => a.href)") == list(rows["source_url"])
    unfold(shown, "Averages")
    expect(shown.locator("#bench-means tbody tr")).to_have_count(rows["model"].nunique())


def test_tinyllamas_averages_stand_side_by_side(tab):
    shown = tab("suite=commonsense")
    unfold(shown, "Averages")
    row = shown.locator("#bench-means tbody tr", has_text="TinyLlama base 3T")
    assert row.locator("td").all_inner_texts() == ["52.99", "52.97", "+0.02"]


def test_a_link_restores_the_view(tab, visit):
    shown = tab()
    choose(shown, "Suite", "TinyLlama’s seven tasks")
    shown.get_by_label("Difference").click()
    choose(shown, "First model", "TinyLlama 2.5T")
    expect(finding(shown)).to_contain_text("TinyLlama 2.5T is ahead of Pythia 1B in all 7 tasks")
    shown.wait_for_url(re.compile("pair=TinyLlama-1.1B-intermediate-step-1195k-2.5T"))
    again = visit(shown.url)
    expect(again.get_by_role("tab", name="Benchmarks")).to_have_attribute("aria-selected", "true")
    expect(finding(again)).to_contain_text("TinyLlama 2.5T is ahead of Pythia 1B in all 7 tasks")
    expect(again.get_by_role("combobox", name="Suite")).to_have_value("TinyLlama’s seven tasks")
    expect(again.get_by_role("combobox", name="First model")).to_have_value("TinyLlama 2.5T")


def test_copy_link_copies_the_address_of_the_view(tab):
    shown = tab("kind=base")
    shown.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(shown, "Parameters", "Over 20 B")
    expect(shown.locator("#bench-plot")).to_contain_text("Falcon 180B")
    shown.get_by_role("button", name="Copy link").click()
    shown.wait_for_function(
        "async () => (await navigator.clipboard.readText()).includes('size=large')"
    )
    copied = shown.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("http://127.0.0.1") and "kind=base" in copied


def test_a_link_with_unknown_models_says_so_and_runs_nothing(address, visit):
    asked = "Qwen-72B,Grok,${document.title='taken'},<img src=x onerror=document.title='taken'>"
    shown = visit(f"{address}/?tab=benchmarks&models={asked}")
    expect(shown.locator("#bench-said")).to_contain_text("has no scores of “Grok”")
    expect(shown.locator("#bench-said")).to_contain_text("<img src=x")
    expect_names(shown, ["Qwen 72B", "Chance level"])
    assert shown.locator("#bench-said img").count() == 0
    assert shown.title() == "GGUF Side by Side"


def test_a_filter_that_leaves_nothing_says_why(tab):
    shown = tab("kind=chat&size=small")
    why = "Open LLM Leaderboard v1 has no chat model of up to 3 B parameters."
    expect(finding(shown)).to_have_text(why)
    expect(shown.locator("#bench-plot")).to_contain_text("has no chat model")
    expect(shown.get_by_role("button", name="0 scores and their sources")).to_be_visible()


def test_the_filtered_rows_come_as_csv(tab):
    shown = tab("suite=v2&kind=chat")
    with shown.expect_download() as download:
        shown.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "benchmark-scores.csv"
    rows = list(
        csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8")))
    )
    wanted = chosen(TABLE, View("v2", kind="chat"))
    assert [float(row["score"]) for row in rows] == list(wanted["score"])
    assert {row["suite"] for row in rows} == {"Open LLM Leaderboard v2 (raw)"}


def test_a_claim_shows_its_chart_in_place(tab):
    shown = tab()
    shown.evaluate("window.same = true")
    claim = shown.locator('[data-claim="solar-mixtral-v2"]')
    expect(claim).to_contain_text("Doesn’t hold on v2")
    expect(claim).to_contain_text("computed")
    expect(shown.locator('[data-claim="solar-licence"]')).to_contain_text("typed")
    claim.get_by_role("link", name="Show the chart").click()
    expect(finding(shown)).to_contain_text(
        "Mixtral Instruct is ahead of SOLAR Instruct in 4 of 6 tasks"
    )
    expect(shown.get_by_role("combobox", name="Suite")).to_have_value(
        "Open LLM Leaderboard v2, raw"
    )
    shown.get_by_label("By task").click()
    expect(finding(shown)).to_contain_text("Mixtral Instruct is first")
    claim.get_by_role("link", name="Show the chart").click()
    expect(finding(shown)).to_contain_text("Mixtral Instruct is ahead of SOLAR Instruct")
    assert shown.evaluate("window.same")


def test_a_suite_without_a_chart_is_a_table(tab):
    shown = tab("suite=mt-bench")
    expect(finding(shown)).to_have_text("Shown as a table only.")
    expect(shown.locator("#bench-plot .main-svg")).to_have_count(0)
    expect(shown.locator("#bench-rows tbody tr")).to_have_count(7)
    choose(shown, "Suite", "Open LLM Leaderboard v1")
    expect_names(shown, WIDE)


def test_a_broken_table_is_told_and_the_rest_shown(broken):
    def edit(rows, at):
        rows[2][at["score"]] = "740"
        rows[4][at["score"]] = "n/a"
        rows[6][at["suite"]] = "Arena"
        rows.append([*rows[1]])
        rows[-1][at["score"]] = "75.5"

    shown = broken(edit)
    told = shown.locator("#bench-said")
    for words in (
        "Row 3, score: 740 is not between 0 and 100",
        "Row 5, score: “n/a” is no number",
        "Row 7, suite: “Arena” is no suite known here",
        "score: 75.50, but row 2 has 74.20; both are left out",
    ):
        expect(told).to_contain_text(words)
    assert names(shown)[-1] == "Chance level"
    expect(shown.locator('[data-claim="solar-mixtral"] .verdict')).not_to_contain_text("1.58")


def test_a_table_that_is_none_is_told(broken):
    shown = broken(lambda rows, at: rows.clear())
    expect(shown.locator("#bench-said")).to_contain_text("Row 1, model: the column is missing")
    expect(finding(shown)).to_contain_text("Open LLM Leaderboard v1 has no model")
    expect(shown.locator('[data-claim="solar-mixtral"]')).to_contain_text("Not known")


def test_a_models_colour_is_the_themes(tab):
    shown = tab()
    expect_names(shown, WIDE)
    drawn = bar(shown, "SOLAR Instruct", "ARC").locator("path")
    axis = shown.locator("#bench-plot .xtick text").first
    themes = {
        ("rgb(135, 107, 27)", "rgb(93, 98, 108)"),
        ("rgb(236, 170, 11)", "rgb(162, 167, 177)"),
    }
    seen = set()
    for _ in themes:
        fills = [each.evaluate("e => getComputedStyle(e).fill") for each in (drawn, axis)]
        seen.add(tuple(fills))
        shown.get_by_role("button", name="Light or dark").click()
    assert seen == themes


def gaps_in_a_row(shown: Page) -> list[float]:
    """The room between the figures of the heat map's first line."""
    boxes = [cell.bounding_box() for cell in shown.locator("#bench-plot .heatmap-label").all()]
    first = [box for box in boxes if box["y"] == boxes[0]["y"]]
    return [right["x"] - left["x"] - left["width"] for left, right in pairwise(first)]


def test_on_a_phone_nothing_sticks_out(address, visit):
    shown = visit(f"{address}/?tab=benchmarks", width=390, height=844)
    heat = "chart=heat", "suite=commonsense&chart=heat", "chart=heat&models=Falcon-180B"
    for query in ("", "chart=sizes", "chart=difference", *heat, "suite=commonsense&chart=training"):
        follow(shown, query)
        expect(shown.locator("#bench-plot .main-svg").first).to_be_visible()
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390
        edges = shown.evaluate(
            "[...document.querySelectorAll('#bench-plot .main-svg text')]"
            ".map(e => e.getBoundingClientRect()).filter(b => b.width)"
            ".map(b => [b.left, b.right, b.top])"
        )
        assert edges
        assert min(left for left, *_ in edges) >= 0 and max(right for _, right, _ in edges) <= 390
        top = shown.locator("#bench-plot .main-svg").first.bounding_box()["y"]
        assert min(highest for *_, highest in edges) >= top, "no heading is cut"
        if "heat" in query:
            assert gaps_in_a_row(shown) and min(gaps_in_a_row(shown)) > 1


def test_a_muted_model_stands_out_when_pointed_at(tab):
    shown = tab("models=Falcon-180B,Qwen-72B")
    expect_names(shown, ["Qwen 72B", "Falcon 180B", "Chance level"])
    drawn = bar(shown, "Falcon 180B", "MMLU").locator("path")
    stroke = "e => getComputedStyle(e).stroke"
    assert drawn.evaluate(stroke) == "rgb(134, 139, 149)"
    box = drawn.bounding_box()
    shown.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.wait_for_function("document.querySelector('#bench-plot .trace.pointed path') !== null")
    assert drawn.evaluate(stroke) == "rgb(23, 24, 28)"


def test_each_chart_is_a_click_away_and_fetches_nothing_but_itself(tab):
    shown = tab()
    fetched = []
    shown.on("request", lambda request: fetched.append(request))
    for chart, mark in (
        ("Difference", ".barlayer .point"), ("By size", ".scatterlayer .points path"),
        ("All models", ".heatmaplayer image"), ("By task", ".barlayer .point"),
    ):  # fmt: skip
        before = finding(shown).inner_text()
        shown.get_by_label(chart, exact=True).click()
        expect(finding(shown)).not_to_have_text(before)
        expect(shown.locator(f"#bench-plot {mark}").first).to_be_attached()
    shown.wait_for_url(re.compile("chart=tasks"))
    shown.wait_for_timeout(200)
    assert fetched and not [r.url for r in fetched if r.method == "GET" and "tab=" in r.url]


def test_what_draws_charts_is_fetched_before_the_tab_is_opened(address, browser):
    with browser.new_context() as context:
        shown = context.new_page()
        with shown.expect_request(re.compile("PlotlyPlot")):
            shown.goto(address)
        expect(shown.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")


def test_the_chart_is_named_for_those_who_do_not_see_it(tab):
    shown = tab()
    expect_names(shown, WIDE)
    picture = shown.locator("#bench-plot .svg-container")
    expect(picture).to_have_attribute("role", "img")
    expect(picture).to_have_attribute(
        "aria-label", re.compile("SOLAR Instruct is first in 4 of 6 tasks")
    )
    expect(shown.locator("#bench-sentence")).to_have_attribute("aria-live", "polite")
