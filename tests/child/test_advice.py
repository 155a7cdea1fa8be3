"""llama.cpp's words about a failed load, as a person reads them."""

import pytest

from compare.child.advice import notice, readable, unfit


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (
            ["ggml_aligned_malloc: insufficient memory", "alloc_tensor_range: failed to allocate CPU buffer"],
            "There was not enough memory to load this model.\nChoose a smaller quantization, lower the "
            "context length, or close another model, then run again.",
        ),
        (
            ["llama_model_load: error loading model: something is odd.", "more"],
            "llama.cpp could not load this file: something is odd.\nTry another file of this model.",
        ),
        (
            ["llama_model_load: error loading model: unknown model architecture: 'quux'"],
            "The file was made for a newer llama.cpp than this build's (0c1e570), or for another program: "
            "this one doesn't know the architecture “quux”.\nUse a newer llama-cpp-python, or another model.",
        ),
        (
            ["error loading model vocabulary: unknown pre-tokenizer type: 'smollX'"],
            "The file was made for a newer llama.cpp than this build's (0c1e570): its pre-tokenizer “smollX” "
            "is unknown.\nUse a newer llama-cpp-python, or another model.",
        ),
        (
            ["error loading model hyperparameters: key not found in model: llama.context_length"],
            "The file's header is incomplete: it lacks “llama.context_length”, without which llama.cpp can't "
            "load a model.\nUse another file of this model, converted anew.",
        ),
        (
            ["error loading model: check_tensor_dims: tensor 'blk.0.attn_q.weight' not found"],
            "The file is incomplete: it lacks the tensor “blk.0.attn_q.weight”, without which llama.cpp "
            "can't load its model.\nUse another file of this model, converted anew. It may also be of a kind "
            "that needs a newer llama-cpp-python.",
        ),
        ([], "llama.cpp could not load this file: it gave no reason.\nTry another file of this model."),
    ],
    ids=["memory", "unknown", "architecture", "tokenizer", "key", "tensor", "silent"],
)  # fmt: skip
def test_errors_become_what_happened_and_what_to_do(errors, said):
    assert readable(errors, "0c1e570") == said


def test_warnings_that_bear_on_answers_become_notices():
    assert "splits them by its default" in notice(
        "load: missing pre-tokenizer type, using: 'default'"
    )
    bad = "load: bad special token: 'tokenizer.ggml.eos_token_id' = 99, using default id 2"
    assert notice(bad).startswith("The file names token 99 as its eos token, but has no such token")
    assert notice(bad.replace("eos", "padding")) is None
    assert notice("load: control-looking token: 7 '</s>' was not control-type") is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"diffusion": True, "causal": False}, "a diffusion language model"),
        ({"encoder": True}, "an encoder-decoder model"),
        ({"encoder": True, "decoder": False}, "an embedding model"),
        ({"causal": False}, "an embedding model"),
        ({"pools": True}, "an embedding model"),
    ],
)
def test_what_can_load_and_writes_no_answers_is_named(kind, words):
    assert words in unfit(**kind)
    assert unfit() is None
