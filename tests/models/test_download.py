"""From a SPEC to a file that loads, over a Hub on loopback that behaves, and one that doesn't.

Each download runs in a process of its own, because huggingface_hub reads its environment once.
"""

import ctypes
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import shapes
from loopback import Hub
from processes import within

from compare.models.files import Files
from compare.models.spec import parse
from compare.protocol.events import Downloading, Event, Failed, Fetched, decode

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


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> bytes:
    """A real GGUF of some size: what follows its tensors is ignored."""
    path = shapes.tiny(tmp_path_factory.mktemp("m") / "t.gguf", says="I am so tiny.", ends=True)
    return path.read_bytes() + bytes(6_000_000)


@pytest.fixture
def serve(model):
    hubs = []

    def start(**behaviour) -> Hub:
        files = {f"{REPO}/{FILE}": model, f"{SOLAR_REPO}/{SOLAR_FILE}": model}
        hub = Hub(files, **behaviour).__enter__()
        hubs.append(hub)
        return hub

    yield start
    for hub in hubs:
        hub.__exit__()


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
    *_, last = fetch(home, hub, **options)
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


def ask(home, hub, *arguments: str, **more):
    said = subprocess.run(
        [sys.executable, "-m", "compare", "ask", "hello\n", "--models", "tinyllama", "--json",
         "--temperature", "0", "--max-tokens", "20", *arguments],
        env=environ(home, hub, **more), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    (response,) = json.loads(said.stdout)["responses"]
    return said.returncode, response


def test_ask_downloads_loads_and_answers_and_later_needs_no_network(tmp_path, serve):
    hub = serve()
    status, response = ask(tmp_path, hub)
    assert (status, response["text"]) == (0, "I am so tiny.")
    assert response["file"] == FILE
    gets = hub.gets()
    later = partial(ask, tmp_path, "http://127.0.0.1:9")
    status, response = within(8, later)
    assert (status, response["text"]) == (0, "I am so tiny.")
    assert hub.gets() == gets == 1


def test_a_cut_connection_is_resumed(tmp_path, serve, model):
    hub = serve(cuts=[2_500_000])
    status, response = ask(tmp_path, hub)
    assert (status, response["text"]) == (0, "I am so tiny.")
    assert hub.gets() == 2 and "bytes=" in hub.requests[-1]
    assert leftovers(tmp_path) == []


def test_a_server_that_stalls_in_the_middle_is_asked_again(tmp_path, serve):
    hub = serve(stall_at=4_000_000)
    *_, last = fetch(tmp_path, hub)
    assert isinstance(last, Fetched) and hub.gets() == 2


def test_killed_in_the_middle_and_run_again_leaves_no_orphan(tmp_path, serve):
    process = start(tmp_path, serve(bytes_per_s=1_500_000))
    while not leftovers(tmp_path):
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert leftovers(tmp_path)
    *_, last = fetch(tmp_path, serve())
    assert isinstance(last, Fetched)
    assert leftovers(tmp_path) == [] and not locks_held(tmp_path)


def test_the_progress_is_told_in_bytes_of_the_total_with_a_rate(tmp_path, serve, model):
    told = fetch(tmp_path, serve(bytes_per_s=4_000_000))
    progress = [event for event in told if isinstance(event, Downloading)]
    assert len(progress) > 3
    done = [event.done_bytes for event in progress]
    assert done == sorted(done) and done[-1] <= len(model)
    assert progress[-1].total_bytes == len(model)
    mean = (done[-1] - done[0]) / (progress[-1].at - progress[0].at)
    assert mean / 3 < progress[-1].bytes_per_s < mean * 3
    assert told[-1].file_bytes == len(model)


def test_one_download_serves_all_who_ask_and_all_watch(tmp_path, serve):
    hub = serve(bytes_per_s=4_000_000)
    told = fetch(tmp_path, hub, columns=3)
    assert hub.gets() == 1
    for run in (1, 2, 3):
        mine = [event for event in told if event.run == run]
        assert sum(isinstance(event, Downloading) for event in mine) > 2
        assert isinstance(mine[-1], Fetched)


def test_a_file_that_another_process_fetches_is_waited_for(tmp_path, serve):
    hub = serve(bytes_per_s=200_000)
    first = start(tmp_path, hub)
    while not leftovers(tmp_path):
        time.sleep(0.02)
    second = start(tmp_path, hub)
    for line in second.stdout:
        if getattr(decode(line), "waits", False):
            break
    hub.bytes_per_s = None
    assert isinstance(events(first)[-1], Fetched) and isinstance(events(second)[-1], Fetched)
    assert hub.gets() == 1


def test_who_leaves_hears_no_more_and_the_download_runs_on(tmp_path, serve):
    """In this process, with a cache of its own given through the environment of a child."""
    code = WATCH.replace(
        "left = int(sys.argv[2])",
        "watch = files.want(parse(sys.argv[1]), 9, heard.put); watch.leave(); left = int(sys.argv[2])",
    )
    said = subprocess.run(
        [sys.executable, "-c", code, "tinyllama", "1"], env=environ(tmp_path, serve()),
        capture_output=True, timeout=60,
    )  # fmt: skip
    told = [decode(line) for line in said.stdout.splitlines()]
    assert isinstance(told[-1], Fetched)
    assert sum(event.run == 9 for event in told) <= 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"status": 401}, "refused access (401).\nSet HF_TOKEN"),
        ({"status": 403}, "forbids it (403).\nSet HF_TOKEN"),
        ({"error": "gated"}, "asks for permission first (403).\nAccept its terms"),
        ({"error": "repo"}, f"no repository {REPO} (404)"),
        ({"error": "revision"}, "no revision main (404)"),
        ({"error": "file"}, f"no file {FILE} (404)"),
        ({"status": 429}, "too many requests from here (429).\nWait a few minutes"),
        ({"status": 500}, "a fault of its own (500)"),
        ({"status": 503}, "a fault of its own (503)"),
        ({"get_status": 404}, "404"),
        ({"bare": True}, "doesn't say what"),
        ({"redirect": "http://127.0.0.1:9/nowhere"}, "connection to the Hub broke off"),
        ({"short_by": 1000}, "broke off"),
        ({"stall_at": 0}, "stopped sending"),
    ],
    ids=lambda value: "-".join(map(str, *value.items())) if isinstance(value, dict) else "",
)
def test_a_hub_that_refuses_or_breaks_is_a_sentence(tmp_path, serve, behaviour, words):
    began = time.monotonic()
    assert words in failure(tmp_path, serve(**behaviour))
    assert time.monotonic() - began < 30
    assert leftovers(tmp_path) == [] and not locks_held(tmp_path)
    assert not list(tmp_path.rglob(FILE))  # nothing half-written is taken for whole


def test_an_unreachable_hub_is_said_within_five_seconds_with_the_ways_out(tmp_path):
    asked = partial(failure, tmp_path, "http://127.0.0.1:9")
    message = within(5, asked)
    assert "can't be reached" in message
    assert all(way in message for way in ("network", "local .gguf file", "cache"))


def test_offline_means_offline(tmp_path, serve):
    hub = serve()
    assert "can't be reached" in failure(tmp_path, hub, HF_HUB_OFFLINE="1")
    assert hub.requests == []


def test_the_caches_own_variable_counts(tmp_path, serve):
    *_, last = fetch(tmp_path, serve(), HF_HUB_CACHE=str(tmp_path / "elsewhere"))
    assert last.path.startswith(str(tmp_path / "elsewhere"))


@pytest.mark.parametrize(("given", "sent"), [({}, None), ({"HF_TOKEN": "hf_abc"}, "Bearer hf_abc")])
def test_the_token_is_sent(tmp_path, serve, given, sent):
    hub = serve()
    *_, last = fetch(tmp_path, hub, **given)
    assert isinstance(last, Fetched)
    of_files = [
        headers["Authorization"]
        for request, headers in zip(hub.requests, hub.headers, strict=True)
        if "/resolve/" in request
    ]
    assert of_files and set(of_files) == {sent}


def test_a_full_disk_keeps_nothing_half_written(tmp_path, serve):
    message = failure(tmp_path, serve(), limit=3_000_000)
    assert "There is no room for" in message and "HF_HOME" in message
    assert leftovers(tmp_path) == [] and not locks_held(tmp_path)
    *_, last = fetch(tmp_path, serve())
    assert isinstance(last, Fetched)


def test_a_cache_that_is_a_file(tmp_path, serve):
    (tmp_path / "hub").write_text("not a folder")
    assert "The Hub's cache can't be written" in failure(tmp_path, serve())


def test_a_cache_that_is_read_only(tmp_path, serve):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub").chmod(0o500)
    assert "The Hub's cache can't be written: Permission denied" in failure(tmp_path, serve())


def test_a_file_without_read_permission(tmp_path, model):
    path = tmp_path / "mine.gguf"
    path.write_bytes(model)
    path.chmod(0)
    message = failure(tmp_path / "home", "http://127.0.0.1:9", spec=str(path))
    assert message == "mine.gguf can't be read: Permission denied.\nCheck its permissions."


def test_a_socket_or_a_fifo_never_hangs(tmp_path):
    import socket

    os.mkfifo(tmp_path / "f.gguf")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(tmp_path / "s.gguf"))
        for name in ("f.gguf", "s.gguf"):
            message = failure(tmp_path / "home", "http://127.0.0.1:9", spec=str(tmp_path / name))
            assert "is not a regular file" in message


def test_a_file_on_the_hub_that_is_no_gguf_is_named_for_what_it_is(tmp_path):
    page = b"<!DOCTYPE html><html>Sorry</html>" + bytes(1000)
    with Hub({f"{REPO}/{FILE}": page}) as hub:
        for _ in range(2):  # fetched, then found in the cache
            message = failure(tmp_path, hub)
            assert "a web page that was saved under the file's name" in message
            assert f"hf cache rm model/{REPO}" in message
        assert hub.gets() == 1


def test_the_other_column_does_not_wait(tmp_path, serve):
    hub = serve(bytes_per_s=100_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "compare", "ask", "hello\n", "--models", "tinyllama,smollm2",
         "--max-tokens", "5"],
        env=environ(tmp_path, hub), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith("[Finished"):
            break
    assert "SmolLM2" in told[0] and ", alone" in told[-1]
    hub.bytes_per_s = None
    rest, _ = process.communicate(timeout=100)
    assert "TinyLlama" in rest and "[Finished" in rest


def test_models_download_fetches_ahead(tmp_path, serve):
    hub = serve()
    said = subprocess.run(
        [sys.executable, "-m", "compare", "models", "--download", "tinyllama,solar", "--json"],
        env=environ(tmp_path, hub), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    found = {model["id"]: model for model in json.loads(said.stdout)}
    here = [(m["id"], q["name"]) for m in found.values() for q in m["quants"] if q["cached"]]
    assert {("tinyllama", "Q8_0"), ("solar", "Q2_K")} <= set(here)
    assert hub.gets() == 2


def test_models_download_of_what_is_not_there_is_status_1(tmp_path, serve):
    said = subprocess.run(
        [sys.executable, "-m", "compare", "models", "--download", "mixtral,tinyllama"],
        env=environ(tmp_path, serve()), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert said.returncode == 1
    assert "no file Mixtral-8x7B-Instruct-v0.1.Q2_K.gguf" in said.stderr
    assert any(path.name == FILE for path in tmp_path.rglob("*.gguf"))


def test_under_xet_one_bar_counts_what_is_written(tmp_path):
    """With huggingface_hub's own reporter class, as hf_xet drives it."""
    from types import SimpleNamespace

    from huggingface_hub.utils._xet_progress_reporting import XetDownloadProgressReporter

    from compare.models.download import Fetch as _Fetch
    from compare.models.download import Watch

    fetch, heard = _Fetch(parse("tinyllama")), queue.SimpleQueue()
    fetch.join(Watch(1, heard.put))
    with XetDownloadProgressReporter(
        reconstruction_desc="", total=1000, log_level=20, tqdm_class=fetch._bar(1000)
    ) as reporter:
        for done in (250, 500, 1000):
            reporter.update_progress(
                SimpleNamespace(
                    total_bytes_completed=done,
                    total_transfer_bytes_completed=done // 2,
                    total_bytes_completion_rate=1.0,
                    total_transfer_bytes_completion_rate=1.0,
                    total_bytes=1000,
                )
            )
            time.sleep(0.21)
    told = [heard.get_nowait() for _ in range(heard.qsize())]
    assert [event.done_bytes for event in told] == [0, 250, 500, 1000]
    assert told[-1].total_bytes == 1000


def test_the_disk_is_compared_with_the_size_before_the_first_byte(tmp_path, serve, model):
    """The loopback Hub says that the file is larger than any disk."""
    hub = serve()
    hub.claims = 10**18
    message = failure(tmp_path, hub)
    assert "needs 1,000,000,000 GB of disk" in message or " of disk, and " in message
    assert hub.gets() == 0


@pytest.mark.parametrize(("code", "words"), [(28, "No space left on device"), (122, "quota")])
def test_the_systems_words_for_a_full_disk(code, words):
    from compare.models.download import trouble as _said

    message = _said(parse("tinyllama"), OSError(code, os.strerror(code)))
    assert ("There is no room for" in message and words in message.lower()) or words in message


def test_a_path_needs_no_hub(tmp_path, model):
    path = tmp_path / "it is 'mine' Ω.gguf"
    path.write_bytes(model)
    heard = queue.SimpleQueue()
    Files().want(parse(str(path)), 1, heard.put)
    assert heard.get(timeout=5).file_bytes == len(model)


EXAMINE = """
import json, os
from compare.asked.settings import LoadSettings
from compare.run.machine import Machine
from compare.models.spec import parse
machine = Machine()
for _ in range(2):
    told = machine.examine(parse("tinyllama"), LoadSettings()).prediction
    print(json.dumps([told.approximate, told.kv_bytes, told.compute_bytes, told.layers]), flush=True)
os._exit(0)  # as a kill would, without the chance to tidy up
"""


def examined(home: Path, hub: Hub | str, limit: int | None = None) -> list[list]:
    """What a process says that may write files of at most `limit` bytes."""
    temporary = home / "tmp"
    temporary.mkdir()
    said = subprocess.run(
        [sys.executable, "-c", EXAMINE], env=environ(home, hub, TMPDIR=str(temporary)),
        capture_output=True, text=True, timeout=60, check=True,
        preexec_fn=lambda: limit and resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert not list(temporary.iterdir())
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_a_file_that_is_not_here_is_examined_by_its_first_bytes(tmp_path):
    """Gemma's, under another's name: its header is longer than what is asked for at once."""
    real = Files()
    heard = queue.SimpleQueue()
    real.want(parse("gemma3"), 1, heard.put)
    path = Path(heard.get(timeout=60).path)
    with Hub({f"{REPO}/{FILE}": path.read_bytes()}) as hub:
        first, second = examined(tmp_path, hub)
    approximate, kv_bytes, compute_bytes, layers = first
    assert (approximate, layers) == (False, 19)
    assert kv_bytes > 0 and compute_bytes > 0
    assert second == first
    gets = [line for line in hub.requests if line.startswith("GET") and "/resolve/" in line]
    assert gets[0].endswith("bytes=0-4194303"), gets
    assert 1 < len(gets) < 6 and all("bytes=" in line for line in gets)


def test_without_the_hub_a_prediction_is_approximate(tmp_path):
    for approximate, kv_bytes, compute_bytes, layers in examined(tmp_path, "http://127.0.0.1:9"):
        assert (approximate, compute_bytes, layers) == (True, None, 23)
        assert kv_bytes == 22 * 2048 * 4 * 128 * 2


def test_without_room_for_the_header_a_prediction_is_approximate(tmp_path, serve):
    hub = serve()
    assert examined(tmp_path, hub, limit=100_000)[0][0] is True
    assert any("bytes=0-4194303" in line for line in hub.requests)


@pytest.mark.parametrize("fault", [{"get_status": 500}, {"get_status": 404}, {"redirect": "/"}])
def test_a_hub_that_gives_no_parts_leaves_the_prediction_approximate(serve, tmp_path, fault):
    assert examined(tmp_path, serve(**fault))[0][0] is True
