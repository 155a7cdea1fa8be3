"""CUDA's libraries from pip: loaded in the order in which they need each other, for whatever needs them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compare.child import cuda

ROOT = Path(__file__).parent.parent.parent

# Needs both, by name alone, as llama.cpp's library for CUDA does.
USES = r"""
import ctypes, sys
from compare.child.cuda import preload
print(len(preload([sys.argv[1]])), end=" ")
print(ctypes.CDLL(sys.argv[2]).answer())
"""


def build(target: Path, code: str, *needs: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = target.with_suffix(".c")
    source.write_text(code)
    compiler = shutil.which("cc") or shutil.which("gcc")
    command = [compiler, "-shared", "-fPIC", "-o", target, source, f"-Wl,-soname,{target.name}"]
    subprocess.run([*command, "-Wl,--no-as-needed", *needs], check=True)
    return target


@pytest.mark.skipif(sys.platform != "linux", reason="these are Linux's libraries")
def test_what_pip_brought_is_found_by_what_needs_it(tmp_path):
    runtime, light, blas = (tmp_path / "nvidia" / library for library in cuda.LIBRARIES)
    build(runtime, "int runtime(void) { return 1; }")
    build(light, "int runtime(void); int light(void) { return 10 + runtime(); }", runtime)
    build(blas, "int light(void); int blas(void) { return 100 + light(); }", light)
    build(tmp_path / cuda.BUILT_FOR_CUDA, "int none;")
    user = build(
        tmp_path / "libuser.so",
        "int blas(void); int runtime(void); int answer(void) { return blas() + runtime(); }",
        blas, runtime,
    )  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", USES, tmp_path, user],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert said.stdout.split() == ["3", "112"]
    (tmp_path / cuda.BUILT_FOR_CUDA).unlink()
    assert cuda.preload([str(tmp_path)]) == []
    without = subprocess.run(
        [sys.executable, "-c", USES, tmp_path / "none", user], capture_output=True, cwd=ROOT
    )
    assert without.returncode != 0


def test_what_is_not_there_or_no_library_is_left_out(tmp_path):
    assert cuda.preload([]) == []
    build(tmp_path / cuda.BUILT_FOR_CUDA, "int none;")
    broken = tmp_path / "nvidia" / cuda.LIBRARIES[0]
    broken.parent.mkdir(parents=True)
    broken.write_text("no library")
    assert cuda.preload([str(tmp_path)]) == []
