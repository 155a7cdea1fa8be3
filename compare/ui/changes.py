"""What a handler says has changed on its tab: parts by their names, and no component of Gradio.

Which component a name stands for, and how Gradio is told, is wiring.py's.
"""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any


class Change(SimpleNamespace):
    """More of a part than its value: visible, choices, interactive, label, open.

    Without `value` it keeps its own.
    """


Changes = dict[str, Any]
"""The name of a part to its new value, or to a Change; what isn't named stays as it is."""


def valued(changes: Changes, names: Iterable[str]) -> Changes:
    """Of the parts named, those that have a new value, and that."""
    new = {name: changes[name] for name in names if name in changes}
    told = {n: each if isinstance(each, Change) else Change(value=each) for n, each in new.items()}
    return {name: each.value for name, each in told.items() if hasattr(each, "value")}
