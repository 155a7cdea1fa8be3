"""The child: `python -m compare.child.worker`. Requests in on stdin, events out on what was stdout.

One model, one request at a time; a thread reads stdin, so that a cancel is heard between two tokens.
Ends when stdin does. Knows nothing of the parent, of files' origins or of other columns.
"""

import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from compare.child import cuda
from compare.protocol.events import (
    Delta,
    Event,
    Failed,
    Finished,
    Hello,
    Threads,
    encode,
    unforeseen,
)
from compare.protocol.requests import (
    Cancel,
    Generate,
    Load,
    Measure,
    Request,
    Reserve,
    SetThreads,
    decode,
)

BATCH_S = 0.07
"""Tokens of a fast model leave together, so that the parent isn't woken for each: it would take a core
from the model. More often than a snapshot is taken, so that each has news. Their times are stamped before."""
OOM_SCORE_ADJ = Path("/proc/self/oom_score_adj")
"""What Linux adds to a process's share of memory, in thousandths, as it looks for one to end (proc(5))."""


class Outbox:
    """What the parent is told, a line an event, in their order."""

    def __init__(self, fd: int):
        self._fd = fd
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._sent_at = 0.0

    def emit(self, event: Event) -> None:
        """Tells it at once, but for a token that comes right after another."""
        with self._lock:
            self._lines.append(encode(event))
            if isinstance(event, Delta):
                if event.at - self._sent_at < BATCH_S:
                    return
                self._sent_at = event.at
            data, self._lines = "".join(self._lines).encode(errors="replace"), []
            while data:
                data = data[os.write(self._fd, data) :]


class Inbox:
    """What the parent has said. Loads and prompts queue up; a cancel or new threads count at once."""

    def __init__(self):
        self._work: queue.SimpleQueue[Reserve | Load | Generate | Measure] = queue.SimpleQueue()
        self._cancelled = 0
        self._threads: int | None = None
        self._undone = 0

    def listen(self, emit) -> None:
        """Reads stdin to its end, then ends the process: whoever asked is gone."""
        try:
            for line in sys.stdin.buffer:
                self._hear(decode(line), emit)
        except (ValueError, TypeError) as error:
            sys.stderr.write(f"not a request: {error}\n")
            os._exit(2)
        os._exit(0)

    def _hear(self, request: Request, emit) -> None:
        match request:
            case Cancel(run=run):
                self._cancelled = max(self._cancelled, run)
            case SetThreads(run=run, n=n):
                self._threads = n
                if not self._undone:
                    emit(Threads(run=run, at=time.monotonic(), n=n))
            case _:
                self._threads = None  # the request brings its own
                self._undone += 1
                self._work.put(request)

    def next(self) -> Reserve | Load | Generate | Measure:
        return self._work.get()

    def done(self) -> None:
        """What `next` gave has been answered."""
        self._undone -= 1

    def cancelled(self, run: int) -> bool:
        return run <= self._cancelled

    def threads_wanted(self) -> int | None:
        wanted, self._threads = self._threads, None
        return wanted


def main() -> None:
    # llama.cpp and its libraries may print: only this copy of fd 1 speaks the protocol.
    protocol = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    with suppress(OSError):
        # Where the memory is short a column goes, not the app, which may well be larger.
        OOM_SCORE_ADJ.write_text("1000")
    emit = Outbox(protocol).emit
    inbox = Inbox()
    # Before the import of llama.cpp: a parent that dies meanwhile must be noticed.
    threading.Thread(target=inbox.listen, args=(emit,), daemon=True).start()
    cuda.preload()
    from compare.child.answer import answer
    from compare.child.engine import Engine, reserve
    from compare.child.llama import EngineError, Log, describe
    from compare.child.measure import measure

    log = Log()
    emit(Hello(run=0, at=time.monotonic(), **describe()))
    engine = None
    while True:
        request = inbox.next()
        taken_at = time.monotonic()
        try:
            if inbox.cancelled(request.run):
                emit(Finished(run=request.run, at=time.monotonic(), reason="cancelled"))
            elif isinstance(request, Reserve):
                emit(reserve(request, log))
            elif isinstance(request, Load):
                if engine is not None:
                    engine.close()
                    engine = None
                engine = Engine(request, log, emit)
            elif engine is None:
                raise EngineError("No model is loaded.\nRun it again.")
            elif isinstance(request, Measure):
                measure(engine, request, taken_at, emit, inbox)
            else:
                answer(engine, request, taken_at, emit, inbox)
        except EngineError as error:
            emit(_failed(request.run, str(error), error.log, error.void))
        except Exception as error:  # the border: whatever it was, it fails this column only
            emit(_failed(request.run, unforeseen(error), log.faults()))
        inbox.done()


def _failed(run: int, message: str, log: tuple[str, ...], void: bool = False) -> Failed:
    return Failed(run=run, at=time.monotonic(), message=message, log=log, void=void)


if __name__ == "__main__":
    main()
