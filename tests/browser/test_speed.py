"""The Speed tab as a visitor sees it."""

import csv
import io
import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect
from visitor import ask

from compare.run.machine import Machine


def measure(tab: Page, *numbers: int) -> None:
    """Asks for prompt tokens, output tokens and repetitions, and runs."""
    for label, n in zip(("Prompt tokens", "Output tokens", "Repetitions"), numbers, strict=True):
        tab.get_by_label(label, exact=True).fill(str(n))
    tab.locator("#speed-run").click()


def saved(tab: Page, name: str) -> str:
    with tab.expect_download() as download:
        tab.locator("#speed-account").get_by_role("button", name=name, exact=True).click()
    return Path(download.value.path()).read_text()


def test_both_embedded_models_from_click_to_chart_and_download(serve, visit, machine):
    tab = visit(f"{serve(machine)}/?tab=speed")
    tab.locator("#speed-fields").get_by_role("button", name="Clear").click()
    expect(tab.locator("#speed-lanes .none")).to_have_text("Choose a model.")
    tab.get_by_role("combobox", name="Models").click()
    for name in ("SmolLM2 Q4_1", "Gemma 3 Q4_K_M"):
        tab.get_by_role("option", name=name, exact=True).click()
    lanes = tab.locator("#speed-lanes .lane:not(.heads)")
    expect(lanes).to_contain_text(["On this machine, ready"] * 2)
    measure(tab, 6, 3, 2)
    sentence = tab.locator("#speed-sentence .finding")
    expect(sentence).to_contain_text(re.compile(" writes .* as fast as "), timeout=100_000)
    expect(lanes).to_contain_text(["Finished in"] * 2)
    expect(lanes.first.locator(".rate b")).to_have_text([re.compile(r"^[\d.,]+$")] * 2)
    expect(tab.locator("#speed-plot .bars .point")).to_have_count(4)
    expect(tab.locator("#speed-plot .errorbar")).to_have_count(4)
    # What was measured here says how long the same takes again.
    expect(tab.locator("#speed-cost")).to_contain_text("Takes about ")

    rows = json.loads(saved(tab, "JSON"))
    assert [(row["spec"], row["n_prompt"], row["n_gen"]) for row in rows] == [
        ("smollm2:Q4_1", 6, 0), ("smollm2:Q4_1", 0, 3),
        ("gemma3:Q4_K_M", 6, 0), ("gemma3:Q4_K_M", 0, 3),
    ]  # fmt: skip
    assert all(len(row["samples_ts"]) == 2 and row["cpu_info"] for row in rows)
    assert [row["model_filename"] for row in csv.DictReader(io.StringIO(saved(tab, "CSV")))] == [
        row["model_filename"] for row in rows
    ]
    assert " pp6 |" in saved(tab, "Markdown")
    tab.get_by_role("button", name="All figures").click()
    expect(tab.locator("#speed-rows tbody tr")).to_have_count(4)

    # Again, with another test: the figures of the last one are gone meanwhile, and the chart is as wide.
    wide = tab.locator("#speed-plot .main-svg").first.bounding_box()["width"]
    measure(tab, 512, 4, 2)
    expect(tab.locator("#speed-plot")).to_be_hidden()
    expect(tab.locator("#speed-plot")).to_contain_text("pp512", timeout=100_000)
    expect(tab.locator("#speed-lanes .heads")).to_contain_text("Prefill, pp512")
    assert tab.locator("#speed-plot .main-svg").first.bounding_box()["width"] == wide
    tab.set_viewport_size({"width": 390, "height": 844})
    expect(lanes.first).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390


class Breaks(Machine):
    """Where the run of a bench or a comparison can't be watched to its end."""

    def _run(self, asked):
        run = super()._run(asked)
        snapshots = run.snapshots

        def broken(*args):
            yield next(snapshots(*args))
            raise RuntimeError("something unforeseen")

        run.snapshots = broken
        return run


def test_after_something_unforeseen_the_page_can_run_again(serve, visit):
    machine = Breaks()
    tab = visit(f"{serve(machine)}/?tab=speed")
    expect(tab.locator("#speed-lanes .lane:not(.heads)")).to_have_count(2)
    measure(tab, 512, 128, 5)
    toast = tab.locator(".toast-body")
    expect(toast).to_contain_text("Something unforeseen")
    toast.locator("button").click()
    expect(toast).to_have_count(0)
    expect(tab.locator("#speed-run")).to_be_visible()
    expect(tab.locator("#speed-fields").get_by_role("button", name="Clear")).to_be_visible()

    tab.get_by_role("tab", name="Compare").click()
    ask(tab, "hello", Max_tokens="4")
    expect(toast).to_contain_text("Something unforeseen")
    expect(tab.locator("#run")).to_be_visible()
    expect(tab.get_by_role("combobox", name="Model 1")).to_be_enabled()
    machine.close()


def test_too_much_is_refused_and_stop_ends_it(serve, visit, machine):
    tab = visit(f"{serve(machine)}/?tab=speed")
    lanes = tab.locator("#speed-lanes .lane:not(.heads)")
    expect(lanes.first).to_be_visible()
    measure(tab, 5000, 32, 3)
    expect(tab.get_by_label("Prompt tokens")).to_have_accessible_description(
        "Prompt tokens is more than 512. The command line takes more: bench."
    )
    expect(lanes).to_contain_text(["On this machine, ready"] * 2)
    expect(tab.locator("#speed-run")).to_be_visible()
    measure(tab, 512, 128, 5)
    expect(lanes.first).to_contain_text(re.compile("Warming up|Reading"), timeout=60_000)
    expect(lanes.first.get_by_role("progressbar")).to_be_attached()
    tab.locator("#speed-stop").click()
    expect(lanes).to_contain_text(["Stopped after", "Stopped before it began"])
    expect(tab.locator("#speed-sentence")).to_contain_text("were stopped.")
    expect(tab.locator("#speed-run")).to_be_focused()
