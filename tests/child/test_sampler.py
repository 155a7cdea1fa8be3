"""The choice of the next token from those that may be chosen, against llama.cpp's from all."""

import numpy as np
import pytest
from engines import log
from llama_cpp import llama_cpp as api

from compare.child.engine import Engine
from compare.child.log import EngineError
from compare.child.sampler import Sampler, check_numbers, peaks
from compare.protocol.requests import Load

USUAL = {
    "temperature": 0.7, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "repeat_penalty": 1.0, "seed": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(smollm2):
    load = Load(run=1, path=smollm2, n_ctx=512, kv_type="f16", gpu_layers=0, threads=1)
    engine = Engine(load, log(), lambda event: None)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0},
        {"temperature": 0, "repeat_penalty": 1.3},
        {"repeat_penalty": 1.8},
        {"repeat_penalty": 0.7},
        {"top_k": 0},
        {"top_k": 1},
        {"top_k": 300, "top_p": 1, "min_p": 0, "temperature": 3},
        {"top_k": 3000, "top_p": 1, "min_p": 0, "temperature": 3, "repeat_penalty": 1.1},
        {"top_k": 1_000_000},
    ],
)
def test_it_chooses_what_llama_cpp_chooses_from_all(engine, settings):
    context, read = (
        engine.context,
        engine.model.tokenize("The lighthouse keeper looked at the sea and"),
    )
    ours, theirs = (Sampler(context, read, **(USUAL | settings)) for _ in range(2))
    context.clear()
    context.decode(read)
    chosen = []
    for _ in range(100):
        token = ours.sample()
        assert token == api.llama_sampler_sample(theirs._chain, context.handle, -1)
        chosen.append(token)
        context.decode_one(token)
    ours.close()
    theirs.close()
    assert len(set(chosen)) > 4


@pytest.mark.parametrize("size", [1024, 8191, 9000, 32000])
def test_as_many_as_are_asked_for_are_not_below_that_peak(size):
    row = np.random.default_rng(size).integers(-90, 90, size).astype(np.float32)  # many are equal
    least = peaks(row, 256)[-104]
    assert sum(row >= least) >= 104 and least <= np.sort(row)[-104]


@pytest.mark.parametrize("at", [0, 500, 8999])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_seen_wherever_it_stands(at, value):
    row = np.zeros(9000, np.float32)
    check_numbers(peaks(row, 256)[-1])
    row[at] = value
    with pytest.raises(EngineError):
        check_numbers(peaks(row, 256)[-1])
