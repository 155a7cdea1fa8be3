"""llama.cpp's own words about a failed load: what they mean, and what to do about it.

Pure. What a file's header tells is said before it is loaded (gguf/), not here.
"""

import re
from collections.abc import Sequence

_ADVICE = (
    (
        r"unknown model architecture: '(.*?)'",
        "This llama.cpp doesn't know the architecture “{0}”.",
        "Use a file of another model, or a newer llama-cpp-python.",
    ),
    (
        r"not within the file bounds|corrupted or incomplete",
        "The file is cut short: tensors are missing at its end.",
        "Download it again.",
    ),
    (
        r"invalid magic|failed to read (key-value pairs|tensor info|magic|header)",
        "This is not a whole GGUF file.",
        "Download it again, or choose another file.",
    ),
    (
        r"(unable|failed) to allocate|Cannot allocate memory|out of memory|bad_alloc|cudaMalloc failed",
        "There was not enough memory to load this model.",
        "Choose a smaller quantization, lower the context length, or close another model, "
        "then run again.",
    ),
)


def readable(errors: Sequence[str]) -> str:
    """What happened on the first line, what to do on the next. `errors`: the log's lines, in their order."""
    joined = "\n".join(errors)
    for pattern, what, advice in _ADVICE:
        if found := re.search(pattern, joined):
            return f"{what.format(*found.groups())}\n{advice}"
    said = re.sub(r"^[\w ]+: (error loading model: )?", "", errors[0]) if errors else ""
    said = said.strip().rstrip(".") or "it gave no reason"
    return f"llama.cpp could not load this file: {said}.\nTry another file of this model."
