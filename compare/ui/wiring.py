"""How a component's event behaves in Gradio: what every `click`, `input` and `load` of ours is given."""

_QUIET = {
    "show_progress": "hidden",
    # Nowhere, or Gradio tells every component on the page of each step of every event: a fifth of a core.
    "show_progress_on": [],
    "api_visibility": "private",
}
QUEUED = {**_QUIET, "concurrency_limit": None}
"""For what takes its time or yields; nobody waits for another visitor."""
AT_ONCE = {**_QUIET, "queue": False}
"""For what is answered in milliseconds, past Gradio's queue."""
PLAIN = {"preprocess": False, "postprocess": False}
"""Over one of these: values are handed over as they are, each without a thread of its own."""
PUBLIC = {"api_visibility": "public"}
"""Over one of these: it can be called from outside, too."""
