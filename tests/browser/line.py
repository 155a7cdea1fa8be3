"""A line between a browser and an app on loopback, that can be cut."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Line:
    """Passes on what is said to the app at an address, byte for byte; `address` is where it listens."""

    def __init__(self, app: str):
        self._app = ("127.0.0.1", urlsplit(app).port)
        self._held: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Ends every connection there is; new ones are taken."""
        held, self._held = self._held, []
        for end in held:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        self._server.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                browser, _ = self._server.accept()
                app = socket.create_connection(self._app)
                self._held += browser, app
                for ends in ((browser, app), (app, browser)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(65536):
                target.sendall(said)
            target.shutdown(socket.SHUT_WR)
