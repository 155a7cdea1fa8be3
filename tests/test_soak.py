"""The rows of `make soak`, each for seconds."""

from pathlib import Path

import pytest
from soak import children, day, mutated, surroundings, visitors


def test_visitors_are_served_or_politely_refused_and_none_sees_anothers_prompt():
    found = visitors.visitors(3, line=1, waves=1, left_s=0)
    assert (found["visitors"], found["visitors-mixed"], found["visitors-log"]) == (0, 0, 0)
    assert found["answered"] and found["answered"] + found["refused"] == 3


def test_children_that_are_ended_take_no_other_with_them(endless):
    """By SIGKILL and by a crash; a stopped one is given its time, in tests/run/test_hang.py."""
    files = [endless("first.gguf"), endless("second.gguf")]
    found = children.killed(files, count=2, every=1, tokens=10)
    assert not any(found[line.name] for line in children.KILLED)


def test_mutated_headers_have_a_clear_end(tiny, tmp_path):
    assert mutated.headers(Path(tiny()), tmp_path, count=6)["headers"] == 0


def test_mutated_templates_have_a_clear_end():
    assert mutated.templates(count=30)["templates"] == 0


@pytest.mark.parametrize("way", [surroundings.clock_back, surroundings.no_home])
def test_surroundings_that_fail_are_got_over(way):
    assert way() == ""


def test_a_day_leaves_no_model_loaded():
    found = day.day(hours=1, hour_s=0, burst=1, idle_s=1, restarts=0)
    assert (found["day"], found["day-models"]) == (0, 0)
