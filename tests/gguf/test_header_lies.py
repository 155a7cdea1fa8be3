"""A file's header, read from bad files and lies: what is said then, and that it costs no memory."""

import gzip
import io
import os
import pickle
import struct
import zipfile

import pytest
from headers import LAYERS, LIES, LLAMA, MODEL, array, entry, gguf, string, tensor, text, u32
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import peak_bytes, read, read_or_refuse, refusal, tiny_file, tiny_header

from compare.gguf.header import CutShort, Header, HeaderError
from compare.gguf.reader import read_header

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
        (gguf(LLAMA, tensors=[tensor()], data=bytes(128)), "says too little for a model"),
        (gguf(LLAMA, u32("llama.block_count", 0), tensors=[tensor()]), "tells of no layers"),
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
