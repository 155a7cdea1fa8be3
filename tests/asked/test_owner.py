"""What a host sets: profiles, the variables that win over them, and the limits on visitors."""

import json

import pytest

from compare.asked.comparison import comparison
from compare.asked.owner import LINE_CHARS, PROFILES, Owner, profile_of
from compare.models.spec import parse
from compare.usage import UsageError

SPACE = {"SPACE_ID": "someone/side-by-side", "ACCELERATOR": "none"}


@pytest.mark.parametrize(
    ("environ", "profile"),
    [
        ({}, "home"),
        (SPACE, "cpu-space"),
        ({"SPACE_ID": "someone/side-by-side"}, "cpu-space"),
        ({**SPACE, "ACCELERATOR": "t4-small"}, "gpu-space"),
        ({**SPACE, "SPACES_ZERO_GPU": "true"}, "zerogpu"),
        ({**SPACE, "SPACES_ZERO_GPU": "false"}, "cpu-space"),
        ({**SPACE, "COMPARE_PROFILE": "home"}, "home"),
        ({"COMPARE_PROFILE": "gpu-space"}, "gpu-space"),
    ],
)
def test_the_host_is_known_by_its_surroundings(environ, profile):
    assert profile_of(environ) == profile


def test_a_free_space_answers_in_reasonable_time():
    owner = Owner.from_environ(SPACE)
    assert owner.models == owner.fetch == ("tinyllama:Q4_K_M", "solar:Q2_K")
    assert (owner.max_tokens, owner.max_seconds, owner.address) == (256, 120, "0.0.0.0")
    assert owner.disk_bytes == 40_000_000_000
    assert (owner.line, owner.proxies, owner.idle_seconds) == (10, 0, 600)
    assert (owner.max_prompt_chars, owner.max_context, owner.metrics) == (20_000, 8192, False)


def test_at_home_nothing_is_limited_and_nothing_fetched_unasked():
    owner = Owner.from_environ({})
    assert owner == Owner()
    assert (owner.fetch, owner.max_tokens, owner.max_seconds, owner.address) == (
        (),
        None,
        None,
        None,
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_a_variable_wins_over_every_profile(profile):
    told = {
        "COMPARE_PROFILE": profile, "COMPARE_MODELS": "smollm2, solar:Q4_0", "COMPARE_FETCH": "none",
        "COMPARE_MAX_TOKENS": "none", "COMPARE_MAX_SECONDS": "7.5", "COMPARE_THREADS": "3",
        "COMPARE_FORCE": "true", "COMPARE_DISK_GB": "None", "PORT": "8000", "GRADIO_SERVER_NAME": "10.0.0.1",
        "COMPARE_LINE": "none", "COMPARE_PROXIES": "1", "COMPARE_IDLE_SECONDS": "none",
        "COMPARE_MAX_CONTEXT": "none", "COMPARE_MAX_PROMPT_CHARS": "500", "COMPARE_MAX_SESSIONS": "9",
        "COMPARE_HOSTS": "models.example.org, Box", "COMPARE_METRICS": "true", "COMPARE_LOG_PROMPTS": "1",
        "COMPARE_MAX_COLUMNS": "3",
    }  # fmt: skip
    expected = Owner(
        models=("smollm2", "solar:Q4_0"), fetch=(), max_tokens=None, max_seconds=7.5, threads=3,
        line=None, proxies=1, idle_seconds=None, force=True, port=8000, address="10.0.0.1",
        max_prompt_chars=500, max_sessions=9, hosts=("models.example.org", "box"), log_prompts=True,
        max_columns=3,
    )  # fmt: skip
    assert Owner.from_environ(told) == expected


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_profile_names_is_in_the_catalogue(profile):
    owner = Owner.from_environ({"COMPARE_PROFILE": profile})
    assert all(parse(spec).repo for spec in (*owner.models, *owner.fetch))


def test_the_owner_caps_and_says_so():
    owner = Owner.from_environ({"COMPARE_MAX_TOKENS": "64", "COMPARE_MAX_SECONDS": "30"})
    capped = owner.capped(comparison("hi", ["smollm2"], max_tokens=100))
    assert capped.sampling.max_tokens == 64
    assert capped.max_seconds == 30
    assert capped.notices == ("Max tokens was lowered from 100 to 64, this host's limit.",)
    assert owner.capped(comparison("hi", ["smollm2"], max_tokens=10)).notices == ()


def test_a_longer_context_than_the_owner_gives_is_lowered():
    owner = Owner.from_environ({"COMPARE_MAX_CONTEXT": "4096"})
    capped = owner.capped(comparison("hi", ["smollm2"], n_ctx=8192))
    assert capped.load.n_ctx == 4096
    assert capped.notices == ("Context length was lowered from 8192 to 4096, this host's limit.",)


def test_more_models_than_the_owner_gives_are_refused():
    owner = Owner.from_environ({"COMPARE_MAX_COLUMNS": "2"})
    assert owner.capped(comparison("hi", ["smollm2", "gemma3"])).notices == ()
    with pytest.raises(UsageError, match="3 models were chosen, and this host runs at most 2 side"):
        owner.capped(comparison("hi", ["smollm2", "gemma3", "solar"]))


def test_the_models_the_page_opens_with_have_room():
    with pytest.raises(UsageError, match="COMPARE_MODELS names 3 models; name 2"):
        Owner.from_environ({"COMPARE_MAX_COLUMNS": "2", "COMPARE_MODELS": "smollm2,gemma3,solar"})


def test_two_prompts_of_the_longest_fit_into_a_request():
    """However JSON writes them: a letter outside the first plane as two escapes of six bytes."""
    owner = Owner(max_prompt_chars=1000)
    assert len(json.dumps(["😀" * 1000] * 2)) + 10 * LINE_CHARS < owner.max_body_bytes


@pytest.mark.parametrize("name", ["COMPARE_MAX_TOKENS", "COMPARE_MAX_SECONDS", "PORT"])
def test_a_bad_variable_is_named(name):
    with pytest.raises(UsageError, match=f"{name} is set to “x”"):
        Owner.from_environ({name: "x"})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("COMPARE_MODELS", "tinyllama,unknown", "There is no model “unknown”"),
        ("COMPARE_MODELS", "solar:Q9", "has no quantization “Q9”"),
        ("COMPARE_MODELS", "solar,solar:Q2_K", "each model once"),
        ("COMPARE_MODELS", "none", "1 to 4 models"),
        ("COMPARE_MODELS", "smollm2,gemma3,solar,tinyllama,mixtral", "1 to 4 models"),
        ("COMPARE_MODELS", "smollm2,@gpu/tiny", "COMPARE_SERVERS names no server “gpu”"),
        ("COMPARE_MODELS", "@gpu,smollm2,@gpu", "each model once"),
        ("COMPARE_MODELS", "@/tiny", "names no server"),
        ("COMPARE_FETCH", "@gpu/tiny", "models of the catalogue"),
        ("COMPARE_FETCH", "/etc/passwd.gguf", "models of the catalogue"),
        ("COMPARE_LINE", "0", "at least 1"),
        ("COMPARE_PROXIES", "everyone", "whole number"),
        ("COMPARE_IDLE_SECONDS", "0", "more than 0"),
        ("COMPARE_FORCE", "perhaps", "true or false"),
        ("COMPARE_MAX_TOKENS", "0", "at least 1"),
        ("COMPARE_THREADS", "100000", "at most 1,024"),
        ("COMPARE_DISK_GB", "-1", "more than 0"),
        ("PORT", "0", "at least 1"),
        ("COMPARE_HOSTS", "https://models.example.org", "no https://"),
        ("COMPARE_MAX_SESSIONS", "0", "at least 1"),
        ("COMPARE_MAX_COLUMNS", "1", "at least 2"),
        ("COMPARE_MAX_COLUMNS", "5", "at most 4"),
        ("COMPARE_MAX_PROMPT_CHARS", "none", "whole number"),
        ("COMPARE_PROFILE", "mainframe", "one of home, cpu-space, gpu-space, zerogpu"),
    ],
)
def test_a_value_that_is_none_is_said_in_a_sentence(name, value, said):
    with pytest.raises(UsageError) as raised:
        Owner.from_environ({name: value})
    text = str(raised.value)
    assert text.startswith(f"{name} is set to “{value[:60]}") and said in text
    assert text.endswith(".") and not text.endswith("..")


def test_a_page_may_open_with_a_model_of_a_server(tmp_path):
    (tmp_path / "servers.toml").write_text('[gpu]\nurl = "http://127.0.0.1:1"')
    named = {"COMPARE_MODELS": "smollm2,@gpu/mistralai/tiny"}
    owner = Owner.from_environ({**named, "COMPARE_SERVERS": str(tmp_path / "servers.toml")})
    assert owner.models == ("smollm2", "@gpu/mistralai/tiny")


def test_an_empty_variable_is_unset():
    assert Owner.from_environ({"PORT": "", "COMPARE_MODELS": " "}) == Owner()
