"""The rule, on machines that are played: what a number of threads writes, gets and leaves idle."""

import itertools
import random
from dataclasses import dataclass, field

import pytest

from compare.child.pace import LOOK_S, Pace


@dataclass
class Machine:
    """Cores shared fairly among the threads and `busy` others; a thread put aside holds up all others.

    `sees`: whether idle cores can be seen, and are ours: not so under a quota. `pays`: the part of their
    speed that threads keep where one of them is put aside.
    """

    cores: int
    busy: float = 0.0
    token_s: float = 0.02
    """of one thread"""
    sees: bool = True
    pays: float = 0.3
    noise: float = 0.0
    now: float = 0.0
    processor_s: float = 0.0
    idle_s: float = 0.0
    asked_at: float = 0.0
    asked_idle_s: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def tps(self, threads: int) -> float:
        given = min(1.0, self.cores / (threads + self.busy))
        whole = threads / self.token_s * given
        return whole if given == 1.0 or threads == 1 else whole * self.pays

    def evaluates(self, threads: int, tokens: int = 1) -> None:
        seconds = tokens / self.tps(threads) * (1 + self.noise * (2 * self.chance.random() - 1))
        given = min(1.0, self.cores / (threads + self.busy))
        self.now += seconds
        self.processor_s += seconds * threads * given
        self.idle_s += seconds * max(0.0, self.cores - threads - self.busy)

    def idle_cores(self) -> float | None:
        since_s, idle_s = self.now - self.asked_at, self.idle_s - self.asked_idle_s
        self.asked_at, self.asked_idle_s = self.now, self.idle_s
        return idle_s / since_s if self.sees and since_s else None

    def best(self, most: int) -> int:
        return max(range(1, most + 1), key=self.tps)


def pace(machine: Machine, most: int) -> Pace:
    """It has read its prompt on a quiet machine."""
    made = Pace(most, machine.idle_cores)
    made.starts(machine.now, machine.processor_s)
    return made


def writes(pace: Pace, machine: Machine, seconds: float) -> list[int]:
    """The threads of each token."""
    threads, end = [], machine.now + seconds
    while machine.now < end:
        threads.append(pace.wrote(machine.now, machine.processor_s))
        machine.evaluates(threads[-1])
    return threads


def of_the_best(machine: Machine, most: int, seconds: float, made: Pace | None = None) -> float:
    """The tokens it writes, in parts of what the best fixed number of threads would."""
    made = made or pace(machine, most)
    wrote = len(writes(made, machine, seconds))
    return wrote / (machine.tps(machine.best(most)) * seconds)


@pytest.mark.parametrize("cores", [1, 2, 4, 16])
def test_alone_it_tries_nothing(cores):
    machine = Machine(cores, noise=0.1)
    assert set(writes(pace(machine, cores), machine, 10)) == {cores}


@pytest.mark.parametrize("cores, busy", [(2, 1), (2, 2), (4, 1), (8, 3), (8, 6), (16, 1)])
def test_beside_others_it_soon_works_with_the_threads_that_pay(cores, busy):
    machine = Machine(cores, busy, noise=0.1)
    threads = writes(pace(machine, cores), machine, 5)
    assert threads[-1] == machine.best(cores) == max(1, cores - busy)
    assert of_the_best(Machine(cores, busy, noise=0.1), cores, 5) > 0.93


def test_as_many_threads_stay_where_fewer_write_slower():
    """Time that a hypervisor takes looks like company, but leaves with no thread."""
    machine = Machine(2, busy=0.9, pays=1.0, noise=0.05)
    assert machine.best(2) == 2
    assert of_the_best(machine, 2, 20) > 0.95


def test_back_within_a_second_once_the_others_have_gone():
    machine = Machine(2, busy=1)
    made = pace(machine, 2)
    assert writes(made, machine, 3)[-1] == 1
    machine.busy = 0
    writes(made, machine, 0.5)
    assert set(writes(made, machine, 3)) == {2}


def test_bursts_shorter_than_a_look_are_let_pass():
    machine = Machine(2)
    made = pace(machine, 2)
    for _ in range(20):
        machine.busy = 1
        writes(made, machine, LOOK_S / 3)
        machine.busy = 0
        assert writes(made, machine, 4 * LOOK_S)[-1] == 2


def test_noise_does_not_make_it_flap():
    machine = Machine(2, busy=1, noise=0.4)
    made = pace(machine, 2)
    writes(made, machine, 1)
    threads = writes(made, machine, 30)
    assert sum(a != b for a, b in itertools.pairwise(threads)) <= 16
    assert threads.count(1) > 0.97 * len(threads)


def test_an_invitation_that_deceives_is_followed_ever_less_often():
    """Under a quota, the cores that idle are others'."""
    machine = Machine(2, busy=1)
    machine.idle_cores = lambda: 30.0
    made = pace(machine, 2)
    writes(made, machine, 1)
    assert of_the_best(machine, 2, 30, made) > 0.97


def test_where_idle_cores_cannot_be_seen_it_still_comes_back():
    machine = Machine(2, busy=1, sees=False)
    made = pace(machine, 2)
    writes(made, machine, 1)
    assert of_the_best(machine, 2, 20, made) > 0.95
    machine.busy = 0
    writes(made, machine, 8)
    assert set(writes(made, machine, 3)) == {2}


def test_a_hand_over_in_the_middle_counts_at_once():
    machine = Machine(2)
    made = pace(machine, 1)
    writes(made, machine, 1)
    made.grant(2)
    assert set(writes(made, machine, 1)) == {2}
    made.grant(1)
    assert set(writes(made, machine, 1)) == {1}


def test_a_hand_over_beside_others_brings_back_no_thread_that_does_not_pay():
    machine = Machine(4, busy=3)
    made = pace(machine, 2)
    assert writes(made, machine, 2)[-1] == 1
    made.grant(4)
    assert writes(made, machine, 0.05)[-1] == 1


def reads(pace: Pace, machine: Machine, tokens: int) -> list[int]:
    """The threads of each batch of 64, as the engine asks within each ten times, too."""
    threads = []
    for _ in range(0, tokens, 64):
        threads.append(pace.read(machine.now, machine.processor_s))
        part = 0
        while part < 10:
            machine.evaluates(threads[-1], 6.4)
            part += 1
            if pace.reading(part / 10, machine.now, machine.processor_s):
                threads[-1], part = pace.threads, 0
    return threads


def test_a_batch_that_others_hold_up_begins_anew_with_fewer_threads():
    assert reads(Pace(2, (machine := Machine(2, busy=1)).idle_cores), machine, 64) == [1]
    assert reads(Pace(2, (machine := Machine(2)).idle_cores), machine, 640) == [2] * 10


def test_a_prompt_takes_cores_that_are_free_again():
    machine = Machine(2, busy=1)
    made = Pace(2, machine.idle_cores)
    assert reads(made, machine, 256)[-1] == 1
    machine.busy = 0
    assert reads(made, machine, 256)[-1] == 2


def test_half_a_batch_is_not_thrown_away():
    machine = Machine(2)
    made = Pace(2, machine.idle_cores)
    made.read(machine.now, machine.processor_s)
    machine.busy = 1
    machine.evaluates(2, 20)
    assert not made.reading(0.5, machine.now, machine.processor_s)
    assert made.threads == 2


def test_company_seen_while_reading_counts_from_the_first_token_on():
    machine = Machine(2, busy=1)
    made = Pace(2, machine.idle_cores)
    made.read(machine.now, machine.processor_s)
    machine.evaluates(2, 20)
    made.starts(machine.now, machine.processor_s)
    assert set(writes(made, machine, 1)) == {1}
