"""Counting for many, with real children: one of them, for nobody while models run, and gone in the end."""

import threading
from concurrent.futures import ThreadPoolExecutor

from fakes import child

from compare.asked.comparison import Comparison, comparison
from compare.protocol.events import Tokenized
from compare.run.counter import Counter
from compare.run.process import ChildProcess


class Spawned:
    """Children of the app's own, or of `kind`; each is kept to be looked at."""

    def __init__(self, kind: str | None = None):
        self.spawn = child(kind) if kind else ChildProcess
        self.made: list[ChildProcess] = []

    def __call__(self, sink) -> ChildProcess:
        self.made.append(self.spawn(sink))
        return self.made[-1]


def asked(*paths: str, prompt: str = "a b c") -> Comparison:
    return comparison(prompt, list(paths))


def test_many_askers_share_one_child(tiny):
    spawned, path = Spawned(), tiny()
    counter = Counter(spawned, is_free=lambda: True)
    with ThreadPoolExecutor(8) as visitors:
        found = list(visitors.map(counter.count, [asked(path)] * 8))
    counter.rest()
    assert len(spawned.made) == 1 and not spawned.made[0].alive
    told = [told for each in found for told in each.values()]
    assert len({each.prompt_tokens for each in told}) == 1 and isinstance(told[0], Tokenized)


def test_while_models_run_nothing_is_counted(tiny):
    spawned = Spawned()
    assert Counter(spawned, is_free=lambda: False).count(asked(tiny())) == {} and not spawned.made


def test_what_is_not_here_is_not_counted():
    spawned = Spawned()
    assert Counter(spawned, is_free=lambda: True).count(asked("solar:Q8_0")) == {}
    assert not spawned.made


def test_a_run_that_begins_ends_the_child_and_whoever_waits_for_it(tiny):
    spawned = Spawned("mute")
    counter = Counter(spawned, is_free=lambda: True)
    going = threading.Event()
    spawn = spawned.spawn
    spawned.spawn = lambda sink: (spawn(sink), going.set())[0]
    with ThreadPoolExecutor(1) as visitor:
        waiting = visitor.submit(counter.count, asked(tiny()))
        going.wait()
        counter.rest()
        assert waiting.result() == {} and not spawned.made[0].alive


def test_a_file_that_ends_the_child_is_not_asked_of_again(tiny):
    spawned, path = Spawned("crash"), tiny()
    counter = Counter(spawned, is_free=lambda: True)
    assert [counter.count(asked(path)) for _ in range(2)] == [{}, {}]
    assert len(spawned.made) == 1


def test_a_child_that_nobody_asks_ends(tiny):
    spawned = Spawned()
    counter = Counter(spawned, is_free=lambda: True, idle_s=0.0)
    counter.count(asked(tiny()))
    spawned.made[0]._child.wait(timeout=10)
