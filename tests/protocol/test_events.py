"""Lines of the protocol: what goes in comes out, and what is no line of it says so."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.protocol import requests
from compare.protocol.events import (
    BadEvent,
    Delta,
    Failed,
    Finished,
    Loaded,
    Memory,
    decode,
    encode,
)

MEMORY = Memory(kind="vram", own_bytes=3, devices=({"device": "CPU", "allocated_bytes": 3},))


@pytest.mark.parametrize(
    "event",
    [
        Delta(run=3, at=1.25, text="Γειά 🎉\n\u2028"),
        Delta(run=3, at=1.25, thinking="Γειά\n", thinking_tokens=2, answer_at=1.0, recalls=True),
        Failed(run=1, at=2.0, message="a\nb", log=("x", "y")),
        Loaded(run=1, at=2.0, load_s=None, n_ctx=512, memory=MEMORY, notices=("n",)),
        Finished(run=1, at=2.0, reason="stop", memory=None, thinking="x", stop_string="#"),
    ],
)
def test_an_event_survives_its_line(event):
    line = encode(event)
    assert line.count("\n") == 1 and line.endswith("\n")
    assert decode(line) == event


def test_a_token_that_only_answers_takes_no_longer_line():
    line = encode(Delta(run=3, at=1.25, text="x"))
    assert line == '{"event":"delta","run":3,"at":1.25,"text":"x"}\n'


@pytest.mark.parametrize(
    "line",
    ["", "null", "[]", "3", "{}", '{"event":"delta"}', '{"event":"nope","run":1,"at":1}',
     '{"event":"delta","run":1,"at":1,"text":"x","more":1}', '{"event":"delta","run":"1","at":1,"text":""}',
     '{"event":["delta"],"run":1,"at":1}', '{"event":"loaded","run":1,"at":1,"memory":{"x":1}}',
     "llama_model_load: error", b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_event_says_so(line):
    with pytest.raises(BadEvent):
        decode(line)


@given(st.text())
def test_any_line_is_an_event_or_a_bad_event(text):
    with contextlib.suppress(BadEvent):
        decode(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_an_event(prompt):
    assert decode(encode(Delta(run=1, at=0.0, text=prompt))).text == prompt


def test_a_request_of_no_known_kind_is_refused():
    with pytest.raises(ValueError, match="load, generate, count, measure, setthreads, cancel"):
        requests.decode('{"do":"dance","run":1}')
