"""How many tokens a prompt has, and whether it fits, by a file's vocabulary and template alone.

Knows nothing of answers; nothing is computed for it.
"""

import os
import time

from compare.child.engine import check_fit, check_readable, context_length
from compare.child.llama import EngineError, Log, Model
from compare.child.prompt import prompt
from compare.protocol.events import Tokenized
from compare.protocol.requests import Count

KEPT = 4
"""so many vocabularies stay open, those asked for last: as many as there are columns"""


class Vocabularies:
    """Opened files, of which no weights are read. A file that has changed is opened anew."""

    def __init__(self, log: Log):
        self._log = log
        self._open: dict[tuple, Model] = {}

    def of(self, path: str) -> Model:
        """Raises EngineError."""
        check_readable(path)
        stat = os.stat(path)
        file = path, stat.st_size, stat.st_mtime_ns
        model = self._open.pop(file, None)
        if model is None:
            self._log.clear()
            model = Model(path, self._log, gpu_layers=0, weights=False)
        self._open[file] = model
        if len(self._open) > KEPT:
            self._open.pop(next(iter(self._open))).close()
        check_fit(model)
        return model


def count(request: Count, vocabularies: Vocabularies) -> Tokenized:
    """Raises EngineError, as answering would."""
    model = vocabularies.of(request.path)
    asked, n_ctx = prompt(model, request), context_length(model, request)
    room = room_of(model, len(asked.tokens), n_ctx, request.max_tokens)
    return Tokenized(
        run=request.run,
        at=time.monotonic(),
        prompt_tokens=len(asked.tokens),
        lowered_to=room if request.max_tokens > room else None,
        unswitched=asked.unswitched,
    )


def room_of(model: Model, prompt_tokens: int, n_ctx: int, max_tokens: int) -> int:
    """How many tokens the context has left for an answer. Raises EngineError where that is none."""
    room = n_ctx - prompt_tokens
    if room < 1:
        raise EngineError(
            f"The prompt has {prompt_tokens:,} tokens; the context holds {n_ctx:,}, "
            f"the answer included.\n{_advice(model.trained_for, prompt_tokens, max_tokens)}"
        )
    return room


def _advice(trained_for: int, prompt_tokens: int, max_tokens: int) -> str:
    """What to do about a prompt that has no room, as far as the model's training goes."""
    whole = prompt_tokens + max_tokens
    if 0 < trained_for <= prompt_tokens:
        return f"Shorten the prompt: this model was trained for {trained_for:,} tokens."
    enough = min(whole, trained_for) if trained_for > 0 else whole
    return (
        f"Shorten the prompt, or raise the context length to {enough:,}, "
        f"which leaves {enough - prompt_tokens:,} for the answer."
    )
