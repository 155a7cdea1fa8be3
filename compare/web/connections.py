"""A connection to the app's server: whoever opens one says what is asked, or loses it.

uvicorn waits for ever for the head of a request, its first or a later one, so that a stranger who sends
nothing, or a byte now and then, uses up what the process may hold open ("slowloris"). A body has its time in
shield.py.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0
"""The head of a request must have come by then."""


class Connection(H11Protocol):
    """uvicorn's, with that limit."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """From its first byte, or the connection's opening, a head has its time, whatever comes meanwhile."""
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_S, self.transport.abort)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
