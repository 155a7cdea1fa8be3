"""CUDA's libraries where pip has brought them: loaded before llama.cpp, which doesn't look there.

A wheel of llama-cpp-python for CUDA needs them from the system, and ZeroGPU's image has none. Another build
doesn't need them, also where torch has brought them: they would count as the model's memory.
"""

import ctypes
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LIBRARIES = (
    "cuda_runtime/lib/libcudart.so.12",
    "cublas/lib/libcublasLt.so.12",
    "cublas/lib/libcublas.so.12",
)
"""In the packages nvidia-cuda-runtime-cu12 and nvidia-cublas-cu12, each after those it needs itself."""
BUILT_FOR_CUDA = "llama_cpp/lib/libggml-cuda.so"
"""in such a build of llama-cpp-python"""


def preload(folders: Sequence[str] = sys.path) -> list[str]:
    """Loads what is under `nvidia/` in one of the folders; returns what was. The loader then takes these for
    what llama.cpp's own libraries name.
    """
    found = []
    if not any(Path(folder, BUILT_FOR_CUDA).exists() for folder in folders):
        return found
    for library in LIBRARIES:
        paths = (Path(folder, "nvidia", library) for folder in folders)
        if path := next((path for path in paths if path.is_file()), None):
            with suppress(OSError):  # what is missing then, llama.cpp's own import says
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
                found.append(library)
    return found
