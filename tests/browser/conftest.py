"""Pages served for a browser, and visitors."""

import queue
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect
from serving import served
from visitor import choose

from compare.gallery import prompts
from compare.gallery.gallery import Library
from compare.models.spec import parse
from compare.protocol.events import Fetched
from compare.ui.page import page

expect.set_options(timeout=30_000)


@pytest.fixture
def serve():
    """Serves a machine's page; returns its address. What is recorded changes no other test."""
    with ExitStack() as running:

        def start(machine, library: Library | None = None) -> str:
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
        # In the page itself: `expect` looks every half second only, once it has waited for a while.
        tab.wait_for_function("document.querySelector('.col .strip')")
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
