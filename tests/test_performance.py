"""The pure part of `make bench`: medians, what is missed, and the table."""

import pytest
from performance import llama_bench, pure
from performance.report import AT_MOST, WITHIN, Line, Measurement, Result, missed, number, table

RATIO = Line("ask", "decode", "the engine", 0.97)
CLICK = Line("click", "click to text", "", 150, AT_MOST, "ms")


def result(line: Line, *values: float, **beside: float) -> Result:
    samples = [{line.name: value, **beside} for value in values]
    return Result(Measurement("m", iter, (line,)), samples)


@pytest.mark.parametrize(
    ("line", "value", "met"),
    [
        (RATIO, 0.97, True), (RATIO, 0.969, False), (CLICK, 150, True), (CLICK, 150.1, False),
        (Line("b", "m", asked=0.05, bound=WITHIN), 0.96, True),
        (Line("b", "m", asked=0.05, bound=WITHIN), 1.06, False),
        (Line("b", "m"), 0.0, None),
    ],
)  # fmt: skip
def test_a_bound_counts_as_met(line, value, met):
    assert line.met(value) is met


def test_the_median_decides_and_a_missed_line_is_marked():
    rows = table([result(RATIO, 0.98, 0.90, 0.975), result(CLICK, 90, 400, 160)]).splitlines()
    assert "| at least 0.97 | 0.975 | 0.900 to 0.980, 3 × |" in rows[2]
    assert "| at most 150 ms | **missed: 160 ms** | 90.0 to 400, 3 × |" in rows[3]


def test_what_no_line_shows_stands_beside_the_first():
    found = Result(
        Measurement("m", iter, (RATIO, CLICK)),
        [{"ask": 1.0, "click": 9, "tok/s": 60}, {"ask": 1.0, "click": 9, "tok/s": 62.5}],
    )
    first, second = table([found]).splitlines()[2:]
    assert first.endswith("| 61.2 tok/s |") and second.endswith("|  |")


def test_a_failure_is_told_and_counts_as_missed():
    failed = result(RATIO)
    failed.failure = "RuntimeError: no | room\nat all"
    assert table([failed]).splitlines()[2].endswith("| – | – | RuntimeError: no \\| room at all |")
    assert missed([failed, result(CLICK, 1), result(Line("b", "only reported"))]) == ["ask"]


def test_a_failure_is_not_hidden_by_earlier_samples():
    failed = result(RATIO, 0.98, 0.99, tps=60)
    failed.failure = "RuntimeError: gone"
    assert (
        table([failed])
        .splitlines()[2]
        .endswith("| 0.985 | 0.980 to 0.990, 2 × | RuntimeError: gone |")
    )
    assert missed([failed]) == ["ask"]


@pytest.mark.parametrize(
    ("value", "said"), [(1234.4, "1,234"), (61.26, "61.3"), (9.876, "9.88"), (0.0123, "0.0123")]
)
def test_numbers_have_three_digits(value, said):
    assert number(value) == said


@pytest.mark.parametrize("measurement", pure.MEASUREMENTS, ids=lambda each: each.name)
def test_what_needs_no_model_is_measured(measurement):
    """However long it takes: that is for `make bench` to tell."""
    sample = next(measurement.samples(None))
    assert all(sample[line.name] > 0 for line in measurement.lines)


def test_llama_bench_is_asked_for_what_a_row_was_measured_with():
    row = {
        "n_batch": 64, "n_ubatch": 64, "n_threads": 2, "n_gpu_layers": 0, "flash_attn": 0,
        "type_k": "f16", "type_v": "f16", "n_prompt": 128, "samples_ts": [40.0, 42.0],
    }  # fmt: skip
    told = " ".join(llama_bench.flags(row))
    assert told == "-b 64 -ub 64 -t 2 -ngl 0 -fa 0 -ctk f16 -ctv f16"
    rows = [row, {**row, "n_prompt": 0, "n_gen": 32, "samples_ts": [9.0]}]
    assert llama_bench.rates(rows) == {"pp": [40.0, 42.0], "tg": [9.0]}
