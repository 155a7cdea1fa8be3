"""From a file to a model: its parts, under any name, and files that write no answers."""

import os

import pytest
import shapes
from headers import MODEL, gguf, string, tensor, u32, write_parts
from reading import read, refusal

from compare.gguf.header import HeaderError, Split
from compare.gguf.model import check, identity, read_model, written_over


def other(architecture="llama", **entries) -> bytes:
    return gguf(
        string("general.architecture", architecture),
        u32(f"{architecture}.block_count", 1),
        *(u32(k, v) if isinstance(v, int) else string(k, v) for k, v in entries.items()),
        tensors=[tensor()],
        data=bytes(128),
    )


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (other("bert"), "an embedding model"),
        (other("nomic-bert-moe"), "an embedding model"),
        (other("gemma-embedding"), "an embedding model"),
        (other("qwen3", **{"qwen3.pooling_type": 3}), "an embedding model"),
        (other("clip"), "a vision projector"),
        (other(**{"general.type": "mmproj"}), "a vision projector"),
        (other(**{"general.type": "adapter"}), "a LoRA adapter"),
        (other(**{"general.type": "imatrix"}), "an importance matrix"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_write_no_answers_are_refused(raw, says):
    assert says in refusal(raw)


def test_a_model_without_pooling_is_no_embedding_model():
    raw = other("qwen3", **{"qwen3.pooling_type": 0, "general.type": "model"})
    check(read(raw), len(raw))


def test_an_older_mixtral_is_known_by_its_tensors(tmp_path):
    old = shapes.tiny_mixtral(tmp_path / "old.gguf", split=True)
    with pytest.raises(HeaderError) as refused:
        read_model(old)
    assert str(refused.value) == (
        "This is an older Mixtral file with split experts, made before llama.cpp changed the "
        "layout.\nUse mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF."
    )
    assert read_model(shapes.tiny_mixtral(tmp_path / "new.gguf"))[1].get("expert_count") == 4


def test_any_part_leads_to_the_first_with_the_tensors_of_all(tmp_path):
    paths = write_parts(tmp_path)
    for path in paths:
        first, header = read_model(path)
        assert first == str(paths[0])
        assert [t.name for t in header.tensors] == ["t0", "t1", "t2"]
        assert (header.parameters, header.layers, header.quant) == (96, 1, "F32")
        assert header.split == Split(0, 3, 3)
        assert header.file_bytes == sum(p.stat().st_size for p in paths)


def test_a_missing_part_is_named(tmp_path):
    paths = write_parts(tmp_path)
    paths[1].unlink()
    with pytest.raises(
        HeaderError, match=r"in 3 parts, and my model-00002-of-00003.gguf is not in"
    ):
        read_model(paths[2])
    paths[0].unlink()
    with pytest.raises(HeaderError, match=r"00001-of-00003.gguf and .*00002-of-00003.gguf are not"):
        read_model(paths[2])


def test_a_part_that_lost_its_name_is_told_it(tmp_path):
    path = write_parts(tmp_path)[1].rename(tmp_path / "renamed.gguf")
    with pytest.raises(HeaderError, match=r"part 2 of 3, but its name .*\n.*-00002-of-00003\.gguf"):
        read_model(path)


def test_a_damaged_part_is_named(tmp_path):
    paths = write_parts(tmp_path)
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    with pytest.raises(HeaderError, match="Part 2 of 3: The file is cut short: 1 of"):
        read_model(paths[0])
    paths[1].write_bytes(paths[2].read_bytes())
    with pytest.raises(
        HeaderError, match=r"00002-of-00003\.gguf is not the part that its name says"
    ):
        read_model(paths[0])


def test_a_file_is_told_from_another_at_its_path_by_all_its_parts(tmp_path):
    paths = write_parts(tmp_path)
    before = identity(paths[0])
    assert len(before) == 3 and identity(paths[2]) == before
    assert before[1][1:3] == (paths[1].stat().st_ino, paths[1].stat().st_size)
    os.utime(paths[2], (1, 1))
    assert identity(paths[0]) != before and written_over(before, identity(paths[0]))
    paths[2].unlink()
    assert len(identity(paths[0])) == 2
    assert identity(tmp_path / "none.gguf") == identity("a\0b") == ()


def test_what_another_file_takes_the_place_of_is_not_written_over(tmp_path):
    path, other = tmp_path / "a.gguf", tmp_path / "b.gguf"
    path.write_bytes(MODEL)
    other.write_bytes(MODEL + b"x")
    before = identity(path)
    os.replace(other, path)
    assert identity(path) != before and not written_over(before, identity(path))
    path.unlink()
    assert not written_over(before, identity(path))


@pytest.mark.parametrize("name", ["two words", "“quotes” 'n' \"all\"", "Ελληνικά", "🦙"])
def test_any_name_will_do(tmp_path, name):
    path = tmp_path / f"{name}.gguf"
    path.write_bytes(MODEL)
    assert read_model(path)[0] == str(path)
