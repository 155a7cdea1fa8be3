"""The Compare tab in a real browser: what a visitor asks for, and the answers they see."""

import re
import threading

import pytest
import shapes
from fake_machine import FakeMachine, answering, fake
from playwright.sync_api import expect
from visitor import ask, choose, column, state

from compare.asked.owner import Owner
from compare.models.spec import resolve
from compare.protocol.events import Failed, Loading, Queued, Tokenized
from compare.run.machine import Machine

STORY = "Write a long story about a lighthouse keeper and the sea."


def test_a_prompt_gets_two_answers(small_pair):
    tab = small_pair
    tab.get_by_label("Prompt", exact=True).fill(STORY)
    expect(tab.locator("#tokens")).to_have_text(re.compile(r"\d\d · \d\d tokens"))
    ask(tab, STORY, Max_tokens="150", Temperature="0")
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Finished in", timeout=90_000)
        expect(column(tab, place).locator(".speed b")).to_have_text(re.compile(r"^\d+(\.\d)?$"))
        expect(column(tab, place).locator(".speed")).to_contain_text(
            re.compile(r"shared .*(thread|core)")
        )
        expect(column(tab, place).locator("dl", has_text="Memory")).to_contain_text("MB RAM")
    answer = tab.get_by_role("region", name="Answer of SmolLM2 135M Instruct")
    assert len(answer.inner_text()) > 5
    expect(column(tab, 2).get_by_role("region")).to_contain_text("A base model: it continues text")
    expect(tab.locator("#summary")).to_contain_text(
        "Speeds were shared; run in turn for fair ones."
    )
    expect(tab.locator("#live")).to_contain_text("Speeds were shared")

    tab.get_by_role("button", name="All measures").click()
    rows = tab.get_by_role("row")
    expect(rows.filter(has_text="Prompt tokens")).to_contain_text(re.compile(r"\d+"))
    expect(rows.filter(has_text="Finish reason")).to_contain_text(re.compile("stop|length"))
    for account in ("Predicted, in parts", "Allocated, in parts"):
        for cell in rows.filter(has_text=account).get_by_role("cell").all():
            expect(cell).to_contain_text(re.compile(r"weights .*KV cache .*compute "))
            assert cell.locator(".stack i").count() >= 3
    expect(rows.filter(has_text="VRAM instead")).to_contain_text("about")
    expect(tab.locator("#table .note")).to_contain_text("reserved, not yet touched")
    seed = rows.filter(has_text="Seed").get_by_role("cell").first.inner_text()
    tab.get_by_role("button", name=f"Use seed {seed} again").click()
    expect(tab.get_by_label("Seed")).to_have_value(seed)
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()


@pytest.fixture
def serve_own(serve):
    """Serves files of this machine, by their paths; returns the page's address."""
    machines = []

    def start(*paths: str) -> str:
        machines.append(Machine(own=resolve(list(paths))))
        return serve(machines[-1])

    yield start
    for machine in machines:
        machine.close()


def test_a_prompt_that_a_run_kept_from_being_counted_is_counted_after_it(serve, visit):
    machine, looked = fake(["Because it is."] * 2, tokens_s=0.2), threading.Event()

    def count(asked):
        looked.set()
        ran = hasattr(machine, "run")
        tokens = {"run": 1, "at": 0.0, "prompt_tokens": 5, "unswitched": ()}
        return {file.key: Tokenized(**tokens) for file in asked.models if ran}

    machine.count, machine.is_plain = count, False
    tab = visit(serve(machine))
    tab.get_by_label("Prompt", exact=True).fill("Why?")
    assert looked.wait(30)
    expect(tab.locator("#tokens")).to_be_hidden()
    tab.locator("#run").click()
    expect(state(tab, 1)).to_contain_text("Finished")
    expect(tab.locator("#tokens")).to_have_text("5 tokens")


def test_stop_ends_all_columns(serve_own, visit, endless):
    tab = visit(serve_own(endless("first.gguf"), endless("second.gguf")))
    choose(tab, 1, "first")
    choose(tab, 2, "second")
    ask(tab, STORY, Max_tokens="2000")
    answer = column(tab, 1).get_by_role("region")
    expect(state(tab, 1)).to_contain_text("Writing", timeout=60_000)  # its card is gone
    expect(answer).to_have_text(re.compile(".{40}", re.DOTALL), timeout=60_000)
    tab.get_by_role("button", name="Stop", exact=True).click()
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Stopped")
    expect(state(tab, 1)).to_contain_text("Stopped after")
    expect(column(tab, 1).locator(".speed b")).to_have_text(re.compile(r"^\d"))
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(answer).to_have_text(re.compile(".{40}", re.DOTALL))  # what was written stays


def test_stop_ends_one_column_while_the_other_finishes(serve, visit):
    """Scripts, since no real answer is sure to be short beside one that is long."""

    def scripts(comparison):
        texts = ("word " * 80, "word " * 9999)
        return {f.key: answering(t) for f, t in zip(comparison.models, texts, strict=True)}

    tab = visit(serve(FakeMachine(scripts)))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Writing")
    tab.get_by_role("button", name="Stop: SOLAR 10.7B Instruct").click()
    expect(state(tab, 2)).to_contain_text("Stopped after")
    expect(state(tab, 1)).to_contain_text("Finished in")


def test_a_failed_column_beside_a_finished_one(serve_own, visit, tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF and then nothing that makes sense")
    tab = visit(serve_own(str(path)))
    choose(tab, 1, "SmolLM2 135M Instruct")
    choose(tab, 2, "broken")
    ask(tab, "What is the capital of France?", Max_tokens="20")
    expect(state(tab, 2)).to_contain_text("Failed to start")
    failed = column(tab, 2).get_by_role("region")
    assert failed.locator("strong").inner_text(), "what happened, in bold"
    expect(state(tab, 1)).to_contain_text("Finished in", timeout=60_000)
    expect(tab.locator("#summary")).to_contain_text(
        "failed, so there is nothing to compare it with."
    )
    expect(column(tab, 2).get_by_role("button", name="Run again")).to_be_visible()


def test_what_can_not_fit_is_refused_beside_an_answer(serve_own, visit, tmp_path):
    """Real files, one of which asks for a cache that no machine has the memory for."""
    shapes.tiny(tmp_path / "wide.gguf", n_ctx_train=4_000_000, blocks=64, width=512)
    tab = visit(serve_own(str(tmp_path / "wide.gguf")))
    choose(tab, 1, "SmolLM2 135M Instruct")
    choose(tab, 2, "wide")
    ask(tab, "hello", Max_tokens="4", Context_length="4000000")
    expect(state(tab, 2)).to_contain_text("Failed to start", timeout=60_000)
    refused = column(tab, 2).get_by_role("region")
    expect(refused.locator("strong")).to_have_text("There is not enough memory to load this model.")
    expect(refused).to_contain_text("short, a reserve included")
    expect(refused).to_contain_text("This would fit: a context of")
    expect(state(tab, 1)).to_contain_text("Finished", timeout=60_000)


def test_light_and_dark_are_kept(serve, visit):
    tab = visit(serve(fake()), color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(ground) == "rgb(250, 250, 250)"
    tab.get_by_role("button", name="Light or dark").click()
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    tab.reload()
    expect(tab.locator(".col .strip").first).to_be_visible()
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    assert tab.evaluate(ground) == "rgb(11, 12, 14)"


def test_a_capped_setting_is_said(serve, visit):
    tab = visit(serve(fake(owner=Owner(max_tokens=16))))
    ask(tab, "hello")
    expect(tab.locator("#said")).to_contain_text(
        "Max tokens was lowered from 256 to 16, this host's limit."
    )


def test_a_wrong_number_loses_nothing(serve, visit):
    tab = visit(serve(fake()))
    ask(tab, "hello", Temperature="warm")
    expect(tab.get_by_label("Temperature")).to_have_accessible_description(
        "Temperature is “warm”. Write a number such as 0.7."
    )
    expect(tab.get_by_label("Temperature")).to_have_value("warm")
    expect(tab.get_by_label("Prompt", exact=True)).to_have_value("hello")
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    tab.get_by_label("Temperature").fill("0.5")
    tab.get_by_role("button", name="Run", exact=True).click()
    expect(state(tab, 1)).to_contain_text("Finished in")


def test_run_again_leaves_the_other_answers(serve, visit):
    attempts = []

    def scripts(comparison):
        keys = [file.key for file in comparison.models]
        attempts.append(keys)
        first_time = {
            keys[-1]: [
                (0.0, Loading, {"file_bytes": 1}),
                (0.1, Failed, {"message": "No room.\nTry again."}),
            ]
        }
        return {key: answering(f"From {key}.") for key in keys} | (
            first_time if len(attempts) == 1 else {}
        )

    tab = visit(serve(FakeMachine(scripts)))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Failed while loading")
    tab.evaluate("window.copyText = text => { window.copied = text; }")
    tab.get_by_role("button", name="Copy all answers").click()
    told = tab.evaluate("window.copied")
    assert "Prompt: hello" in told and "From tinyllama:Q8_0." in told and "No room." in told
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()
    column(tab, 2).get_by_role("button", name="Run again").click()
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(column(tab, 2)).to_contain_text("From solar:Q2_K.")
    expect(column(tab, 1)).to_contain_text("From tinyllama:Q8_0.")
    assert attempts == [["tinyllama:Q8_0", "solar:Q2_K"], ["solar:Q2_K"]]


def test_a_place_in_line(serve, visit):
    waiting = [(0.0, Queued, {"place": 2})]
    tab = visit(serve(FakeMachine(lambda ask: {file.key: waiting for file in ask.models})))
    ask(tab, "hello")
    expect(state(tab, 1)).to_have_text("In line, 2 runs before yours")
    tab.get_by_role("button", name="Stop", exact=True).click()
    expect(state(tab, 1)).to_have_text("Stopped before the first token")


def test_two_visitors_do_not_disturb_each_other(serve_own, visit, endless):
    address = serve_own(endless())
    first, second = visit(address), visit(address)
    for tab, model in ((first, "endless"), (second, "SmolLM2 135M Instruct")):
        choose(tab, 1, model)
        choose(tab, 2, "Gemma 3 270M")
    ask(first, STORY, Max_tokens="2000")
    expect(state(first, 1)).to_contain_text("Writing", timeout=60_000)
    ask(second, "What is the capital of France?", Max_tokens="10")
    expect(state(second, 1)).to_have_text("In line, 1 run before yours")
    expect(state(first, 1)).to_contain_text("Writing")
    first.close()
    expect(state(second, 1)).to_contain_text("Finished in", timeout=60_000)
