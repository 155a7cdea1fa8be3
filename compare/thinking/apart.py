"""What a model thinks set apart from its answer, token by token: bytes in, the bytes of both out.

A thought may begin where the answer may: at its start, behind another thought, in the end of the prompt. A
mark in the middle of an answer is text, unless it is a control token, which nobody quotes. Knows no model: a
token comes as what it shows and, where the vocabulary has it as a token of its own, as what it is called.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from compare.thinking.marks import ANSWERS, CHANNELS, TAGS, Channels, Tags

MAX_HEADER_BYTES = 200
"""What is longer is no message's header, but text."""
_TEXT, _OWN, _HIDDEN = range(3)
"""How a byte was written: in a piece of text, in a token of its own, in one that doesn't show."""
_QUOTES = tuple(sign.encode() for sign in "`'\"([“‘«")
_HEADER_BEGUN = re.compile(r"[\w =.:-]*")

_Row = Tags | Channels
_Mark = tuple[bytes, int, _Row | None]
"""A mark, how its first byte must at least have been written, and whose thought or header begins with it."""


class Part(NamedTuple):
    """What has become certain by one token."""

    thinking: bytes = b""
    answer: bytes = b""
    thinking_tokens: int = 0
    """so many more were thinking; those of marks, and of the space around them, belong to neither"""
    answer_at: float | None = None
    """when the answer's first token came: told once"""
    recalls: bool = False
    """what was told as the answer before this was thinking: it began without a mark, and ended with one"""


@dataclass(slots=True)
class _Token:
    """One whose bytes aren't all told yet."""

    left: int
    at: float
    shows: bool
    counted: bool = False


class Thinking:
    """An answer that is being written, after the `prompt` as the model read it."""

    def __init__(self, prompt: str):
        self._tags = [row for row in TAGS if not row.agreed or any(e in prompt for e in row.ends)]
        self._held, self._kinds = bytearray(), bytearray()
        self._tokens: deque[_Token] = deque()
        self._part = Part()
        self._thought = self._answered = 0  # tokens told as which
        self._answers = False  # something was told of the answer
        self._marked = False  # there has been a mark, in the prompt's end or since
        self._fresh = True  # nothing has been told since it went over from the one to the other
        self._last = b""  # told of the answer
        self._closer: bytes | None = None  # to stand behind the answer, like what stands before
        self._channels: Channels | None = None  # in use
        self._ends: list[_Mark] = []  # of what is being read: a thought, or the answer
        self._again: tuple[bytes, ...] = ()  # what a thought may begin with once more
        self._step = self._begin
        self._set_out(prompt)

    def push(self, piece: bytes, own: bytes, at: float) -> Part:
        """A token: what it shows, what it is called where it is one of its own, and when it came."""
        if self._step == self._write and not (own or self._held or self._fresh or self._closer):
            self._answered += 1
            self._last = piece or self._last
            return Part(answer=piece)
        self._part = Part()
        if piece or is_mark(own):
            kind = (_OWN if piece else _HIDDEN) if own else _TEXT
            data = piece or own
            self._held += data
            self._kinds += bytes([kind]) * len(data)
            self._tokens.append(_Token(len(data), at, bool(piece)))
        while self._held and self._step():
            pass
        return self._part

    def finish(self) -> Part:
        """What was held back, and has become no mark."""
        self._part = Part()
        if self._step == self._think:
            self._tell_thought(len(self._held), whole=True)
        elif self._step == self._read_header and self._kinds[:1] != bytes([_TEXT]):
            self._drop(len(self._held))
        else:
            trims = self._closer or self._behind
            self._tell_answer(len(self._held.rstrip() if trims else self._held))
        return self._part

    def ends_message(self, own: bytes) -> bool:
        """Whether a token that ends an answer elsewhere ends no more than a thought here."""
        return self._step == self._think and own in {m for m, _, row in self._ends if row is None}

    # Where it begins, and what it goes through.

    def _set_out(self, prompt: str) -> None:
        """The prompt may end in a thought, behind one, or in the header of the message to be written."""
        end = prompt.rstrip()
        for row in self._tags:
            if end.endswith(row.begins):
                self._enter_thought(row, _TEXT)
            elif end.endswith(row.ends):
                self._go_on()
        for row in CHANNELS:
            at, begin = max((end.rfind(begin), begin) for begin in row.begins)
            if at < 0 or not any(mark in end for mark in row.ends):
                continue
            if end.endswith(row.ends):
                if any(name in end[at:] for name in row.thinking):
                    self._enter_thought(row, _TEXT)
            elif _HEADER_BEGUN.fullmatch(end, at + len(begin)):
                self._channels, self._step = row, self._read_header

    @property
    def _behind(self) -> bool:
        """Whether it stands behind a mark: there, space is left out."""
        return self._fresh and self._marked

    def _enter(self, mark: bytes, row: _Row | None, at: int = 0) -> None:
        """Past a mark `at` which a thought or a header of this row begins, or with none, something ends."""
        kind = self._kinds[at]
        if isinstance(row, Channels):
            self._drop(at)
            self._channels, self._step = row, self._read_header
            return
        self._drop(at + len(mark))
        if row is None:
            self._go_on(_answers().get(mark))
        else:
            self._enter_thought(row, kind)

    def _enter_thought(self, row: _Row, kind: int) -> None:
        if isinstance(row, Tags):
            self._ends = [(mark, _TEXT, None) for mark in _encoded(row.ends)]
            self._again = _encoded(row.begins)
        else:
            self._channels, self._again, need = row, (), min(kind, _OWN)
            self._ends = [(mark, need, row) for mark in _encoded(row.begins)]
            self._ends += [(mark, need, None) for mark in _encoded(row.closes)]
        self._marked = self._fresh = True
        self._step = self._think

    def _go_on(self, closer: bytes | None = None) -> None:
        """To whatever comes behind a mark: most often the answer."""
        self._closer, self._marked, self._fresh, self._step = closer, True, True, self._begin

    def _enter_answer(self) -> None:
        """Marks that count in its middle; and an end, where there was no mark before."""
        self._ends = [(mark, _HIDDEN, row) for row in self._tags for mark in _encoded(row.begins)]
        self._ends += [(mark, _OWN, row) for row in CHANNELS for mark in _encoded(row.begins)]
        if self._channels:
            self._ends += [(mark, _OWN, None) for mark in _encoded(self._channels.closes)]
        if self._closer:
            self._ends.append((self._closer, _TEXT, None))
        if not self._marked:
            self._ends += [(mark, _OWN, None) for row in self._tags for mark in _encoded(row.ends)]
        self._step = self._write

    # Steps: each tells or drops what is certain, and says whether there is more to do at once.

    def _begin(self) -> bool:
        """A thought, a header or the answer begins."""
        space = len(self._held) - len(self._held.lstrip())
        if self._behind:
            self._drop(space)
            space = 0
        rest = bytes(self._held[space:])
        begun = [each for each in self._beginnings() if _begun(each[0], rest)]
        if not rest or any(len(mark) > len(rest) for mark, _ in begun):
            return False
        if begun:
            self._enter(*begun[0], space)
        else:
            self._enter_answer()
        return True

    def _beginnings(self) -> Iterator[tuple[bytes, _Row | None]]:
        """What may stand where it begins, and whose it is."""
        for row in (*self._tags, *CHANNELS):
            yield from ((mark, row) for mark in _encoded(row.begins))
        for row in self._tags:
            yield from ((mark, None) for mark in _encoded(row.ends))
        if self._channels:
            yield from ((mark, None) for mark in _encoded(self._channels.closes))
        if self._behind:
            yield from ((mark, None) for mark in _answers())

    def _think(self) -> bool:
        """Within a thought."""
        if self._fresh:
            rest = bytes(self._held.lstrip())
            for mark in self._again:  # which the prompt had begun with
                if _begun(mark, rest) and len(rest) >= len(mark):
                    self._drop(len(self._held) - len(rest) + len(mark))
                    return True
                if _begun(mark, rest):
                    return False
        at, mark, row = self._find()
        self._tell_thought(at, whole=mark is not None)
        if mark is not None:
            self._enter(mark, row)
        return mark is not None

    def _read_header(self) -> bool:
        """Within a message's header, which names its channel."""
        row, held = self._channels, bytes(self._held)
        found = min(((held.find(m), m) for m in _encoded(row.ends) if m in held), default=None)
        if found:
            header = held[: found[0] + len(found[1])]
            kind = self._kinds[found[0]]
            self._drop(len(header))
            if any(name in header for name in _encoded(row.thinking)):
                self._enter_thought(row, kind)
            else:
                self._go_on()
        elif len(held) > MAX_HEADER_BYTES:
            self._tell_answer(len(held))
            self._enter_answer()
        return found is not None

    def _write(self) -> bool:
        """Within the answer."""
        at, mark, row = self._find()
        before = bytes(self._held[:at])
        if mark is not None and row is None and not self._marked:
            if (before or self._last).endswith(_QUOTES):
                self._tell_answer(at + len(mark))
                return True
            self._tell_answer(len(before.rstrip()))
            self._recall()
        else:
            self._tell_answer(len(before.rstrip()) if self._closer else at)
        if mark is not None:
            self._enter(mark, row, len(self._held) - len(self._held.lstrip()))
        return mark is not None

    def _find(self) -> tuple[int, bytes | None, _Row | None]:
        """The first mark with which this ends; without one, from where on one may be begun."""
        held, found = self._held, (len(self._held), None, None)
        for mark, need, row in self._ends:
            at = held.find(mark)
            while at >= 0 and self._kinds[at] < need:
                at = held.find(mark, at + 1)
            whole = at >= 0
            if not whole:
                at = next(
                    (n for n in range(max(0, len(held) - len(mark) + 1), len(held))
                     if mark.startswith(held[n:]) and self._kinds[n] >= need),
                    len(held),
                )  # fmt: skip
            if at < found[0]:
                found = (at, mark, row) if whole else (at, None, None)
        return found

    # What they tell.

    def _tell_thought(self, n: int, whole: bool) -> None:
        """The first `n` bytes held are thinking, of a thought that is `whole` with them or goes on."""
        held = bytes(self._held[:n])
        if self._fresh:
            space = len(held) - len(held.lstrip())
            self._drop(space)
            n, held = n - space, held[space:]
        solid = len(held.rstrip())
        if solid:
            between = b"\n\n" if self._fresh and self._thought else b""
            self._fresh = False
            text, tokens, _ = self._taken(solid)
            self._thought += tokens
            self._part = self._part._replace(
                thinking=self._part.thinking + between + text,
                thinking_tokens=self._part.thinking_tokens + tokens,
            )
        if whole:
            self._drop(n - solid)

    def _tell_answer(self, n: int) -> None:
        """The first `n` bytes held are the answer's."""
        text, tokens, at = self._taken(n)
        if not text:
            return
        between = b"\n\n" if self._fresh and self._answers else b""
        self._part = self._part._replace(answer=self._part.answer + between + text)
        if not self._answers:
            self._part = self._part._replace(answer_at=at)
        self._answers, self._fresh, self._last = True, False, text
        self._answered += tokens

    def _recall(self) -> None:
        """What was told as the answer was thinking."""
        self._thought, self._answered, self._answers = self._answered, 0, False
        self._part = Part(self._part.answer, thinking_tokens=self._thought, recalls=True)

    def _drop(self, n: int) -> None:
        """The first `n` bytes held belong to neither."""
        self._taken(n, counts=False)

    def _taken(self, n: int, counts: bool = True) -> tuple[bytes, int, float | None]:
        """Takes the first `n` bytes held: those that show, how many of their tokens count now for the first
        time, and when the first of these tokens came."""
        kinds, bytes_ = self._kinds[:n], self._held[:n]
        text = bytes(byte for byte, kind in zip(bytes_, kinds, strict=True) if kind != _HIDDEN)
        del self._held[:n], self._kinds[:n]
        tokens, first_at = 0, None
        while n > 0:
            token = self._tokens[0]
            used = min(n, token.left)
            token.left, n = token.left - used, n - used
            if counts and token.shows:
                tokens += not token.counted
                token.counted = True
                first_at = token.at if first_at is None else first_at
            if not token.left:
                self._tokens.popleft()
        return text, tokens, first_at


@cache
def _encoded(marks: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(mark.encode() for mark in marks)


@cache
def _answers() -> Mapping[bytes, bytes]:
    return {begin.encode(): end.encode() for begin, end in ANSWERS.items()}


@cache
def is_mark(own: bytes) -> bool:
    """Whether a token that doesn't show is a mark, or a part of one."""
    marks = [mark for row in (*TAGS, *CHANNELS) for mark in (*row.begins, *row.ends)]
    marks += [mark for row in CHANNELS for mark in row.closes]
    marks += [*ANSWERS, *ANSWERS.values()]
    return bool(own) and any(own in mark.encode() for mark in marks)


def as_token(piece: bytes) -> bytes:
    """A piece of text from elsewhere that is the end of a thought and nothing more, as what it most likely
    was: a token of its own. Else nothing.
    """
    return piece if piece in _ends() else b""


@cache
def _ends() -> frozenset[bytes]:
    return frozenset(end for row in TAGS if not row.agreed for end in _encoded(row.ends))


def _begun(mark: bytes, rest: bytes) -> bool:
    """Whether the mark stands at the beginning of `rest`, or `rest` is the beginning of it."""
    return rest.startswith(mark) or mark.startswith(rest)
