"""A column whose engine is a server on another machine: the Runner's seam over compare/remote."""

from dataclasses import replace

from compare.asked.comparison import Comparison
from compare.asked.settings import SETTINGS, LoadSettings
from compare.models.spec import ModelFile
from compare.numbers import listed
from compare.protocol.events import Event, Reached, Started
from compare.remote.streams import Answer, Servers
from compare.run.process import Sink, unheard

OWN_LOAD = "How it is loaded is its server's matter: {} only counts for models of this machine."


class RemoteRunner:
    """A Runner on another machine. It takes no threads and no memory here, and waits for no other column."""

    def __init__(self, run: int, file: ModelFile, asked: Comparison, sink: Sink, servers: Servers):
        self._run, self._file, self._asked, self._sink = run, file, asked, sink
        self._servers = servers
        self._answer: Answer | None = None
        self._drops: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Nothing has to be here."""

    def generate(self) -> None:
        request = self._asked.request(self._run, self._file, threads=0)
        file = self._file
        self._answer = self._servers.ask(file.server, file.served, request, self._heard)

    def cancel(self) -> None:
        self._answer.cancel()

    def close(self, *, reusable: bool = False) -> bool:
        self._sink = unheard
        if self._answer is not None:
            self._answer.cancel()
        return True

    def _heard(self, event: Event) -> None:
        if isinstance(event, Reached):
            self._drops = event.drops
        elif isinstance(event, Started):
            event = replace(event, notices=self._notices())
        self._sink(event)

    def _notices(self) -> tuple[str, ...]:
        """Which of the settings don't count there."""
        sampling = self._asked.sampling
        notices = []
        if self._drops:
            dropped = listed(
                [f"{_within(name)} {_shown(getattr(sampling, name))}" for name in self._drops]
            )
            notices.append(f"Its server doesn't take {dropped}.")
        load, usual = self._asked.load, LoadSettings()
        names = LoadSettings.model_fields
        if own := [_within(name) for name in names if getattr(load, name) != getattr(usual, name)]:
            notices.append(OWN_LOAD.format(listed(own)))
        return tuple(notices)


def _within(name: str) -> str:
    """A setting's label within a sentence."""
    label = SETTINGS[name].label
    return label if label[:2].isupper() else label[0].lower() + label[1:]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return listed([f"“{each}”" for each in value])
    return f"{value:g}" if isinstance(value, float) else str(value)
