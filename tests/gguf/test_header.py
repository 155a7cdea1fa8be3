"""A file's header, read from good files, bad files and lies."""

import gzip
import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from functools import cache

import pytest
import shapes
from children import fetched
from gguf import GGUFReader
from headers import LIES, array, entry, gguf, string, tensor, text, u32
from hypothesis import given, settings
from hypothesis import strategies as st

from compare.gguf.header import CutShort, Header, HeaderError, Split
from compare.gguf.model import check, parts, read_model
from compare.gguf.reader import read_header

LLAMA = string("general.architecture", "llama")
LAYERS = u32("llama.block_count", 1)
MODEL = gguf(LLAMA, LAYERS, tensors=[tensor()], data=bytes(128))


def read(raw: bytes) -> Header:
    return read_header(io.BytesIO(raw))


def refusal(raw: bytes) -> str:
    """What is said of a file that holds these bytes."""
    with pytest.raises(HeaderError) as refused:
        check(read(raw), len(raw))
    message = str(refused.value)
    what, advice = message.split("\n")
    assert what.endswith((".", "”.")) and advice.endswith(".")
    return message


@cache
def tiny_file() -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        return shapes.tiny(Path(folder) / "t.gguf", chat_template="{{ x }}").read_bytes()


@cache
def tiny_header() -> bytes:
    return tiny_file()[: read(tiny_file()).data_offset]


def test_a_tiny_model(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf", quant="Q8_0", chat_template="<{{ messages }}>")
    header = read_header(path)
    assert (header.architecture, header.name) == ("llama", "Tiny (random weights)")
    assert (header.file_type, header.quant) == (7, "Q8_0")
    assert (header.context, header.layers) == (512, 2)
    assert header.chat_template == "<{{ messages }}>"
    assert header.get("attention.head_count_kv") == 2
    assert header.vocabulary == len(shapes.SPECIALS) + len(shapes.BYTES) + len(shapes.PIECES)
    assert header.file_bytes <= path.stat().st_size < header.file_bytes + 32
    assert header.split is None and not header.split_experts
    check(header, path.stat().st_size)
    assert parts(path, header) == [str(path)]
    assert read_model(path) == (str(path), header)


def test_it_is_read_again_only_where_the_file_has_changed(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf", quant="Q8_0")
    header = read_header(path)
    assert read_header(str(path)) is header
    other = shapes.tiny(tmp_path / "other.gguf", quant="F16")
    other.replace(path)
    assert read_header(path).quant == "F16"
    with path.open("r+b") as file:
        file.truncate(8)
    with pytest.raises(HeaderError):
        read_header(path)


@pytest.mark.parametrize("quant", ["F32", "F16", "Q8_0", "Q4_0"])
def test_its_tensors_are_those_that_the_gguf_package_reads(tmp_path, quant):
    path = shapes.tiny(tmp_path / "t.gguf", quant=quant)
    header, theirs = read_header(path), GGUFReader(path)
    assert header.data_offset == theirs.data_offset
    assert [
        (t.name, t.shape, t.type, t.nbytes, header.data_offset + t.offset, t.elements)
        for t in header.tensors
    ] == [
        (
            t.name,
            tuple(map(int, t.shape)),
            t.tensor_type.name,
            t.n_bytes,
            t.data_offset,
            t.n_elements,
        )
        for t in theirs.tensors
    ]


@pytest.mark.parametrize(
    ("model", "quant", "context", "layers", "vocabulary"),
    [("smollm2", "Q4_1", 8192, 30, 49_152), ("gemma3", "Q4_K_M", 32_768, 18, 262_144)],
)
def test_the_embedded_models_are_what_llama_cpp_says(model, quant, context, layers, vocabulary):
    from llama_cpp import llama_cpp as api

    path = fetched(model)
    header = read_header(path)
    assert (header.quant, header.context) == (quant, context)
    assert (header.layers, header.vocabulary) == (layers, vocabulary)
    check(header, os.stat(path).st_size)
    params = api.llama_model_default_params()
    params.use_extra_bufts = False
    loaded = api.llama_model_load_from_file(path.encode(), params)
    assert header.parameters == api.llama_model_n_params(loaded)
    assert sum(t.nbytes for t in header.tensors) == api.llama_model_size(loaded)
    assert header.context == api.llama_model_n_ctx_train(loaded)
    assert header.layers == api.llama_model_n_layer(loaded)
    template = api.llama_model_chat_template(loaded, None)
    assert header.chat_template == (template.decode() if template else None)
    api.llama_model_free(loaded)


def test_it_takes_little_memory_however_long_the_vocabulary():
    path = fetched("gemma3")
    assert peak_bytes(lambda: read_header(path)) < 4 * 2**20


def peak_bytes(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_first_bytes_of_a_file_are_enough():
    whole, header = tiny_file(), tiny_header()
    assert read(header) == read(whole)
    with pytest.raises(HeaderError, match=r"cut short: [0-9,]+ of its [0-9,]+ bytes are missing"):
        check(read(header), len(header))


def test_fetching_what_a_short_header_asks_for_ends_with_a_header():
    whole, have = tiny_file(), 4
    for _ in range(1000):
        try:
            assert read(whole[:have]).layers == 2
            break
        except CutShort as short:
            assert short.needed_bytes > have
            have = short.needed_bytes
    assert have <= len(tiny_header())


def test_version_2_reads_alike():
    assert read(gguf(LLAMA, version=2, tensors=[tensor()])).tensors == read(MODEL).tensors


def test_arrays_of_numbers_are_kept_while_short_and_counted_always():
    long = 5000
    header = read(
        gguf(
            LLAMA,
            array("llama.attention.head_count_kv", 5, 3, struct.pack("<3i", 4, 0, 8)),
            array("llama.is_swa", 7, 2, b"\1\0"),
            array("tokenizer.ggml.scores", 6, long, bytes(4 * long)),
            array("tokenizer.ggml.tokens", 8, 3, text("a") + text("") + text("β" * 700_000)),
            u32("llama.block_count", 3),
        )
    )
    assert header.get("attention.head_count_kv") == (4, 0, 8)
    assert header.get("is_swa") == (True, False)
    assert "tokenizer.ggml.scores" not in header.metadata
    assert header.lengths["tokenizer.ggml.scores"] == long
    assert (header.vocabulary, header.layers) == (3, 3)


def test_long_texts_are_left_out():
    header = read(
        gguf(
            string("general.description", "x" * 5000),
            string("general.name", b"\xff\xfe"),
            string("tokenizer.chat_template", "t" * (2**20 + 1)),
        )
    )
    assert "general.description" not in header.metadata
    assert header.name == "\ufffd\ufffd"
    assert header.chat_template is None
    assert read(gguf(string("tokenizer.chat_template", "t" * 2**20))).chat_template == "t" * 2**20


def test_without_a_file_type_the_quantization_is_that_of_most_bytes():
    tensors = [tensor("a", (256,), 12), tensor("b", (32,), 0, 160)]
    assert read(gguf(LLAMA, tensors=tensors)).quant == "Q4_K"


ARCHIVE = io.BytesIO()
with zipfile.ZipFile(ARCHIVE, "w") as _packed:
    _packed.writestr("model.gguf", b"GGUF")
TORCH = io.BytesIO()
with zipfile.ZipFile(TORCH, "w") as _packed:
    _packed.writestr("archive/data.pkl", b"")
LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "The file is empty."),
        (b"GGU", "cut short: it ends within its header, after 3 bytes"),
        (b"<!DOCTYPE html>\n<html><body>Not found</body></html>", "a web page"),
        (b"\n <HTML>", "a web page"),
        (LFS, "a Git LFS pointer"),
        (ARCHIVE.getvalue(), "a packed archive"),
        (gzip.compress(MODEL), "a packed archive"),
        (TORCH.getvalue(), "PyTorch weights"),
        (pickle.dumps({"a": 1}), "PyTorch weights"),
        (struct.pack("<Q", 20) + b'{"a":{"dtype":"F16"}', "safetensors"),
        (b"tjgg" + bytes(100), "GGML file of before August 2023"),
        (b"lmgg" + bytes(100), "GGML file of before August 2023"),
        (bytes(1_000_000), "holds only zeros"),
        (b'{"error":"Invalid username or password."}', 'It begins: “{"error":'),
        ("Δεν βρέθηκε\n".encode() * 50, "It begins: “Δεν βρέθηκε”"),
        (bytes(range(256)), "This is not a GGUF file."),
        (struct.pack(">IQQ", 3, 1, 1).join([b"GGUF", bytes(100)]), "big-endian"),
        (gguf(version=1), "version 1"),
        (gguf(version=4), "version 4"),
        (gguf(version=0), "version 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_gguf_is_named_for_what_it_is(raw, says):
    assert says in refusal(raw)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (gguf(LLAMA, n_tensors=2**63), "9,223,372,036,854,775,808 tensors"),
        (gguf(LLAMA, n_tensors=2**32), "4,294,967,296 tensors"),
        (gguf(LLAMA, n_tensors=2), "cut short"),
        (gguf(LLAMA, n_keys=2**64 - 1), "18,446,744,073,709,551,615 entries"),
        (gguf(LLAMA, n_keys=3)[:60], "cut short"),
        (gguf(entry("a", 8, struct.pack("<Q", 2**60))), "a text of 1,152,921,504,606,846,976"),
        (gguf(entry("a", 8, struct.pack("<Q", 2**29))), "more than 128 MB"),
        (gguf(entry("a", 8, struct.pack("<Q", 10**6))), "cut short"),
        (gguf(array("a", 8, 2**60, b"")), "a list of 1,152,921,504,606,846,976 values"),
        (gguf(array("a", 8, 2**27, b"")), "more than 128 MB"),
        (gguf(array("a", 8, 2, text("a") + struct.pack("<Q", 2**60))), "more than 128 MB"),
        (gguf(array("a", 8, 2, text("a") + struct.pack("<Q", 2**64 - 1))), "more than 128 MB"),
        (gguf(array("a", 12, 2**30, b"")), "more than 128 MB"),
        (gguf(array("a", 9, 1, array("", 4, 1, b"abcd"))), "a kind that doesn't exist (9)"),
        (gguf(entry("a", 13, b"")), "a kind that doesn't exist (13)"),
        (gguf(LLAMA, LLAMA), "without a name of its own (“general.architecture”)"),
        (gguf(string("", "x")), "without a name of its own"),
        (gguf(u32("general.alignment", 0)), "an alignment of 0"),
        (gguf(u32("general.alignment", 48)), "an alignment of 48"),
        (gguf(string("general.alignment", "x")), "an alignment of x"),
        (gguf(LLAMA, tensors=[tensor(shape=(0,))]), "can't be (“a”: 0 in F32)"),
        (gguf(LLAMA, tensors=[tensor(shape=(2**32, 2**32))]), "can't be"),
        (gguf(LLAMA, tensors=[tensor(shape=(2**63,))]), "can't be"),
        (gguf(LLAMA, tensors=[tensor(shape=(33,), kind=8)]), "can't be (“a”: 33 in Q8_0)"),
        (gguf(LLAMA, tensors=[tensor(shape=(1,) * 5)]), "5 dimensions"),
        (gguf(LLAMA, tensors=[tensor(kind=31)]), "a type (number 31)"),
        (gguf(LLAMA, tensors=[tensor(kind=99)]), "a type (number 99)"),
        (gguf(LLAMA, tensors=[tensor(offset=32)]), "isn't where it should be (“a”)"),
        (gguf(LLAMA, tensors=[tensor(), tensor(offset=128)]), "two tensors of one name (“a”)"),
        (gguf(LLAMA, tensors=[tensor("n" * 64)]), "too long a name"),
        (gguf(LLAMA, tensors=[tensor("a\nb\0", offset=32)]), "(“a\ufffdb\ufffd”)"),
        (gguf(string("general.alignment", "x\n" * 1500)), "an alignment of x\ufffdx"),
        (gguf(u32("split.count", 3), u32("split.no", 3)), "part 3 of 3"),
        (gguf(LLAMA, LAYERS, tensors=[tensor()]), "cut short: 128 of its"),
        (gguf(LLAMA, LAYERS, tensors=[tensor()], data=bytes(127)), "cut short: 1 of its"),
        (gguf(LLAMA), "holds no weights"),
        (gguf(tensors=[tensor()], data=bytes(128)), "of which architecture"),
        (gguf(LLAMA, tensors=[tensor()], data=bytes(128)), "tells of no layers"),
        (gguf(LLAMA, u32("llama.block_count", 513), tensors=[tensor()]), "tells of 513 layers"),
        (
            gguf(LLAMA, LAYERS, u32("llama.expert_used_count", 3), tensors=[tensor()]),
            "3 experts used of 0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lie_costs_an_error_and_no_memory(raw, says):
    assert says in refusal(raw)
    assert peak_bytes(lambda: refusal(raw)) < 3e6


def test_a_liar_with_many_bytes_behind_the_lie_is_bounded_too():
    empty = gguf(array("a", 8, 2**21, bytes(8 * 2**21)))  # 16 MB of empty strings
    many = gguf(
        *(entry(f"k{i}", 9, struct.pack("<IQ", 0, 1024) + bytes(1024)) for i in range(4096))
    )
    assert peak_bytes(lambda: read(empty)) < 4e6
    assert peak_bytes(lambda: read(many)) < 8e6


@settings(max_examples=400)
@given(st.data())
def test_no_mutation_of_a_header_does_more_than_fail(data):
    raw = bytearray(tiny_header())
    # Where lies do most is at the beginning and in the tensor table, not in the vocabulary.
    place = st.one_of(
        st.integers(0, 800), st.integers(len(raw) - 1800, len(raw) - 8), st.integers(0, len(raw))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(place)
        match data.draw(st.sampled_from(["flip", "lie", "insert", "cut", "drop"])):
            case "flip" if at < len(raw):
                raw[at] ^= 1 << data.draw(st.integers(0, 7))
            case "lie":
                raw[at : at + 8] = struct.pack("<Q", data.draw(st.sampled_from(LIES)))
            case "insert":
                raw[at:at] = data.draw(st.binary(max_size=16))
            case "cut":
                del raw[at:]
            case "drop":
                del raw[at : at + data.draw(st.integers(1, 64))]
    outcome = []
    assert peak_bytes(lambda: outcome.append(read_or_refuse(bytes(raw)))) < 4e6
    assert isinstance(outcome[0], Header | HeaderError)


def read_or_refuse(raw: bytes) -> Header | HeaderError:
    try:
        header = read(raw)
        check(header, len(raw))
    except HeaderError as error:
        assert len(str(error).split("\n")) == 2
        return error
    return header


@settings(max_examples=100)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_do_more_than_fail(raw, as_gguf):
    read_or_refuse((b"GGUF\3\0\0\0" if as_gguf else b"") + raw)


@settings(max_examples=100)
@given(st.integers(0, 10**9))
def test_a_file_cut_anywhere_says_so(at):
    whole = tiny_file()[: read(tiny_file()).file_bytes]
    at %= len(whole)
    message = refusal(whole[:at])
    assert ("cut short" in message) if at else ("empty" in message)


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


def write_parts(folder, count=3, name="my model") -> list:
    """A model in parts, as llama-gguf-split writes them: the first one holds the metadata."""
    paths = []
    for no in range(count):
        entries = [
            u32("split.no", no),
            u32("split.count", count),
            u32("split.tensors.count", count),
        ]
        if no == 0:
            entries += [LLAMA, LAYERS]
        path = folder / f"{name}-{no + 1:05}-of-{count:05}.gguf"
        path.write_bytes(gguf(*entries, tensors=[tensor(f"t{no}")], data=bytes(128)))
        paths.append(path)
    return paths


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


@pytest.mark.parametrize("name", ["two words", "“quotes” 'n' \"all\"", "Ελληνικά", "🦙"])
def test_any_name_will_do(tmp_path, name):
    path = tmp_path / f"{name}.gguf"
    path.write_bytes(MODEL)
    assert read_model(path)[0] == str(path)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo.gguf")
    for name, says in [
        ("fifo.gguf", "not a regular file"),
        ("", "not a regular file"),
        ("none.gguf", "No such file"),
        ("x" * 300, "name too long"),
        ("nu\0ll", "null"),
    ]:
        with pytest.raises(HeaderError, match=f"(?i){says}"):
            read_header(f"{tmp_path}/{name}")


def test_a_file_that_shrinks_while_it_is_read_is_cut_short():
    class Shrinking(io.BytesIO):
        def read(self, n=-1):
            return super().read(min(n, 30))

    with pytest.raises(CutShort):
        read_header(Shrinking(tiny_file()))
