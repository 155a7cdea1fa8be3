"""`serve`: this app's models behind an OpenAI-compatible address, on Ray Serve."""

import os
import re
import signal
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from compare.asked.settings import LoadSettings
from compare.cli.options import with_settings
from compare.cli.terminal import say, tell
from compare.models.spec import resolve, split_specs
from compare.numbers import listed
from compare.run import cpu
from compare.serve import door
from compare.usage import UsageError, faults

INSTALL = "Ray isn't installed. Install it: .venv/bin/pip install -r requirements-ray.txt"


@with_settings(*LoadSettings.model_fields)
def serve(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    ray: Annotated[
        str | None, typer.Option(help="A Ray cluster's address, or auto; else this machine alone.")
    ] = None,
    replicas: Annotated[
        str, typer.Option(help="Engines a model: a number, or FEWEST:MOST as they are asked.")
    ] = "1",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of one replica; else its part of the cores here.")
    ] = None,
    queued: Annotated[
        int, typer.Option(min=0, help="Requests that may wait for a model; the next get 429.")
    ] = 16,
    host: Annotated[str, typer.Option(help="0.0.0.0 for other machines, too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    key_env: Annotated[
        str | None, typer.Option(help="The variable that holds the key to be asked for.")
    ] = None,
    **settings: Any,
) -> None:
    """Serve models to other machines by OpenAI's protocol; ends with Ctrl-C."""
    files = resolve(split_specs(models))
    fewest, most = _replicas(replicas)
    key_digest = door.digest_of(key_env, os.environ)
    try:
        from compare.serve import cluster
    except ImportError as error:
        raise UsageError(f"{INSTALL} ({error.name} is missing)") from None
    try:
        load = LoadSettings(**settings)
    except ValidationError as error:
        raise UsageError(str(faults(error)[0])) from error
    plan = cluster.Plan(
        {file.key: file.path or file.key for file in files}, load, fewest, most,
        threads or max(1, cpu.here().threads // (most * len(files))), queued, ray, host, port, key_digest,
    )  # fmt: skip
    if key_digest is None and door.is_for_others(host):
        tell(f"Whoever reaches {host} may ask: no key is asked for. Name one: --key-env VARIABLE")
    tell(f"Starting Ray, and loading {listed([file.short for file in files])}")
    try:
        cluster.start(plan)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray had its own until here
        say(f"Serving at http://{host}:{port}/v1")
        signal.pause()
    except KeyboardInterrupt:
        tell("Ending")
    except (
        ConnectionError,
        RuntimeError,
    ) as error:  # Ray's: no cluster there, a model that can't load
        tell(f"Nothing is served: {str(error).strip()}")
        raise typer.Exit(1) from None
    finally:
        cluster.stop()


def _replicas(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})(?::(\d{1,4}))?", text.strip())
    fewest = int(found[1]) if found else 0
    most = int(found[2] or fewest) if found else 0
    if not 1 <= fewest <= most:
        raise UsageError(f"--replicas is “{text}”. Write a number from 1, or two: 1:4.")
    return fewest, most
