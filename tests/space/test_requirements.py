"""What a Space installs: that its one pip call resolves, and that all files that name versions agree.

pip itself is asked for one Python. It judges markers by the Python that runs it, so uv is asked for all of
them. llama-cpp-python, which is compiled, is left out there; that its version exists is seen as the lock
is made. Asked are package indexes, for metadata only.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from call import (
    CUDA,
    LOCK,
    PYTHONS,
    REQUIREMENTS,
    ROOT,
    ZEROGPU_PYTHON,
    lines,
    name,
    platform_packages,
    sdk_version,
    without_llama,
)
from lock import compile_lock
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

CUDA_ONLY = {"nvidia-cublas-cu12", "nvidia-cuda-runtime-cu12"}
OFFLINE = re.compile("NewConnectionError|ConnectTimeout|Failed to fetch|name resolution")

resolves = pytest.mark.timeout(600)


@pytest.fixture
def asked(tmp_path):
    """Writes a requirements file."""

    def write(*wanted: str) -> Path:
        path = tmp_path / "asked.txt"
        path.write_text("\n".join([*wanted, ""]))
        return path

    return write


def begin(*command: object) -> subprocess.Popen:
    pipe = subprocess.PIPE
    return subprocess.Popen(list(map(str, command)), stdout=pipe, stderr=pipe, text=True)


def end(process: subprocess.Popen) -> None:
    _, said = process.communicate()
    if process.returncode and OFFLINE.search(said):
        pytest.skip("No package index can be reached.")
    assert process.returncode == 0, said[-3000:]


@pytest.fixture(scope="module", autouse=True)
def pip(tmp_path_factory):
    """pip's process, which takes longest and mostly waits: begun before all else here; and its report."""
    place = tmp_path_factory.mktemp("pip")
    report, requirements = place / "report.json", place / "asked.txt"
    requirements.write_text("\n".join([*without_llama(), ""]))
    process = begin(
        *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed"),
        *("--only-binary=:all:", "--python-version", ZEROGPU_PYTHON, "--target", place / "target"),
        *("--report", report, "-r", requirements, *platform_packages()),
    )
    yield process, report
    process.kill()
    process.communicate()


def settled_by_uv(python: str, requirements: Path) -> dict[str, str]:
    out = requirements.with_name("settled.txt")
    process = begin(
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--system-certs"),
        # With a Python that is here: uv would fetch the one that is resolved for.
        *("--only-binary=:all:", "--python", sys.executable, "--python-version", python),
        *("--python-platform", "x86_64-manylinux_2_28", "--output-file", out, requirements),
    )
    end(process)
    return dict(line.split("==") for line in lines(out) if line[0] != " ")


def gradio_takes_its_pydantic(settled: dict[str, str]) -> bool:
    """The bounds of its extra `mcp`, in 6.31.0."""
    return SpecifierSet("<=2.12.5,>=2.11.10").contains(settled["pydantic"])


@resolves
@pytest.mark.parametrize("python", PYTHONS)
def test_it_resolves_to_wheels_on_every_python(asked, python):
    settled = settled_by_uv(python, asked(*without_llama(), *platform_packages()))
    assert settled["gradio"] == sdk_version()
    assert gradio_takes_its_pydantic(settled)


@resolves
@pytest.mark.parametrize("path", [REQUIREMENTS, CUDA], ids=lambda path: path.name)
def test_it_resolves_on_zerogpu_beside_torch(asked, path):
    wanted = [line for line in without_llama(path) if name(line)]
    settled = settled_by_uv(ZEROGPU_PYTHON, asked(*wanted, *platform_packages(zero_gpu=True)))
    assert settled["spaces"] == "0.51.3"
    assert settled["torch"]
    assert gradio_takes_its_pydantic(settled)


@resolves
def test_the_lock_is_what_make_lock_writes(tmp_path):
    again = tmp_path / LOCK.name
    shutil.copy(LOCK, again)
    try:
        compile_lock(again)
    except subprocess.CalledProcessError as error:
        if OFFLINE.search(error.stderr):
            pytest.skip("No package index can be reached.")
        raise AssertionError(error.stderr) from error
    assert again.read_text() == LOCK.read_text()


def test_the_lock_has_exact_versions_and_names_no_place():
    for line in lines(LOCK):
        wanted = Requirement(line)
        assert [each.operator for each in wanted.specifier] == ["=="], line
        assert not wanted.url and not wanted.extras, line
    assert not re.search("/|\\\\|://|--", LOCK.read_text().split("make lock")[1])


def test_the_lock_is_within_what_is_asked_for():
    locked = {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines(LOCK)}
    tests = lines(ROOT / "tests" / "requirements.txt")
    for line in [*lines(REQUIREMENTS), *platform_packages(), *tests]:
        wanted = Requirement(line.split(" --")[0])
        (exact,) = locked[canonicalize_name(wanted.name)].specifier
        assert wanted.specifier.contains(exact.version), line


def test_requirements_hold_only_what_a_space_can_use():
    """The file stands alone there, before any other file of ours; spaces and torch are the platform's."""
    for line in lines(REQUIREMENTS):
        wanted, *options = line.split(" --")
        assert not Requirement(wanted).url, line
        assert all(each.startswith("config-settings=") for each in options), line
        assert name(line) not in {"spaces", "torch"}
    assert f"gradio=={sdk_version()}" in lines(REQUIREMENTS)


def test_the_cuda_requirements_differ_in_llama_cpp_python_and_its_libraries_alone():
    same = [line for line in without_llama(CUDA) if name(line) and name(line) not in CUDA_ONLY]
    assert same == without_llama()
    options = [line for line in lines(CUDA) if not name(line)]
    assert options == [
        "--extra-index-url https://abetlen.github.io/llama-cpp-python/whl/cu124",
        "--only-binary llama-cpp-python",
    ]
    assert {name(line) for line in lines(CUDA)} > CUDA_ONLY


def test_the_cuda_requirements_admit_the_llama_cpp_python_that_is_tested():
    (tested,) = (line for line in lines(REQUIREMENTS) if name(line) == "llama-cpp-python")
    (taken,) = (line for line in lines(CUDA) if name(line) == "llama-cpp-python")
    (exact,) = Requirement(tested.split(" --")[0]).specifier
    assert Requirement(taken).specifier.contains(exact.version)


@resolves
def test_the_pip_call_of_a_space_resolves(pip):
    process, report = pip
    end(process)
    found = [each["metadata"] for each in json.loads(report.read_text())["install"]]
    settled = {canonicalize_name(each["name"]): each["version"] for each in found}
    assert settled["gradio"] == sdk_version()
    assert gradio_takes_its_pydantic(settled)
