"""One answer: what is asked becomes tokens, these are read, and others written until something ends it.

Knows how an answer ends and what is told of it; nothing of how a model is loaded, nor who asks.
"""

import time
from dataclasses import asdict
from typing import NamedTuple

import jinja2

from compare.child import llama
from compare.child.engine import Emit, Engine
from compare.child.llama import EngineError, Model, Sampler
from compare.child.textstream import TextStream
from compare.child.work import Control, Work
from compare.protocol.events import Delta, Finished, Prefill, Prefilled, Started
from compare.protocol.requests import Generate


def answer(
    engine: Engine, request: Generate, taken_at: float, emit: Emit, control: Control
) -> None:
    """Answers what is asked in events, from Started to Finished. Raises EngineError."""
    rendered = render(engine.model, request)
    prompt_tokens = len(rendered.tokens)
    room = engine.n_ctx - prompt_tokens
    if room < 1:
        raise EngineError(
            f"The prompt has {prompt_tokens:,} tokens; the context holds {engine.n_ctx:,}, "
            "the answer included.\nShorten the prompt or raise the context length."
        )
    notices = ()
    if request.max_tokens > room:
        notices = (
            f"Max tokens was lowered from {request.max_tokens:,} to {room:,}, "
            "all that the context has room for.",
        )
    engine.context.set_threads(request.threads)
    emit(
        Started(
            run=request.run,
            at=taken_at,
            prompt_tokens=prompt_tokens,
            cached_tokens=0,
            rendered_prompt=rendered.text,
            threads=request.threads,
            notices=notices,
        )
    )
    _Answer(engine, request, taken_at, emit, control, rendered).run(min(room, request.max_tokens))


class Rendered(NamedTuple):
    """What is asked as the model reads it, once as tokens and once as a text."""

    tokens: list[int]
    text: str
    stops: tuple[str, ...]
    """what ends the answer; the fallback template's own included, where that was used"""


def render(model: Model, request: Generate) -> Rendered:
    """The messages in the file's own template, or in the request's; with one token at their beginning.

    Raises EngineError.
    """
    messages = [asdict(message) for message in request.messages]
    template, stops = model.template, request.stop
    if template is None:
        template, stops = request.template, request.stop + request.template_stop
    bos = model.bos_text
    try:
        text = llama.render(template, messages, bos, model.eos_text)
    except (jinja2.TemplateError, ValueError, TypeError, OverflowError) as error:
        raise _template_error(error, request) from error
    begins = bool(bos) and text.startswith(bos)
    tokens = model.tokenize(text, add_special=not begins)
    if not begins and bos and model.adds_bos:
        text = bos + text
    if not tokens:
        raise EngineError(
            "The prompt has no tokens once its template is applied.\nWrite a longer prompt."
        )
    return Rendered(tokens, text, stops)


def _template_error(error: Exception, request: Generate) -> EngineError:
    said = (str(error) or type(error).__name__).rstrip(".")
    if any(message.role == "system" for message in request.messages):
        return EngineError(
            f"This model's prompt template refuses a system prompt ({said}).\n"
            "Empty the system prompt, or write it into the prompt itself."
        )
    return EngineError(
        f"This model's prompt template can't be applied ({said}).\n"
        "The file's template is broken; use another file of this model."
    )


class _Answer(Work):
    """A rendered prompt on its way through an engine."""

    def __init__(
        self, engine: Engine, request: Generate, taken_at: float, emit: Emit, control: Control,
        rendered: Rendered,
    ):  # fmt: skip
        super().__init__(engine, request, taken_at, emit, control)
        self.tokens = rendered.tokens
        self.text = TextStream(rendered.stops)
        self.prefilled, self.written = False, 0

    def run(self, max_tokens: int) -> None:
        self.context.clear()
        sampler = self._sampler()
        try:
            reason = self._read() or self._write(sampler, max_tokens)
        finally:
            sampler.close()
        prefill_tps, decode_tps = self.context.rates()
        self.emit(
            Finished(
                run=self.request.run,
                at=self.ended_at,
                reason=reason,
                text="" if self.text.stopped else self.text.finish(),
                # Without a prompt read to its end, or a second token, the counters hold no rate.
                engine_prefill_tps=prefill_tps if self.prefilled else None,
                engine_decode_tps=decode_tps if self.written > 1 else None,
                memory=self.engine.memory_now(),
            )
        )

    def _read(self) -> str | None:
        """The prompt. Returns why it was interrupted, if it was."""
        interrupted, began_at, self.ended_at = self.engine.evaluate(self.tokens, self)
        if interrupted:
            return interrupted
        self.prefilled = True
        at, tokens = self.ended_at, len(self.tokens)
        self.emit(Prefilled(run=self.request.run, at=at, tokens=tokens, eval_s=at - began_at))
        self.engine.note_peak()
        return None

    def progress(self, at: float, done: int) -> None:
        self.emit(Prefill(run=self.request.run, at=at, done=done, total=len(self.tokens)))

    def _write(self, sampler: Sampler, max_tokens: int) -> str:
        """Token after token, until something ends it; returns what did."""
        emit, run, text = self.emit, self.request.run, self.text
        sample, piece, decode_one = sampler.sample, self.model.piece, self.context.decode_one
        for n in range(1, max_tokens + 1):
            self.check_numbers()
            token = sample()
            self.ended_at = now = time.monotonic()
            data = piece(token)
            if data is None:
                return "stop"
            shown = text.push(data)
            self.written = n
            emit(Delta(run=run, at=now, text=shown))
            if text.stopped:
                return "stop"
            if n == max_tokens:
                return "length"
            if interrupted := self.interrupted():
                self.ended_at = time.monotonic()
                return interrupted
            self.hand_over()
            decode_one(token)
        raise AssertionError("max_tokens is at least 1")

    def _sampler(self) -> Sampler:
        request = self.request
        return Sampler(
            self.context, self.tokens, temperature=request.temperature, top_k=request.top_k,
            top_p=request.top_p, min_p=request.min_p, repeat_penalty=request.repeat_penalty,
            seed=request.seed,
        )  # fmt: skip
