"""The table of all measures: a name and a value a column, and what memory is made of."""

from collections.abc import Callable, Mapping

from compare.asked.comparison import Comparison
from compare.numbers import NBSP, UNKNOWN, about_size, count, plural, rate, seconds, size, tokens
from compare.protocol.events import Memory
from compare.run.measures import SEEN, SERVER, Measures
from compare.run.response import Response
from compare.words.column import predicted_bytes


def all_measures(
    responses: Mapping[str, Response], comparison: Comparison
) -> list[tuple[str, list[str]]]:
    """The table of all measures: a name and one value a column, in the columns' order."""
    files = {file.key: file for file in comparison.models}
    columns, measured = list(responses.values()), [each.measures for each in responses.values()]

    def of_column(name: str, value: Callable[[Response], str]) -> tuple[str, list[str]]:
        return name, [value(response) for response in columns]

    def row(name: str, value: Callable[[Measures], str]) -> tuple[str, list[str]]:
        return name, [value(measures) for measures in measured]

    thinks = any(measures.thinking_tokens for measures in measured)
    thinking = [
        row("of which thinking", lambda m: count(m.thinking_tokens)),
        row("First token of the answer", lambda m: seconds(m.first_answer_s)),
    ]
    return [
        ("File", [files[key].file or UNKNOWN for key in responses]),
        *([of_column("Server", _server)] if any(r.server for r in columns) else ()),
        of_column("Load", _load),
        of_column("Context", lambda r: tokens(r.n_ctx)),
        of_column("Rendered prompt", lambda r: _letters(r.rendered_prompt)),
        row("Prompt tokens", lambda m: count(m.prompt_tokens)),
        row("Cached tokens", lambda m: count(m.cached_tokens)),
        row("First token (TTFT)", lambda m: seconds(m.ttft_s) + _seen(m, m.ttft_s, SERVER, SEEN)),
        row("Prefill", lambda m: rate(m.prefill_tps)),
        row("Decode", lambda m: rate(m.decode_tps) + _seen(m, m.decode_tps, SEEN)),
        row("Output tokens", lambda m: count(m.output_tokens or None)),
        *(thinking if thinks else ()),
        row("Whole answer", lambda m: seconds(m.total_s)),
        of_column("Finish reason", _finish_reason),
        row("Threads", lambda m: _threads(m.threads)),
        row("Cores used", lambda m: UNKNOWN if m.cores_used is None else f"{m.cores_used:.1f}"),
        row("Shared with", _shared_with),
        of_column("Memory, predicted", lambda r: about_size(predicted_bytes(r))),
        of_column("VRAM instead, on a GPU", _vram_instead),
        row("Memory, allocated", lambda m: size(m.memory.allocated_bytes)),
        row("Memory, measured", lambda m: _measured(m.memory)),
        ("Seed", [str(comparison.sampling.seed)] * len(columns)),
    ]


def _server(response: Response) -> str:
    """gpu, llama-server: tiny.gguf"""
    told = response.server
    return UNKNOWN if told is None else f"{told.server}, {told.kind}: {told.model}"


def _seen(measures: Measures, value: float | None, *rates_by: str) -> str:
    """Said of what was timed here, network inside, where an answer came from another machine."""
    return ", as seen from here" if value is not None and measures.rates_by in rates_by else ""


RESERVED_NOTE = (
    "Predicted and measured count the process and its libraries, too; allocated is llama.cpp's own "
    "account. What is reserved, not yet touched, isn't measured, so that figure may be lower."
)


def predicted_parts(response: Response) -> dict[str, int]:
    """What the predicted memory is made of, in bytes; nothing where there is no prediction."""
    predicted = response.prediction
    if predicted is None:
        return {}
    parts = _parts(predicted.weights_bytes, predicted.kv_bytes, predicted.compute_bytes)
    return parts | {"overhead": predicted.total_bytes - predicted.allocated_bytes}


def allocated_parts(response: Response) -> dict[str, int]:
    """What llama.cpp says that it allocated, in bytes; nothing where it said nothing."""
    memory = response.memory
    return _parts(memory.weights_bytes, memory.kv_bytes, memory.compute_bytes)


def _parts(weights: int | None, kv: int | None, compute: int | None) -> dict[str, int]:
    parts = {"weights": weights, "KV cache": kv, "compute": compute}
    return {name: size for name, size in parts.items() if size is not None}


ACCOUNTS = {"Predicted, in parts": predicted_parts, "Allocated, in parts": allocated_parts}


def _threads(threads: tuple[int, int] | None) -> str:
    if threads is None:
        return UNKNOWN
    fewest, most = threads
    return f"{most}" if fewest == most else f"{fewest} to {most}"


def _load(response: Response) -> str:
    if response.load_s is None and response.loaded_at is not None:
        return "already loaded"
    return seconds(response.load_s)


def _letters(text: str | None) -> str:
    return UNKNOWN if text is None else f"{len(text):,}{NBSP}characters"


def _finish_reason(response: Response) -> str:
    within = ", while thinking" if response.ended and response.measures.thought_is_cut else ""
    return f"{response.finish_reason or ('failed' if response.error else UNKNOWN)}{within}"


def _shared_with(measures: Measures) -> str:
    if measures.shared_with is None:
        return UNKNOWN
    if not measures.shared_with:
        return "nobody"
    return f"{plural(measures.shared_with, 'other')} for {seconds(measures.shared_s)}"


def _vram_instead(response: Response) -> str:
    return about_size(response.prediction.vram_instead_bytes if response.prediction else None)


def _measured(memory: Memory) -> str:
    if memory.measured_bytes is None:
        return UNKNOWN
    of = " of the whole device" if memory.scope == "device" else ""
    return f"{size(memory.measured_bytes)} {memory.kind.upper()}{of}"
