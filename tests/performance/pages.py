"""Measurements of the page, in a headless Chromium: what a visitor waits for, and what serving it takes."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from browser import free_port
from playwright.sync_api import Page, expect
from visitor import ask as type_and_run
from visitor import choose, state

from performance.report import AT_MOST, Line, Measurement, Sample
from performance.stage import ROOT, STORY, Stage, ask, finished, until

# Watches for something on the page, from the next press or click on: `painted` is when the frame after it
# was drawn, in ms since 1970, as `pressed` is.
WATCH = """seen => {
  const clock = () => performance.timeOrigin + performance.now();
  const done = new Function("return (" + seen + ")");
  window.pressed = window.painted = null;
  const press = () => { window.pressed = clock(); };
  document.addEventListener("mousedown", press, true);
  const observer = new MutationObserver(look);
  function look() {
    if (window.pressed === null || !done()) return;
    observer.disconnect();
    document.removeEventListener("mousedown", press, true);
    requestAnimationFrame(() => setTimeout(() => { window.painted = clock(); }));
  }
  observer.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
}"""
FIRST = "document.querySelector('#columns > .col:first-child %s')"
FIRST_TEXT = f"""{FIRST % ".strip.is-writing"}
  && {FIRST % ".block.answer .prose p:not(.place, .aside)"}"""
STOPPED = FIRST % ".strip.is-cancelled"


def watch(tab: Page, seen: str) -> None:
    """Begins to watch: `seen` is an expression of JavaScript that becomes true."""
    tab.evaluate(WATCH, " ".join(seen.split()))


def painted_ms(tab: Page) -> float:
    """From the last press to the frame in which it was seen."""
    tab.wait_for_function("window.painted !== null", timeout=60_000)
    return tab.evaluate("window.painted - window.pressed")


def answer(stage: Stage, tokens: int, mode: str):
    """The endless SmolLM2 asked on the page, beside the tiny model; its response."""
    begin(stage, tokens, mode)
    stage.watched.last.wait(120)  # asking the page meanwhile would take from what is measured
    expect(stage.tab.locator("#run")).to_be_visible(timeout=120_000)
    return finished(first(stage), tokens)


def begin(stage: Stage, tokens: int, mode: str) -> None:
    tab = stage.tab
    tab.get_by_text(mode, exact=True).click()
    settings = tab.get_by_label("Max tokens")
    if not settings.is_visible():
        tab.get_by_role("button", name="Settings").click()
    until(lambda: settings.fill(str(tokens)) or settings.input_value() == str(tokens), 5, "a field")
    tab.get_by_label("Prompt", exact=True).fill(STORY)
    tab.wait_for_timeout(300)
    tab.locator("#run").click()
    expect(tab.locator("#stop")).to_be_visible()


def first(stage: Stage):
    return next(iter(stage.watched.last.responses().values()))


def through_the_page(stage: Stage) -> Iterator[Sample]:
    while True:
        found = answer(stage, 256, "In turn")
        asked = ask(stage.endless, 256)["decode_tps"]
        yield {
            "page": found.decode_tps / found.engine_decode_tps,
            "page-ask": found.decode_tps / asked, "tok/s": found.decode_tps,
        }  # fmt: skip


def click(stage: Stage) -> Iterator[Sample]:
    answer(stage, 48, "Together")  # loads
    while True:
        watch(stage.tab, FIRST_TEXT)
        found = answer(stage, 48, "Together")
        shown = painted_ms(stage.tab)
        prefill = found.prompt_tokens / found.engine_prefill_tps * 1e3
        yield {"click": shown - prefill, "ms in all": shown, "ms prefill": prefill}


def stop(stage: Stage) -> Iterator[Sample]:
    tab = stage.tab
    while True:
        begin(stage, 1500, "Together")
        expect(state(tab, 1)).to_contain_text("Writing", timeout=60_000)
        tab.wait_for_timeout(1500)
        watch(tab, STOPPED)
        with busy_until() as last_busy:
            tab.locator("#stop").click()
            shown = painted_ms(tab)
            tab.wait_for_timeout(500)
        tps = first(stage).decode_tps
        yield {
            "stop": shown, "stop-idle": last_busy() * 1e3 - tab.evaluate("window.pressed"),
            "ms a token": 1e3 / tps,
        }  # fmt: skip


@contextmanager
def busy_until() -> Iterator:
    """Gives when a model's process of ours last worked, in seconds since 1970, to the system's 10 ms."""
    children = [
        process for process in psutil.Process().children()
        if "compare.child.worker" in " ".join(process.cmdline())
    ]  # fmt: skip
    ended, last = threading.Event(), 0.0

    def poll() -> None:
        nonlocal last
        before = 0.0
        while not ended.wait(0.003):
            used = sum(sum(child.cpu_times()[:2]) for child in children)
            if used > before:
                before, last = used, time.time()

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        yield lambda: last
    finally:
        ended.set()
        poller.join()


NEW_PLOT = """(() => { const now = document.querySelector('#bench-plot .js-plotly-plot');
  return now && now !== window.plotBefore && now.querySelector("%s"); })()"""
CHARTS = (
    ("tab-difference", "Difference", ".barlayer .point"),
    ("tab-sizes", "By size", ".scatterlayer .points"),
    ("tab-heat", "All models", ".heatmaplayer image"),
)


def benchmarks(stage: Stage) -> Iterator[Sample]:
    """Each time a visitor who has not seen the tab yet."""
    while True:
        with stage.visitor(f"{stage.address}/?tab=benchmarks") as tab:
            tab.wait_for_selector("#bench-plot .barlayer .point")
            tab.wait_for_timeout(500)
            found = {}
            for name, chart, mark in CHARTS:
                watch_plot(tab, mark)
                tab.get_by_label(chart, exact=True).click()
                found[name] = painted_ms(tab)
                tab.wait_for_timeout(300)
            tab.get_by_label("By task", exact=True).click()
            tab.wait_for_timeout(1000)
            watch_plot(tab, ".barlayer .point")
            tab.get_by_role("combobox", name="Kind", exact=True).click()
            tab.get_by_role("option", name="Chat", exact=True).click()
            yield {"tab-filter": painted_ms(tab), **found}


def watch_plot(tab: Page, mark: str) -> None:
    tab.evaluate("window.plotBefore = document.querySelector('#bench-plot .js-plotly-plot')")
    watch(tab, NEW_PLOT % mark)


def served(stage: Stage) -> Iterator[Sample]:
    """`python app.py` with nothing but the small pair on the machine."""
    chromium = stage.chromium  # starts before the clock does
    while True:
        with chromium.new_context() as context:
            tab, began_at = context.new_page(), time.monotonic()
            with running_app() as (address, process):
                tab.goto(address)
                for place in (1, 2):
                    ready = re.compile("On this machine, ready|Recorded on")
                    expect(state(tab, place)).to_have_text(ready, timeout=60_000)
                expect(tab.locator("#run")).to_be_enabled()
                usable_s = time.monotonic() - began_at
                rss_start = process.memory_info().rss / 2**20
                choose(tab, 1, "SmolLM2 135M Instruct")
                choose(tab, 2, "Gemma 3 270M")
                type_and_run(tab, STORY)
                for place in (1, 2):
                    expect(state(tab, place)).to_contain_text(
                        re.compile("Finished"), timeout=120_000
                    )
                rss_run = process.memory_info().rss / 2**20
        yield {"start": usable_s, "rss-start": rss_start, "rss-run": rss_run}


@contextmanager
def running_app() -> Iterator[tuple[str, psutil.Process]]:
    """`python app.py` with nothing but the small pair on the machine, once it answers."""
    port = free_port()
    with tempfile.TemporaryDirectory() as empty:
        environ = {**os.environ, "PORT": str(port), "HF_HOME": empty, "HF_HUB_OFFLINE": "1"}
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environ,
                               stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            until(lambda: listens(port), 60, "The page")
            yield f"http://127.0.0.1:{port}", psutil.Process(app.pid)
        finally:
            app.terminate()
            app.wait()


def listens(port: int) -> bool:
    """Whether someone answers there; to let the browser try would take a core from the app."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


MEASUREMENTS = (
    Measurement("page", through_the_page, (
        Line("page", "`ask`'s line through the page, a Chromium watching",
             "the engine's own count of the same run", 0.95),
        Line("page-ask", "the same", "`ask`", 0.8),
    )),
    Measurement("click", click, (
        Line("click", "click on Run to the first text painted, model loaded",
             "less the engine's own prefill time", 150, AT_MOST, "ms"),
    )),
    Measurement("stop", stop, (
        Line("stop", "click on Stop to “Stopped” painted", "", 300, AT_MOST, "ms"),
        Line("stop-idle", "click on Stop to the models' last work", "", 300, AT_MOST, "ms"),
    )),
    Measurement("tabs", benchmarks, (
        Line("tab-filter", "Benchmarks: another filter to its picture", "", 500, AT_MOST, "ms"),
        *(
            Line(name, f"Benchmarks: first switch to “{chart}”", "", 500, AT_MOST, "ms")
            for name, chart, _ in CHARTS
        ),
    )),
    Measurement("start", served, (
        Line("start", "`python app.py` to a page that can be used", "", 8, AT_MOST, "s"),
        Line("rss-start", "the page's own process, started", "", 250, AT_MOST, "MiB"),
        Line("rss-run", "the same after a run", "", 250, AT_MOST, "MiB"),
    )),
)  # fmt: skip
