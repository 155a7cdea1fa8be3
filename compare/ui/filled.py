"""Gradio's page, filled in as it is sent: what a visitor's own session would say first, without waiting
for it. Knows no tab.

Gradio sends what its components were made with, and an event fills them in half a second later; until then
the page would announce other models than it runs, and then move.
"""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
from gradio.blocks import Block

from compare.ui.imported import without_stubs

First = Callable[[], Mapping[Block, Any]]
"""Gives components and what each begins with: a value, or gr.update with more, choices as plain texts."""


with without_stubs():

    class Filled(gr.Blocks):
        """gr.Blocks whose page comes as `firsts` fill it in, anew for each visitor."""

        def __init__(self, *args, **settings):
            self.firsts: list[First] = []
            super().__init__(*args, **settings)

        @property
        def config(self) -> dict:
            """What Gradio sends to a browser; before anybody can ask for it, as it was made."""
            if not self.is_running:
                return self._config
            props = {
                block._id: _props(block, new)
                for first in self.firsts
                for block, new in first().items()
            }
            components = [
                {**each, "props": each["props"] | props[each["id"]]}
                if each["id"] in props
                else each
                for each in self._config["components"]
            ]
            return {**self._config, "components": components}

        @config.setter
        def config(self, config: dict) -> None:
            self._config = config


def _props(block: Block, new: Any) -> dict[str, Any]:
    """A component's new properties, as a browser takes them."""
    if not isinstance(new, dict):
        new = gr.update(value=new)
    props = {name: value for name, value in new.items() if name != "__type__"}
    if "value" in props:
        props["value"] = block.postprocess(props["value"])
    if "choices" in props:
        props["choices"] = [(each, each) for each in props["choices"]]
    return props
