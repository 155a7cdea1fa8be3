"""What is wrong with a token or a folder is said in a sentence, with the variable that it comes from."""

import errno
import html
import json
import os
from urllib.parse import quote, quote_plus

import pytest
from downloads import failure

from compare.models.download import trouble
from compare.models.spec import parse
from compare.models.surroundings import (
    away,
    hub_cache,
    is_secret,
    token_fault,
    without_secrets,
)

TINYLLAMA = parse("tinyllama")


@pytest.fixture
def told(monkeypatch):
    """Sets the variables given, and no others that count here."""

    def told(**variables: str) -> None:
        named = ("HF_", "HUGGING", "XDG_", "TRANSFORMERS")
        for name in os.environ:
            if name.startswith(named) or name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return told


@pytest.mark.parametrize("token", ["hf_abc", "api_org_x", "eyJh.e30.a-b_c=", " hf_abc\r\n"])
def test_a_token_may_be_right(told, token):
    told(HF_TOKEN=token)
    assert token_fault() is None


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("hf_a\u200bbc", "zero width space (U+200B)"),
        ("\ufeffhf_abc", "a byte order mark (U+FEFF)"),
        ('"hf_abc"', "a quotation mark (U+0022)"),
        ("'hf_abc'", "a quotation mark (U+0027)"),
        ("hf_abc hf_def", "space (U+0020)"),
        ("hf_аbc", "cyrillic small letter a (U+0430)"),
        ("hf_a\x1bbc", "a control code (U+001B)"),
        ("hf_a\udce8bc", "a control code (U+DCE8)"),
        ("Bearer=hf_abc", "equals sign (U+003D)"),
    ],
)
def test_what_no_token_holds_is_named_and_the_token_is_not(told, token, words):
    told(HF_TOKEN=token)
    fault = token_fault()
    assert fault.startswith(f"HF_TOKEN is no token: it holds {words}.\nCopy the token anew")
    assert "abc" not in fault


@pytest.mark.parametrize("variables", [{"HF_TOKEN": "hf_\u200babc"}, {}], ids=["variable", "file"])
def test_it_is_said_before_the_hub_is_asked(tmp_path, serve, variables):
    if not variables:
        (tmp_path / "token").write_text("\ufeffhf_abc\n")
    hub = serve()
    name = "HF_TOKEN" if variables else "What is kept of “hf auth login”"
    assert failure(tmp_path, hub, **variables).startswith(f"{name} is no token: it holds ")
    assert not any("/resolve/" in request for request in hub.requests)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "~/.cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "huggingface/hub in the folder of XDG_CACHE_HOME"),
        ({"XDG_CACHE_HOME": "/x", "HF_HOME": "/h"}, "hub in the folder of HF_HOME"),
        ({"HF_HOME": "/h", "HF_HUB_CACHE": "/c"}, "the folder of HF_HUB_CACHE"),
    ],
)
@pytest.mark.parametrize("code", [errno.ENOTDIR, errno.EROFS, errno.ENOSPC, errno.EIO])
def test_the_hubs_folder_is_called_by_its_variable(told, variables, place, code):
    told(**variables)
    assert hub_cache().place == place
    for error in (OSError(code, "", "/x"), RuntimeError(f"Task error: x: (os error {code})")):
        first, second = trouble(TINYLLAMA, error).splitlines()
        assert os.strerror(code) in first and place in second and "HF_HOME" in second


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "CAS Client Error: Request error: HTTP status client error (403 Forbidden), domain: x",
            "(403)",
        ),
        (
            "CAS Client Error: Request error: HTTP status server error (503 Busy), domain: x",
            "(503)",
        ),
        (
            "CAS Client Error: Request middleware error: error sending request for url (x)",
            "broke off",
        ),
        ("File size mismatch: expected 1000 bytes but downloaded 0 bytes", "arrived shorter"),
        ("File reconstruction error: something new", "storage: something new.\nTry again, or with"),
    ],
)
def test_what_xet_says_becomes_a_sentence(said, words):
    """Its own words, of hf_xet 1.8 against servers that answer so."""
    message = trouble(TINYLLAMA, RuntimeError(f"Task error: {said}"))
    assert words in message and message.count("\n") == 1 and "Task error" not in message


def test_an_error_without_words_has_a_name():
    assert "could not be downloaded: KeyError" in trouble(TINYLLAMA, KeyError())


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "from here"),
        ({"https_proxy": "http://127.0.0.1:9"}, "through the proxy in https_proxy"),
        ({"ALL_PROXY": "socks5://127.0.0.1:9"}, "through the proxy in ALL_PROXY"),
        ({"http_proxy": "http://127.0.0.1:9"}, "from here"),
    ],
)
def test_a_proxy_in_the_way_is_named(told, variables, why):
    told(**variables)
    assert away() == f"The Hugging Face Hub can't be reached {why}"


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_so_is_what_keeps_the_hub_from_being_asked(tmp_path, serve, name):
    message = failure(tmp_path, serve(), **{name: "1"})
    assert message.startswith(f"The Hugging Face Hub can't be reached ({name} is set).\nUnset it")


@pytest.mark.parametrize("kind", ["a file", "read-only", "not to be read"])
def test_the_folder_of_what_is_put_together_is_named(tmp_path, kind):
    cache = tmp_path / "cache"
    cache.write_text("") if kind == "a file" else cache.mkdir()
    cache.chmod(0 if kind == "not to be read" else 0o500)
    why = errno.ENOTDIR if kind == "a file" else errno.EACCES
    message = failure(
        tmp_path / "hub", "http://127.0.0.1:9", spec="gemma3", XDG_CACHE_HOME=str(cache)
    )
    assert os.strerror(why) in message
    assert "gguf-side-by-side in the folder of XDG_CACHE_HOME. Set XDG_CACHE_HOME" in message


def test_a_full_disk_under_it_too(tmp_path):
    message = failure(
        tmp_path, "http://127.0.0.1:9", spec="gemma3", limit=3_000_000, XDG_CACHE_HOME=str(tmp_path)
    )
    assert message.startswith("There is no room for gemma-3-270m")
    assert "gguf-side-by-side in the folder of XDG_CACHE_HOME" in message


def test_a_user_without_a_home_is_told_so(tmp_path):
    asked = {"spec": "gemma3", "HOME": "~", "XDG_CACHE_HOME": ""}
    message = failure(tmp_path, "http://127.0.0.1:9", **asked)
    assert message.endswith("this user has no home.\nSet HOME, or XDG_CACHE_HOME to a folder.")


ODD = "p/a s+s&w'o\"r<d=ü"


@pytest.mark.parametrize(
    "written",
    [ODD, quote(ODD), quote(ODD, safe=""), quote(ODD, safe="").lower(), quote_plus(ODD), repr(ODD),
     json.dumps(ODD), json.dumps(ODD, ensure_ascii=False), html.escape(ODD)],
)  # fmt: skip
def test_a_secret_is_found_however_it_is_written(monkeypatch, written):
    monkeypatch.setenv("SOME_PASSWORD", ODD)
    assert without_secrets(f"x {written} y").strip("xy '\"") == "…"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at https://a.example/f?Expires=3&Signature=abcdef~&Key-Pair-Id=K2 gone",
         "at https://a.example/f?Expires=3&Signature=…&Key-Pair-Id=K2 gone"),
        ("https://a.example/?access_token=abc#x", "https://a.example/?access_token=…#x"),
        ("{'authorization': 'Bearer sk-abcdef123'}", "{'authorization': 'Bearer …'}"),
        ("Basic principles of a key=value pair?", "Basic principles of a key=value pair?"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_by_where_it_stands_is_left_out(text, told):
    assert without_secrets(text) == told


@pytest.mark.parametrize(
    ("name", "secret"),
    [("HF_TOKEN", True), ("OPENAI_APIKEY", True), ("GITHUB_PAT", True), ("DB_PASS", True), ("KEYS", True),
     ("AWS_ACCESS_KEY_ID", True), ("API_KEY_2", True), ("TOKENIZERS_PARALLELISM", False), ("PATH", False),
     ("MONKEY", False), ("COMPASS", False), ("KEYBOARD", False), ("PWD", False)],
)  # fmt: skip
def test_a_variable_is_known_for_a_secret_by_its_name(name, secret):
    assert is_secret(name) is secret
