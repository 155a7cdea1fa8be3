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


def started(*arguments: str, **environ: str) -> tuple[dict, str]:
    """What /healthz answers once the page is served, and what stood on stderr when it had ended."""
    port = free_port()
    bare = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environ = {**bare, "PORT": str(port), "PYTHONUNBUFFERED": "1", **environ}
    app = subprocess.Popen(
        [sys.executable, str(APP), *arguments], env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        served = any("Running on local URL" in line for line in app.stdout)
        assert served, app.stderr.read()
        answer = httpx2.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=30)
    finally:
        app.terminate()
        _, said = app.communicate()
    assert "Traceback" not in said
    return answer.json(), said


@pytest.mark.parametrize(
    "environ",
    [
        {"all_proxy": "socks5://127.0.0.1:9", "HOME": "/dev/null"},
        {
            "ALL_PROXY": "socks://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
            "HF_ENDPOINT": "http://127.0.0.1:9", "COMPARE_FETCH": "solar",
        },
        {
            "all_proxy": "socks4://127.0.0.1:9", "GRADIO_SERVER_NAME": " ", "GRADIO_ROOT_PATH": "compare",
            "GRADIO_SERVER_PORT": "none",
        },
    ],
    ids=["socks5, no home", "socks and http, no hub", "socks4, Gradio's own"],
)  # fmt: skip
def test_the_page_starts(environ):
    health, said = started(**environ)
    assert health == {"status": "ok"}
    assert ("all_proxy is left out" in said) == ("socks4" in str(environ))


def test_its_menus_take_any_number_of_files_and_folders(tiny, tmp_path):
    one = tiny("0.gguf")
    health, _ = started(str(tmp_path), one, *(tiny(f"{n}.gguf") for n in range(1, 5)))
    assert health == {"status": "ok"}


@pytest.mark.parametrize(
    ("environ", "status", "said"),
    [
        ({"COMPARE_MODELS": "unknown"}, 2, "COMPARE_MODELS is set to “unknown”. There is no model"),
        ({"GRADIO_SERVER_NAME": "not an address"}, 1, "can't be served at not an address"),
        ({"PORT": "0"}, 2, "PORT is set to “0”. It must be at least 1."),
    ],
)
def test_a_value_that_is_none_ends_it_with_a_sentence(environ, status, said):
    done = subprocess.run(
        [sys.executable, str(APP)], env={**os.environ, "PORT": str(free_port()), **environ},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == status
    assert done.stderr.count("\n") == 1 and said in done.stderr


def test_a_port_in_use_ends_it_with_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, str(APP)], env={**os.environ, "PORT": port},
            capture_output=True, text=True, timeout=100,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and f"port {port}: the port is in use" in done.stderr


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
    address = f"http://127.0.0.1:{environ_of(app)['PORT']}"
    values = {"prompt": "Count.", "max_tokens": "1500", "model_1": "smollm2", "model_2": "gemma3"}
    values |= {name: None for n in (3, 4) for name in (f"model_{n}", f"quant_{n}")}
    values |= {f"quant_{n}": None for n in (1, 2)}
    job = Client(address, verbose=False).submit(**values, api_name="/run")
    for told in job:
        if "Writing" in str(told):
            return


def environ_of(process: subprocess.Popen) -> dict[str, str]:
    return psutil.Process(process.pid).environ()


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
