"""The command line's contract: one document on stdout, the rest on stderr, and its exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from headers import u32, with_entries
from processes import outliving, within

KEYS = set(
    [
        "spec",
        "model",
        "name",
        "quant",
        "file",
        "server",
        "state",
        "text",
        "thinking",
        "finish_reason",
        "error",
        "prompt_tokens",
        "cached_tokens",
        "output_tokens",
        "thinking_tokens",
        "load_s",
        "ttft_s",
        "first_answer_s",
        "prefill_tps",
        "decode_tps",
        "engine_prefill_tps",
        "engine_decode_tps",
        "rates_by",
        "total_s",
        "shared_with",
        "shared_s",
        "threads",
        "cores_used",
        "cores_granted",
        "rendered_prompt",
        "notices",
        "memory",
    ]
)
MEMORY = set(
    [
        "kind",
        "scope",
        "predicted_bytes",
        "allocated_bytes",
        "weights_bytes",
        "kv_bytes",
        "compute_bytes",
        "measured_bytes",
        "own_bytes",
        "mapped_bytes",
        "devices",
    ]
)
PARAMS = set(
    [
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repeat_penalty",
        "seed",
        "stop",
        "raw",
        "thinking",
        "n_ctx",
        "gpu_layers",
        "kv_type",
        "threads",
        "force",
    ]
)


def compare(*arguments: str, stdin: str | None = None, **environ: str):
    return subprocess.run(
        [sys.executable, "-m", "compare", *arguments],
        input=stdin, capture_output=True, text=True, timeout=100, env={**os.environ, **environ},
    )  # fmt: skip


def test_ask_prints_the_contracts_document():
    said = compare(
        "ask", "Who are you?", "--models", "smollm2,gemma3", "--max-tokens", "12", "--json"
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert set(found) == {"prompt", "system", "mode", "params", "machine", "notices", "responses"}
    assert set(found["params"]) == PARAMS
    assert set(found["machine"]) == {
        "cpu", "cores", "logical_processors", "physical_cores", "efficiency_cores", "quota_cores",
        "ram_bytes", "gpus", "llama_cpp_python", "llama_cpp",
    }  # fmt: skip
    assert found["machine"]["llama_cpp"] and found["machine"]["cpu"]
    assert [r["spec"] for r in found["responses"]] == ["smollm2:Q4_1", "gemma3:Q4_K_M"]
    for response in found["responses"]:
        assert set(response) == KEYS and set(response["memory"]) == MEMORY
        assert response["state"] == "finished"
        assert response["file"].endswith(".gguf") and "/" not in response["file"]
        assert response["output_tokens"] <= 12
        assert response["threads"][0] >= 1
        assert 0 < response["ttft_s"] < response["total_s"]
    assert found["responses"][0]["model"] == "smollm2"


def test_a_seed_from_a_document_gives_the_same_text_again():
    arguments = ("ask", "-", "--models", "smollm2", "--max-tokens", "20", "--json")
    first = json.loads(compare(*arguments, stdin="Tell me about Ελλάδα 🎉").stdout)
    seed = str(first["params"]["seed"])
    again = json.loads(compare(*arguments, "--seed", seed, stdin="Tell me about Ελλάδα 🎉").stdout)
    assert first["prompt"] == "Tell me about Ελλάδα 🎉"
    assert first["responses"][0]["text"] == again["responses"][0]["text"] != ""


def test_without_json_the_answers_come_in_labelled_blocks():
    said = compare("ask", "Who are you?", "--models", "smollm2,gemma3", "--max-tokens", "12")
    assert said.returncode == 0
    assert "── SmolLM2 135M Instruct · Q4_1 ──" in said.stdout
    assert "A base model: it continues text" in said.stdout
    assert "tok/s" in said.stdout and "loading" in said.stderr


def test_what_a_file_recommends_is_said_beside_the_answer(tiny):
    path = Path(tiny(says="Ok", ends=True))
    top_k = u32("general.sampling.top_k", 20)
    path.write_bytes(with_entries(path.read_bytes(), top_k))
    said = compare("ask", "hello", "--models", str(path))
    assert (
        "tiny.gguf recommends top-k 20, and is asked with top-k 40. To follow it: --top-k 20"
        in said.stderr
    )
    assert "recommends" not in said.stdout


def test_a_models_text_does_not_steer_the_terminal(tiny):
    path = tiny(says="a\x1b[2Jb\x07c", ends=True)
    said = compare("ask", "hello", "--models", path, "--temperature", "0")
    assert "a[2Jbc" in said.stdout and "\x1b" not in said.stdout and "\x07" not in said.stdout
    assert "\n(The file has no chat template: it was asked in plain words" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ask", "hi", "--models", "nope"), "Known: tinyllama, solar, mixtral, smollm2, gemma3"),
        (("ask", "hi", "--models", "solar:Q9"), "It has Q2_K"),
        (("ask", "hi", "--models", "smollm2,smollm2:Q4_1"), "same file"),
        (("ask", "", "--models", "smollm2"), "The prompt is empty"),
        (("ask", "hi", "--models", "smollm2", "--max-tokens", "-1"), "max_tokens is -1"),
        (("ask", "hi", "--models", "smollm2", "--temperature", "nan"), "“nan”. Write a number"),
        (("ask", "hi", "--models", "smollm2", "--temperature", "warm"), "--temperature"),
        (("ask", "hi", "--models", "smollm2", "--gpu-layers", "some"), "must be auto"),
        (("ask", "hi", "--models", "smollm2", "--n-ctx", "0"), "n_ctx is 0"),
        (("ask", "hi", "--models", "http://127.0.0.1/v1"), "not yet"),
        (("dance",), "dance"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_nothing_on_stdout(refused, arguments, words):
    assert words in refused(*arguments, *(["--json"] if arguments[0] == "ask" else []))


def test_a_bad_variable_of_the_owner_is_wrong_usage_too():
    said = compare("ask", "hi", "--models", "smollm2", COMPARE_MAX_TOKENS="lots")
    assert (said.returncode, said.stdout) == (2, "")
    assert "COMPARE_MAX_TOKENS is set to “lots”" in said.stderr


def test_a_failed_column_is_status_1_and_the_others_are_printed(tmp_path):
    said = compare(
        "ask", "hi", "--models", f"{tmp_path}/no.gguf,smollm2", "--max-tokens", "3", "--json"
    )
    assert said.returncode == 1
    failed, finished = json.loads(said.stdout)["responses"]
    assert (failed["state"], finished["state"]) == ("failed", "finished")
    assert failed["error"] == "There is no file no.gguf. Check its path."
    assert failed["output_tokens"] is None and failed["threads"] is None


def test_a_prompt_that_leaves_no_room_is_its_columns_error():
    said = compare("ask", "sea " * 300, "--models", "smollm2", "--n-ctx", "64", "--json")
    assert said.returncode == 1
    (response,) = json.loads(said.stdout)["responses"]
    assert "the context holds 64" in response["error"]


def test_a_context_beyond_the_files_own_is_capped_with_a_notice(tiny):
    said = compare(
        "ask", "hi", "--models", tiny(), "--n-ctx", "9000", "--max-tokens", "2", "--json"
    )
    (response,) = json.loads(said.stdout)["responses"]
    assert said.returncode == 0 and "from 9,000 to 512 tokens" in response["notices"][0]


def test_ctrl_c_prints_the_document_with_its_columns_cancelled(endless):
    process = subprocess.Popen(
        [sys.executable, "-m", "compare", "ask", "Tell me a story.", "--models", endless(),
         "--max-tokens", "1900", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Where the tests run in the background, SIGINT comes ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    _until_it_answers(process.pid)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    (response,) = json.loads(out)["responses"]
    assert response["state"] == response["finish_reason"] == "cancelled"


def test_ctrl_c_before_it_has_begun_says_nothing_of_python():
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "compare", "models"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert any("pydantic" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in said and "compare.cli.main" not in said


@pytest.mark.parametrize("moment", ["loading", "writing"])
def test_no_child_outlives_a_killed_parent(endless, moment):
    """Each has minutes of its answer before it, so that none ends by itself meanwhile."""
    models = f"{endless('first.gguf')},{endless('second.gguf')}"
    process = subprocess.Popen(
        [sys.executable, "-m", "compare", "ask", "Tell me a story.", "--models", models,
         "--n-ctx", "8192", "--max-tokens", "8000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    loading = [process.stderr.readline() for _ in range(2)]
    if moment == "writing":
        process.stdout.readline()  # whose answer it is
        assert process.stdout.read(1)
    children = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    assert sorted(loading) == ["first: loading\n", "second: loading\n"]
    assert len(children) == 2
    assert outliving(children, seconds=20) == []


def _until_it_answers(pid: int) -> None:
    """Waits until its child has a model in memory and is at work on it."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        for child in psutil.Process(pid).children():
            if any("gguf" in part.path for part in child.memory_maps()):
                return time.sleep(1)
        time.sleep(0.1)
    raise AssertionError("no child was loaded in time")


def test_any_number_of_files_is_fetched(tiny):
    said = compare("models", "--download", ",".join(tiny(f"{n}.gguf") for n in range(5)), "--json")
    assert said.returncode == 0, said.stderr
    assert all(f"{n}.gguf" in said.stderr for n in range(5))


def test_models_lists_every_quantization(tmp_path):
    found = json.loads(compare("models", "--json", HF_HOME=str(tmp_path)).stdout)
    assert [m["id"] for m in found] == ["tinyllama", "solar", "mixtral", "smollm2", "gemma3"]
    by_id = {m["id"]: m for m in found}
    assert len(by_id["tinyllama"]["quants"]) == len(by_id["solar"]["quants"]) == 12
    assert all(quant["bytes"] for model in found for quant in model["quants"])
    assert not any(q["cached"] for q in by_id["solar"]["quants"])
    assert by_id["smollm2"]["quants"] == [
        {
            "name": "Q4_1",
            "file": "SmolLM2-135M-Instruct.Q4_1.gguf",
            "bytes": 98362432,
            "cached": True,
        }
    ]


def test_without_a_network_the_default_is_the_embedded_pair_and_says_so(tmp_path):
    said = compare(
        "ask", "hi", "--max-tokens", "3", "--json", HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path)
    )
    found = json.loads(said.stdout)
    assert [r["model"] for r in found["responses"]] == ["smollm2", "gemma3"]
    assert "can't be reached" in said.stderr and "can't be reached" in found["notices"][0]


def test_an_unreachable_hub_is_said_within_five_seconds(tmp_path):
    asked = partial(
        compare, "ask", "hi", "--models", "tinyllama", "--json",
        HF_HOME=str(tmp_path), HF_ENDPOINT="http://127.0.0.1:9",
    )  # fmt: skip
    said = within(5, asked)
    (response,) = json.loads(said.stdout)["responses"]
    assert said.returncode == 1
    assert "can't be reached" in response["error"] and "a local .gguf file" in response["error"]


def test_bytes_on_stdin_that_are_no_text_are_refused():
    said = subprocess.run(
        [sys.executable, "-m", "compare", "ask", "-", "--models", "smollm2"],
        input=b"\xff\xfe", capture_output=True, timeout=60,
    )  # fmt: skip
    assert said.returncode == 2 and b"not UTF-8" in said.stderr


PROMPTS = """
title = "Sums"
about = "For this test."
[[prompt]]
id = "sum"
title = "A sum"
prompt = "What is 1 + 1?"
why = "It is short."
source = "written for this test"
language = "en"
check = { number = 2 }
"""


def test_check_tells_what_is_wrong_in_files_of_prompts(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(PROMPTS)
    bad.write_text(PROMPTS.replace("number", "nummer").replace("source", "from"))
    said = compare("check", str(good))
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "Nothing is wrong. Prompts: 1, with a check: 1.\n"
    said = compare("check", str(good), str(bad))
    assert (said.returncode, said.stdout) == (1, "")
    assert [line[: line.index(":")] for line in said.stderr.splitlines()] == [
        f"bad.toml, prompt 1 (sum), {field}" for field in ("source", "check", "from")
    ]
    said = compare("check", str(tmp_path / "none.toml"))
    assert said.returncode == 2 and "There is no file" in said.stderr


def test_check_without_files_checks_the_gallery_without_the_app():
    code = "import sys; from compare.cli.main import main; sys.argv[1:] = ['check']; main()"
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0
    assert "Nothing is wrong." in said.stdout
    assert "gallery" in said.stderr and "gradio" not in said.stderr
