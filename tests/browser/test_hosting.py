"""The page where others serve it: under a path, in a frame of another site, watched from outside."""

import re
import urllib.error
import urllib.request

import pytest
from fake_machine import endless
from line import Line
from playwright.sync_api import expect
from reverse_proxy import embedded
from serving import served
from visitor import ask, choose, state

from compare.gallery.gallery import Library
from compare.gallery.prompts import load
from compare.ui.page import page

PATH = "/apps/side-by-side"


def status(address: str, method: str = "GET") -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method=method)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_it_works_under_a_path_in_a_frame_without_cookies(machine, browser):
    """As a Space in the Hub's page, for a visitor whose browser blocks what third parties would keep."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    errors = []
    try:
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(error))
        tab.add_init_script(
            "for (const kept of ['localStorage', 'sessionStorage']) if (window.top !== window)"
            " Object.defineProperty(window, kept, {get() { throw new DOMException('blocked'); }});"
        )
        demo = page(machine, library=Library(load()))
        with served(demo, root_path=PATH) as app, embedded(app, PATH) as address:
            asked = []
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(f"{address}")
            frame = tab.frame_locator("iframe")
            choose(frame, 1, "SmolLM2 135M Instruct")
            choose(frame, 2, "Gemma 3 270M")
            frame.locator("#theme").click()
            frame.get_by_label("Prompt", exact=True).fill("Name three colours.")
            frame.locator("#run").click()
            for place in (1, 2):
                expect(state(frame, place)).to_contain_text("Finished in", timeout=60_000)
            assert all(PATH in url for url in asked if url != address and "favicon" not in url)
    finally:
        context.close()
    assert not errors


@pytest.fixture
def app(machine):
    with served(page(machine, library=Library(load()))) as address:
        yield address


def test_who_watches_it_is_answered(app):
    with urllib.request.urlopen(f"{app}/healthz") as answer:
        assert answer.read() == b'{"status":"ok"}'
        assert answer.headers["Cache-Control"] == "no-store"
    assert status(f"{app}/healthz", "HEAD") == 200
    assert status(app, "HEAD") == 200


def test_nothing_of_what_visitors_do_is_kept_or_shown(app):
    assert status(f"{app}/monitoring") == status(f"{app}/monitoring/summary") == 403
    assert status(f"{app}/gradio_api/runs") == 404
    with urllib.request.urlopen(f"{app}/config") as config:
        assert b'"run_history":false' in config.read().replace(b" ", b"")


def test_a_cut_connection_is_said_and_the_prompt_is_back(serve, visit):
    line = Line(serve(endless()))
    try:
        tab = visit(line.address)
        ask(tab, "Who are you?")
        expect(state(tab, 1)).to_contain_text("Writing")
        line.cut()
        expect(tab.get_by_role("alert")).to_have_text(re.compile("what they wrote is gone"))
        prompt = tab.get_by_label("Prompt", exact=True)
        expect(prompt).to_have_value("Who are you?")
        assert tab.evaluate("Object.keys(sessionStorage)") == ["gguf-side-by-side:form"]
        tab.get_by_role("button", name=re.compile("run$", re.IGNORECASE)).click()
        expect(state(tab, 1)).to_contain_text("Writing")
        expect(tab.locator("#lost")).to_have_count(0)
    finally:
        line.close()
