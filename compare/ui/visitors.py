"""Gradio's queue as it is fair to visitors: what nobody listens to is not begun, and what would find no place
in the machine's line is refused at the door.

Leans on Gradio's insides, as quiet.py does.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any

from fastapi import HTTPException, Request
from gradio import queueing
from gradio.block_function import BlockFunction
from gradio.server_messages import ProcessCompletedMessage

from compare.run.line import Line, Visitor, asking, forwarded
from compare.ui.quiet import Queue

UNHEARD_S = 30.0
"""An event that nobody has come to listen to for so long is forgotten."""
UNREAD = 1000
"""Messages that a visitor may leave unread before their run is given up: a hundred seconds of an answer."""
GIVEN_UP = "The run was given up, as nobody read what it wrote. Run it again."


class Messages(asyncio.Queue):
    """What one session is to be told, and whether anybody waits to hear it."""

    def __init__(self, heard: Callable[[], None]):
        super().__init__()
        self.readers = 0
        self._heard = heard

    async def get(self) -> Any:
        self.readers += 1
        self._heard()
        try:
            return await super().get()
        finally:
            self.readers -= 1


class FairQueue(Queue):
    """Gradio's queue before a machine's line."""

    def __init__(self, line: Line, **settings):
        super().__init__(**settings)
        self._line = line

    async def push(self, body: Any, request: Request, username: str | None):
        """As Gradio's, which answers the POST. Raises HTTPException 429 for a run that the line refuses."""
        body.session_hash = session = body.session_hash or uuid.uuid4().hex
        visitor = _visitor(session, request)
        if _is_run(self.blocks.fns.get(body.fn_index)) and (told := self._line.refusal(visitor)):
            raise HTTPException(429, str(told), headers={"Retry-After": str(told.retry_s)})
        if session not in self.pending_messages_per_session:
            self.pending_messages_per_session[session] = Messages(self._woken.set)
        self.pending_messages_per_session.move_to_end(session)
        if len(self) >= self.max_size:
            self._forget_oldest()
        return await super().push(body, request, username)

    def get_events(self) -> tuple[list[queueing.Event], bool, str] | None:
        """The next one that somebody listens to."""
        for concurrency_id, waiting in self.event_queue_per_concurrency_id.items():
            limit = waiting.concurrency_limit
            is_full = limit is not None and waiting.current_concurrency >= limit
            for event in list(waiting.queue):
                if not is_full and self._listens(event):
                    waiting.queue.remove(event)
                    return [event], False, concurrency_id
                if not self._listens(event) and time.monotonic() - event.enqueue_time > UNHEARD_S:
                    self._forget(event)
        return None

    async def process_events(self, events: list[queueing.Event], *args, **more) -> None:
        """Each in a task of its own, and so in a context of its own."""
        asking.set(_visitor(events[0].session_hash, events[0].request))
        try:
            await super().process_events(events, *args, **more)
        finally:  # it may have been cancelled: a run that waits tells nothing until then
            self._line.look(events[0].session_hash)

    async def clean_events(
        self, *, session_hash: str | None = None, event_id: str | None = None
    ) -> None:
        """Of a visitor who has left, which a run that waits notices when it tells something."""
        await super().clean_events(session_hash=session_hash, event_id=event_id)
        if session_hash is not None:
            self._line.look(session_hash)

    def send_message(self, event: queueing.Event, event_message: Any) -> None:
        super().send_message(event, event_message)
        messages = self.pending_messages_per_session.get(event.session_hash)
        if event.alive and messages is not None and messages.qsize() > UNREAD:
            output = {"error": GIVEN_UP}
            super().send_message(event, ProcessCompletedMessage(output=output, success=False))
            event.alive = False

    def _listens(self, event: queueing.Event) -> bool:
        messages = self.pending_messages_per_session.get(event.session_hash)
        return messages is not None and messages.readers > 0

    def _forget_oldest(self) -> None:
        waiting = [e for each in self.event_queue_per_concurrency_id.values() for e in each.queue]
        unheard = [event for event in waiting if not self._listens(event)]
        if unheard:
            self._forget(min(unheard, key=lambda event: event.enqueue_time))

    def _forget(self, event: queueing.Event) -> None:
        """All that is kept of it and, where nothing else is waited for, of its session's messages."""
        self.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)
        self.event_ids_to_events.pop(event._id, None)
        ids = self.pending_event_ids_session.get(event.session_hash, set())
        ids.discard(event._id)
        if not ids:
            self.pending_event_ids_session.pop(event.session_hash, None)
            self.pending_messages_per_session.pop(event.session_hash, None)


def _visitor(session: str, request: Request) -> Visitor:
    return Visitor(session, forwarded(request.headers.getlist("x-forwarded-for")))


def _is_run(fn: BlockFunction | None) -> bool:
    """Whether a public endpoint runs models: only those tell more than once."""
    if fn is None or fn.api_visibility != "public":
        return False
    return isgeneratorfunction(fn.fn) or isasyncgenfunction(fn.fn)
