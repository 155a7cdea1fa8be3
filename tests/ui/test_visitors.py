"""Gradio's queue before the machine's line: who does not listen or read, who leaves, who must come back."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest
from fakes import child
from gradio_client import Client
from serving import served

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.run import run
from compare.run.line import Line, Visitor, asking
from compare.run.machine import Machine
from compare.ui import visitors
from compare.ui.quiet import quiet
from compare.ui.visitors import FairQueue
from compare.ui.wiring import QUEUED


@contextmanager
def asked(handler: Callable, line: Line | None = None) -> Iterator[tuple[gr.Blocks, str]]:
    """A page of this handler, by its name; its address for the API."""
    with gr.Blocks() as demo:
        button, told = gr.Button(), gr.Textbox()
        event = {**QUEUED, "api_visibility": "public", "api_name": handler.__name__}
        button.click(handler, None, told, **event)
        quiet(demo, partial(FairQueue, line or Line()))
    with served(demo) as address:
        yield demo, f"{address}/gradio_api"


def hello() -> str:
    return "hello"


def join(api: str, session: str, **headers: str) -> httpx.Response:
    """Asks for the only event there is, without listening."""
    body = {"data": [], "fn_index": 0, "session_hash": session}
    return httpx.post(f"{api}/queue/join", json=body, headers=headers)


def heard(api: str, session: str) -> str:
    return httpx.get(f"{api}/queue/data", params={"session_hash": session}, timeout=30).text


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_nobody_listens_to_is_begun_once_somebody_does():
    begun = []

    def hello() -> str:
        begun.append(asking.get().session)
        return "hello"

    with asked(hello) as (_, api):
        for session in ("mute", "ann"):
            assert join(api, session).status_code == 200
        assert '"hello"' in heard(api, "ann")
        assert begun == ["ann"]
        assert '"hello"' in heard(api, "mute")
        assert begun == ["ann", "mute"]


def test_what_nobody_listens_to_is_forgotten(monkeypatch):
    monkeypatch.setattr(visitors, "UNHEARD_S", 0.3)
    with asked(hello) as (demo, api):
        join(api, "mute")
        queue = demo._queue
        assert len(queue) == 1
        until(lambda: not len(queue))
        kept = queue.event_ids_to_events, queue.pending_event_ids_session
        assert not any(kept) and "mute" not in queue.pending_messages_per_session


def test_many_that_nobody_listens_to_keep_out_nobody():
    with asked(hello) as (demo, api):
        demo._queue.max_size = 3
        for n in range(10):
            assert join(api, f"mute-{n}").status_code == 200
        assert len(demo._queue) == 3
        assert join(api, "ann").status_code == 200
        assert '"hello"' in heard(api, "ann")


def test_on_whose_behalf_is_known_at_every_step():
    def steps() -> Iterator[str]:
        for _ in range(2):
            yield str(asking.get())

    with asked(steps) as (_, api):
        forwarded = {"X-Forwarded-For": "a lie, 203.0.113.9"}
        assert join(api, "ann", **forwarded).status_code == 200
        told = heard(api, "ann")
        assert str(Visitor("ann", ("a lie", "203.0.113.9"))) in told and "None" not in told


def test_a_run_that_finds_the_line_full_is_refused_at_the_door():
    line = Line(most=1)

    def runs() -> Iterator[str]:
        yield "an answer"

    with asked(runs, line) as (_, api):
        for who in ("running", "waiting"):
            line.enter(who, Visitor(who), 40)
            line.join(who, lambda: None)
        answer = join(api, "ann")
        assert answer.status_code == 429 and 35 <= int(answer.headers["Retry-After"]) <= 40
        assert answer.json()["detail"].startswith("The line is full, with 1 run waiting")
        with pytest.raises(httpx.HTTPStatusError, match="429"):
            Client(api.removesuffix("/gradio_api"), verbose=False).predict(api_name="/runs")
        line.leave("running")
        assert join(api, "ann").status_code == 200
        assert '"an answer"' in heard(api, "ann")


def test_a_closed_stream_frees_the_place_in_line():
    """A closed tab, a laptop that is shut: of a run in progress, and of one that waits."""
    machine = Machine(Owner(), spawn=child("deaf"))

    def runs() -> Iterator[str]:
        for responses in machine.compare(comparison("p", ["smollm2"])).snapshots():
            yield next(iter(responses.values())).state

    with asked(runs) as (_, api):
        try:
            with contextlib.ExitStack() as tabs:
                for n in range(2):
                    join(api, f"tab-{n}")
                    url, params = f"{api}/queue/data", {"session_hash": f"tab-{n}"}
                    stream = tabs.enter_context(httpx.stream("GET", url, params=params))
                    state = '"queued"' if n else '"writing"'
                    assert next(line for line in stream.iter_lines() if state in line)
                assert machine.line.waiting == 1
            until(lambda: machine.line.is_free and not machine.line.waiting)
        finally:
            machine.close()


def test_a_visitor_who_leaves_the_line_is_noticed_though_nothing_moves(monkeypatch):
    """By a closed tab, or by cancelling."""
    monkeypatch.setattr(run, "WAITING_S", 3600.0)
    machine = Machine(Owner(), spawn=child("deaf"))

    def runs() -> Iterator[str]:
        for responses in machine.compare(comparison("p", ["smollm2"])).snapshots():
            yield next(iter(responses.values())).state

    with asked(runs, machine.line) as (_, api):
        machine.line.enter("running")
        machine.line.join("running", lambda: None)
        for cancels in (False, True):
            event = join(api, "ann").json()["event_id"]
            params = {"session_hash": "ann"}
            with httpx.stream("GET", f"{api}/queue/data", params=params) as stream:
                assert next(line for line in stream.iter_lines() if '"queued"' in line)
                if cancels:
                    body = {**params, "fn_index": 0, "event_id": event}
                    assert httpx.post(f"{api}/cancel", json=body).status_code == 200
                    until(lambda: not machine.line.waiting)
            until(lambda: not machine.line.waiting)
        machine.close()


def test_who_reads_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(visitors, "UNREAD", 20)
    closed = threading.Event()

    def endless() -> Iterator[str]:
        try:
            for n in range(100_000):
                yield f"{n}" * 100_000
        finally:
            closed.set()

    with asked(endless) as (_, api):
        join(api, "deaf")
        at = urlsplit(api)
        with socket.create_connection((at.hostname, at.port)) as connection:
            path = f"{at.path}/queue/data?session_hash=deaf"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
            assert closed.wait(20)
            connection.settimeout(20)
            said = b""
            while visitors.GIVEN_UP.encode() not in said:
                more = connection.recv(2**20)
                assert more
                said = said[-1000:] + more
