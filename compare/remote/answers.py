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
from compare.thinking.apart import Part, Thinking, as_token

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
        self._apart: Thinking | None = Thinking("")
        """of servers that leave it in the answer; None once this one has told a thought as such"""
        self._came = self._recalls = self._thinks = self._answers = False
        self._told: dict[str, int | float] = {}
        self._before: dict[str, int | float] = {}
        self._read: tuple[int, int] | None = None
        self._stop_string: str | None = None
        self._notices: tuple[str, ...] = ()
        self.reason: str | None = None
        """why it ended, once that has been told"""
        self._ended_at: float | None = None

    def feed(self, data: bytes, at: float) -> list[Event]:
        """What has become known with these bytes, which came `at`."""
        self._take_all(lambda: self._frames.feed(data))
        if self.reason is not None and self._ended_at is None:
            self._ended_at = at
        return self._events(at)

    def end(self, at: float) -> list[Event]:
        """What is left to be told, and the end, once nothing more comes: it was when its reason came."""
        self._take_all(self._frames.end)
        if self.reason is None:
            raise without_reason(self._server)
        events = self._events(at)
        for kind, half in self._halves.items():
            self._add(kind, letters.whole(half))
        if self._apart:
            self._divide(self._apart.finish())
        return [*events, Finished(
            run=self._run, at=self._ended_at or at, reason=self.reason, stop_string=self._stop_string,
            notices=self._notices, **self._taken_texts(at),
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
        if self._came:
            events.append(Chunk(run=self._run, at=at, **self._taken_texts(at)))
            self._came = False
        if self._told != self._before:
            self._before = dict(self._told)
            events.append(Counted(run=self._run, at=at, **self._sound()))
        return events

    def _sound(self) -> dict[str, int | float]:
        """What was told, without what contradicts the rest of it."""
        told = dict(self._told)
        if told.get("cached_tokens", 0) > told.get("prompt_tokens", 0):
            del told["cached_tokens"]
        thought = told.get("thinking_tokens")
        if thought is not None and (
            thought > told.get("output_tokens", thought) or (self._thinks and not thought)
        ):
            del told["thinking_tokens"]
        return told

    def _taken_texts(self, at: float) -> dict[str, Any]:
        """The values of an event by which they are told."""
        begins = bool(self._texts["text"]) and not self._answers
        self._thinks |= bool(self._texts["thinking"]) or self._recalls
        taken = {**self._texts, "recalls": self._recalls, "answer_at": at if begins else None}
        self._answers |= begins
        self._texts, self._recalls = {"text": "", "thinking": ""}, False
        return taken

    def _write(self, kind: str, text: Any) -> None:
        """Adds to the `text` of the answer, or to its `thinking`. JSON may cut a character in two."""
        if not isinstance(text, str) or not text:
            return
        text, self._halves[kind] = self._halves[kind] + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._halves[kind] = text[:-1], text[-1]
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self._came = True
        self._add(kind, text)

    def _add(self, kind: str, text: str) -> None:
        if kind == "thinking" and text and self._apart:
            self._divide(self._apart.finish())
            self._apart = None
        if kind == "text" and self._apart:
            piece = text.encode()
            self._divide(self._apart.push(piece, as_token(piece), 0.0))
        else:
            self._texts[kind] += text

    def _divide(self, part: Part) -> None:
        if part.recalls:
            self._recalls, self._answers = True, False
            self._texts = {"text": "", "thinking": self._texts["text"]}
        self._texts["thinking"] += part.thinking.decode()
        self._texts["text"] += part.answer.decode()

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
