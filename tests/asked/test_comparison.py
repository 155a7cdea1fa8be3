"""What is asked for: SPECs, settings, and what is refused before anything runs."""

import math

import pytest

from compare.asked.comparison import bench, comparison
from compare.models.catalogue import MODELS
from compare.models.spec import parse, resolve, split_specs
from compare.protocol.requests import Message
from compare.usage import Faults, UsageError


def test_an_id_means_its_default_quantization():
    assert parse("solar").key == "solar:Q2_K"
    assert parse("SOLAR:q4_k_m").file == "solar-10.7b-instruct-v1.0.Q4_K_M.gguf"
    assert parse("tinyllama").file == "tinyllama-1.1b-chat-v1.0.Q8_0.gguf"


def test_a_path_is_keyed_by_its_file_name(tmp_path):
    (tmp_path / "b").mkdir()
    for path in (tmp_path / "a, b.gguf", tmp_path / "b" / "a, b.gguf"):
        path.write_bytes(b"GGUF")
    specs = split_specs([str(tmp_path / "a, b.gguf"), f"smollm2,{tmp_path}/none.gguf"])
    assert [file.key for file in resolve(specs)] == ["a, b.gguf", "smollm2:Q4_1", "none.gguf"]
    both = resolve([str(tmp_path / "a, b.gguf"), str(tmp_path / "b" / "a, b.gguf")])
    assert [file.key for file in both] == ["a, b.gguf", "a, b.gguf#2"]
    assert both[0].bytes == 4


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        (["nope"], "Known: tinyllama, solar, mixtral, smollm2, gemma3"),
        (["solar:Q9"], "It has Q2_K, Q3_K_S"),
        (["solar", "solar:Q2_K"], "names the same file as “solar:Q2_K”"),
        ([parse("solar"), parse("solar")], "“solar:Q2_K” names the same file"),
        ([], "No model was named"),
        (["http://x/v1"], "not yet"),
        (["hf:x"], "not yet"),
    ],
)
def test_wrong_models_are_refused_with_what_is_known(specs, words):
    with pytest.raises(UsageError, match=words.replace("[", r"\[")):
        resolve(specs)


def test_two_quantizations_of_a_model_may_stand_side_by_side():
    assert [f.key for f in resolve(["solar", "solar:Q4_0"])] == ["solar:Q2_K", "solar:Q4_0"]


def test_the_same_file_through_a_link_is_refused(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "b.gguf").symlink_to(tmp_path / "a.gguf")
    with pytest.raises(UsageError, match="same file"):
        resolve([str(tmp_path / "a.gguf"), str(tmp_path / "b.gguf")])


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("\ufeffWhy?\r\n\r\nSay it.\r\n", "Why?\n\nSay it.\n"),
        ("a\rb\n\tc", "a\rb\n\tc"),
        ("a\ufeffb", "a\ufeffb"),
    ],
)
def test_a_text_is_read_as_typed_whatever_saved_it(given, read):
    asked = comparison(given, ["smollm2"], system=given)
    assert asked.prompt == asked.system == read


def test_a_byte_order_mark_alone_is_no_prompt():
    with pytest.raises(UsageError, match="The prompt is empty"):
        comparison("\ufeff\r\n", ["smollm2"])


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_tokens", 0), ("max_tokens", -3), ("max_tokens", "many"), ("max_tokens", 2.5),
        ("temperature", -0.1), ("temperature", math.nan), ("temperature", math.inf),
        ("top_p", 0), ("top_p", 1.5), ("min_p", -1), ("top_k", -1), ("repeat_penalty", 0),
        ("seed", -1), ("seed", 2**32), ("n_ctx", 0), ("gpu_layers", -1), ("kv_type", "q4_0"),
        ("stop", ("",)), ("threads", 0), ("mode", "both"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused_by_name(setting, value):
    with pytest.raises(UsageError, match=f"^{setting} is|“both” is no mode"):
        comparison("hi", ["smollm2"], **{setting: value})


LAYERS = (
    "It must be auto, for as many as fit, or a number of layers from 0 to 10,000; "
    "more than a model has are all of them."
)
INSTEAD = {
    "max_tokens": "For no limit but the context length, write 1000000.",
    "n_ctx": "For a model's whole context, write how many tokens that is; its card says so.",
}


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("max_tokens", "many", "max_tokens is “many”. Write a whole number such as 256."),
        ("max_tokens", 0, "max_tokens is 0. It must be at least 1."),
        ("top_p", 0, "top_p is 0. It must be more than 0."),
        ("temperature", 11, "temperature is 11. It must be at most 10."),
        ("n_ctx", "9" * 9, f"n_ctx is “{'9' * 9}”. It must be at most 10,000,000."),
        (
            "gpu_layers",
            "many",
            f"gpu_layers is “many”. {LAYERS}",
        ),
        (
            "gpu_layers",
            -1,
            f"gpu_layers is -1. {LAYERS}",
        ),
        ("temperature", "x" * 99, f"temperature is “{'x' * 60}…”. Write a number such as 0.7."),
        ("temperature", "0,x", "temperature is “0,x”. Write a number such as 0.7."),
        ("temperature", "12,5", "temperature is “12,5”. It must be at most 10."),
        ("max_tokens", "−1", f"max_tokens is “−1”. {INSTEAD['max_tokens']}"),
        ("max_tokens", -1, f"max_tokens is -1. {INSTEAD['max_tokens']}"),
        ("n_ctx", "-1", f"n_ctx is “-1”. {INSTEAD['n_ctx']}"),
        ("seed", "-1", "seed is “-1”. For a new one each run, give none."),
        ("top_k", "-1", "top_k is “-1”. For all, write 0."),
    ],
)
def test_a_wrong_number_is_said_plainly(setting, value, said):
    with pytest.raises(UsageError) as refused:
        comparison("hi", ["smollm2"], **{setting: value})
    assert str(refused.value) == said


def test_numbers_are_read_as_they_are_typed():
    asked = comparison(
        "hi", ["smollm2"], temperature="0,7", max_tokens="4 096", n_ctx="4,096", seed="７",
        gpu_layers="1,024",
    )  # fmt: skip
    assert (asked.sampling.temperature, asked.sampling.max_tokens, asked.sampling.seed) == (
        0.7,
        4096,
        7,
    )
    assert (asked.load.n_ctx, asked.load.gpu_layers) == (4096, 1024)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(Faults) as refused:
        comparison(" ", ["smollm2"], temperature="warm", n_ctx="1e99", mode="in-turn")
    assert list(refused.value.said) == ["prompt", "temperature", "n_ctx"]
    assert str(refused.value) == (
        "The prompt is empty. Write what the models should answer. temperature is “warm”. "
        "Write a number such as 0.7. n_ctx is “1e99”. Write a whole number such as 2048."
    )
    with pytest.raises(Faults) as refused:
        bench(["smollm2"], prompt_tokens="many", repeats="0")
    assert list(refused.value.said) == ["prompt_tokens", "repeats"]


@pytest.mark.parametrize("prompt", ["", "  \n", "\t"])
def test_an_empty_prompt_is_refused(prompt):
    with pytest.raises(UsageError, match="empty"):
        comparison(prompt, ["smollm2"])


def test_half_a_character_is_refused():
    with pytest.raises(UsageError, match="half a character"):
        comparison("a\ud800", ["smollm2"])


def test_the_seed_is_drawn_anew_and_kept_when_given():
    seeds = {comparison("hi", ["smollm2"]).sampling.seed for _ in range(5)}
    assert len(seeds) > 1
    assert comparison("hi", ["smollm2"], seed=7).sampling.seed == 7
    assert comparison("hi", ["smollm2"], seed=None).sampling.seed >= 0


def test_the_articles_files_are_the_defaults():
    names = {m.id: m.quant(m.default_quant).file for m in MODELS.values()}
    assert names["tinyllama"] == "tinyllama-1.1b-chat-v1.0.Q8_0.gguf"
    assert names["solar"] == "solar-10.7b-instruct-v1.0.Q2_K.gguf"
    assert names["mixtral"] == "Mixtral-8x7B-Instruct-v0.1.Q2_K.gguf"
    assert MODELS["solar"].licence == "cc-by-nc-4.0"


def test_any_number_of_files_may_be_listed_but_only_four_compared_and_none_twice():
    five = [f"solar:{quant}" for quant in ("Q2_K", "Q4_0", "Q5_0", "Q6_K", "Q8_0")]
    assert len(resolve(five)) == 5
    with pytest.raises(UsageError, match="At most 4 run side by side"):
        comparison("hi", five)
    with pytest.raises(UsageError, match="Name it once"):
        resolve(["solar", "solar:Q2_K"])


def test_a_prompt_and_a_system_text_become_messages():
    asked = comparison("Hello\n", ["smollm2"], system="Be brief.")
    assert asked.messages == (Message("system", "Be brief."), Message("user", "Hello\n"))
    assert (asked.prompt, asked.system) == ("Hello\n", "Be brief.")
    alone = comparison("Hello", ["smollm2"], system="")
    assert alone.messages == (Message("user", "Hello"),)
    assert (alone.prompt, alone.system) == ("Hello", None)


def test_a_model_is_asked_the_messages_with_its_fallback_template():
    asked = comparison("Hello", ["gemma3"], system="Be brief.", max_tokens=8)
    request = asked.request(3, asked.models[0], threads=2)
    assert request.messages == asked.messages
    assert (request.run, request.threads, request.max_tokens) == (3, 2, 8)
    assert (request.template, request.template_stop) == (MODELS["gemma3"].template, ("\nQ:",))
    assert not request.guessed and not asked.sampling.raw


def test_only_for_a_file_of_ones_own_the_fallback_template_is_a_guess(tiny):
    asked = comparison("Hello", ["solar", "gemma3", tiny()])
    assert [asked.request(1, file, threads=1).guessed for file in asked.models] == [
        False,
        False,
        True,
    ]
