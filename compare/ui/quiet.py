"""Gradio's server and page, which cost nothing while nothing happens, and otherwise what has changed.

As it comes, Gradio looks for work a thousand times a second, and its browser's side draws sixty frames a
second for a loader that has long gone. This leans on Gradio's insides: tests/browser/test_gradio_insides.py
says which, and fails where an upgrade changes them.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import gradio as gr
from gradio import http_server, queueing, utils
from gradio.utils import run_coro_in_background, set_task_name
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from compare.web.connections import Connection

ASSETS = Path(gr.__file__).parent / "templates/frontend/assets"
STILL = (
    # The clock of what is pending, which asks for the next frame even when its page loader is gone.
    # Nothing here shows it.
    (r"(\(performance\.now\(\)-[\w$]+\([\w$]+\)\)/1e3\)),[\w$]+&&[\w$]+\(\)", r"\1"),
    # Each step of an event is told to the inputs of all events that have ended so far, for errors that
    # they don't have here.
    (r"[\w$]+\.includes\([\w$]+\)&&[\w$]+\?`input`:", ""),
)
"""What is taken out of Gradio's status tracker: a pattern, and what is left of it."""
WAITING = 500
"""So many may wait in Gradio's queue. Nobody waits here: what comes is taken up at once."""
CLOSED_S = 0.25
"""How long it may take until it is noticed that the server is to end."""


class Told(dict):
    """Components to their new values or updates; all others stay as they are."""


def quiet(demo: gr.Blocks, queue: Callable[..., queueing.Queue] | None = None) -> None:
    """Makes it so, before it is launched. `queue`: makes one that does more than this one.

    By its attributes: for a class of ours Gradio would parse its own source, and `queue` would make a second
    app, whose event loops complain in the log as they go.
    """
    # Without a size it would be one on ZeroGPU.
    settings = {"max_size": WAITING, "live_updates": True, "update_intervals": 1}
    demo._queue = (queue or Queue)(concurrency_count=demo.max_threads, blocks=demo, **settings)
    demo.postprocess_data = partial(_told, demo.postprocess_data)
    demo.handle_streaming_diffs = partial(_in_whole, demo.handle_streaming_diffs)
    http_server.Server.main_loop = _until_closed
    # Around each step Gradio looks for matplotlib, twice, and on the whole path where there is none: a sixth
    # of what a step takes. No chart here is of its making.
    utils.MatplotlibBackendMananger = nullcontext


async def _told(otherwise: Callable, block_fn, predictions, state) -> list:
    """What is sent of a step: what it tells. Gradio builds each component anew that a step leaves out, a
    hundredth of a second for forty."""
    as_it_is = isinstance(predictions, Told) and not block_fn.postprocess
    if not as_it_is or not predictions.keys() <= {*block_fn.outputs}:
        return await otherwise(block_fn, predictions, state)
    updates = {part: new for part, new in predictions.items() if utils.is_prop_update(new)}
    if updates:
        made = await otherwise(block_fn, updates, state)
        every = zip(block_fn.outputs, made, strict=True)
        predictions |= {part: new for part, new in every if part in updates}
    return [predictions.get(part, gr.skip()) for part in block_fn.outputs]


def _in_whole(otherwise: Callable, block_fn, data: list, *, final: bool, **more) -> list:
    """What a step sends as its difference to the one before. Of an update all of it: by parts of one, a
    browser would change the one before where it stands, which it may not have come to yet.
    """
    news = [*data]
    sent = otherwise(block_fn, data, final=final, **more)
    if final:
        return sent
    return [
        [["replace", [], new]] if isinstance(new, dict) and isinstance(edits, list) and edits else edits
        for new, edits in zip(news, sent, strict=True)
    ]  # fmt: skip


class Queue(queueing.Queue):
    """Gradio's queue, which is woken by what is put in and by what ends."""

    look_s = 2.0
    """How often it looks by itself, which is for nothing but its own end, where its loop goes on."""

    def __init__(self, **settings):
        super().__init__(**settings)
        # Gradio would make a table of all that ever ran, at each event's end, for monitoring, which is off.
        self.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize

    def start(self) -> None:
        self._woken = asyncio.Event()
        super().start()

    async def push(self, *args, **more):
        pushed = await super().push(*args, **more)
        self._woken.set()
        return pushed

    async def start_processing(self) -> None:
        try:
            while not self.stopped:
                while None in self.active_jobs and (found := await self._next()):
                    self._begin(*found)
                try:
                    await asyncio.wait_for(self._woken.wait(), self.look_s)
                except TimeoutError:
                    continue
                self._woken.clear()
        finally:
            self.stopped = True
            self._cancel_asyncio_tasks()

    async def _next(self) -> tuple[list[queueing.Event], bool, str] | None:
        async with self.delete_lock:
            return self.get_events()

    def _begin(self, events: list[queueing.Event], batch: bool, concurrency_id: str) -> None:
        first, began_at = events[0], time.time()
        self.active_jobs[self.active_jobs.index(None)] = events
        waiting = self.event_queue_per_concurrency_id[concurrency_id]
        waiting.current_concurrency += 1
        waiting.start_times_per_fn[first.fn].add(began_at)
        for event in events:
            self.event_analytics.get(event._id, {})["status"] = "processing"
        task = run_coro_in_background(self.process_events, events, batch, began_at, first.fn)
        # By this name Gradio finds what a visitor cancels.
        set_task_name(task, first.session_hash, first.fn._id, first._id, batch)
        self._asyncio_tasks.add(task)
        task.add_done_callback(self._ended)
        self.broadcast_estimations(concurrency_id)

    def _ended(self, task: asyncio.Task) -> None:
        self._asyncio_tasks.discard(task)
        self._woken.set()

    async def start_progress_updates(self) -> None:
        """Nothing here reports by gr.Progress; Gradio would look for it a hundred times a second."""


async def _until_closed(server: http_server.Server) -> None:
    """In place of uvicorn's loop, which looks ten times a second whether it is to end."""
    server.config.http_protocol_class = Connection  # asked for at each connection that comes
    while not await server.on_tick(0):
        await asyncio.sleep(CLOSED_S)


def stilled() -> list[Route]:
    """Gradio's status tracker without what STILL names, in place of its file."""
    (path,) = ASSETS.glob("statustracker-*.js")
    script = path.read_text(encoding="utf-8")
    for pattern, left in STILL:
        script = re.sub(pattern, left, script)

    async def served(_request: Request) -> Response:
        return Response(script, media_type="text/javascript")

    return [Route(f"/assets/{path.name}", served)]
