"""Writes requirements-lock.txt: `make lock` (ARGS=--upgrade: everything anew, not only what must change).

One exact version of each package that the app, a Space and the tests may bring, valid from Python 3.11 to
3.14, for pip's -c. Markers stand where a package is for some systems or Pythons only.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from call import LOCK, PYTHONS, REQUIREMENTS, ROOT, lines, platform_packages

UV = [
    *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--system-certs"),
    "--universal",
    # With a Python that is here: uv would fetch another.
    *("--python", sys.executable, "--python-version", PYTHONS[0], "--fork-strategy", "fewest"),
    *("--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
    *("--custom-compile-command", "make lock"),
]


def compile_lock(out: Path, *options: str) -> None:
    """Keeps the versions that `out` has where they still fit, unless the options say otherwise.

    Raises CalledProcessError, with what uv said in `stderr`.
    """
    # uv doesn't read pip's --config-settings.
    app = [line.split(" --")[0] for line in lines(REQUIREMENTS)]
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.in"
        asked.write_text("\n".join([*app, *platform_packages(), ""]))
        files = [asked, ROOT / "tests" / "requirements.txt"]
        command = [*UV, *options, "--output-file", out, *files]
        subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)


if __name__ == "__main__":
    try:
        compile_lock(LOCK, *sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr)
    print(f"wrote {LOCK.name}, {len(lines(LOCK))} packages")
