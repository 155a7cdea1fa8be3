"""`make space`: does what a Space does with this folder, on this machine, and says whether it worked.

An empty folder with the files a Space needs, a fresh venv of the front matter's Python, the platform's own
pip call, a user without rights elsewhere, its variables, no embedded models, a Hub on loopback with tiny
models; then a visitor with a browser. Two things differ: llama-cpp-python's wheel is taken from pip's cache,
where there is one of it, instead of being compiled for eight minutes (so pip is shown it with --find-links);
and the port is a free one. `--serve` goes on serving afterwards, until Ctrl-C.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml
from browser import ARGS, chromium_path
from building import USER, Place, install_packages, interpreter, laid_out, preload, wheel
from call import ROOT
from playwright.sync_api import Error, sync_playwright
from running import Started, hub, started, visit


class Report:
    """The table of what was checked, a row as it is done."""

    def __init__(self):
        self._began = time.monotonic()

    def row(self, what: str, seconds: float | None, found: str) -> None:
        took = "" if seconds is None else f"{seconds:.1f} s"
        print(f"{what:<26}{took:>9}  {found}", flush=True)

    @contextmanager
    def timed(self, what: str) -> Iterator[list[str]]:
        """Gives a list for what was found."""
        found: list[str] = []
        began = time.monotonic()
        yield found
        self.row(what, time.monotonic() - began, ", ".join(found))

    def end(self) -> None:
        self.row("all", time.monotonic() - self._began, "as it should be")


def wanted_python() -> str:
    """That of the front matter: 3.12.12."""
    front_matter = yaml.safe_load((ROOT / "README.md").read_text().split("---\n")[1])
    return front_matter["python_version"]


def chosen_python(report: Report, wanted: str) -> Path:
    """One of the same minor version where there is one; says so, and says so where there is none."""
    minor = ".".join(wanted.split(".")[:2])
    python = interpreter(minor)
    said = subprocess.check_output([python, "-V"], text=True).strip()
    instead = "" if f" {minor}." in said else f", because there is no {minor} here"
    report.row("Python", None, f"{said} for {wanted}{instead}")
    return python


def build(report: Report, place: Place, endpoint: str) -> None:
    with report.timed("llama-cpp-python's wheel") as found:
        wheels = wheel(place.root / "wheels")
        found += [path.name for path in wheels.glob("*.whl")]
    with report.timed("build: the pip call") as found:
        install_packages(place, wheels)
        found.append(f"{len(list(place.packages.glob('*.dist-info')))} packages")
        found.append(_version(place, "pydantic"))
        found.append(_version(place, "gradio"))
    with report.timed("build: preload_from_hub") as found:
        found += [str(path.relative_to(place.home)) for path in preload(place, endpoint)]


def _version(place: Place, package: str) -> str:
    program = f"import importlib.metadata as m; print(m.version({package!r}))"
    command = [place.python, "-c", program]
    said = subprocess.check_output(command, text=True, env=place.environ())
    return f"{package} {said.strip()}"


def use(report: Report, app: Started) -> None:
    report.row("start to first page", app.first_page_s, app.address)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGS))
        seen = visit(browser, app.address)
        browser.close()
    report.row("page in a browser", seen.seen_s, "two columns")
    report.row("click to first text", seen.first_text_s, "SOLAR was not preloaded")
    for answer in seen.answers:
        found = f"“{answer.text}” {answer.tok_s} tok/s, {answer.memory}"
        report.row(f"answer of {answer.name.split()[0]}", None, found)
    workers = app.workers()
    users = {child.uids().real for child in workers}
    assert len(workers) - len(seen.answers) in (0, 1) and users == {USER}, workers
    report.row(
        "processes",
        None,
        f"{len(workers)} with a model each, or one that counts tokens, of user {USER}",
    )
    assert not app.fault(), "its log tells of an error"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--serve", action="store_true", help="go on serving until Ctrl-C")
    asked.add_argument(
        "--python", default=wanted_python(), metavar="3.13", help="another than the front matter's"
    )
    chosen = asked.parse_args()
    report = Report()
    python = chosen_python(report, chosen.python)
    try:
        with laid_out(python) as place, hub(place.root) as served:
            build(report, place, served.endpoint)
            with started(place, served.endpoint) as app:
                try:
                    use(report, app)
                except (AssertionError, Error):
                    print(app.said(), file=sys.stderr)
                    raise
                report.end()
                if chosen.serve:
                    print(f"serving {app.address} until Ctrl-C, log in {app.log}")
                    with suppress(KeyboardInterrupt):
                        app.process.wait()
    except (AssertionError, Error, subprocess.CalledProcessError) as error:
        print(f"not as on a Space: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
