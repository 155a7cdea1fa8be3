"""What a server on loopback answers to those who try things."""

import contextlib
import http.client
import json
import random
import re
import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from asking import PAGE, asked
from fake_machine import fake
from serving import served

from compare.asked.owner import Owner
from compare.gallery.gallery import Library
from compare.gallery.prompts import load
from compare.ui.page import page
from compare.web import connections

OWNER = Owner(max_prompt_chars=1000, max_sessions=5, hosts=("friend.example",))


@pytest.fixture(scope="module")
def demo():
    return page(fake(["An answer.", "Another."], owner=OWNER), library=Library(load()))


@pytest.fixture(scope="module")
def app(demo):
    with served(demo) as address:
        yield address


def number_of(demo, name: str) -> int:
    return next(n for n, fn in demo.fns.items() if fn.api_name == name)


def values_of(demo, number: int, **given) -> list:
    """What the page would send to a function as it opens; by their labels, what stands in other fields."""
    sent = [getattr(block, "value", None) for block in demo.fns[number].inputs]
    sent = [
        None if callable(value) or not isinstance(value, str | bool | list) else value
        for value in sent
    ]
    labels = [getattr(block, "label", None) for block in demo.fns[number].inputs]
    return [given.get(label, value) for label, value in zip(labels, sent, strict=True)]


def streamed(address: str, session: str) -> dict:
    """How a call in this session ended."""
    there = urlsplit(address)
    connection = http.client.HTTPConnection(there.hostname, there.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", f"/gradio_api/queue/data?session_hash={session}")
        for line in connection.getresponse():
            message = json.loads(line[5:]) if line.startswith(b"data:") else {"msg": None}
            if message["msg"] == "process_completed":
                return message["output"]
    raise AssertionError("the stream ended")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"), ("POST", "/upload"), ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/process_recording"), ("POST", "/gradio_api/stream/x"),
        ("POST", "/gradio_api/vibe-edit"), ("POST", "/login"), ("POST", "/"), ("PUT", "/"),
        ("DELETE", "/config"),
        ("GET", "/gradio_api/file=/etc/passwd"), ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/file=../../../etc/passwd"), ("GET", "/gradio_api/file=app.py"),
        ("GET", "/gradio_api/file=http://127.0.0.1:1/"), ("GET", "/file=/etc/passwd"),
        ("GET", "/assets/../../../../../etc/passwd"), ("GET", "/assets/%2e%2e/%2e%2e/index.html"),
        ("GET", "/static/..%5c..%5cindex.html"), ("GET", "/assets//etc/passwd"), ("GET", "/svelte/x.js"),
        ("GET", "/gradio_api/proxy=http://127.0.0.1:1/"), ("GET", "/gradio_api/upload_progress?upload_id=x"),
        ("GET", "/gradio_api/deep_link?session_hash=abc"), ("GET", "/gradio_api/dev/reload"),
        ("GET", "/gradio_api/custom_component/x/client/y/z"), ("GET", "/gradio_api/vibe-code"),
        ("GET", "/gradio_api/runs"), ("GET", "/gradio_api/run-history/buckets"), ("GET", "/monitoring/x"),
        ("GET", "/gradio_api/mcp/"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/gradio_api/token"),
    ],
)  # fmt: skip
def test_what_the_app_does_not_need_is_not_there(app, method, path):
    answer = asked(app, path, b"{}" if method == "POST" else None, method)
    assert (answer.status, answer.said) == (
        404,
        "There is nothing at this address. The page is at /.",
    )


def test_a_link_among_the_assets_leads_nowhere(app, tmp_path):
    """Gradio serves what it came with, by its own path; a stranger can lay nothing there."""
    answer = asked(app, "/assets/no-such-file.js")
    assert answer.status in (403, 404) and json.loads(answer.body)["detail"]


@pytest.mark.parametrize("way", ["call", "call/v2", "run", "api"])
def test_programs_reach_the_documented_endpoint_alone(demo, app, way):
    documented = json.loads(asked(app, "/gradio_api/info?all_endpoints=true").body)
    assert set(documented["named_endpoints"]) == {"/run"} and not documented["unnamed_endpoints"]
    for number, fn in demo.fns.items():
        for body in ({"data": []}, {"data": [], "fn_index": number, "session_hash": "stranger"}):
            if fn.api_name != "run":
                answer = asked(app, f"/gradio_api/{way}/{fn.api_name}", body)
                assert answer.status == 404 and "no endpoint" in answer.said
    answer = asked(app, "/gradio_api/run/run", {"data": values_of(demo, number_of(demo, "run"))})
    assert answer.status == 404 and "queue" in answer.said


def test_by_number_programs_reach_no_more(demo, app):
    for number, fn in demo.fns.items():
        body = {"data": [], "fn_index": number, "session_hash": "stranger"}
        if fn.api_visibility != "public":
            assert asked(app, "/gradio_api/queue/join", body).status == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/gradio_api/queue/data?session_hash=unknown", None, 404),
        ("/gradio_api/queue/data", None, 400),
        ("/gradio_api/call/run/unknown", None, 404),
        ("/gradio_api/call/no-such", {"data": []}, 404),
        ("/gradio_api/call/v2/run", {"no such": 1}, 400),
        ("/gradio_api/call/v2/run", {}, 400),
        ("/gradio_api/cancel", {"event_id": None}, 400),
        (
            "/gradio_api/cancel",
            {"event_id": "unknown", "session_hash": "unknown", "fn_index": 0},
            200,
        ),
        ("/gradio_api/queue/join", {"data": None, "fn_index": 0, "session_hash": "abc"}, 404),
    ],
)
def test_an_unknown_id_is_a_sentence(app, capfd, path, body, status):
    answer = asked(app, path, body)
    assert answer.status == status
    assert status == 200 or answer.said.endswith((".", "/gradio_api/info."))
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["evil.example", "friend.example.evil.example", ""])
@pytest.mark.parametrize("header", ["Host", "X_Forwarded_Host"])
def test_under_a_strangers_name_nothing_is_served(app, name, header):
    if name or header == "Host":
        answer = asked(app, "/", **{header: name})
        assert answer.status == 421 and "COMPARE_HOSTS" in answer.said
        assert not any(each.startswith("access-control-") for each in answer.headers)
    assert asked(app, "/healthz", Host="evil.example").status == 200


def test_pages_of_other_sites_read_and_ask_nothing(demo, app):
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        read = asked(app, "/config", Origin=origin)
        assert not any(name.startswith("access-control-") for name in read.headers)
        assert asked(app, "/gradio_api/call/run", {"data": []}, Origin=origin).status == 403
        asks = {"Origin": origin, "Access_Control_Request_Method": "POST"}
        first = asked(app, "/gradio_api/call/run", None, "OPTIONS", **asks)
        assert not any(name.startswith("access-control-") for name in first.headers)


def test_pages_of_hosts_that_the_owner_names_may(app):
    origin = "https://friend.example"
    assert asked(app, "/config", Origin=origin).headers["access-control-allow-origin"] == origin
    assert asked(app, "/config", Host="friend.example").status == 200


def test_every_answer_says_who_may_show_it(app):
    for path in ("/", "/config", "/assets/none.js", "/no-such"):
        headers = asked(app, path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"]
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy and "https://friend.example" in policy


def test_what_is_too_large_is_refused_before_it_is_kept(app):
    body = {"data": ["x" * (2 * OWNER.max_body_bytes)], "fn_index": 0, "session_hash": "large"}
    answer = asked(app, "/gradio_api/queue/join", body)
    assert answer.status == 413 and f"{OWNER.max_body_bytes:,} bytes" in answer.said


def test_a_body_in_pieces_of_unknown_length_is_no_larger(app):
    there = urlsplit(app)
    with socket.create_connection((there.hostname, there.port), timeout=30) as line:
        line.sendall(
            b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(OWNER.max_body_bytes // 0x10000 + 2):
            line.sendall(piece)
        line.sendall(b"0\r\n\r\n")
        assert b" 413 " in line.recv(100)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Prompt": "x" * 1001}, "Prompt has 1,001 characters; this host takes at most 1,000."),
        ({"System prompt": "x" * 1001}, "System prompt has 1,001 characters"),
        ({"Stop": "x" * 2001}, "Stop has 2,001 characters; this host takes at most 2,000."),
        (
            {"Prompt": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}},
            "Prompt is an object",
        ),
        ({"Prompt": ["hello"]}, "Prompt is a list. It must be a text or a number."),
        ({"Prompt": None}, "The prompt is empty"),
        ({"Max tokens": 10**30}, "Max tokens is a number that is too large"),
        ({"Order": None}, "mode"),
        ({"Model 1": None, "Model 2": None}, "model"),
    ],
)
def test_a_field_says_what_it_cannot_hold(demo, app, capfd, given, said):
    number = number_of(demo, "run")
    session = f"field{abs(hash(said))}"
    body = {"data": values_of(demo, number, **given), "fn_index": number, "session_hash": session}
    assert asked(app, "/gradio_api/queue/join", body).status == 200
    assert said in streamed(app, session)["error"]
    assert "Traceback" not in capfd.readouterr().err


def test_too_few_values_are_said_to_be(demo, app):
    number = number_of(demo, "run")
    body = {"data": ["hello"], "fn_index": number, "session_hash": "few"}
    asked(app, "/gradio_api/queue/join", body)
    assert (
        f"takes {len(demo.fns[number].inputs)} values, and 1 came" in streamed(app, "few")["error"]
    )


def test_as_many_visitors_are_kept_as_there_is_room_for(demo, app):
    number = number_of(demo, "keep_seed")
    body = {"data": [None], "fn_index": number}
    for n in range(9):
        told = asked(app, "/gradio_api/run/x", {**body, "session_hash": f"visitor{n}"}, **PAGE)
        assert told.status == 200
    assert len(demo.app.state_holder.session_data) == OWNER.max_sessions
    told = asked(app, "/gradio_api/run/x", {**body, "session_hash": "visitor0"}, **PAGE)
    assert told.status == 410 and "Load it anew" in told.said
    told = asked(app, "/gradio_api/run/x", {**body, "session_hash": "visitor8"}, **PAGE)
    assert told.status == 200


def test_a_session_in_which_something_runs_makes_no_room(demo, app):
    """Not even for many: its visitor could not stop it any more."""
    state = demo.app.state_holder
    number = number_of(demo, "keep_seed")
    event = SimpleNamespace(session_hash="runs")
    body = {"data": [None], "fn_index": number}
    asked(app, "/gradio_api/run/x", {**body, "session_hash": "runs"}, **PAGE)
    demo._queue.event_ids_to_events["one"] = event
    try:
        for n in range(2 * OWNER.max_sessions):
            asked(app, "/gradio_api/run/x", {**body, "session_hash": f"other{n}"}, **PAGE)
        assert "runs" in state and len(state.session_data) == OWNER.max_sessions
    finally:
        del demo._queue.event_ids_to_events["one"]


def test_a_session_keeps_no_copy_of_the_page(demo, app):
    body = {"data": [None], "fn_index": number_of(demo, "keep_seed"), "session_hash": "light"}
    asked(app, "/gradio_api/run/x", body, **PAGE)
    assert not list(demo.app.state_holder["light"].components)


ODD = [
    None, "", 0, -1, 1e308, 10**30, True, [], [None], ["solar"], [["x"]], {}, {"__type__": "update"},
    "x" * 2001, "NaN", "\x00", "😀", "<script>", "/etc/passwd", "../..", "solar", "all", "2048", "24GB+",
]  # fmt: skip


def test_whatever_a_field_is_sent_nobody_hears_of_python(demo, app, capfd):
    """Every function of the page, with odd values in half of its fields."""
    drawn = random.Random(17)
    functions = [(n, fn) for n, fn in demo.fns.items() if fn.fn is not None]
    for turn, (number, fn) in enumerate(drawn.choices(functions, k=90)):
        if fn.api_name.startswith("measure"):
            continue  # what this machine is no fake of
        data = [
            value
            if drawn.random() < 0.5 or callable(getattr(block, "value", None))
            else drawn.choice(ODD)
            for block, value in zip(fn.inputs, values_of(demo, number), strict=True)
        ]
        session = f"odd{turn}"
        sent = {"data": data, "fn_index": number, "session_hash": session}
        if fn.queue:
            assert asked(app, "/gradio_api/queue/join", sent, **PAGE).status == 200
            said = streamed(app, session).get("error")
        else:
            said = json.loads(asked(app, "/gradio_api/run/x", sent, **PAGE).body).get("error")
        assert not said or not re.search(r"<class|Error|object at|unforeseen|NoneType", said), said
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\nHost: lo", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGE"],
)
def test_who_asks_for_nothing_loses_the_connection(app, monkeypatch, said):
    """Also where the bytes of a head drip in, and behind a request that was answered."""
    monkeypatch.setattr(connections, "HEAD_S", 1.0)
    host, port = urlsplit(app).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=0.2) as stranger:
        stranger.sendall(said)
        assert is_ended(stranger, drips=bool(said))
    assert asked(app, "/healthz").status == 200


def is_ended(stranger: socket.socket, *, drips: bool) -> bool:
    """Whether the other end ends the connection, in a minute of a byte now and then, or of none."""
    for _ in range(300):
        try:
            if not stranger.recv(65536):
                return True
        except TimeoutError:
            if drips:
                with contextlib.suppress(ConnectionError):
                    stranger.sendall(b"X")
        except ConnectionError:
            return True
    return False
