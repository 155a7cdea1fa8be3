"""What fields hold as it comes from outside: texts, numbers, choices, none of them too long.

The page sends what its fields hold; a program sends anything.
"""

import html
import re
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block

from compare.asked.owner import LINE_CHARS
from compare.usage import UsageError

PROMPTS = ("prompt", "system")
"""The fields whose length the owner limits, by their ids on the page."""
FORM = "kept"
"""What holds all fields of the form, as JSON (kept.js)."""
MAX_CHOICES = 500
MOST = 2**63
"""No field takes a whole number so large, and what Gradio sends with can't write it."""
_NO_CHOICE = re.compile(r"Value: (.*?)(?: \(type: .*?\))? is not in the list of choices", re.DOTALL)
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    type(None): "missing",
}


def checked(fn: BlockFunction, values: Sequence[Any], max_prompt_chars: int) -> list[Any]:
    """The values as the fields of a function would hold them: an empty text is one, not none.

    Raises UsageError where they can't hold such.
    """
    if len(values) != len(fn.inputs):
        raise UsageError(
            f"{fn.api_name} takes {len(fn.inputs)} values, and {len(values)} came. "
            "They are described in /gradio_api/info."
        )
    return [
        _checked(block, value, _most_chars(block, max_prompt_chars))
        for block, value in zip(fn.inputs, values, strict=True)
    ]


def _most_chars(block: Block, max_prompt_chars: int) -> int:
    if block.elem_id == FORM:  # a line break or a quotation mark is two letters there
        return 2 * 2 * max_prompt_chars + 20 * LINE_CHARS
    return max_prompt_chars if block.elem_id in PROMPTS else LINE_CHARS


def in_plain_words(message: str) -> str:
    """What Gradio says of a value, without Python's types."""
    found = _NO_CHOICE.match(message)
    if found is None:
        return message
    value = html.escape(found[1][:60], quote=False)
    return f"“{value}” can't be chosen in its field. Choose another."


def _checked(block: Block, value: Any, most_chars: int) -> Any:
    name = getattr(block, "label", None) or "A field that is not for you"
    if isinstance(block, gr.State):
        if value is not None:
            raise UsageError("The page's state is kept by the server. Send null in its place.")
        return None
    if getattr(block, "multiselect", None):
        if not isinstance(value, list | None):
            raise UsageError(f"{name} is {_kind(value)}. It must be a list of texts.")
        return _all_checked(name, value or [], most_chars)
    if isinstance(value, list) and isinstance(block, gr.Dropdown):
        return _all_checked(name, value, most_chars)
    _check(name, value, most_chars)
    if isinstance(block, gr.Textbox):
        return "" if value is None else str(value)
    return value


def _all_checked(name: str, values: list[Any], most_chars: int) -> list[Any]:
    if len(values) > MAX_CHOICES:
        raise UsageError(f"{name} has {len(values):,} choices; the most is {MAX_CHOICES}.")
    for each in values:
        _check(name, each, most_chars)
    return values


def _check(name: str, value: Any, most_chars: int) -> None:
    if isinstance(value, dict | list):
        raise UsageError(f"{name} is {_kind(value)}. It must be a text or a number.")
    if isinstance(value, str) and len(value) > most_chars:
        raise UsageError(
            f"{name} has {len(value):,} characters; this host takes at most {most_chars:,}. Shorten it."
        )
    if type(value) is int and abs(value) >= MOST:
        raise UsageError(f"{name} is a number that is too large. Choose a smaller one.")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
