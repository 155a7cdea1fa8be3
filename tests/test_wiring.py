"""What the page asks of Gradio, so that watching a run takes little from the models."""

import gradio as gr

from compare.machine import Machine
from compare.ui import page


def test_every_event_is_quiet_and_the_queue_is_not_asked_a_thousand_times_a_second():
    machine = Machine()
    demo = page(machine)
    machine.close()
    events = demo.get_config_file()["dependencies"]
    loud = [event["id"] for event in events if event["show_progress_on"] != []]
    assert events and not loud
    assert gr.Blocks()._queue.sleep_when_free < demo._queue.sleep_when_free <= 0.01
