"""The parent's end of one child process: requests go in, events come out, and its death is an event too.

Knows no file, no comparison, no thread budget. Three threads a child: two read its events and its log, one
writes what it is asked, for a child that doesn't read must hold up nobody.
"""

import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

import psutil

from compare.models.surroundings import is_secret
from compare.protocol.events import BadEvent, Event, Failed, Hello, Loaded, Predicted, decode
from compare.protocol.requests import Request, encode
from compare.run.death import death

HELLO_S = 60.0
"""A child that hasn't said hello by then has failed."""
GONE_S = 2.0
"""So long it is waited for a child that was killed: one that hangs in a disk can't die before the disk
answers, and is taken note of once it has."""
LOG_LINES = 12
_LINE_BYTES = 16 * 2**20
_OPENMP = ("OMP_", "GOMP_", "KMP_")
WORKER = (sys.executable, "-m", "compare.child.worker")

Sink = Callable[[Event], None]

_started: "WeakSet[ChildProcess]" = WeakSet()
_starting = threading.Lock()


class ModelProcess(Protocol):
    """A handle on one model's process, wherever it was started: as a child, or in the fork of a lease."""

    sink: Sink
    """where events go, set anew for each run"""
    hello: Hello | None
    loaded: Loaded | None
    """how its model was loaded, while it is"""
    predicted: Predicted | None
    """what loading it was predicted to take; whoever has it loaded notes it here"""
    alive: bool
    pid: int
    hello_by: float
    """the monotonic time by which it must have said hello"""

    def send(self, request: Request) -> None:
        """Asks it something. Never waits for it."""

    def signs_of_life(self) -> object:
        """What changes as long as it works; None where that can't be seen."""

    def is_stopped(self) -> bool:
        """Whether a signal keeps it from answering anyone."""

    def close(self) -> bool:
        """Ends it; nothing more comes from it. Returns whether it is gone: some can't be had to go."""


def unheard(_event: Event) -> None:
    """A sink for events that no run waits for."""


class ChildProcess:
    """A ModelProcess over `python -m compare.child.worker`, or another command that speaks its protocol."""

    def __init__(self, sink: Sink, command: Sequence[str] = WORKER, hello_s: float = HELLO_S):
        self.sink = sink
        self.hello: Hello | None = None
        self.loaded: Loaded | None = None
        self.predicted: Predicted | None = None
        self.alive = True
        self.hello_by = time.monotonic() + hello_s
        self._run = 0
        self._closing = False
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._unsent: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with _starting:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                process_group=0,
            )
            _started.add(self)
        self._log_reader = threading.Thread(target=self._read_log, daemon=True)
        self._log_reader.start()
        threading.Thread(target=self._read_events, daemon=True).start()
        threading.Thread(target=self._write_requests, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def send(self, request: Request) -> None:
        """Asks the child. A child that is gone says so through its sink, not here."""
        self._run = request.run
        self._unsent.put(encode(request).encode())

    def signs_of_life(self) -> object:
        """Its processor time and its memory, which grows as it reads a file."""
        try:
            process = psutil.Process(self.pid)
            with process.oneshot():
                return process.cpu_times()[:2], process.memory_info().rss
        except psutil.Error:
            return None

    def is_stopped(self) -> bool:
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED
        except psutil.Error:
            return False

    def close(self) -> bool:
        self._closing = True
        self._child.kill()
        self._unsent.put(b"")
        gone = self._goes()
        self.alive = False
        return gone

    def _goes(self) -> bool:
        """Waits for its end, once it was killed."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(GONE_S)
        return self._child.returncode is not None

    def _write_requests(self) -> None:
        """Until the child is closed, or gone, which frees a write that it doesn't take."""
        with suppress(OSError):
            while data := self._unsent.get():
                while data:
                    data = data[os.write(self._child.stdin.fileno(), data) :]

    def _read_events(self) -> None:
        fault = None
        while line := self._child.stdout.readline(_LINE_BYTES):
            try:
                event = decode(line)
            except BadEvent as error:
                fault = f"The model's process sent something unreadable ({error}).\nRun it again."
                self._child.kill()
                break
            if isinstance(event, Hello):
                self.hello = event
            elif isinstance(event, Loaded):
                self.loaded = event
            if not self._closing:
                self.sink(event)
        if fault:
            self._goes()
        else:
            self._child.wait()
        self._unsent.put(b"")
        self._log_reader.join(timeout=1)
        self.alive = False
        if not self._closing:
            message = fault or death(self._child.returncode, self._log)
            at = time.monotonic()
            self.sink(Failed(run=self._run, at=at, message=message, log=tuple(self._log)))

    def _read_log(self) -> None:
        while line := self._child.stderr.readline(4096):
            if text := line.decode("utf-8", "replace").rstrip():
                self._log.append(text)


def _let_go_of_children() -> None:
    """A fork of this process, as ZeroGPU makes them, must not keep children alive that aren't its own:
    they end when nobody holds the other end of their stdin any more.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stdin in [process._child.stdin for process in list(_started)]:
        if not stdin.closed:
            # Not closed: the file object that stays behind would later close what then has this number.
            os.dup2(nowhere, stdin.fileno(), inheritable=False)
    os.close(nowhere)
    _starting.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_starting.acquire,
        after_in_parent=_starting.release,
        after_in_child=_let_go_of_children,
    )


def _environment() -> dict[str, str]:
    here = str(Path(__file__).resolve().parent.parent.parent)
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    # How many threads there are and how they wait is ours to say: OMP_THREAD_LIMIT of the surroundings would
    # silently leave fewer, OMP_WAIT_POLICY a third of the speed. libgomp's own spinning is the best found:
    # shorter (GOMP_SPINCOUNT from 1,000 to 100,000) a quiet machine wrote 0 to 20 % less.
    # It reads a file and needs no token; what it doesn't know, no crash of it can tell.
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OPENMP) and not is_secret(name)
    }
    return {
        **ours, "PYTHONPATH": path,
        # An abort inside ggml would start a debugger and bury its own message.
        "GGML_NO_BACKTRACE": "1",
        # numpy, which llama-cpp-python imports, would start a thread for each core but one, for nothing.
        "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
