"""Sees to a browser for the tests: an installed one, else Playwright's, else the system's package.

Ends with status 1 when none can be had: tests in a browser are never left out silently.
"""

import os
import subprocess
import sys

from browser import ARGS, chromium_path
from playwright.sync_api import Error, sync_playwright

APT = ["apt-get", "-y", "-q", "--no-install-recommends"]


def main() -> int:
    for name, install in (
        ("installed", lambda: True),
        ("playwright install chromium", playwright_install),
        ("apt-get install chromium", apt_install),
    ):
        if install() and (version := starts()):
            print(f"browser: {chromium_path() or 'Playwright’s Chromium'} {version} ({name})")
            return 0
        print(f"browser: none from: {name}", file=sys.stderr)
    print(
        "The tests need a browser and none could be installed. Install Chromium or Chrome so that"
        " `chromium` or `google-chrome` is on the PATH, then run make test again.",
        file=sys.stderr,
    )
    return 1


def starts() -> str | None:
    """The version of the browser that the tests will use, when it does start."""
    chromium_path.cache_clear()
    try:
        with sync_playwright() as playwright:
            path = chromium_path()
            browser = playwright.chromium.launch(executable_path=path, args=ARGS)
            version = browser.version
            browser.close()
    except Error as error:
        print(str(error).strip().splitlines()[0], file=sys.stderr)
        return None
    return version


def playwright_install() -> bool:
    return _run([sys.executable, "-m", "playwright", "install", "chromium"], seconds=600)


def apt_install() -> bool:
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    update, install = [*root, *APT, "update"], [*root, *APT, "install", "chromium"]
    return _run(update, seconds=300) and _run(install, seconds=900)


def _run(command: list[str], seconds: int) -> bool:
    print("browser:", " ".join(command), flush=True)
    try:
        return subprocess.run(command, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    sys.exit(main())
