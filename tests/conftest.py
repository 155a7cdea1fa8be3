"""What several tests need: the embedded models, tiny ones, a machine, a browser."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest
import shapes
from browser import ARGS, chromium_path

from compare.asked.comparison import comparison
from compare.cli.main import main
from compare.models.local import local_path
from compare.models.spec import parse
from compare.run.machine import Machine

# Tests share their cores with a browser and with each other's models. Threads that spin where they wait
# would then slow everything down by as much as fifteen times; no test asks how fast something is.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# An example may be held up by anything else that the machine does.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture
def machine():
    made = Machine()
    yield made
    made.close()


@pytest.fixture
def ask(machine):
    """Runs a comparison to its end; returns its responses by key."""

    def run(prompt: str, specs: list[str], **settings):
        *_, last = machine.compare(comparison(prompt, specs, **settings)).snapshots()
        return last

    return run


@pytest.fixture
def refused(monkeypatch, capsys):
    """Runs a command that is wrong usage, in this process, since nothing begins before it is said; returns
    what it says.
    """

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["compare", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, said = capsys.readouterr()
        assert (ended.value.code, printed) == (2, "")
        return said

    return run


@pytest.fixture(scope="session")
def browser():
    """The one browser of all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def _endless(tmp_path_factory) -> Path:
    source = Path(local_path(parse("smollm2")))
    return shapes.endless(source, tmp_path_factory.mktemp("endless") / "endless.gguf")


@pytest.fixture
def endless(_endless, tmp_path):
    """Gives a SmolLM2 whose answers are as long as is asked for a name; returns its path as a SPEC."""

    def named(name: str = "endless.gguf") -> str:
        (tmp_path / name).hardlink_to(_endless)
        return str(tmp_path / name)

    return named


@pytest.fixture
def tiny(tmp_path):
    """Writes a tiny model that says what it is told; returns its path as a SPEC."""

    def write(name: str = "tiny.gguf", **shape) -> str:
        path = Path(tmp_path / name)
        shapes.tiny(path, **shape)
        return str(path)

    return write
