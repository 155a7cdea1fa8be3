"""What a handler says has changed on its tab: parts by their names, and no component of Gradio.

Which component a name stands for, and how Gradio is told, is wiring.py's.
"""

from types import SimpleNamespace
from typing import Any


class Change(SimpleNamespace):
    """More of a part than its value: visible, choices, interactive, label, open.

    Without `value` it keeps its own.
    """


Changes = dict[str, Any]
"""The name of a part to its new value, or to a Change; what isn't named stays as it is."""
