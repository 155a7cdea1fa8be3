"""A reverse proxy on loopback that serves an app under a path, and a page that embeds it, as the Hub does."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"}


@contextmanager
def embedded(app: str, path: str) -> Iterator[str]:
    """Serves what is at the address `app` under `path`; gives the address of a page of another origin with
    the app in a frame.
    """
    with _serving(_Proxy, upstream=urlsplit(app).netloc, prefix=path) as port:
        # Another host's name is another site to a browser, so the frame's cookies are a third party's.
        frame = f'<iframe src="http://127.0.0.1:{port}{path}/" width="1240" height="860"></iframe>'
        with _serving(_Page, page=f"<!doctype html><title>Hub</title>{frame}") as outer:
            yield f"http://localhost:{outer}/"


@contextmanager
def _serving(handler: type, **values) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), values))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Page(BaseHTTPRequestHandler):
    page: str

    def do_GET(self) -> None:
        body = self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args) -> None: ...


class _Proxy(BaseHTTPRequestHandler):
    """Takes the path off, as `proxy_pass` with a trailing slash does in nginx; passes pieces on at once."""

    upstream: str
    prefix: str

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return
        length = int(self.headers.get("Content-Length", 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_ONE_HOP}
        connection = http.client.HTTPConnection(self.upstream)
        path = self.path.removeprefix(self.prefix) or "/"
        connection.request(self.command, path, self.rfile.read(length) or None, headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_HOP:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while piece := answer.read1(65536):
                self.wfile.write(piece)
        except OSError:
            pass  # the browser has left
        finally:
            connection.close()

    def log_message(self, *_args) -> None: ...
