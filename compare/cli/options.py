"""The settings as options of a command: names, defaults, choices and help are those of asked/settings.py."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

import typer

from compare.asked.settings import SETTINGS, Setting
from compare.cli.terminal import NUMBERS


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each setting named, in place of its `**settings`.

    What was typed comes there by the setting's name, not yet checked beyond its kind.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            for name in names:
                if SETTINGS[name].kind is tuple:
                    given[name] = tuple(given[name] or ())
            command(**given)

        told = inspect.signature(command)
        own = [each for each in told.parameters.values() if each.kind is not each.VAR_KEYWORD]
        options = [_option(SETTINGS[name]) for name in names]
        run.__signature__ = told.replace(parameters=[*own, *options])
        run.__annotations__ = {each.name: each.annotation for each in (*own, *options)}
        return run

    return decorated


def _option(setting: Setting) -> inspect.Parameter:
    kind: Any = Literal[setting.choices] if setting.choices else setting.kind
    default = setting.default
    if setting.kind is tuple:
        kind, default = list[str], None
    if default is None:
        kind |= None
    named = [f"--{setting.name}"] if kind is bool else []  # else typer would add its opposite
    return inspect.Parameter(
        setting.name, inspect.Parameter.KEYWORD_ONLY, default=default,
        annotation=Annotated[
            kind, typer.Option(*named, help=setting.help, **NUMBERS.get(setting.kind, {}))
        ],
    )  # fmt: skip
