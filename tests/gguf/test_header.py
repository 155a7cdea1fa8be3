"""A file's header, read from good files."""

import os
import struct

import pytest
import shapes
from children import fetched
from gguf import GGUFReader
from headers import LLAMA, MODEL, array, gguf, string, tensor, text, u32
from reading import peak_bytes, read, tiny_file, tiny_header

from compare.gguf.header import CutShort, HeaderError
from compare.gguf.model import check, parts, read_model
from compare.gguf.reader import read_header


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
