"""What the page asks of Gradio, so that watching a run takes little from the models."""

import subprocess
import sys
from pathlib import Path

import gradio as gr

from compare.machine import Machine
from compare.ui import page

ROOT = Path(__file__).parent.parent


def test_every_event_is_quiet_and_the_queue_is_not_asked_a_thousand_times_a_second():
    machine = Machine()
    demo = page(machine)
    machine.close()
    events = demo.get_config_file()["dependencies"]
    loud = [event["id"] for event in events if event["show_progress_on"] != []]
    assert events and not loud
    assert gr.Blocks()._queue.sleep_when_free < demo._queue.sleep_when_free <= 0.01


def test_gradio_does_not_parse_its_source_as_the_page_is_imported():
    program = """
import ast, inspect
ast.get_source_segment = None  # what Gradio's stubs are made with
getfile = inspect.getfile
import compare.ui
assert inspect.getfile is getfile
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
