"""Gradio's page, filled in as it is sent: what a visitor's own session would say first, without waiting
for it; and what is asked of it checked before Gradio takes it. Knows no tab.

Gradio sends what its components were made with, and an event fills them in half a second later; until then
the page would announce other models than it runs, and then move.
"""

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
from gradio.blocks import Block

from compare.asked.owner import Owner
from compare.ui.imported import without_stubs
from compare.ui.parts import refused
from compare.ui.values import checked, in_plain_words
from compare.usage import UsageError
from compare.web.calls import UNFORESEEN

First = Callable[[], Mapping[Block, Any]]
"""Gives components and what each begins with: a value, or gr.update with more, choices as plain texts."""

with without_stubs():

    class Filled(gr.Blocks):
        """gr.Blocks whose page comes as `firsts` fill it in, anew for each visitor."""

        def __init__(self, *args, owner: Owner | None = None, **settings):
            self.firsts: list[First] = []
            self.owner = owner or Owner()
            super().__init__(*args, **settings)

        async def process_api(
            self, block_fn, inputs, *args, iterator=None, **more
        ) -> dict[str, Any]:
            """Calls a function of the page. What can't be done is told in a sentence of ours."""
            try:
                if iterator is None:
                    inputs = checked(block_fn, inputs, self.owner.max_prompt_chars)
                return await super().process_api(block_fn, inputs, *args, iterator=iterator, **more)
            except UsageError as error:
                raise refused(error) from error
            except gr.Error as error:
                error.message, error.print_exception = in_plain_words(error.message), False
                raise
            except Exception as error:
                traceback.print_exc()
                raise gr.Error(UNFORESEEN, print_exception=False) from error

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
