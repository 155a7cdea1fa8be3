"""llama.cpp, through llama_cpp's plain bindings: its log, a model, its context, what was built.

The only file that imports llama_cpp, but for sampler.py. The bindings' `Llama` class is not used: it
detokenizes the whole answer again for each token, drops pieces longer than 32 bytes, and copies every row of
logits. Knows nothing of requests, events and clocks, nor of which settings are wise.
"""

import ctypes
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as api
from llama_cpp._ggml import libggml

from compare.child.advice import unfit
from compare.child.log import EngineError, LogLines

ALL_LAYERS = 2**31 - 1
CACHE_TYPES = {"f16": api.GGML_TYPE_F16, "q8_0": api.GGML_TYPE_Q8_0}
CONTROL = api.LLAMA_TOKEN_ATTR_CONTROL | api.LLAMA_TOKEN_ATTR_UNKNOWN
"""A token that a text holds only where `special` is allowed."""
MARK = api.LLAMA_TOKEN_ATTR_CONTROL
DEFINED = api.LLAMA_TOKEN_ATTR_USER_DEFINED
"""A token that is looked for in every text."""
LSTRIP, RSTRIP = api.LLAMA_TOKEN_ATTR_LSTRIP, api.LLAMA_TOKEN_ATTR_RSTRIP
"""A token that takes the blanks before it, or behind it."""
_NO_MMAP = 0  # LLAMA_LOAD_MODE_NONE in llama.h
_ABORTED = 2  # llama_decode in llama.h
_FIRST_PART = re.compile(r"(.*)-00001-of-(\d{5})\.gguf", re.DOTALL)
_GPU = 1  # ggml_backend_dev_type in ggml-backend.h


class Log(LogLines):
    """llama.cpp's log, from now on."""

    def __init__(self):
        super().__init__(commit())
        self._callback = api.llama_log_callback(lambda level, text, _data: self.heard(level, text))
        api.llama_log_set(self._callback, None)  # which holds a bare pointer: kept above


class Model:
    """A file that llama.cpp has opened, and its vocabulary. Opening raises EngineError."""

    def __init__(self, path: str, log: Log, gpu_layers: int, weights: bool = True):
        """`gpu_layers`: so many on a GPU. Without `weights` nothing is allocated, and the file may end
        after its header.
        """
        params = api.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.use_extra_bufts = "REPACK" in _features()
        if not weights:
            params.no_alloc = True
            params.load_mode = _NO_MMAP  # with a mapped file, no_alloc fails an assertion
        if not _in_parts(path):
            params.kv_overrides = _alone()
        self.handle = api.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise log.failure()
        self._vocab = api.llama_model_get_vocab(self.handle)
        self._buffer = ctypes.create_string_buffer(64)
        self._pieces: dict[int, bytes | None] = {}
        self._own: dict[int, bytes] = {}
        self.trained_for = api.llama_model_n_ctx_train(self.handle)
        """tokens of context; 0 where the file doesn't say"""
        template = api.llama_model_chat_template(self.handle, None) or b""
        self.template = template.decode("utf-8", "replace") if template.strip() else None
        """the file's own: Jinja, or the name of one"""
        self.bos = api.llama_vocab_bos(self._vocab)
        """the token that a text begins with; negative where there is none"""
        self.eos = api.llama_vocab_eos(self._vocab)
        self.adds_bos = api.llama_vocab_get_add_bos(self._vocab)
        self.vocabulary = api.llama_vocab_n_tokens(self._vocab)

    @property
    def unfit(self) -> str | None:
        """Why it writes no answers, by what llama.cpp knows of its architecture."""
        return unfit(
            diffusion=api.llama_model_is_diffusion(self.handle),
            encoder=api.llama_model_has_encoder(self.handle),
            decoder=api.llama_model_has_decoder(self.handle),
        )

    def close(self) -> None:
        """Gives its memory back; once, and after its context's."""
        api.llama_model_free(self.handle)

    def figures(self) -> dict[str, str | int]:
        """llama.cpp's own description (llama 1B Q8_0), bytes and elements of all tensors, by llama-bench's
        names.
        """
        described = ctypes.create_string_buffer(256)
        api.llama_model_desc(self.handle, described, len(described))
        return {
            "model_type": described.value.decode("utf-8", "replace"),
            "model_size": api.llama_model_size(self.handle),
            "model_n_params": api.llama_model_n_params(self.handle),
        }

    def layers(self) -> int:
        """As llama.cpp counts them, the output as one."""
        return api.llama_model_n_layer(self.handle) + 1

    def tokenize(self, text: str, special: bool = True) -> list[int]:
        """The tokens of a text and nothing around them; `special`: control tokens may be written in it."""
        raw = text.encode()
        room = len(raw) + 8
        while True:
            ids = (api.llama_token * room)()
            n = api.llama_tokenize(self._vocab, raw, len(raw), ids, room, False, special)
            if n >= 0:
                return ids[:n]
            room = -n

    def attributes(self, token: int) -> int:
        """Some of CONTROL, DEFINED, LSTRIP and RSTRIP."""
        return api.llama_vocab_get_attr(self._vocab, token)

    def spelled(self, token: int) -> str:
        """A token as it is written in a template; nothing for a negative one."""
        if token < 0:
            return ""
        return (api.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")

    def piece(self, token: int) -> bytes | None:
        """A token's bytes, none for a special token; None for one that ends an answer.

        Kept, as a text repeats its tokens.
        """
        if token not in self._pieces:
            ends = api.llama_vocab_is_eog(self._vocab, token)
            self._pieces[token] = None if ends else self._piece(token)
        return self._pieces[token]

    def own(self, token: int) -> bytes:
        """What a token is called that the vocabulary has beside those of text, shown or not, such as
        <|im_start|>; empty for any other. Kept.
        """
        if token not in self._own:
            beside = self.attributes(token) & (MARK | DEFINED)
            self._own[token] = self._piece(token, special=True) if beside else b""
        return self._own[token]

    def _piece(self, token: int, special: bool = False) -> bytes:
        while True:
            buffer = self._buffer
            n = api.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
            if n >= 0:
                return ctypes.string_at(buffer, n)
            self._buffer = ctypes.create_string_buffer(-n)


def _in_parts(path: str) -> bool:
    """Whether it is the first part of a model, with another beside it."""
    name = _FIRST_PART.fullmatch(path)
    return bool(name) and os.path.exists(f"{name[1]}-00002-of-{name[2]}.gguf")


def _alone() -> ctypes.Array:
    """Says that a file is no part of another: one that was merged may say so still."""
    overrides = (api.llama_model_kv_override * 2)()  # the second, empty, ends them
    overrides[0].tag = api.LLAMA_KV_OVERRIDE_TYPE_INT
    overrides[0].key = b"split.count"
    return overrides


class Context:
    """A model's cache and compute buffers, for one sequence of tokens. Making it raises EngineError."""

    def __init__(
        self, model: Model, log: Log, *, n_ctx: int, batch: int, kv_type: str,
        flash_attention: bool, threads: int | None = None,
    ):  # fmt: skip
        """`n_ctx`: tokens it holds; `batch`: tokens of a physical batch; `kv_type`: a key of CACHE_TYPES."""
        params = api.llama_context_default_params()
        params.n_ctx = n_ctx
        params.n_batch = params.n_ubatch = batch
        params.n_seq_max = 1
        # Only the last token's logits are read: Gemma's buffer of 64 MiB becomes 4.
        params.n_outputs_max = 1
        params.swa_full = False  # every run starts from a cleared cache, so a window is enough
        params.no_perf = False
        params.flash_attn_type = int(flash_attention)
        params.type_k = params.type_v = CACHE_TYPES[kv_type]
        if threads is not None:
            params.n_threads = params.n_threads_batch = threads
        self._log = log
        self.batch = batch
        self.vocabulary = model.vocabulary
        self.flash_attention = flash_attention
        self.handle = api.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise log.failure()
        self._no_logits = (ctypes.c_int8 * batch)()
        self._row = 0, np.empty(0)
        self._one = (api.llama_token * 1)()
        self._one_batch = api.llama_batch_get_one(self._one, 1)

    def close(self) -> None:
        """Gives its memory back; once."""
        api.llama_free(self.handle)

    @property
    def unfit(self) -> str | None:
        """Why its model writes no answers, by how it attends to a text, and what it makes of it."""
        pools = api.llama_pooling_type(self.handle) > 0  # 0: LLAMA_POOLING_TYPE_NONE
        return unfit(causal=api.llama_get_causal_attn(self.handle), pools=pools)

    def logits(self) -> np.ndarray:
        """Of what was decoded last, one a token of the vocabulary; until the next pass."""
        row = api.llama_get_logits_ith(self.handle, -1)
        if (at := ctypes.addressof(row.contents)) != self._row[0]:  # it stays where it is
            self._row = at, np.ctypeslib.as_array(row, (self.vocabulary,))
        return self._row[1]

    def clear(self) -> None:
        """Empties it, and its counters, so that nothing is read faster because it was read before."""
        api.llama_memory_clear(api.llama_get_memory(self.handle), True)
        api.llama_perf_context_reset(self.handle)

    def count_anew(self) -> None:
        """Its counters begin at nothing: what an aborted pass was to evaluate would count twice."""
        self.synchronize()  # else they would still take that in
        api.llama_perf_context_reset(self.handle)

    def set_threads(self, n: int) -> None:
        api.llama_set_n_threads(self.handle, n, n)

    def warm_up(self, token: int) -> None:
        """One token through all weights, all experts included. Raises EngineError."""
        self._one[0] = token
        api.llama_set_warmup(self.handle, True)
        try:
            if api.llama_decode(self.handle, self._one_batch) != 0:
                raise self._log.failure()
            self.synchronize()
        finally:
            api.llama_set_warmup(self.handle, False)

    def decode(self, ids: Sequence[int], goes_on: bool = False) -> bool:
        """Evaluates tokens; where the text goes on, without the logits that follow the last of them.

        Returns whether the abort callback ended it. Raises EngineError.
        """
        array = (api.llama_token * len(ids))(*ids)
        batch = api.llama_batch_get_one(array, len(ids))
        if goes_on:
            batch.logits = self._no_logits
        status = api.llama_decode(self.handle, batch)
        if status not in (0, _ABORTED):
            raise EngineError(
                f"llama.cpp could not evaluate the tokens (status {status}).\n"
                "Try a smaller context or run it again.",
                self._log.faults(),
            )
        return status == _ABORTED

    def decode_one(self, token: int) -> None:
        """Evaluates a token, on the way of each that is written. Raises EngineError."""
        self._one[0] = token
        if api.llama_decode(self.handle, self._one_batch) != 0:
            raise EngineError(
                "llama.cpp could not evaluate a token.\nTry a smaller context or run it again.",
                self._log.faults(),
            )

    def synchronize(self) -> None:
        """Waits until what was decoded is done: on a GPU, decoding returns before."""
        api.llama_synchronize(self.handle)

    @contextmanager
    def asking(self, ends: Callable[[None], bool]) -> Iterator[None]:
        """For as long as it lasts, `ends` is called once a node of the graph, and ends the pass with True.

        On a CPU only; a GPU's passes don't ask.
        """
        callback = api.ggml_abort_callback(ends)  # kept: llama.cpp holds a bare pointer
        api.llama_set_abort_callback(self.handle, callback, None)
        try:
            yield
        finally:
            api.llama_set_abort_callback(self.handle, api.ggml_abort_callback(), None)

    def rates(self) -> tuple[float | None, float | None]:
        """Tokens a second since `clear`, by llama.cpp's own counters: of a prompt, and one by one."""
        perf = api.llama_perf_context(self.handle)
        return _rate(perf.n_p_eval, perf.t_p_eval_ms), _rate(perf.n_eval, perf.t_eval_ms)


def _rate(tokens: int, ms: float) -> float | None:
    return tokens / ms * 1e3 if tokens > 0 and ms > 0 else None


def written_by(name: str, messages: Sequence[tuple[str, str]], asks: bool) -> str | None:
    """Messages (role, content) in llama.cpp's own template of that name; None where it has none such.

    `asks`: ready for the answer to follow.
    """
    names = (ctypes.c_char_p * api.llama_chat_builtin_templates(None, 0))()
    api.llama_chat_builtin_templates(names, len(names))
    if name.encode() not in tuple(names):
        return None
    chat = (api.llama_chat_message * len(messages))(
        *((r.encode(), c.encode()) for r, c in messages)
    )
    size = api.llama_chat_apply_template(name.encode(), chat, len(chat), asks, None, 0)
    text = ctypes.create_string_buffer(size + 1)
    api.llama_chat_apply_template(name.encode(), chat, len(chat), asks, text, len(text))
    return text.value.decode("utf-8", "replace")


def supports_gpu() -> bool:
    """Whether llama.cpp was built for a GPU, and sees one."""
    return api.llama_supports_gpu_offload()


def describe() -> dict:
    """Versions, devices ("gpus") and the processor's "features"; "llama_cpp" is the commit."""
    versions = {"llama_cpp_python": llama_cpp.__version__, "llama_cpp": commit()}
    return {**versions, "gpus": _gpus(), "features": _features()}


def commit() -> str:
    """What llama.cpp was built from."""
    libggml.ggml_commit.restype = ctypes.c_char_p
    return libggml.ggml_commit().decode()


def _features() -> tuple[str, ...]:
    """What the CPU backend was built for and makes use of, as llama_print_system_info names it. With AVX-512
    nothing is repacked: prompts are read 1.2 to 1.4 times as fast then (Q2_K, Q4_K), in half the RAM."""
    found = re.findall(r"(\w+) = [1-9]", api.llama_print_system_info().decode())
    return tuple(each for each in found if each != "REPACK" or "AVX512" not in found)


def _gpus() -> tuple[str, ...]:
    if not supports_gpu():
        return ()
    libggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    get, kind = libggml.ggml_backend_dev_get, libggml.ggml_backend_dev_type
    name = libggml.ggml_backend_dev_description
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    kind.argtypes = name.argtypes = [ctypes.c_void_p]
    name.restype = ctypes.c_char_p
    devices = [get(i) for i in range(libggml.ggml_backend_dev_count())]
    return tuple(name(device).decode() for device in devices if kind(device) == _GPU)


def backends() -> str:
    """What computes, as llama-bench names it: CUDA; CPU only where there is nothing else."""
    libggml.ggml_backend_reg_count.restype = ctypes.c_size_t
    get, name = libggml.ggml_backend_reg_get, libggml.ggml_backend_reg_name
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    names = [name(get(i)).decode() for i in range(libggml.ggml_backend_reg_count())]
    return ",".join(each for each in names if each != "CPU") or "CPU"
