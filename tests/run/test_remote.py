"""A column on another machine beside those of this one: it shares nothing with them, and waits for none."""

import json
import os
import subprocess
import sys

import pytest
from fakes import child
from model_servers import ModelServer

from compare.asked.comparison import bench, comparison
from compare.asked.owner import Owner
from compare.models.spec import parse
from compare.remote.servers import Server
from compare.run.machine import Machine
from compare.saved.answers import answers
from compare.saved.document import document
from compare.ui.menu import Choice, Menu
from compare.usage import UsageError
from compare.words.column import figures, names, ready_line, state_line
from compare.words.sentence import summary
from compare.words.table import all_measures

HERE, THERE = "smollm2:Q4_1", "@gpu/tiny"
KEY = "hf_sEcReT0123456789"


@pytest.fixture
def machine_with():
    made = []

    def build(*servers: Server, kind: str = "good", **owner) -> Machine:
        made.append(Machine(Owner(servers=servers, **owner), spawn=child(kind)))
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def ends(run):
    assert run.wait(30)
    return run.responses()


@pytest.mark.parametrize("mode", ["together", "in-turn"])
def test_a_remote_column_is_no_company_and_takes_no_threads(machine_with, mode):
    with ModelServer(pause_s=0.05) as server:
        machine = machine_with(Server("gpu", server.url))
        asked = comparison("Count.", ["smollm2", THERE], mode=mode, threads=2)
        responses = ends(machine.compare(asked))
    here, there = responses[HERE], responses[THERE]
    assert (here.state, there.state) == ("finished", "finished")
    assert (here.shared_with, here.threads) == (0, (2, 2))
    assert (there.shared_with, there.threads, there.cores_granted) == (None, None, None)
    told = document(asked, responses, {})["responses"][1]
    assert told["server"] == {"name": "gpu", "kind": "llama-server", "model": "tiny"}
    assert (told["spec"], told["model"], told["name"]) == (THERE, "tiny", "tiny on gpu")
    assert (told["decode_tps"], told["engine_decode_tps"], told["rates_by"]) == (
        50.0,
        50.0,
        "server",
    )
    assert told["memory"]["measured_bytes"] is None and told["memory"]["predicted_bytes"] is None
    assert server.url.removeprefix("http://") not in json.dumps(told)


def test_a_remote_column_doesnt_wait_in_the_line(machine_with):
    with ModelServer() as server:
        machine = machine_with(Server("gpu", server.url), kind="deaf")
        before = machine.compare(comparison("p", ["smollm2"]))
        alone = machine.compare(comparison("p", [THERE]))
        assert ends(alone)[THERE].text == "one two three"
        beside = machine.compare(comparison("p", ["smollm2", THERE]))
        for responses in beside.snapshots(0.02):
            if responses[THERE].ended and responses[HERE].state == "queued":
                break
        assert responses[THERE].state == "finished"
        assert not before.wait(0)
        before.stop()


def test_stop_ends_a_remote_column_alone_and_its_server_notices(machine_with):
    with ModelServer(fault="endless") as server:
        machine = machine_with(Server("gpu", server.url))
        run = machine.compare(comparison("p", ["smollm2", THERE]))
        for responses in run.snapshots(0.02):
            if "two" in responses[THERE].text and responses[HERE].ended:
                run.stop(THERE)
        assert server.left.wait(20)
    assert (responses[HERE].state, responses[THERE].state) == ("finished", "cancelled")
    assert responses[THERE].text.startswith("one two")


def test_a_remote_column_fails_alone(machine_with):
    with ModelServer(fault="breaks off") as server:
        responses = ends(
            machine_with(Server("gpu", server.url)).compare(comparison("p", ["smollm2", THERE]))
        )
    assert (responses[HERE].state, responses[THERE].state) == ("finished", "failed")
    assert "broke off in the middle" in responses[THERE].error
    assert responses[THERE].text == "one two"


def test_settings_that_dont_count_there_are_said(machine_with):
    with ModelServer("TGI") as server:
        machine = machine_with(Server("gpu", server.url))
        asked = comparison("p", ["@gpu"], top_k=20, thinking="low", n_ctx=4096)
        (response,) = ends(machine.compare(asked)).values()
    assert response.notices == (
        "Its server doesn't take top-k 20, min-p 0.05, repeat penalty 1 and thinking low.",
        "How it is loaded is its server's matter: context length only counts for models of this machine.",
    )


def test_a_hosts_limit_of_seconds_ends_it(machine_with):
    with ModelServer(fault="endless") as server:
        machine = machine_with(Server("gpu", server.url), max_seconds=0.3)
        (response,) = ends(machine.compare(comparison("p", [THERE]))).values()
    assert (response.state, response.finish_reason) == ("finished", "time")


def test_only_the_owners_servers_are_asked(machine_with):
    machine = machine_with(Server("gpu", "http://127.0.0.1:9"))
    with pytest.raises(UsageError, match=r"There is no server “other”\. Known: gpu"):
        machine.compare(comparison("p", ["@other/tiny"]))
    for spec in ("@", "@/tiny", "@gpu/a\x1bb"):
        with pytest.raises(UsageError, match="names no server"):
            parse(spec)


def test_a_bench_is_of_this_machine():
    with pytest.raises(UsageError, match="“@gpu/tiny” runs on another machine"):
        bench([THERE])


def test_the_page_lists_the_servers_models(machine_with):
    with ModelServer(models=("a/b.gguf", "c")) as server:
        menu = Menu(machine_with(Server("gpu", server.url), Server("off", "http://127.0.0.1:9")))
        entries = menu.models()[-3:]
        assert entries == [
            ("b.gguf on gpu", "@gpu/a/b.gguf"),
            ("c on gpu", "@gpu/c"),
            ("off", "@off"),
        ]
        choice = Choice("@gpu/c")
        assert menu.here(choice) and menu.file(choice).served == "c"
        assert menu.settled(choice) == choice and menu.trouble(choice) is None
        with pytest.raises(UsageError):
            menu.file(Choice("@gpu/secret"))


def test_a_column_says_whose_figures_it_shows(machine_with):
    said = {}
    for kind in ("llama-server", "vLLM"):
        with ModelServer(kind, fault="pauses") as server:
            asked = comparison("p", [THERE])
            for responses in machine_with(Server("gpu", server.url)).compare(asked).snapshots(0.02):
                if responses[THERE].text:
                    server.go_on.set()
            said[kind] = figures(responses[THERE], 0.0), dict(all_measures(responses, asked))
    told, rows = said["llama-server"]
    assert (told.speed, told.company, told.small["Memory"]) == (
        "50.0",
        "by its server’s count",
        "–",
    )
    assert rows["Decode"] == ["50.0\xa0tok/s"] and rows["Server"] == ["gpu, llama-server: tiny"]
    assert rows["First token (TTFT)"][0].endswith("\xa0s, as seen from here")
    told, rows = said["vLLM"]
    assert told.company == "as seen from here"
    assert rows["Decode"][0].endswith(", as seen from here") and rows["Output tokens"] == ["3"]
    file = asked.models[0]
    assert str(ready_line(file, cached=True)) == "On the server gpu"


def test_copied_answers_say_whose_figures_they_have(machine_with):
    with ModelServer() as server:
        asked = comparison("p", [THERE])
        responses = ends(machine_with(Server("gpu", server.url)).compare(asked))
    text = answers(asked, asked.models, responses)
    assert ", 50.0\xa0tok/s by its server’s count\n" in text and "## tiny on gpu\n" in text


def test_the_sentence_says_that_machines_are_compared(machine_with):
    with ModelServer() as server:
        asked = comparison("p", ["smollm2", THERE])
        responses = ends(machine_with(Server("gpu", server.url)).compare(asked))
    told = str(summary(responses, names(asked.models)))
    assert "tiny ran on another machine: these are speeds of machines, too." in told


def test_a_prompt_that_is_read_there_is_reading(machine_with):
    with ModelServer(fault="waits") as server:
        run = machine_with(Server("gpu", server.url)).compare(comparison("p", [THERE]))
        for responses in run.snapshots(0.02):
            if responses[THERE].started_at is not None:
                break
        assert str(state_line(responses[THERE], 0.0)) == "Reading the prompt"
        assert figures(responses[THERE], 0.0).company == "on llama-server"


def test_ask_prints_one_document_and_no_key(tmp_path):
    with ModelServer(key=KEY) as server, ModelServer(key="another") as refuses:
        path = tmp_path / "servers.toml"
        path.write_text(
            f'[gpu]\nurl = "{server.url}/v1"\nkey_env = "GPU_KEY"\n'
            f'[no]\nurl = "{refuses.url}"\nkey_env = "GPU_KEY"\n'
        )
        run = subprocess.run(
            [sys.executable, "-m", "compare", "ask", "Count.", "--json", "--models", "smollm2,@gpu,@no",
             "--max-tokens", "8"], capture_output=True, text=True,
            env={**os.environ, "COMPARE_SERVERS": str(path), "GPU_KEY": KEY},
        )  # fmt: skip
    assert run.returncode == 1, run.stderr
    here, there, refused = json.loads(run.stdout)["responses"]
    assert here["state"] == there["state"] == "finished"
    assert (there["text"], there["rates_by"]) == ("one two three", "server")
    assert refused["error"].startswith("The server “no” doesn't take the key in GPU_KEY (401)")
    assert KEY not in run.stdout + run.stderr


def test_a_server_nobody_named_is_wrong_usage():
    command = [sys.executable, "-m", "compare", "ask", "p", "--models", "@gpu/tiny", "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert "There is no server “gpu”" in run.stderr
