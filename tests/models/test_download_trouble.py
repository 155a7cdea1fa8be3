"""Downloads that fail, and what is said then: a Hub that misbehaves, a disk, a cache, a file."""

import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial

import pytest
from downloads import FILE, REPO, environ, failed, failure, fetch, leftovers, locks_held, start
from loopback import Hub
from processes import within

from compare.models.spec import parse
from compare.protocol.events import Fetched

BREAKS = [
    ({"redirect": "http://127.0.0.1:9/nowhere"}, "connection to the Hub broke off"),
    ({"short_by": 1000}, "broke off"),
    ({"stall_at": 0}, "stopped sending"),
]


@pytest.fixture(scope="module", autouse=True)
def breaking(model, tmp_path_factory):
    """Downloads that break off, begun before all else here: huggingface_hub waits a second before each of
    its five more tries. Their homes, what is to be said, and their processes.
    """
    with ExitStack() as hubs:
        begun = []
        for behaviour, words in BREAKS:
            home = tmp_path_factory.mktemp("home")
            hub = hubs.enter_context(Hub({f"{REPO}/{FILE}": model}, **behaviour))
            begun.append((home, words, start(home, hub)))
        yield begun
        for _, _, process in begun:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"status": 401}, "refused access (401).\nSet HF_TOKEN"),
        ({"status": 403}, "forbids it (403).\nSet HF_TOKEN"),
        ({"error": "gated"}, "asks for permission first (403).\nAccept its terms"),
        ({"error": "repo"}, f"no repository {REPO} (404)"),
        ({"error": "revision"}, "no revision main (404)"),
        ({"error": "file"}, f"no file {FILE} (404)"),
        ({"status": 429}, "too many requests from here (429).\nWait a few minutes"),
        ({"status": 500}, "a fault of its own (500)"),
        ({"status": 503}, "a fault of its own (503)"),
        ({"get_status": 404}, "404"),
        ({"bare": True}, "doesn't say what"),
    ],
    ids=lambda value: "-".join(map(str, *value.items())) if isinstance(value, dict) else "",
)
def test_a_hub_that_refuses_or_breaks_is_a_sentence(tmp_path, serve, behaviour, words):
    assert words in failure(tmp_path, serve(**behaviour))
    nothing_is_left(tmp_path)


def nothing_is_left(home) -> None:
    assert leftovers(home) == [] and not locks_held(home)
    assert not list(home.rglob(FILE))  # nothing half-written is taken for whole


def test_an_unreachable_hub_is_said_within_five_seconds_with_the_ways_out(tmp_path):
    asked = partial(failure, tmp_path, "http://127.0.0.1:9")
    message = within(5, asked)
    assert "can't be reached" in message
    assert all(way in message for way in ("network", "local .gguf file", "cache"))


def test_offline_means_offline(tmp_path, serve):
    hub = serve()
    assert "can't be reached" in failure(tmp_path, hub, HF_HUB_OFFLINE="1")
    assert hub.requests == []


def test_a_full_disk_keeps_nothing_half_written(tmp_path, serve):
    message = failure(tmp_path, serve(), limit=3_000_000)
    assert "There is no room for" in message and "HF_HOME" in message
    assert leftovers(tmp_path) == [] and not locks_held(tmp_path)
    *_, last = fetch(tmp_path, serve())
    assert isinstance(last, Fetched)


def test_a_cache_that_is_a_file(tmp_path, serve):
    (tmp_path / "hub").write_text("not a folder")
    assert "The Hub's cache can't be written" in failure(tmp_path, serve())


def test_a_cache_that_is_read_only(tmp_path, serve):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub").chmod(0o500)
    assert "The Hub's cache can't be written: Permission denied" in failure(tmp_path, serve())


def test_a_file_without_read_permission(tmp_path, model):
    path = tmp_path / "mine.gguf"
    path.write_bytes(model)
    path.chmod(0)
    message = failure(tmp_path / "home", "http://127.0.0.1:9", spec=str(path))
    assert message == "mine.gguf can't be read: Permission denied.\nCheck its permissions."


def test_a_socket_or_a_fifo_never_hangs(tmp_path):
    import socket

    os.mkfifo(tmp_path / "f.gguf")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(tmp_path / "s.gguf"))
        for name in ("f.gguf", "s.gguf"):
            message = failure(tmp_path / "home", "http://127.0.0.1:9", spec=str(tmp_path / name))
            assert "is not a regular file" in message


def test_a_file_on_the_hub_that_is_no_gguf_is_named_for_what_it_is(tmp_path):
    page = b"<!DOCTYPE html><html>Sorry</html>" + bytes(1000)
    with Hub({f"{REPO}/{FILE}": page}) as hub:
        for _ in range(2):  # fetched, then found in the cache
            message = failure(tmp_path, hub)
            assert "a web page that was saved under the file's name" in message
            assert f"hf cache rm model/{REPO}" in message
        assert hub.gets() == 1


def test_models_download_of_what_is_not_there_is_status_1(tmp_path, serve):
    said = subprocess.run(
        [sys.executable, "-m", "compare", "models", "--download", "mixtral,tinyllama"],
        env=environ(tmp_path, serve()), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert said.returncode == 1
    assert "no file Mixtral-8x7B-Instruct-v0.1.Q2_K.gguf" in said.stderr
    assert any(path.name == FILE for path in tmp_path.rglob("*.gguf"))


def test_the_disk_is_compared_with_the_size_before_the_first_byte(tmp_path, serve, model):
    """The loopback Hub says that the file is larger than any disk."""
    hub = serve()
    hub.claims = 10**18
    message = failure(tmp_path, hub)
    assert "needs 1,000,000,000 GB of disk" in message or " of disk, and " in message
    assert hub.gets() == 0


@pytest.mark.parametrize(("code", "words"), [(28, "No space left on device"), (122, "quota")])
def test_the_systems_words_for_a_full_disk(code, words):
    from compare.models.download import trouble as _said

    message = _said(parse("tinyllama"), OSError(code, os.strerror(code)))
    assert ("There is no room for" in message and words in message.lower()) or words in message


def test_a_hub_that_breaks_off_is_asked_again_and_then_a_sentence(breaking):
    for home, words, process in breaking:
        assert words in failed(home, process)
        nothing_is_left(home)
