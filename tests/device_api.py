"""ZeroGPU's device API on loopback, as far as the package `spaces` calls it (spaces/zero/api.py), and what it
was asked. Lends a GPU that isn't there; `answer` says how it refuses instead.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

UUID = "GPU-00000000-0000-0000-0000-000000000000"


@dataclass
class DeviceApi:
    """`asked`: each call in its order, its path and parameters."""

    status: int = 200
    """answered to /schedule"""
    quota: dict | None = None
    """the body of a 429: {left, wait}"""
    headers: dict[str, str] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    """events of the waiting form, `ping`, `failed` or `succeeded`; the last one is sent once `go` is set"""
    idle: bool = False
    """whether a fork of an earlier lease may be used again"""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "DeviceApi":
        api = self

        class Handler(_Handler):
            device_api = api

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_error) -> None:
        self._server.shutdown()
        self._server.server_close()

    def calls(self, path: str) -> list[dict[str, str]]:
        return [params for each, params in self.asked if each == path]

    def until(self, path: str, times: int = 1, seconds: float = 60) -> list[dict[str, str]]:
        """Waits until it has been called so often."""
        return wait(lambda: len(found := self.calls(path)) >= times and found, path, seconds)


def wait(found: Callable, what: str, seconds: float = 60):
    """What it finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if there := found():
            return there
        time.sleep(0.02)
    raise AssertionError(f"{what} didn't come within {seconds:g} s")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    device_api: DeviceApi

    def do_POST(self) -> None:
        api, url = self.device_api, urlsplit(self.path)
        api.asked.append((url.path, dict(parse_qsl(url.query))))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if url.path != "/schedule":
            return self._send(200)
        if api.queue and api.status == 200:
            return self._wait_in_line()
        if api.status == 200:
            return self._send(200, self._lent())
        self._send(api.status, json.dumps(api.quota or {}))

    def _lent(self) -> str:
        number = len(self.device_api.calls("/schedule"))
        return json.dumps(
            {
                "idle": self.device_api.idle,
                "nvidiaIndex": 0,
                "nvidiaUUID": UUID,
                "allowToken": f"token-{number}",
            }
        )

    def _wait_in_line(self) -> None:
        """Server-sent events, one a piece, as `spaces` reads them."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        *pings, last = self.device_api.queue
        for event in pings:
            self._tell(event)
        while not self.device_api.go.wait(0.1):
            self._tell("ping")
        self._tell(last)

    def _tell(self, event: str) -> None:
        data = f"data: {self._lent()}\n" if event == "succeeded" else ""
        self.wfile.write(f"event: {event}\n{data}\n".encode())
        time.sleep(0.05)  # or two events would arrive as one piece

    def _send(self, status: int, body: str = "") -> None:
        self.send_response(status)
        for name, value in self.device_api.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args) -> None: ...
