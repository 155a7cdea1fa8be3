"""Another file at the same path is loaded anew, and said; one that changes under a model ends its column."""

import os
import shutil

import pytest
import shapes

from compare.asked.comparison import comparison
from compare.memory.admission import Gate
from compare.run.machine import Machine
from compare.run.runner import LOADED_ANEW


@pytest.fixture
def asked(ask, tiny):
    """Asks the model at one path; returns its response."""
    path = tiny("model.gguf", says="abc")

    def once():
        (response,) = ask("hello\n", [path], max_tokens=6, temperature=0, n_ctx=512).values()
        return response

    once.path = path
    return once


def renamed(new, path):
    os.replace(new, path)


def written_in_place(new, path):
    shutil.copyfile(new, path)


@pytest.mark.parametrize("put", [renamed, written_in_place])
def test_another_file_answers_and_it_is_said(asked, tiny, put):
    first = asked()
    assert first.text == "abcabc" and LOADED_ANEW not in first.notices
    assert asked().load_s is None
    put(tiny("other.gguf", says="xyz"), asked.path)
    anew, again = asked(), asked()
    assert anew.text == "xyzxyz" and LOADED_ANEW in anew.notices and anew.load_s
    assert (again.text, again.load_s) == ("xyzxyz", None) and LOADED_ANEW not in again.notices


def while_it_writes(machine: Machine, path: str, change, stops: bool = True):
    """The response of a model, to whose file `change` happens while it writes; then it is stopped."""
    run = machine.compare(comparison("hello\n", [path], max_tokens=1500, temperature=0))
    changed = False
    for responses in run.snapshots():
        (response,) = responses.values()
        if response.state == "writing" and not changed:
            change(path)
            changed = True
            if stops:
                run.stop()
    assert changed
    return response


def test_a_file_that_is_written_to_under_a_model_ends_its_column(machine, endless):
    path = endless()
    response = while_it_writes(machine, path, os.utime)
    assert response.state == "failed" and response.decode_tps is None
    assert response.error.startswith(
        "The file was changed while its model was loaded, so what it wrote"
    )
    *_, last = machine.compare(comparison("hi", [path], max_tokens=2)).snapshots()
    (again,) = last.values()
    assert (
        again.load_s and again.notices[-1] == LOADED_ANEW
    )  # the one that was spoilt serves no more


def test_a_file_that_is_cut_short_under_a_model_does_too(machine, endless, tmp_path):
    path = shutil.copyfile(endless(), tmp_path / "own.gguf")  # the others are links to one file
    response = while_it_writes(
        machine, str(path), lambda path: os.truncate(path, 2**20), stops=False
    )
    assert response.state == "failed"
    assert response.error.startswith("The file was changed while its model was loaded")


def test_a_file_that_another_takes_the_place_of_goes_on_answering(machine, endless, tiny):
    other = tiny("other.gguf")
    response = while_it_writes(machine, endless(), lambda path: os.replace(other, path))
    assert response.state == "cancelled" and response.text


class Touching(Gate):
    """Lets something happen to a file right before it is loaded."""

    def admit_load(self, file, path, *rest):
        os.utime(path)
        return super().admit_load(file, path, *rest)


def test_a_file_that_changes_while_it_loads_ends_its_column(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf", says="abc")
    machine = Machine(gate=Touching())
    try:
        *_, last = machine.compare(comparison("hi", [str(path)], max_tokens=2)).snapshots()
    finally:
        machine.close()
    (response,) = last.values()
    assert response.state == "failed"
    assert response.error.startswith("The file was changed while its model was loading.")
