"""One column of a run: where it stands, what it has said so far, and how long that may take."""

from dataclasses import dataclass, field

from compare.models.spec import ModelFile
from compare.protocol.events import Event, Fetched, Loaded, Reserved, Started, Threads
from compare.run.remote import RemoteRunner
from compare.run.response import Response
from compare.run.runner import LocalRunner
from compare.run.schedule import Place

LOOK_S = 5.0
"""What shows no sign of life for so long, after its time is over, hangs."""
GRACE_S = 30.0
SLOW_BYTES_PER_S = 10e6
"""What still works then may go on for GRACE_S, or for as long as a slow disk takes to read its file: between
two batches of a prompt it can't be heard."""

NO_HELLO = "The model's process did not start within a minute.\nRun it again."
_DOING = {
    "reserving": "looking into the file", "loading": "loading", "answering": "answering",
}  # fmt: skip


@dataclass(slots=True)
class Limit:
    """The seconds that a step of a process may take, and what is seen of it once they are over.

    By looks rather than by the clock alone: a whole machine that stood still is no process that hangs.
    """

    seconds: float
    began_at: float
    file_bytes: int = 0
    look_at: float = 0.0
    until: float | None = None
    seen: object = None

    def __post_init__(self) -> None:
        self.look_at = self.began_at + self.seconds

    def over(self, now: float, signs: object, step: str) -> str | None:
        """Why the process is to be ended, at a look; None where it may go on until the next one.

        `signs`: its signs of life, None where they can't be seen, and others see to its end.
        """
        before, self.seen, self.look_at = self.seen, signs, now + LOOK_S
        if signs is None:
            return None
        if self.until is None:
            self.until = now + max(GRACE_S, self.file_bytes / SLOW_BYTES_PER_S)
            return None
        limit = f"this host's limit of {self.seconds:g} s for {_DOING[step]}"
        if signs == before:
            return (
                f"The model's process hung: it did nothing any more after {limit}.\nRun it again."
            )
        if now < self.until:
            return None
        return (
            f"The model's process did not heed {limit}, and was ended.\n"
            "Run it again, or choose a smaller model."
        )


@dataclass(slots=True)
class Column:
    file: ModelFile
    runner: LocalRunner | RemoteRunner
    step: str = "file"
    """as in schedule.Place"""
    file_bytes: int = 0
    joined_late: bool = False
    threads: int = 0
    asked: int = 0
    kill_at: float | None = None
    limit: Limit | None = None
    """of its step, where this host has one"""
    response: Response = field(default_factory=Response)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, and so is scheduled here."""
        return self.file.server is None

    @property
    def place(self) -> Place:
        """What the schedule must know of it."""
        return Place(
            self.file.key, self.step, self.file_bytes, self.joined_late, self.threads, self.asked
        )

    @property
    def deadline(self) -> float | None:
        """The monotonic time by which its engine must have said something, or be looked at."""
        if self.kill_at is not None:
            return self.kill_at
        times = [self.runner.hello_by] if self.step == "reserving" else []
        if self.limit is not None:
            times.append(self.limit.look_at)
        return min((time for time in times if time is not None), default=None)

    def begins(self, step: str, max_seconds: float | None, now: float) -> None:
        """A step of its process, which has so long for it."""
        self.step = step
        self.limit = None if max_seconds is None else Limit(max_seconds, now, self.file_bytes)

    def overdue(self, now: float) -> str | None:
        """Why its process is to be ended now, at a deadline."""
        hello_by = self.runner.hello_by if self.step == "reserving" else None
        if hello_by is not None and now >= hello_by:
            return NO_HELLO
        if self.limit is None or now < self.limit.look_at:
            return None
        return self.limit.over(now, self.runner.signs_of_life(), self.step)

    def fold(self, event: Event) -> bool:
        """Takes an event in; returns whether its state, or its place in line, has changed."""
        match event:
            case Fetched(file_bytes=size):
                self.step, self.file_bytes = "here", size
            case Reserved():
                self.step, self.threads, self.limit = "reserved", 0, None
            case Loaded():
                self.step, self.threads, self.limit = "loaded", 0, None
            case Started():
                self.step = "answering"
            case Threads(n=n):
                self.threads = self.place.acknowledged(n).threads
        before, self.response = self.response, self.response.after(event)
        now = self.response
        return _shown(now) != _shown(before)


def _shown(response: Response) -> tuple[str, bool, int]:
    """What is to be told at once where it changes."""
    return response.state, response.stopping, response.place
