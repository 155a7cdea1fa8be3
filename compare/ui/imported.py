"""Imports Gradio in half of the time, and whatever proxies there are: before anything else of the page.

As it defines its components, Gradio parses its own source to write type stubs beside it, which takes two
seconds and helps only an editor. A class whose file can't be told is left out.
"""

import inspect
import os
import sys
from contextlib import contextmanager

from compare import proxies

for sentence in proxies.settle():
    print(sentence, file=sys.stderr)
for name in ("GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH", "GRADIO_SERVER_PORT"):
    # Gradio takes an empty one for an address, stops at a path without its slash, and PORT is ours.
    value = os.environ.pop(name, "").strip()
    if value and name != "GRADIO_SERVER_PORT":
        is_path = name == "GRADIO_ROOT_PATH" and not value.startswith(("/", "http"))
        os.environ[name] = f"/{value}" if is_path else value

_getfile = inspect.getfile


def _unless_of_gradio(thing):
    if isinstance(thing, type) and thing.__module__.startswith("gradio."):
        raise OSError("no stubs are needed")
    return _getfile(thing)


@contextmanager
def without_stubs():
    """For what makes a class of Gradio's, which a class made from gr.Blocks does as well."""
    inspect.getfile = _unless_of_gradio
    try:
        yield
    finally:
        inspect.getfile = _getfile


with without_stubs():
    import gradio

__all__ = ["gradio", "without_stubs"]
