"""One loaded model: the only module that knows llama.cpp, through llama_cpp's plain bindings.

The bindings' `Llama` class is not used: it detokenizes the whole answer again for each token, drops
pieces longer than 32 bytes, and copies every row of logits. Knows nothing of processes or pages.
"""

import ctypes
import os
import random
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Protocol

import jinja2
from llama_cpp import llama_cpp as api
from llama_cpp._ggml import libggml
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from compare.child import memory
from compare.child.textstream import TextStream
from compare.protocol.devices import CPU_UBATCH, GPU_UBATCH, on_gpu
from compare.protocol.events import (
    Delta,
    Event,
    Finished,
    Loaded,
    Loading,
    Memory,
    Prefill,
    Prefilled,
    Reserved,
    Sample,
    Started,
    Testbed,
    Testing,
    Threads,
)
from compare.protocol.requests import Generate, Load, Measure, Reserve

PENALTY_LAST_N = 64
"""llama.cpp's default window of repeat_penalty, in tokens"""
PROGRESS_S = 0.1
ALL_LAYERS = 2**31 - 1
_NO_MMAP = 0  # LLAMA_LOAD_MODE_NONE in llama.h
_LOG_WARN, _LOG_ERROR, _LOG_CONT = 3, 4, 5  # ggml_log_level in ggml.h; 2 is information
_BUFFER_LINE = re.compile(r"(\S+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([\d.]+) MiB")
_CACHE_LINE = re.compile(r"^llama_\w+: size = +([\d.]+) MiB")
_ACCOUNT = {"model": "weights", "KV": "kv", "RS": "kv", "compute": "compute", "output": "compute"}

Emit = Callable[[Event], None]


class EngineError(Exception):
    """What happened on the first line of its text, what to do on the next; `log`: llama.cpp's last lines."""

    def __init__(self, message: str, log: Sequence[str] = ()):
        super().__init__(message)
        self.log = tuple(log)


class Control(Protocol):
    """How the outside reaches into a run that is under way."""

    def cancelled(self, run: int) -> bool: ...

    def threads_wanted(self) -> int | None:
        """The newest number asked for since the last call, or None."""


class Log:
    """llama.cpp's log: passed on to stderr, its last lines and its account of memory kept."""

    def __init__(self):
        self._last = deque(maxlen=12)
        self._level = 0
        self.buffers: dict[tuple[str, str], float] = {}
        """MiB by (device, kind of llama.cpp's line)"""
        self.cache_mib = 0.0
        """of all caches, as large as they will be, allocated or not"""
        self._callback = api.llama_log_callback(self._heard)  # kept: llama.cpp holds a bare pointer
        api.llama_log_set(self._callback, None)

    def clear(self) -> None:
        self._last.clear()
        self.buffers.clear()
        self.cache_mib = 0.0

    def faults(self) -> tuple[str, ...]:
        """The last warnings and errors, or the last lines where there are none."""
        bad = tuple(text for level, text in self._last if level >= _LOG_WARN)
        return bad or tuple(text for _, text in self._last)

    def errors(self) -> list[str]:
        return [text for level, text in self._last if level == _LOG_ERROR]

    def _heard(self, level: int, text: bytes, _data) -> None:
        self._level = level = self._level if level == _LOG_CONT else level
        line = text.decode("utf-8", "replace").rstrip()
        if level < 2 or not line.strip("."):
            return
        sys.stderr.write(line + "\n")
        self._last.append((level, line))
        if found := _BUFFER_LINE.search(line):
            device, kind, mib = found.groups()
            self.buffers[device, kind] = self.buffers.get((device, kind), 0.0) + float(mib)
        elif found := _CACHE_LINE.search(line):
            self.cache_mib += float(found[1])


class Engine:
    """A model and its context, ready to answer. Construction loads; `close` gives the memory back."""

    def __init__(self, request: Load, log: Log, emit: Emit):
        began_at = time.monotonic()
        size = _file_bytes(request.path)
        emit(Loading(run=request.run, at=began_at, file_bytes=size))
        log.clear()
        self._log = log
        self._on_gpu = _uses_gpu(request)
        self._vram = memory.Vram() if self._on_gpu else None
        self._model = self._context = None
        try:
            self._model = _new_model(request, _model_params(request), log)
            self.n_ctx = _n_ctx(self._model, request)
            params = _context_params(request, self.n_ctx)
            params.n_threads = params.n_threads_batch = request.threads
            self._ubatch = params.n_ubatch
            self._testbed = _testbed(self._model, request, params)
            self._context = _new_context(self._model, params, log)
            self._vocab = api.llama_model_get_vocab(self._model)
            self._buffer = ctypes.create_string_buffer(64)
            self._pieces: dict[int, bytes] = {}
            self._one = (api.llama_token * 1)()
            self._one_batch = api.llama_batch_get_one(self._one, 1)
            self._nodes = self._warm_up()
        except BaseException:
            self.close()
            raise
        self._template = api.llama_model_chat_template(self._model, None)
        self.notices = self._load_notices(request)
        self.memory = self._account()
        emit(
            Loaded(
                run=request.run,
                at=(at := time.monotonic()),
                load_s=at - began_at,
                n_ctx=self.n_ctx,
                memory=self.memory,
                notices=self.notices,
            )
        )

    def close(self) -> None:
        if self._context is not None:
            api.llama_free(self._context)
        if self._model is not None:
            api.llama_model_free(self._model)
        self._context = self._model = None

    def _warm_up(self) -> int:
        """One token through all weights, so that the first prompt isn't charged with reading the file.

        Returns how many nodes its graph has, as the abort callback is asked once a node.
        """
        bos = api.llama_vocab_bos(self._vocab)
        self._one[0] = bos if bos >= 0 else 0
        nodes = 0

        def count(_data) -> bool:
            nonlocal nodes
            nodes += 1
            return False

        callback = api.ggml_abort_callback(count)
        api.llama_set_abort_callback(self._context, callback, None)
        api.llama_set_warmup(self._context, True)
        try:
            if api.llama_decode(self._context, self._one_batch) != 0:
                raise EngineError(_readable(self._log.errors()), self._log.faults())
            api.llama_synchronize(self._context)
        finally:
            api.llama_set_warmup(self._context, False)
            self._no_abort()
        return nodes

    def _load_notices(self, request: Load) -> tuple[str, ...]:
        notices = ()
        if self.n_ctx < request.n_ctx:
            notices += (
                f"The context was lowered from {request.n_ctx:,} to {self.n_ctx:,} tokens, "
                "all that this file was trained for.",
            )
        if request.kv_type == "q8_0" and not self._on_gpu:
            notices += ("With a q8_0 cache the text may vary with the number of threads.",)
        return notices

    def _account(self) -> Memory:
        """llama.cpp's own account of what it allocated, to the 0.01 MiB its lines tell."""
        parts = {"weights": 0, "kv": 0, "compute": 0}
        devices: dict[str, int] = {}
        for (device, kind), mib in self._log.buffers.items():
            size = round(mib * 2**20)
            parts[_ACCOUNT[kind]] += size
            devices[device] = devices.get(device, 0) + size
        known = bool(self._log.buffers)
        return Memory(
            kind="vram" if self._on_gpu else "ram",
            allocated_bytes=sum(parts.values()) if known else None,
            weights_bytes=parts["weights"] if known else None,
            kv_bytes=parts["kv"] if known else None,
            compute_bytes=parts["compute"] if known else None,
            devices=tuple({"device": d, "allocated_bytes": n} for d, n in devices.items()),
            **self._measured(),
        )

    def _measured(self) -> dict[str, int | str | None]:
        # On a GPU the process's resident memory says nothing of the model.
        return self._vram.measured() if self._vram else memory.measured()

    def generate(self, request: Generate, taken_at: float, emit: Emit, control: Control) -> None:
        """Answers one prompt in events, from Started to Finished. Raises EngineError."""
        tokens, rendered, stops = self._render(request)
        room = self.n_ctx - len(tokens)
        if room < 1:
            raise EngineError(
                f"The prompt has {len(tokens):,} tokens; the context holds {self.n_ctx:,}, "
                "the answer included.\nShorten the prompt or raise the context length."
            )
        notices = ()
        if request.max_tokens > room:
            notices = (
                f"Max tokens was lowered from {request.max_tokens:,} to {room:,}, "
                "all that the context has room for.",
            )
        self._set_threads(request.threads)
        emit(
            Started(
                run=request.run,
                at=taken_at,
                prompt_tokens=len(tokens),
                cached_tokens=0,
                rendered_prompt=rendered,
                threads=request.threads,
                notices=notices,
            )
        )
        limit = min(room, request.max_tokens)
        _Answer(self, request, tokens, stops, limit, taken_at, emit, control).run()

    def measure(self, request: Measure, taken_at: float, emit: Emit, control: Control) -> None:
        """Times reading and writing in events, from Started to Finished. Raises EngineError."""
        if (longest := max(request.n_prompt, request.n_gen)) > self.n_ctx:
            raise EngineError(
                f"The test has {longest:,} tokens; the context holds {self.n_ctx:,}, all that this "
                "file was trained for.\nMeasure with fewer tokens."
            )
        self._set_threads(request.threads)
        run = request.run
        emit(
            Started(
                run=run, at=taken_at, prompt_tokens=request.n_prompt, cached_tokens=0,
                threads=request.threads,
            )
        )  # fmt: skip
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        emit(Testbed(run=run, at=time.monotonic(), test_time=now, **self._testbed))
        _Bench(self, request, taken_at, emit, control).run()

    def _ids(self, n: int) -> list[int]:
        """Tokens from all over the vocabulary, the same each time; first the one a text begins with."""
        any_token = random.Random(n)
        size = api.llama_vocab_n_tokens(self._vocab)
        ids = [any_token.randrange(size) for _ in range(n)]
        if api.llama_vocab_get_add_bos(self._vocab):
            ids[0] = api.llama_vocab_bos(self._vocab)
        return ids

    def _render(self, request: Generate) -> tuple[list[int], str, tuple[str, ...]]:
        own = self._template.decode("utf-8", "replace") if self._template else None
        stops = request.stop if own else request.stop + request.template_stop
        bos = self._special(api.llama_vocab_bos(self._vocab))
        messages = [{"role": "user", "content": request.prompt}]
        if request.system:
            messages.insert(0, {"role": "system", "content": request.system})
        try:
            formatter = Jinja2ChatFormatter(
                template=own or request.template,
                bos_token=bos,
                eos_token=self._special(api.llama_vocab_eos(self._vocab)),
            )
            text = formatter(messages=messages).prompt
        except (jinja2.TemplateError, ValueError, TypeError, OverflowError) as error:
            raise _template_error(error, request) from error
        begins = bool(bos) and text.startswith(bos)
        tokens = self._tokenize(text, add_special=not begins)
        if not begins and bos and api.llama_vocab_get_add_bos(self._vocab):
            text = bos + text
        if not tokens:
            raise EngineError(
                "The prompt has no tokens once its template is applied.\nWrite a longer prompt."
            )
        return tokens, text, stops

    def _special(self, token: int) -> str:
        if token < 0:
            return ""
        return (api.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")

    def _tokenize(self, text: str, add_special: bool) -> list[int]:
        raw = text.encode()
        room = len(raw) + 8
        while True:
            ids = (api.llama_token * room)()
            n = api.llama_tokenize(self._vocab, raw, len(raw), ids, room, add_special, True)
            if n >= 0:
                return ids[:n]
            room = -n

    def _piece(self, token: int) -> bytes:
        """A token's bytes; a special token has none. Kept, as a text repeats its tokens."""
        if token not in self._pieces:
            self._pieces[token] = self._piece_anew(token)
        return self._pieces[token]

    def _piece_anew(self, token: int) -> bytes:
        while True:
            buffer = self._buffer
            n = api.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, False)
            if n >= 0:
                return ctypes.string_at(buffer, n)
            self._buffer = ctypes.create_string_buffer(-n)

    def _set_threads(self, n: int) -> None:
        api.llama_set_n_threads(self._context, n, n)

    def _no_abort(self) -> None:
        nothing = ctypes.cast(None, api.ggml_abort_callback)
        api.llama_set_abort_callback(self._context, nothing, None)


class _Work:
    """What an engine does on one request: what an answer and a measurement share."""

    def __init__(
        self, engine: Engine, request: Generate | Measure, taken_at: float, emit: Emit,
        control: Control,
    ):  # fmt: skip
        self.engine, self.request = engine, request
        self.emit, self.control = emit, control
        seconds = request.max_seconds
        self.deadline = None if seconds is None else taken_at + seconds

    def _progress(self, at: float, done: int) -> None:
        """`done` tokens have been read."""
        raise NotImplementedError

    def _clear(self) -> None:
        """An empty context, so that nothing is read faster because it was read before."""
        context = self.engine._context
        api.llama_memory_clear(api.llama_get_memory(context), True)
        api.llama_perf_context_reset(context)

    def _interrupted(self) -> str | None:
        if self.control.cancelled(self.request.run):
            return "cancelled"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "time"
        return None

    def _hand_over(self) -> None:
        if (n := self.control.threads_wanted()) is not None:
            self.engine._set_threads(n)
            self.emit(Threads(run=self.request.run, at=time.monotonic(), n=n))

    def _evaluate(self, tokens: list[int]) -> tuple[str | None, float, float]:
        """Reads tokens in physical batches. Returns why it was interrupted, if it was, and from when
        to when it took. Raises EngineError.
        """
        engine, total = self.engine, len(tokens)
        nodes = told_at = done = size = 0
        interrupted = None

        def asked(_data) -> bool:
            # Called once a graph node: the only view into a batch, which may take ten seconds.
            nonlocal nodes, told_at, interrupted
            nodes += 1
            now = time.monotonic()
            if now - told_at >= PROGRESS_S:
                told_at = now
                part = min(1.0, nodes / engine._nodes) if engine._nodes else 0.0
                self._progress(now, done + int(size * part))
                interrupted = self._interrupted()
            return interrupted is not None

        callback = api.ggml_abort_callback(asked)
        api.llama_set_abort_callback(engine._context, callback, None)
        began_at = time.monotonic()
        try:
            for done in range(0, total, engine._ubatch):
                nodes = 0
                ids = tokens[done : done + engine._ubatch]
                size = len(ids)
                interrupted = interrupted or self._interrupted()
                self._hand_over()
                if interrupted or self._decode(ids):
                    return interrupted or self._interrupted(), began_at, time.monotonic()
            # Once, after the last batch: between batches it would confuse llama.cpp's counters.
            api.llama_synchronize(engine._context)
        finally:
            engine._no_abort()
        return None, began_at, time.monotonic()

    def _decode(self, ids: list[int]) -> bool:
        """Evaluates tokens. Returns whether the abort callback ended it. Raises EngineError."""
        array = (api.llama_token * len(ids))(*ids)
        status = api.llama_decode(self.engine._context, api.llama_batch_get_one(array, len(ids)))
        if status not in (0, 2):  # llama.h: 2 is aborted
            raise EngineError(
                f"llama.cpp could not evaluate the tokens (status {status}).\n"
                "Try a smaller context or run it again.",
                self.engine._log.faults(),
            )
        return status == 2

    def _decode_one(self, token: int) -> None:
        engine = self.engine
        engine._one[0] = token
        if api.llama_decode(engine._context, engine._one_batch) != 0:
            raise EngineError(
                "llama.cpp could not evaluate a token.\nTry a smaller context or run it again.",
                engine._log.faults(),
            )

    def _note_peak(self) -> None:
        """After reading, as the peak of VRAM may be here: batches of a single token are smaller."""
        if self.engine._vram:
            self.engine._vram.measured()

    def _memory(self) -> Memory:
        return replace(self.engine.memory, **self.engine._measured())


class _Answer(_Work):
    """One prompt on its way through an engine."""

    def __init__(
        self, engine: Engine, request: Generate, tokens: list[int], stops: tuple[str, ...],
        max_tokens: int, taken_at: float, emit: Emit, control: Control,
    ):  # fmt: skip
        super().__init__(engine, request, taken_at, emit, control)
        self.tokens, self.max_tokens = tokens, max_tokens
        self.text = TextStream(stops)

    def run(self) -> None:
        context = self.engine._context
        self._clear()
        sampler = self._sampler()
        try:
            reason = self._read() or self._write(sampler)
        finally:
            api.llama_sampler_free(sampler)
        perf = api.llama_perf_context(context)
        # Without a prompt read to its end, or without a second token, the counters hold no rate.
        read, wrote = self.prefilled, self.written > 1
        self.emit(
            Finished(
                run=self.request.run,
                at=self.ended_at,
                reason=reason,
                text="" if self.text.stopped else self.text.finish(),
                engine_prefill_tps=_rate(perf.n_p_eval, perf.t_p_eval_ms) if read else None,
                engine_decode_tps=_rate(perf.n_eval, perf.t_eval_ms) if wrote else None,
                memory=self._memory(),
            )
        )

    def _read(self) -> str | None:
        """The prompt. Returns why it was interrupted, if it was."""
        self.prefilled, self.written = False, 0
        interrupted, began_at, self.ended_at = self._evaluate(self.tokens)
        if interrupted:
            return interrupted
        self.prefilled = True
        at, tokens = self.ended_at, len(self.tokens)
        self.emit(Prefilled(run=self.request.run, at=at, tokens=tokens, eval_s=at - began_at))
        self._note_peak()
        return None

    def _progress(self, at: float, done: int) -> None:
        self.emit(Prefill(run=self.request.run, at=at, done=done, total=len(self.tokens)))

    def _write(self, sampler) -> str:
        """Token after token, until something ends it; returns what did."""
        engine, run = self.engine, self.request.run
        context, vocab = engine._context, engine._vocab
        for n in range(1, self.max_tokens + 1):
            token = api.llama_sampler_sample(sampler, context, -1)
            self.ended_at = now = time.monotonic()
            if api.llama_vocab_is_eog(vocab, token):
                return "stop"
            text = self.text.push(engine._piece(token))
            self.written = n
            self.emit(Delta(run=run, at=now, text=text))
            if self.text.stopped:
                return "stop"
            if n == self.max_tokens:
                return "length"
            if interrupted := self._interrupted():
                self.ended_at = time.monotonic()
                return interrupted
            self._hand_over()
            self._decode_one(token)
        raise AssertionError("max_tokens is at least 1")

    def _sampler(self):
        request = self.request
        chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        links = []
        if request.repeat_penalty != 1.0:
            links.append(
                api.llama_sampler_init_penalties(PENALTY_LAST_N, request.repeat_penalty, 0.0, 0.0)
            )
        if request.temperature == 0:
            links.append(api.llama_sampler_init_greedy())
        else:
            if request.top_k > 0:
                links.append(api.llama_sampler_init_top_k(request.top_k))
            if request.top_p < 1:
                links.append(api.llama_sampler_init_top_p(request.top_p, 1))
            if request.min_p > 0:
                links.append(api.llama_sampler_init_min_p(request.min_p, 1))
            links.append(api.llama_sampler_init_temp(request.temperature))
            links.append(api.llama_sampler_init_dist(request.seed))
        for link in links:
            api.llama_sampler_chain_add(chain, link)
        if request.repeat_penalty != 1.0:
            for token in self.tokens[-PENALTY_LAST_N:]:  # as llama-server does
                api.llama_sampler_accept(chain, token)
        return chain


class _Bench(_Work):
    """Reading and writing, timed apart and repeatedly, as llama-bench does (tools/llama-bench).

    Ids instead of a text, and whatever follows instead of a choice: no template, no sampling, no text
    and no end token. Each repetition begins with an empty context; a warm-up before each test isn't counted.
    """

    def run(self) -> None:
        reason = self._test("pp", self.request.n_prompt) or self._test("tg", self.request.n_gen)
        self.emit(
            Finished(
                run=self.request.run, at=time.monotonic(), reason=reason or "stop",
                memory=self._memory(),
            )
        )  # fmt: skip

    def _test(self, test: str, n: int) -> str | None:
        """All repetitions of a test. Returns why it was interrupted, if it was."""
        if not n:
            return None
        ids = self.engine._ids(n)
        self.test, self.total = test, n
        for repeat in range(self.request.repeats + 1):
            self.repeat = repeat
            self._clear()
            self._progress(time.monotonic(), 0)
            if test == "pp":
                interrupted, began_at, ended_at = self._evaluate(ids)
                self._note_peak()
            else:
                interrupted, began_at, ended_at = self._write(ids if repeat else ids[:1])
            if interrupted:
                return interrupted
            if repeat:
                eval_s = ended_at - began_at
                sample = Sample(
                    run=self.request.run, at=ended_at, test=test, tokens=n, eval_s=eval_s
                )
                self.emit(sample)
        return None

    def _write(self, ids: list[int]) -> tuple[str | None, float, float]:
        """Token after token; the same as `_evaluate` returns."""
        context = self.engine._context
        interrupted = None
        began_at = told_at = now = time.monotonic()
        for done, token in enumerate(ids, start=1):
            if interrupted := self._interrupted():
                break
            self._hand_over()
            self._decode_one(token)
            api.llama_synchronize(context)
            now = time.monotonic()
            if now - told_at >= PROGRESS_S:
                told_at = now
                self._progress(now, done)
        return interrupted, began_at, now

    def _progress(self, at: float, done: int) -> None:
        self.emit(
            Testing(
                run=self.request.run, at=at, test=self.test, repeat=self.repeat,
                repeats=self.request.repeats, done=done, total=self.total,
            )
        )  # fmt: skip


def reserve(request: Reserve, log: Log) -> Reserved:
    """What loading a file would reserve, by llama.cpp itself, which reads the header and allocates nothing.

    The file may end after its header. Raises EngineError.
    """
    _file_bytes(request.path)
    log.clear()
    params = _model_params(request)
    params.no_alloc = True
    params.load_mode = _NO_MMAP  # with a mapped file, no_alloc fails an assertion
    model = context = None
    try:
        model = _new_model(request, params, log)
        n_ctx = _n_ctx(model, request)
        context = _new_context(model, _context_params(request, n_ctx), log)
    finally:
        if context is not None:
            api.llama_free(context)
        if model is not None:
            api.llama_model_free(model)
    compute = {True: 0, False: 0}
    for (device, kind), mib in log.buffers.items():
        if _ACCOUNT[kind] == "compute":
            compute[on_gpu(device)] += round(mib * 2**20)
    return Reserved(
        run=request.run,
        at=time.monotonic(),
        n_ctx=n_ctx,
        kv_bytes=round(log.cache_mib * 2**20),
        ram_compute_bytes=compute[False],
        vram_compute_bytes=compute[True],
    )


# What `reserve` and a load share, so that the one tells of the other.


def _uses_gpu(request: Load | Reserve) -> bool:
    return api.llama_supports_gpu_offload() and request.gpu_layers != 0


def _model_params(request: Load | Reserve):
    params = api.llama_model_default_params()
    layers = ALL_LAYERS if request.gpu_layers is None else request.gpu_layers
    params.n_gpu_layers = layers if _uses_gpu(request) else 0
    return params


def _new_model(request: Load | Reserve, params, log: Log):
    model = api.llama_model_load_from_file(request.path.encode(), params)
    if not model:
        raise EngineError(_readable(log.errors()), log.faults())
    return model


def _n_ctx(model, request: Load | Reserve) -> int:
    trained = api.llama_model_n_ctx_train(model)
    return min(request.n_ctx, trained) if trained > 0 else request.n_ctx


def _context_params(request: Load | Reserve, n_ctx: int):
    gpu = _uses_gpu(request)
    params = api.llama_context_default_params()
    params.n_ctx = n_ctx
    params.n_batch = params.n_ubatch = GPU_UBATCH if gpu else CPU_UBATCH
    params.n_seq_max = 1
    params.n_outputs_max = (
        1  # only the last token's logits are read: Gemma's buffer of 64 MiB becomes 4
    )
    params.swa_full = False  # every run starts from a cleared cache, so a window is enough
    params.no_perf = False
    quantized = request.kv_type == "q8_0"
    # On a CPU flash attention makes the text depend on the number of threads; a q8_0 cache needs it.
    params.flash_attn_type = int(quantized or gpu)
    params.type_k = params.type_v = api.GGML_TYPE_Q8_0 if quantized else api.GGML_TYPE_F16
    return params


def _testbed(model, request: Load, params) -> dict:
    """What a Testbed tells of a loaded model, but for the time."""
    described = ctypes.create_string_buffer(256)
    api.llama_model_desc(model, described, len(described))
    layers = api.llama_model_n_layer(model) + 1  # llama.cpp counts the output as one
    asked = ALL_LAYERS if request.gpu_layers is None else request.gpu_layers
    return {
        "model_type": described.value.decode("utf-8", "replace"),
        "model_size": api.llama_model_size(model),
        "model_n_params": api.llama_model_n_params(model),
        "backends": _backends(),
        "n_batch": params.n_batch,
        "n_ubatch": params.n_ubatch,
        "n_gpu_layers": min(asked, layers) if _uses_gpu(request) else 0,
        "flash_attn": params.flash_attn_type == 1,  # LLAMA_FLASH_ATTN_TYPE_ENABLED in llama.h
        "type_k": request.kv_type,
        "type_v": request.kv_type,
    }


def _backends() -> str:
    """What computes, as llama-bench names it: CUDA; CPU only where there is nothing else."""
    libggml.ggml_backend_reg_count.restype = ctypes.c_size_t
    get, name = libggml.ggml_backend_reg_get, libggml.ggml_backend_reg_name
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    names = [name(get(i)).decode() for i in range(libggml.ggml_backend_reg_count())]
    return ",".join(each for each in names if each != "CPU") or "CPU"


def _new_context(model, params, log: Log):
    context = api.llama_init_from_model(model, params)
    if not context:
        raise EngineError(_readable(log.errors()), log.faults())
    return context


def describe() -> dict:
    """Versions, devices ("gpus") and the processor's "features"; "llama_cpp" is the commit."""
    commit = libggml.ggml_commit
    commit.restype = ctypes.c_char_p
    return {
        "llama_cpp_python": version("llama-cpp-python"),
        "llama_cpp": commit().decode(),
        "gpus": _gpus(),
        "features": _features(),
    }


def _features() -> tuple[str, ...]:
    """What the CPU backend was built for and makes use of, by the names of llama_print_system_info."""
    return tuple(re.findall(r"(\w+) = [1-9]", api.llama_print_system_info().decode()))


def _gpus() -> tuple[str, ...]:
    if not api.llama_supports_gpu_offload():
        return ()
    libggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    get, kind = libggml.ggml_backend_dev_get, libggml.ggml_backend_dev_type
    name = libggml.ggml_backend_dev_description
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    kind.argtypes = name.argtypes = [ctypes.c_void_p]
    name.restype = ctypes.c_char_p
    devices = [get(i) for i in range(libggml.ggml_backend_dev_count())]
    return tuple(name(d).decode() for d in devices if kind(d) == 1)  # 1: a GPU, ggml-backend.h


def _rate(tokens: int, ms: float) -> float | None:
    return tokens / ms * 1e3 if tokens > 0 and ms > 0 else None


def _file_bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise EngineError(f"The file can't be read: {error.strerror}.\nCheck {path}.") from error


def _template_error(error: Exception, request: Generate) -> EngineError:
    said = str(error) or type(error).__name__
    if request.system:
        return EngineError(
            f"This model's prompt template refuses a system prompt ({said.rstrip('.')}).\n"
            "Empty the system prompt, or write it into the prompt itself."
        )
    return EngineError(
        f"This model's prompt template can't be applied ({said.rstrip('.')}).\n"
        "The file's template is broken; use another file of this model."
    )


# llama.cpp's own words, what they mean, and what to do about it.
_ADVICE = (
    (
        r"unknown model architecture: '(.*?)'",
        "This llama.cpp doesn't know the architecture “{0}”.",
        "Use a file of another model, or a newer llama-cpp-python.",
    ),
    (
        r"ffn_\w+_exps\.weight' not found",
        "This is an older Mixtral file with split experts, made before llama.cpp changed the layout.",
        "Use mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF.",
    ),
    (
        r"not within the file bounds|corrupted or incomplete",
        "The file is cut short: tensors are missing at its end.",
        "Download it again.",
    ),
    (
        r"invalid magic|failed to read (key-value pairs|tensor info|magic|header)",
        "This is not a whole GGUF file.",
        "Download it again, or choose another file.",
    ),
    (
        r"(unable|failed) to allocate|Cannot allocate memory|out of memory|bad_alloc|cudaMalloc failed",
        "There was not enough memory to load this model.",
        "Choose a smaller quantization, lower the context length, or close another model, "
        "then run again.",
    ),
)


def _readable(errors: Sequence[str]) -> str:
    """llama.cpp's own words about a failed load as a sentence, and what to do."""
    joined = "\n".join(errors)
    for pattern, what, advice in _ADVICE:
        if found := re.search(pattern, joined):
            return f"{what.format(*found.groups())}\n{advice}"
    said = re.sub(r"^[\w ]+: (error loading model: )?", "", errors[0]) if errors else ""
    said = said.strip().rstrip(".") or "it gave no reason"
    return f"llama.cpp could not load this file: {said}.\nTry another file of this model."
