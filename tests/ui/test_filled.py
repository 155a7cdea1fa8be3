"""A page that comes filled in: Gradio's own page, and what it says by the time it is sent."""

import gradio as gr

from compare.ui.filled import Filled


def sent(demo: gr.Blocks) -> dict[str, dict]:
    """What a browser is told of each component, by its label."""
    return {each["props"].get("label"): each["props"] for each in demo.config["components"]}


def test_each_page_is_filled_in_anew_once_there_are_visitors():
    count = iter(range(9))
    with Filled() as demo:
        text = gr.Textbox("as made", label="text")
        menu = gr.Dropdown(["a"], label="menu")
    demo.firsts.append(
        lambda: {text: f"visitor {next(count)}", menu: gr.update(choices=["b", "c"], visible=False)}
    )
    assert sent(demo)["text"]["value"] == "as made", "nobody can be there yet"
    demo.is_running = True
    for n in range(2):
        assert sent(demo)["text"]["value"] == f"visitor {n}"
    told = sent(demo)["menu"]
    assert told["choices"] == [("b", "b"), ("c", "c")] and told["visible"] is False
    assert told["label"] == "menu", "all else as it was made"
