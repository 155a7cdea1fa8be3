"""A GPU of ZeroGPU for one run: asked for once its files are here, given back when it ends.

On such a Space no process of ours has a GPU. The package `spaces` forks one for each lease, which alone may
use it, so a run's children are started there: requests go to the fork through a socket, for a fork that is
used again has inherited none, and events come back as what the decorated generator yields. Knows no page,
no line and no file. The only `spaces`.
"""

import contextvars
import math
import os
import queue
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from compare.asked.comparison import Bench, Comparison
from compare.protocol.events import Event, Failed, Hello, Loaded, Predicted
from compare.protocol.requests import Generate, Measure, Request, decode, encode
from compare.run import terms
from compare.run.process import ChildProcess, Sink
from compare.usage import UsageError

HEARTBEAT_S = 0.2
"""The generator yields at least so often: `spaces` looks only then whether anyone still listens."""
STOP_S = 1.0
"""So long before a lease ends its children are ended: what holds a GPU then may be killed with the fork."""
ANSWER_S = 3.0
"""So long before a lease ends an answer must: long enough for a batch of the prompt, and to tell of it."""
END_S = 10.0
"""The longest that a run waits until its lease is given back."""

A_DAY_S = 86_400.0

VRAM_BYTES = 45_097_156_608
"""What a model may count on: `xlarge_threshold` in spaces/zero/configs.json, above which `spaces` itself
wants more than the usual half of the card, whose 48 GB the documentation names."""

Told = tuple[int, object]
"""A child's number, and what is told of it: an Event, its process's id, or GONE."""
Lend = Callable[[str, int], Iterator[list[Told]]]
GONE = "gone"


@dataclass(frozen=True, slots=True)
class Began:
    """The fork runs; its lease ends at that time of the machine's monotonic clock."""

    ends_at: float


# In the fork.

_forked_at: float | None = None


def _note_fork() -> None:
    global _forked_at
    _forked_at = time.monotonic()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def _began_at() -> float:
    """When this lease began: a new fork was made then, one that is used again is asked at once."""
    global _forked_at
    at, _forked_at = _forked_at or time.monotonic(), None
    return at


def lend(address: str, seconds: int) -> Iterator[list[Told | Began]]:
    """Serves the run that listens at `address`, a socket, until it hangs up or `seconds` are over.

    Yields what its children have said. None outlives it: a fork that has ended its work may be killed, or
    used again for another visitor.
    """
    ends_at = _began_at() + seconds
    heard: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
    children: dict[int, ChildProcess] = {}
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect(address)
        except OSError:
            return  # the run has ended meanwhile
        threading.Thread(target=_listen, args=(asked, heard), daemon=True).start()
        yield [Began(ends_at)]
        try:
            while time.monotonic() < ends_at - STOP_S:
                told: list[Told] = []
                for each in _come(heard):
                    if each is None:
                        return
                    told += _done(*each, children, heard)
                yield told
        finally:
            for child in children.values():
                child.close()
            _hang_up(asked)


def _listen(asked: socket.socket, heard: queue.SimpleQueue) -> None:
    """Reads requests, a line each: a child's number, then `spawn`, `close`, or what it is asked."""
    with suppress(OSError), asked.makefile("rb") as lines:
        for line in lines:
            number, _, what = line.partition(b" ")
            heard.put((int(number), what.strip()))
    heard.put(None)


def _come(heard: queue.SimpleQueue) -> Iterator[Told | None]:
    """What has come, after a heartbeat at most."""
    try:
        yield heard.get(timeout=HEARTBEAT_S)
        while True:
            yield heard.get_nowait()
    except queue.Empty:
        pass


def _done(
    number: int, what: object, children: dict[int, ChildProcess], heard: queue.SimpleQueue
) -> list[Told]:
    """Does what is asked, passes on what a child says; returns what is to be told."""
    match what:
        case b"spawn":
            try:
                children[number] = ChildProcess(lambda event: heard.put((number, event)))
            except OSError as error:
                message = f"The model's process can't be started: {error.strerror}.\nRun it again."
                return [(number, Failed(run=0, at=time.monotonic(), message=message))]
            return [(number, children[number].pid)]
        case b"close":
            if number in children:
                children.pop(number).close()
            return [(number, GONE)]
        case bytes(line):
            if number in children:
                children[number].send(decode(line))
            return []
    return [(number, what)]


# In the app's own process.


def declare() -> Lend:
    """`lend` as `spaces` wraps it: a Space without such a function is stopped. Before the page's launch.

    Raises UsageError.
    """
    try:
        import spaces
    except (ImportError, AssertionError) as error:
        said = str(error).rstrip(".")
        raise UsageError(
            f"SPACES_ZERO_GPU says that this is a ZeroGPU Space, but it can't be one: {said}. Unset it."
        ) from error
    return spaces.GPU(duration=_duration)(lend)


def _duration(_address: str, seconds: int) -> int:
    """As `spaces` takes it: for some cards it asks for half as much again (spaces/zero/client.py)."""
    return math.ceil(seconds / _factor())


def _factor() -> float:
    from spaces.zero import client

    try:
        return client.get_duration_seconds(timedelta(seconds=100), None) / 100
    except (AttributeError, TypeError):
        return 1.0  # a lease is longer than it need be, where another `spaces` asks for more


class Leases:
    """Makes a lease for each run, on the thread of the event that asks for it."""

    def __init__(self, lend: Lend):
        self._lend = lend
        self._compiled = False

    def __call__(self, asked: Comparison | Bench) -> "Lease":
        needed = (
            terms.FORK_S
            + terms.seconds(asked)
            + ANSWER_S
            + (0 if self._compiled else terms.COMPILE_S)
        )
        return Lease(self._lend, min(terms.MOST_S, math.ceil(needed)), self._loaded)

    def _loaded(self) -> None:
        self._compiled = True


class Lease:
    """The GPU of one run. It is asked for with the first child; one thread follows it to its end."""

    def __init__(self, lend: Lend, seconds: int, on_loaded: Callable[[], None] = lambda: None):
        self._lend, self._seconds, self.on_loaded = lend, seconds, on_loaded
        # `spaces` finds the visitor's token in the context of the event that asks for the run.
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._processes: list[LeasedProcess] = []
        self._thread: threading.Thread | None = None
        self._unsent = b""
        self._asking: socket.socket | None = None
        self._ended = False
        self.ends_at = math.inf
        self.over: str | None = None
        """why nothing more comes of it"""

    def spawn(self, sink: Sink) -> "LeasedProcess":
        """A child on the GPU, as soon as there is one."""
        process = LeasedProcess(self, len(self._processes), sink)
        self._processes.append(process)
        self.ask(process.number, "spawn")
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._context.run, args=(self._follow,), daemon=True, name="lease"
            )
            self._thread.start()
        return process

    def ask(self, number: int, what: str) -> bool:
        """Asks the fork; returns whether it is there. What is asked before that is kept for it."""
        line = f"{number} {what.strip()}\n".encode()
        with self._lock:
            if self._asking is None:
                self._unsent += line
                return False
            try:
                self._asking.sendall(line)
            except OSError:
                return False  # it is gone, which the end of the lease tells
            return True

    def end(self) -> None:
        """Gives the GPU back; waits for that, unless the lease still waits for its GPU."""
        with self._lock:
            self._ended = True
            if self._asking is not None and self.over is None:
                _hang_up(self._asking)
        if self._asking is not None:
            self._thread.join(END_S)

    def _follow(self) -> None:
        over = (
            f"The {self._seconds} s of GPU time that were reserved are over.\n"
            "Run it again with fewer models or fewer tokens."
        )
        try:
            self._follow_to_its_end()
        except Exception as error:  # the border: whatever `spaces` and its host come up with
            over = terms.refusal(error, self._seconds)
        with self._lock:
            self.over = over
            if self._asking is not None:
                self._asking.close()
        for process in self._processes:
            process.ended()

    def _follow_to_its_end(self) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="lease-") as folder,
            socket.socket(socket.AF_UNIX) as listening,
        ):
            listening.bind(address := os.path.join(folder, "asked"))
            listening.listen(1)
            with closing(self._lend(address, self._seconds)) as going:
                for told in going:
                    if self._ended and self._asking is None:
                        return
                    self._take_in(told, listening)

    def _take_in(self, told: list, listening: socket.socket) -> None:
        for each in told:
            if isinstance(each, Began):
                self.ends_at = each.ends_at
                self._connect(listening)
            else:
                number, what = each
                self._processes[number].told(what)

    def _connect(self, listening: socket.socket) -> None:
        """The fork has called before it said that it began."""
        asking, _ = listening.accept()
        with self._lock:
            self._asking = asking
            asking.sendall(self._unsent)
            if self._ended:
                _hang_up(asking)


def _hang_up(connection: socket.socket) -> None:
    """Ends it for every process that may have inherited it."""
    with suppress(OSError):  # where the other end was first
        connection.shutdown(socket.SHUT_RDWR)


class LeasedProcess:
    """A ModelProcess in a lease's fork. It serves one run and is gone with the lease."""

    def __init__(self, lease: Lease, number: int, sink: Sink):
        self.sink = sink
        self.number = number
        self.hello: Hello | None = None
        self.loaded: Loaded | None = None
        self.predicted: Predicted | None = None
        self.alive = True
        self.pid = 0
        # Whoever waits for a GPU says no hello; once there is one, the lease's end is nearer.
        self.hello_by = time.monotonic() + A_DAY_S
        self._lease = lease
        self._run = 0
        self._closing = False
        self._gone = threading.Event()

    def send(self, request: Request) -> None:
        self._run = request.run
        if isinstance(request, Generate | Measure):
            request = replace(request, max_seconds=self._within(request.max_seconds))
        self._lease.ask(self.number, encode(request))
        if self._lease.over:
            self._fail()

    def signs_of_life(self) -> None:
        """Not to be seen from here; the end of its lease is its end."""

    def is_stopped(self) -> bool:
        return False

    def _within(self, max_seconds: float | None) -> float:
        """The answer's limit, or what is left of the lease."""
        left = self._lease.ends_at - ANSWER_S - time.monotonic()
        return max(0.1, min(left, max_seconds or left))

    def close(self) -> bool:
        self._closing = True
        gone = not self._lease.ask(self.number, "close") or self._gone.wait(END_S)
        self.alive = False
        return gone

    def told(self, what: object) -> None:
        """Takes in what the fork says of it."""
        match what:
            case int(pid):
                self.pid = pid
            case Hello():
                self.hello = what
            case Loaded():
                self.loaded = what
                self._lease.on_loaded()
            case _ if what == GONE:
                self._gone.set()
        if isinstance(what, Event) and not self._closing:
            self.sink(what)

    def ended(self) -> None:
        """The lease is over."""
        self._gone.set()
        self._fail()

    def _fail(self) -> None:
        self.alive = False
        if not self._closing:
            at = time.monotonic()
            self.sink(Failed(run=self._run, at=at, message=self._lease.over))


class LeasedGpus:
    """What a GPU will offer that isn't leased yet: as protocol.devices.Gpus says it, for the Gate."""

    def totals(self) -> tuple[int, ...]:
        return (VRAM_BYTES,)

    def free_bytes(self) -> int:
        return VRAM_BYTES
