"""A setting is named once: the requests to a model's process and the words for a person follow its field."""

from dataclasses import fields

import pytest

from compare.asked.settings import SETTINGS, LoadSettings, SamplingParams
from compare.protocol.requests import Generate, Load


def names(request: type) -> set[str]:
    return {field.name for field in fields(request)}


def test_the_requests_carry_every_setting_by_its_name():
    assert set(SamplingParams.model_fields) <= names(Generate)
    assert set(LoadSettings.model_fields) <= names(Load)
    assert set(SETTINGS) == {*SamplingParams.model_fields, *LoadSettings.model_fields}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_each_has_words_and_an_untouched_field_means_its_default(setting):
    assert setting.placeholder and setting.label and setting.help.endswith(".")
    model = SamplingParams if setting.name in SamplingParams.model_fields else LoadSettings
    if setting.typed:
        assert getattr(model(**{setting.name: setting.typed}), setting.name) == setting.default
    else:
        assert setting.empty


def test_what_the_page_shows_of_them():
    seed, stop, kv_type = SETTINGS["seed"], SETTINGS["stop"], SETTINGS["kv_type"]
    assert (seed.label, seed.typed, seed.empty, seed.whole) == ("Seed", "", "new each run", True)
    assert (stop.label, stop.typed, stop.empty, stop.whole) == ("Stop", "", "none", False)
    assert (kv_type.label, kv_type.typed, kv_type.choices) == ("KV cache", "f16", ("f16", "q8_0"))
    assert not SETTINGS["temperature"].whole and not SETTINGS["gpu_layers"].whole
    assert SETTINGS["n_ctx"].placeholder == "2048 by default" and seed.placeholder == "new each run"
    assert SETTINGS["n_ctx"].typed == "2048" and not SETTINGS["gpu_layers"].choices
