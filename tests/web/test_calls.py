"""What is handed on of a call, and the sentences for what isn't."""

import json

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from compare.web.calls import Endpoint, Refusal, call

RUN, OPENED = Endpoint("run", 0, True), Endpoint("opened", 1, False)
PATHS = (
    "/gradio_api/queue/join", "/gradio_api/run/run", "/gradio_api/api/run", "/gradio_api/call/run",
    "/gradio_api/call/v2/run",
)  # fmt: skip


def find(asked: str | int) -> Endpoint | None:
    return {0: RUN, 1: OPENED, "run": RUN, "opened": OPENED}.get(asked)


def asked(path: str, body: object, *, by_page: bool = False) -> dict:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(call(path, raw, find, by_page=by_page).body)


def refused(path: str, body: object, **more) -> Refusal:
    with pytest.raises(Refusal) as raised:
        asked(path, body, **more)
    return raised.value


def test_only_what_is_known_is_handed_on():
    body = {
        "data": ["hello", None, 3], "fn_index": 0, "session_hash": "abc", "trigger_id": 7,
        "event_data": {"x": "y"}, "batched": True, "simple_format": True, "event_id": "e", "request": {},
    }  # fmt: skip
    kept = {"data": ["hello", None, 3], "fn_index": 0, "session_hash": "abc", "trigger_id": 7}
    assert asked("/gradio_api/queue/join", body) == kept
    assert asked("/gradio_api/call/run", body) == {"data": kept["data"], "session_hash": "abc"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/gradio_api/call/opened", {"data": []}),
        ("/gradio_api/call/v2/opened", {}),
        ("/gradio_api/run/opened", {"data": []}),
        ("/gradio_api/run/run", {"data": [], "fn_index": 1}),
        ("/gradio_api/queue/join", {"data": [], "fn_index": 1, "session_hash": "abc"}),
        ("/gradio_api/call/no%20such", {"data": []}),
        ("/gradio_api/queue/join", {"data": [], "fn_index": 99, "session_hash": "abc"}),
        ("/gradio_api/queue/join", {"data": [], "session_hash": "abc"}),
    ],
)
def test_what_is_private_or_unknown_is_not_there(path, body):
    refusal = refused(path, body)
    assert refusal.status == 404 and "/gradio_api/info" in refusal.sentence


def test_the_page_reaches_what_is_private():
    body = {"data": [], "fn_index": 1, "session_hash": "abc"}
    assert asked("/gradio_api/queue/join", body, by_page=True)["fn_index"] == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"data": [NaN], "fn_index": 0, "session_hash": "a"}', "no JSON"),
        (b'{"data": [1e999], "fn_index": 0, "session_hash": "a"}', "too large a number"),
        (b'{"data": ["\\ud800"], "fn_index": 0, "session_hash": "a"}', "no text"),
        ([], "must be a JSON object"),
        (None, "The body is missing"),
        ({"fn_index": 0, "session_hash": "a"}, "data is missing. It must be a list"),
        ({"data": {"a": 1}, "fn_index": 0, "session_hash": "a"}, "must be a list"),
        ({"data": [], "fn_index": "0", "session_hash": "a"}, 'fn_index is "0"'),
        ({"data": [], "fn_index": True, "session_hash": "a"}, "fn_index is true"),
        ({"data": [], "fn_index": 0}, "session_hash is missing"),
        ({"data": [], "fn_index": 0, "session_hash": "../x"}, "session_hash is"),
        ({"data": [], "fn_index": 0, "session_hash": "x" * 65}, "session_hash is"),
        ({"data": [None] * 1001, "fn_index": 0, "session_hash": "a"}, "1,001 values"),
    ],
)
def test_what_is_wrong_is_said(body, said):
    refusal = refused("/gradio_api/queue/join", body)
    assert refusal.status == 400 and said in refusal.sentence and len(refusal.sentence) < 250


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.fixed_dictionaries(
    {}, optional={name: ANYTHING for name in ("data", "fn_index", "session_hash", "trigger_id")}
)


@seed(17)
@settings(max_examples=300)
@given(st.sampled_from(PATHS), BODIES | ANYTHING, st.booleans())
def test_any_body_is_handed_on_or_refused_in_a_sentence(path, body, by_page):
    try:
        json.loads(call(path, json.dumps(body).encode(), find, by_page=by_page).body)
    except Refusal as refusal:
        assert refusal.status in (400, 404) and refusal.sentence.endswith(".")
