"""Every place where the page leans on Gradio's insides, which no version of it promises to keep.

After an upgrade, what fails here is the list of what to look at; the other tests say whether it matters.
"""

import inspect
import re
from contextlib import nullcontext
from pathlib import Path

import gradio as gr
import uvicorn
from fake_machine import FakeMachine, answering
from gradio import component_meta, queueing, route_utils, routes, utils
from gradio.state_holder import SessionState, StateHolder
from playwright.sync_api import Page, expect
from visitor import ask, column, state

from compare.gallery.gallery import load
from compare.ui.quiet import STILL, quiet

UI = Path(__file__).parent.parent.parent / "compare" / "ui"
FRONTEND = Path(gr.__file__).parent / "templates" / "frontend" / "assets"

SELECTORS = """
body.dark
.gradio-container .main.fillable
.gradio-container .main .wrap
.gradio-container .block
.gradio-container .row
.gradio-container .column
.gradio-container .form
.gradio-container .tabitem
#tabs > .tab-wrapper
#tabs .tab-container [role="tab"].selected
#tabs .tab-container.visually-hidden
#tabs .overflow-menu > button
#tabs .overflow-dropdown button
#top .html-container
#pager > .html-container > div
#pager ~ #columns
#ask ~ #columns
.head + .staterow ~ .reply .block.answer
#prompt .input-container textarea
#settings.gr-accordion > .label-wrap > span:first-child
#settings > .label-wrap .icon
#settings > div:not(.wrap) > .column
#fields > .form > .block label > span
.filters > .form
.segments .wrap label.selected span
.segments label input
.head > .block .wrap:has(input) .wrap-inner .secondary-wrap
.head .secondary-wrap input[role="combobox"]
.head .icon-wrap svg
.head .options ul[role="listbox"], .head ul.options[role="listbox"]
.head [role="listbox"] li.active[role="option"]
.head .model [role="option"][data-note]
.head .quant [role="option"][data-note]
[role="combobox"][aria-expanded="true"]
.block.status .html-container
.block.answer > .wrap
.block.answer > div:not(.wrap) .prose .md > p
.block.answer .prose[dir]
.block.answer .md .katex
.block.answer .katex-display > .katex
.block.answer .md strong
#rendered .prose pre code
#beside .prose > .md > *
.fields .field [data-testid="block-info"]
.fields .field label > span
.fields .field .container
.fields .wrap:has(input) .wrap-inner:has(.token) .secondary-wrap
.fields .token > :first-child
.fields .token .token-remove
.fields .remove-all
.fields .icon-wrap svg
.fields ul[role="listbox"] li
.account .fold > .label-wrap
.fold > div:not(.wrap)
.toast-body .toast-title
.toast-body .toast-icon
.toast-body .toast-message-text
.toast-body .toast-close
.toast-body .timer
.toast-body .chevron
[data-testid="toast-text"]
.chart-card .js-plotly-plot .svg-container
.js-plotly-plot .legend .traces
.js-plotly-plot .trace
.js-plotly-plot .points path
.js-plotly-plot [clip-path]
.js-plotly-plot .modebar-container
.js-plotly-plot .plotly .cursor-crosshair
.js-plotly-plot .heatmaplayer image
.js-plotly-plot .textpoint text
.js-plotly-plot .heatmap-label text
.js-plotly-plot [style*="fill: rgb(40, 95, 236)"]
.js-plotly-plot [style*="stroke: rgb(40, 95, 236)"]
""".strip().splitlines()
"""What our style sheets and scripts find in the page that Gradio, or plotly in it, has made."""
TEXT = "Some **bold** and \\(x < y\\).\n\n\\[x^2\\]"


class Found:
    """Which of the selectors have matched, in any state of the page so far."""

    def __init__(self):
        self.left = set(SELECTORS)

    def look(self, tab: Page) -> None:
        found = "list => list.filter(selector => document.querySelector(selector))"
        self.left -= set(tab.evaluate(found, sorted(self.left)))


def test_what_is_named_in_styles_and_scripts_is_there(serve, visit):
    """One visit through all states of the page; what never matched is named at the end."""
    found = Found()
    machine = FakeMachine(lambda asked: {file.key: answering(TEXT) for file in asked.models})
    tab = visit(serve(machine, load()), color_scheme="dark")
    compare(tab, found)
    address = tab.url.partition("?")[0]
    for name, there in (
        ("benchmarks", "#bench-plot .legend"),
        ("benchmarks&chart=heat", "#bench-plot .heatmap-label text"),
        ("fit", "#fit-plot .heatmaplayer image"),
        ("speed", "#speed-lanes .lane"), ("gallery&view=board", "#gallery-plot .heatmaplayer image"),
    ):  # fmt: skip
        tab.goto(f"{address}?tab={name}")
        expect(tab.locator(there).first).to_be_visible()
        found.look(tab)
    menus(tab, address, found)
    assert not found.left, "no longer there: " + ", ".join(sorted(found.left))


def compare(tab: Page, found: Found) -> None:
    """Menus, a refusal, a run, a table; then a screen on which not all tabs have room."""
    for menu in ("Model 1", "Quantization 1"):
        tab.get_by_role("combobox", name=menu).click()
        expect(tab.get_by_role("option").first).to_be_visible()
        if menu.startswith("Quant"):
            expect(tab.locator(".quant [data-note]").first).to_be_attached()
        found.look(tab)
        tab.keyboard.press("Escape")
    ask(tab, "hello", Temperature="warm")
    expect(tab.locator(".fault")).to_be_visible()
    tab.evaluate("document.querySelector('#busy').click()")
    expect(tab.get_by_test_id("toast-text")).to_be_visible()
    found.look(tab)
    tab.get_by_label("Temperature").fill("0.5")
    tab.locator("#run").click()
    expect(state(tab, 1)).to_contain_text("Finished in")
    expect(column(tab, 1).locator(".katex-display")).to_be_visible()
    tab.get_by_role("button", name="All measures").click()
    expect(tab.locator("#rendered pre").first).to_be_visible()
    found.look(tab)
    tab.set_viewport_size({"width": 320, "height": 700})
    tab.locator(".overflow-menu > button").first.click()
    expect(tab.locator(".overflow-dropdown")).to_be_visible()
    found.look(tab)
    tab.set_viewport_size({"width": 1280, "height": 900})


def menus(tab: Page, address: str, found: Found) -> None:
    """A menu of several, opened; and a page that nobody has asked anything yet."""
    tab.goto(f"{address}?tab=fit")
    expect(tab.locator("#fit-plot .heatmaplayer image")).to_be_visible()
    tab.get_by_role("combobox", name="Models").or_(tab.get_by_label("Models")).first.click()
    expect(tab.get_by_role("option").first).to_be_visible()
    tab.get_by_role("button", name="All figures").click()
    found.look(tab)
    tab.goto(address)
    expect(tab.locator("#beside .md > *").first).to_be_attached()
    found.look(tab)


def test_every_class_of_gradios_in_styles_and_scripts_is_listed():
    """Classes that no file of ours gives anything are Gradio's, plotly's or KaTeX's."""
    styles = "\n".join(path.read_text() for path in UI.rglob("*.css"))
    scripts = "\n".join(path.read_text() for path in UI.rglob("*.js"))
    code = "\n".join(path.read_text() for path in UI.parent.rglob("*.py"))
    rules = re.sub(r"/\*.*?\*/|url\(\"[^\"]*\"\)", "", styles, flags=re.DOTALL)
    selectors = re.findall(r"([^{}@]+)\{", rules)
    asked = r"""(?:\$\$?|\w*[sS]elector\w*|closest\??\.?|matches)\(["'`](.*?)["'`]"""
    selectors += re.findall(asked, scripts)
    named = {name for each in selectors for name in re.findall(r"\.([a-zA-Z][\w-]*)", each)}
    named = {name for name in named if not name.startswith(("is-", "offers-"))}
    others = {name for name in named if not re.search(rf"[\"'= ]{re.escape(name)}[\"' {{]", code)}
    listed = set(re.findall(r"\.([a-zA-Z][\w-]*)", "\n".join(SELECTORS)))
    assert others - listed == set()


def test_the_queue_is_gradios_but_for_its_waiting():
    """compare/ui/quiet.py begins what is pushed as this does, and is woken instead of looking."""
    begins = inspect.getsource(queueing.Queue.start_processing)
    for step in (
        "async with self.delete_lock:", "self.active_jobs[self.active_jobs.index(None)] = events",
        "event_queue.current_concurrency += 1", "start_times_per_fn[fn].add(start_time)",
        'a["status"] = "processing"', "self._asyncio_tasks.add(process_event_task)",
        "self.broadcast_estimations(concurrency_id)", "self._cancel_asyncio_tasks()",
    ):  # fmt: skip
        assert step in begins
    assert begins.count("await") == begins.count("asyncio.sleep(self.sleep_when_free)") == 3
    source = inspect.getsource(queueing.Queue)
    assert source.count(".queue.append(") == 1  # in push
    assert ">= self.ANAYLTICS_CACHE_FREQUENCY" in source
    waits = inspect.getsource(uvicorn.Server.main_loop)
    assert "asyncio.sleep(0.1)" in waits and waits.count("self.on_tick(counter)") == 2


def test_no_step_looks_for_matplotlib():
    """compare/ui/quiet.py puts nothing in its place."""
    assert "with utils.MatplotlibBackendMananger():" in inspect.getsource(route_utils)
    quiet(gr.Blocks())
    assert utils.MatplotlibBackendMananger is nullcontext


def test_nothing_reports_by_gradios_progress():
    """The page's queue doesn't look for it."""
    assert not any(
        "gr.Progress" in path.read_text() for path in UI.rglob("*.py") if path.name != "quiet.py"
    )


def test_what_is_taken_out_of_the_status_tracker_is_there_once():
    (path,) = FRONTEND.glob("statustracker-*.js")
    for pattern, _ in STILL:
        assert len(re.findall(pattern, path.read_text(encoding="utf-8"))) == 1


def test_what_draws_charts_is_where_it_is_fetched_from_ahead():
    assert len(list(FRONTEND.glob("PlotlyPlot-*.js"))) == 1


def test_stubs_are_written_by_way_of_the_function_that_is_replaced():
    """compare/ui/imported.py makes inspect.getfile fail for Gradio's classes while it is imported."""
    source = inspect.getsource(component_meta)
    assert "inspect.getfile(component_class)" in source and "create_or_modify_pyi" in source


def test_maths_is_replaced_by_a_sign_that_markup_takes_out_of_texts():
    code = [path.read_text() for path in FRONTEND.glob("*.js") if "arkdown" in path.name]
    assert any("%%%LATEX_BLOCK" in each for each in code)


def test_a_session_is_copied_for_each_visitor_and_not_sent():
    """gr.State copies its value with deepcopy, calling first what is given to it later; its value is no part
    of what a browser is sent."""

    class Held:
        copies = 0

        def __deepcopy__(self, _):
            Held.copies += 1
            return self

    with gr.Blocks() as demo:
        gr.State(Held())
    assert Held.copies
    (told,) = (c for c in demo.get_config_file()["components"] if c["type"] == "state")
    assert "value" not in told["props"]
    with gr.Blocks() as demo:
        later = gr.State()
    later.value = Held
    assert isinstance(SessionState(demo)[later._id], Held)


def test_what_is_kept_of_a_session_is_where_it_is_bounded():
    """compare/ui/sessions.py gives up sessions, and what else is kept by their names; and keeps no copy of
    the page in each, which Gradio reads for links to its state alone."""
    source = inspect.getsource(StateHolder)
    assert source.count("self.session_data[session_id] =") == 1
    assert "self.update(session_id)" in inspect.getsource(StateHolder.__getitem__)
    kept = inspect.getsource(SessionState)
    assert kept.count('if "props" in self.config_values[key]') == 1
    assert inspect.getsource(routes).count(".components\n") == inspect.getsource(routes).count(
        "for c in app.state_holder[session_hash].components\n"
    )
    for held in (
        "pending_messages_per_session",
        "pending_event_ids_session",
        "event_ids_to_events",
    ):
        assert f"self.{held}" in inspect.getsource(queueing.Queue.__init__)
    assert "self.event_ids_to_events.pop(event._id, None)" in inspect.getsource(
        queueing.Queue.process_events
    )


def test_what_every_event_is_given_is_what_gradio_takes():
    names = (
        inspect.signature(gr.Button.click).parameters.keys() | inspect.signature(gr.on).parameters
    )
    given = "show_progress", "show_progress_on", "api_visibility", "concurrency_limit", "queue"
    assert {*given, "preprocess", "postprocess", "trigger_mode", "inputs_kwargs"} <= names
