"""`bench` beside llama-bench: the same source, libraries, file and flags, one after the other.

llama-bench is no part of the set-up. It is compiled when it is first asked for, from the source that
llama-cpp-python brings, and computes with the libraries that the app has installed: whatever build they
are, both go by it.
"""

import importlib.util
import json
import shutil
import statistics
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from compare.child.llama import describe
from performance.report import Line, Measurement, Sample
from performance.stage import ROOT, Stage, told

TOKENS = {"pp": 128, "tg": 32}
REPEATS = 3
_FLAGS = {
    "n_batch": "-b", "n_ubatch": "-ub", "n_threads": "-t", "n_gpu_layers": "-ngl", "flash_attn": "-fa",
    "type_k": "-ctk", "type_v": "-ctv",
}  # fmt: skip
"""of llama-bench, by its name for what they set"""
_COMPILE_S = 3600.0


def flags(row: Mapping) -> list[str]:
    """What makes llama-bench measure as a row of `bench` was measured."""
    return [word for name, flag in _FLAGS.items() for word in (flag, str(row[name]))]


def rates(rows: Sequence[Mapping]) -> dict[str, list[float]]:
    """Tokens a second of each repetition, by the test."""
    return {"pp" if row["n_prompt"] else "tg": row["samples_ts"] for row in rows}


def beside(stage: Stage) -> Iterator[Sample]:
    binary = program(stage.cores)
    # Two processes of one program differ by up to a tenth with so small a model: more of them.
    files = (("llama-bench", stage.endless, 10), ("llama-bench-tinyllama", stage.tinyllama, 1))
    rows = {path: _ours(path)[0] for _, path, _ in files}
    while True:
        sample = {}
        for name, path, turns in files:
            sample |= _compared(name, _in_turn(binary, path, rows[path], turns))
        yield sample


def _in_turn(binary: Path, path: str, row: Mapping, turns: int) -> list[dict[str, dict]]:
    """Median tokens a second by who measured and the test, turn by turn."""
    repacks = int("REPACK" in describe()["features"])
    ways = [
        ("ours", lambda: _ours(path)),
        ("same", lambda: _theirs(binary, path, [*flags(row), "--repack", repacks])),
        ("unasked", lambda: _theirs(binary, path, ["-t", row["n_threads"]])),
    ]
    found = []
    for _ in range(turns):
        rounds = {whose: rates(measure()) for whose, measure in ways}
        found.append(
            {
                whose: {test: statistics.median(samples) for test, samples in tests.items()}
                for whose, tests in rounds.items()
            }
        )
        ways.reverse()  # neither comes first more often than the other
    return found


def _compared(name: str, turns: Sequence[Mapping[str, Mapping[str, float]]]) -> Sample:
    """Ratios of each turn, as the machine is faster now and slower then; their medians."""

    def of(whose: str, test: str) -> float:
        return statistics.median(tps["ours"][test] / tps[whose][test] for tps in turns)

    same = {test: statistics.median(tps["same"][test] for tps in turns) for test in TOKENS}
    return {
        name: of("same", "tg"), f"{name}-prompt": of("same", "pp"),
        f"{name}-unasked": of("unasked", "tg"), f"{name}-unasked-prompt": of("unasked", "pp"),
        f"tok/s {name}": same["tg"], f"tok/s reading {name}": same["pp"],
    }  # fmt: skip


def _ours(path: str) -> list[dict]:
    sizes = ["--prompt-tokens", TOKENS["pp"], "--output-tokens", TOKENS["tg"]]
    asked = ["--models", path, *sizes, "--repeats", REPEATS, "--json"]
    return json.loads(told(["-m", "compare", "bench", *asked]))


def _theirs(binary: Path, path: str, flags: list[str]) -> list[dict]:
    sizes = ["-p", TOKENS["pp"], "-n", TOKENS["tg"], "-r", REPEATS]
    folder = Path(importlib.util.find_spec("llama_cpp").origin).parent / "lib"
    libraries = {name: str(folder) for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")}
    asked = ["-m", path, *sizes, "-o", "json", *flags]
    return json.loads(told(asked, program=binary, environ=libraries))


def program(jobs: int) -> Path:
    """llama-bench of the installed llama-cpp-python's source. Raises RuntimeError, TimedOut."""
    release = version("llama-cpp-python")
    folder = ROOT / ".venv/llama-bench" / release
    binary = folder / "bin/llama-bench"
    if binary.exists():
        return binary
    if not (cmake := shutil.which("cmake")):
        raise RuntimeError("llama-bench is compiled with cmake, which isn't here. Install cmake.")
    print("compiling llama-bench, once: some minutes", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as source:
        wanted = ["--no-deps", "--no-binary", "llama-cpp-python", f"llama-cpp-python=={release}"]
        told(["-m", "pip", "download", "--quiet", "--dest", source, *wanted], _COMPILE_S)
        with tarfile.open(next(Path(source).glob("*.tar.gz"))) as archive:
            archive.extractall(source, filter="data")
        (llama,) = Path(source).glob("*/vendor/llama.cpp")
        off = [f"-D{name}=OFF" for name in _LEFT_OUT]
        told(["-S", llama, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", *off], program=cmake)
        built = ["--build", folder, "--target", "llama-bench", "--parallel", jobs]
        told(built, _COMPILE_S, program=cmake)
    return binary


_LEFT_OUT = (
    "GGML_CPU", "LLAMA_CURL", "LLAMA_OPENSSL", "LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES",
    "LLAMA_BUILD_SERVER", "LLAMA_BUILD_APP",
)  # fmt: skip
"""What llama-bench doesn't need; of the processor's part it takes the installed one."""


def _lines(name: str, model: str) -> tuple[Line, ...]:
    same, unasked = "llama-bench, with its row's flags", "llama-bench, as it comes"
    reading, writing = f"reading {TOKENS['pp']} tokens", f"writing {TOKENS['tg']} tokens"
    return (
        Line(name, f"`bench`, {model}, {writing}", same, 0.98),
        Line(f"{name}-prompt", f"`bench`, {model}, {reading}", same, 0.98),
        Line(f"{name}-unasked", f"the same, {writing}", unasked),
        Line(f"{name}-unasked-prompt", f"the same, {reading}", unasked),
    )


MEASUREMENTS = (
    Measurement("llama-bench", beside, (
        *_lines("llama-bench", "SmolLM2"),
        *_lines("llama-bench-tinyllama", "TinyLlama's shape"),
    ), full=True),
)  # fmt: skip
