"""What is told of runs: a line of JSON each, and figures for Prometheus."""

import json
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from compare.asked.comparison import bench, comparison
from compare.models.spec import parse
from compare.protocol.events import Failed
from compare.run.response import Response
from compare.web.log import Log, column
from compare.web.metrics import PREFIX, Metrics

SECRET = "Which colour has the sea at night?"


@pytest.fixture
def told(machine):
    """The lines that its runs are told in."""
    lines: list[str] = []
    machine.on_end.append(Log(lines.append, now=lambda: datetime(2026, 11, 26, tzinfo=UTC)))
    return lines


def ended(run) -> None:
    assert run.wait(60)


def test_a_run_is_a_line_without_a_word_of_it(machine, told, tiny):
    ended(machine.compare(comparison(SECRET, [tiny(says="blue, I say")], max_tokens=8)))
    (line,) = told
    found = json.loads(line)
    assert (found["at"], found["kind"], found["mode"]) == (
        "2026-11-26T00:00:00.000+00:00",
        "compare",
        "together",
    )
    (one,) = found["columns"]
    assert one["state"] == "finished" and one["output_tokens"] > 0 and one["total_s"] > 0
    assert (
        SECRET not in line and "blue" not in line and "\n" not in line and "/" not in one["model"]
    )


def test_the_owner_may_have_the_prompts(machine, tiny):
    lines: list[str] = []
    machine.on_end.append(Log(lines.append, prompts=True))
    ended(machine.compare(comparison(SECRET, [tiny()], max_tokens=2)))
    assert json.loads(lines[0])["prompt"] == SECRET


def test_a_bench_is_a_line_with_its_rates(machine, told, tiny):
    ended(machine.bench(bench([parse(tiny())], prompt_tokens=4, output_tokens=4, repeats=1)))
    (one,) = json.loads(told[0])["columns"]
    assert json.loads(told[0])["kind"] == "bench" and one["pp_tps"] > 0 and one["tg_tps"] > 0


def test_a_cause_repeats_neither_the_prompt_nor_a_secret(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijkl")
    message = (
        f"The template complains: {SECRET}\nof hf_abcdefghijkl at https://me:word@proxy.example/."
    )
    failed = Response().after(Failed(run=1, at=1.0, message=message))
    told = column("tiny", failed, (SECRET,))
    assert told["cause"] == "The template complains: … of … at https://…@proxy.example/."
    assert told["failed_at"] == "waiting"


def test_runs_are_counted(machine, tiny, tmp_path):
    metrics = Metrics(machine)
    machine.on_end.append(metrics)
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    ended(machine.compare(comparison("hi", [tiny()], max_tokens=4)))
    ended(machine.compare(comparison("hi", [str(broken)], max_tokens=4)))
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }
    assert found[f"{PREFIX}_runs_total", "compare", "finished"] == 1
    assert found[f"{PREFIX}_runs_total", "compare", "failed"] == 1
    assert sum(value for name, value in found.items() if name[0] == f"{PREFIX}_failures_total") == 1
    assert found[f"{PREFIX}_tokens_total", "written"] > 0
    assert found[f"{PREFIX}_answer_seconds_count",] == 1
    assert found[f"{PREFIX}_children",] >= 1 and found[f"{PREFIX}_children_memory_bytes",] > 10**6
    assert found[f"{PREFIX}_line_runs",] == 0
