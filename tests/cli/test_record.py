"""The `record` command: what it writes, how it goes on after a kill, what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from processes import outliving

from compare.gallery.prompts import load
from compare.gallery.recordings import read

THEME = next(theme for theme in load().themes if theme.id == "arithmetic")
IDS = [prompt.id for prompt in THEME.prompts]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "compare", "record", *arguments]


def record(*arguments: str, **environ: str):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=100,
        env={**os.environ, **environ},
    )  # fmt: skip


def comparisons(path: Path) -> list[dict]:
    return json.loads(path.read_text())["comparisons"]


def begun(path: Path, answers: int, *arguments: str) -> subprocess.Popen:
    """The command, as soon as it has written so many answers."""
    process = subprocess.Popen(
        command(*arguments, "--out", str(path)), stderr=subprocess.PIPE, text=True,
        # Where the tests run in the background, SIGINT comes ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and len(comparisons(path)) >= answers:
            return process
        time.sleep(0.02)
    raise AssertionError(f"it did not write {answers} answers in time")


def test_it_records_the_settings_of_each_prompt_and_names_no_path(tiny, tmp_path):
    out = tmp_path / "out.json"
    models = f"{tiny('one.gguf')},{tiny('two.gguf', seed=1)}"
    said = record("--models", models, "--prompts", IDS[0], "--repeats", "2", "--out", str(out))
    assert said.returncode == 0, said.stderr
    assert said.stdout == ""
    found = json.loads(out.read_text())
    assert set(found) == {"format", "recorded_at", "machine", "params", "comparisons"}
    assert found["params"]["temperature"] == 0 and found["params"]["max_tokens"] == 256
    assert found["machine"] == found["comparisons"][0]["machine"]
    told = [(c["responses"][0]["spec"], c["prompt_id"], c["repeat"]) for c in found["comparisons"]]
    assert told == [(f"{m}.gguf", IDS[0], n) for m in ("one", "two") for n in (1, 2)]
    first, second, *_ = found["comparisons"]
    own = THEME.prompts[0].settings
    assert first["params"]["max_tokens"] == own["max_tokens"]
    assert [first["params"]["seed"], second["params"]["seed"]] == [0, 1]
    assert first["responses"][0]["load_s"] and not second["responses"][0]["load_s"], "loaded once"
    assert first["prompt"] == THEME.prompts[0].prompt
    assert str(tmp_path) not in out.read_text()


def test_after_a_kill_the_same_command_completes_without_repeating(endless, tmp_path):
    out = tmp_path / "out.json"
    models = f"{endless('one.gguf')},{endless('two.gguf')}"
    asked = ("--models", models, "--prompts", "arithmetic", "--max-tokens", "30")
    process = begun(out, 3, *asked)
    children = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    before = comparisons(out)
    total = 2 * len(IDS)
    assert 3 <= len(before) < total
    assert not outliving(children, seconds=5)

    said = record(*asked, "--out", str(out))
    assert said.returncode == 0, said.stderr
    assert f"{len(before)} of {total} answers are in out.json already." in said.stderr
    after = comparisons(out)
    assert after[: len(before)] == before, "measures and all: none was made again"
    assert len(after) == total
    assert {(c["responses"][0]["spec"], c["prompt_id"]) for c in after} == {
        (f"{name}.gguf", prompt) for name in ("one", "two") for prompt in IDS
    }
    recording, _ = read(out)
    assert recording.params.max_tokens == 30
    assert [each.name for each in tmp_path.glob(".*")] == []

    again = record(*asked, "--out", str(out))
    assert again.returncode == 0 and comparisons(out) == after


def test_ctrl_c_keeps_what_is_finished(tiny, tmp_path):
    out = tmp_path / "out.json"
    process = begun(out, 1, "--models", tiny(), "--repeats", "500", "--prompts", IDS[0])
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command goes on from there" in said
    assert len(comparisons(out)) >= 1
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_a_second_command_on_the_same_file_is_refused(endless, tmp_path):
    out = tmp_path / "out.json"
    asked = ("--models", endless(), "--repeats", "500", "--prompts", IDS[0], "--max-tokens", "9")
    process = begun(out, 1, *asked)
    said = record(*asked, "--out", str(out))
    assert process.poll() is None, "the first goes on"
    assert said.returncode == 2
    assert f"{out}: It is being written by another `record`." in said.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert len(comparisons(out)) >= 1


def test_what_fails_is_told_left_out_and_status_1(tiny, tmp_path):
    out = tmp_path / "out.json"
    said = record(
        "--models", f"{tmp_path}/no.gguf,{tiny()}", "--prompts", f"{IDS[0]},{IDS[1]}",
        "--max-tokens", "5", "--out", str(out),
    )  # fmt: skip
    assert said.returncode == 1
    assert said.stderr.count("There is no file no.gguf") == 1, "once, not for every prompt"
    assert {c["responses"][0]["spec"] for c in comparisons(out)} == {"tiny.gguf"}


def test_other_settings_are_not_mixed_into_a_recording(tiny, tmp_path):
    out = tmp_path / "out.json"
    asked = ("--models", tiny(), "--prompts", IDS[0], "--out", str(out))
    assert record(*asked, "--max-tokens", "5").returncode == 0
    before = out.read_bytes()
    said = record(*asked, "--max-tokens", "6")
    assert said.returncode == 2 and "max_tokens 5 there, 6 here" in said.stderr
    said = record(*asked)
    assert said.returncode == 2 and "max_tokens 5 there, 256 here" in said.stderr
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--prompts", "no-such-prompt"), "There is no prompt or theme “no-such-prompt”"),
        (("--models", "nope"), "Known: tinyllama"),
        (("--repeats", "0"), "It must be at least 1"),
        (("--temperature", "-1"), "temperature is -1"),
        (("--out", "/no/such/folder/out.json"), "There is no folder /no/such/folder"),
        (("--out", "/proc/out.json"), "Nothing can be written into /proc"),
        (("--out", __file__), "It is no recording"),
    ],
)
def test_wrong_usage_is_said_before_anything_loads(refused, tmp_path, arguments, words):
    asked = {"--models": "smollm2", "--out": str(tmp_path / "out.json")} | dict([arguments])
    mine = Path(__file__).read_bytes()
    assert words in refused("record", *(part for option in asked.items() for part in option))
    assert not (tmp_path / "out.json").exists() and Path(__file__).read_bytes() == mine
