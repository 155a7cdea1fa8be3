"""Gradio's queue and steps as the page has them: woken by what comes, and sending what is told."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from gradio_client import Client
from gradio_client.client import Job
from serving import served

from compare.ui.quiet import Told, quiet
from compare.ui.wiring import PLAIN


@contextmanager
def asked(*handlers: Callable, **more) -> Iterator[Client]:
    """A page of these handlers, by their names, whose queue would look for work once an hour."""
    with gr.Blocks() as demo:
        for handler in handlers:
            gr.Button().click(handler, None, gr.Textbox(), api_name=handler.__name__, **more)
        quiet(demo)
        demo._queue.look_s = 3600
    with served(demo) as address:
        yield Client(address, verbose=False)


def test_what_is_put_in_is_begun_although_the_queue_does_not_look():
    def hello() -> str:
        return "hello"

    with asked(hello) as client:
        for _ in range(2):
            assert client.submit(api_name="/hello").result(timeout=30) == "hello"


def test_what_must_wait_begins_when_the_one_before_it_ends():
    begun, may_end = [], threading.Event()

    def slow() -> str:
        begun.append(threading.get_ident())
        may_end.wait(30)
        return "done"

    with asked(slow, concurrency_limit=1) as client:
        jobs = [client.submit(api_name="/slow") for _ in range(3)]
        may_end.set()
        assert [job.result(timeout=30) for job in jobs] == ["done"] * 3
    assert len(begun) == 3


def endless(closed: threading.Event) -> Callable[[], Iterator[str]]:
    def endless() -> Iterator[str]:
        try:
            while True:
                yield "more"
        finally:
            closed.set()

    return endless


def going(client: Client) -> Job:
    """Endless, once it has told something."""
    job = client.submit(api_name="/endless")
    next(iter(job))
    return job


def test_what_a_visitor_cancels_is_closed():
    closed = threading.Event()
    with asked(endless(closed)) as client:
        job = going(client)
        job.cancel()
        assert closed.wait(30)


def test_what_still_runs_when_the_server_ends_is_closed():
    closed = threading.Event()
    with asked(endless(closed)) as client:
        going(client)
    assert closed.wait(30)


def sent(*steps: dict, **more) -> tuple[list[list], list[gr.Textbox]]:
    """What steps of one event that tell this of the parts 0, 1, 2 send of each, and the parts."""
    with gr.Blocks() as demo:
        parts = [gr.Textbox() for _ in range(3)]
        gr.Button().click(lambda: None, None, parts, **more)
        quiet(demo)
    (event,) = demo.fns.values()

    async def each() -> list[list]:
        told = [
            {parts[n] if isinstance(n, int) else n: new for n, new in step.items()}
            for step in steps
        ]
        state = SessionState(demo)
        made = [await demo.postprocess_data(event, Told(one), state) for one in told]
        run = {"session_hash": "visitor", "run": "run", "final": False}
        return [demo.handle_streaming_diffs(event, step, **run) for step in made]

    with ThreadPoolExecutor() as pool:  # the browser of other tests keeps a loop running here
        return pool.submit(asyncio.run, each()).result(), parts


def test_a_step_sends_what_it_tells():
    found, _ = sent({1: "new"}, **PLAIN)
    assert found == [[gr.skip(), "new", gr.skip()]]


def test_an_update_is_sent_in_whole_in_place_of_the_one_before():
    """By parts, a browser would change the one before, which it may not have come to yet."""
    locked, freed = gr.update(value="a", interactive=False), gr.update(interactive=True)
    steps = {0: {**locked}, 1: "new"}, {1: "newer"}, {1: "newer", 0: {**freed}}
    found, _ = sent(*steps, **PLAIN)
    assert found[0] == [locked, "new", gr.skip()]
    assert found[1:] == [
        [[["replace", [], gr.skip()]], [["append", [], "er"]], []],
        [[["replace", [], freed]], [], []],
    ]


def test_a_step_whose_values_gradio_converts_is_gradios():
    ((first, second, _),), _ = sent({0: 3, 1: "new"})
    assert (first, second) == ("3", "new")


def test_what_is_no_output_of_a_step_is_refused():
    with pytest.raises(ValueError, match="not specified"):
        sent({0: "new", gr.Textbox(): "elsewhere"}, **PLAIN)
