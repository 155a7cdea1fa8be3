"""Servers as their owner writes them down."""

import pytest

from compare.remote.servers import Server, named_server, read_servers
from compare.usage import UsageError

SECRET = "hf_sEcReT0123456789"


@pytest.fixture
def read(tmp_path):
    def of(text: str) -> tuple[Server, ...]:
        path = tmp_path / "servers.toml"
        path.write_text(text)
        return read_servers(str(path))

    return of


def test_a_table_a_server(read):
    gpu, hub = read(
        '[gpu]\nurl = "http://10.0.0.7:8080/v1/"\n'
        '[hub]\nurl = "https://router.huggingface.co/v1"\nkey_env = "HF_TOKEN"\n'
        'models = ["a/b"]\nstall_s = 9\n'
    )
    assert gpu == Server("gpu", "http://10.0.0.7:8080")
    assert hub == Server("hub", "https://router.huggingface.co", "HF_TOKEN", ("a/b",), 9.0)


def test_a_server_is_named_on_the_command_line():
    assert named_server("gpu=http://[::1]:8080/tiny/v1") == Server("gpu", "http://[::1]:8080/tiny")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url =", "no TOML file"),
        ('url = "http://x"', "“url” is no table"),
        ('[gpu]\nurl = "ftp://x"', "is no address"),
        ('[gpu]\nurl = "http://"', "is no address"),
        ('[gpu]\nurl = "http://x:99999"', "is no address"),
        ('[gpu]\nurl = "http://a b"', "is no address"),
        ("[gpu]", "is no address"),
        ("[gpu]\nurl = 3", "of the wrong kind"),
        (f'[gpu]\nurl = "http://x"\nkey = "{SECRET}"', "has no “key”"),
        (
            f'[gpu]\nurl = "http://x"\nkey_env = "Bearer {SECRET}"',
            "a variable's name, not the key",
        ),
        ('[gpu]\nurl = "http://x"\nkey_env = "VLLM"', "must end in _KEY or _TOKEN"),
        (f'[gpu]\nurl = "http://me:{SECRET}@x"', "holds a password"),
        (f'[gpu]\nurl = "http://x?token={SECRET}"', "more than a path"),
        ('[gpu]\nurl = "http://x"\nmodels = [3]', "must be names"),
        ('[gpu]\nurl = "http://x"\nstall_s = nan', "number of seconds"),
        ('["a/b"]\nurl = "http://x"', "no name for a server"),
    ],
)
def test_what_is_wrong_is_said_without_a_secret(read, text, said):
    with pytest.raises(UsageError, match=said) as error:
        read(text)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("text", ["gpu", "=http://x", "gpu=", "gpu=http://me:pw@x", "g/u=http://x"])
def test_what_is_wrong_on_the_command_line_is_said(text):
    with pytest.raises(UsageError):
        named_server(text)


def test_a_file_that_isnt_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="can't be read: No such file"):
        read_servers(str(tmp_path / "none.toml"))
