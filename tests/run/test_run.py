"""A comparison in progress: side by side and in turn, threads, stops, and columns that fail alone."""

import itertools
import os
import signal
import threading
import time

import pytest
from fakes import child
from processes import workers

from compare.asked.comparison import comparison
from compare.models.files import Files
from compare.run import cpu
from compare.run import run as run_module
from compare.run.machine import Machine
from compare.run.response import Response

PAIR = ["smollm2", "gemma3"]
A, B = "smollm2:Q4_1", "gemma3:Q4_K_M"


class Mixed:
    """Spawns children of the given kinds, one after the other, the last kind for ever. `hello_s` is how long
    a mute one may take to say hello.
    """

    def __init__(self, *kinds: str, hello_s: float = 60.0):
        self.kinds = itertools.chain(kinds[:-1], itertools.repeat(kinds[-1]))
        self.hello_s = hello_s

    def __call__(self, sink):
        kind = next(self.kinds)
        return child(kind, self.hello_s if kind == "mute" else 60.0)(sink)


@pytest.fixture
def fake():
    made = []

    def build(*kinds: str, **settings) -> Machine:
        made.append(Machine(spawn=Mixed(*kinds, **settings)))
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def ends(machine: Machine, specs=PAIR, **settings) -> dict[str, Response]:
    *_, last = machine.compare(comparison("p", specs, **settings)).snapshots(0.02)
    return last


def watch(run, until, tick=0.02) -> list[dict[str, Response]]:
    seen = []
    for responses in run.snapshots(tick):
        seen.append(responses)
        until(responses, len(seen))
    return seen


def test_two_real_models_answer_side_by_side(ask):
    found = ask("Tell me about Athens.", PAIR, max_tokens=150, seed=1)
    assert list(found) == [A, B]
    for response in found.values():
        assert response.state == "finished" and response.text and response.load_s > 0
        assert response.shared_with == 1 and response.shared_s > 0


def test_together_shares_the_cores_and_a_column_that_ends_hands_its_threads_over(
    machine, endless, tiny
):
    specs = [tiny(says="I am so tiny.", ends=True), endless()]
    request = comparison("hello\n", specs, max_tokens=300, threads=2)
    first, last = watch(machine.compare(request), lambda *_: None)[-1].values()
    assert first.threads == (1, 1)
    assert last.threads == (1, 2)
    assert last.shared_s < last.total_s


def test_in_turn_never_overlaps_and_each_has_the_whole_budget(ask):
    found = ask("Tell me about Athens.", PAIR, mode="in-turn", max_tokens=30, seed=1, threads=2)
    small, large = found[A], found[B]
    assert small.ended_at <= large.loading_at  # the smaller file first; it loads in its own turn
    assert (small.shared_with, small.shared_s) == (0, 0.0)
    assert small.threads[1] == large.threads[1] == 2  # all that there are; it may work with fewer


def test_a_new_state_is_told_at_once(fake):
    """Not a tick later: a visitor waits for the first text, and for “Stopped”."""
    run = fake("slow").compare(comparison("p", ["smollm2"]))

    def stop_when_writing(responses, _):
        if responses[A].state == "writing" and not responses[A].stopping:
            run.stop()

    states = [seen[A].state for seen in watch(run, stop_when_writing, tick=3600)]
    assert "writing" in states and states[-1] in ("cancelled", "finished")


def test_the_waiting_one_says_for_whom(machine):
    request = comparison("Tell me about Athens.", PAIR, mode="in-turn", max_tokens=30)
    seen = watch(machine.compare(request), lambda *_: None)
    assert any(s[B].state == "queued" and s[B].after_column == A for s in seen)


def test_the_same_seed_gives_the_same_text_together_and_in_turn(ask):
    settings = {"max_tokens": 30, "seed": 11}
    together = ask("Tell me about Athens.", PAIR, **settings)
    in_turn = ask("Tell me about Athens.", PAIR, mode="in-turn", **settings)
    alone = ask("Tell me about Athens.", ["smollm2"], threads=1, **settings)
    assert {k: r.text for k, r in together.items()} == {k: r.text for k, r in in_turn.items()}
    assert alone[A].text == together[A].text


def test_a_loaded_model_stays_and_other_settings_load_anew(ask):
    first, second = (ask("hi", ["smollm2"], max_tokens=2)[A] for _ in range(2))
    assert first.load_s > 0 and second.load_s is None
    assert second.prediction == first.prediction is not None
    assert second.memory.predicted_bytes == first.memory.predicted_bytes > 0
    assert ask("hi", ["smollm2"], max_tokens=2, n_ctx=512)[A].load_s > 0


def test_children_that_are_not_needed_are_gone_before_others_load(ask):
    before = workers()
    ask("hi", ["smollm2"], max_tokens=2)
    (first,) = workers() - before
    ask("hi", ["gemma3"], max_tokens=2)
    (second,) = workers() - before
    assert first != second


def test_a_loaded_idle_model_uses_no_cpu(ask):
    before = workers()
    ask("hi", ["smollm2"], max_tokens=20)
    (process,) = workers() - before
    used = process.cpu_times()
    time.sleep(1)
    now = process.cpu_times()
    assert now.user + now.system - used.user - used.system < 0.05


def test_running_threads_never_exceed_the_budget(machine):
    """Read from the children themselves: how many of their threads run at once, sampled."""
    before = workers()
    request = comparison("Tell me about Athens. " * 10, PAIR, max_tokens=60, threads=2, seed=1)
    run = machine.compare(request)
    for responses in run.snapshots(0.02):
        granted = [
            r.threads for r in responses.values() if r.threads and r.state in ("reading", "writing")
        ]
        assert sum(fewest for fewest, _ in granted) <= 2
    ours = workers() - before
    # A main thread, one on stdin, and OpenMP's other ones: the budget's, less the main thread.
    assert len(ours) == 2 and all(p.num_threads() <= 2 + 1 for p in ours)


def test_more_columns_than_cores_get_one_thread_each(ask, tiny):
    specs = [tiny(f"{n}.gguf", seed=n) for n in range(3)]
    found = ask("hi", specs, max_tokens=100, threads=2)
    assert all(response.threads[0] == 1 for response in found.values())
    assert all(response.output_tokens == 100 for response in found.values())


def test_one_failing_column_leaves_the_others_whole(ask):
    found = ask("hi", ["/no/such/file.gguf", "smollm2"], max_tokens=5)
    assert found["file.gguf"].state == "failed"
    assert "There is no file file.gguf" in found["file.gguf"].error
    assert found[A].state == "finished" and found[A].output_tokens == 5
    assert found[A].shared_with == 0


def test_a_killed_child_is_its_columns_failure_and_the_next_prompt_works(machine, endless):
    victim, other = "victim.gguf", B
    specs = [endless(victim), "gemma3"]
    killed = []

    def kill(responses, _n):
        if not killed and responses[victim].output_tokens > 3:
            killed.extend(
                p.pid for p in workers() if any(victim in opened.path for opened in p.memory_maps())
            )
            os.kill(killed[0], signal.SIGKILL)

    last = watch(machine.compare(comparison("Tell me a story.", specs, max_tokens=200)), kill)[-1]
    assert last[victim].state == "failed" and "SIGKILL" in last[victim].error
    assert last[victim].text  # what was written stays
    assert last[other].state == "finished"
    again = ends(machine, specs, max_tokens=20)
    assert {r.state for r in again.values()} == {"finished"}
    assert again[victim].load_s > 0 and again[other].load_s is None


def test_stop_ends_all_and_stop_of_one_only_that(machine, endless):
    first, second = "first.gguf", "second.gguf"
    specs = [endless(first), endless(second)]
    run = machine.compare(comparison("Tell me a story.", specs, max_tokens=1500))

    def stop_one(responses, _n):
        if all(r.output_tokens > 2 for r in responses.values()):
            run.stop(first if not responses[first].ended else None)

    last = watch(run, stop_one)[-1]
    assert last[first].state == last[first].finish_reason == "cancelled"
    assert last[second].state == "cancelled"
    assert last[first].ended_at < last[second].ended_at
    assert last[second].decode_tps > 0  # its measures so far stay


def test_stop_shows_at_once_and_an_idle_child_serves_again(machine, monkeypatch):
    monkeypatch.setattr(run_module, "CANCEL_S", 60)  # a busy machine may be silent for two seconds
    run = machine.compare(comparison("x " * 900, ["smollm2"], max_tokens=400, n_ctx=4096))
    since = None  # how many snapshots showed no sign of it
    for responses in run.snapshots(0.05):
        if since is None and responses[A].state == "reading":
            run.stop()
            since = 0
        elif since is not None and not (responses[A].stopping or responses[A].ended):
            since += 1
    assert since < 6, "snapshots are at most 0.05 s apart"
    assert responses[A].state == "cancelled"
    again = ends(machine, ["smollm2"], max_tokens=2, n_ctx=4096)
    assert again[A].load_s is None


def test_closing_the_snapshots_stops_the_children(machine, endless):
    specs = [endless("first.gguf"), endless("second.gguf")]
    run = machine.compare(comparison("Tell me a story.", specs, max_tokens=1500))
    snapshots = run.snapshots()
    while not all(r.output_tokens for r in next(snapshots).values()):
        pass
    snapshots.close()
    assert run.wait(20)
    assert {r.state for r in run.responses().values()} == {"cancelled"}


def test_comparisons_run_one_at_a_time_in_their_order(machine):
    first = machine.compare(comparison("Tell me a story.", ["smollm2"], max_tokens=60))
    second = machine.compare(comparison("hi", ["smollm2"], max_tokens=5))
    third = machine.compare(comparison("hi", ["smollm2"], max_tokens=5))
    places = [s[A].place for s in third.snapshots(0.02) if s[A].state == "queued"]
    assert first.wait(20) and second.wait(20)
    assert places[0] in (1, 2) and places == sorted(places, reverse=True)
    ended = [run.responses()[A] for run in (first, second, third)]
    assert ended[0].ended_at <= ended[1].started_at
    assert ended[1].ended_at <= ended[2].started_at


def test_a_comparison_stopped_while_it_waits_never_runs(machine, endless):
    long = endless()
    first = machine.compare(comparison("Tell me a story.", [long], max_tokens=150))
    second = machine.compare(comparison("hi", ["smollm2"], max_tokens=5))
    while second.responses()[A].state != "queued":
        time.sleep(0.01)
    second.stop()
    assert second.wait(2) and not first.wait(0)
    response = second.responses()[A]
    assert response.state == "cancelled" and response.started_at is None
    assert first.wait(60)
    assert [response.state for response in first.responses().values()] == ["finished"]


def test_a_closed_machine_leaves_no_child_of_a_run_in_progress(endless):
    before, machine = workers(), Machine()
    run = machine.compare(comparison("Tell me a story.", [endless()], max_tokens=1500))
    while not all(response.output_tokens for response in run.responses().values()):
        time.sleep(0.01)
    machine.close()
    assert run.wait(0) and [r.state for r in run.responses().values()] == ["cancelled"]
    assert not workers() - before


def test_a_slow_column_never_holds_the_fast_one_back(fake):
    machine = fake("slow", "good")
    found = ends(machine)
    assert found[A].total_s > 0.8
    assert found[B].total_s < found[A].total_s / 2


def test_at_most_ten_snapshots_a_second_but_for_new_states_and_the_last_is_complete(fake):
    machine = fake("burst")
    began = time.monotonic()
    seen = watch(machine.compare(comparison("p", ["smollm2"])), lambda *_: None, tick=0.1)
    turns = sum(one[A].state != other[A].state for one, other in itertools.pairwise(seen))
    assert len(seen) - turns <= (time.monotonic() - began) / 0.1 + 2
    assert seen[-1][A].text == "x" * 2000 + "one two three"
    assert seen[-1][A].output_tokens == 2003


@pytest.mark.parametrize(
    ("kind", "stage", "words"),
    [
        ("crash-loading", "loading", "SIGABRT"),
        ("crash", "writing", "SIGKILL"),
        ("garbage", "reading", "unreadable"),
        ("exit", "reading", "exit status 3"),
    ],
)
def test_a_child_that_misbehaves_fails_its_column_only(fake, kind, stage, words):
    machine = fake(kind, "good")
    found = ends(machine)
    assert (found[A].state, found[A].stage) == ("failed", stage)
    assert words in found[A].error
    assert found[B].text == "one two three"
    assert ends(machine)[A].text == "one two three"  # a dead child is started afresh


def test_a_child_that_says_no_hello_in_time_has_failed(fake):
    found = ends(fake("mute", "good", hello_s=0.5))
    assert found[A].state == "failed" and "did not start" in found[A].error
    assert found[B].state == "finished"


def test_a_silent_child_is_killed_two_seconds_after_stop(fake):
    machine = fake("deaf")
    run = machine.compare(comparison("p", ["smollm2"]))

    def stop(responses, _n):
        if responses[A].output_tokens:
            run.stop()

    last = watch(run, stop)[-1][A]
    assert last.state == "cancelled" and last.text == "one"
    assert 1.9 < last.ended_at - last.last_token_at < 10


def test_stop_while_loading_kills_the_child(fake):
    machine = fake("slow-loading", "good")
    run = machine.compare(comparison("p", ["smollm2"]))
    watch(run, lambda responses, _n: responses[A].state == "loading" and run.stop())
    assert run.responses()[A].state == "cancelled"
    assert ends(machine, ["smollm2"])[A].state == "finished"


def test_a_late_column_joins_and_the_others_give_up_threads(endless):
    """A file that is still being fetched when the others start: its column joins them."""
    early, late = "early.gguf", B
    gate = threading.Event()
    machine = Machine(files=Gated(Files(), gate, late))
    run = machine.compare(comparison("p", [endless(early), "gemma3"], threads=2, max_tokens=1900))

    def let_it_come(responses, _n):
        if responses[early].output_tokens:
            gate.set()
        if responses[late].started_at:
            run.stop(late if responses[early].ended else early)

    last = watch(run, let_it_come)[-1]
    machine.close()
    assert last[early].threads == (1, 2)
    assert last[late].threads[0] == 1
    assert last[early].started_at < last[late].loading_at < last[early].ended_at
    assert 0 < last[early].shared_s < last[early].total_s


class Gated:
    """Files of which one is not here before a gate opens."""

    def __init__(self, files, gate: threading.Event, late: str):
        self._files, self._gate, self._late = files, gate, late

    def want(self, file, run, sink):
        if file.key != self._late:
            return self._files.want(file, run, sink)
        threading.Thread(
            target=lambda: self._gate.wait(20) and self._files.want(file, run, sink), daemon=True
        ).start()
        return self

    def leave(self):
        pass


def test_the_budget_of_this_machine_is_found(machine):
    assert machine.describe()["cores"] == cpu.budget() >= 1
