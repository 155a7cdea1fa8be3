"""One column in words: its state, its progress, its figures, and what a screen reader says of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from compare.models.spec import ModelFile
from compare.numbers import (
    NBSP,
    UNKNOWN,
    about_size,
    cores_got,
    count,
    download_rate,
    elapsed,
    part_of,
    percent,
    plural,
    rate,
    rough,
    rounded_time,
    seconds,
    size,
    speed,
    thread_range,
    time_left,
    tokens,
)
from compare.protocol.events import Memory
from compare.run.measures import SEEN, SERVER, Measures
from compare.run.response import Response

BASE_NOTE = "A base model: it continues text rather than answers."
RATES_BY = {SERVER: "by its server’s count", SEEN: "as seen from here"}
"""Whose figures an answer from another machine has: what it was shared with there isn't known here."""
_STAGES = {
    "downloading": "while downloading",
    "loading": "while loading",
    "reading": "while reading",
    "writing": "while writing",
}
_GLYPHS = {
    "waiting": "clock",
    "queued": "clock",
    "downloading": "arc",
    "loading": "arc",
    "loaded": "clock",
    "reading": "arc",
    "writing": "dot",
    "finished": "check",
    "cancelled": "square",
    "failed": "triangle",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands under an answer, in words."""

    speed: str
    company: str
    """what the speed was shared with, and its threads; before the answer how the load went"""
    small: Mapping[str, str]
    """three more, in their order, by their names"""
    now: str = ""
    """the speed of this moment"""
    instead: str = ""
    """what the model would take of this machine's GPU, which it doesn't use"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line whose odd parts (the second, the fourth) drop out where there is little room."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(self.parts)


def names(files: Sequence[ModelFile]) -> dict[str, str]:
    """What each column is called in a sentence, by key; with its quantization where it has to be."""
    times = Counter(file.short for file in files)
    return {
        file.key: f"{file.short} {file.quant}"
        if times[file.short] > 1 and file.quant
        else (file.key if times[file.short] > 1 else file.short)
        for file in files
    }


def ready_line(
    file: ModelFile, cached: bool, trouble: str | None = None, *, judged: bool = True
) -> Line:
    """The state of a column that hasn't run. `trouble`: why its file can't answer; `judged`: whether that is
    known as well as it can be.
    """
    if trouble:
        return Line(("Can't answer",))
    if file.server:
        return Line((f"On the server {file.server}",))
    if not judged:
        return Line(("On this machine", ", checked after the run in progress"))
    if cached:
        return Line(("On this machine, ready",))
    return Line((f"To download: {size(file.bytes)}" if file.bytes else "To download",))


def coming_line(response: Response) -> Line:
    """The state of a column that hasn't run while its file is on its way here all the same."""
    line = state_line(response, 0.0)
    left = time_left(_download_left_s(response))
    return Line((*line.parts[:1], f", {left[0].lower()}{left[1:]}")) if left else line


def glyph(response: Response) -> str:
    """The name of the sign before the state: check, ring, clock, arc, dot, square, triangle."""
    if response.download_waits and response.state == "downloading" and not response.stopping:
        return "clock"
    if response.stopping and not response.ended:
        return "square"
    return _GLYPHS[response.state]


def state_line(
    response: Response,
    now: float,
    *,
    names: Mapping[str, str] = {},
    max_seconds: float | None = None,
) -> Line:
    """Where a column stands. `names`: see `names`; `max_seconds`: this host's limit for an answer."""
    if response.stopping and not response.ended:
        return Line(("Stopping",))
    match response.state:
        case "queued" if response.place:
            before = f"In line, {plural(response.place, 'run', NBSP)} before yours"
            turn = response.turn_by and f", starts within {rounded_time(response.turn_by - now)}"
            return Line((before, turn or ""))
        case "queued":
            after = names.get(response.after_column or "")
            return Line(("Waiting its turn", f", after {after}" if after else ""))
        case "downloading" if response.download_waits:
            total = response.total_bytes
            return Line(("Waiting to download", f", {size(total)}" if total else ""))
        case "downloading":
            return Line(
                (f"Downloading, {part_of(response.done_bytes or 0, response.total_bytes)}",)
            )
        case "loading":
            return Line((f"Loading, {elapsed(now - _or(response.loading_at, now))}",))
        case "loaded":
            return Line(("Waiting", " for the others"))
        case "reading" if response.prompt_tokens is None:
            return Line(("Reading", " the prompt"))
        case "reading":
            done = min(response.prefill_done, response.prompt_tokens or 0)
            return Line(
                (
                    "Reading",
                    " the prompt",
                    f", {done:,} of {count(response.prompt_tokens)}",
                    " tokens",
                )
            )
        case "writing":
            return Line((f"Writing, {elapsed(now - _or(response.started_at, now))}",))
        case "finished":
            return finished_line(response.measures, response.finish_reason, max_seconds)
        case "cancelled" if response.first_token_at is not None:
            within = " while thinking," if response.measures.thought_is_cut else ""
            return Line(("Stopped", within, f" after {seconds(response.total_s)}"))
        case "cancelled":
            return Line(("Stopped before the first token",))
        case "failed":
            stage = _STAGES.get(response.stage)
            return Line((f"Failed {stage}" if stage else "Failed to start",))
    return Line(("Waiting to start",))


def finished_line(
    measures: Measures, finish_reason: str | None, max_seconds: float | None = None
) -> Line:
    """The state of an answer that has ended by itself, here or in a recording."""
    if finish_reason == "time":
        took = round(measures.total_s or 0)
        # A GPU that was leased for the run may have less time for it than the host's limit.
        limit = took if max_seconds is None or 0 < took < max_seconds else max_seconds
        at = " while thinking, at" if measures.thought_is_cut else " at"
        return Line((f"Ended{at}", " this host's limit of", f" {limit:g}{NBSP}s"))
    counted = "tokens" if measures.output_tokens is None else tokens(measures.output_tokens)
    limit = f"at the limit of {counted}" if finish_reason == "length" else ""
    if measures.thought_is_cut:
        return Line(("Ended while thinking", f", {limit or f'after {seconds(measures.total_s)}'}"))
    took = f"Finished in {seconds(measures.total_s)}"
    # That it was cut is said wherever there is room for anything.
    return Line(("", f"{took}, ", limit)) if limit else Line((took,))


def progress(response: Response) -> float | None:
    """How far it has come, 0 to 1; None where no end is known."""
    if response.stopping or response.ended:
        return None
    if response.state == "downloading" and response.total_bytes:
        return min(1.0, (response.done_bytes or 0) / response.total_bytes)
    if response.state == "reading" and response.prompt_tokens:
        return min(1.0, response.prefill_done / response.prompt_tokens)
    return None


def place_text(response: Response, now: float) -> str:
    """What stands in the answer's place while there is no answer."""
    if response.state == "cancelled" and response.stage == "downloading":
        return "The download goes on; the next run finds it."
    if response.stopping or response.ended:
        return ""
    match response.state:
        case "downloading" if response.download_waits:
            return "Another program is fetching this file"
        case "downloading":
            left = time_left(_download_left_s(response))
            done = progress(response)
            came = "" if done is None else percent(done)
            return _listing_left((came, download_rate(response.bytes_per_s), left), left)
        case "loading":
            kind = response.memory.kind.upper()
            what = f"{size(response.file_bytes)} into {kind}" if response.file_bytes else ""
            if response.idle_s is None:
                return what
            unloaded = f"it was unloaded after {rough(response.idle_s)} without use"
            return f"{what}: {unloaded}" if what else unloaded.capitalize()
        case "reading":
            began_at, _ = response.reading_began or (now, 0)
            if now - began_at < 1 or response.reading_tps is None:
                return ""
            left = time_left(response.reading_left_s(now))
            return _listing_left((rate(response.reading_tps), left), left)
    return ""


def _listing_left(parts: Sequence[str], left: str) -> str:
    """What is known, after commas; the time left begins small unless it begins the line."""
    text = ", ".join(part for part in parts if part)
    return text if text == left else text.replace(left, left[:1].lower() + left[1:])


def _download_left_s(response: Response) -> float | None:
    if not response.bytes_per_s or not response.total_bytes:
        return None
    return max(0, response.total_bytes - (response.done_bytes or 0)) / response.bytes_per_s


def figures(response: Response, now: float) -> Figures:
    """The figures of a column at one moment."""
    measures, tps = response.measures, response.decode_tps_now(now)
    known = replace(measures.memory, predicted_bytes=predicted_bytes(response))
    memory = _memory(known, response.state == "failed")
    predicted = response.prediction
    vram = predicted.vram_instead_bytes if predicted and predicted.has_gpu else None
    return Figures(
        speed(measures.decode_tps), _company(response, now), _small(measures, memory),
        now="" if tps is None else f"now{NBSP}{speed(tps)}",
        instead=f"{about_size(vram)} of VRAM on the GPU" if vram else "",
    )  # fmt: skip


def recorded_figures(measures: Measures) -> Figures:
    """The figures of a recorded answer."""
    answered = measures.ttft_s is not None
    company = _sharing(measures, measures.total_s or 0.0) if answered else ""
    return Figures(speed(measures.decode_tps), company, _small(measures, _memory(measures.memory)))


def _small(measures: Measures, memory: str) -> dict[str, str]:
    return {
        "First token": seconds(measures.ttft_s),
        "Answer": tokens(measures.output_tokens or None),
        "Memory": memory,
    }


def _company(response: Response, now: float) -> str:
    if response.state in ("writing", "finished", "cancelled", "failed") and response.first_token_at:
        lasted_s = _or(response.ended_at, now) - _or(response.started_at, now)
        return _sharing(response.measures, lasted_s)
    if response.server is not None:
        return f"on {response.server.kind}"
    if response.loaded_at is not None:
        return (
            "already loaded" if response.load_s is None else f"loaded in {seconds(response.load_s)}"
        )
    return "" if response.ended else "not run yet"


def _sharing(measures: Measures, lasted_s: float) -> str:
    """What it shared the machine with in the `lasted_s` of its answer: alone · 2 threads; where other
    programs had the cores, alone · got 1.1 of 2 cores.
    """
    if measures.rates_by is not None:
        return RATES_BY[measures.rates_by]
    shared = "alone"
    if measures.shared_with and measures.shared_s:
        whole = measures.shared_s >= 0.9 * lasted_s
        others = plural(measures.shared_with, "other")
        shared = f"shared with {others}" if whole else f"shared for {rough(measures.shared_s)}"
    if measures.short_of_cores:
        return f"{shared} · {cores_got(measures.cores_used, measures.cores_granted)}"
    return f"{shared} · {thread_range(measures.threads)}"


def predicted_bytes(response: Response) -> int | None:
    """What will be measured, as far as it was predicted; without a prediction of ours as it was told."""
    predicted = response.prediction
    return predicted.process_bytes if predicted else response.memory.predicted_bytes


def _memory(memory: Memory, failed: bool = False) -> str:
    """1.29 GB RAM; predicted: about 4.8 GB, which says nothing any more once it has failed."""
    if memory.measured_bytes is not None:
        return f"{size(memory.measured_bytes)} {memory.kind.upper()}"
    return UNKNOWN if failed else about_size(memory.predicted_bytes)


def short(response: Response | None) -> str:
    """A column in two words: 9.6 tok/s; reading, 79 %; waiting; failed."""
    if response is None:
        return "not run yet"
    if response.stopping and not response.ended:
        return "stopping"
    if response.state == "failed":
        return "failed"
    if response.state == "downloading" and response.download_waits:
        return "waiting"
    if response.decode_tps is not None:
        return f"{speed(response.decode_tps)} tok/s"
    done = progress(response)
    plain = {"queued": "waiting", "loaded": "waiting", "cancelled": "stopped"}
    word = plain.get(response.state, response.state)
    return word if done is None else f"{word}, {percent(done)}"


def recorded_short(measures: Measures) -> str:
    """A recorded answer in as many."""
    tps = measures.decode_tps
    return "recorded" if tps is None else f"recorded, {speed(tps)}{NBSP}tok/s"


def failure(response: Response) -> tuple[str, str]:
    """What happened, and what to do."""
    return in_two(response.error or "It ended without a word.")


def in_two(message: str) -> tuple[str, str]:
    """What a message says on its first line, what happened, and on the others, what to do."""
    happened, _, advice = message.partition("\n")
    return happened.strip(), advice.strip()


def announcements(
    before: Mapping[str, Response], after: Mapping[str, Response], names: Mapping[str, str]
) -> list[str]:
    """What a screen reader says between two snapshots: one sentence for each state that changed."""
    said = []
    for key, response in after.items():
        earlier = before.get(key)
        if earlier is None or earlier.state != response.state:
            sentence = _announcement(names[key], response)
            if sentence:
                said.append(sentence)
    return said


def _announcement(name: str, response: Response) -> str:
    match response.state:
        case "queued" if response.place:
            return f"{name} is in line."
        case "downloading" | "loading" | "writing":
            return f"{name} is {response.state}."
        case "reading":
            return f"{name} is reading the prompt."
        case "finished":
            cut = response.measures.thought_is_cut
            parts = [f"{name} {'ended while thinking' if cut else 'finished'}"]
            if response.decode_tps is not None:
                parts.append(f"{speed(response.decode_tps)} tokens a second")
            return f"{', '.join([*parts, tokens(response.output_tokens)])}."
        case "cancelled":
            return f"{name} stopped."
        case "failed":
            happened, _ = failure(response)
            where = _STAGES.get(response.stage)
            return f"{name} failed{f' {where}' if where else ''}: {happened}"
    return ""


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
