"""What `make` compiles for: this processor, as Linux names what it has."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
AVX512 = [
    "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vnni", "avx512_bf16",
    "avx2", "fma",
]  # fmt: skip


def arguments(*flags: str) -> str:
    """What is given to cmake where the processor has these."""
    told = subprocess.run(
        ["make", "--print-data-base", "--question", f"HAS=flags : {' '.join(flags)}", "lint"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    return re.search(r"^PROCESSOR := ?(.*)$", told.stdout, re.M).group(1)


def test_what_the_processor_has_of_avx512_is_made_use_of():
    names = "AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16"
    assert arguments(*AVX512) == " ".join(f"-DGGML_{name}=ON" for name in names)


@pytest.mark.parametrize("flags", [[], ["avx2", "fma"], AVX512[1:]])
def test_where_a_part_of_it_is_missing_the_build_is_the_portable_one(flags):
    assert arguments(*flags) == ""
