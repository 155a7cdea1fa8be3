"""What stands before Gradio's server: it lets in what the app needs, and says why of the rest.

Gradio serves files, takes uploads, keeps links and more, at routes of its own; what isn't listed here isn't
there. Beneath it everything is Gradio's; what that makes of a request it can't do with is made a sentence.
"""

import asyncio
import re
import sys
import traceback
from typing import Protocol
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compare.web.calls import (
    UNFORESEEN,
    Endpoint,
    Refusal,
    call,
    identifier,
    is_call,
    read,
    written,
)
from compare.web.hosts import Hosts

PAGE = "x-side-by-side"
"""The header that the page's script gives its requests (page.js). A page of another site can't: a browser
would ask here first, and is not answered."""
_READ = re.compile(
    r"/(config/?|theme\.css|robots\.txt|favicon\.ico|manifest\.json|pwa_icon(/\d{1,4})?|healthz|metrics)?"
    r"|/(assets|static)/[\w@~+-][\w@~+.-]*(/[\w@~+-][\w@~+.-]*)*"
    r"|/gradio_api/(info/?|openapi\.json|app_id/?|startup-events|theme\.css|heartbeat/[\w-]{1,64}|queue/data"
    r"|call/(v2/)?[^/]+/[\w-]{1,64})"
)
_CANCELS = ("/gradio_api/cancel", "/gradio_api/reset")
_WATCHED = ("/healthz",)
"""asked by whoever watches the app from inside its network, under any name"""
BODY_S = 30.0
"""A body must have come by then."""
DRAINED = 8
"""So many times the largest body is read and forgotten, so that who sends more hears why it isn't taken."""
GIVEN_UP = "This page was left alone for so long that its place was given to others. Load it anew."
_SCRIPTS = "'self' 'unsafe-inline' 'unsafe-eval' blob:"
"""Gradio's page is made of inline scripts, and compiles the handlers that are given as text."""


class Api(Protocol):
    """What is asked of Gradio: its functions, and the sessions of its visitors."""

    def endpoint(self, asked: str | int) -> Endpoint | None: ...
    def given_up(self, session: str) -> bool:
        """Whether it was there, and its place was given to others."""

    def awaited(self, session: str) -> bool:
        """Whether there is a stream of what was asked in it."""

    def knows(self, event: str) -> bool:
        """Whether it was asked, and its answer hasn't been fetched."""


class Shield:
    """Around an ASGI app. `max_body_bytes`: of a request's body."""

    def __init__(self, app: ASGIApp, api: Api, hosts: Hosts, max_body_bytes: int):
        self._app, self._api, self._hosts = app, api, hosts
        self._max_body_bytes = max_body_bytes
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            # No other host: neither a script, nor a picture that a model puts into its answer.
            "Content-Security-Policy": f"default-src 'self' data: blob:; script-src {_SCRIPTS}; "
            "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; "
            f"frame-ancestors {hosts.frames}",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(send, self._headers, self._trusted(Headers(scope=scope)))
        try:
            body = await self._let_in(scope, receive)
            await self._app(scope, body, answer)
        except Refusal as refusal:
            await answer.refuse(scope, receive, refusal)
        except Exception:
            await self._broken(scope, receive, answer)

    async def _broken(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Gradio raised. Of a call by names that it couldn't make out, the caller's fault."""
        if _path(scope).startswith("/gradio_api/call/v2/"):
            sentence = "These aren't the values that this endpoint takes. See /gradio_api/info."
            await answer.refuse(scope, receive, Refusal(400, sentence))
            return
        traceback.print_exc(file=sys.stderr)
        await answer.refuse(scope, receive, Refusal(500, UNFORESEEN))

    def _trusted(self, headers: Headers) -> str | None:
        """The site whose page asks, where it may; empty where none says that it asks."""
        origin = headers.get("origin", "")
        served = headers.get("host", ""), headers.get("x-forwarded-host", "")
        trusts = not origin or any(self._hosts.trusts(origin, host) for host in served)
        return origin if trusts else None

    async def _let_in(self, scope: Scope, receive: Receive) -> Receive:
        """What Gradio receives of it. Raises Refusal."""
        path, method, headers = _path(scope), scope["method"], Headers(scope=scope)
        if path not in _WATCHED:
            # By the second, where a proxy says it, Gradio writes the page's addresses.
            for host in (headers.get("host", ""), headers.get("x-forwarded-host", "localhost")):
                self._check_host(host)
        if method == "OPTIONS":
            return receive
        if method in ("GET", "HEAD") and _READ.fullmatch(path):
            self._check_read(scope, path)
            return receive
        if method != "POST" or not (is_call(path) or path in _CANCELS):
            raise Refusal(404, "There is nothing at this address. The page is at /.")
        if self._trusted(headers) is None:
            site = "Pages of other sites can't ask this app."
            raise Refusal(403, f"{site} Its owner can name them in COMPARE_HOSTS.")
        raw = await self._body(headers, receive)
        if path in _CANCELS:
            return _given(_cancelled(raw), receive)
        asked = call(path, raw, self._api.endpoint, by_page=headers.get(PAGE) == "page")
        if asked.session and self._api.given_up(asked.session):
            raise Refusal(410, GIVEN_UP)
        return _given(asked.body, receive)

    def _check_host(self, value: str) -> None:
        host = value.split(",")[0].strip()
        if not self._hosts.serves(host):
            said = f"This app isn't served as “{host[:100]}”."
            raise Refusal(421, f"{said} Its owner can add that name to COMPARE_HOSTS.")

    def _check_read(self, scope: Scope, path: str) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if path == "/gradio_api/queue/data":
            session = identifier(query.get("session_hash", [None])[0], "session_hash")
            if not self._api.awaited(session):
                raise Refusal(404, f"Nothing was asked in the session “{session}”.")
        elif path.startswith("/gradio_api/call/"):
            event = path.rpartition("/")[2]
            if not self._api.knows(event):
                raise Refusal(404, f"There is no call “{event}” whose answer waits here.")
        else:
            # The page's is for its script and goes with its calls; Gradio's own would list what is private.
            scope["query_string"] = b""

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        limit = self._max_body_bytes
        told = headers.get("content-length", "0")
        size, kept = 0, bytearray()
        most = limit if told.isdigit() and int(told) <= limit else 0
        try:
            async with asyncio.timeout(BODY_S):
                while size <= DRAINED * limit:
                    message = await receive()
                    piece = message.get("body", b"")
                    size += len(piece)
                    if size <= most:
                        kept += piece
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            raise Refusal(
                408, f"The request's body did not come within {BODY_S:.0f} seconds."
            ) from None
        if size > most:
            raise Refusal(
                413,
                f"The request is larger than {limit:,} bytes, which is the most that this host takes. "
                "Shorten the prompt.",
            )
        return bytes(kept)


class _Answer:
    """What goes back: with the app's headers, and nothing for other sites that the owner didn't name."""

    def __init__(self, send: Send, headers: dict[str, str], trusted: str | None):
        self._send, self._headers, self._trusted = send, headers, trusted
        self._begun = self._refused = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if message["status"] == 500 and headers.get("content-type", "").startswith(
                "text/plain"
            ):
                self._refused = True  # Starlette's; what it was is raised next
                return
            self._begun = True
            if not self._trusted:
                for name in [name for name in headers if name.startswith("access-control-")]:
                    del headers[name]
            else:
                headers["access-control-allow-origin"] = self._trusted
                headers.add_vary_header("Origin")
            headers.update(self._headers)
        if not self._refused:
            await self._send(message)

    async def refuse(self, scope: Scope, receive: Receive, refusal: Refusal) -> None:
        """Where nothing has been sent yet: the sentence, under the names that Gradio's clients look for."""
        if self._begun:
            return
        self._refused = False
        told = {"detail": refusal.sentence, "error": refusal.sentence}
        headers = {"Cache-Control": "no-store"}
        if refusal.status in (408, 413):
            headers["Connection"] = "close"
        await JSONResponse(told, refusal.status, headers)(scope, receive, self)


def _path(scope: Scope) -> str:
    """Below the path under which a proxy serves the app, where that wasn't taken off."""
    path, root = scope["path"], scope.get("root_path", "")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def _given(body: bytes, receive: Receive) -> Receive:
    """What is received where this is the body; after it, as before, that the caller has left."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return messages.pop() if messages else await receive()

    return given


def _cancelled(raw: bytes) -> bytes:
    """The ids of what is to end. Raises Refusal."""
    body = read(raw)
    kept = {"event_id": identifier(body.get("event_id"), "event_id")}
    if "session_hash" in body:
        number = body.get("fn_index")
        kept["session_hash"] = identifier(body["session_hash"], "session_hash")
        kept["fn_index"] = number if type(number) is int else -1
    return written(kept)
