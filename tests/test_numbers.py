"""Every figure as a person reads it, to the digit."""

import pytest

from compare import numbers


def plain(text: str) -> str:
    """With ordinary spaces, for reading in a test."""
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("tps", "said"),
    [(None, "–"), (9.64, "9.6"), (99.94, "99.9"), (99.96, "100"), (1234.5, "1,234"), (0.0, "0.0")],
)
def test_speed(tps, said):
    assert numbers.speed(tps) == said


@pytest.mark.parametrize(
    ("s", "said"),
    [
        (None, "–"), (0.42, "0.42 s"), (0.994, "0.99 s"), (0.996, "1.0 s"), (2.94, "2.9 s"),
        (13.4, "13.4 s"), (99.94, "99.9 s"), (99.96, "1 min 40 s"), (125, "2 min 5 s"),
        (120, "2 min"), (3600, "1 h"), (3900, "1 h 5 min"),
    ],
)  # fmt: skip
def test_seconds(s, said):
    assert plain(numbers.seconds(s)) == said


@pytest.mark.parametrize(
    ("s", "said"),
    [(-1, "0.0 s"), (0.04, "0.0 s"), (8.44, "8.4 s"), (9.96, "10 s"), (31.2, "31 s"), (100, "1 min 40 s")],
)  # fmt: skip
def test_counting_seconds(s, said):
    assert plain(numbers.elapsed(s)) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (None, "–"), (0, "0 B"), (999, "999 B"), (1_170_000_000, "1.17 GB"), (638_000_000, "638 MB"),
        (98_362_432, "98.4 MB"), (999_600_000, "1.00 GB"), (17_300_000_000, "17.3 GB"), (2.5e12, "2.50 TB"),
    ],
)  # fmt: skip
def test_size(n, said):
    assert plain(numbers.size(n)) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [(None, "–"), (4_780_000_000, "about 4.8 GB"), (17_900_000_000, "about 18 GB"),
     (283_000_000, "about 280 MB"), (996_000_000, "about 1.0 GB")],
)  # fmt: skip
def test_predicted_size(n, said):
    assert plain(numbers.about_size(n)) == said


def test_a_part_has_the_unit_of_its_whole():
    assert plain(numbers.part_of(6_200_000_000, 17_300_000_000)) == "6.2 of 17.3 GB"
    assert plain(numbers.part_of(31_000_000, 638_000_000)) == "31 of 638 MB"
    assert plain(numbers.part_of(1_270_000_000, 4_550_000_000)) == "1.27 of 4.55 GB"
    assert plain(numbers.part_of(31_000_000, None)) == "31.0 MB"


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (390_272, "390,272"), (999_499, "999,499"), (999_500, "1 M"), (134_515_008, "135 M"),
        (999_400_000, "999 M"), (999_600_000, "1.0 B"), (10_731_524_096, "10.7 B"),
    ],
)  # fmt: skip
def test_parameters_are_told_as_in_a_models_name(n, said):
    assert plain(numbers.parameters(n)) == said


def test_counts_factors_and_ranges():
    assert plain(numbers.tokens(2048)) == "2,048 tokens"
    assert plain(numbers.tokens(1)) == "1 token"
    assert numbers.factor(4.23) == "4.2"
    assert numbers.factor(123.4) == "123"
    assert plain(numbers.percent(0.274)) == "27 %"
    assert plain(numbers.thread_range((1, 2))) == "1 to 2 threads"
    assert plain(numbers.thread_range((1, 1))) == "1 thread"
    assert numbers.thread_range(None) == "–"
    assert numbers.plural(1, "answer") == "1 answer"
    assert numbers.plural(1200, "answer") == "1,200 answers"
    assert numbers.plural(0, "other") == "0 others"


@pytest.mark.parametrize(
    ("s", "said"),
    [(None, ""), (0.2, "About 1 s left"), (3.2, "About 3 s left"), (10, "About 10 s left"),
     (12, "About 10 s left"), (13, "About 15 s left"), (87, "About 85 s left"), (89, "About 2 min left"),
     (290, "About 5 min left")],
)  # fmt: skip
def test_time_left(s, said):
    assert plain(numbers.time_left(s)) == said
