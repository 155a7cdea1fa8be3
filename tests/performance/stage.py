"""What measurements need: files of models, a loaded one, a page with a visitor, programs that surely end."""

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

import shapes
from browser import ARGS, chromium_path
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import served
from visitor import choose, column

from compare.asked.settings import SamplingParams
from compare.models.catalogue import BASE_STOP, BASE_TEMPLATE
from compare.models.local import local_path
from compare.models.spec import parse, resolve
from compare.protocol.events import Delta
from compare.protocol.requests import Generate, Load, Measure, Message
from compare.run import cpu
from compare.run.machine import Machine
from compare.run.process import ChildProcess
from compare.run.response import Response
from compare.ui.page import page

ROOT = Path(__file__).resolve().parent.parent.parent
BARE = Path(__file__).with_name("bare.py")
STORY = "Write a long story about a lighthouse keeper and the sea."
SEED = 1


class TimedOut(Exception):
    """A program was given up, and is gone."""


class Stage:
    """Made once; what is dear is made when it is first asked for, and all of it ends with `close`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.cores = cpu.budget()
        self.ending = ExitStack()
        folder.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        self.ending.close()

    def model(self, path: str, spawn=ChildProcess, threads: int | None = None) -> "Model":
        return self.ending.enter_context(loaded(path, threads or self.cores, spawn))

    def machine(self, **settings) -> Machine:
        machine = WatchedMachine(**settings)
        self.ending.callback(machine.close)
        return machine

    @cached_property
    def endless(self) -> str:
        source = Path(local_path(parse("smollm2")))
        return str(shapes.endless(source, self.folder / "smollm2-endless.gguf"))

    @cached_property
    def tiny(self) -> str:
        """Says two words and ends: a second column that takes nothing from the first."""
        return str(shapes.tiny(self.folder / "all-done.gguf", says="All done.", ends=True))

    @cached_property
    def tinyllama(self) -> str:
        return self._shape("tinyllama-shape.gguf", shapes.tinyllama)

    @cached_property
    def solar(self) -> str:
        return self._shape("solar-shape.gguf", shapes.solar)

    def _shape(self, name: str, write) -> str:
        path = self.folder / name
        if not path.exists():
            print(f"writing {path}", file=sys.stderr)
            part = path.with_suffix(".part")
            write(part)
            part.replace(path)
        return str(path)

    @cached_property
    def chromium(self) -> Browser:
        playwright = self.ending.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGS))
        self.ending.callback(browser.close)
        return browser

    @cached_property
    def watched(self) -> "WatchedMachine":
        return self.machine(own=resolve([self.endless, self.tiny]))

    @cached_property
    def address(self) -> str:
        """Our page in this process, over `watched`."""
        return self.ending.enter_context(served(page(self.watched)))

    @contextmanager
    def visitor(self, address: str) -> Iterator[Page]:
        context = self.chromium.new_context(viewport={"width": 1280, "height": 900})
        try:
            tab = context.new_page()
            tab.goto(address)
            yield tab
        finally:
            context.close()

    @cached_property
    def tab(self) -> Page:
        """A visitor with the endless SmolLM2 in the first column, loaded, and the tiny one beside it."""
        tab = self.ending.enter_context(self.visitor(self.address))
        expect(column(tab, 2).locator(".strip")).to_be_attached(timeout=30_000)
        for place, path in enumerate((self.endless, self.tiny), start=1):
            choose(tab, place, Path(path).stem)
        return tab


class WatchedMachine(Machine):
    """Knows its last run, whoever asked for it."""

    def compare(self, comparison):
        self.last = super().compare(comparison)
        return self.last


class Model:
    """One loaded model, spoken to through its process."""

    def __init__(self, runner: ChildProcess, heard: queue.SimpleQueue, threads: int):
        self._runner, self._heard, self._threads, self._run = runner, heard, threads, 1

    def answer(self, prompt: str, max_tokens: int, max_seconds: float | None = None) -> Response:
        """To its full length, or where it is given up after `max_seconds`, as far as it came."""
        self._ask(prompt, max_tokens, max_seconds)
        whole = None if max_seconds else max_tokens
        return finished(followed(self._heard), whole)

    def watched(self, prompt: str, max_tokens: int, after: int, then) -> tuple[list[float], float]:
        """When each token came, and when `then` was called: after so many tokens."""
        self._ask(prompt, max_tokens)
        response, times, called_at = Response(), [], 0.0
        while not response.ended:
            event = self._heard.get(timeout=600)
            response = response.after(event)
            if isinstance(event, Delta):
                times.append(event.at)
            if len(times) == after and not called_at:
                then()
                called_at = time.monotonic()
        finished(response, max_tokens)
        return times, called_at

    def _ask(self, prompt: str, max_tokens: int, max_seconds: float | None = None) -> None:
        self._run += 1
        sampling = SamplingParams(max_tokens=max_tokens, seed=SEED).model_dump()
        self._runner.send(
            Generate(
                run=self._run, messages=(Message("user", prompt),),
                template=BASE_TEMPLATE, template_stop=BASE_STOP,
                threads=self._threads, max_seconds=max_seconds, **sampling,
            )
        )  # fmt: skip

    def measure(self, n_prompt: int, n_gen: int) -> Response:
        """One repetition of `bench`'s tests, its warm-up before it."""
        self._run += 1
        self._runner.send(
            Measure(
                run=self._run, n_prompt=n_prompt, n_gen=n_gen, repeats=1, threads=self._threads,
                max_seconds=None,
            )
        )  # fmt: skip
        return finished(followed(self._heard))


@contextmanager
def loaded(path: str, threads: int, spawn=ChildProcess) -> Iterator[Model]:
    heard: queue.SimpleQueue = queue.SimpleQueue()
    runner = spawn(heard.put)
    try:
        settings = {"n_ctx": 2048, "gpu_layers": None, "kv_type": "f16", "threads": threads}
        runner.send(Load(run=1, path=path, **settings))
        followed(heard, until="loaded")
        yield Model(runner, heard, threads)
    finally:
        runner.close()


def followed(heard: queue.SimpleQueue, until: str | None = None) -> Response:
    response = Response()
    while not response.ended and response.state != until:
        response = response.after(heard.get(timeout=600))
    return response


def finished(response: Response, tokens: int | None = None) -> Response:
    """The response, if it has what was asked for; else this measurement fails."""
    if response.state != "finished" or (tokens and response.output_tokens != tokens):
        said = response.error or f"{response.output_tokens} tokens, {response.finish_reason}"
        raise RuntimeError(f"An answer ended otherwise than asked: {said}")
    return response


def told(
    command: list, timeout_s: float = 600, program: str | Path = sys.executable,
    environ: Mapping[str, str] = {},
) -> str:  # fmt: skip
    """What a program prints. Its whole group is killed after `timeout_s`. Raises TimedOut, RuntimeError."""
    child = subprocess.Popen(
        [str(program), *map(str, command)], cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environ},
    )  # fmt: skip
    try:
        out, errors = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise TimedOut from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    if child.returncode:
        last = errors.strip().splitlines()[-1:] or [f"exit status {child.returncode}"]
        raise RuntimeError(last[0])
    return out


def bare(kind: str, timeout_s: float = 600, **values) -> dict:
    return json.loads(told([BARE, kind, json.dumps(values)], timeout_s))


def ask(spec: str, max_tokens: int) -> dict:
    """The command line's account of one answer."""
    options = ["--models", spec, "--max-tokens", max_tokens, "--seed", SEED, "--json"]
    (found,) = json.loads(told(["-m", "compare", "ask", STORY, *options]))["responses"]
    if found["output_tokens"] != max_tokens:
        raise RuntimeError(f"`ask` wrote {found['output_tokens']} tokens of {max_tokens}")
    return found


def until(true, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:g} s")
        time.sleep(0.01)
