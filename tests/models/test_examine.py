"""What a model that is not here will take, from its file's first bytes; about, where the Hub gives none."""

import json
import queue
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from downloads import (
    FILE,
    REPO,
    environ,
)
from loopback import Hub

from compare.models.files import Files
from compare.models.spec import parse

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
