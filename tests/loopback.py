"""A small Hub on loopback: real HTTP with the headers that huggingface_hub reads, and every misbehaviour
a download can meet. Knows repositories and files by their names in the catalogue.
"""

import hashlib
import re
import threading
import time
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ERRORS = {
    "repo": (404, "RepoNotFound"),
    "revision": (404, "RevisionNotFound"),
    "file": (404, "EntryNotFound"),
    "gated": (403, "GatedRepo"),
}


@dataclass
class Hub:
    """Serves `files`, by "owner/repo/name"; the other fields say how it misbehaves."""

    files: dict[str, bytes]
    status: int | None = None
    """answered to everything but the probe"""
    error: str | None = None
    """a key of ERRORS"""
    get_status: int | None = None
    """answered to GET only"""
    redirect: str | None = None
    """where GETs are sent"""
    cuts: list[int] = field(default_factory=list)
    """byte counts after which a connection is cut, one for each GET to come"""
    stall_at: int | None = None
    short_by: int = 0
    """bytes that a body lacks of its length, for ever"""
    bytes_per_s: float | None = None
    claims: int | None = None
    """the size it says a file has, if not its own"""
    bare: bool = False
    """answers without the headers that say what a file is"""
    requests: list[str] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)
    """of each request, as it came"""

    def __enter__(self) -> "Hub":
        hub = self

        class Handler(_Handler):
            server_hub = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_error) -> None:
        self._server.shutdown()
        self._server.server_close()

    def gets(self) -> int:
        """How often a file was asked for to its end; its first bytes, for its header, don't count."""
        files = (x for x in self.requests if x.startswith("GET") and "/resolve/" in x)
        return sum(not re.search(r"bytes=\d+-\d+$", line) for line in files)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_hub: Hub

    def do_HEAD(self) -> None:
        hub = self.server_hub
        hub.requests.append(f"HEAD {self.path}")
        hub.headers.append(self.headers)
        if self.path == "/":
            return self._empty(200)
        body = self._file()
        if body is not None:
            self._file_headers(200, body, len(body))

    def do_GET(self) -> None:
        hub = self.server_hub
        hub.requests.append(f"GET {self.path} {self.headers.get('Range', '')}")
        hub.headers.append(self.headers)
        body = self._file()
        if body is None:
            return
        if hub.get_status:
            return self._empty(hub.get_status)
        if hub.redirect:
            self.send_response(302)
            self.send_header("Location", hub.redirect)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        start = 0
        if wanted := self.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start = int(first)
            body_end = int(last) + 1 if last else len(body)
            self._file_headers(206, body, body_end - start, start)
            body = body[:body_end]
        else:
            self._file_headers(200, body, len(body))
        self._send(body[start : len(body) - hub.short_by if hub.short_by else None])

    def _file(self) -> bytes | None:
        hub = self.server_hub
        if hub.error:
            return self._empty(*ERRORS[hub.error])
        if hub.status:
            return self._empty(hub.status)
        repo, _, rest = self.path.lstrip("/").partition("/resolve/")
        _, _, name = rest.partition("/")
        found = hub.files.get(f"{repo}/{name}")
        return self._empty(404, "EntryNotFound") if found is None else found

    def _file_headers(self, status: int, body: bytes, length: int, start: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{start + length - 1}/{len(body)}")
        if not self.server_hub.bare:
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Size", str(self.server_hub.claims or len(body)))
        self.end_headers()

    def _send(self, body: bytes) -> None:
        hub = self.server_hub
        cut = hub.cuts.pop(0) if hub.cuts else None
        sent = 0
        step = 2**16
        try:
            while sent < len(body):
                if cut is not None and sent >= cut:
                    break
                if hub.stall_at is not None and sent >= hub.stall_at:
                    time.sleep(30)
                    break
                sent += self.wfile.write(body[sent : sent + step])
                if rate := hub.bytes_per_s:
                    time.sleep(step / rate)
        except OSError:
            pass
        if sent < len(body) or hub.short_by:
            self.close_connection = True

    def _empty(self, status: int, code: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()

    def log_message(self, *_args) -> None: ...
