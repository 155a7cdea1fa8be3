"""One loaded model: how it is loaded and set up, what it takes, how it reads.

What llama.cpp would reserve for a file that isn't loaded is told here, too, so that both go by the same
settings. Knows nothing of texts, templates and sampling, nor of processes or pages.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from compare.child import llama, memory
from compare.child.llama import Context, EngineError, Log, Model
from compare.protocol.devices import on_gpu, ubatch
from compare.protocol.events import Event, Loaded, Memory, Reserved
from compare.protocol.requests import Load, Reserve

PROGRESS_S = 0.1
LOOK_S = 0.06

Emit = Callable[[Event], None]


class Pass(NamedTuple):
    """Tokens have been evaluated: why that was interrupted, if it was, and from when to when it took."""

    interrupted: str | None
    began_at: float
    ended_at: float


class Reader(Protocol):
    """Whoever has a prompt read: asked before each batch, and within one that takes long."""

    def interrupted(self) -> str | None:
        """Why it shall end."""

    def hand_over(self) -> int | None:
        """The moment to change the number of threads."""

    def begins_anew(self, part: float) -> bool:
        """Whether the batch of which `part` is done shall begin anew, with another number of threads."""

    def progress(self, at: float, done: int) -> None:
        """`done` tokens have been read."""


class Engine:
    """A model and its context, ready to answer. Construction loads; `close` gives the memory back."""

    def __init__(self, request: Load, log: Log, emit: Emit):
        began_at = time.monotonic()
        _check_readable(request.path)
        log.clear()
        self._request = request
        self.uses_gpu = _uses_gpu(request)
        self._vram = memory.Vram() if self.uses_gpu else None
        self.model = self.context = None
        try:
            self.model = Model(request.path, log, _gpu_layers(request))
            _check_fit(self.model)
            self.n_ctx = _n_ctx(self.model, request)
            self.context = _context(self.model, request, log, request.threads)
            _check_fit(self.context)
            self._nodes = self._warm_up()
        except BaseException:
            self.close()
            raise
        self.memory = self._account(log)
        emit(
            Loaded(
                run=request.run,
                at=(at := time.monotonic()),
                load_s=at - began_at,
                n_ctx=self.n_ctx,
                memory=self.memory,
                notices=log.notices + self._notices(),
            )
        )

    def close(self) -> None:
        if self.context is not None:
            self.context.close()
        if self.model is not None:
            self.model.close()
        self.context = self.model = None

    def evaluate(self, tokens: Sequence[int], reader: Reader) -> Pass:
        """Reads tokens in physical batches. Raises EngineError."""
        context = self.context
        total, batch = len(tokens), context.batch
        nodes = told_at = looked_at = done = size = 0
        interrupted, anew = None, False

        def ends(_data) -> bool:
            # Called once a graph node: the only view into a batch, which may take ten seconds.
            nonlocal nodes, told_at, looked_at, interrupted, anew
            nodes += 1
            now = time.monotonic()
            if now - looked_at >= LOOK_S:
                looked_at = now
                part = min(1.0, nodes / self._nodes) if self._nodes else 0.0
                if now - told_at >= PROGRESS_S:
                    told_at = now
                    reader.progress(now, done + int(size * part))
                interrupted = reader.interrupted()
                anew = reader.begins_anew(part)
            return anew or interrupted is not None

        with context.asking(ends):
            began_at = time.monotonic()
            for done in range(0, total, batch):
                ids = tokens[done : done + batch]
                size, nodes = len(ids), 0
                interrupted = interrupted or reader.interrupted()
                reader.hand_over()
                # The output layer is dear: for Gemma's vocabulary, 6 % of reading in batches of 64.
                while interrupted or context.decode(ids, goes_on=done + size < total):
                    if not anew:
                        return Pass(interrupted or reader.interrupted(), began_at, time.monotonic())
                    nodes, anew = 0, False
                    context.count_anew()
                    reader.hand_over()
            # Once, after the last batch: between batches it would confuse llama.cpp's counters.
            context.synchronize()
        return Pass(None, began_at, time.monotonic())

    def memory_now(self) -> Memory:
        """What it takes, measured anew; of VRAM the most that was seen."""
        return replace(self.memory, **self._measured())

    def note_peak(self) -> None:
        """After reading, as the peak of VRAM may be here: batches of a single token are smaller."""
        if self._vram:
            self._vram.measured()

    def testbed(self) -> dict:
        """How it is set up, by the names of a Testbed, the time left out."""
        request, context = self._request, self.context
        return {
            **self.model.figures(),
            "backends": llama.backends(),
            "n_batch": context.batch,
            "n_ubatch": context.batch,
            "n_gpu_layers": min(_gpu_layers(request), self.model.layers()),
            "flash_attn": context.flash_attention,
            "type_k": request.kv_type,
            "type_v": request.kv_type,
        }

    def _warm_up(self) -> int:
        """One token through all weights, so that the first prompt isn't charged with reading the file.

        Returns how many nodes its graph has, as the abort callback is asked once a node.
        """
        nodes = 0

        def count(_data) -> bool:
            nonlocal nodes
            nodes += 1
            return False

        with self.context.asking(count):
            self.context.warm_up(max(0, self.model.bos))
        return nodes

    def _notices(self) -> tuple[str, ...]:
        request, notices = self._request, ()
        if self.n_ctx < request.n_ctx:
            notices += (
                f"The context was lowered from {request.n_ctx:,} to {self.n_ctx:,} tokens, "
                "all that this file was trained for.",
            )
        if request.kv_type == "q8_0" and not self.uses_gpu:
            notices += ("With a q8_0 cache the text may vary with the number of threads.",)
        return notices

    def _account(self, log: Log) -> Memory:
        """llama.cpp's own account of what it allocated."""
        parts = {"weights": 0, "kv": 0, "compute": 0}
        devices: dict[str, int] = {}
        for device, part, size in log.buffers():
            parts[part] += size
            devices[device] = devices.get(device, 0) + size
        known = bool(devices)
        return Memory(
            kind="vram" if self.uses_gpu else "ram",
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


def reserve(request: Reserve, log: Log) -> Reserved:
    """What loading a file would reserve, by llama.cpp itself, which reads the header and allocates nothing.

    The file may end after its header. Raises EngineError for one that no settings could load; where it can
    be loaded, but not what it would reserve can be told, everything but the run is None.
    """
    _check_readable(request.path)
    log.clear()
    model = Model(request.path, log, _gpu_layers(request), weights=False)
    try:
        _check_fit(model)
        n_ctx = _n_ctx(model, request)
        try:
            context = _context(model, request, log)
        except EngineError:  # with these settings: loading will say it
            return Reserved(run=request.run, at=time.monotonic())
        try:
            _check_fit(context)
        finally:
            context.close()
    finally:
        model.close()
    compute = {True: 0, False: 0}
    for device, part, size in log.buffers():
        if part == "compute":
            compute[on_gpu(device)] += size
    return Reserved(
        run=request.run,
        at=time.monotonic(),
        n_ctx=n_ctx,
        kv_bytes=log.cache_bytes(),
        ram_compute_bytes=compute[False],
        vram_compute_bytes=compute[True],
    )


# What `reserve` and a load share, so that the one tells of the other.


def _uses_gpu(request: Load | Reserve) -> bool:
    return llama.supports_gpu() and request.gpu_layers != 0


def _gpu_layers(request: Load | Reserve) -> int:
    if not _uses_gpu(request):
        return 0
    return llama.ALL_LAYERS if request.gpu_layers is None else request.gpu_layers


def _n_ctx(model: Model, request: Load | Reserve) -> int:
    return min(request.n_ctx, model.trained_for) if model.trained_for > 0 else request.n_ctx


def _context(
    model: Model, request: Load | Reserve, log: Log, threads: int | None = None
) -> Context:
    gpu, n_ctx = _uses_gpu(request), _n_ctx(model, request)
    return Context(
        model,
        log,
        n_ctx=n_ctx,
        batch=ubatch(n_ctx, gpu),
        kv_type=request.kv_type,
        # On a CPU it makes the text depend on the number of threads; a q8_0 cache needs it.
        flash_attention=gpu or request.kv_type == "q8_0",
        threads=threads,
    )


def _check_fit(opened: Model | Context) -> None:
    if why := opened.unfit:
        raise EngineError(why)


def _check_readable(path: str) -> None:
    try:
        os.stat(path)
    except OSError as error:
        raise EngineError(f"The file can't be read: {error.strerror}.\nCheck {path}.") from error
