"""Pages served for a browser, and visitors."""

import queue
from contextlib import ExitStack

import pytest
from fake_machine import FakeMachine, Stage
from playwright.sync_api import Page, expect
from serving import served
from visitor import choose

from compare.gallery import prompts
from compare.gallery.gallery import Library
from compare.models.spec import parse
from compare.protocol.events import Fetched
from compare.ui.page import page

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def _stage():
    stage = Stage()
    with served(page(stage, library=Library(prompts.load()))) as address:
        yield stage, address


@pytest.fixture
def serve(_stage):
    """Serves a machine's page; returns its address. What is recorded changes no other test.

    Machines of scripts that differ in nothing else, one a test, share one page: a visitor leaves nothing.
    """
    stage, shared = _stage
    with ExitStack() as running:

        def start(machine, library: Library | None = None) -> str:
            nonlocal shared
            plain = library is None and isinstance(machine, FakeMachine) and machine.is_plain
            if shared and plain and "line" not in vars(machine):
                stage.put(machine)
                address, shared = shared, None
                return address
            demo = page(machine, library=library or Library(prompts.load()))
            return running.enter_context(served(demo))

        yield start


@pytest.fixture
def visit(browser):
    """Opens an address as a visitor of their own; fails the test where the page's script fails."""
    contexts, errors = [], []

    def go(address: str, width: int = 1280, height: int = 900, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(error))
        tab.goto(address)
        expect(tab.locator(".col .strip").first).to_be_attached()
        return tab

    yield go
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def small_pair(serve, visit, machine) -> Page:
    """A visitor with the embedded models in both columns, whatever the page opened with.

    On a fresh machine Gemma's parts are put together first, or its column would come late.
    """
    heard = queue.SimpleQueue()
    machine.want(parse("gemma3"), heard.put)
    assert isinstance(heard.get(timeout=60), Fetched)

    tab = visit(serve(machine))
    choose(tab, 1, "SmolLM2 135M Instruct")
    choose(tab, 2, "Gemma 3 270M")
    return tab
