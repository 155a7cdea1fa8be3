"""What a parent asks of its child, one JSON document a line on the child's stdin.

Plain dataclasses: the child imports this module and must stay small.
"""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load a file. `gpu_layers` None is all of them where llama.cpp was built for a GPU."""

    run: int
    path: str
    n_ctx: int
    gpu_layers: int | None
    kv_type: str
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Tell what `Load` would reserve for a file, of which the header is enough; answered by Reserved."""

    run: int
    path: str
    n_ctx: int
    gpu_layers: int | None
    kv_type: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of what a model is asked."""

    role: str
    """`system`, `user` or `assistant`, as chat templates have them"""
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Answer messages. `template` and `template_stop` serve a file without a template of its own; `guessed`:
    nobody knows that they are its model's.
    """

    run: int
    messages: tuple[Message, ...]
    template: str
    template_stop: tuple[str, ...]
    threads: int
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repeat_penalty: float
    seed: int
    stop: tuple[str, ...]
    thinking: str
    """auto, off, on, or an effort: low, medium, high"""
    max_seconds: float | None
    raw: bool = False
    """whether an answer goes on where the template's next turn would begin"""
    guessed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Generate):
    """Tell how many tokens this would be for a file, of which nothing is loaded but the vocabulary.

    Answered by Tokenized.
    """

    path: str
    n_ctx: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Time reading and writing, as llama-bench does: `repeats` times each, from an empty context, by ids.

    A test of 0 tokens is left out. Answered by Samples, one a repetition, and Finished.
    """

    run: int
    n_prompt: int
    n_gen: int
    repeats: int
    threads: int
    max_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetThreads:
    """Work with `n` threads from the next token on; answered by a Threads event."""

    run: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """End this run's answer or measuring; answered by Finished(cancelled)."""

    run: int


Request = Reserve | Load | Generate | Count | Measure | SetThreads | Cancel
_KINDS = {
    kind.__name__.lower(): kind
    for kind in (Reserve, Load, Generate, Count, Measure, SetThreads, Cancel)
}


def encode(request: Request) -> str:
    """One line of JSON, its newline included."""
    return json.dumps({"do": type(request).__name__.lower(), **asdict(request)}) + "\n"


def decode(line: str | bytes) -> Request:
    """The request a line holds. Raises ValueError or TypeError where it holds none."""
    values = json.loads(line)
    kind = _KINDS.get(values.pop("do", None))
    if kind is None:
        raise ValueError(f"a request must be one of {', '.join(_KINDS)}")
    if "messages" in values:
        values["messages"] = [Message(**each) for each in values["messages"]]
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
