"""Files of one's own, one by one and by their folder."""

import os

import pytest
from headers import MODEL, write_parts

from compare.models.own import own_files
from compare.usage import UsageError


def keys(*names) -> list[str]:
    return [file.key for file in own_files([str(name) for name in names])]


@pytest.fixture
def shelf(tmp_path):
    """A folder as people have them: other programs' folders, parts, pieces, halves, and what is no model."""
    folder = tmp_path / "models"
    (folder / "lmstudio" / "publisher").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in (
        *("b.gguf", "A.GGUF", "lmstudio/publisher/c.gguf", "without-an-ending", "sha256-abc"),
        *(".hidden/d.gguf", "e.gguf.incomplete", "f.gguf.part", "g.gguf.part1of2"),
    ):
        (folder / name).write_bytes(MODEL)
    (folder / "g.gguf.part2of2").write_bytes(b"\x91" * 64)
    (folder / "README.md").write_text("# Models")
    (folder / "page.gguf").write_text("<!DOCTYPE html>")
    write_parts(folder, name="h")
    os.mkfifo(folder / "fifo.gguf")
    return folder


def test_a_folder_means_all_of_its_files_each_model_once(shelf):
    assert keys(shelf) == [
        *("A.GGUF", "b.gguf", "h-00001-of-00003.gguf", "page.gguf", "c.gguf"),
        *("g.gguf.part1of2", "sha256-abc", "without-an-ending"),
    ]


def test_the_same_file_twice_is_there_once(shelf, tmp_path):
    link = tmp_path / "link.gguf"
    link.symlink_to(shelf / "b.gguf")
    named = [shelf / "b.gguf", link, f"{shelf}/../models/b.gguf", shelf / "h-00002-of-00003.gguf"]
    assert keys(*named, shelf)[:3] == ["b.gguf", "h-00001-of-00003.gguf", "A.GGUF"]
    assert len(keys(*named, shelf)) == len(keys(shelf))


def test_a_blob_of_the_hubs_cache_is_called_by_its_name(tmp_path):
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "1"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    (blobs / ("0a" * 32)).write_bytes(MODEL)
    (snapshot / "model.gguf").symlink_to(blobs / ("0a" * 32))
    assert keys(tmp_path) == ["model.gguf"]


def test_two_files_of_one_name_are_told_apart(tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "m.gguf").write_bytes(MODEL)
    assert keys(tmp_path) == ["m.gguf", "m.gguf#2"]


def test_parts_without_their_first_are_there_to_say_so(tmp_path):
    write_parts(tmp_path, name="h")[0].unlink()
    assert keys(tmp_path) == ["h-00002-of-00003.gguf"]


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"There is no GGUF file in the folder “.*”"):
        own_files([str(tmp_path)])
    with pytest.raises(UsageError, match=r"There is no file “.*none.gguf”"):
        own_files([str(tmp_path / "none.gguf")])
    assert own_files([]) == ()
