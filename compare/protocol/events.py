"""The values that tell what happens to one column, stamped where it happens.

`at` is `time.monotonic()` in seconds: one clock for all processes of a machine. An event doesn't know
which column it belongs to: whoever receives it from a runner or a download does. The child imports
this module, so nothing heavy may be imported here.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal


class BadEvent(ValueError):
    """A line that is no event: the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one model takes, in bytes; None is unknown.

    Predicted before loading, allocated by llama.cpp's own account (weights + KV cache + compute),
    measured by the driver or the operating system (own + mapped, where it tells them apart).
    """

    kind: Literal["ram", "vram"] = "ram"
    scope: Literal["process", "device"] = "process"
    """`device` where only the whole device's memory could be read"""
    predicted_bytes: int | None = None
    allocated_bytes: int | None = None
    weights_bytes: int | None = None
    kv_bytes: int | None = None
    compute_bytes: int | None = None
    measured_bytes: int | None = None
    own_bytes: int | None = None
    mapped_bytes: int | None = None
    devices: tuple[Mapping[str, Any], ...] = ()
    """one mapping a device: {"device", "allocated_bytes"}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    run: int
    """number of the comparison it belongs to; 0 before the first"""
    at: float
    """seconds on the machine's monotonic clock"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Event):
    """A child's first line."""

    llama_cpp_python: str
    llama_cpp: str
    """the commit llama.cpp was built from"""
    gpus: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    """of the processor, as far as llama.cpp was built for them: AVX2, NEON"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(Event):
    """Waiting: `place` runs of others stand before this one, or the column `after` runs first."""

    place: int = 0
    wait_s: float | None = None
    """until its turn, at most"""
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloading(Event):
    done_bytes: int
    total_bytes: int | None
    bytes_per_s: float | None = None
    waits: bool = False
    """another process fetches the same file, and this one waits for it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched(Event):
    """The file is on this machine."""

    path: str
    file_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved(Event):
    """What llama.cpp would reserve for a file that is not loaded, to the 0.01 MiB its lines tell.

    Of weights it says nothing: those are in the file's header. None: llama.cpp could not tell.
    """

    n_ctx: int | None = None
    kv_bytes: int | None = None
    ram_compute_bytes: int | None = None
    vram_compute_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenized(Event):
    """What is asked, in tokens, before it is asked."""

    prompt_tokens: int
    lowered_to: int | None = None
    """tokens that the context leaves for an answer, where those are fewer than were asked for"""
    unswitched: tuple[str, ...] = ()
    """how thinking can't be switched as it is asked for"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted(Event):
    """What the model is predicted to take. Made in the parent; never crosses to it."""

    prediction: Any
    """a compare.memory.predict.Prediction"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading(Event):
    file_bytes: int
    idle_s: float | None = None
    """It was loaded before, and unloaded as nobody had used it for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Event):
    """Ready to answer. `load_s` is None where the model was loaded already."""

    load_s: float | None
    n_ctx: int
    memory: Memory
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached(Event):
    """The server of another machine that is to answer has said what it is. Never crosses to a child."""

    server: str
    """the owner's name for it; never where it is"""
    kind: str
    """the program, as a person reads it: llama-server"""
    model: str
    """by the server's name for it"""
    drops: tuple[str, ...] = ()
    """the settings asked for that don't count there, by name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """The request was taken up at `at`, before its prompt was rendered. What a server of another machine
    hasn't told is None.
    """

    prompt_tokens: int | None
    cached_tokens: int | None
    rendered_prompt: str | None = None
    """None: the prompt is ids, without a text, or was rendered elsewhere"""
    threads: int | None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefill(Event):
    """`done` of `total` prompt tokens have been read."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefilled(Event):
    """`tokens` prompt tokens were evaluated in `eval_s` seconds."""

    tokens: int
    eval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Event):
    """What has become certain of an answer. Both texts may be empty while bytes, or a possible mark or stop
    string, are held back.
    """

    text: str = ""
    """of the answer itself"""
    thinking: str = ""
    """of what the model thinks before it"""
    thinking_tokens: int = 0
    """so many more belong to the thinking"""
    answer_at: float | None = None
    """when the first token of the answer itself came; told once"""
    recalls: bool = False
    """the text so far was thinking, which only its end has shown; `thinking` follows it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta(Written):
    """One output token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk(Written):
    """What came from a server at once, however many tokens that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Event):
    """What a server tells of its work so far, by its own counts and clock; None where it tells nothing."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    prefill_tps: float | None = None
    decode_tps: float | None = None
    load_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Testbed(Event):
    """What is about to be measured and how it is set up, by llama-bench's names."""

    model_type: str
    """llama.cpp's own description: llama 1B Q8_0"""
    model_size: int
    """bytes of all tensors"""
    model_n_params: int
    backends: str
    n_batch: int
    n_ubatch: int
    n_gpu_layers: int
    flash_attn: bool
    type_k: str
    type_v: str
    test_time: str
    """when it began: RFC 3339, UTC"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing(Event):
    """`done` of `total` tokens of one repetition; `repeat` 0 is the warm-up, which isn't counted."""

    test: str
    """`pp`, reading a prompt, or `tg`, writing: llama-bench's names"""
    repeat: int
    repeats: int
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Event):
    """One repetition of a test: `tokens` were evaluated in `eval_s` seconds, `processor_s` of all threads."""

    test: str
    tokens: int
    eval_s: float
    processor_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads(Event):
    """The child may work with `n` threads from now on."""

    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced(Event):
    """Of its threads it works with `n` from now on, as others have the cores of the rest."""

    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping(Event):
    """Someone asked for the end; the child has not answered yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Written):
    """The answer ended. Its texts are what was held back, and was no mark and no stop string."""

    reason: str
    """`stop`, `length`, `time` or `cancelled`"""
    stop_string: str | None = None
    """which of those asked for it was that ended it"""
    engine_prefill_tps: float | None = None
    engine_decode_tps: float | None = None
    processor_s: float | None = None
    """what all its threads together computed, from Started on"""
    memory: Memory | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """`message`: what happened on its first line, what to do on the next. `log`: the log's last lines."""

    message: str
    log: tuple[str, ...] = ()
    void: bool = False
    """whether what was measured before counts for nothing"""


def unforeseen(error: Exception) -> str:
    """What Failed says at a border where anything may arrive: a column fails, its process goes on."""
    return f"Something unforeseen happened: {type(error).__name__}: {error}\nRun it again."


_KINDS: dict[str, type[Event]] = {
    kind.__name__.lower(): kind
    for kind in (
        *(Hello, Queued, Downloading, Fetched, Reserved, Tokenized, Loading, Loaded, Started),
        *(Prefill, Prefilled, Delta, Testbed, Testing, Sample, Threads, Paced, Stopping),
        *(Finished, Failed),
    )
}


# Made once: json.dumps would make an encoder a call, and asdict copies.
_NAMES = {kind: (name, [field.name for field in fields(kind)]) for name, kind in _KINDS.items()}
_OF_THINKING = [(f.name, f.default) for f in fields(Delta) if f.name not in ("run", "at", "text")]
_quoted = json.encoder.encode_basestring
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=asdict)


def encode(event: Event) -> str:
    """One line of JSON, its newline included."""
    if type(event) is Delta:  # on the way of every token: a fifth of the time that an encoder takes
        head = f'{{"event":"delta","run":{event.run},"at":{event.at!r}'
        more = "".join(
            f',"{name}":{_ENCODER.encode(value)}'
            for name, default in _OF_THINKING
            if (value := getattr(event, name)) != default
        )
        return f'{head},"text":{_quoted(event.text)}{more}}}\n'
    kind, names = _NAMES[type(event)]
    values = {"event": kind}
    for name in names:
        values[name] = getattr(event, name)
    return _ENCODER.encode(values) + "\n"


def decode(line: str | bytes) -> Event:
    """The event a line of JSON holds. Raises BadEvent where it holds none."""
    try:
        values = json.loads(line)
        kind = _KINDS[values.pop("event")]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadEvent("not a line of the protocol") from error
    known = {field.name for field in fields(kind)}
    if not values.keys() <= known:
        raise BadEvent(f"{kind.__name__} has no {', '.join(sorted(values.keys() - known))}")
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    try:
        if isinstance(values.get("memory"), dict):
            memory = values["memory"]
            values["memory"] = Memory(**{**memory, "devices": tuple(memory.get("devices", ()))})
        event = kind(**values)
    except TypeError as error:
        raise BadEvent(str(error)) from error
    if not isinstance(event.run, int) or not isinstance(event.at, int | float):
        raise BadEvent("an event needs the number of its run and its time")
    return event
