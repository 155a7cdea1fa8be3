"""From the bytes of tokens to text that can be shown: whole characters, and nothing of a stop string.

Knows no model and no token, only bytes in and text out.
"""

import codecs
from collections.abc import Sequence


class TextStream:
    """Bytes go in token by token; text comes out as soon as it is certain.

    Bytes that begin a character wait for the rest of it; bytes that are no character become U+FFFD.
    Text that may be the beginning of a stop string waits until it is one, or can't be one.
    """

    def __init__(self, stops: Sequence[str] = (), unseen: str = ""):
        """`unseen`: letters that may belong to a stop string, and are never shown."""
        self._stops = tuple(stops)
        self._unseen = dict.fromkeys(map(ord, unseen))
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped: str | None = None
        """the stop string that has ended it"""

    def push(self, piece: bytes) -> str:
        """The text that has become certain. Sets `stopped` once a stop string is complete."""
        text = self._decoder.decode(piece)
        if not self._stops:
            return self._seen(text)
        self._held += text
        found = [(self._held.find(stop), stop) for stop in self._stops if stop in self._held]
        if found:
            at, self.stopped = min(found)
            text, self._held = self._held[:at], ""
            return self._seen(text)
        keep = max(_overlap(self._held, stop) for stop in self._stops)
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return self._seen(text)

    def finish(self) -> str:
        """What was held back as a possible stop string; a character cut short is dropped."""
        text, self._held = self._held, ""
        return self._seen(text)

    def _seen(self, text: str) -> str:
        return text.translate(self._unseen) if self._unseen else text


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` begin `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
