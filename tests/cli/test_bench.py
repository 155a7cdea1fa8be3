"""The command `bench`: its rows and its table on stdout, the rest on stderr, and its exit status."""

import json
import os
import signal
import subprocess
import sys


def command(*arguments: str):
    return subprocess.run(
        [sys.executable, "-m", "compare", "bench", *arguments], capture_output=True, text=True,
        timeout=100,
    )  # fmt: skip


def test_the_command_prints_rows_and_fails_one_model_alone(tmp_path, tiny):
    said = command(
        "--models", f"{tmp_path}/no.gguf,{tiny()}", "--prompt-tokens", "4", "--output-tokens", "2",
        "--repeats", "2", "--json",
    )  # fmt: skip
    assert said.returncode == 1
    reading, writing = json.loads(said.stdout)
    assert reading["model_filename"] == "tiny.gguf" and "/" not in said.stdout.split("test_time")[0]
    assert (reading["n_prompt"], writing["n_gen"]) == (4, 2)
    assert len(writing["samples_ts"]) == 2
    assert reading["build_commit"] and reading["cpu_info"]
    assert "no.gguf: There is no file no.gguf." in said.stderr


def test_what_is_wrong_with_a_file_names_it_once(tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"<!doctype html><html></html>")
    said = command("--models", str(tmp_path / "broken.gguf"))
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.count("broken.gguf") == 1


def test_the_command_prints_a_table(tiny):
    said = command("--models", tiny(), "--prompt-tokens", "4", "--output-tokens", "2")
    assert said.returncode == 0
    assert [text.split("|")[-3].strip() for text in said.stdout.splitlines()[:4:3]] == [
        "test", "tg2",
    ]  # fmt: skip
    assert "tokens a second" in said.stderr


def test_wrong_numbers_end_with_status_2_and_nothing_on_stdout():
    said = command("--models", "smollm2", "--repeats", "0")
    assert (said.returncode, said.stdout) == (2, "")
    assert "repeats is 0" in said.stderr


def test_ctrl_c_prints_the_rows_there_are(tiny):
    process = subprocess.Popen(
        [sys.executable, "-m", "compare", "bench", "--models", tiny(), "--prompt-tokens", "1",
         "--output-tokens", "500", "--repeats", "200", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for said in process.stderr:
        if "Writing" in said:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    reading, *_ = json.loads(out)
    assert reading["n_prompt"] == 1 and len(reading["samples_ts"]) == 200
