"""Settings in words: what a file recommends, and that it is asked otherwise."""

from dataclasses import replace

from compare.asked.settings import SamplingParams
from compare.models.spec import About, parse
from compare.words.settings import listed_settings, not_as_recommended, recommended_label

FILE = replace(
    parse("/nowhere/mine.gguf"), about=About(recommended=(("temperature", 0.6), ("top_k", 20)))
)


def test_settings_are_listed_as_within_a_sentence():
    assert listed_settings({"top_k": 1, "kv_type": "q8_0", "temperature": 1.0}) == (
        "top-k 1, KV cache q8_0, temperature 1"
    )


def test_only_what_differs_is_said_with_its_options():
    assert not_as_recommended(FILE, SamplingParams(top_k=20)) == (
        "mine.gguf recommends temperature 0.6, and is asked with temperature 0.7. "
        "To follow it: --temperature 0.6"
    )
    assert "--temperature 0.6 --top-k 20" in not_as_recommended(FILE, SamplingParams())
    assert not_as_recommended(FILE, SamplingParams(temperature=0.6, top_k=20)) is None
    assert not_as_recommended(parse("solar"), SamplingParams()) is None


def test_the_button_says_whose_and_what():
    assert recommended_label(FILE) == "As mine recommends: temperature 0.6, top-k 20"
    assert recommended_label(parse("solar")) == ""
