"""The options follow the settings: names, defaults, choices and help stand once, in asked/settings.py."""

import typer
from typer.testing import CliRunner

from compare.asked.settings import SETTINGS
from compare.cli.ask import ask
from compare.cli.options import with_settings
from compare.cli.terminal import Threads


def run(command, *arguments: str):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_ask_has_an_option_for_every_setting():
    shown = " ".join(run(ask, "--help").stdout.split())
    for name, setting in SETTINGS.items():
        assert f"--{name.replace('_', '-')}" in shown and setting.help in shown
        if setting.typed and setting.kind is not bool:
            assert f"[default: {setting.typed}]" in shown
    assert "<f16|q8_0>" in shown


def test_what_is_typed_comes_by_the_settings_name():
    heard = {}

    @with_settings("seed", "stop", "raw", "n_ctx", "kv_type")
    def command(**settings) -> None:
        heard.update(settings)

    typed = run(command, "--stop", "a", "--stop", "b", "--kv-type", "q8_0", "--raw")
    assert typed.exit_code == 0
    told = {"seed": None, "stop": ("a", "b"), "raw": True, "n_ctx": 2048, "kv_type": "q8_0"}
    assert heard == told
    assert run(command).exit_code == 0
    assert heard == {"seed": None, "stop": (), "raw": False, "n_ctx": 2048, "kv_type": "f16"}


def test_numbers_are_read_as_they_are_typed():
    heard = {}

    @with_settings("max_tokens", "temperature", "n_ctx", "seed")
    def command(threads: Threads = None, **settings) -> None:
        heard.update(settings, threads=threads)

    given = ("--max-tokens", "4 096", "--temperature", "0,7", "--n-ctx", "4,096", "--threads", "2")
    assert run(command, *given).exit_code == 0
    told = {"max_tokens": 4096, "temperature": 0.7, "n_ctx": 4096, "seed": None, "threads": 2}
    assert heard == told
    refused = run(command, "--temperature", "1,024")
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.replace("│", "").split())
    assert "“1,024”. It may mean 1.024 or 1024. Write one of these." in said
