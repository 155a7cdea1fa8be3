"""llama.cpp's own words and findings about a file: what they mean, and what to do about it.

Pure. What a file's header tells is said before it is loaded (gguf/), not here; `unfit` is for those kinds
that it doesn't tell.
"""

import re
from collections.abc import Sequence

NOT_NUMBERS = (
    "The model's figures are no numbers (NaN or infinite): the file is damaged or was quantized badly.\n"
    "Download it again, or use another quantization of this model."
)
_NEWER = "The file was made for a newer llama.cpp than this build's ({build})"
_UPDATE = "Use a newer llama-cpp-python, or another model."
_CONVERTED = "Use another file of this model, converted anew."

_ADVICE = (
    (
        r"unknown model architecture: '(.*?)'",
        f"{_NEWER}, or for another program: this one doesn't know the architecture “{{0}}”.",
        _UPDATE,
    ),
    (r"unknown pre-tokenizer type: '(.*?)'", f"{_NEWER}: its pre-tokenizer “{{0}}” is unknown.", _UPDATE),
    (r"unknown tokenizer: '(.*?)'", f"{_NEWER}: its tokenizer “{{0}}” is unknown.", _UPDATE),
    (
        r"wrong number of tensors; expected (\d+), got (\d+)",
        f"{_NEWER}: of its {{0}} tensors only {{1}} have a use here.",
        _UPDATE,
    ),
    (
        r"key not found in model: ([\w.-]+)",
        "The file's header is incomplete: it lacks “{0}”, without which llama.cpp can't load a model.",
        _CONVERTED,
    ),
    (
        r"missing tensor '([^']+)'|tensor '([^']+)' not found",
        "The file is incomplete: it lacks the tensor “{0}”, without which llama.cpp can't load its model.",
        f"{_CONVERTED} It may also be of a kind that needs a newer llama-cpp-python.",
    ),
    (
        r"(cannot find tokenizer (?:vocab|merges)|out of array bounds for \w+|Byte token for <\w+>)",
        "The file's vocabulary is incomplete ({0}).",
        _CONVERTED,
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
)  # fmt: skip

# Warnings of llama.cpp's src/llama-vocab.cpp after which a model answers, but not as it should.
_NOTICES = (
    (
        r"missing pre-tokenizer type",
        "The file doesn't say how its texts are to be split, so llama.cpp splits them by its default, and "
        "answers may be worse than they should. Newer files of a model say it.",
    ),
    (
        r"bad special token: 'tokenizer\.ggml\.(bos|eos|eot)_token_id' = (\d+)",
        "The file names token {1} as its {0} token, but has no such token, so llama.cpp takes another: "
        "answers may be worse than they should, or not end.",
    ),
)


def readable(errors: Sequence[str], build: str) -> str:
    """What happened on the first line, what to do on the next. `errors`: the log's lines, in their order;
    `build`: the commit that llama.cpp was built from.
    """
    joined = "\n".join(errors)
    for pattern, what, advice in _ADVICE:
        if found := re.search(pattern, joined):
            told = [group for group in found.groups() if group is not None]
            return f"{what.format(*told, build=build)}\n{advice}"
    said = re.sub(r"^[\w ]+: (error loading model: )?", "", errors[0]) if errors else ""
    said = said.strip().rstrip(".") or "it gave no reason"
    return f"llama.cpp could not load this file: {said}.\nTry another file of this model."


def notice(warning: str) -> str | None:
    """What a line of llama.cpp's warnings means for the answers; None where it means nothing for them."""
    for pattern, told in _NOTICES:
        if found := re.search(pattern, warning):
            return told.format(*found.groups())
    return None


def unfit(
    *, diffusion: bool = False, encoder: bool = False, decoder: bool = True, causal: bool = True,
    pools: bool = False,
) -> str | None:  # fmt: skip
    """Why a model that llama.cpp can load writes no answers here; None where it does.

    `causal`: each token sees only those before it; `pools`: it makes one vector, or one score, of a text.
    """
    if diffusion:
        what = "This is a diffusion language model: it writes all words of a text at once, in many passes."
        return f"{what}\nChoose a model that writes one word after the other."
    if encoder and decoder:
        what = "This is an encoder-decoder model: it rewrites texts, and doesn't chat."
        return f"{what}\nChoose a model for chat or for completing text."
    if encoder or not decoder or not causal or pools:
        what = "This is an embedding model: it turns text into numbers and writes no answers."
        return f"{what}\nChoose a model for chat or for completing text."
    return None
