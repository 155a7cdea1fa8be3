"""One model's answer so far, folded from its events. All arithmetic of tokens and seconds stands here.

Pure: reads no clock, knows no process, no page. What its figures mean says Measures.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from compare.memory.predict import Prediction
from compare.protocol.events import (
    Chunk,
    Counted,
    Delta,
    Downloading,
    Event,
    Failed,
    Fetched,
    Finished,
    Loaded,
    Loading,
    Memory,
    Paced,
    Predicted,
    Prefill,
    Prefilled,
    Queued,
    Reached,
    Sample,
    Started,
    Stopping,
    Testbed,
    Testing,
    Threads,
    Written,
)
from compare.run.company import Span
from compare.run.marks import Mark, marked, tps_now
from compare.run.measures import SEEN, SERVER, Measures, Timings

ENDED = frozenset({"finished", "cancelled", "failed"})


@dataclass(frozen=True, slots=True)
class Response:
    """One column. Times in seconds, `_at` on the monotonic clock; None is unknown."""

    state: str = "waiting"
    """waiting, queued, downloading, loading, loaded, reading, writing, finished, cancelled, failed"""
    stage: str = "waiting"
    """the last state before it ended: what failed or was stopped"""
    stopping: bool = False
    place: int = 0
    turn_by: float | None = None
    """when its turn in the line comes at the latest"""
    after_column: str | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None
    bytes_per_s: float | None = None
    download_waits: bool = False
    """for another process that fetches the same file"""
    file_bytes: int | None = None
    idle_s: float | None = None
    """how long nobody had used it, so that it was unloaded"""
    load_s: float | None = None
    n_ctx: int | None = None
    memory: Memory = field(default_factory=Memory)
    prediction: Prediction | None = None
    rendered_prompt: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    server: Reached | None = None
    """that of another machine, where one answers"""
    counted: Counted | None = None
    """what it told last"""
    prefill_done: int = 0
    reading_began: Mark | None = None
    """the first and the last report of a prompt that is being read"""
    reading_came: Mark | None = None
    prefill_eval_s: float | None = None
    evaluated_tokens: int | None = None
    testbed: Testbed | None = None
    testing: Testing | None = None
    """how far a bench is"""
    pp: Timings | None = None
    tg: Timings | None = None
    """a bench's tests, by llama-bench's names: reading a prompt, writing"""
    text: str = ""
    """the answer alone"""
    thinking: str = ""
    """what the model thought before it"""
    thinking_tokens: int = 0
    output_tokens: int = 0
    """all, those of the thinking and of its marks too"""
    marks: tuple[Mark, ...] = ()
    """of the answer's last second, one in MARK_S, however fast it comes; the first is older"""
    finish_reason: str | None = None
    stop_string: str | None = None
    """which of those asked for it was that ended it"""
    engine_prefill_tps: float | None = None
    engine_decode_tps: float | None = None
    threads: tuple[int, int] | None = None
    granted: tuple[Mark, ...] = ()
    """since when it may work with how many threads"""
    processor_s: float | None = None
    notices: tuple[str, ...] = ()
    error: str | None = None
    log: tuple[str, ...] = ()
    shared_with: int | None = None
    shared_s: float | None = None
    loading_at: float | None = None
    loaded_at: float | None = None
    started_at: float | None = None
    first_token_at: float | None = None
    first_answer_at: float | None = None
    last_token_at: float | None = None
    ended_at: float | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def measures(self) -> Measures:
        """Its figures so far. Before its request is taken up it has no output, rather than none."""
        return Measures(
            prompt_tokens=self.prompt_tokens, cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens if self.counts_tokens else None,
            thinking_tokens=self.thinking_tokens if self.counts_thinking else None,
            load_s=self.load_s, ttft_s=self.ttft_s, first_answer_s=self.first_answer_s,
            prefill_tps=self.prefill_tps,
            decode_tps=self.decode_tps, engine_prefill_tps=self.engine_prefill_tps,
            engine_decode_tps=self.engine_decode_tps, rates_by=self.rates_by, total_s=self.total_s,
            shared_with=self.shared_with, shared_s=self.shared_s, threads=self.threads,
            cores_used=self.cores_used, cores_granted=self.cores_granted, memory=self.memory,
        )  # fmt: skip

    @property
    def counts_tokens(self) -> bool:
        """Whether its output tokens are known: of a server's answer, once the server tells them."""
        if self.server is None:
            return self.started_at is not None
        return self.counted is not None and self.counted.output_tokens is not None

    @property
    def counts_thinking(self) -> bool:
        """The same of those of its thinking; where nothing shows that it thought, there are none."""
        if self.server is None or self.started_at is None:
            return self.started_at is not None
        told = self.counted and self.counted.thinking_tokens
        return told is not None or not self.thinking

    @property
    def rates_by(self) -> str | None:
        """Who tells how fast it was; see Measures."""
        if self.server is None:
            return None
        return SEEN if self.engine_decode_tps is None else SERVER

    @property
    def cores_used(self) -> float | None:
        return self.processor_s / self.total_s if self.processor_s and self.total_s else None

    @property
    def cores_granted(self) -> float | None:
        """None until it has ended."""
        if not self.granted or not self.total_s:
            return None
        ends = [at for at, _ in self.granted[1:]] + [self.ended_at]
        thread_s = sum(n * (end - at) for (at, n), end in zip(self.granted, ends, strict=True))
        return thread_s / self.total_s

    @property
    def ttft_s(self) -> float | None:
        return _between(self.started_at, self.first_token_at)

    @property
    def first_answer_s(self) -> float | None:
        return _between(self.started_at, self.first_answer_at)

    @property
    def total_s(self) -> float | None:
        return _between(self.started_at, self.ended_at)

    @property
    def prefill_tps(self) -> float | None:
        if self.server is not None:
            return self.engine_prefill_tps
        if not self.evaluated_tokens or not self.prefill_eval_s:
            return None
        return self.evaluated_tokens / self.prefill_eval_s

    @property
    def decode_tps(self) -> float | None:
        """A server's own, where it tells one: what comes from it may come in heaps."""
        return self.engine_decode_tps if self.rates_by == SERVER else self.seen_decode_tps

    @property
    def seen_decode_tps(self) -> float | None:
        seconds = _between(self.first_token_at, self.last_token_at)
        if self.output_tokens < 2 or not seconds:
            return None
        return (self.output_tokens - 1) / seconds

    def decode_tps_now(self, now: float) -> float | None:
        """Output tokens a second in the last second; None before so much has been written."""
        if self.state != "writing":
            return None
        return tps_now(self.marks, self.output_tokens, self.last_token_at, now)

    @property
    def reading_tps(self) -> float | None:
        """Prompt tokens read a second so far."""
        if self.state != "reading" or self.reading_began is None:
            return None
        (began_at, before), (at, done) = self.reading_began, self.reading_came
        return (done - before) / (at - began_at) if done > before and at > began_at else None

    def reading_left_s(self, now: float) -> float | None:
        """How long the rest of the prompt will take at the rate so far."""
        if self.reading_tps is None:
            return None
        at, done = self.reading_came
        return max(0.0, ((self.prompt_tokens or 0) - done) / self.reading_tps - (now - at))

    def span(self, now: float) -> Span:
        """When it was active; what has no end yet ends `now`."""
        active = []
        if self.loading_at is not None:
            active.append((self.loading_at, _first(self.loaded_at, self.ended_at, now)))
        answer = None
        if self.started_at is not None:
            answer = (self.started_at, _first(self.ended_at, now))
            active.append(answer)
        return Span(tuple(active), answer)

    def after(self, event: Event) -> "Response":
        """The response once `event` has happened. What comes after the end changes nothing."""
        if self.ended:
            return self
        match event:
            case Queued() | Downloading() | Fetched() | Predicted() | Loading() | Loaded():
                return self._on_its_way(event)
            case Started() | Prefill() | Prefilled() | Delta() | Threads() | Paced():
                return self._answering(event)
            case Reached() | Chunk() | Counted():
                return self._served(event)
            case Testbed() | Testing() | Sample():
                return self._benched(event)
            case Stopping():
                return replace(self, stopping=True)
            case Finished():
                return self._finished(event)
            case Failed(at=at, message=message, log=log, void=void):
                failed = replace(self, state="failed", error=message, log=log, ended_at=at)
                return failed._without_figures() if void else failed
        return self

    def _on_its_way(self, event: Event) -> "Response":
        """Until the model is loaded."""
        match event:
            case Queued(at=at, place=place, wait_s=wait_s, after=after):
                turn_by = None if wait_s is None else at + wait_s
                return self._at_stage("queued", place=place, turn_by=turn_by, after_column=after)
            case Downloading():
                return self._at_stage(
                    "downloading", done_bytes=event.done_bytes, total_bytes=event.total_bytes,
                    bytes_per_s=event.bytes_per_s, download_waits=event.waits,
                )  # fmt: skip
            case Fetched(file_bytes=size):
                return self._at_stage("waiting", file_bytes=size)
            case Predicted(prediction=prediction):
                memory = Memory(kind=prediction.kind, predicted_bytes=prediction.allocated_bytes)
                return replace(self, prediction=prediction, memory=memory)
            case Loading(at=at, file_bytes=size, idle_s=idle_s):
                return self._at_stage("loading", loading_at=at, file_bytes=size, idle_s=idle_s)
            case Loaded():
                return self._at_stage(
                    "loaded", loaded_at=event.at, load_s=event.load_s, n_ctx=event.n_ctx,
                    memory=self._predicted(event.memory), notices=self.notices + event.notices,
                )  # fmt: skip
        return self

    def _answering(self, event: Event) -> "Response":
        match event:
            case Started():
                return self._at_stage(
                    "reading", started_at=event.at, prompt_tokens=event.prompt_tokens,
                    cached_tokens=event.cached_tokens, rendered_prompt=event.rendered_prompt,
                    threads=event.threads and (event.threads, event.threads),
                    granted=((event.at, event.threads),) if event.threads else (),
                    notices=self.notices + event.notices,
                )  # fmt: skip
            case Prefill(at=at, done=done):
                began, came = self.reading_began or (at, done), (at, done)
                return replace(self, prefill_done=done, reading_began=began, reading_came=came)
            case Prefilled(tokens=tokens, eval_s=eval_s):
                return replace(
                    self, prefill_done=tokens, evaluated_tokens=tokens, prefill_eval_s=eval_s
                )
            case Delta(at=at):
                return self._at_stage(
                    "writing", **self._texts(event), output_tokens=self.output_tokens + 1,
                    first_token_at=_first(self.first_token_at, at), last_token_at=at,
                    marks=marked(self.marks, at, self.output_tokens + 1),
                )  # fmt: skip
            case Threads(at=at, n=n) if self.threads:
                granted = (*self.granted, (at, n))
                return replace(self, threads=_widened(self.threads, n), granted=granted)
            case Paced(n=n) if self.threads:
                return replace(self, threads=_widened(self.threads, n))
        return self

    def _served(self, event: Event) -> "Response":
        """By a server of another machine, which counts for itself."""
        match event:
            case Reached():
                return replace(self, server=event)
            case Chunk(at=at):
                return self._at_stage(
                    "writing", **self._texts(event),
                    first_token_at=_first(self.first_token_at, at), last_token_at=at,
                )  # fmt: skip
            case Counted(at=at):
                written = _first(event.output_tokens, self.output_tokens)
                is_writing = written > 0 and self.first_token_at is not None
                return replace(
                    self, counted=event, output_tokens=written, prompt_tokens=event.prompt_tokens,
                    cached_tokens=event.cached_tokens, load_s=event.load_s,
                    thinking_tokens=_first(event.thinking_tokens, 0),
                    engine_prefill_tps=event.prefill_tps, engine_decode_tps=event.decode_tps,
                    marks=marked(self.marks, at, written) if is_writing else self.marks,
                )  # fmt: skip
        return self

    def _benched(self, event: Event) -> "Response":
        match event:
            case Testbed():
                return replace(self, testbed=event)
            case Testing(test=test):
                return self._at_stage("reading" if test == "pp" else "writing", testing=event)
            case Sample(test=test, tokens=tokens):
                earlier = getattr(self, test) or Timings(tokens, ())
                samples_s = (*earlier.samples_s, event.eval_s)
                processor_s = earlier.processor_s + event.processor_s
                return replace(self, **{test: Timings(tokens, samples_s, processor_s)})
        return self

    def _texts(self, written: Written) -> dict[str, Any]:
        """What changes by the texts that have become certain."""
        text, answer_at = self.text, self.first_answer_at
        thinking = self.thinking + written.thinking
        if written.recalls:
            thinking, text, answer_at = f"{text}{written.thinking}".strip(), "", None
        return {
            "text": text + written.text,
            "thinking": thinking,
            "thinking_tokens": self.thinking_tokens + written.thinking_tokens,
            "first_answer_at": _first(answer_at, written.answer_at),
        }

    def _finished(self, event: Finished) -> "Response":
        return replace(
            self, state="cancelled" if event.reason == "cancelled" else "finished",
            **self._texts(event), stop_string=event.stop_string,
            finish_reason=event.reason, ended_at=event.at,
            engine_prefill_tps=_first(event.engine_prefill_tps, self.engine_prefill_tps),
            engine_decode_tps=_first(event.engine_decode_tps, self.engine_decode_tps),
            processor_s=event.processor_s,
            memory=self._predicted(event.memory) if event.memory else self.memory,
            notices=self.notices + event.notices,
        )  # fmt: skip

    def _without_figures(self) -> "Response":
        """Where what was computed was wrong, how fast it came says nothing of the model."""
        return replace(
            self, first_token_at=None, last_token_at=None, marks=(), prefill_eval_s=None, pp=None, tg=None
        )  # fmt: skip

    def _predicted(self, memory: Memory) -> Memory:
        """The child's account, beside what was predicted before."""
        return replace(memory, predicted_bytes=self.memory.predicted_bytes)

    def _at_stage(self, state: str, **changes) -> "Response":
        return replace(self, state=state, stage=state, **changes)


def _widened(range_: tuple[int, int], n: int) -> tuple[int, int]:
    return min(range_[0], n), max(range_[1], n)


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
