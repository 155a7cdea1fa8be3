"""The one pip call that builds a Gradio Space, as its build logs show it. Only the standard library.

    pip install --no-cache-dir -r /tmp/requirements.txt gradio[oauth,mcp]==<sdk_version>
        "uvicorn>=0.14.0" "websockets>=10.4" spaces

On ZeroGPU also "torch<=2.13.0", and spaces==0.51.3. requirements.txt is mounted alone. Seen in build
logs of 2026; a Space that doesn't build any more is a reason to look at its log, and to change it here.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
CUDA = ROOT / "requirements-cuda.txt"
LOCK = ROOT / "requirements-lock.txt"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ZEROGPU_PYTHON = "3.12"


def sdk_version() -> str:
    """The Gradio version of the README's front matter."""
    return re.search(r"^sdk_version: (\S+)$", (ROOT / "README.md").read_text(), re.M)[1]


def platform_packages(zero_gpu: bool = False) -> list[str]:
    """What a Space installs beside requirements.txt."""
    gradio = f"gradio[oauth,mcp]=={sdk_version()}"
    always = [gradio, "uvicorn>=0.14.0", "websockets>=10.4"]
    return ["torch<=2.13.0", *always, "spaces==0.51.3"] if zero_gpu else [*always, "spaces"]


def lines(path: Path) -> list[str]:
    """The lines of a requirements file that say something."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def name(line: str) -> str:
    """The package that a line asks for, as the index writes it; an option has none."""
    found = re.match(r"[A-Za-z0-9._-]+", line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found and not line.startswith("-") else ""


def without_llama(path: Path = REQUIREMENTS) -> list[str]:
    """Those of its lines that don't have to be compiled."""
    return [line for line in lines(path) if name(line) != "llama-cpp-python"]
