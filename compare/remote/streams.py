"""The network: one loop, in a thread of its own, in which all servers are asked. The only httpx2 of answers.

A key goes to its own server, and nowhere a redirect leads; what a server says is told without it.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2

from compare.protocol.events import Event, Failed, Finished, Queued, Reached, Started
from compare.protocol.requests import Generate
from compare.remote.asking import Found, found, model_for, short
from compare.remote.faults import (
    ServerFault,
    broke_off,
    endless,
    packed,
    refused,
    silent,
    stalled,
    unreachable,
)
from compare.remote.kinds import Kind, kind_for
from compare.remote.servers import Server
from compare.remote.turns import Turns
from compare.usage import UsageError

Sink = Callable[[Event], None]
CONNECT_S = 10.0
ASKED_S = 10.0
"""the longest that a server may take to say what it is"""
FOUND_S = 60.0
"""For so long it isn't asked again."""
READ_S = 0.03
"""Once an answer has begun, what comes is read no more often: to take in each token by itself takes twice
the processor. Times after the first token's are late by less than this."""
MOST_BYTES, BYTES_A_TOKEN = 2**20, 4096
"""of one answer, and more for each token that it may have: with its figures llama-server's takes 700"""
MOST_AT_ONCE = 2**20
"""bytes that are taken in together"""
REST_S = 3.0
"""the longest that figures may come behind an answer's end: some keep the line open"""
_TELLING = frozenset((301, 302, 307, 308, 401, 403, 429, 503))
"""what a server that is there answers where it can't be asked, not now or not so"""
MOST_SAID = 2**16
"""bytes of an error's document, or 64 times as many of a list of models"""


class Servers:
    """The owner's servers. `at_once`: so many columns are answered at the same time, the others wait."""

    def __init__(self, servers: Sequence[Server] = (), at_once: int = 8):
        self._servers = {server.name: server for server in servers}
        self._found: dict[str, tuple[float, Found]] = {}
        self._turns = Turns(at_once)
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx2.AsyncClient | None = None

    def server(self, name: str) -> Server:
        """The one of that name. Raises UsageError."""
        if name not in self._servers:
            known = ", ".join(self._servers)
            raise UsageError(
                f"There is no server “{name[:40]}”. "
                + (
                    f"Known: {known}."
                    if known
                    else "Name it: --server NAME=URL, or COMPARE_SERVERS."
                )
            )
        return self._servers[name]

    def offered(self) -> list[tuple[str, str | None]]:
        """Names of servers and of their models; no model where the server doesn't say. Asks those that
        weren't asked lately, all at once, for ASKED_S at most.
        """
        if not self._servers:
            return []
        listing = asyncio.run_coroutine_threadsafe(self._offered(), self._running())
        return listing.result()

    def ask(self, name: str, model: str | None, request: Generate, sink: Sink) -> "Answer":
        """Begins to have a request answered; `sink` hears of it, in the loop's thread."""
        return Answer(
            self._running(), self._answered(self.server(name), model, request, sink), request, sink
        )

    def close(self) -> None:
        """Ends all answers and connections."""
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True, name="servers").start()
            return self._loop

    # From here on everything happens in the loop's thread.

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connection(self) -> httpx2.AsyncClient:
        if self._client is None:
            # What one server sets, no other is sent.
            nowhere = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            self._client = httpx2.AsyncClient(
                timeout=httpx2.Timeout(None, connect=CONNECT_S), follow_redirects=False, cookies=nowhere,
                limits=httpx2.Limits(max_connections=None), headers={"Accept-Encoding": "identity"},
            )  # fmt: skip
        return self._client

    async def _offered(self) -> list[tuple[str, str | None]]:
        async def of(server: Server) -> list[tuple[str, str | None]]:
            try:
                there = (await self._known(server)).models
            except ServerFault:
                there = ()
            return [
                (server.name, model and short(model)) for model in server.models or there or (None,)
            ]

        return [
            each
            for of_one in await asyncio.gather(*map(of, self._servers.values()))
            for each in of_one
        ]

    async def _known(self, server: Server) -> Found:
        at, known = self._found.get(server.name, (0.0, None))
        if known is None or time.monotonic() - at > FOUND_S:
            try:
                async with asyncio.timeout(ASKED_S):
                    known = await found(server, lambda path: self._get(server, path))
            except TimeoutError:
                if known is None:
                    raise silent(server.name, ASKED_S) from None
            self._found[server.name] = time.monotonic(), known
        return known

    async def _get(self, server: Server, path: str) -> Any:
        key = server.key()
        try:
            async with self._connection().stream(
                "GET", server.url + path, headers=_headers(key)
            ) as response:
                said = _without(key, await _said(response, 64 * MOST_SAID))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise unreachable(server.name, error) from None
        text = said.decode(errors="replace")
        if response.status_code != 200:
            if path == "/v1/models" and response.status_code in _TELLING:
                raise refused(
                    server.name, "", server.key_env, response.status_code, response.headers, text
                )
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text.strip()

    async def _answered(
        self, server: Server, model: str | None, request: Generate, sink: Sink
    ) -> None:
        """One answer from its place in the line to its end; whatever goes wrong is told as Failed."""
        run = request.run

        def tell(event: type[Event], /, **values: Any) -> None:
            sink(event(run=run, at=time.monotonic(), **values))

        try:
            async with self._turns.one(lambda place: tell(Queued, place=place)):
                known = await self._known(server)
                served = model_for(server, model, known.models)
                kind = kind_for(known.kind, request)
                drops = kind.drops(request)
                tell(Reached, server=server.name, kind=kind.name, model=short(served), drops=drops)
                await self._streamed(server, kind, served, request, sink)
        except ServerFault as fault:
            self._found.pop(server.name, None)  # it may be another server by now
            tell(Failed, message=str(fault))
        except Exception as error:  # the border: whatever it was, it fails this column only
            kind_of = type(error).__name__  # no more of it: it may hold an address, or a key
            tell(Failed, message=f"Something unforeseen happened: {kind_of}.\nRun it again.")

    async def _streamed(
        self, server: Server, kind: Kind, model: str, request: Generate, sink: Sink
    ) -> None:
        decoder = kind.decoder(request.run, server.name, request.max_tokens)
        key, started_at = server.key(), time.monotonic()
        sink(Started(
            run=request.run, at=started_at, prompt_tokens=None, cached_tokens=None, threads=None,
        ))  # fmt: skip
        try:
            async with asyncio.timeout(request.max_seconds):
                try:
                    async with asyncio.timeout(server.stall_s) as silence:
                        async with self._connection().stream(
                            "POST", server.url + kind.path, headers=_headers(key),
                            json=kind.body(request, model),
                        ) as response:  # fmt: skip
                            await _must_answer(server, model, key, response)
                            most = MOST_BYTES + BYTES_A_TOKEN * request.max_tokens
                            if not await _read(response, decoder, key, silence, server, sink, most):
                                raise endless(server.name, request.max_tokens)
                except TimeoutError:
                    if decoder.reason is None:
                        raise stalled(server.name, server.stall_s) from None
        except TimeoutError:
            sink(Finished(run=request.run, at=time.monotonic(), reason="time"))
            return
        except (
            httpx2.RemoteProtocolError,
            httpx2.ReadError,
            httpx2.WriteError,
            httpx2.DecodingError,
        ):
            # Some close the line as soon as all is said.
            if decoder.reason is None:
                raise broke_off(server.name) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise unreachable(server.name, error) from None
        for event in decoder.end(time.monotonic()):
            sink(event)


class Answer:
    """An answer on its way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine, request: Generate, sink: Sink):
        self._loop, self._coroutine, self._run, self._sink = loop, coroutine, request.run, sink
        self._task: asyncio.Task | None = None
        loop.call_soon_threadsafe(self._begin)

    def cancel(self) -> None:
        """Closes the connection, by which servers notice; answered by Finished(cancelled)."""
        self._loop.call_soon_threadsafe(lambda: self._task.cancel())

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task) -> None:
        if task.cancelled():
            self._sink(Finished(run=self._run, at=time.monotonic(), reason="cancelled"))


async def _must_answer(
    server: Server, model: str, key: str | None, response: httpx2.Response
) -> None:
    if response.status_code == 200:
        if _packed(response):
            raise packed(server.name)
        return
    said = _without(key, await _said(response, MOST_SAID)).decode(errors="replace")
    raise refused(server.name, model, server.key_env, response.status_code, response.headers, said)


async def _read(
    response, decoder, key, silence: asyncio.Timeout, server: Server, sink: Sink, most: int
) -> bool:
    """What comes, as events; what isn't news (a sign of life) doesn't keep the stall away. Whether it came to
    an end within so many bytes.
    """
    loop, size, begun, ended = asyncio.get_running_loop(), 0, False, False
    async with aclosing(_heaps(response)) as heaps:
        async for data in heaps:
            if (size := size + len(data)) > most:
                return False
            events = decoder.feed(_without(key, data), time.monotonic())
            for event in events:
                sink(event)
            if decoder.reason is not None:
                if not ended:
                    silence.reschedule(loop.time() + min(REST_S, server.stall_s))
                ended = True
            elif events:
                silence.reschedule(loop.time() + server.stall_s)
                begun = True
            if begun:
                await asyncio.sleep(READ_S)
    return True


async def _heaps(response: httpx2.Response) -> AsyncIterator[bytes]:
    """All that has come by the time it is asked for: to take a token in costs far more than to take ten."""
    pieces = response.aiter_raw()
    coming = asyncio.ensure_future(anext(pieces, None))
    try:
        while (piece := await coming) is not None:
            heap, size = [piece], len(piece)
            while size < MOST_AT_ONCE:
                coming = asyncio.ensure_future(anext(pieces, None))
                await asyncio.sleep(0)
                if not coming.done() or coming.exception() or coming.result() is None:
                    break
                heap.append(coming.result())
                size += len(heap[-1])
            else:
                coming = asyncio.ensure_future(anext(pieces, None))
            yield b"".join(heap)
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _said(response: httpx2.Response, most: int) -> bytes:
    """As it came: what is packed could be any size once it isn't."""
    said = bytearray()
    async for data in response.aiter_raw():
        said += data
        if len(said) > most:
            break
    return b"" if _packed(response) else bytes(said[:most])


def _packed(response: httpx2.Response) -> bool:
    return response.headers.get("content-encoding", "identity").strip().lower() not in (
        "",
        "identity",
    )


def _headers(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _without(key: str | None, said: bytes) -> bytes:
    """What a server said, but for the key, which some repeat where it is wrong."""
    return said.replace(key.encode(), b"...") if key and key.encode() in said else said
