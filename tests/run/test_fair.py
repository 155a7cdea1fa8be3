"""Visitors on one machine: a place each in its line, none held up by a download, models that give way."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from fakes import child
from processes import outliving, workers

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.models.files import Files
from compare.run.line import Refused, Visitor, asking
from compare.run.machine import Machine
from compare.run.response import Response
from compare.words.column import place_text, state_line

A, B = "smollm2:Q4_1", "gemma3:Q4_K_M"


@contextmanager
def visit(name: str):
    token = asking.set(Visitor(name))
    yield
    asking.reset(token)


@pytest.fixture
def fake():
    made = []

    def build(kind: str, files: Files | None = None, **owner) -> Machine:
        made.append(Machine(Owner(**owner), spawn=child(kind), files=files))
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def test_a_visitor_has_one_run_in_line_and_a_full_line_refuses(fake):
    machine = fake("deaf", line=2)
    asked = comparison("p", ["smollm2"])
    with visit("ann"):
        first, second = machine.compare(asked), machine.compare(asked)
        with pytest.raises(Refused, match="One of your runs is waiting already"):
            machine.compare(asked)
    with visit("ben"):
        third = machine.compare(asked)
    with visit("carl"):
        with pytest.raises(Refused, match="The line is full, with 2 runs waiting"):
            machine.compare(asked)
        second.stop()
        assert second.wait(20)
        machine.compare(asked).stop()  # a place was free again
    first.stop()
    third.stop()
    assert first.wait(20) and third.wait(20)
    assert machine.line.is_free


def test_a_place_in_line_comes_with_a_wait_once_something_was_measured(fake):
    machine = fake("slow")
    asked = comparison("p", ["smollm2"], max_tokens=100)
    assert machine.compare(asked).wait(20)
    _first, second = machine.compare(asked), machine.compare(asked)
    waits = [
        (response.turn_by, str(state_line(response, response.turn_by - 40)))
        for response in (seen[A] for seen in second.snapshots(0.02))
        if response.state == "queued" and response.turn_by
    ]
    assert waits and waits[0][1] == "In line, 1\xa0run before yours, starts within 40\xa0s"


def test_who_waits_is_told_of_what_changes_and_hardly_else(fake):
    machine = fake("deaf")
    asked = comparison("p", ["smollm2"])
    running, before, waiting = (machine.compare(asked) for _ in range(3))
    places = []
    for responses in waiting.snapshots(0.001):
        places.append(responses[A].place)
        if places[-1] == 2 and places.count(2) == 2:  # the second look came by itself
            before.stop()
        elif places[-1] == 1:
            running.stop()
            waiting.stop()
    assert places[0] in (0, 2) and len(places) < 12
    assert list(dict.fromkeys(places)) in ([2, 1], [0, 2, 1])


def test_a_run_that_only_waits_for_its_file_lets_others_go_first(fake):
    gate = threading.Event()
    machine = fake("good", files=Late(gate, B))
    early = machine.compare(comparison("p", ["smollm2", "gemma3"]))
    for responses in early.snapshots(0.02):
        if responses[A].ended and not gate.is_set():
            other = machine.compare(comparison("p", ["smollm2"]))
            assert other.wait(20) and other.responses()[A].text == "one two three"
            assert not early.wait(0)
            gate.set()
    assert early.responses()[B].text == "one two three"
    assert machine.line.is_free


class Late(Files):
    """Files of which one comes when a gate opens."""

    def __init__(self, gate: threading.Event, late: str):
        super().__init__()
        self._gate, self._late = gate, late

    def want(self, file, run, sink):
        if file.key != self._late:
            return super().want(file, run, sink)
        come = super().want
        thread = threading.Thread(
            target=lambda: self._gate.wait(20) and come(file, run, sink), daemon=True
        )
        thread.start()
        return self

    def leave(self):
        pass


def test_a_reader_that_is_slow_holds_nobody_up(fake):
    machine = fake("good")
    unread = machine.compare(comparison("p", ["smollm2"]))
    reading = unread.snapshots()
    next(reading)
    behind = machine.compare(comparison("p", ["smollm2"]))
    assert behind.wait(20)
    assert next(reading)[A].text == "one two three"  # the newest, not the next of many


def test_what_nobody_uses_is_unloaded_and_the_next_is_told_why(tiny):
    before = workers()
    machine = Machine(Owner(idle_seconds=0.5))
    asked = comparison("hi", [tiny()], max_tokens=2)
    assert machine.compare(asked).wait(20)
    assert not outliving(list(workers() - before), 20)
    *_, last = machine.compare(asked).snapshots()
    (response,) = last.values()
    assert response.load_s > 0 and response.idle_s == 0.5
    machine.close()
    assert not workers() - before


def test_why_it_loads_again_is_said_in_place_of_the_answer():
    loading = Response(state="loading", file_bytes=95_000_000, idle_s=600)
    said = "95.0 MB into RAM: it was unloaded after 10 min without use"
    assert place_text(loading, 0).replace("\xa0", " ") == said
    assert place_text(replace(loading, idle_s=None), 0).replace("\xa0", " ") == "95.0 MB into RAM"
