"""One column of a run: where it stands, and what it has said so far."""

from dataclasses import dataclass, field

from compare.asked.settings import LoadSettings
from compare.models.files import Watch
from compare.models.spec import ModelFile
from compare.protocol.events import Event, Fetched, Loaded, Reserved, Started, Threads
from compare.run.response import Response
from compare.run.runner import Runner
from compare.run.schedule import Place


@dataclass(slots=True)
class Column:
    file: ModelFile
    load: LoadSettings
    """the comparison's, with its share of the GPU once that is decided"""
    step: str = "file"
    """as in schedule.Place"""
    path: str = ""
    file_bytes: int = 0
    joined_late: bool = False
    runner: Runner | None = None
    wait: Watch | None = None
    reserved: Reserved | None = None
    threads: int = 0
    asked: int = 0
    kill_at: float | None = None
    response: Response = field(default_factory=Response)

    @property
    def place(self) -> Place:
        """What the schedule must know of it."""
        return Place(
            self.file.key, self.step, self.file_bytes, self.joined_late, self.threads, self.asked
        )

    @property
    def deadline(self) -> float | None:
        """The monotonic time by which its child must have said something."""
        if self.kill_at is None and self.step == "reserving" and self.runner.hello is None:
            return self.runner.hello_by
        return self.kill_at

    def fold(self, event: Event) -> bool:
        """Takes an event in; returns whether its state has changed."""
        match event:
            case Fetched(path=path, file_bytes=size):
                self.step, self.path, self.file_bytes = "here", path, size
            case Reserved():
                self.step, self.reserved, self.threads = "reserved", event, 0
            case Loaded():
                self.step, self.threads = "loaded", 0
            case Started():
                self.step = "answering"
            case Threads(n=n):
                self.threads = self.place.acknowledged(n).threads
        before, self.response = self.response, self.response.after(event)
        now = self.response
        return (now.state, now.stopping) != (before.state, before.stopping)
