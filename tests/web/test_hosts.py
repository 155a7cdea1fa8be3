"""By which names the app is served, and whose pages may ask it."""

import pytest

from compare.web.hosts import Hosts, name_of

HOME = Hosts.of(("models.example.org",), {})
SPACE = Hosts.of((), {"SPACE_ID": "someone/side", "SPACE_HOST": "someone-side.hf.space"})


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:7860", "192.168.1.7", "models.example.org:443",
     "MODELS.example.org.", "app.localhost"],
)  # fmt: skip
def test_it_is_served_by_its_own_names_and_by_addresses(host):
    assert HOME.serves(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "evil.example:7860", "127.0.0.1.evil.example",
     "models.example.org.evil.example", "someone-side.hf.space", "evil@localhost.evil", "[::1", "a b"],
)  # fmt: skip
def test_no_other_name_is_served(host):
    assert not HOME.serves(host)


def test_a_space_is_served_under_the_hubs_names():
    assert SPACE.serves("someone-side.hf.space") and SPACE.serves("10.1.2.3:7860")
    assert not SPACE.serves("someone-side.hf.space.evil.example")
    assert "https://huggingface.co" in SPACE.frames and "localhost" not in SPACE.frames


def test_a_space_with_a_domain_of_its_own_is_served_under_both():
    both = {"SPACE_ID": "someone/side", "SPACE_HOST": "someone-side.hf.space, side.example.org"}
    hosts = Hosts.of((), both)
    assert hosts.serves("side.example.org") and hosts.serves("someone-side.hf.space")
    assert hosts.trusts("https://side.example.org", "10.1.2.3:7860")


def test_an_address_as_root_path_names_its_host():
    hosts = Hosts.of((), {"GRADIO_ROOT_PATH": "https://tools.example.org/compare"})
    assert hosts.serves("tools.example.org")


@pytest.mark.parametrize(
    ("origin", "host", "trusted"),
    [
        ("http://localhost:7860", "localhost:7860", True),
        ("https://models.example.org", "127.0.0.1:7860", True),
        ("http://localhost:3000", "localhost:7860", False),
        ("https://evil.example", "localhost:7860", False),
        ("https://models.example.org.evil.example", "localhost:7860", False),
        ("null", "localhost:7860", False),
        ("null", "", False),
        ("http://[", "localhost:7860", False),
    ],
)
def test_only_its_own_pages_and_those_of_named_hosts_may_ask(origin, host, trusted):
    assert HOME.trusts(origin, host) is trusted


def test_a_name_is_read_without_port_and_scheme():
    assert name_of("https://A.example:8000/x") == name_of("a.example") == "a.example"
    assert name_of("http://[") == ""
