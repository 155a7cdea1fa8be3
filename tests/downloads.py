"""Downloads from a Hub on loopback, and what they say.

Each runs in a process of its own, because huggingface_hub reads its environment once.
"""

import ctypes
import os
import resource
import subprocess
import sys
from pathlib import Path

from loopback import Hub

from compare.protocol.events import Event, Failed, decode

REPO = "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF"
FILE = "tinyllama-1.1b-chat-v1.0.Q8_0.gguf"
SOLAR_REPO = "TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF"
SOLAR_FILE = "solar-10.7b-instruct-v1.0.Q2_K.gguf"
WATCH = """
import queue, sys
from compare.protocol.events import Failed, Fetched, encode
from compare.models.files import Files
from compare.models.spec import parse
heard, files = queue.SimpleQueue(), Files()
for run in range(1, int(sys.argv[2]) + 1):
    files.want(parse(sys.argv[1]), run, heard.put)
left = int(sys.argv[2])
while left:
    event = heard.get()
    sys.stdout.write(encode(event)); sys.stdout.flush()
    left -= isinstance(event, (Fetched, Failed))
"""


def environ(home: Path, hub: Hub | str, **more: str) -> dict[str, str]:
    endpoint = hub if isinstance(hub, str) else hub.endpoint
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    stalls = isinstance(hub, Hub) and hub.stall_at is not None
    timeouts = {"HF_HUB_DOWNLOAD_TIMEOUT": "1"} if stalls else {}
    return {**kept, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, **timeouts, **more}


def start(home, hub, spec="tinyllama", columns=1, limit=None, **more) -> subprocess.Popen:
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        without_privileges()

    return subprocess.Popen(
        [sys.executable, "-c", WATCH, spec, str(columns)], env=environ(home, hub, **more),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        preexec_fn=limited if limit else without_privileges,
    )  # fmt: skip


def without_privileges() -> None:
    """Lets file permissions count for root too, in the program that follows (capabilities(7))."""
    drop, dac_override, dac_read_search = 24, 1, 2  # PR_CAPBSET_DROP
    libc = ctypes.CDLL(None)
    for capability in (dac_override, dac_read_search):
        libc.prctl(drop, capability, 0, 0, 0)


def events(process: subprocess.Popen) -> list[Event]:
    out, _ = process.communicate(timeout=100)
    return [decode(line) for line in out.splitlines()]


def fetch(home, hub, **options) -> list[Event]:
    return events(start(home, hub, **options))


def failure(home, hub, **options) -> str:
    return failed(home, start(home, hub, **options))


def failed(home, process: subprocess.Popen) -> str:
    """What is said of a download that was started, and fails."""
    *_, last = events(process)
    assert isinstance(last, Failed), last
    assert last.message.count("\n") == 1  # what happened, what to do
    assert str(home) not in last.message
    return last.message


def leftovers(home: Path) -> list[str]:
    return [path.name for path in home.rglob("*.incomplete")]


def locks_held(home: Path) -> bool:
    import fcntl

    for path in home.rglob("*.lock"):
        with open(path) as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False
