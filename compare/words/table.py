"""The table of all measures: a name and a value a column, and what memory is made of."""

from collections.abc import Mapping

from compare.asked.comparison import Comparison
from compare.numbers import NBSP, UNKNOWN, about_size, count, rate, seconds, size, tokens
from compare.run.response import Response


def measures(
    responses: Mapping[str, Response], comparison: Comparison
) -> list[tuple[str, list[str]]]:
    """The table of all measures: a name and one value a column, in the columns' order."""
    columns = list(responses.values())
    files = {file.key: file for file in comparison.models}

    def row(name: str, value) -> tuple[str, list[str]]:
        return name, [value(response) for response in columns]

    return [
        ("File", [files[key].file for key in responses]),
        row("Load", _load),
        row("Context", lambda r: tokens(r.n_ctx)),
        row("Rendered prompt", lambda r: _letters(r.rendered_prompt)),
        row("Prompt tokens", lambda r: count(r.prompt_tokens)),
        row("Cached tokens", lambda r: count(r.cached_tokens)),
        row("First token (TTFT)", lambda r: seconds(r.ttft_s)),
        row("Prefill", lambda r: rate(r.prefill_tps)),
        row("Decode", lambda r: rate(r.decode_tps)),
        row("Output tokens", lambda r: count(r.output_tokens or None)),
        row("Whole answer", lambda r: seconds(r.total_s)),
        row("Finish reason", lambda r: r.finish_reason or ("failed" if r.error else UNKNOWN)),
        row("Threads", _threads),
        row("Shared with", _shared_row),
        row("Memory, predicted", lambda r: about_size(r.memory.predicted_bytes)),
        row("VRAM instead, on a GPU", _vram_instead),
        row("Memory, allocated", lambda r: size(r.memory.allocated_bytes)),
        row("Memory, measured", _measured),
        ("Seed", [str(comparison.sampling.seed)] * len(columns)),
    ]


RESERVED_NOTE = (
    "Allocated memory is reserved, not yet touched, so the measured figure may be lower; "
    "it counts the process and its libraries too."
)


def predicted_parts(response: Response) -> dict[str, int]:
    """What the predicted memory is made of, in bytes; nothing where there is no prediction."""
    told = response.prediction
    if told is None:
        return {}
    overhead = told.total_bytes - told.allocated_bytes
    return _parts(told.weights_bytes, told.kv_bytes, told.compute_bytes) | {"overhead": overhead}


def allocated_parts(response: Response) -> dict[str, int]:
    """What llama.cpp says that it allocated, in bytes; nothing where it said nothing."""
    told = response.memory
    return _parts(told.weights_bytes, told.kv_bytes, told.compute_bytes)


def _parts(weights: int | None, kv: int | None, compute: int | None) -> dict[str, int]:
    found = {"weights": weights, "KV cache": kv, "compute": compute}
    return {name: size for name, size in found.items() if size is not None}


ACCOUNTS = {"Predicted, in parts": predicted_parts, "Allocated, in parts": allocated_parts}


def _threads(response: Response) -> str:
    if response.threads is None:
        return UNKNOWN
    fewest, most = response.threads
    return f"{most}" if fewest == most else f"{fewest} to {most}"


def _load(response: Response) -> str:
    if response.load_s is None and response.loaded_at is not None:
        return "already loaded"
    return seconds(response.load_s)


def _letters(text: str | None) -> str:
    return UNKNOWN if text is None else f"{len(text):,}{NBSP}characters"


def _shared_row(response: Response) -> str:
    if response.shared_with is None:
        return UNKNOWN
    if not response.shared_with:
        return "nobody"
    others = f"{response.shared_with} other{'s' if response.shared_with > 1 else ''}"
    return f"{others} for {seconds(response.shared_s)}"


def _vram_instead(response: Response) -> str:
    return about_size(response.prediction.vram_instead_bytes if response.prediction else None)


def _measured(response: Response) -> str:
    told = response.memory
    if told.measured_bytes is None:
        return UNKNOWN
    of = " of the whole device" if told.scope == "device" else ""
    return f"{size(told.measured_bytes)} {told.kind.upper()}{of}"
