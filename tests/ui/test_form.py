"""What the page's fields are taken to mean."""

import pytest

from compare.models.spec import parse, resolve, twins
from compare.run.machine import Machine
from compare.ui.compare.form import (
    Further,
    choices,
    read,
    stops,
    twice,
    untouched,
    with_choices,
)
from compare.ui.menu import Choice, Menu
from compare.usage import Faults, UsageError

FIELDS = {
    "prompt": "Hello", "mode": "in-turn", "max_tokens": "64", "temperature": "0", "top_p": "0.9",
    "seed": "", "n_ctx": "512", "stop": "", "thinking": "", "system": "",
}  # fmt: skip


@pytest.fixture
def menu(machine):
    return Menu(machine)


def filled(chosen=None, **changes):
    chosen = chosen or {1: Choice("smollm2"), 2: Choice("gemma3", "Q4_K_M")}
    return with_choices({**FIELDS, **changes}, chosen)


def test_the_fields_make_a_comparison(menu):
    ask = read(filled(seed=" 7 ", stop="###, Q:", system="Be brief."), menu)
    assert [file.key for file in ask.models] == ["smollm2:Q4_1", "gemma3:Q4_K_M"]
    assert (ask.prompt, ask.system, ask.mode, ask.load.n_ctx) == (
        "Hello",
        "Be brief.",
        "in-turn",
        512,
    )
    assert ask.sampling.model_dump() == {
        "max_tokens": 64, "temperature": 0, "top_p": 0.9, "top_k": 40, "min_p": 0.05,
        "repeat_penalty": 1.0, "seed": 7, "stop": ("###", "Q:"), "raw": False, "thinking": "auto",
    }  # fmt: skip


def test_what_follows_is_kept_where_that_is_ticked(menu):
    assert untouched()["raw"] is False
    assert [read(filled(raw=ticked), menu).sampling.raw for ticked in (True, False)] == [
        True,
        False,
    ]


def test_an_empty_field_means_the_default(menu):
    ask = read(filled(max_tokens="", temperature=None, n_ctx=" "), menu)
    assert (ask.sampling.max_tokens, ask.sampling.temperature, ask.load.n_ctx) == (256, 0.7, 2048)


@pytest.mark.parametrize(
    ("field", "typed", "named"),
    [
        ("max_tokens", "-5", "Max tokens"),
        ("max_tokens", "many", "Max tokens"),
        ("temperature", "nan", "Temperature"),
        ("top_p", "2", "Top-p"),
        ("n_ctx", "1e99", "Context length"),
        ("seed", "0x7", "Seed"),
        ("prompt", " \n", "The prompt is empty"),
        ("mode", "at once", "“at once”"),
        ("raw", "perhaps", "Keep what follows"),
    ],
)
def test_what_is_wrong_is_named_as_on_the_page(menu, field, typed, named):
    with pytest.raises(UsageError, match=f"^{named}"):
        read(filled(**{field: typed}), menu)


def test_numbers_are_read_as_they_are_typed(menu):
    ask = read(filled(max_tokens="4 096", temperature="0,7", n_ctx="4,096"), menu)
    assert (ask.sampling.max_tokens, ask.sampling.temperature, ask.load.n_ctx) == (4096, 0.7, 4096)


def test_all_that_is_wrong_is_told_by_its_field(menu):
    with pytest.raises(Faults) as refused:
        read(filled(prompt="", max_tokens="−1", temperature="0,x"), menu)
    assert refused.value.said == {
        "prompt": "The prompt is empty. Write what the models should answer.",
        "max_tokens": "Max tokens is “−1”. For no limit but the context length, write 1000000.",
        "temperature": "Temperature is “0,x”. Write a number such as 0.7.",
    }


def test_what_has_no_field_is_told_without_one(menu):
    with pytest.raises(UsageError, match=r"^Top-k is -5") as refused:
        read(filled(), menu, Further(None, {"top_k": -5}, "as recorded"))
    assert not isinstance(refused.value, Faults)


def test_one_model_twice_is_told_at_its_column(menu):
    chosen = {1: Choice("solar", "Q2_K"), 3: Choice("smollm2"), 4: Choice("solar")}
    said = "Column 1 shows this file already. Choose another model or quantization."
    assert twice(chosen, menu) == {"model_4": said}
    with pytest.raises(Faults) as refused:
        read(filled(chosen, top_p="x"), menu)
    assert refused.value.said == {
        "top_p": "Top-p is “x”. Write a number such as 0.95.",
        "model_4": said,
    }
    with pytest.raises(Faults, match=f"^{said}$"):
        read(filled(chosen), menu)
    same = {1: Choice("smollm2"), 2: Choice("smollm2")}
    assert twice(same, menu) == {
        "model_2": "Column 1 shows this file already. Choose another model."
    }
    assert twice({1: Choice("solar", "Q2_K"), 2: Choice("solar", "Q4_0")}, menu) == {}


def test_one_file_under_two_names_is_one_model_twice(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "b.gguf").symlink_to(tmp_path / "a.gguf")
    own = [parse(str(tmp_path / name)) for name in ("a.gguf", "b.gguf")]
    assert twins(own) == {1: 0}


@pytest.mark.parametrize(
    "model", ["gpt-9", "/etc/passwd", "../secret.gguf", "https://example.org/a.gguf"]
)
def test_a_visitor_names_no_file(menu, model):
    with pytest.raises(UsageError, match="There is no model"):
        read(filled({1: Choice(model)}), menu)


def test_an_unknown_quantization_lists_the_known(menu):
    with pytest.raises(UsageError, match="It has Q4_1"):
        read(filled({1: Choice("smollm2", "Q9_9")}), menu)


def test_the_owners_files_are_in_the_menu(tmp_path):
    path = tmp_path / "my own.gguf"
    path.write_bytes(b"GGUF")
    machine = Machine(own=resolve([str(path)]))
    menu = Menu(machine)
    assert ("my own.gguf", "my own.gguf") in menu.models()
    assert read(filled({1: Choice("my own.gguf")}), menu).models[0].path == str(path)
    assert menu.colour(Choice("my own.gguf")) == "m-other-1"
    assert menu.model_notes()["SOLAR 10.7B Instruct"] == "4.55\u00a0GB to download"
    assert menu.model_notes()["Mixtral 8x7B Instruct"] == "17.3\u00a0GB to download"
    assert menu.model_notes()["my own.gguf"] == "4\u00a0B, here"
    path.unlink()
    assert menu.model_notes()["my own.gguf"] == "no longer there"


def test_a_file_named_by_its_hash_stands_there_under_what_it_says_of_itself(tiny):
    (file,) = resolve([tiny("0a" * 32, quant="Q8_0")])
    entries = Menu(Machine(own=(file,))).models()
    assert entries[-1] == ("Tiny (random weights) Q8_0", "0a" * 32)


def test_open_columns_are_those_with_a_model():
    values = with_choices({}, {1: Choice("solar", "Q2_K"), 3: Choice("smollm2")})
    assert choices(values) == {1: Choice("solar", "Q2_K"), 3: Choice("smollm2")}


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("", ()),
        ("###", ("###",)),
        ("a, b", ("a", "b")),
        (r"\n\nQ:", ("\n\nQ:",)),
        (r"a\,b", ("a,b",)),
        (" , ", ()),
    ],
)
def test_stop_strings(typed, read_as):
    assert stops(typed) == read_as
