"""What a handler says has changed on its tab: parts by their names, and no component of Gradio.

Which component a name stands for, and how Gradio is told, is wiring.py's.
"""

from types import SimpleNamespace
from typing import Any


class Change(SimpleNamespace):
    """More of a part than its value: visible, choices, interactive, label, open.

    Without `value` it keeps its own.
    """


def valued(changes: dict[str, Any]) -> dict[str, Any]:
    """The parts that have a new value, and that."""
    told = {
        n: new.__dict__ if isinstance(new, Change) else {"value": new} for n, new in changes.items()
    }
    return {name: new["value"] for name, new in told.items() if "value" in new}


Changes = dict[str, Any]
"""The name of a part to its new value, or to a Change; what isn't named stays as it is."""
