"""From a SPEC to a file that loads, over a Hub on loopback; what breaks on the way is resumed."""

import json
import queue
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
from downloads import FILE, WATCH, environ, events, fetch, leftovers, locks_held, start
from processes import within

from compare.models.files import Files
from compare.models.spec import parse
from compare.protocol.events import Downloading, Fetched, decode


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


def test_a_path_needs_no_hub(tmp_path, model):
    path = tmp_path / "it is 'mine' Ω.gguf"
    path.write_bytes(model)
    heard = queue.SimpleQueue()
    Files().want(parse(str(path)), 1, heard.put)
    assert heard.get(timeout=5).file_bytes == len(model)
