"""The map of compare/, held: which folder may import which, and which packages belong where.

And how long a file and a function may be, in tests/ too.
"""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "compare"
ORDER = (
    ("cli", "ui"),
    ("web",),
    ("charts", "gallery", "serve"),
    ("saved",),
    ("words",),
    ("run",),
    ("memory",),
    ("asked",),
    ("remote",),
    ("models", "scores"),
    ("gguf", "protocol", "thinking", "colours", "numbers", "proxies", "usage"),
    ("letters",),
)
"""From the top: a folder imports only what stands in a lower line."""
APART = {"__init__", "__main__", "child"}
CHILD = {"child", "protocol", "thinking"}
"""What a model's own process is made of; nobody imports child."""
ONLY = {
    "gradio": {
        *(f"ui/{tab}/tab.py" for tab in ("benchmarks", "compare", "fit", "gallery", "speed")),
        *(
            f"ui/{name}.py"
            for name in (
                "filled",
                "imported",
                "page",
                "parts",
                "quiet",
                "sessions",
                "theme",
                "values",
                "visitors",
                "wiring",
            )
        ),
    },
    "httpx2": {"models/download.py", "proxies", "remote/streams.py"},
    "huggingface_hub": {"models"},
    "llama_cpp": {"child/llama.py", "child/sampler.py"},
    "pandas": {"scores", "charts"},
    "plotly": {"charts"},
    "psutil": {"child/cores.py", "child/memory.py", "memory/free.py", "run/process.py"},
    "pynvml": {"protocol/devices.py"},
    "prometheus_client": {"web/metrics.py"},
    "ray": {"serve/cluster.py"},
    "regex": {"gallery"},
    "spaces": {"run/zerogpu.py"},
    "typer": {"cli"},
}
"""Who may import a package: a folder, or one file of it."""
LARGE, LONG = 400, 60
"""Lines of a file, lines of a function."""
DATA = {PACKAGE / "models/catalogue.py", PACKAGE / "scores/suites.py"}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def written() -> list[Path]:
    """The files of ours, those of the tests too."""
    return files() + sorted(TESTS.rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def place(path: Path) -> str:
    """The folder a file is in, or the file itself where it stands beside the folders."""
    return named(path).split("/")[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """What a file imports, wherever in it: compare.gguf.header, json."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def own(path: Path) -> set[str]:
    """The folders of ours that a file imports, its own left out."""
    parts = (name.split(".") for name in imports(path))
    return {p[1] for p in parts if p[0] == "compare" and len(p) > 1} - {place(path)}


def test_imports_go_downwards():
    level = {name: n for n, line in enumerate(ORDER) for name in line}
    for path in files():
        if place(path) not in APART:
            here = level[place(path)]  # a new folder belongs into ORDER, and into the map
            for other in own(path):
                assert level[other] > here, f"{named(path)} imports {other}"


def test_a_tab_imports_no_other():
    tabs = {path.parent.name for path in files() if path.match("compare/ui/*/*.py")}
    for path in files():
        if path.parent.name in tabs and path.parent.parent.name == "ui":
            found = {name.split(".")[2] for name in imports(path) if name.startswith("compare.ui.")}
            assert not found & (tabs - {path.parent.name}), named(path)


def test_the_child_imports_nothing_of_the_parent():
    for path in files():
        if place(path) == "child":
            assert own(path) <= CHILD, named(path)
        else:
            assert "child" not in own(path), named(path)


@pytest.mark.parametrize("package", ONLY)
def test_a_package_is_imported_only_where_it_belongs(package):
    for path in files():
        if any(name.split(".")[0] == package for name in imports(path)):
            assert ONLY[package] & {place(path), named(path)}, named(path)


def test_a_folder_says_what_it_is_and_holds_no_more():
    for path in files():
        if path.name == "__init__.py":
            (said,) = ast.parse(path.read_text()).body
            assert isinstance(said, ast.Expr), named(path)


def test_the_map_names_every_folder():
    map_ = (PACKAGE / "__init__.py").read_text()
    for path in files():
        if path.name not in ("__init__.py", "__main__.py") or path.parent != PACKAGE:
            assert named(path).split("/")[0] in map_, named(path)


def test_a_file_fits_on_a_few_screens():
    lines = {path: len(path.read_text().splitlines()) for path in written()}
    assert not {str(path) for path, n in lines.items() if n > LARGE and path not in DATA}


def test_a_function_fits_on_one():
    """From its `def` on: the table that a test is given may be as long as it is."""
    for path in written():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                assert lines <= LONG, f"{path}: {node.name} has {lines} lines"


def test_the_child_stays_small():
    code = (
        "import sys, compare.child.engine, compare.child.worker, psutil;"
        "heavy = {'gradio', 'pandas', 'pydantic', 'huggingface_hub'} & set(sys.modules);"
        "print(sorted(heavy), psutil.Process().memory_info().rss)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, rss = said.stdout.rsplit(maxsplit=1)
    assert heavy == "[]"
    assert int(rss) < 50 * 2**20
