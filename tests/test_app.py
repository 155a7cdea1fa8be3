"""app.py as a process of its own, in surroundings that aren't as they should be."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from browser import free_port

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
    ],
)
def test_a_value_that_is_none_ends_it_with_a_sentence(environ, status, said):
    done = subprocess.run(
        [sys.executable, str(APP)], env={**os.environ, "PORT": str(free_port()), **environ},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == status
    assert done.stderr.count("\n") == 1 and said in done.stderr


def test_a_port_in_use_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, str(APP)], env={**os.environ, "PORT": str(port)},
            capture_output=True, text=True, timeout=100,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"port {port}: the port is in use" in done.stderr and "Traceback" not in done.stderr
