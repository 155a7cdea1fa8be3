"""Starts a Space that was laid out, and visits it: one page, one comparison, in a real browser."""

import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import shapes
from browser import free_port
from building import RIGHTS, Place
from loopback import Hub
from playwright.sync_api import Browser, expect
from processes import outliving
from visitor import ask, choose, column, state

from compare.models.catalogue import MODELS

START_S, ANSWER_S = 120, 120
SAYS = {("tinyllama", "Q4_K_M"): "I am so tiny.", ("solar", "Q2_K"): "Hi on the top."}
"""the models of a comparison on a Space, and what the tiny files under their names say"""
MEASURED = re.compile(r"[\d.,]+\s[kMG]B RAM")
# github.com/gradio-app/gradio/issues/12699: each queue of Gradio leaves event loops to the garbage collector.
GRADIOS = re.compile(r"Exception ignored[^\n]*BaseEventLoop.__del__.*?descriptor: -1\n", re.DOTALL)
SPEED = re.compile(r"^\d[\d,]*(\.\d)?$")


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    """A Hub on loopback with tiny models under the names of SAYS."""
    files = {}
    for (model, quant), text in SAYS.items():
        path = shapes.tiny(folder / f"{model}.gguf", says=text, ends=True)
        known = MODELS[model]
        files[f"{known.repo}/{known.quant(quant).file}"] = path.read_bytes()
    with Hub(files) as served:
        yield served


def variables(port: int, endpoint: str) -> dict[str, str]:
    """What a free CPU Space sets, but for the port and the Hub, which it leaves as they are.

    Sources: huggingface.co/docs/hub/spaces-overview, “Helper environment variables”; the GRADIO_ ones from
    huggingface.co/docs/hub/spaces-sdks-docker and from what hosted apps report of GRADIO_SSR_MODE.
    """
    return {
        "PORT": str(port),
        "HF_ENDPOINT": endpoint,
        "SYSTEM": "spaces",
        "SPACE_ID": "someone/gguf-side-by-side",
        "SPACE_HOST": "someone-gguf-side-by-side.hf.space",
        "SPACE_AUTHOR_NAME": "someone",
        "SPACE_REPO_NAME": "gguf-side-by-side",
        "SPACE_TITLE": "GGUF Side by Side",
        "ACCELERATOR": "none",
        "CPU_CORES": "2",
        "MEMORY": "16Gi",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_NUM_PORTS": "1",
        "GRADIO_ALLOW_FLAGGING": "never",
        "GRADIO_THEME": "huggingface",
        "GRADIO_SSR_MODE": "true",
    }


@dataclass
class Started:
    address: str
    first_page_s: float
    process: psutil.Popen
    log: Path

    def workers(self) -> list[psutil.Process]:
        """The processes that hold its models."""
        children = self.process.children(recursive=True)
        return [child for child in children if "compare.child.worker" in child.cmdline()]

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def fault(self) -> str | None:
        """What it has said where that tells of an error other than Gradio's harmless one."""
        said = self.said()
        return said if "Traceback" in GRADIOS.sub("", said) else None


@contextmanager
def started(place: Place, endpoint: str, **more: str) -> Iterator[Started]:
    """The app, serving, as the Space's user; at the end it is terminated, and leaves no process behind."""
    port, log = free_port(), place.root / "app.log"
    environ = place.environ(**(variables(port, endpoint) | more))
    began = time.monotonic()
    with log.open("wb") as out:
        process = psutil.Popen(
            [place.python, "app.py"], cwd=place.app, env=environ, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, **RIGHTS,
        )  # fmt: skip
    app = Started(f"http://127.0.0.1:{port}", 0.0, process, log)
    try:
        _await_page(app)
        app.first_page_s = time.monotonic() - began
        yield app
    finally:
        children: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):  # it has ended, or Ctrl-C ends it just now
            children = process.children(recursive=True)
            process.terminate()
        process.wait(30)
        left = outliving(children, 20)
        assert not left, f"left behind: {left}"


def _await_page(app: Started) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if (status := app.process.poll()) is not None:
            raise AssertionError(f"The app ended with status {status}:\n{app.said()}")
        try:
            urllib.request.urlopen(app.address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"No page after {START_S} s:\n{app.said()}")


@dataclass(frozen=True)
class Answer:
    """What a visitor sees of one column."""

    name: str
    text: str
    tok_s: str
    memory: str


@dataclass(frozen=True)
class Visit:
    seen_s: float
    """from the address typed to the first column on the page"""
    first_text_s: float
    """from the click to the first text of an answer"""
    answers: tuple[Answer, ...]


def visit(browser: Browser, address: str) -> Visit:
    """Chooses the two models, asks, waits for both. What isn't as it should be, fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    errors: list = []
    tab.on("pageerror", lambda error: errors.append(error))
    try:
        began = time.monotonic()
        tab.goto(address)
        expect(tab.locator(".col .strip").first).to_be_attached(timeout=START_S * 1000)
        seen_s = time.monotonic() - began
        for place, (model, quant) in enumerate(SAYS, start=1):
            choose(tab, place, MODELS[model].name)
            _choose_quant(tab, place, quant)
        ask(tab, "Which one are you?", Temperature="0", Max_tokens="32")
        began = time.monotonic()
        first, *_ = SAYS.values()
        expect(column(tab, 1)).to_contain_text(first[:4], timeout=ANSWER_S * 1000)
        first_text_s = time.monotonic() - began
        answers = tuple(
            _finished(tab, place, MODELS[model].name, text)
            for place, ((model, _), text) in enumerate(SAYS.items(), start=1)
        )
        assert not errors, errors
        return Visit(seen_s, first_text_s, answers)
    finally:
        context.close()


def _choose_quant(tab, place: int, quant: str) -> None:
    menu = tab.get_by_role("combobox", name=f"Quantization {place}")
    if menu.input_value().split(",")[0] != quant:
        menu.click()
        column(tab, place).get_by_role("option", name=re.compile(rf"^{quant}\b")).click()
    expect(menu).to_have_value(re.compile(rf"^{quant}\b"))


def _finished(tab, place: int, name: str, text: str) -> Answer:
    """One column at its end, with its measures."""
    one = column(tab, place)
    expect(state(tab, place)).to_contain_text("Finished in", timeout=ANSWER_S * 1000)
    expect(one.get_by_role("region")).to_contain_text(text)
    expect(one.locator(".speed b")).to_have_text(SPEED)
    memory = one.locator("dl", has_text="Memory")
    expect(memory).to_contain_text(MEASURED)
    return Answer(
        name,
        text,
        one.locator(".speed b").inner_text(),
        MEASURED.search(memory.inner_text())[0],
    )
