"""Reading and writing, timed apart and repeatedly, as llama-bench does (tools/llama-bench).

Ids instead of a text, and whatever follows instead of a choice: no template, no sampling, no text and no
end token. Each repetition begins with an empty context; a warm-up before each test isn't counted.
"""

import random
import time
from collections.abc import Sequence

from compare.child.engine import PROGRESS_S, Emit, Engine, Pass
from compare.child.llama import EngineError, Model
from compare.child.sampler import check_numbers
from compare.child.work import Control, Work
from compare.protocol.events import Finished, Sample, Started, Testbed, Testing
from compare.protocol.requests import Measure


def measure(
    engine: Engine, request: Measure, taken_at: float, emit: Emit, control: Control
) -> None:
    """Times reading and writing in events, from Started to Finished. Raises EngineError."""
    if (longest := max(request.n_prompt, request.n_gen)) > engine.n_ctx:
        raise EngineError(
            f"The test has {longest:,} tokens; the context holds {engine.n_ctx:,}, all that this "
            "file was trained for.\nMeasure with fewer tokens."
        )
    engine.context.set_threads(request.threads)
    run = request.run
    emit(
        Started(
            run=run, at=taken_at, prompt_tokens=request.n_prompt, cached_tokens=0,
            threads=request.threads,
        )
    )  # fmt: skip
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    emit(Testbed(run=run, at=time.monotonic(), test_time=now, **engine.testbed()))
    _Bench(engine, request, taken_at, emit, control).run()


class _Bench(Work):
    """Both tests on their way through an engine."""

    def run(self) -> None:
        reason = self._test("pp", self.request.n_prompt) or self._test("tg", self.request.n_gen)
        self.emit(
            Finished(
                run=self.request.run, at=time.monotonic(), reason=reason or "stop",
                memory=self.engine.memory_now(),
            )
        )  # fmt: skip

    def _test(self, test: str, n: int) -> str | None:
        """All repetitions of a test. Returns why it was interrupted, if it was."""
        if not n:
            return None
        ids = _ids(self.model, n)
        self.test, self.total = test, n
        for repeat in range(self.request.repeats + 1):
            self.repeat = repeat
            self.context.clear()
            self.progress(time.monotonic(), 0)
            worked_before_s = time.process_time()
            if test == "pp":
                interrupted, began_at, ended_at = self.engine.evaluate(ids, self)
                self.engine.note_peak()
            else:
                interrupted, began_at, ended_at = self._write(ids if repeat else ids[:1])
            if interrupted:
                return interrupted
            check_numbers(self.context.logits().max())
            if repeat:
                sample = Sample(
                    run=self.request.run, at=ended_at, test=test, tokens=n,
                    eval_s=ended_at - began_at,
                    processor_s=time.process_time() - worked_before_s,
                )  # fmt: skip
                self.emit(sample)
        return None

    def _write(self, ids: Sequence[int]) -> Pass:
        """Token after token."""
        context = self.context
        interrupted = None
        began_at = told_at = now = time.monotonic()
        for done, token in enumerate(ids, start=1):
            if interrupted := self.interrupted():
                break
            self.hand_over()
            context.decode_one(token)
            context.synchronize()
            now = time.monotonic()
            if now - told_at >= PROGRESS_S:
                told_at = now
                self.progress(now, done)
        return Pass(interrupted, began_at, now)

    def progress(self, at: float, done: int) -> None:
        self.emit(
            Testing(
                run=self.request.run, at=at, test=self.test, repeat=self.repeat,
                repeats=self.request.repeats, done=done, total=self.total,
            )
        )  # fmt: skip


def _ids(model: Model, n: int) -> list[int]:
    """Tokens from all over the vocabulary, the same each time; first the one a text begins with."""
    any_token = random.Random(n)
    ids = [any_token.randrange(model.vocabulary) for _ in range(n)]
    if model.adds_bos:
        ids[0] = model.bos
    return ids
