"""One answer: what is asked becomes tokens, these are read, and others written until something ends it.

Knows how an answer ends and what is told of it; nothing of how a model is loaded, nor who asks.
"""

import time
from collections.abc import Sequence
from typing import Any

from compare.child.cores import IdleCores
from compare.child.count import room_of
from compare.child.engine import Emit, Engine
from compare.child.pace import Pace
from compare.child.prompt import NEXT_TURN, Prompt, prompt
from compare.child.sampler import Sampler
from compare.child.sandbox import Interrupted
from compare.child.textstream import TextStream
from compare.child.work import Control, Work
from compare.protocol.events import Delta, Finished, Paced, Prefill, Prefilled, Started
from compare.protocol.requests import Generate
from compare.thinking.apart import Part, Thinking, is_mark


def answer(
    engine: Engine, request: Generate, taken_at: float, emit: Emit, control: Control
) -> None:
    """Answers what is asked in events, from Started to Finished. Raises EngineError."""
    interrupted = Work(engine, request, taken_at, emit, control).interrupted
    try:
        asked = prompt(engine.model, request, interrupted)
    except Interrupted as end:
        emit(Finished(run=request.run, at=time.monotonic(), reason=end.reason))
        return
    prompt_tokens = len(asked.tokens)
    room = room_of(engine.model, prompt_tokens, engine.n_ctx, request.max_tokens)
    notices = asked.notices
    if request.max_tokens > room:
        notices += (
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
            rendered_prompt=asked.text,
            threads=request.threads,
            notices=notices,
        )
    )
    _Answer(engine, request, taken_at, emit, control, asked).run(min(room, request.max_tokens))


class _Answer(Work):
    """A rendered prompt on its way through an engine."""

    def __init__(
        self, engine: Engine, request: Generate, taken_at: float, emit: Emit, control: Control,
        asked: Prompt,
    ):  # fmt: skip
        super().__init__(engine, request, taken_at, emit, control)
        self.tokens, self.next_turn = asked.tokens, asked.next_turn
        self.stops = (*asked.stops, *self.next_turn.stops)
        letters = self.next_turn.letters.items()
        # A mark of thinking stays one, though the next turn may begin with it, too.
        self.unseen = {
            token: letter.encode()
            for token, letter in letters
            if not is_mark(self.model.own(token))
        }
        self.apart = Thinking(asked.text)
        self.text, self.thinking = self._stream(self.stops), self._stream()
        self.prefilled, self.written = False, 0
        # A GPU's work takes no cores, and waiting for it says nothing of them.
        self.threads = request.threads
        self.pace = None if engine.uses_gpu else Pace(request.threads, IdleCores())
        self.worked_before_s = time.process_time()

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
                **self._held_back(),
                stop_string=self.text.stopped if self.text.stopped in self.request.stop else None,
                # Without a prompt read to its end, or a second token, the counters hold no rate.
                engine_prefill_tps=prefill_tps if self.prefilled else None,
                engine_decode_tps=decode_tps if self.written > 1 else None,
                processor_s=time.process_time() - self.worked_before_s,
                memory=self.engine.memory_now(),
                notices=self._notices(),
            )
        )

    def _notices(self) -> tuple[str, ...]:
        went_on = self.next_turn.stops.get(self.text.stopped or "")
        return (NEXT_TURN.format(went_on),) if went_on else ()

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
        """Token after token, until something ends it; returns what did.

        A stop string ends the answer alone, not the thinking, which may well quote it: so do hosted services,
        and vLLM (pull request 14550).
        """
        emit, run, apart = self.emit, self.request.run, self.apart
        if self.pace is not None:
            self.pace.starts(time.monotonic(), time.process_time())
        sample, piece, own = sampler.sample, self.model.piece, self.model.own
        decode_one, unseen = self.context.decode_one, self.unseen
        for n in range(1, max_tokens + 1):
            token = sample()
            self.ended_at = now = time.monotonic()
            data, name = piece(token), own(token)
            if data is None and not apart.ends_message(name):
                return "stop"
            shows = (data or b"") + unseen.get(token, b"")
            texts = self._texts(apart.push(shows, name, now))
            self.written = n
            emit(Delta(run=run, at=now, **texts))
            if self.text.stopped:
                return "stop"
            if n == max_tokens:
                return "length"
            if interrupted := self.interrupted():
                self.ended_at = time.monotonic()
                return interrupted
            self.hand_over()
            decode_one(token)
        raise AssertionError("max_tokens is at least 1")

    def hand_over(self) -> int | None:
        """Goes on with as many threads as it may, and as pay."""
        granted = super().hand_over()
        if self.pace is None:
            return granted
        if granted is not None:
            self.pace.grant(granted)
            self.threads = granted
        step = self.pace.wrote if self.prefilled else self.pace.read
        if (n := step(time.monotonic(), time.process_time())) != self.threads:
            self.threads = n
            self.context.set_threads(n)
            self.emit(Paced(run=self.request.run, at=time.monotonic(), n=n))
        return granted

    def begins_anew(self, part: float) -> bool:
        if self.pace is None:
            return False
        return self.pace.reading(part, time.monotonic(), time.process_time())

    def _stream(self, stops: Sequence[str] = ()) -> TextStream:
        return TextStream(stops, "".join(self.next_turn.letters.values()))

    def _texts(self, part: Part) -> dict[str, Any]:
        """The values of an event by which a part is told."""
        recalled = ""
        if part.recalls:
            recalled, self.text = self.text.finish(), self._stream(self.stops)
        return {
            "text": self.text.push(part.answer) if part.answer else "",
            "thinking": recalled + self.thinking.push(part.thinking),
            "thinking_tokens": part.thinking_tokens,
            "answer_at": part.answer_at,
            "recalls": part.recalls,
        }

    def _held_back(self) -> dict[str, Any]:
        """What hasn't been told when it ends."""
        if self.text.stopped:
            return {}
        texts = self._texts(self.apart.finish())
        rest = "" if self.text.stopped else self.text.finish()
        return {**texts, "text": texts["text"] + rest}

    def _sampler(self) -> Sampler:
        request = self.request
        return Sampler(
            self.context, self.tokens, temperature=request.temperature, top_k=request.top_k,
            top_p=request.top_p, min_p=request.min_p, repeat_penalty=request.repeat_penalty,
            seed=request.seed,
        )  # fmt: skip
