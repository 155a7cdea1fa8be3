"""ZeroGPU's leases, how long they are and how they end: `lend` itself is asked, in this process, unforked."""

import threading
from dataclasses import replace

import httpx
import pytest
from browser import free_port
from processes import workers

from compare.asked.comparison import bench, comparison
from compare.memory.admission import Gate
from compare.models.catalogue import MODELS
from compare.models.spec import parse
from compare.run import terms, zerogpu
from compare.run.machine import Machine
from compare.run.terms import COMPILE_S, FORK_S, refusal
from compare.run.zerogpu import ANSWER_S, Lease, LeasedGpus, Leases, lend
from compare.words.column import state_line


@pytest.fixture
def leased():
    """Machines whose leases run in this process: `spaces` is left out."""
    made = []

    def build(lease) -> Machine:
        made.append(Machine(lease=lease, gate=Gate(LeasedGpus)))
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def test_a_service_that_goes_down_later_is_said_in_the_columns(leased, tiny):
    """httpx's errors, as `spaces` lets them through."""

    def unreachable(address, seconds):
        httpx.post(f"http://127.0.0.1:{free_port()}")
        yield []

    asked = comparison("hello", [tiny("a.gguf"), tiny("b.gguf")])
    *_, last = leased(Leases(unreachable)).compare(asked).snapshots()
    for response in last.values():
        assert response.error.startswith("The service that lends GPUs can't be reached")


def test_no_layer_on_the_gpu_takes_no_lease(leased, tiny):
    machine = leased(lambda asked: pytest.fail("it was leased"))
    asked = comparison("hello", [tiny(says="Hi.", ends=True)], gpu_layers=0)
    *_, last = machine.compare(asked).snapshots()
    assert [response.text for response in last.values()] == ["Hi."]


def test_who_stops_while_waiting_for_a_gpu_is_free_at_once_and_keeps_none(leased, tiny):
    asked, free, given_back = threading.Event(), threading.Event(), threading.Event()

    def slow(address, seconds):
        asked.set()
        free.wait()
        try:
            yield from lend(address, seconds)
        finally:
            given_back.set()

    run = leased(Leases(slow)).compare(comparison("hello", [tiny()]))
    assert asked.wait(20)
    run.stop()
    assert run.wait(5) and not given_back.is_set()
    free.set()
    assert given_back.wait(20) and not workers()


def test_one_column_is_stopped_and_the_other_goes_on(leased, endless):
    machine = leased(Leases(lend))
    one, other = endless("one.gguf"), endless("other.gguf")
    run = machine.compare(comparison("hello", [one, other], max_tokens=60))
    for responses in run.snapshots(0.02):
        if responses["one.gguf"].state == "writing" and not responses["one.gguf"].stopping:
            run.stop("one.gguf")
    assert [r.state for r in responses.values()] == ["cancelled", "finished"]
    assert responses["one.gguf"].text and responses["other.gguf"].output_tokens == 60
    assert not workers()


def test_an_answer_ends_before_its_lease_and_keeps_its_measures(leased, endless):
    machine = leased(lambda asked: Lease(lend, 12))
    run = machine.compare(comparison("hello", [endless()], max_tokens=100_000, n_ctx=8192))
    *_, last = run.snapshots()
    (response,) = last.values()
    assert response.finish_reason == "time"
    assert state_line(response, 0, max_seconds=120).parts[-1] != " 120\xa0s"
    assert response.decode_tps > 0
    assert response.ended_at - response.loading_at < 12
    assert not workers()


def test_a_lease_too_short_to_load_says_so(leased, tiny):
    machine = leased(lambda asked: Lease(lend, 1))
    *_, last = machine.compare(comparison("hello", [tiny("a.gguf"), tiny("b.gguf")])).snapshots()
    for response in last.values():
        assert response.error.startswith("The 1 s of GPU time that were reserved are over.\nRun it")
    assert not workers()


def test_a_bench_is_measured_on_a_lease(leased):
    machine = leased(Leases(lend))
    asked = bench(["smollm2"], prompt_tokens=16, output_tokens=4, repeats=2)
    *_, last = machine.bench(asked).snapshots()
    (response,) = last.values()
    assert response.tg.avg_tps > 0 and response.pp.avg_tps > 0
    assert machine.describe()["llama_cpp"] and not workers()


def test_a_failed_column_ends_alone(leased, tiny, tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    machine = leased(Leases(lend))
    asked = comparison("hello", [str(tmp_path / "bad.gguf"), tiny(says="Hi.", ends=True)])
    *_, last = machine.compare(asked).snapshots()
    bad, good = last.values()
    assert bad.state == "failed" and good.text == "Hi."


def test_a_comparison_waits_for_all_its_files(leased):
    run = leased(Leases(lend)).compare(comparison("hello", ["smollm2"], max_tokens=1))
    assert run.comparison.files_first
    run.wait()


PAIR = ["tinyllama:Q4_K_M", "solar:Q2_K"]


def test_a_lease_is_as_long_as_what_is_asked_takes():
    few, many = (terms.seconds(comparison("hi", PAIR, max_tokens=n)) for n in (64, 256))
    assert 10 < few < many < 60
    sizes = [MODELS["tinyllama"].quant("Q4_K_M").bytes, MODELS["solar"].quant("Q2_K").bytes]
    loads = 2 * terms.START_S + sum(sizes) / terms.LOAD_BYTES_PER_S
    assert many == pytest.approx(loads + 256 / 100 + 256 / (3e11 / sizes[1]) + 2 * 2 / 1000)


def test_the_hosts_seconds_bound_a_lease_each_in_turn_and_once_together():
    free = comparison("hi", ["smollm2", "gemma3"], max_tokens=100_000)
    together = replace(free, max_seconds=20)
    in_turn = replace(together, mode="in-turn")
    loads = terms.seconds(replace(free, max_seconds=1e-9))
    assert terms.seconds(together) - loads == pytest.approx(20)
    assert terms.seconds(in_turn) - loads == pytest.approx(40)


def test_the_first_lease_has_time_to_compile_and_none_is_longer_than_anyone_may_have(leased, tiny):
    asked_for = []

    def noting(address, seconds):
        asked_for.append(seconds)
        return lend(address, seconds)

    machine = leased(Leases(noting))
    asked = comparison("hello", [tiny(says="Hi.", ends=True)], max_tokens=8)
    for _ in range(2):
        machine.compare(asked).wait()
    first, second = asked_for
    assert first - second == COMPILE_S
    assert second == pytest.approx(FORK_S + ANSWER_S + terms.seconds(asked), abs=1)
    long = comparison("hi", PAIR, max_tokens=100_000)
    assert Leases(noting)(long)._seconds == terms.MOST_S


def test_what_spaces_adds_for_a_card_is_not_asked_for_twice(monkeypatch):
    from spaces.zero import config

    assert zerogpu._duration("", 43) == 43
    # As on an RTX Pro 6000, which isn't here.
    monkeypatch.setattr(config, "get_config", lambda: {"duration_factor": 1.5})
    assert zerogpu._duration("", 43) == 29  # of which spaces makes 43.5


def test_an_error_nobody_foresaw_is_no_traceback():
    assert refusal(KeyError("<b>x</b>"), 30) == (
        "There is no GPU to run this on (KeyError).\nRun it again in a minute."
    )


def test_the_gate_counts_on_the_gpu_that_will_be_leased():
    gate = Gate(LeasedGpus)
    settings = comparison("hi", ["solar"]).load
    assert gate.divides(settings)
    for spec in ("solar:Q4_K_M", "mixtral:Q5_K_M"):
        prediction = gate.predict(parse(spec), settings)
        assert prediction.gpu_layers == prediction.layers


def test_a_model_whose_size_nobody_printed_is_timed_by_its_shape():
    files = parse("tinyllama"), replace(parse("mixtral"), bytes=None)
    shown, unknown = (terms.seconds(comparison("hi", [file])) for file in files)
    assert unknown > 5 * shown
