"""What is known of a file before it loads: by the catalogue, or by its own header."""

import os
import struct

import pytest
from headers import LAYERS, LLAMA, MODEL, entry, gguf, string, tensor, u32, write_parts

from compare.asked.settings import SamplingParams
from compare.models.spec import About, catalogued, files_of, parse, place, renewed, resolve
from compare.usage import UsageError


def test_a_file_of_the_catalogue_brings_what_the_catalogue_says():
    about = parse("solar:Q4_K_M").about
    assert (about.parameters, about.context) == ("10.7 B", 4096)
    assert about.licence == "CC BY-NC 4.0, non-commercial"
    assert about.origin == "TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF"
    assert {quant.name: quant.bytes for quant in about.quants}["Q8_0"] == 11_400_000_000
    assert about.shape.layers == 48
    assert parse("smollm2").about.origin == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_a_file_of_ones_own_brings_what_its_header_says(tiny):
    plain = parse(tiny("plain.gguf", n_ctx_train=1024, quant="Q8_0"))
    assert (plain.quant, plain.about.context, plain.about.architecture) == ("Q8_0", 1024, "llama")
    assert plain.about.parameters == "390,272"
    assert plain.about.has_template is False and plain.about.quants == ()
    assert parse(tiny("own.gguf", chat_template="{{ 'Q' }}")).about.has_template is True
    assert parse(tiny("blank.gguf", chat_template=" \n")).about.has_template is False


def test_texts_of_a_header_are_shortened_and_made_harmless(tmp_path):
    path = tmp_path / "a.gguf"
    long, steering = (
        string("general.architecture", "a" * 999),
        string("general.license", "MIT\x1b[2J"),
    )
    path.write_bytes(gguf(long, steering, tensors=[tensor()], data=bytes(128)))
    about = parse(str(path)).about
    assert about.architecture == "a" * 100 and about.licence == "MIT\ufffd[2J"


def test_what_a_file_recommends_is_known_by_the_settings_names(tmp_path):
    """A single-precision number as it was meant; nothing that is no number, or no setting here."""
    sampling = "general.sampling."
    half = [
        entry(sampling + key, 6, struct.pack("<f", v))
        for key, v in (("temp", 0.6), ("top_p", 0.95))
    ]
    odd = [
        entry(sampling + "min_p", 6, struct.pack("<f", float("nan"))),
        string(sampling + "penalty_repeat", "x"),
    ]
    path = tmp_path / "a.gguf"
    path.write_bytes(
        gguf(
            LLAMA,
            LAYERS,
            *half,
            *odd,
            u32(sampling + "top_k", 20),
            u32(sampling + "mirostat", 2),
            tensors=[tensor()],
            data=bytes(128),
        )
    )
    told = dict(parse(str(path)).about.recommended)
    assert told == {"temperature": 0.6, "top_p": 0.95, "top_k": 20}
    assert told.keys() <= SamplingParams.model_fields.keys()


@pytest.mark.parametrize(
    "name", ["sha256-abc", "a model", "m.gguf.part1of2", "hf:x", "solar", "a:b"]
)
def test_a_file_that_exists_is_a_file_whatever_its_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(MODEL)
    file = parse(name)
    assert (file.path, file.key, file.repo) == (
        name,
        name,
        None,
    ) and file.about.architecture == "llama"


def test_a_folder_is_no_file_and_the_page_knows_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solar").mkdir()
    assert parse("solar").repo
    (tmp_path / "tinyllama").write_bytes(MODEL)
    assert parse("tinyllama").path and catalogued("tinyllama").repo


def test_a_file_named_by_its_hash_is_called_what_it_says_of_itself(tmp_path):
    blob = tmp_path / f"sha256-{'0a' * 32}"
    blob.write_bytes(
        gguf(LLAMA, LAYERS, string("general.name", "My Model"), tensors=[tensor()], data=bytes(128))
    )
    assert (parse(str(blob)).name, parse(str(blob)).key) == ("My Model", blob.name)
    plain = blob.rename(tmp_path / "mine.gguf")
    assert parse(str(plain)).name == "mine"


def test_a_model_in_parts_is_one_file_as_large_as_all(tmp_path):
    paths = write_parts(tmp_path, name="m")
    whole = sum(path.stat().st_size for path in paths)
    for path in paths:
        file = parse(str(path))
        assert (file.bytes, file.file, file.path) == (whole, "m-00001-of-00003.gguf", str(paths[0]))
    with pytest.raises(UsageError, match="names the same file"):
        resolve([str(path) for path in paths[:2]])


def test_a_file_that_changed_is_read_again_under_its_key(tmp_path, tiny):
    file = parse(tiny("a.gguf", quant="Q8_0"))
    assert renewed(file) is file and renewed(parse("solar")) == parse("solar")
    os.replace(tiny("b.gguf", quant="F16"), file.path)
    now = renewed(file)
    assert (now.quant, now.key) == ("F16", "a.gguf") and now.version != file.version
    os.remove(file.path)
    assert renewed(now).bytes is None


def test_of_a_part_alone_the_parameters_are_unknown(tmp_path):
    path = tmp_path / "a-00001-of-00002.gguf"
    parts = u32("split.count", 2), u32("split.no", 0)
    path.write_bytes(gguf(string("general.architecture", "llama"), *parts, tensors=[tensor()]))
    about = parse(str(path)).about
    assert about.parameters is None and about.architecture == "llama"


def test_of_a_file_that_tells_nothing_nothing_is_known(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"not a model")
    assert parse(str(tmp_path / "bad.gguf")).about == parse("/nowhere/a.gguf").about == About()


def test_the_catalogues_files_and_places():
    assert [file.key for file in files_of("mixtral")] == ["mixtral:Q2_K", "mixtral:Q5_K_M"]
    assert files_of("nobody") == ()
    files = [parse(spec) for spec in ("solar", "/nowhere/a.gguf", "tinyllama")]
    assert [file.model for file in sorted(files, key=place)] == ["tinyllama", "solar", "a"]
