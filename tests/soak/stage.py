"""What the rows need: the app as a process, what it takes, and visitors who ask through the API."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from browser import free_port
from gradio_client import Client
from performance.stage import ROOT, until

PAIR = "smollm2", "gemma3"
EACH_S = 600.0
"""The longest that one visitor waits."""
SETTLED_S = 8.0
"""After which a connection that nobody uses has been closed."""
MARK = re.compile(r"zebra\d+x")
"""What stands in a visitor's prompt and in no other's."""


@dataclass(frozen=True)
class App:
    """`python app.py` with the small pair on it, as a public Space has it unless told otherwise."""

    address: str
    process: psutil.Process
    log: Path

    @property
    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def own_bytes(self) -> int:
        """What the app's own process holds; its models' are apart."""
        return self.process.memory_info().rss

    def descriptors(self) -> int:
        return self.process.num_fds()

    def connections(self) -> int:
        """Of visitors, who close theirs when they leave, or at the next sign of life that they are sent."""
        port = int(self.address.rpartition(":")[2])
        found = self.process.net_connections("tcp")
        return sum(each.status == "ESTABLISHED" and each.laddr.port == port for each in found)

    def tracebacks(self) -> int:
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")


@contextmanager
def app(*own: str, **environ: str) -> Iterator[App]:
    """The app, with these files, until it is ended by SIGTERM. RuntimeError where that leaves a child."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="soak-") as empty:
        log = Path(empty, "log")
        usual = {
            "PORT": str(port), "HF_HOME": empty, "HF_HUB_OFFLINE": "1", "COMPARE_PROFILE": "cpu-space",
            "COMPARE_MODELS": ",".join(PAIR), "COMPARE_FETCH": "none", "GRADIO_SERVER_NAME": "127.0.0.1",
        }  # fmt: skip
        with log.open("w") as said:
            command = [sys.executable, str(ROOT / "app.py"), *own]
            started = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **usual, **environ}, stdout=said, stderr=said
            )
        running = App(f"http://127.0.0.1:{port}", psutil.Process(started.pid), log)
        try:
            until(lambda: answers(running), 120, "The page")
            yield running
        finally:
            children = running.process.children(recursive=True) if started.poll() is None else []
            started.send_signal(signal.SIGCONT)
            started.terminate()
            started.wait(30)
            _, left = psutil.wait_procs(children, timeout=5)
            if left:
                raise RuntimeError(f"{len(left)} children outlived the app")


def answers(running: App) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{running.address}/healthz", timeout=5).status_code == 200
    return False


@dataclass(frozen=True)
class Visit:
    """How one visitor fared."""

    state: str
    """answered, refused (politely: with a sentence and a time), failed"""
    said: str
    mixed: bool = False
    """whether another's prompt was seen"""


def visit(address: str, n: int, max_tokens: int = 8) -> Visit:
    """One comparison of the pair, with a prompt of its own."""
    mark, client = f"zebra{n}x", None
    try:
        client = client_of(address)
        job = client.submit(**values(f"Say {mark}.", max_tokens), api_name="/run")
        job.result(timeout=EACH_S)
    except httpx.HTTPStatusError as error:
        told = error.response
        polite = told.status_code == 429 and told.headers.get("Retry-After", "").isdigit()
        return Visit("refused" if polite else "failed", told.text)
    except Exception as error:  # the border: whatever a visitor met is counted
        polite = "The line is full" in str(error)
        return Visit("refused" if polite else "failed", f"{type(error).__name__}: {error}")
    finally:
        if client is not None:
            client.close()
    seen = str(job.outputs())
    finished = seen.count("is-finished") or seen.count("Finished in") or seen.count("at the limit")
    others = set(MARK.findall(seen)) - {mark}
    return Visit("answered" if finished and mark in seen else "failed", seen[-500:], bool(others))


def tell(failed: Sequence[Visit]) -> None:
    """What the first of them met, on stderr."""
    for visit in failed[:3]:
        print(f"failed: {visit.said[-300:]}", file=sys.stderr, flush=True)


def client_of(address: str) -> Client:
    return Client(address, verbose=False, httpx_kwargs={"timeout": EACH_S})


def values(prompt: str, max_tokens: int = 8, models: Sequence[str] = PAIR) -> dict:
    """What the endpoint /run takes, of two columns."""
    empty = {f"{name}_{place}": None for name in ("model", "quant") for place in (3, 4)}
    pair = {f"model_{place}": model for place, model in enumerate(models, start=1)}
    quants = {"quant_1": None, "quant_2": None}
    return {"prompt": prompt, "max_tokens": str(max_tokens), **pair, **quants, **empty}


def all_at_once(address: str, numbers: Sequence[int]) -> list[Visit]:
    with ThreadPoolExecutor(len(numbers)) as visitors:
        return list(visitors.map(lambda n: visit(address, n), numbers))
