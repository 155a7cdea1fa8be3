"""app.py as a process of its own, in surroundings that aren't as they should be."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import psutil
import pytest
from browser import free_port
from gradio_client import Client
from processes import outliving

APP = Path(__file__).parent.parent / "app.py"


def begin(*arguments: str, **environ: str) -> subprocess.Popen:
    """The app as it starts, with no proxies but these."""
    bare = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environ = {**bare, "PORT": str(free_port()), "PYTHONUNBUFFERED": "1", **environ}
    return subprocess.Popen(
        [sys.executable, str(APP), *arguments], env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def started(app: subprocess.Popen) -> tuple[dict, str]:
    """What /healthz answers once the page is served, and what stood on stderr when it had ended."""
    try:
        served = any("Running on local URL" in line for line in app.stdout)
        assert served, app.stderr.read()
        answer = httpx2.get(f"{address_of(app)}/healthz", trust_env=False, timeout=30)
    finally:
        app.terminate()
        _, said = app.communicate()
    assert "Traceback" not in said
    return answer.json(), said


SURROUNDINGS = (
    {"all_proxy": "socks5://127.0.0.1:9", "HOME": "/dev/null"},
    {
        "ALL_PROXY": "socks://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
        "HF_ENDPOINT": "http://127.0.0.1:9", "COMPARE_FETCH": "solar",
    },
    {
        "all_proxy": "socks4://127.0.0.1:9", "GRADIO_SERVER_NAME": " ", "GRADIO_ROOT_PATH": "compare",
        "GRADIO_SERVER_PORT": "none",
    },
)  # fmt: skip


def test_the_page_starts(tiny, tmp_path):
    """In any surroundings, and with any number of files and folders in its menus. All start at once."""
    files = [tiny(f"{n}.gguf") for n in range(5)]
    apps = [(environ, begin(**environ)) for environ in SURROUNDINGS]
    apps.append(({}, begin(str(tmp_path), *files)))
    try:
        for environ, app in apps:
            health, said = started(app)
            assert health == {"status": "ok"}, environ
            assert ("all_proxy is left out" in said) == ("socks4" in str(environ)), environ
    finally:
        for _, app in apps:
            app.kill()


def test_a_value_that_is_none_and_a_port_in_use_end_it_with_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        apps = [
            (begin(**environ), status, words)
            for environ, status, words in (
                ({"COMPARE_MODELS": "what"}, 2, "COMPARE_MODELS is set to “what”. There is no"),
                ({"GRADIO_SERVER_NAME": "not an address"}, 1, "can't be served at not an address"),
                ({"PORT": "0"}, 2, "PORT is set to “0”. It must be at least 1."),
                ({"PORT": port}, 1, f"port {port}: the port is in use"),
            )
        ]
        try:
            for app, status, words in apps:
                _, said = app.communicate(timeout=100)
                assert (app.returncode, said.count("\n")) == (status, 1), said
                assert words in said
        finally:
            for app, *_ in apps:
                app.kill()


def heeding(*before: str) -> subprocess.Popen:
    """The app as it starts, not yet serving; where tests run in the background, SIGINT comes ignored."""
    environ = {
        **os.environ,
        "PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
    }
    return subprocess.Popen(
        [*before, sys.executable, str(APP)], env=environ, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


ENDS = [(signal.SIGTERM, 0), (signal.SIGINT, 130)]


@pytest.mark.parametrize(("number", "status"), ENDS)
def test_asked_to_end_it_ends_with_its_answers_and_children(number, status):
    app = heeding()
    try:
        assert any("Running on local URL" in line for line in app.stdout)
        begin_answer(app)
        children = psutil.Process(app.pid).children(recursive=True)
        app.send_signal(number)
        _, said = app.communicate(timeout=10)
    finally:
        app.kill()
    assert children and not outliving(children, 2)
    assert (app.returncode, "Traceback" in said) == (status, False), said


def begin_answer(app: subprocess.Popen) -> None:
    """Has the embedded pair write, and hears that it does."""
    values = {"prompt": "Count.", "max_tokens": "1500", "model_1": "smollm2", "model_2": "gemma3"}
    values |= {name: None for n in (3, 4) for name in (f"model_{n}", f"quant_{n}")}
    values |= {f"quant_{n}": None for n in (1, 2)}
    job = Client(address_of(app), verbose=False).submit(**values, api_name="/run")
    for told in job:
        if "Writing" in str(told):
            return


def address_of(app: subprocess.Popen) -> str:
    return f"http://127.0.0.1:{psutil.Process(app.pid).environ()['PORT']}"


@pytest.mark.skipif(not shutil.which("unshare"), reason="there are no namespaces here")
def test_as_the_first_process_of_a_container_it_ends_at_once():
    """Such a process hears no signal that it has no handler for."""
    app = heeding("unshare", "--user", "--pid", "--fork", "--kill-child")
    try:
        if not any("Running on local URL" in line for line in app.stdout):
            pytest.skip(app.stderr.read())
        (first,) = psutil.Process(app.pid).children()
        first.send_signal(signal.SIGTERM)
        app.communicate(timeout=10)
    finally:
        app.kill()
    assert app.returncode == 0
