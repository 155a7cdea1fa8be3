"""A download as a visitor sees it, over a Hub on loopback, in an app of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import shapes
from loopback import Hub
from picture import ROOT, free_port, wait_for
from playwright.sync_api import expect
from visitor import ask, choose, column, state

FILE = "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF/tinyllama-1.1b-chat-v1.0.Q8_0.gguf"


@pytest.fixture
def hub(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf", says="I am so tiny.", ends=True)
    with Hub({FILE: path.read_bytes() + bytes(9_000_000)}, bytes_per_s=600_000) as hub:
        yield hub


@pytest.fixture
def start(hub, tmp_path):
    """Starts the app in a process of its own, with an empty cache: huggingface_hub reads its environment
    once. Returns its address.
    """
    running = []

    def begin(**more: str) -> str:
        port = free_port()
        environ = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        environ |= {"PORT": str(port), "HF_HOME": str(tmp_path), "HF_ENDPOINT": hub.endpoint}
        environ["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        command = [sys.executable, str(ROOT / "app.py")]
        running.append(subprocess.Popen(command, env=environ | more, stdout=subprocess.DEVNULL))
        wait_for(f"http://127.0.0.1:{port}")
        return f"http://127.0.0.1:{port}"

    yield begin
    for process in running:
        process.terminate()
        process.wait()


@pytest.fixture
def app(start):
    return start()


def test_one_column_downloads_while_the_other_writes_and_stop_leaves_it_running(app, hub, visit):
    tab = visit(app)
    expect(state(tab, 1)).to_contain_text("To download: 1.17 GB")
    choose(tab, 2, "SmolLM2 135M Instruct")
    expect(tab.locator("#run")).to_contain_text("Download 1.17 GB and run")
    ask(tab, "hello", Temperature="0", Max_tokens="12")
    expect(state(tab, 1)).to_contain_text(re.compile(r"Downloading, [\d.]+ (MB )?of 9\.\d+\sMB"))
    expect(column(tab, 1)).to_contain_text(re.compile(r"\d+\s%, \d+\s[kM]B/s, about \d+\ss left"))
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(tab.get_by_test_id("toast-text")).to_have_count(0)
    expect(column(tab, 1).get_by_role("progressbar")).to_be_visible()
    if shots := os.environ.get("SHOTS"):
        tab.screenshot(path=f"{shots}/downloading.png")
    column(tab, 1).get_by_role("button", name="Stop").click()
    expect(column(tab, 1)).to_contain_text("The download goes on; the next run finds it.")
    if shots:
        tab.screenshot(path=f"{shots}/download-left.png")
    hub.bytes_per_s = None
    tab.locator("#run").click()
    expect(state(tab, 1)).to_contain_text("Finished in", timeout=60_000)
    expect(column(tab, 1)).to_contain_text("I am so tiny.")
    assert hub.gets() == 1


def test_a_download_that_fails_says_why_in_its_column(app, hub, visit):
    hub.status = 429
    tab = visit(app)
    choose(tab, 2, "SmolLM2 135M Instruct")
    ask(tab, "hello", Max_tokens="5")
    expect(state(tab, 1)).to_contain_text("Failed while downloading")
    expect(column(tab, 1)).to_contain_text("too many requests from here (429)")
    expect(state(tab, 2)).to_contain_text("Finished in")
    if shots := os.environ.get("SHOTS"):
        tab.screenshot(path=f"{shots}/download-failed.png")


def test_what_is_fetched_ahead_shows_how_far_it_is_and_runs_when_it_is_here(start, hub, visit):
    tab = visit(start(COMPARE_MODELS="tinyllama,smollm2", COMPARE_FETCH="tinyllama"))
    expect(state(tab, 1)).to_contain_text(re.compile(r"Downloading, [\d.]+ (MB )?of 9\.\d+\sMB"))
    expect(state(tab, 1)).to_contain_text(re.compile(r", about \d+\ss left"))
    expect(state(tab, 2)).to_contain_text("Recorded on")
    expect(tab.locator("#run")).to_have_text("Run")
    expect(tab.locator("#cost")).to_have_text("TinyLlama answers when downloaded")
    if shots := os.environ.get("SHOTS"):
        tab.screenshot(path=f"{shots}/ahead.png")
        tab.set_viewport_size({"width": 390, "height": 844})
        tab.screenshot(path=f"{shots}/ahead-390.png")
        tab.set_viewport_size({"width": 1280, "height": 900})
    hub.bytes_per_s = None
    expect(state(tab, 1)).to_contain_text("On this machine, ready", timeout=60_000)
    expect(tab.locator("#cost")).to_have_text("")
    ask(tab, "hello", Temperature="0", Max_tokens="12")
    expect(column(tab, 1)).to_contain_text("I am so tiny.")
    assert hub.gets() == 1


def test_a_run_joins_what_is_fetched_ahead(start, hub, visit):
    tab = visit(start(COMPARE_MODELS="tinyllama,smollm2", COMPARE_FETCH="tinyllama"))
    expect(state(tab, 1)).to_contain_text("Downloading")
    ask(tab, "hello", Temperature="0", Max_tokens="12")
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(state(tab, 1)).to_contain_text("Downloading")
    hub.bytes_per_s = None
    expect(state(tab, 1)).to_contain_text("Finished in", timeout=60_000)
    assert hub.gets() == 1
