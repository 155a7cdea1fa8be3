"""The options follow the settings: names, defaults, choices and help stand once, in asked/settings.py."""

import typer
from typer.testing import CliRunner

from compare.asked.settings import SETTINGS
from compare.cli.ask import ask
from compare.cli.options import with_settings


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
