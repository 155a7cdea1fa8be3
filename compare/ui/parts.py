"""Components and messages that several tabs have."""

import html

import gradio as gr

from compare.usage import UsageError


def refused(error: UsageError) -> gr.Error:
    """For the visitor and for the API's caller; raised, it leaves the page as it is."""
    return gr.Error(html.escape(str(error), quote=False), title="Not run", print_exception=False)
