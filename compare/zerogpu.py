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
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from compare.estimate import known_header
from compare.events import Event, Failed, Hello, Loaded, Predicted
from compare.requests import Generate, Measure, Request, decode, encode
from compare.runner import ChildRunner, Sink
from compare.spec import Bench, Comparison, ModelFile, UsageError

HEARTBEAT_S = 0.2
"""The generator yields at least so often: `spaces` looks only then whether anyone still listens."""
STOP_S = 1.0
"""So long before a lease ends its children are ended: what holds a GPU then may be killed with the fork."""
ANSWER_S = 3.0
"""So long before a lease ends an answer must: long enough for a batch of the prompt, and to tell of it."""
END_S = 10.0
"""The longest that a run waits until its lease is given back."""

A_DAY_S = 86_400.0

FORK_S = 3.0
"""For a new fork, which touches its GPU with torch before anything else (spaces/zero/torch/patching.py).
A guess."""
START_S = 4.0
"""For a child to start, find its GPU and say what a file would reserve. A guess: on a CPU it takes 1 s."""
LOAD_BYTES_PER_S = 5e8
"""From disk to GPU. A guess, about what a Space's disk reads."""
COMPILE_S = 30.0
"""Once a process, until a model has been loaded: the driver compiles llama.cpp's PTX for a card that its
wheel has no code for, and keeps the result. A guess."""
VRAM_BYTES_PER_S, MOST_TPS, READ_TPS = 3e11, 100.0, 1000.0
"""Decoding reads all weights a token: a third of what half an RTX Pro 6000 (1.8 TB/s) does, and no more
tokens a second than that, whatever the size; prompts are read much faster still. Guesses, on the low side."""
UNKNOWN_BYTES = 5e9
"""of a file whose size isn't known"""
MOST_S = 120
"""What a visitor who isn't logged in may use a day (huggingface.co/docs/hub/spaces-zerogpu): a longer
lease would always be refused to them."""
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
    children: dict[int, ChildRunner] = {}
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
    number: int, what: object, children: dict[int, ChildRunner], heard: queue.SimpleQueue
) -> list[Told]:
    """Does what is asked, passes on what a child says; returns what is to be told."""
    match what:
        case b"spawn":
            try:
                children[number] = ChildRunner(lambda event: heard.put((number, event)))
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


def seconds(asked: Comparison | Bench) -> float:
    """How long a run will need a GPU, on the long side. Its files are here.

    Loads come one after the other, and what answers together divides the card: so all of it adds up,
    but for the host's limit on seconds, which ends those that answer together at the same time.
    """
    sizes = [_size(file) for file in asked.models]
    loads = sum(START_S + size / LOAD_BYTES_PER_S for size in sizes)
    works = [_work_s(asked, size) for size in sizes]
    limit = asked.max_seconds or math.inf
    together = asked.mode == "together"
    return loads + (min(sum(works), limit) if together else sum(min(s, limit) for s in works))


def _size(file: ModelFile) -> float:
    known = known_header(file.model, file.quant) if file.quant and not file.bytes else None
    return file.bytes or (known.file_bytes if known else UNKNOWN_BYTES)


def _work_s(asked: Comparison | Bench, size: float) -> float:
    if isinstance(asked, Bench):
        tests = asked.tests
        read = tests.prompt_tokens * (tests.repeats + 1)
        wrote = tests.output_tokens * tests.repeats + 1
    else:
        letters = len(asked.prompt.encode()) + len((asked.system or "").encode())
        read = min(asked.load.n_ctx, letters)  # a token has a byte at least
        wrote = asked.sampling.max_tokens
    return read / READ_TPS + wrote / min(MOST_TPS, VRAM_BYTES_PER_S / size)


class Leases:
    """Makes a lease for each run, on the thread of the event that asks for it."""

    def __init__(self, lend: Lend):
        self._lend = lend
        self._compiled = False

    def __call__(self, asked: Comparison | Bench) -> "Lease":
        needed = FORK_S + seconds(asked) + ANSWER_S + (0 if self._compiled else COMPILE_S)
        return Lease(self._lend, min(MOST_S, math.ceil(needed)), self._loaded)

    def _loaded(self) -> None:
        self._compiled = True


class Lease:
    """The GPU of one run. It is asked for with the first child; one thread follows it to its end."""

    def __init__(self, lend: Lend, seconds: int, on_loaded: Callable[[], None] = lambda: None):
        self._lend, self._seconds, self.on_loaded = lend, seconds, on_loaded
        # `spaces` finds the visitor's token in the context of the event that asks for the run.
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._runners: list[LeasedRunner] = []
        self._thread: threading.Thread | None = None
        self._unsent = b""
        self._asking: socket.socket | None = None
        self._ended = False
        self.ends_at = math.inf
        self.over: str | None = None
        """why nothing more comes of it"""

    def spawn(self, sink: Sink) -> "LeasedRunner":
        """A child on the GPU, as soon as there is one."""
        runner = LeasedRunner(self, len(self._runners), sink)
        self._runners.append(runner)
        self.ask(runner.number, "spawn")
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._context.run, args=(self._follow,), daemon=True, name="lease"
            )
            self._thread.start()
        return runner

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
            over = refusal(error, self._seconds)
        with self._lock:
            self.over = over
            if self._asking is not None:
                self._asking.close()
        for runner in self._runners:
            runner.ended()

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
                self._runners[number].told(what)

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


class LeasedRunner:
    """A Runner in a lease's fork. It serves one run and is gone with the lease."""

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

    def _within(self, max_seconds: float | None) -> float:
        """The answer's limit, or what is left of the lease."""
        left = self._lease.ends_at - ANSWER_S - time.monotonic()
        return max(0.1, min(left, max_seconds or left))

    def close(self) -> None:
        self._closing = True
        if self._lease.ask(self.number, "close"):
            self._gone.wait(END_S)
        self.alive = False

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


class LeasedVram:
    """What a GPU will offer that isn't leased yet: memory.Vram's face, for the Gate."""

    def totals(self) -> tuple[int, ...]:
        return (VRAM_BYTES,)

    def free_bytes(self) -> int:
        return VRAM_BYTES


# What `spaces` raises (spaces/zero/client.py, wrappers.py), what it means, and what to do about it.
_SAID = (
    (
        r"\((\d+)s requested vs\. (\d+)s left\)\. Try again in ([^.]+)",
        "Your GPU time at Hugging Face is used up: this run asks for {0} s, {1} s are left.",
        "Try again in {2} (hours, minutes, seconds), log in for more time, or ask for less.",
    ),
    (
        r"exceeded your ZeroGPU runs limit",
        "You have run as often on a GPU of Hugging Face as you may for now.",
        "Try again later, or log in there for more.",
    ),
    (
        r"Space app has reached its GPU limit",
        "This Space's GPU time for visitors who can't be told apart is used up.",
        "Open the Space at huggingface.co and log in, or try again later.",
    ),
    (
        r"illegal duration",
        "This run asks for {seconds} s of GPU time, more than you may have at once.",
        "Ask for fewer models or fewer tokens.",
    ),
    (
        r"pending credits exceeded",
        "Your runs in progress have reserved all the GPU time you have.",
        "Wait until one of them has ended, then run it again.",
    ),
    (r"No GPU was available", "No GPU was free.", "Run it again in a minute."),
    (
        r"Expired ZeroGPU proxy token",
        "This page is open for too long to be given a GPU.",
        "Reload it, then run it again.",
    ),
    (
        r"GPU task aborted|worker error",
        "The process on the GPU was ended from outside.",
        "Run it again; if it happens again, ask for fewer tokens or smaller models.",
    ),
    (
        r"Connection closed by visitor",
        "The page was closed while it waited for a GPU.",
        "Run it again.",
    ),
    (
        r"Connect|Timeout|RemoteProtocol|ReadError|end of stream|queue disconnect|API /\w+ error",
        "The service that lends GPUs can't be reached, or is at fault.",
        "Run it again in a minute.",
    ),
)


def refusal(error: Exception, seconds: int) -> str:
    """Why there is no GPU, or no more: what happened on the first line, what to do on the next."""
    title, message = getattr(error, "title", ""), getattr(error, "message", None) or error
    said = f"{type(error).__name__}: {title}: {message!s}"
    for pattern, what, advice in _SAID:
        if found := re.search(pattern, said):
            whole = f"{what}\n{advice}"
            return whole.format(*found.groups(), seconds=seconds)
    return f"There is no GPU to run this on ({type(error).__name__}).\nRun it again in a minute."
