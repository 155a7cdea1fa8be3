"""Who may load, who may start, with how many threads: whatever happens, in whatever order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.run.schedule import Divide, Follow, Load, Place, Reserve, Start, Take, next_steps


class World:
    """Columns that things happen to, one at a time: what a Run does with the steps, without processes."""

    def __init__(self, count: int, budget: int, in_turn: bool, divided: bool, here: list[bool]):
        self.budget, self.in_turn, self.divided = budget, in_turn, divided
        self.places = {}
        for n in range(count):
            step = "here" if here[n] else "file"
            self.places[f"m{n}"] = Place(f"m{n}", step, (7 * n) % 5, joined_late=not here[n])
        self.acknowledgements: list[tuple[str, int]] = []
        """threads that a child has been asked to take and hasn't said yet that it does"""
        self.really: dict[str, int] = {}
        """what each child works with"""

    def settle(self) -> None:
        """Takes every step there is to take; checks each."""
        while steps := self._steps():
            for step in steps:
                self._take(step)
            self.check()
            if not any(isinstance(step, Divide) for step in steps):
                return

    def _steps(self):
        return next_steps(
            list(self.places.values()), self.budget, in_turn=self.in_turn, divided=self.divided
        )

    def _take(self, step) -> None:
        if isinstance(step, Divide):
            assert all(p.step != "here" for p in self.places.values())
            self.divided = True
            return
        place = self.places[step.key]
        match step:
            case Reserve(threads=n):
                assert place.step == "here"
                self.places[step.key] = replace(place, step="reserving", threads=n, asked=0)
            case Load(threads=n):
                assert place.step == "reserved" and self.divided
                self.places[step.key] = replace(place, step="loading", threads=n, asked=0)
            case Start(threads=n):
                assert place.step == "loaded"
                self.places[step.key] = replace(place, step="answering", threads=n, asked=n)
                self.really[step.key] = n
            case Take(threads=n):
                assert place.step == "answering"
                self.places[step.key] = replace(place, asked=n, threads=max(n, place.threads))
                self.acknowledgements.append((step.key, n))
            case Follow(after=after):
                assert self.places[after].step in ("here", "reserved", "loaded")

    def check(self) -> None:
        running = [place for place in self.places.values() if place.runs]
        most = max(self.budget, len(running))
        assert sum(place.threads for place in running) <= most, running
        # What a child really works with is never more than what is counted for it.
        assert all(n <= self.places[key].threads for key, n in self.really.items())
        assert all(place.threads >= 1 for place in running)
        assert sum(place.step in ("reserving", "loading") for place in running) <= 1
        assert not self.in_turn or len(running) <= 1

    def events(self) -> list[tuple]:
        """What may happen next."""
        found = [("ack", 0)] if self.acknowledgements else []
        for key, place in self.places.items():
            match place.step:
                case "file" | "reserving" | "loading" | "answering":
                    found += [("next", key), ("end", key)]
                case "here" | "reserved" | "loaded":
                    found.append(("end", key))
        return found

    def happen(self, event) -> None:
        kind, key = event
        if kind == "ack":
            # A child acknowledges in the order it was asked; one may have ended meanwhile.
            key, n = self.acknowledgements.pop(0)
            if self.places[key].step == "answering":
                self.really[key] = n
                self.places[key] = self.places[key].acknowledged(n)
            return
        place = self.places[key]
        after = {"file": "here", "reserving": "reserved", "loading": "loaded", "answering": "ended"}
        step = "ended" if kind == "end" else after[place.step]
        if step == "ended":
            self.really.pop(key, None)
        threads = 0 if step != "here" else place.threads
        self.places[key] = replace(place, step=step, threads=threads)

    @property
    def over(self) -> bool:
        return all(place.step == "ended" for place in self.places.values())


@given(st.data())
def test_never_more_threads_than_the_budget_and_nobody_starves(data):
    count, budget = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 9))
    here = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    world = World(count, budget, data.draw(st.booleans()), data.draw(st.booleans()), here)
    world.settle()
    for _ in range(200):
        if world.over:
            return
        events = world.events()
        # Someone is always on the way somewhere, without anyone having to be stopped.
        going = [event for event in events if event[0] != "end"]
        assert going, world.places
        world.happen(data.draw(st.sampled_from(events if data.draw(st.booleans()) else going)))
        world.settle()
    pytest.fail(f"they never end: {world.places}")


def place(key: str, step: str, threads: int = 0, late: bool = False, size: int = 0) -> Place:
    asked = threads if step == "answering" else 0
    return Place(key, step, size, joined_late=late, threads=threads, asked=asked)


def test_together_all_are_loaded_before_any_starts():
    columns = [place("a", "loaded"), place("b", "here")]
    assert next_steps(columns, 4, in_turn=False) == (Reserve("b", 4),)
    columns = [place("a", "loaded"), place("b", "loaded")]
    assert next_steps(columns, 4, in_turn=False) == (Start("a", 2), Start("b", 2))


def test_in_turn_the_smallest_file_has_all_threads_and_the_next_waits_for_it():
    columns = [place("large", "here", size=9), place("small", "here", size=1)]
    expected = (Follow("large", "small"), Reserve("small", 4))
    assert next_steps(columns, 4, in_turn=True) == expected


def test_a_newcomer_waits_until_the_others_have_given_up_their_threads():
    columns = [place("a", "answering", threads=4), place("late", "loaded", late=True)]
    (asked,) = next_steps(columns, 4, in_turn=False)
    assert asked == Take("a", 2)
    waiting = replace(columns[0], asked=2)
    assert next_steps([waiting, columns[1]], 4, in_turn=False) == ()
    given = waiting.acknowledged(2)
    assert next_steps([given, columns[1]], 4, in_turn=False) == (Start("late", 2),)


def test_an_acknowledgement_of_an_earlier_wish_frees_nothing():
    column = replace(place("a", "answering", threads=4), asked=2)
    assert column.acknowledged(3).threads == 3
    assert column.acknowledged(1).threads == 2
    assert column.acknowledged(2).threads == 2


def test_the_threads_of_one_that_ended_go_to_the_others():
    columns = [place("a", "ended"), place("b", "answering", threads=2)]
    assert next_steps(columns, 4, in_turn=False) == (Take("b", 4),)


def test_the_gpu_is_divided_once_all_that_are_here_have_told_what_they_reserve():
    columns = [place("a", "reserved"), place("b", "here"), place("c", "file", late=True)]
    assert next_steps(columns, 4, in_turn=False, divided=False) == (Reserve("b", 1),)
    columns = [place("a", "reserved"), place("b", "reserved"), place("c", "file", late=True)]
    assert next_steps(columns, 4, in_turn=False, divided=False) == (Divide(),)
