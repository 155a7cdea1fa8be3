"""A page served in this process, for a browser."""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
from browser import free_port

from compare.ui.page import launch_settings


@contextmanager
def served(demo: gr.Blocks, **more) -> Iterator[str]:
    """Serves a page, with `more` for `launch`; gives its address."""
    port = free_port()
    # _frontend: whether the page answers is for the visitor to find out. Gradio would give it three seconds.
    demo.launch(
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        _frontend=False,
        **launch_settings(),
        **more,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        demo.close(verbose=False)
