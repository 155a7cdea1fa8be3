"""Requests cross as lines: what goes in comes out, and what is no line of it says so."""

import pytest
from children import SAMPLING
from hypothesis import given
from hypothesis import strategies as st

from compare.protocol.requests import Cancel, Generate, Load, Message, SetThreads, decode, encode

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "request_",
    [
        Cancel(run=1),
        SetThreads(run=1, n=2),
        Load(run=1, path="a b", n_ctx=512, gpu_layers=None, kv_type="f16", threads=2),
    ],
)
def test_a_request_survives_its_line(request_):
    assert decode(encode(request_)) == request_


@given(st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXT)))
def test_messages_survive_a_request(messages):
    request = Generate(run=1, messages=tuple(messages), **{**SAMPLING, "stop": ("a", "b")})
    line = encode(request)
    assert line.count("\n") == 1 and line.endswith("\n")
    assert decode(line) == request


@pytest.mark.parametrize(
    "line",
    ['{"do":"dance","run":1}', '{"do":"cancel"}', '{"do":"generate","run":1,"messages":3}',
     '{"do":"generate","run":1,"messages":[{"role":"user"}]}', '{"do":"generate","run":1}',
     "llama_model_load: error", b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_request_is_refused(line):
    with pytest.raises((ValueError, TypeError)):
        decode(line)
