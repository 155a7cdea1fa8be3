"""Imports Gradio in half of the time, and whatever proxies there are: before anything else of the page.

As it defines its components, Gradio parses its own source to write type stubs beside it, which takes two
seconds and helps only an editor. A class whose file can't be told is left out.
"""

import inspect
import os
import sys

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


inspect.getfile = _unless_of_gradio
try:
    import gradio
finally:
    inspect.getfile = _getfile

__all__ = ["gradio"]
