"""The import rules of compare/__init__.py, held."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "compare"
CHILD = {
    *("worker", "engine", "estimate", "header", "memory", "textstream", "events", "requests"),
    "cuda",
}
ONLY = {
    "llama_cpp": {"engine"},
    "gradio": {"ui"},
    "huggingface_hub": {"hub"},
    "psutil": {"memory", "machine"},
    "typer": {"__main__"},
    "spaces": {"zerogpu"},
    "pandas": {"scores", "charts", "claims"},
    "plotly": {"charts"},
    "regex": {"checks", "numerals"},
}
LAYERS = [
    {"ui", "__main__"}, {"charts", "record"}, {"comparison", "machine", "claims", "fit", "library"},
    {"fanout", "recordings"}, {"admission", "zerogpu"},
    {"runner", "terms", "hub", "owner", "scores", "hardware", "gallery", "bench"}, {"words"},
    {"spec", "response", "cpu", "worker"}, {"engine", "catalogue", "suites", "checks"},
    {"estimate", "numerals"},
    {"memory", "textstream", "header"}, {"events", "requests", "proxies", "cuda"},
]  # fmt: skip


def sources() -> dict[str, set[str]]:
    """What each module imports; all of ui counts as one."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "compare":
                names = {f"compare.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or ""}
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            else:
                continue
            found.setdefault(name, set()).update(names)
    return found


def own(imports: set[str]) -> set[str]:
    return {name.split(".")[1] for name in imports if name.startswith("compare.")}


def test_the_child_imports_nothing_of_the_parent():
    for module in CHILD:
        assert own(sources().get(module, set())) <= CHILD, module


@pytest.mark.parametrize("package", ONLY)
def test_a_package_is_imported_only_where_it_belongs(package):
    importers = {
        module
        for module, imports in sources().items()
        if any(name.split(".")[0] == package for name in imports)
    }
    assert importers <= ONLY[package]


def test_imports_go_downwards():
    level = {module: i for i, layer in enumerate(LAYERS) for module in layer}
    found = sources()
    assert set(found) - {"__init__"} <= set(level), "a new module belongs into the map"
    for module, imports in found.items():
        for other in own(imports) - {module}:
            assert level[other] > level[module] or level[other] == 0 == level[module], (
                f"{module} imports {other}"
            )


def test_the_map_names_every_module():
    map_ = (PACKAGE / "__init__.py").read_text()
    for path in PACKAGE.glob("*.py"):
        assert path.name == "__init__.py" or path.name in map_, path.name


def test_the_child_stays_small():
    code = (
        "import sys, compare.engine, compare.worker, psutil;"
        "heavy = {'gradio', 'pandas', 'pydantic', 'huggingface_hub'} & set(sys.modules);"
        "print(sorted(heavy), psutil.Process().memory_info().rss)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, rss = said.stdout.rsplit(maxsplit=1)
    assert heavy == "[]"
    assert int(rss) < 60 * 2**20
