"""Which browser the tests drive, how it is started, and where a page can be served for it."""

import shutil
import socket
import subprocess
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# No sandbox: containers have none. The rest keeps a test machine's browser from the network.
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@cache
def chromium_path() -> str | None:
    """The first installed Chromium or Chrome that runs; None means Playwright's own."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path and _runs(path)), None)


def _runs(path: str) -> bool:
    """Ubuntu's chromium-browser, for one, may be a stub that only says to install a snap."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
