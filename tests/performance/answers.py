"""Measurements of models: through the command line, through a process, through a Machine."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from compare.asked.comparison import comparison
from compare.protocol.requests import Generate, Load
from compare.run.machine import Machine
from compare.run.process import ChildProcess
from compare.run.response import Response
from performance.report import AT_MOST, WITHIN, Line, Measurement, Sample
from performance.stage import (
    SEED,
    STORY,
    Stage,
    TimedOut,
    ask,
    bare,
    finished,
    told,
    until,
)  # fmt: skip

GIVEN_UP_S = 120.0
WITHIN_ONE = Path(__file__).with_name("within.py")
OUTPUTS = {"smollm2-endless": 200, "tinyllama-shape": 64, "gemma-3-270m-q4_k_m": 64}
"""Output tokens by a file's stem where several models answer one prompt"""


def answered(stage: Stage) -> Iterator[Sample]:
    while True:
        found = ask(stage.endless, 256)
        tps = found["decode_tps"]
        yield {"ask": tps / found["engine_decode_tps"], "tok/s": tps}


def long(stage: Stage) -> Iterator[Sample]:
    model = stage.model(stage.endless)
    while True:
        found = model.answer(STORY, 1500)
        yield {"long": found.decode_tps / found.engine_decode_tps, "tok/s": found.decode_tps}


def prefill(stage: Stage) -> Iterator[Sample]:
    model = stage.model(stage.endless)
    template = model.answer("a" + " the" * 99, 1).prompt_tokens - 100
    while True:
        found = model.answer("a" + " the" * (511 - template), 1)
        yield {
            "prefill": found.prefill_tps / found.engine_prefill_tps,
            "tok/s": found.prefill_tps, "prompt tokens": found.prompt_tokens,
        }  # fmt: skip


def again(stage: Stage) -> Iterator[Sample]:
    """A prompt is read anew each time, though it was read before; one of four ubatches."""
    model = stage.model(stage.endless)
    while True:
        model.answer("Another question. " * 60, 1)
        first, second = (model.answer("a" + " the" * 250, 1).prefill_eval_s for _ in range(2))
        yield {"again": second / first, "s": second, "s first": first}


def bare_loop(stage: Stage) -> Iterator[Sample]:
    while True:
        ours = ask(stage.endless, 256)["decode_tps"]
        theirs = bare("generate", path=stage.endless, threads=stage.cores, tokens=256)["decode_tps"]
        yield {"bare": ours / theirs, "tok/s": ours, "tok/s bare": theirs}


def articles(stage: Stage) -> Iterator[Sample]:
    model = stage.model(stage.endless)
    while True:
        ours = model.answer(STORY, 256).total_s
        theirs = bare("articles", path=stage.endless, tokens=256)
        if theirs["output_tokens"] != 256:
            raise RuntimeError(f"The articles' way wrote {theirs['output_tokens']} tokens")
        yield {"articles": theirs["total_s"] / ours, "s": ours, "s theirs": theirs["total_s"]}


class Limited(ChildProcess):
    """A child whose answers have a length of its own, whatever the comparison asks of all."""

    def send(self, request):
        if isinstance(request, Load):
            self._tokens = OUTPUTS[Path(request.path).stem]
        elif isinstance(request, Generate):
            request = replace(request, max_tokens=self._tokens)
        super().send(request)


def run(machine: Machine, specs: list[str], prompt: str = STORY, **asked) -> dict[str, Response]:
    """A comparison to its end; all its columns must finish."""
    going = machine.compare(comparison(prompt, specs, seed=SEED, force=True, **asked))
    going.wait()
    return {key: finished(response) for key, response in going.responses().items()}


def wall_s(responses: dict[str, Response]) -> float:
    """From the first Started to the last Finished."""
    found = responses.values()
    return max(r.ended_at for r in found) - min(r.started_at for r in found)


def side_by_side(name: str, stage: Stage, specs: list[str]) -> Iterator[Sample]:
    machine = stage.machine(spawn=Limited)
    run(machine, specs)  # loads
    while True:
        together = wall_s(run(machine, specs))
        turns = wall_s(run(machine, specs, mode="in-turn"))
        yield {name: together / turns, "s together": together, "s in turn": turns}


def two(stage: Stage) -> Iterator[Sample]:
    return side_by_side("two", stage, [stage.endless, stage.tinyllama])


def three(stage: Stage) -> Iterator[Sample]:
    return side_by_side("three", stage, [stage.endless, stage.tinyllama, "gemma3"])


def plain(stage: Stage) -> Iterator[Sample]:
    specs = [stage.endless, stage.tinyllama]
    machine = stage.machine(spawn=Limited)
    run(machine, specs)
    while True:
        ours = wall_s(run(machine, specs))
        models = [(path, OUTPUTS[Path(path).stem]) for path in specs]
        try:
            theirs = bare("plain", GIVEN_UP_S, models=models)["wall_s"]
            yield {"plain": theirs / ours, "s": ours, "s the plain way": theirs}
        except TimedOut:
            yield {"plain": GIVEN_UP_S / ours, "s": ours, "s and given up": GIVEN_UP_S}


def benched(specs: list[str]) -> list[float]:
    """The tokens a second that `bench` says each of these writes."""
    sizes = ["--prompt-tokens", 0, "--output-tokens", 32, "--repeats", 1]
    out = told(["-m", "compare", "bench", "--models", ",".join(specs), *sizes, "--json"])
    return [row["avg_ts"] for row in json.loads(out)]


def bench(stage: Stage) -> Iterator[Sample]:
    """What it is held against does its work in turn with it: from one second to the next a machine's
    speed is another.
    """
    sizes = {"n_prompt": 64, "n_gen": 32}
    model = stage.model(stage.endless)
    asked = {"path": stage.endless, "threads": stage.cores, **sizes, "turns": 10}
    while True:
        found = json.loads(told([WITHIN_ONE, json.dumps(asked)]))
        pp, bare_pp, tg, bare_tg = (
            statistics.median(found[key]) for key in ("bench_pp", "bare_pp", "bench_tg", "bare_tg")
        )
        ways = [
            ("bench", lambda: model.measure(0, 32).tg.avg_tps),
            ("ask", lambda: model.answer(STORY, 32).decode_tps),
        ]
        tps = {"bench": [], "ask": []}
        for _ in range(6):
            for whose, measure in ways:
                tps[whose].append(measure())
            ways.reverse()  # neither comes first more often than the other
        yield {
            "bench": tg / bare_tg, "bench-prompt": pp / bare_pp,
            "bench-ask": statistics.median(tps["bench"]) / statistics.median(tps["ask"]),
            "tok/s": tg, "tok/s reading": pp,
        }  # fmt: skip


def child(stage: Stage) -> Iterator[Sample]:
    while True:
        runner = ChildProcess(lambda event: None)
        try:
            until(lambda runner=runner: runner.hello, 60, "A child's first line")
            yield {"child": psutil.Process(runner.pid).memory_info().rss / 2**20}
        finally:
            runner.close()


def real_size(stage: Stage) -> Iterator[Sample]:
    """Both loaded at once; in turn, so that each speed is its own."""
    specs = [stage.tinyllama, stage.solar]
    machine = stage.machine()

    def answers(words: int, tokens: int) -> list[Response]:
        prompt = "a" + " the" * words
        return list(run(machine, specs, prompt, mode="in-turn", max_tokens=tokens).values())

    few, more = (answers(words, 1)[1].prompt_tokens for words in (1, 5))  # loads, too
    words = round(1 + (100 - few) / ((more - few) / 4))
    while True:
        small, large = answers(words, 32)
        rates = benched(specs)
        yield {
            "real-memory": sum(r.memory.measured_bytes for r in (small, large)) / 1e9,
            "real-tinyllama": small.decode_tps, "real-solar": large.decode_tps,
            "real-tinyllama-bench": small.decode_tps / rates[0],
            "real-solar-bench": large.decode_tps / rates[1],
            "real-tinyllama-ttft": small.ttft_s, "real-solar-ttft": large.ttft_s,
            "prompt tokens": large.prompt_tokens,
        }  # fmt: skip


BARE_IDS = "a bare loop with ids on the same loaded model"
ENGINE = "the engine's own count of the same run"
MEASUREMENTS = (
    Measurement("ask", answered, (
        Line("ask", "decode tok/s of `ask`, SmolLM2, 256 tokens", ENGINE, 0.97),
    )),
    Measurement("long", long, (
        Line("long", "the same, 1,500 tokens, through a process", ENGINE, 0.97),
    )),
    Measurement("prefill", prefill, (
        Line("prefill", "prefill of 512 tokens", ENGINE, 0.97),
    )),
    Measurement("again", again, (
        Line("again", "the time of a prompt that was read before", "its first reading", 0.9),
    )),
    Measurement("bare", bare_loop, (
        Line("bare", "decode tok/s of `ask`", "a bare `Llama.generate()` loop in a process of its own"),
    )),
    Measurement("two", two, (
        Line("two", "SmolLM2 (200 tokens) and TinyLlama's shape (64) together", "in turn", 1.05, AT_MOST),
    )),
    Measurement("three", three, (
        Line("three", "the same and Gemma (64)", "in turn", 1.05, AT_MOST),
    )),
    Measurement("plain", plain, (
        Line("plain", "our two columns together", "two threads, two `Llama`, default threads", 1,
             unit="times as fast"),
    ), repeats=1),
    Measurement("articles", articles, (
        Line("articles", "one answer, our defaults", "the articles' n_threads=8, n_ctx=512", 1,
             unit="times as fast"),
    )),
    Measurement("bench", bench, (
        Line("bench", "`bench`'s text generation, 32 tokens", BARE_IDS, 0.05, WITHIN),
        Line("bench-prompt", "`bench`'s prompt processing, 64 tokens", BARE_IDS, 0.05, WITHIN),
        Line("bench-ask", "`bench`'s text generation", "an answer of 32 tokens", 0.1, WITHIN),
    )),
    Measurement("child", child, (
        Line("child", "a child before it loads", "", 50, AT_MOST, "MiB"),
    )),
    Measurement("real", real_size, (
        Line("real-memory", "TinyLlama's and SOLAR's shapes loaded together", "", 16, AT_MOST, "GB"),
        Line("real-tinyllama", "TinyLlama's shape, Q8_0, decode", "", unit="tok/s"),
        Line("real-tinyllama-bench", "the same", "`bench`"),
        Line("real-tinyllama-ttft", "its first token after a prompt of 100 tokens", "", unit="s"),
        Line("real-solar", "SOLAR's shape, Q2_K, decode", "", unit="tok/s"),
        Line("real-solar-bench", "the same", "`bench`"),
        Line("real-solar-ttft", "its first token after a prompt of 100 tokens", "", unit="s"),
    ), repeats=3, full=True),
)  # fmt: skip
"""In the order of the table."""
