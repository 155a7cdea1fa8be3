"""How a tab is heard and told in Gradio: its handlers as an event's function, and what every
`click`, `input` and `load` of ours is given.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import wraps
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any

import gradio as gr
from gradio.blocks import Block

from compare.ui.changes import Change, Changes
from compare.ui.parts import refused
from compare.ui.quiet import Told
from compare.usage import UsageError

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
ALWAYS_LAST = {"trigger_mode": "always_last"}
"""Over one of these: by default, what changes while an answer is on its way would be lost."""
KEEP_ADDRESS = {"fn": None, "js": "query => keepAddress(query)", **AT_ONCE}
"""With a field that holds a view's query as `inputs`: the page's address becomes a link to that view."""
KEEP_TYPED = {"fn": None, "js": "query => keepAddress(query, true)", **AT_ONCE}
"""The same while what is sought is typed, which is one step back together."""
COPY_LINK = {"fn": None, "js": "query => copyText(addressOf(query))", **AT_ONCE}
"""With such a field: that link into the clipboard."""
COPY_TEXT = {"fn": None, "js": "text => copyText(text)", **AT_ONCE}
"""With a field as `inputs`: what it holds into the clipboard."""


@dataclass(frozen=True)
class Wiring:
    """Handlers that tell Changes as functions for Gradio, which knows the parts they name as components."""

    parts: Mapping[str, Block]

    def components(self, *names: str) -> list[Block]:
        return [self.parts[name] for name in names]

    def __call__(self, handler: Callable) -> Callable:
        """A handler as an event's function: an ordinary one, or a generator, or an asynchronous one."""
        if isasyncgenfunction(handler):
            return self._meanwhile(handler)
        return self._throughout(handler) if isgeneratorfunction(handler) else self._once(handler)

    def _once(self, handler: Callable) -> Callable:
        @wraps(handler)
        def once(*args, **values) -> Any:
            return self.told(handler(*args, **values))

        return once

    def _throughout(self, handler: Callable) -> Callable:
        @wraps(handler)
        def throughout(*args, **values) -> Iterator[Any]:
            changes = None
            try:
                with closing(handler(*args, **values)) as going:
                    for changes in going:
                        yield self.told(changes)
            except UsageError as error:
                raise refused(error) from error
            if changes is None:
                yield gr.skip()  # or Gradio would empty whatever it might have told of

        return throughout

    def _meanwhile(self, handler: Callable) -> Callable:
        @wraps(handler)
        async def meanwhile(*args, **values) -> AsyncIterator[Any]:
            changes = None
            async with aclosing(handler(*args, **values)) as going:
                async for changes in going:
                    yield self.told(changes)
            if changes is None:
                yield gr.skip()  # as above

        return meanwhile

    def told(self, changes: Changes) -> Any:
        """Changes as Gradio takes them."""
        if not changes:
            return gr.skip()
        return Told(
            {
                self.parts[name]: gr.update(**vars(new)) if isinstance(new, Change) else new
                for name, new in changes.items()
            }
        )
