"""Neither the page nor the process asks another host, and no secret leaves either."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2
from browser import free_port
from fake_machine import fake
from gradio_client import Client
from loopback import Hub
from playwright.sync_api import expect
from visitor import ask, state

APP = Path(__file__).parent.parent.parent / "app.py"
ELSEWHERE = (
    "Look: ![a picture](http://elsewhere.example/one.png) and <img src='//elsewhere.example/2.png'>"
)
SECRETS = {"HF_TOKEN": "hf_NobodyShouldReadThis", "MY_API_KEY": "key-NobodyShouldReadThat"}
WATCH = """
import sys
def heard(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        print("CONNECTS", args[1][0], file=sys.stderr, flush=True)
    if event == "socket.getaddrinfo":
        print("CONNECTS", args[0], file=sys.stderr, flush=True)
sys.addaudithook(heard)
"""


PICTURE = """() => new Promise(done => {
  document.addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
  new Image().src = "http://elsewhere.example/one.png";
})"""


def test_the_page_asks_no_other_host_not_even_for_a_models_picture(serve, visit):
    """The browser says so itself where the page's policy keeps it from something."""
    address = serve(fake([ELSEWHERE, "Nothing."]))
    tab = visit(address)
    asked, complaints = [], []
    tab.on("response", lambda response: asked.append(response.url))
    tab.on("console", lambda message: complaints.append(message.text))
    ask(tab, "Show me a picture.")
    expect(state(tab, 1)).to_contain_text("Finished in")
    expect(tab.locator(".answer").first).to_contain_text("Look:")
    for name, there in (
        ("benchmarks", "#bench-plot .legend"),
        ("fit", "#fit-plot .heatmaplayer image"),
    ):
        tab.goto(f"{address}?tab={name}")
        expect(tab.locator(there).first).to_be_attached()
    assert not [text for text in complaints if "Content Security Policy" in text]
    assert tab.evaluate(PICTURE) == "http://elsewhere.example/one.png"
    assert all(url.startswith((address, "data:", "blob:")) for url in asked)


def test_the_process_asks_no_other_host_and_tells_no_secret(tmp_path):
    """But for the Hub, where its owner says it is."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    port = free_port()
    with Hub({}) as hub:
        bare = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        environ = {
            **bare, **SECRETS, "PORT": str(port), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(tmp_path),
            "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "COMPARE_FETCH": "tinyllama",
        }  # fmt: skip
        app = subprocess.Popen(
            [sys.executable, str(APP)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert any("Running on local URL" in line for line in app.stdout), app.stderr.read()
            address = f"http://127.0.0.1:{port}"
            seen = everything_read(address)
        finally:
            app.terminate()
            _, said = app.communicate(timeout=20)
    hosts = {line.split()[1] for line in said.splitlines() if line.startswith("CONNECTS")}
    assert hosts and hosts <= {"127.0.0.1", "localhost", "::1", "0.0.0.0"}
    assert "tinyllama" in said  # what the Hub hasn't is said
    assert '"kind": "compare"' in said
    assert not any(secret in text for secret in SECRETS.values() for text in (said, *seen))


def everything_read(address: str) -> list[str]:
    """What a visitor and a program can read: a run of a model that is here and of one that isn't, and all
    that is served of the app."""
    values = {"prompt": "hi", "max_tokens": "4", "model_1": "smollm2", "model_2": "solar"}
    values |= {f"quant_{n}": None for n in range(1, 5)} | {"model_3": None, "model_4": None}
    job = Client(address, verbose=False).submit(**values, api_name="/run")
    read = [str(list(job))]
    for path in (
        "/",
        "/config",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/metrics",
        "/healthz",
    ):
        read.append(httpx2.get(f"{address}{path}", trust_env=False, timeout=30).text)
    return read
