"""Who may load, who may start, and with how many threads: columns in, steps out. Pure.

The machine's cores are divided, never oversubscribed: the threads of running columns add up to the budget at
most, unless there are more columns than that, which have one each. A newcomer starts only once the others
have acknowledged that they take fewer. Knows no process, no file and no clock.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from compare.run.cpu import shares

RUNNING = "reserving", "loading", "answering"
BEFORE = "here", "reserved", "loaded"
"""A column waits for a step of its own."""


@dataclass(frozen=True, slots=True)
class Place:
    """What must be known of a column to schedule it."""

    key: str
    step: str = "file"
    """file, here (its file is), reserving, reserved, loading, loaded, answering, ended"""
    file_bytes: int = 0
    joined_late: bool = False
    """its file came after the run's turn"""
    threads: int = 0
    """the most it may be working with at this moment"""
    asked: int = 0
    """what it was asked to work with last"""

    @property
    def runs(self) -> bool:
        return self.step in RUNNING

    def acknowledged(self, n: int) -> "Place":
        """Once it has said that it works with `n`: an answer to an earlier wish frees nothing yet."""
        return replace(self, threads=n if n == self.asked else max(n, self.asked))


@dataclass(frozen=True, slots=True)
class Reserve:
    """Have it tell what it would reserve, so that it can be admitted."""

    key: str
    threads: int


@dataclass(frozen=True, slots=True)
class Divide:
    """Divide the GPU: all whose files are here have told what they would reserve."""


@dataclass(frozen=True, slots=True)
class Load:
    key: str
    threads: int


@dataclass(frozen=True, slots=True)
class Start:
    key: str
    threads: int


@dataclass(frozen=True, slots=True)
class Take:
    """It answers: from its next token on it is to work with so many threads."""

    key: str
    threads: int


@dataclass(frozen=True, slots=True)
class Follow:
    """It waits its turn: the column `after` runs first."""

    key: str
    after: str


Step = Reserve | Divide | Load | Start | Take | Follow


def next_steps(
    places: Sequence[Place], budget: int, *, in_turn: bool, divided: bool = True
) -> tuple[Step, ...]:
    """What is to be done now, in this order; nothing where something must happen first.

    `divided`: whether the GPU has been divided among the columns, or needs not be.
    """
    plan = _Plan(places, budget)
    (plan.in_turn if in_turn else plan.together)(divided)
    return tuple(plan.steps)


class _Plan:
    """The columns as they will stand once the steps so far have been taken."""

    def __init__(self, places: Sequence[Place], budget: int):
        self._places = {place.key: place for place in places}
        self._budget = budget
        self.steps: list[Step] = []

    def in_turn(self, divided: bool) -> None:
        """One after the other, the smallest file first, each with the whole budget."""
        waiting = sorted(self._waiting(*BEFORE), key=lambda place: place.file_bytes)
        if not any(place.runs for place in self._places.values()):
            for earlier, later in itertools.pairwise(waiting):
                self.steps.append(Follow(later.key, earlier.key))
            if not divided:
                self._towards_division([place for place in waiting if place.step == "here"])
            elif waiting:
                self._advance(waiting[0], self._budget)
        self._share()

    def together(self, divided: bool) -> None:
        """All at once: loaded one by one, started together; who comes late joins those who answer."""
        group = [place for place in self._places.values() if not place.joined_late]
        ready = all(place.step in ("loaded", "answering", "ended") for place in group)
        starting = list(self._waiting("loaded"))
        if ready and starting:
            wanted = self._wanted(starting)
            for place in starting:
                self._advance_with_room(place, wanted)
        # One load at a time: it takes the disk for itself, and its time is its own.
        busy = any(place.step in ("reserving", "loading") for place in self._places.values())
        waiting = sorted(self._waiting("here", "reserved"), key=lambda place: place.joined_late)
        if waiting and not busy and (ready or not waiting[0].joined_late):
            if not divided:
                self._towards_division([place for place in waiting if place.step == "here"])
            else:
                self._advance_with_room(waiting[0], self._wanted([waiting[0]]))
        if not any(self._waiting(*BEFORE)):
            self._share()

    def _waiting(self, *steps: str) -> Iterator[Place]:
        return (place for place in list(self._places.values()) if place.step in steps)

    def _towards_division(self, here: Sequence[Place]) -> None:
        """Every model here must have told what it would reserve before the GPU can be divided."""
        if here:
            self._advance(here[0], 1)
        else:
            self.steps.append(Divide())

    def _advance(self, place: Place, threads: int) -> None:
        kind, step = {
            "here": (Reserve, "reserving"), "reserved": (Load, "loading"), "loaded": (Start, "answering"),
        }[place.step]  # fmt: skip
        self.steps.append(kind(place.key, threads))
        asked = threads if kind is Start else 0
        self._places[place.key] = replace(place, step=step, threads=threads, asked=asked)

    def _wanted(self, newcomers: Sequence[Place] = ()) -> dict[str, int]:
        """Threads for each running column once the newcomers run, too."""
        running = [place.key for place in self._places.values() if place.runs]
        return shares(self._budget, running + [place.key for place in newcomers])

    def _advance_with_room(self, place: Place, wanted: dict[str, int]) -> None:
        """Its next step once the others have given up enough threads; asks them to, where they haven't."""
        others = [other for other in self._places.values() if other.runs and other.key != place.key]
        for other in others:
            if other.step == "answering" and other.asked > wanted[other.key]:
                self._take(other, wanted[other.key])
        most = max(self._budget, len(others) + 1)
        if sum(other.threads for other in others) + wanted[place.key] <= most:
            self._advance(place, wanted[place.key])

    def _share(self) -> None:
        """Hands free threads to those who answer."""
        running = [place for place in self._places.values() if place.runs]
        wanted = self._wanted()
        for place in running:
            more = wanted[place.key]
            free = self._budget - sum(p.threads for p in self._places.values() if p.runs)
            if place.step == "answering" and more > place.asked and more - place.threads <= free:
                self._take(place, more)

    def _take(self, place: Place, threads: int) -> None:
        self.steps.append(Take(place.key, threads))
        # Until it has acknowledged fewer, it may still work with what it has.
        changed = replace(place, asked=threads, threads=max(place.threads, threads))
        self._places[place.key] = changed
