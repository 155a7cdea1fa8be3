"""The row of surroundings that fail: each is said where it belongs, and over when it passes."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import shapes
from performance.report import AT_MOST, Line, Sample
from performance.stage import ROOT

from compare.memory.cgroups import Cgroups
from soak.stage import app, visit

SURROUNDINGS = (
    Line("surroundings", "surroundings not said in a sentence, or not over when they pass", "", 0,
         AT_MOST, "of them"),
)  # fmt: skip
ASK = (
    sys.executable, "-m", "compare", "ask", "hi", "--max-tokens", "4", "--json", "--models",
)  # fmt: skip
BACK = """
import time
real, began = time.time, time.monotonic()
time.time = lambda: real() - (3600 if time.monotonic() - began > 0.5 else 0)
"""
"""A clock that is set back by an hour half a second after each process has begun."""


def surroundings(stopped_s: float = 10.0) -> Sample:
    ways = {
        "no home": no_home, "address space": address_space, "files of no size": file_size,
        "full disk": full_disk, "read-only cache": read_only, "cgroup": cgroup,
        "clock set back": clock_back, "port in use": port_in_use, "stopped": lambda: stopped(stopped_s),
    }  # fmt: skip
    found = [_holds(name, holds) for name, holds in ways.items()]
    return {
        "surroundings": found.count(False), "tried": len(found) - found.count(None),
        "not possible here": found.count(None),
    }  # fmt: skip


class NotHere(Exception):
    """Why this machine doesn't let a way be tried."""


def _holds(name: str, way: Callable[[], str]) -> bool | None:
    """`way` says what is wrong; nothing, where all is as it should be. None: it couldn't be tried."""
    try:
        wrong = way()
    except NotHere as error:
        print(f"{name}: not tried, {error}", file=sys.stderr)
        return None
    except Exception as error:  # the border: it is counted
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        print(f"{name}: {wrong}", file=sys.stderr)
    return not wrong


def ask(
    model: str = "smollm2", limit: tuple[int, int] | None = None, **environ: str | None
) -> tuple[dict, str]:
    """What `ask` says of its only column, and what stood on stderr; `limit`: a resource and its most."""
    here = {**os.environ, **environ}
    said = subprocess.run(
        [*ASK, model], cwd=ROOT, env={name: value for name, value in here.items() if value is not None},
        capture_output=True, text=True, timeout=120,
        preexec_fn=lambda: limit and resource.setrlimit(limit[0], (limit[1], limit[1])),
    )  # fmt: skip
    found = json.loads(said.stdout)["responses"][0] if said.stdout else {}
    return found, said.stderr


def _failed(found: dict, log: str, *words: str) -> str:
    told = found.get("error") or log
    fine = any(word in told for word in words) and "Traceback" not in log
    return (
        "" if fine and found.get("state") != "finished" else f"{found.get('state')}: {told[-300:]}"
    )


def _finished(found: dict, log: str) -> str:
    fine = found.get("state") == "finished" and "Traceback" not in log
    return "" if fine else f"{found.get('state')}: {found.get('error')} {log[-300:]}"


def no_home() -> str:
    found, log = ask(HOME=None, XDG_CACHE_HOME=None, HF_HOME=None)
    return _finished(found, log)


def address_space() -> str:
    found, log = ask("gemma3", limit=(resource.RLIMIT_AS, 650_000_000))
    return _failed(found, log, "memory")


@contextmanager
def a_hub() -> Iterator[dict[str, str]]:
    """A Hub on loopback that has a small model under TinyLlama's name, and an empty cache."""
    from loopback import Hub

    repo, name = "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF", "tinyllama-1.1b-chat-v1.0.Q8_0.gguf"
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        model = shapes.tiny(Path(home, "model"), says="hi", blocks=4, width=256).read_bytes()
        files = {f"{repo}/{name}": model}
    with tempfile.TemporaryDirectory(prefix="soak-") as home, Hub(files) as hub:
        yield {"HF_HOME": home, "HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1"}


def file_size() -> str:
    with a_hub() as environ:
        found, log = ask("tinyllama:Q8_0", limit=(resource.RLIMIT_FSIZE, 1_000_000), **environ)
        return _failed(found, log, "no room") or _finished(*ask("tinyllama:Q8_0", **environ))


def full_disk() -> str:
    """A disk of 8 MB that is full but for one; then what fills it is removed."""
    alone = ("unshare", "--user", "--map-root-user", "--mount")
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        raise NotHere("a disk of one's own can't be mounted (unshare)")
    with a_hub() as environ:
        script = """
            mount -t tmpfs -o size=8m full "$HF_HOME" && head -c 7M /dev/zero > "$HF_HOME/filler" || exit 9
            "$@"
            rm "$HF_HOME/filler"
            "$@"
        """
        said = subprocess.run(
            [*alone, "sh", "-c", script, "sh", *ASK, "tinyllama:Q8_0"],
            cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
    full, freed = (each["responses"][0] for each in _documents(said.stdout))
    return _failed(full, said.stderr, "of disk, and") or _finished(freed, said.stderr)


def _documents(text: str) -> Iterator[dict]:
    """Documents of JSON, one after the other."""
    while text := text.lstrip():
        found, end = json.JSONDecoder().raw_decode(text)
        text = text[end:]
        yield found


def read_only() -> str:
    """A cache where nobody, root neither, can make a folder; then one where everybody can."""
    with a_hub() as environ:
        found, log = ask("tinyllama:Q8_0", **{**environ, "HF_HOME": "/proc/cache"})
        wrong = _failed(found, log, "can't be written")
        return wrong or _finished(*ask("tinyllama:Q8_0", **environ))


@contextmanager
def a_group() -> Iterator[Path]:
    """A memory cgroup below the one that this process is in. Of version 1 alone: in version 2 a group that
    has processes can have none below that are limited (docs.kernel.org/admin-guide/cgroup-v2.html).
    """
    groups = Cgroups().of_version_1("memory")
    if not groups or not os.access(groups[-1], os.W_OK):
        raise NotHere("there is no memory cgroup of version 1 that could be divided")
    group = groups[-1] / f"soak-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        group.rmdir()


def cgroup(limit_bytes: int = 120_000_000) -> str:
    """A limit that the app hears of, and refuses; one that it is told to ignore, and the kernel ends the
    model's process; then none.
    """
    with a_group() as group:
        limit = group / "memory.limit_in_bytes"
        for force, told in (("false", "not enough memory"), ("true", "SIGKILL")):
            with app(COMPARE_FORCE=force) as running:
                (group / "cgroup.procs").write_text(str(running.process.pid))
                limit.write_text(str(limit_bytes))
                said = visit(running.address, 1).said + running.log.read_text()
                limit.write_text("-1")
                after = visit(running.address, 2)
                if told not in said or after.state != "answered" or running.tracebacks():
                    return f"{told}: {said[-300:]} {after}"
    return ""


def clock_back() -> str:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        Path(folder, "sitecustomize.py").write_text(BACK)
        found, log = ask(PYTHONPATH=folder)
    if wrong := _finished(found, log):
        return wrong
    odd = {name: value for name, value in found.items() if name.endswith("_s") and (value or 0) < 0}
    return f"negative: {odd}" if odd else ""


def port_in_use() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ = {**os.environ, "PORT": str(taken.getsockname()[1]), "HF_HUB_OFFLINE": "1"}
        said = subprocess.run(
            [sys.executable, "app.py"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
        )  # fmt: skip
    fine = (
        said.returncode == 1
        and "the port is in use" in said.stderr
        and "Traceback" not in said.stderr
    )
    return "" if fine else f"{said.returncode}: {said.stderr[-300:]}"


def stopped(seconds: float) -> str:
    """The app stands still while a visitor's answer is written; then it goes on, and serves the next."""
    with app() as running:
        visits = []
        going = threading.Thread(target=lambda: visits.append(visit(running.address, 1, 200)))
        going.start()
        time.sleep(2)
        running.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        running.process.send_signal(signal.SIGCONT)
        going.join(120)
        visits.append(visit(running.address, 2))
        states = [each.state for each in visits]
        return "" if states == ["answered"] * 2 and not running.tracebacks() else f"{visits}"
