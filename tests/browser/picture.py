"""Takes the README's picture from the running app: `make picture`. The only picture in the repository."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from browser import ARGS, chromium_path, free_port
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / ".github" / "side-by-side.png"
PROMPT = "Why is the sky blue? Answer in two sentences."


def wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{url} did not answer within {seconds:.0f} s.")


def take(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 940}, color_scheme="light")
        page.goto(url)
        page.get_by_role("button", name="Run", exact=True).wait_for()
        page.get_by_label("Prompt").fill(PROMPT)
        page.get_by_role("button", name="Run").first.click()
        page.wait_for_function(
            "document.body.innerText.split('Finished in').length > 2", timeout=120_000
        )
        page.mouse.move(640, 890)
        page.wait_for_timeout(500)
        page.screenshot(path=TARGET)
        browser.close()


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as empty:
        # An empty Hub cache and no network: the small pair that everyone has.
        environ = {**os.environ, "PORT": str(port), "HF_HOME": empty, "HF_HUB_OFFLINE": "1"}
        app = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=environ)
        try:
            wait_for(f"http://127.0.0.1:{port}")
            take(f"http://127.0.0.1:{port}")
        finally:
            app.terminate()
            app.wait()
    print(f"wrote {TARGET.relative_to(ROOT)}, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
