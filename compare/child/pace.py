"""With how many of its threads an answer works: those that pay. Pure: reads no clock and no core.

llama.cpp's threads wait for each other at some hundred barriers a token. Where another program takes a core,
the thread put aside holds up all others, which spin meanwhile, so that fewer threads are then faster: beside
one busy process on two cores, one thread wrote two to three times what two wrote. So:

1. Look. Threads that wait spin, so a process gets the processor time of all its threads, unless somebody else
   took it: less is company. A core that idles is an invitation to take one more.
2. Try what the look suggests, for a few tokens, and keep what wrote faster. As long as nothing is seen,
   nothing is tried; what failed is tried again after ever longer.

A prompt's batches are too long to be tried out: there the look alone decides.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LOOK_S = 0.1
"""The shortest time that is judged: some thirty time slices of Linux's scheduler (3 ms)."""
READING_LOOK_S = 0.06
"""A short prompt takes no longer; what is seen in it counts from the first token on."""
TRIAL_S = 0.06
TRIAL_TOKENS = 2
MISSING = 0.35
"""Cores. A quiet machine gives all but 0.01 to 0.1; a busy process takes half a core or more."""
FREE = 0.6
"""Cores. Beside a busy process none is free, alone with one thread too few a whole one."""
BETTER = 1.05
"""More threads must write so much faster: they take a core from others."""
AGAIN_S = 0.4
LONGEST_S = 8.0
"""What failed is tried again after AGAIN_S, then twice that, at last so seldom."""
UNINVITED_S = 6.0
"""Where idle cores can't be seen, or others' count, one more is tried after so long, then ever later."""


@dataclass(slots=True)
class _Span:
    """What was done with the same threads in some time."""

    tokens: int = 0
    seconds: float = 0.0
    processor_s: float = 0.0

    @property
    def tps(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0

    @property
    def cores(self) -> float:
        return self.processor_s / self.seconds if self.seconds else 0.0

    def add(self, tokens: int, seconds: float, processor_s: float) -> None:
        self.tokens += tokens
        self.seconds += seconds
        self.processor_s += processor_s


@dataclass(slots=True)
class _Patience:
    """When something may be tried again."""

    first_s: float
    wait_s: float = 0.0
    not_before: float = 0.0

    def failed(self, now: float) -> None:
        self.wait_s = min(2 * self.wait_s or self.first_s, LONGEST_S)
        self.not_before = now + self.wait_s

    def renewed(self) -> None:
        self.wait_s = self.not_before = 0.0


class Pace:
    """The number of threads (`threads`) of one answer, from step to step; never more than `most`."""

    def __init__(self, most: int, idle_cores: Callable[[], float | None]):
        """`idle_cores`: how many cores idled since the last call; None where that isn't known."""
        self.most = self.threads = most
        self._idle_cores = idle_cores
        self._at: float | None = None
        self._processor_s = 0.0
        self._begin()
        self._fewer, self._more = _Patience(AGAIN_S), _Patience(AGAIN_S)
        self._uninvited = _Patience(UNINVITED_S)

    def grant(self, most: int) -> None:
        """From now on so many are its own: a hand-over."""
        self.threads = most if self.threads == self.most else min(self.threads, most)
        self.most = most
        self._begin()
        for patience in (self._fewer, self._more, self._uninvited):
            patience.renewed()

    def starts(self, now: float, processor_s: float) -> None:
        """The prompt has been read, and writing begins: rates of before say nothing of it."""
        self.read(now, processor_s)
        self._at = None
        self._begin()

    def read(self, now: float, processor_s: float) -> int:
        """Asked before each batch: returns the threads for it."""
        span = self._passed(0, now, processor_s)
        if span.seconds >= READING_LOOK_S:
            if self._has_company(span):
                self._go(self._given(span))
            elif (more := self._invited()) > self.threads:
                self._go(more)
            else:
                self._span = _Span()
        return self.threads

    def reading(self, part: float, now: float, processor_s: float) -> bool:
        """Asked within a batch of which `part` is done: whether it pays to begin it anew, with what `threads`
        are then. It does where less than half is done and two threads become one, or one two.
        """
        before = self.threads
        return part < 0.5 and self.read(now, processor_s) != before

    def wrote(self, now: float, processor_s: float) -> int:
        """Asked before each token is evaluated: returns the threads for it."""
        span = self._passed(1, now, processor_s)
        if self._trial is not None:
            self._judge(span, now)
        elif span.seconds >= LOOK_S:
            self._look(span, now)
        return self.threads

    def _begin(self) -> None:
        self._span = _Span()
        self._seen: deque[_Span] = deque(maxlen=4)
        """the newest spans with these threads, all with company or all without"""
        self._had_company = False
        self._trial: _Trial | None = None

    def _passed(self, tokens: int, now: float, processor_s: float) -> _Span:
        if self._at is not None:  # else nothing has been evaluated yet
            self._span.add(tokens, now - self._at, processor_s - self._processor_s)
        self._at, self._processor_s = now, processor_s
        return self._span

    def _go(self, threads: int) -> None:
        self.threads = threads
        self._begin()

    def _has_company(self, span: _Span) -> bool:
        return self.threads > 1 and self.threads - span.cores >= MISSING

    def _given(self, span: _Span) -> int:
        """As many threads as there are cores beside the company, at least one less.

        Of c cores that n threads and b others share evenly, n get n * c / (n + b); so c - b are free for us.
        """
        free = self.most + self.threads - self.most * self.threads / max(span.cores, 0.01)
        return max(1, min(self.threads - 1, round(free)))

    def _invited(self) -> int:
        """As many threads as there would be with the cores that idle."""
        if self.threads >= self.most:
            return self.threads
        idle = self._idle_cores() or 0.0
        return min(self.most, self.threads + int(idle + 1 - FREE))

    def _look(self, span: _Span, now: float) -> None:
        company = self._has_company(span)
        if company != self._had_company:
            self._seen.clear()
        self._had_company = company
        self._seen.append(span)
        self._span = _Span()
        if company:
            # Seen twice: a burst of a moment is over before a trial could tell anything.
            if len(self._seen) > 1 and now >= self._fewer.not_before:
                self._try(self._given(span), self._fewer)
            return
        self._fewer.renewed()
        if self.threads == self.most:
            return
        more = self._invited()
        if more > self.threads and now >= self._more.not_before:
            self._try(more, self._more)
        elif self._uninvited.not_before == 0.0:
            self._uninvited.failed(now)
        elif now >= self._uninvited.not_before:
            self._try(self.threads + 1, self._uninvited)

    def _try(self, threads: int, patience: _Patience) -> None:
        before = _Span()
        for span in self._seen:
            before.add(span.tokens, span.seconds, span.processor_s)
        self._span, self._trial = _Span(), _Trial(self.threads, before.tps, patience)
        self.threads = threads

    def _judge(self, span: _Span, now: float) -> None:
        trial = self._trial
        enough = span.tokens >= TRIAL_TOKENS and span.seconds >= TRIAL_S
        wanted_tps = trial.tps * (BETTER if self.threads > trial.before else 1.0)
        # Whatever came now, it could not make up for that.
        hopeless = span.tokens + 1 < wanted_tps * span.seconds and span.seconds >= TRIAL_S
        if span.tps > wanted_tps and enough:
            trial.patience.renewed()
            self._go(self.threads)
        elif enough or hopeless:
            trial.patience.failed(now)
            self.threads, self._trial = trial.before, None
            self._span = _Span()


@dataclass(frozen=True, slots=True)
class _Trial:
    """Another number of threads is being tried."""

    before: int
    """the number until now"""
    tps: float
    """what it wrote"""
    patience: _Patience
