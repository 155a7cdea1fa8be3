"""The figures of an answer and of a bench: counts, seconds, rates, bytes. None is unknown.

Values only: a Response makes them of its events, a recording is read into them.
"""

import statistics
from dataclasses import dataclass, field

from compare.protocol.events import Memory

SERVER, SEEN = "server", "seen from here"
"""Who tells the rates of an answer from another machine: its server, or else what came when here, network
inside."""
ENOUGH = 0.9
"""Of the cores that were its own; a quiet machine gives 0.97 and more."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One answer's figures, by the names they have in a document."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    """of the prompt, those that were not evaluated anew"""
    output_tokens: int | None = None
    """all, those of the thinking too"""
    thinking_tokens: int | None = None
    """of them, what the model thought before its answer"""
    load_s: float | None = None
    """None also where the model was loaded already"""
    ttft_s: float | None = None
    """from the request taken up to the first output token"""
    first_answer_s: float | None = None
    """from there to the first token of the answer itself; None where none came, as after a thought that was
    cut off"""
    prefill_tps: float | None = None
    """evaluated prompt tokens over the engine's time for them"""
    decode_tps: float | None = None
    """(output tokens - 1) / (last token - first token): the first one belongs to the prefill"""
    engine_prefill_tps: float | None = None
    engine_decode_tps: float | None = None
    """the engine's own figures: llama.cpp's, or what a server told"""
    rates_by: str | None = None
    """SERVER or SEEN for an answer from another machine, None for one of this"""
    total_s: float | None = None
    """from the request taken up to its end; downloading, loading and waiting are outside"""
    shared_with: int | None = None
    """the most other columns that were active meanwhile"""
    shared_s: float | None = None
    """for how long there was any"""
    threads: tuple[int, int] | None = None
    """fewest and most it worked with while it answered"""
    cores_used: float | None = None
    """processor seconds of its threads by the answer's seconds: what the system really gave"""
    cores_granted: float | None = None
    """threads that were its own, a mean over the answer; used less, others had the cores"""
    memory: Memory = field(default_factory=Memory)

    @property
    def short_of_cores(self) -> bool:
        """Whether others had so much of its cores that its speed isn't the machine's; never on a GPU."""
        return short_of_cores(self.cores_used, self.cores_granted, self.memory)

    @property
    def has_thought(self) -> bool:
        """Whether it thought before its answer; a server may not count that (then it is None)."""
        return bool(self.thinking_tokens) or (
            self.rates_by is not None and self.thinking_tokens is None
        )

    @property
    def thought_s(self) -> float | None:
        """From the first output token to the answer's first, or to the end of what was cut off before."""
        end = self.total_s if self.first_answer_s is None else self.first_answer_s
        return None if end is None or self.ttft_s is None else end - self.ttft_s

    @property
    def thought_is_cut(self) -> bool:
        """Whether what has ended was thinking to its end."""
        return self.has_thought and self.first_answer_s is None


def short_of_cores(used: float | None, granted: float | None, memory: Memory) -> bool:
    """Whether others had a part of the `granted` cores; where a GPU computes, they only wait for it."""
    if used is None or granted is None or memory.kind == "vram":
        return False
    return used < ENOUGH * granted


@dataclass(frozen=True, slots=True)
class Timings:
    """The repetitions of one test of a bench: each time the same number of tokens."""

    tokens: int
    samples_s: tuple[float, ...]
    processor_s: float = 0.0
    """of all threads in all repetitions"""

    @property
    def cores_used(self) -> float:
        return self.processor_s / sum(self.samples_s)

    @property
    def samples_tps(self) -> tuple[float, ...]:
        return tuple(self.tokens / s for s in self.samples_s)

    @property
    def avg_s(self) -> float:
        return statistics.fmean(self.samples_s)

    @property
    def stddev_s(self) -> float:
        return _deviation(self.samples_s)

    @property
    def avg_tps(self) -> float:
        """The mean of the rates, as llama-bench has it; not the tokens over the mean time."""
        return statistics.fmean(self.samples_tps)

    @property
    def stddev_tps(self) -> float:
        return _deviation(self.samples_tps)


def _deviation(samples: tuple[float, ...]) -> float:
    """Of a sample (n - 1); 0 for a single one, as llama-bench has it."""
    return statistics.stdev(samples) if len(samples) > 1 else 0.0
