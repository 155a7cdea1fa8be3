"""What the page asks of Gradio, so that watching a run takes little from the models."""

import subprocess
import sys
from pathlib import Path

import gradio as gr
from fake_machine import FakeMachine, answering
from fakes import child
from gradio.state_holder import SessionState

from compare.run.machine import Machine
from compare.ui.compare.session import Session
from compare.ui.page import page
from compare.ui.quiet import Queue, Told
from compare.ui.speed.session import Session as Measuring

ROOT = Path(__file__).parent.parent.parent


def session_of(demo: gr.Blocks, kind: type):
    """A visitor's copy."""
    states = (block for block in demo.blocks.values() if isinstance(block, gr.State))
    visitor = SessionState(demo)
    return next(each for each in (visitor[s._id] for s in states) if isinstance(each, kind))


def test_every_event_is_quiet_and_the_queue_waits():
    machine = Machine()
    demo = page(machine)
    machine.close()
    events = demo.get_config_file()["dependencies"]
    loud = [event["id"] for event in events if event["show_progress_on"] != []]
    assert events and not loud
    assert isinstance(demo._queue, Queue)


def test_on_zerogpu_more_than_one_visitor_is_let_in(monkeypatch):
    """There Gradio's own queue has room for one, unless it is told otherwise."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert gr.Blocks()._queue.max_size == 1
    assert page(FakeMachine(lambda asked: {}))._queue.max_size > 100


def test_a_run_reads_each_setting_from_its_own_field():
    demo = page(FakeMachine(lambda asked: {}))
    (run,) = (event for event in demo.fns.values() if event.api_name == "run")
    assert [part.label for part in run.inputs[1:]] == [
        "Prompt", "Order", "Max tokens", "Temperature", "Top-p", "Seed", "Context length", "Stop",
        "Thinking", "Keep what follows", "System prompt",
        *(f"{menu} {n}" for menu in ("Model", "Quantization") for n in range(1, 5)),
    ]  # fmt: skip


def test_a_run_sends_only_what_has_changed():
    """And as values, not as updates, for which Gradio builds a component anew."""
    demo = page(FakeMachine(lambda asked: {f.key: answering("word " * 40) for f in asked.models}))
    events = list(demo.fns.values())
    (run,) = (event for event in events if event.api_name == "run")
    parts = set(run.outputs)
    state = session_of(demo, Session)
    names = "max_tokens", "temperature", "top_p", "seed", "n_ctx", "stop", "thinking", "system"
    empty = dict.fromkeys(names, "")
    chosen = {"model_1": "tinyllama", "model_2": "solar"}
    _, *ticks, last = run.fn(state, prompt="hello", mode="together", **empty, **chosen)
    assert len(ticks) > 3
    shown = {}
    for updates in ticks:
        assert isinstance(updates, Told) and updates.keys() < parts
        told = {part: v for part, v in updates.items() if part.elem_id not in ("cost", "said")}
        assert all(shown.get(part) != value for part, value in told.items())
        shown |= told
    assert (
        sum("word word" in str(value) for value in last.values()) >= 2
    )  # for a program that waits


def test_a_bench_that_is_watched_repeats_what_it_does_not_change():
    """But for the list of models, which would ask the server each time it is told."""
    machine = Machine(spawn=child("good"))
    demo = page(machine)
    (run,) = (event for event in demo.fns.values() if event.name == "measure")
    asked = {"prompt_tokens": "8", "output_tokens": "4", "repeats": "2"}
    _, *ticks = run.fn(session_of(demo, Measuring), models=["smollm2:Q4_1"], **asked)
    machine.close()
    assert ticks
    for updates in ticks:
        (left_out,) = set(run.outputs) - updates.keys()
        assert isinstance(left_out, gr.Dropdown)
        assert not any(isinstance(value, dict) for value in updates.values())


def test_gradio_does_not_parse_its_source_as_the_page_is_imported():
    program = """
import ast, inspect
ast.get_source_segment = None  # what Gradio's stubs are made with
getfile = inspect.getfile
import compare.ui.page
assert inspect.getfile is getfile
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
