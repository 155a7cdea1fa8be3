"""What Gradio keeps of its visitors, bounded; and what is asked of it before a request is let in.

Leans on Gradio's insides: tests/browser/test_gradio_insides.py says which.
"""

from collections.abc import Iterator

import gradio as gr
from gradio.queueing import Queue
from gradio.state_holder import SessionState, StateHolder

from compare.web.calls import Endpoint

REMEMBERED = 10_000
"""So many sessions whose place was given to others are known by their names, the newest."""


class _Unkept(dict):
    """In place of a copy of the whole page, which Gradio keeps of each session for links to its state: there
    are no such links here, and it would be most of what a session takes.
    """

    def __contains__(self, _component: object) -> bool:
        return True

    def __missing__(self, _component: int) -> dict:
        return {}

    def __setitem__(self, _component: int, _settings: object) -> None: ...


class Sessions(StateHolder):
    """As many visitors' sessions as there is room for: the one unused for longest makes room for the next.

    Never one in which something runs or waits; one whose page is closed before one whose page is open.
    """

    def __init__(self, demo: gr.Blocks, room: int):
        super().__init__()
        self.set_blocks(demo)
        self.capacity = room
        self.given_up: dict[str, None] = {}

    def __getitem__(self, session_id: str) -> SessionState:
        state = super().__getitem__(session_id)
        if not isinstance(state.config_values, _Unkept):
            state.config_values = _Unkept()
        return state

    def update(self, session_id: str) -> None:
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                self._make_room()

    def _make_room(self) -> None:
        events = self.blocks._queue.event_ids_to_events.values()
        busy = {event.session_hash for event in events} | {next(reversed(self.session_data))}
        idle = [name for name in self.session_data if name not in busy]
        closed = (name for name in idle if self.session_data[name].is_closed)
        if (name := next(closed, None) or next(iter(idle), None)) is None:
            return
        del self.session_data[name]
        self.time_last_used.pop(name, None)
        self.blocks._queue.pending_messages_per_session.pop(name, None)
        self.blocks._queue.pending_event_ids_session.pop(name, None)
        self.given_up[name] = None
        if len(self.given_up) > REMEMBERED:
            del self.given_up[next(iter(self.given_up))]


class GradioApi:
    """Gradio's functions and sessions, as the shield asks for them."""

    def __init__(self, demo: gr.Blocks, sessions: Sessions):
        self._sessions = sessions
        self._queue: Queue = demo._queue
        self._endpoints: dict[str | int, Endpoint] = {}
        for endpoint in _endpoints(demo):
            self._endpoints[endpoint.number] = self._endpoints[endpoint.name] = endpoint

    def endpoint(self, asked: str | int) -> Endpoint | None:
        return self._endpoints.get(asked)

    def given_up(self, session: str) -> bool:
        return session in self._sessions.given_up

    def awaited(self, session: str) -> bool:
        return session in self._queue.pending_messages_per_session

    def knows(self, event: str) -> bool:
        """Of an answer that hasn't been fetched, the id is kept with its session."""
        kept = self._queue.pending_event_ids_session.values()
        return event in self._queue.event_ids_to_events or any(event in ids for ids in kept)


def _endpoints(demo: gr.Blocks) -> Iterator[Endpoint]:
    for number, fn in demo.fns.items():
        public = fn.api_visibility == "public"
        yield Endpoint(str(fn.api_name), number, public)
