"""Files cut into pieces by bytes, and parts that were joined though they can't be."""

import os
import shlex
import subprocess

import pytest
from headers import LAYERS, LLAMA, gguf, tensor, write_parts

from compare.gguf.header import HeaderError
from compare.gguf.model import read_model

MODEL = gguf(LLAMA, LAYERS, tensors=[tensor(shape=(320,))], data=bytes(range(128, 256)) * 10)
THIRD = len(MODEL) // 3


def said(path) -> str:
    with pytest.raises(HeaderError) as refused:
        read_model(path)
    return str(refused.value)


@pytest.mark.parametrize(
    "names",
    [
        [f"m.gguf.part{n}of3" for n in (1, 2, 3)],
        [f"m.gguf.part{n}of3.gguf" for n in (1, 2, 3)],
        [f"m.part-{n:02}-of-03.gguf" for n in (1, 2, 3)],
        [f"a model's.Q8_0.gguf-split-{n}" for n in "abc"],
        [f"m.gguf.{n:03}" for n in (1, 2, 3)],
        [f"m.gguf.{n:02}" for n in (0, 1, 2)],
        [f"m.gguf.a{n}" for n in "abc"],
        [f"m.gguf.parta{n}" for n in "abc"],
    ],
    ids=lambda names: names[0],
)
def test_pieces_say_how_to_join_them(tmp_path, names):
    """And what they say makes the file whole."""
    for n, name in enumerate(names):
        (tmp_path / name).write_bytes(MODEL[n * THIRD : (n + 1) * THIRD if n < 2 else None])
    for n, name in enumerate(names, start=1):
        what, advice = said(tmp_path / name).split("\n")
        assert what == f"This is part {n} of 3 of a file that was cut by bytes."
        command = advice.removeprefix("Join them: ")
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    whole = tmp_path / shlex.split(command)[-1]
    assert whole.suffix == ".gguf" and whole.read_bytes() == MODEL
    assert read_model(whole)[1].layers == 1


def test_a_piece_that_is_missing_is_named(tmp_path):
    for n in (0, 2):
        (tmp_path / f"m.gguf.part{n + 1}of3").write_bytes(MODEL[n * THIRD : (n + 1) * THIRD])
    assert ", of which m.gguf.part2of3 is not in this folder.\nDownload what is" in said(
        tmp_path / "m.gguf.part1of3"
    )
    (tmp_path / "m.gguf.part3of3").unlink()
    assert "m.gguf.part2of3 and m.gguf.part3of3 are not in this folder" in said(
        tmp_path / "m.gguf.part1of3"
    )


def test_a_piece_that_is_missing_behind_all_others_is_noticed_by_their_size(tmp_path):
    for n in (0, 1):
        (tmp_path / f"m.gguf.00{n + 1}").write_bytes(MODEL[n * THIRD : (n + 1) * THIRD])
    lacking = len(MODEL) - 2 * THIRD
    assert f"and together they lack {lacking:,} bytes: one is cut short" in said(
        tmp_path / "m.gguf.001"
    )


def test_a_piece_alone_is_known_by_its_name(tmp_path):
    (tmp_path / "m.gguf-split-b").write_bytes(b"\x91" * 64)
    assert "this is part 2 of a file" in said(tmp_path / "m.gguf-split-b") or "of 2" in said(
        tmp_path / "m.gguf-split-b"
    )
    (tmp_path / "n.gguf-split-a").write_bytes(MODEL[:-1])
    assert "By its name, this is part 1 of a file that was cut by bytes" in said(
        tmp_path / "n.gguf-split-a"
    )


def test_a_name_alone_makes_no_piece(tmp_path):
    whole = tmp_path / "m.gguf.part1of2"
    whole.write_bytes(MODEL)
    assert read_model(whole)[0] == str(whole)
    for name in ("m.gguf", "m.gguf.bak", "model-part.gguf", "m.gguf.gz"):
        (tmp_path / name).write_bytes(MODEL[:-1])
        assert said(tmp_path / name).startswith("The file is cut short: 1 of its")
    page = tmp_path / "m.gguf.part2of2"
    page.write_bytes(b"<!DOCTYPE html>")
    assert "a web page" in said(page)


def test_parts_that_were_joined_are_told_apart_from_a_part(tmp_path):
    parts = write_parts(tmp_path, count=2)
    joined = tmp_path / "joined.gguf"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert said(joined).startswith(
        "These are the 2 parts of a model, one behind the other in one file:"
    )
    os.replace(joined, parts[0])  # under the name of the first, as after “cat 1 2 > 1”
    parts[1].unlink()
    assert said(parts[0]).startswith("These are the 2 parts of a model")


def test_a_file_that_was_merged_and_says_still_that_it_is_a_part_is_whole(tmp_path):
    (part, _) = write_parts(tmp_path, count=2)
    alone = tmp_path / "merged.gguf"
    said_whole = part.read_bytes().replace(
        b"split.tensors.count\4\0\0\0\2", b"split.tensors.count\4\0\0\0\1"
    )
    alone.write_bytes(said_whole)
    first, header = read_model(alone)
    assert (first, header.split, header.layers) == (str(alone), None, 1)
