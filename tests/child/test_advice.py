"""llama.cpp's words about a failed load, as a person reads them."""

import pytest

from compare.child.advice import readable


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (
            ["ggml_aligned_malloc: insufficient memory", "alloc_tensor_range: failed to allocate CPU buffer"],
            "There was not enough memory to load this model.\nChoose a smaller quantization, lower the "
            "context length, or close another model, then run again.",
        ),
        (
            ["llama_model_load: error loading model: missing tensor 'output.weight'.", "more"],
            "llama.cpp could not load this file: missing tensor 'output.weight'.\n"
            "Try another file of this model.",
        ),
        ([], "llama.cpp could not load this file: it gave no reason.\nTry another file of this model."),
    ],
    ids=["memory", "unknown", "silent"],
)  # fmt: skip
def test_errors_become_what_happened_and_what_to_do(errors, said):
    assert readable(errors) == said
