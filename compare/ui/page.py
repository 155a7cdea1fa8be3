"""The page around the tabs: top line, stylesheets and scripts."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

from compare.ui import imported  # noqa: F401  before all else of the page: see there

# isort: split

import gradio as gr
from gradio.routes import App
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from compare.asked.owner import Owner
from compare.gallery.gallery import Library, load
from compare.run.machine import Machine
from compare.ui.benchmarks.tab import benchmarks_tab
from compare.ui.colours import stylesheet
from compare.ui.compare.session import House
from compare.ui.compare.tab import compare_tab
from compare.ui.filled import Filled
from compare.ui.fit.tab import fit_tab
from compare.ui.gallery.tab import gallery_tab
from compare.ui.parts import button, carried, refused, words
from compare.ui.quiet import ASSETS, quiet, stilled
from compare.ui.sessions import GradioApi, Sessions
from compare.ui.speed.session import Range
from compare.ui.speed.tab import speed_tab
from compare.ui.theme import theme
from compare.ui.visitors import FairQueue
from compare.ui.wiring import AT_ONCE, QUEUED
from compare.usage import UsageError
from compare.web.hosts import Hosts
from compare.web.metrics import Metrics
from compare.web.shield import Shield
from compare.words.sentence import BUSY

HERE = Path(__file__).parent
TITLE = "GGUF Side by Side"
TABS = "Compare", "Gallery", "Benchmarks", "Speed", "Fit"
STYLES = (
    "style.css", "tabs.css", "compare/whole.css", "compare/counted.css",
    "benchmarks/benchmarks.css", "speed/speed.css",
    "fit/fit.css", "gallery/gallery.css",
)  # fmt: skip
SCRIPTS = (
    "page.js", "links.js", "faults.js", "charts.js", "compare/compare.js", "compare/kept.js",
    "compare/counted.js", "benchmarks/benchmarks.js", "gallery/gallery.js",
)  # fmt: skip
SCHEME = '<meta name="color-scheme" content="light dark">'
TOP = f"""<div class="top">
<span class="mark" aria-hidden="true"><i></i><i></i></span><span class="brand">{TITLE}</span>
<button id="theme" type="button" aria-label="Light or dark"><i></i></button>
</div>"""


def page(
    machine: Machine, now: Callable[[], float] = time.monotonic, library: Library | None = None
) -> gr.Blocks:
    """The whole page. `now`: the clock the machine's events are stamped with."""
    library = library or load()
    owner = machine.owner
    with Filled(title=TITLE, fill_width=True, analytics_enabled=False, owner=owner) as demo:
        words(TOP, elem_id="top")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Compare", id="compare"):
                run_here = compare_tab(demo, House(machine, library, now))

            def taken_there(button: gr.Button, prompt_id: gr.Textbox) -> None:
                # The tab first: a hidden field doesn't grow with its text.
                shown = button.click(lambda: gr.Tabs(selected="compare"), None, tabs, **AT_ONCE)
                run_here(shown.then, prompt_id)

            with gr.Tab("Gallery", id="gallery"):
                gallery_tab(demo, library, taken_there)
            with gr.Tab("Benchmarks", id="benchmarks"):
                benchmarks_tab(demo)
            with gr.Tab("Speed", id="speed"):
                speed_tab(demo, Range(machine, now))
            with gr.Tab("Fit", id="fit"):
                fit_tab(demo, machine)
        quiet(demo, partial(FairQueue, machine.line))
        demo.load(opened_tab, None, tabs, **AT_ONCE)
        demo.api_open = False  # or what is queued could be called past the queue
        wanted = carried("Tab", "tab-wanted")
        wanted.change(followed_tab, wanted, tabs, **AT_ONCE)
        # For the script, which knows of a run when Gradio would drop what asks for another.
        button("Busy", elem_id="busy", visible="hidden").click(busy, None, None, **QUEUED)
    return demo


def busy() -> None:
    raise refused(UsageError(BUSY))


def opened_tab(request: gr.Request):
    """The tab that a link asks for."""
    return _tab(request.query_params.get("tab"))


def followed_tab(query: str):
    """The tab of an address that a visitor has gone back to; without one in it, the first."""
    return _tab(dict(parse_qsl(query.removeprefix("?"))).get("tab", TABS[0].lower()))


def _tab(asked: str | None):
    return gr.Tabs(selected=asked) if asked in map(str.lower, TABS) else gr.skip()


async def health(_request: Request) -> JSONResponse:
    """For whoever watches the app from outside, by GET or HEAD: it is up and answers."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@asynccontextmanager
async def shielded(app: App) -> AsyncIterator[None]:
    """Puts the shield around Gradio's server, which is complete by now."""
    demo = app.get_blocks()
    owner = getattr(demo, "owner", None) or Owner()
    app.state_holder = sessions = Sessions(demo, owner.max_sessions)
    app.middleware_stack = Shield(
        app.middleware_stack, GradioApi(demo, sessions), Hosts.of(owner.hosts), owner.max_body_bytes
    )
    yield


def launch_settings(metrics: Metrics | None = None) -> dict:
    """What `launch` needs to show the page as it is meant, and figures of its runs where they are given."""

    async def measured(_request: Request) -> Response:
        return Response(metrics.text(), media_type=metrics.media_type)

    watched = [Route("/healthz", health)] + ([Route("/metrics", measured)] if metrics else [])
    style, script = (
        "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
        for names in (STYLES, SCRIPTS)
    )
    return {
        "theme": theme(),
        "head": f"{SCHEME}\n{_drawing()}<style>{stylesheet()}\n{style}</style>\n<script>{script}</script>",
        "footer_links": [],
        "show_error": True,
        # Gradio would start Node on a Space, through which only its own routes pass.
        "ssr_mode": False,
        # Nor workers at ports of their own, a tunnel, or tools for other programs, whatever the surroundings
        # say: all these go past the shield.
        "num_workers": 0,
        "share": False,
        "mcp_server": False,
        # Answers stay on the page: neither the browser nor the server keeps them. The form is kept by the
        # browser, as long as its tab is open (kept.js).
        "run_history": False,
        "enable_monitoring": False,
        "app_kwargs": {"routes": [*watched, *stilled()], "lifespan": shielded},
        # A run that is watched takes a thread for most of the time.
        "max_threads": 200,
        "favicon_path": HERE / "favicon.svg",
    }


def _drawing() -> str:
    """Where Gradio keeps what draws charts, for charts.js to fetch before a chart is asked for."""
    found = ASSETS.glob("PlotlyPlot-*.js")
    return "".join(f'<meta name="drawing" content="assets/{path.name}">\n' for path in found)
