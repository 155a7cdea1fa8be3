"""What the decoders of all protocols have in common: bytes of an answer in, events out. Pure.

Tokens are never counted here: one message may hold several, and several messages may come at once. What
came at once is one Chunk, and what the server told of its counts by then one Counted.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from compare import letters
from compare.protocol.events import Chunk, Counted, Event, Finished, Prefill
from compare.remote.faults import ServerFault, in_the_stream, unreadable, without_reason
from compare.remote.framing import Lines, ServerSentEvents, Unreadable

_REASONS = {
    "stop": "stop", "eos": "stop", "eos_token": "stop", "stop_sequence": "stop", "end_turn": "stop",
    "length": "length", "max_tokens": "length", "model_length": "length",
}  # fmt: skip
"""What servers call the two ways in which an answer ends by itself."""
ENDED_IT = "The server ended it with “{}”."


class Decoder:
    """One answer's stream: `feed` it as it comes, then `end` it. Raises ServerFault."""

    framing: Callable[[], Lines | ServerSentEvents] = ServerSentEvents

    def __init__(self, run: int, server: str, max_tokens: int):
        self._run, self._server, self._max_tokens = run, server, max_tokens
        self._frames = self.framing()
        self._texts = {"text": "", "thinking": ""}
        self._halves = {"text": "", "thinking": ""}
        """of characters, whose other half is in the message to come"""
        self._answers = False
        self._told: dict[str, int | float] = {}
        self._before: dict[str, int | float] = {}
        self._read: tuple[int, int] | None = None
        self._stop_string: str | None = None
        self._notices: tuple[str, ...] = ()
        self.reason: str | None = None
        """why it ended, once that has been told"""

    def feed(self, data: bytes, at: float) -> list[Event]:
        """What has become known with these bytes, which came `at`."""
        self._take_all(lambda: self._frames.feed(data))
        return self._events(at)

    def end(self, at: float) -> list[Event]:
        """What is left to be told, and the end, once nothing more comes."""
        self._take_all(self._frames.end)
        for kind, half in self._halves.items():
            self._texts[kind] += letters.whole(half)
        if self.reason is None:
            raise without_reason(self._server)
        events = self._events(at)
        return [*events, Finished(
            run=self._run, at=at, reason=self.reason, stop_string=self._stop_string,
            notices=self._notices,
        )]  # fmt: skip

    def take(self, message: Mapping[str, Any]) -> None:
        """One message of the protocol."""
        raise NotImplementedError

    def _take_all(self, messages: Callable) -> None:
        try:
            for data in messages():
                if data.strip() and data.strip() != b"[DONE]":
                    self.take(self._parsed(data))
        except Unreadable as error:
            raise self._fault(error.line) from None

    def _parsed(self, data: bytes) -> Mapping[str, Any]:
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            raise Unreadable(data) from None
        if not isinstance(message, dict):
            raise Unreadable(data)
        if error := message.get("error"):
            raise in_the_stream(self._server, error)
        return message

    def _fault(self, line: bytes) -> ServerFault:
        """A document where a stream was due may say what is wrong."""
        try:
            self._parsed(line)
        except ServerFault as told:
            return told
        except Unreadable:
            pass
        return unreadable(self._server)

    def _events(self, at: float) -> list[Event]:
        events: list[Event] = []
        if self._read is not None:
            done, total = self._read
            events.append(Prefill(run=self._run, at=at, done=done, total=total))
            self._read = None
        if self._texts["text"] or self._texts["thinking"]:
            answer_at = at if self._texts["text"] and not self._answers else None
            self._answers |= bool(self._texts["text"])
            events.append(Chunk(run=self._run, at=at, answer_at=answer_at, **self._texts))
            self._texts = {"text": "", "thinking": ""}
        if self._told != self._before:
            self._before = dict(self._told)
            events.append(Counted(run=self._run, at=at, **self._told))
        return events

    def _write(self, kind: str, text: Any) -> None:
        """Adds to the `text` of the answer, or to its `thinking`. JSON may cut a character in two."""
        if not isinstance(text, str) or not text:
            return
        text, self._halves[kind] = self._halves[kind] + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._halves[kind] = text[:-1], text[-1]
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self._texts[kind] += text

    def _progress(self, done: Any, total: Any) -> None:
        if (done := count(done)) is not None and (total := count(total)):
            self._read = min(done, total), total

    def _tell(self, **told: int | float | None) -> None:
        self._told.update({name: value for name, value in told.items() if value is not None})

    def _ends(self, reason: Any) -> None:
        if isinstance(reason, str) and reason:
            self.reason = _REASONS.get(reason, "stop")
            if reason not in _REASONS:
                self._notices = (ENDED_IT.format(letters.name(reason[:60])),)


def count(value: Any) -> int | None:
    """A number of tokens, where it can be one."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 <= value < 10**9 else None


def rate(value: Any) -> float | None:
    """A number of tokens a second, or of seconds, where it can be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 1e9 else None


def table(value: Any) -> Mapping[str, Any]:
    """A JSON object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}
