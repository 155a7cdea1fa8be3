"""Of the proxies that the surroundings name, what can be used is used."""

import os
import socket
import threading

import httpx2
import pytest

from compare.proxies import settle


@pytest.mark.parametrize(
    ("told", "becomes"),
    [
        ("socks://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("SOCKS://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("socks5h://127.0.0.1:1080", "socks5h://127.0.0.1:1080"),
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "proxy:3128"),
    ],
)
def test_a_proxy_that_can_be_used_is(told, becomes):
    environ = {"all_proxy": told}
    assert settle(environ) == []
    assert environ["all_proxy"] == becomes


@pytest.mark.parametrize("told", ["socks4://proxy:1080", "nonsense://x", "http://[::1", "a b://c"])
def test_one_that_cannot_is_left_out_in_a_sentence(told):
    environ = {"HTTPS_PROXY": told}
    (sentence,) = settle(environ)
    assert sentence.startswith("HTTPS_PROXY is left out: ")
    assert "HTTPS_PROXY" not in environ


def test_its_password_is_not_repeated():
    (sentence,) = settle({"all_proxy": "socks4://someone:secret@proxy:1"})
    assert "secret" not in sentence


def test_this_machine_never_goes_through_one():
    environ = {"NO_PROXY": "example.org", "no_proxy": "10.0.0.1", "GRADIO_SERVER_NAME": "10.9.8.7"}
    settle(environ)
    expected = "10.0.0.1,example.org,localhost,127.0.0.1,::1,10.9.8.7"
    assert environ["NO_PROXY"] == environ["no_proxy"] == expected


def test_the_hub_is_asked_through_a_socks_proxy(monkeypatch):
    """What comes first of SOCKS version 5 is its number (RFC 1928, section 3)."""
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = []

        def listen():
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(1))

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        environ = {"all_proxy": f"socks://127.0.0.1:{server.getsockname()[1]}"}
        settle(environ)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(httpx2.HTTPError):
            httpx2.get("http://hub.invalid", timeout=10)
        listening.join(10)
    assert heard == [b"\x05"]
