"""ZeroGPU: the app as a process of its own, whose `spaces` really forks, pickles and asks a false device API.

What needs no fork is in test_zerogpu_lease.py.
"""

import html
import math
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import shapes
from browser import free_port
from device_api import DeviceApi, wait
from gradio_client import Client
from picture import ROOT, wait_for
from processes import outliving

from compare.asked.comparison import comparison
from compare.models.local import local_path
from compare.models.spec import parse
from compare.run import terms
from compare.run.terms import FORK_S
from compare.run.zerogpu import ANSWER_S

TOKEN = "e30.e30.e30"  # its payload is {}
TINY, ENDLESS = "tiny.gguf", "endless.gguf"


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    tiny = shapes.tiny(folder / TINY, says="I am so tiny.", ends=True)
    return [tiny, shapes.endless(Path(local_path(parse("smollm2"))), folder / ENDLESS)]


class App:
    """The app on a ZeroGPU Space that isn't one."""

    def __init__(self, address: str, process: psutil.Process, api: DeviceApi):
        self.address, self.process, self.api = address, process, api
        self._client = Client(address, verbose=False, headers={"x-ip-token": TOKEN})
        self._nobody = Client(address, verbose=False)

    def submit(self, *models: str, token: bool = True, **values):
        asked = {"prompt": "hello", "max_tokens": "16", "seed": "1", **values}
        chosen = (*models, None, None, None, None)[:4]
        asked |= {f"model_{place}": model for place, model in enumerate(chosen, 1)}
        asked |= {f"quant_{place}": None for place in range(1, 5)}
        client = self._client if token else self._nobody
        return client.submit(**asked, api_name="/run")

    def ask(self, *models: str, **values) -> str:
        """The page's words after a run."""
        job = self.submit(*models, **values)
        job.result(timeout=100)
        return page_of(job)

    def children(self) -> list[psutil.Process]:
        return [
            child
            for child in self.process.children(recursive=True)
            if "compare.child.worker" in (cmdline(child) or ())
        ]


def page_of(job) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", " ".join(map(str, job.outputs()))))


def cmdline(process: psutil.Process) -> list[str] | None:
    try:
        return process.cmdline()
    except psutil.Error:
        return None


@contextmanager
def space(models: list[Path], log: Path, **variables: str):
    """Serves it until its page answers; afterwards nothing of it is left, its forks included."""
    with DeviceApi() as api:
        port = free_port()
        environ = {
            **os.environ, "SPACE_ID": "someone/side-by-side", "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": api.address, "GRADIO_SERVER_NAME": "127.0.0.1",
            "COMPARE_MODELS": "smollm2,gemma3", "COMPARE_FETCH": "none", "PORT": str(port), **variables,
        }  # fmt: skip
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py"), *map(str, models)],
                env=environ, stdout=out, stderr=out,
            )  # fmt: skip
        family = psutil.Process(process.pid)
        try:
            wait_for(f"http://127.0.0.1:{port}")
            yield App(f"http://127.0.0.1:{port}", family, api)
        finally:
            api.go.set()
            forks = family.children(recursive=True)
            process.kill()
            process.wait()
            for fork in forks:
                if fork.is_running():
                    fork.kill()


@pytest.fixture(scope="module")
def _leasing(models, tmp_path_factory):
    log = tmp_path_factory.mktemp("log") / "app.txt"
    with space(models, log, COMPARE_ZEROGPU="true") as app:
        yield app


@pytest.fixture
def app(_leasing):
    """With the owner's word. Each test finds the API as it began; its record goes on."""
    api = _leasing.api
    api.status, api.quota, api.headers, api.queue, api.idle = 200, None, {}, [], False
    api.go.clear()
    api.asked.clear()
    yield _leasing


def test_without_the_owners_word_models_run_on_the_cpu(models, tmp_path):
    with space(models, tmp_path / "log") as app:
        assert "I am so tiny." in app.ask(TINY)
        assert [path for path, _ in app.api.asked] == ["/startup-report"]


def test_a_service_that_is_down_at_the_start_is_said():
    said = start(f"http://127.0.0.1:{free_port()}")
    assert "ZeroGPU's service doesn't answer as it should (ConnectError)" in said
    assert "Traceback" not in said


def test_a_space_that_cannot_be_one_says_so():
    assert "SPACES_ZERO_GPU says that this is a ZeroGPU Space, but it can't be one" in start("")


def start(address: str) -> str:
    """What the app says that can't start: its exit status is no success."""
    environ = {**os.environ, "SPACES_ZERO_GPU": "true", "COMPARE_FETCH": "none"}
    if address:
        environ["SPACES_ZERO_DEVICE_API_URL"] = address
    found = subprocess.run(
        [sys.executable, str(ROOT / "app.py")], env=environ, capture_output=True, text=True
    )
    assert found.returncode
    return found.stderr


def test_a_comparison_takes_one_lease_and_gives_it_back(app):
    page = app.ask(TINY, ENDLESS)
    assert "I am so tiny." in page and "tok/s" in page and "Memory, measured" in page
    assert [path for path, _ in app.api.asked] == ["/schedule", "/allow", "/release"]
    (scheduled,), (allowed,) = app.api.calls("/schedule"), app.api.calls("/allow")
    assert scheduled["token"] == TOKEN
    fork = psutil.Process(int(allowed["pid"]))
    assert fork.parent() == app.process
    assert app.api.calls("/release") == [{"allowToken": "token-1", "fail": "false"}]
    assert not app.children()


def test_the_next_one_uses_an_idle_fork_again(app, models):
    app.ask(TINY)
    app.api.idle = True
    assert "I am so tiny." in app.ask(TINY, mode="in-turn")
    assert len(app.api.calls("/schedule")) == 2 == len(app.api.calls("/release"))
    assert len(app.api.calls("/allow")) == 1
    needed = FORK_S + ANSWER_S + terms.seconds(comparison("hello", [str(models[0])], max_tokens=16))
    assert app.api.calls("/schedule")[-1]["durationSeconds"] == str(math.ceil(needed))


def test_children_run_in_the_fork_and_end_with_a_visitor_who_leaves(app):
    job = app.submit(ENDLESS, max_tokens="1900")
    fork = psutil.Process(int(app.api.until("/allow")[0]["pid"]))
    (child,) = wait(app.children, "a child")
    assert child.parent() == fork
    wait(lambda: "Writing" in page_of(job), "text")
    job.cancel()
    app.api.until("/release")
    assert not outliving([child], 20)
    assert fork.is_running()


def test_a_fork_that_is_killed_is_told_and_the_next_run_works(app):
    job = app.submit(ENDLESS, TINY, max_tokens="1900", mode="in-turn")
    fork = psutil.Process(int(app.api.until("/allow")[0]["pid"]))
    wait(lambda: "Writing" in page_of(job), "text")
    children = app.children()
    fork.send_signal(signal.SIGKILL)
    job.result(timeout=60)
    assert "The process on the GPU was ended from outside." in page_of(job)
    assert not outliving(children, 20)
    app.api.idle = True
    assert "I am so tiny." in app.ask(TINY)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"status": 429, "quota": {"left": 12, "wait": 4980}},
            "Your GPU time at Hugging Face is used up: this run asks for",
        ),
        ({"status": 429, "quota": {"left": 0, "wait": -1}}, "more than you may have at once"),
        ({"status": 429, "quota": {"left": 9, "wait": 0}}, "as often on a GPU of Hugging Face"),
        (
            {
                "status": 429, "quota": {"left": 9, "wait": 0},
                "headers": {"X-Approve-Result": "pending-overquota-exceeded"},
            },
            "have reserved all the GPU time",
        ),
        ({"status": 503}, "No GPU was free."),
        ({"status": 401}, "This page is open for too long"),
        ({"status": 500}, "The service that lends GPUs can't be reached"),
        ({"queue": ["ping", "failed"]}, "No GPU was free."),
    ],
)  # fmt: skip
def test_a_lease_that_is_refused_is_said_in_every_column(app, answer, said):
    for name, value in answer.items():
        setattr(app.api, name, value)
    app.api.go.set()
    page = app.ask(TINY, ENDLESS)
    last = page[page.rindex("Failed to start") :]
    assert said in last and "Traceback" not in page and "href" not in page
    assert len(app.api.calls("/schedule")) == 1 and not app.children()


def test_a_visitor_nobody_knows_is_told_to_log_in(app):
    app.api.status, app.api.quota = 429, {"left": 0, "wait": 60}
    assert "log in" in app.ask(TINY, token=False)
    assert "token" not in app.api.calls("/schedule")[0]


def test_a_run_waits_for_a_gpu_and_then_goes_on(app):
    app.api.queue = ["ping", "succeeded"]
    job = app.submit(TINY)
    app.api.until("/schedule")
    app.api.go.set()
    job.result(timeout=60)
    assert "I am so tiny." in page_of(job)


def test_a_gpu_that_comes_too_late_is_given_back(app):
    app.api.queue = ["ping", "succeeded"]
    job = app.submit(TINY)
    app.api.until("/schedule")
    job.cancel()
    time.sleep(0.5)
    app.api.go.set()
    wait(lambda: not app.children(), "the end")
    assert "I am so tiny." in app.ask(TINY)
