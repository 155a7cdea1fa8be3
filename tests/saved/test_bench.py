"""Speeds measured as llama-bench does: its statistics, its names, and models that fail or are stopped."""

import json

import pytest
from fakes import child
from processes import workers

from compare.asked.comparison import bench, comparison
from compare.asked.owner import Owner
from compare.protocol import events
from compare.protocol.devices import CPU_UBATCH
from compare.protocol.events import Failed, Fetched, Finished, Prefilled, Sample, Started
from compare.run import run as run_module
from compare.run.machine import Machine
from compare.run.measures import Timings
from compare.run.response import Response
from compare.saved.bench import as_csv, markdown, rows
from compare.usage import UsageError
from compare.words.speeds import DISTURBED, LEFT_OUT, line, progress, summary

BED = {
    "model_type": "llama 1B Q8_0", "model_size": 1_169_808_384, "model_n_params": 1_100_048_384,
    "backends": "CPU", "n_batch": 64, "n_ubatch": 64, "n_gpu_layers": 0, "flash_attn": False,
    "type_k": "f16", "type_v": "f16", "test_time": "2026-05-03T10:00:00Z",
}  # fmt: skip
MACHINE = {
    "cpu": "A processor", "cores": 2, "ram_bytes": 16_000_000_000, "gpus": [],
    "llama_cpp_python": "0.3.36", "llama_cpp": "0c1e570",
}  # fmt: skip

TABLE = """\
| model                    |     size | params | backend | threads | n_batch | n_ubatch | fa | repeats |  test |            t/s |
| ------------------------ | --------:| ------:| ------- | -------:| -------:| --------:| --:| -------:| -----:| --------------:|
| TinyLlama 1.1B Chat Q8_0 | 1.09 GiB | 1.10 B | CPU     |       2 |      64 |       64 |  0 |       2 | pp512 | 192.00 ± 90.51 |
| TinyLlama 1.1B Chat Q8_0 | 1.09 GiB | 1.10 B | CPU     |       2 |      64 |       64 |  0 |       1 | tg128 |          16.00 |

A processor, 2 cores, 16.0 GB RAM, llama.cpp 0c1e570, llama-cpp-python 0.3.36, 2026-05-03T10:00:00Z
"""  # noqa: E501


def told(*happened) -> Response:
    """A response after these events, one a second, in a run of its own."""
    response = Response()
    for at, (kind, values) in enumerate(happened):
        response = response.after(kind(run=1, at=float(at), **values))
    return response


def measured(
    pp=(2.0, 4.0), tg=(8.0,), *, end=(Finished, {"reason": "stop"}), cores=2, **bed
) -> Response:
    """Reads 512 tokens and writes 128, in these seconds."""
    return told(
        (Started, {"prompt_tokens": 512, "cached_tokens": 0, "threads": 2}),
        (events.Testbed, {**BED, **bed}),
        *(
            (Sample, {"test": "pp", "tokens": 512, "eval_s": s, "processor_s": cores * s})
            for s in pp
        ),
        *(
            (Sample, {"test": "tg", "tokens": 128, "eval_s": s, "processor_s": cores * s})
            for s in tg
        ),
        end,
    )


def ends(machine: Machine, specs: list[str], **settings) -> dict[str, Response]:
    *_, last = machine.bench(bench(specs, **settings)).snapshots(0.02)
    return last


# Figures.


def test_the_mean_is_of_the_rates_and_the_deviation_that_of_a_sample():
    times = Timings(512, (2.0, 4.0))
    assert times.samples_tps == (256.0, 128.0)
    assert times.avg_tps == 192.0  # and not 512 tokens / 3 s
    assert times.stddev_tps == pytest.approx(90.50966799187809, abs=1e-12)
    assert times.avg_s == 3.0
    assert times.stddev_s == pytest.approx(1.4142135623730951, abs=1e-15)


def test_a_single_repetition_has_no_deviation():
    assert Timings(32, (0.5,)).stddev_tps == 0.0


def test_a_prompt_read_as_fast_counts_as_fast_as_in_an_answer():
    asked = told((Prefilled, {"tokens": 64, "eval_s": 1.6}))
    benched = told((Sample, {"test": "pp", "tokens": 64, "eval_s": 1.6, "processor_s": 3.2}))
    assert asked.prefill_tps == benched.pp.avg_tps == 40.0


def test_two_rows_a_model_with_llama_benchs_names():
    asked = bench(["tinyllama"])
    reading, writing = rows(asked, {"tinyllama:Q8_0": measured()}, MACHINE)
    assert list(reading)[:25] == [
        "build_commit", "cpu_info", "gpu_info", "backends", "model_filename", "model_type", "model_size",
        "model_n_params", "n_batch", "n_ubatch", "n_threads", "type_k", "type_v", "n_gpu_layers",
        "flash_attn", "n_prompt", "n_gen", "n_depth", "test_time", "avg_ns", "stddev_ns", "avg_ts",
        "stddev_ts", "samples_ns", "samples_ts",
    ]  # fmt: skip
    assert (reading["n_prompt"], reading["n_gen"]) == (512, 0)
    assert (writing["n_prompt"], writing["n_gen"]) == (0, 128)
    assert (reading["avg_ns"], reading["stddev_ns"]) == (3_000_000_000, 1_414_213_562)
    assert reading["samples_ns"] == [2_000_000_000, 4_000_000_000]
    assert reading["samples_ts"] == [256.0, 128.0]
    assert writing["avg_ts"] == 16.0 and writing["stddev_ts"] == 0.0
    assert reading["model_filename"] == "tinyllama-1.1b-chat-v1.0.Q8_0.gguf"
    assert reading["spec"] == "tinyllama:Q8_0" and reading["n_threads"] == 2
    assert json.dumps(reading["flash_attn"]) == "0"  # a number, as there


def test_the_table_is_llama_benchs():
    found = rows(bench(["tinyllama"]), {"tinyllama:Q8_0": measured()}, MACHINE)
    assert markdown(found) == TABLE


def test_what_differs_from_the_default_has_a_column():
    gpu = measured(
        n_gpu_layers=23, flash_attn=True, type_k="q8_0", type_v="q8_0", backends="CUDA", n_batch=512,
        n_ubatch=512,
    )  # fmt: skip
    table = markdown(rows(bench(["tinyllama"]), {"tinyllama:Q8_0": gpu}, MACHINE))
    five = measured(pp=(2.0,) * 5, tg=(8.0,) * 5)
    assert "repeats" not in markdown(rows(bench(["tinyllama"]), {"tinyllama:Q8_0": five}, MACHINE))
    assert "| backend | ngl | threads | n_batch | fa | type_k | type_v |" in table.splitlines()[0]


def test_csv_has_every_field_and_sample():
    head, first, _ = as_csv(
        rows(bench(["tinyllama"]), {"tinyllama:Q8_0": measured()}, MACHINE)
    ).splitlines()
    assert head.startswith("build_commit,cpu_info,") and "256.0;128.0" in first


def test_the_sentence_compares_writing_then_reading():
    names = {"a": "A", "b": "B"}
    found = {"a": measured(pp=(2.0,), tg=(2.0,)), "b": measured(pp=(1.0,), tg=(8.0,))}
    said = summary(found, names)
    assert said.finding == "A writes 4.0 times as fast as B"
    assert str(said).endswith("B, and B reads 2.0 times as fast as A.")


def test_a_files_name_that_has_its_quantization_is_not_given_it_twice(tiny):
    asked = bench([tiny("Some-Model.F16.gguf")])
    (file,) = asked.models
    table = markdown(rows(asked, {file.key: measured()}, MACHINE))
    assert file.quant == "F16" and "| Some-Model.F16 |" in table


def test_of_one_model_the_sentence_has_its_rates():
    said = summary({"a": measured(pp=(2.0,), tg=(2.0,))}, {"a": "A"})
    assert str(said) == "A writes 64.0 tokens a second and reads 256."


def test_repetitions_that_differ_are_said_not_to_be_quotable():
    steady, uneven = measured(pp=(2.0, 2.1)), measured(pp=(2.0, 2.6))
    assert DISTURBED not in str(summary({"a": steady}, {"a": "A"}))
    assert str(summary({"a": uneven}, {"a": "A"})).endswith(DISTURBED)


def test_a_bench_that_others_disturbed_says_so_and_holds_its_cores():
    found = {"tinyllama:Q8_0": measured(cores=1.1)}
    said = str(summary(found, {"tinyllama:Q8_0": "TinyLlama"}))
    assert "Other programs disturbed it: TinyLlama got 1.1 of 2\u00a0cores." in said
    reading, writing = rows(bench(["tinyllama"]), found, MACHINE)
    assert reading["cores_used"] == writing["cores_used"] == pytest.approx(1.1)
    quiet = summary({"tinyllama:Q8_0": measured()}, {"tinyllama:Q8_0": "TinyLlama"})
    assert "disturbed" not in str(quiet)


def test_the_sentence_says_who_failed_or_was_stopped():
    failed = told((Failed, {"message": "No.\nGive up."}))
    stopped = measured(pp=(2.0,), tg=(), end=(Finished, {"reason": "cancelled"}))
    said = str(
        summary(
            {"a": measured(pp=(2.0,), tg=(4.0,)), "b": failed, "c": stopped},
            dict(a="A", b="B", c="C"),
        )
    )
    assert said.startswith("A writes 32.0 tokens a second")
    assert said.endswith("B failed. C was stopped.")
    assert str(summary({"b": failed}, {"b": "B"})) == "B failed."


def test_the_state_names_the_test_and_the_repetition():
    def at(test, repeat):
        values = {"test": test, "repeat": repeat, "repeats": 3, "done": 16, "total": 64}
        return told((events.Testing, values))

    assert (
        line(told((Started, {"prompt_tokens": 64, "cached_tokens": 0, "threads": 2})))
        == "Warming up"
    )
    assert line(at("pp", 0)) == "Warming up"
    assert line(at("pp", 2)) == "Reading 64\u00a0tokens, 2 of 3"
    assert line(at("tg", 3)) == "Writing 64\u00a0tokens, 3 of 3"
    assert progress(at("tg", 3)) == (3 + 0.25) / 4
    assert line(measured(end=(Finished, {"reason": "cancelled"}))).startswith("Stopped")


def test_what_the_figures_leave_out_is_said_in_the_readme():
    with open("README.md") as readme:
        assert " ".join(LEFT_OUT.split()) in " ".join(readme.read().split())


# What is asked for.


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"repeats": 0}, "repeats is 0"),
        ({"repeats": -2}, "repeats is -2"),
        ({"prompt_tokens": -1}, "prompt_tokens is -1"),
        ({"output_tokens": "many"}, "output_tokens is “many”"),
        ({"prompt_tokens": 0, "output_tokens": 0}, "nothing to measure"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_numbers_that_measure_nothing_are_refused(asked, said):
    with pytest.raises(UsageError, match=said):
        bench(["smollm2"], **asked)


def test_the_context_is_as_large_as_the_longer_test():
    assert bench(["smollm2"], prompt_tokens=64, output_tokens=600).load.n_ctx == 600


def test_a_host_limits_tokens_and_seconds():
    owner = Owner(max_tokens=16, max_seconds=30, threads=1)
    capped = owner.capped_bench(bench(["smollm2"]))
    assert capped.tests.output_tokens == 16 and capped.tests.prompt_tokens == 512
    assert (capped.max_seconds, capped.threads) == (30, 1)
    assert capped.notices == ("Output tokens was lowered from 128 to 16, this host's limit.",)


# Real models.


def test_each_model_is_measured_as_often_as_asked_one_after_the_other(machine, tiny):
    specs = [tiny("a.gguf"), tiny("b.gguf", ends=True)]
    found = ends(machine, specs, prompt_tokens=70, output_tokens=5, repeats=3, threads=2)
    for response in found.values():
        assert response.state == "finished" and response.finish_reason == "stop"
        assert (response.pp.tokens, len(response.pp.samples_s)) == (70, 3)
        assert (response.tg.tokens, len(response.tg.samples_s)) == (5, 3)
        assert response.shared_with == 0 and response.threads == (2, 2)
        assert response.tg.processor_s > 0
        assert response.testbed.n_ubatch == CPU_UBATCH and response.memory.measured_bytes > 0
    assert found["a.gguf"].ended_at < found["b.gguf"].started_at


def test_it_agrees_with_an_answer_within_a_tenth(machine, endless):
    """On the same loaded file. What else a machine does only slows it down, so the best of each counts, and
    a disturbed turn is followed by another: what fails is one that measures otherwise, not a busy machine.
    """
    path, measured, answered = endless(), 0.0, 0.0
    for _ in range(20):
        tests = {"prompt_tokens": 0, "output_tokens": 128, "repeats": 1}
        (found,) = ends(machine, [path], threads=1, **tests).values()
        assert 0 < found.tg.cores_used < 1.1
        asked = comparison("Hi", [path], max_tokens=64, n_ctx=128, threads=1)
        *_, last = machine.compare(asked).snapshots()
        (answer,) = last.values()
        measured, answered = max(measured, found.tg.avg_tps), max(answered, answer.decode_tps)
        if abs(measured / answered - 1) <= 0.1:
            return
    pytest.fail(f"bench: {measured:.1f} tokens a second, an answer: {answered:.1f}")


@pytest.mark.parametrize(("left_out", "kept"), [("prompt_tokens", "tg"), ("output_tokens", "pp")])
def test_a_test_of_no_tokens_is_left_out(machine, tiny, left_out, kept):
    tests = {"prompt_tokens": 1, "output_tokens": 1, "repeats": 1, left_out: 0}
    (response,) = ends(machine, [tiny()], **tests).values()
    assert (response.pp is None, response.tg is None) == (kept == "tg", kept == "pp")
    assert getattr(response, kept).tokens == 1


def test_a_model_that_is_too_small_fails_alone_with_both_counts(machine, tiny):
    large = tiny("large.gguf", n_ctx_train=1024)
    asked = bench([tiny(), large], prompt_tokens=600, output_tokens=1, repeats=1)
    *_, found = machine.bench(asked).snapshots(0.02)
    assert "600 tokens; the context holds 512" in found["tiny.gguf"].error
    assert [row["spec"] for row in rows(asked, found, machine.describe())] == ["large.gguf"] * 2


def test_a_model_that_crashes_keeps_what_it_has_and_the_next_one_runs():
    crashing, good = child("crash"), child("good")
    spawned = iter([crashing, good])
    machine = Machine(spawn=lambda sink: next(spawned)(sink))
    asked = bench(["smollm2", "gemma3"], repeats=1)
    *_, found = machine.bench(asked).snapshots(0.02)
    told = rows(asked, found, MACHINE)
    machine.close()
    assert "SIGKILL" in found["smollm2:Q4_1"].error
    assert [(row["spec"], row["avg_ts"]) for row in told] == [
        ("smollm2:Q4_1", 16.0), ("gemma3:Q4_K_M", 16.0), ("gemma3:Q4_K_M", 8.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tests", [{"prompt_tokens": 4000, "output_tokens": 0}, {"prompt_tokens": 0, "output_tokens": 4000}]
)  # fmt: skip
def test_stop_is_answered_in_the_middle_of_a_test(machine, tests, monkeypatch):
    monkeypatch.setattr(run_module, "CANCEL_S", 60)  # a busy machine may be silent for two seconds
    before = workers()
    run = machine.bench(bench(["smollm2"], repeats=1000, **tests))
    for responses in run.snapshots(0.02):
        (response,) = responses.values()
        if response.testing:
            run.stop()
    assert response.state == response.finish_reason == "cancelled"
    assert len(workers() - before) == 1, "the child answered, so it wasn't killed"
    assert response.memory.measured_bytes
    assert response.pp is None and response.tg is None


def test_a_host_ends_a_bench_that_takes_too_long():
    machine = Machine(Owner(max_seconds=0.3))
    (response,) = ends(machine, ["smollm2"], output_tokens=500, repeats=1000).values()
    machine.close()
    assert response.finish_reason == "time"


def test_it_waits_for_all_its_files_before_any_model_runs():
    class Files:
        """The second file comes late."""

        def want(self, file, run, sink):
            here = Fetched(run=run, at=0.0, path=file.key, file_bytes=1)
            if waiting or file.model == "smollm2":
                sink(here)
            else:
                waiting.append(lambda: sink(here))
            return self

        def leave(self):
            pass

    waiting = []
    machine = Machine(spawn=child("good"), files=Files())
    run = machine.bench(bench(["smollm2", "gemma3"], repeats=1))
    snapshots = run.snapshots(0.02)
    for _ in range(10):
        assert [r.state for r in next(snapshots).values()] == ["waiting", "waiting"]
    waiting[0]()
    *_, found = snapshots
    machine.close()
    assert [r.state for r in found.values()] == ["finished", "finished"]


def test_how_long_it_will_take_is_known_or_guessed_once_something_was_measured(tiny):
    machine = Machine(Owner(max_seconds=10), spawn=child("good"))
    asked = bench([tiny(), "smollm2"], prompt_tokens=8, output_tokens=4, repeats=2)
    assert machine.expected_bench(asked) is None
    machine.bench(asked).wait()
    took = machine.expected_bench(asked)
    # Read 8 tokens three times at 16 a second, write 4 twice and 1 at 8 a second; of two models.
    assert (took.seconds, took.guessed) == (2 * (24 / 16 + 9 / 8), False)
    guess = machine.expected_bench(bench(["solar"]))
    machine.close()
    assert (guess.seconds, guess.guessed) == (10, True)  # no longer than this host allows


def test_a_run_without_its_file_takes_nothing_of_what_is_known():
    class Files:
        """Each file comes once."""

        def want(self, file, run, sink):
            came = file.key in seen
            seen.append(file.key)
            gone = Failed(run=run, at=0.0, message="It is gone.\nFetch it again.")
            sink(gone if came else Fetched(run=run, at=0.0, path=file.key, file_bytes=10**8))
            return self

        def leave(self):
            pass

    seen = []
    machine = Machine(spawn=child("good"), files=Files())
    asked = bench(["smollm2"], prompt_tokens=8, output_tokens=4, repeats=2)
    machine.bench(asked).wait()
    guess = machine.expected_bench(bench(["solar"]))
    (again,) = ends(machine, ["smollm2"]).values()
    assert again.state == "failed" and guess.guessed
    assert machine.expected_bench(bench(["solar"])) == guess
    machine.close()
