"""One column of a run: where it stands, and what it has said so far."""

from dataclasses import dataclass, field

from compare.models.spec import ModelFile
from compare.protocol.events import Event, Fetched, Loaded, Reserved, Started, Threads
from compare.run.remote import RemoteRunner
from compare.run.response import Response
from compare.run.runner import LocalRunner
from compare.run.schedule import Place


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
        """The monotonic time by which its engine must have said something."""
        return (
            self.runner.hello_by
            if self.kill_at is None and self.step == "reserving"
            else self.kill_at
        )

    def fold(self, event: Event) -> bool:
        """Takes an event in; returns whether its state has changed."""
        match event:
            case Fetched(file_bytes=size):
                self.step, self.file_bytes = "here", size
            case Reserved():
                self.step, self.threads = "reserved", 0
            case Loaded():
                self.step, self.threads = "loaded", 0
            case Started():
                self.step = "answering"
            case Threads(n=n):
                self.threads = self.place.acknowledged(n).threads
        before, self.response = self.response, self.response.after(event)
        now = self.response
        return (now.state, now.stopping) != (before.state, before.stopping)
