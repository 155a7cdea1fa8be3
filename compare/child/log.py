"""llama.cpp's log, line by line: its last lines, its account of memory, what it warns of, why it failed.

Pure but for stderr, to which it is passed on. Whoever knows llama.cpp hands the lines over.
"""

import re
import sys
from collections import deque
from collections.abc import Sequence

from compare.child.advice import notice, readable

_INFO, _WARN, _ERROR, _CONT = 2, 3, 4, 5  # ggml_log_level in ggml.h
_BUFFER_LINE = re.compile(r"(\S+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([\d.]+) MiB")
_CACHE_LINE = re.compile(r"^llama_\w+: size = +([\d.]+) MiB")
_PARTS = {"model": "weights", "KV": "kv", "RS": "kv", "compute": "compute", "output": "compute"}


class EngineError(Exception):
    """What happened on the first line of its text, what to do on the next; `log`: llama.cpp's last lines;
    `void`: what was measured before counts for nothing.
    """

    def __init__(self, message: str, log: Sequence[str] = (), *, void: bool = False):
        super().__init__(message)
        self.log, self.void = tuple(log), void


class LogLines:
    """What llama.cpp has logged since `clear`."""

    def __init__(self, build: str):
        """`build`: the commit that llama.cpp was built from."""
        self._build = build
        self._last = deque(maxlen=12)
        self._level = 0
        self._buffers: dict[tuple[str, str], float] = {}  # MiB by device and kind of line
        self._cache_mib = 0.0
        self._notices: dict[str, None] = {}

    def clear(self) -> None:
        self._last.clear()
        self._buffers.clear()
        self._cache_mib = 0.0
        self._notices.clear()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of its warnings."""
        return tuple(self._notices)

    def faults(self) -> tuple[str, ...]:
        """The last warnings and errors, or the last lines where there are none."""
        bad = tuple(text for level, text in self._last if level >= _WARN)
        return bad or tuple(text for _, text in self._last)

    def failure(self) -> EngineError:
        """Why a load has failed, in plain words."""
        errors = [text for level, text in self._last if level == _ERROR]
        return EngineError(readable(errors, self._build), self.faults())

    def buffers(self) -> tuple[tuple[str, str, int], ...]:
        """What was allocated, to the 0.01 MiB of the log's lines: a device's name, then `weights`, `kv` or
        `compute`, then bytes. A device may have several of one kind.
        """
        return tuple(
            (device, _PARTS[kind], round(mib * 2**20))
            for (device, kind), mib in self._buffers.items()
        )

    def cache_bytes(self) -> int:
        """Of all caches, as large as they will be, allocated or not."""
        return round(self._cache_mib * 2**20)

    def heard(self, level: int, text: bytes) -> None:
        """A line, or a part of one that goes on with the level before."""
        self._level = level = self._level if level == _CONT else level
        line = text.decode("utf-8", "replace").rstrip()
        if level < _INFO or not line.strip("."):
            return
        sys.stderr.write(line + "\n")
        self._last.append((level, line))
        if level >= _WARN and (told := notice(line)):
            self._notices[told] = None
        if found := _BUFFER_LINE.search(line):
            device, kind, mib = found.groups()
            self._buffers[device, kind] = self._buffers.get((device, kind), 0.0) + float(mib)
        elif found := _CACHE_LINE.search(line):
            self._cache_mib += float(found[1])
