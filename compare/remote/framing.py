"""From the bytes of a stream to its messages: server-sent events, or lines of JSON. Pure.

Server-sent events by html.spec.whatwg.org/multipage/server-sent-events.html; `id` and `retry` mean nothing
here.
"""

from collections.abc import Iterator

MOST_BYTES = 4 * 2**20
"""of one line: more is no message of an answer"""
_FIELDS = {b"data", b"event", b"id", b"retry"}


class Unreadable(ValueError):
    """What came is no stream of messages; `line` is its beginning."""

    def __init__(self, line: bytes):
        super().__init__("no message")
        self.line = line


class Lines:
    """Bytes in, whole lines out, without their ends: CR, LF or both."""

    def __init__(self):
        self._rest = bytearray()
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        if self._after_cr:
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        first, *lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest += first
        if len(self._rest) > MOST_BYTES:
            raise Unreadable(bytes(self._rest[:MOST_BYTES]))
        if not lines:
            return []
        whole, self._rest = bytes(self._rest), bytearray(lines.pop())
        return [whole, *lines]

    def end(self) -> list[bytes]:
        """A last line that lacks its end."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [rest] if rest.strip() else []


class ServerSentEvents:
    """Bytes in, the data of whole events out."""

    def __init__(self):
        self._lines = Lines()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield from self._events(self._lines.feed(data))

    def end(self) -> Iterator[bytes]:
        """An event that lacks its end: some servers close right behind the last."""
        yield from self._events([*self._lines.end(), b""])

    def _events(self, lines: list[bytes]) -> Iterator[bytes]:
        for line in lines:
            line = line.removeprefix(b"\xef\xbb\xbf")
            if not line:
                if self._data:
                    data, self._data, self._size = b"\n".join(self._data), [], 0
                    yield data
                continue
            field, _, value = line.partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
                self._size += len(line)
                if self._size > MOST_BYTES:
                    raise Unreadable(line)
            elif field and field not in _FIELDS:
                raise Unreadable(line)
