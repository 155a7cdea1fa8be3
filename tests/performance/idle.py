"""Measurements of what is taken while nothing happens: by the app, and by a browser that shows its page."""

import time
from collections.abc import Iterator

import psutil
from playwright.sync_api import expect
from visitor import state

from performance.pages import running_app
from performance.report import AT_MOST, Line, Measurement, Sample
from performance.stage import Stage

SETTLED_S = 10.0
"""After which what a start began has ended: the page's loader, and what draws charts, fetched ahead."""
WATCHED_S = 60.0
"""V8 tidies up twice in the first minute in which a page does nothing, for 0.1 s each time, and that is all a
renderer does then: a shorter look sees none of it, or twice as much.
"""


def idle(stage: Stage) -> Iterator[Sample]:
    """`python app.py` that nobody looks at, then one that somebody has open."""
    chromium = stage.chromium
    while True:
        with running_app() as (address, app), chromium.new_context() as context:
            time.sleep(SETTLED_S)
            alone = share([app])
            before = renderers()
            tab = context.new_page()
            tab.goto(address)
            expect(state(tab, 1)).to_be_visible(timeout=60_000)
            time.sleep(SETTLED_S)
            shows = share([*(renderers() - before), app])
        yield {
            "idle-app": alone[0],
            "idle-page": sum(shows[:-1]),
            "% the app, page open": shows[-1],
        }


def renderers() -> set[psutil.Process]:
    """The browser's processes that show pages."""
    every = psutil.Process().children(recursive=True)
    return {each for each in every if "--type=renderer" in each.cmdline()}


def share(processes: list[psutil.Process]) -> list[float]:
    """What each takes of a core, in percent."""
    before = [sum(each.cpu_times()[:2]) for each in processes]
    time.sleep(WATCHED_S)
    after = (sum(each.cpu_times()[:2]) for each in processes)
    return [100 * (b - a) / WATCHED_S for a, b in zip(before, after, strict=True)]


MEASUREMENTS = (
    Measurement("idle", idle, (
        Line("idle-app", "`python app.py` that nobody looks at, of a core", "", 0.3, AT_MOST, "%"),
        Line("idle-page", "a page open and nothing going on: Chromium's renderer, of a core", "", 0.5,
             AT_MOST, "%"),
    ), repeats=3),
)  # fmt: skip
