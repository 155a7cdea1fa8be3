"""Every number, state and word a person is shown, for page and command line alike.

Pure: takes responses, files and the time `now` (monotonic seconds); knows no markup and no clock.
Unknown is “–”; a no-break space stands before a unit.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from compare.response import Response
from compare.spec import Comparison, LoadSettings, ModelFile, SamplingParams

UNKNOWN = "–"
NBSP = "\u00a0"
BASE_NOTE = "A base model: it continues text rather than answers."
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
class Line:
    """A line whose odd parts (the second, the fourth) drop out where there is little room."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class Summary:
    """The sentence under the columns: what stands before the finding, the finding, the rest."""

    before: str = ""
    finding: str = ""
    rest: str = ""

    def __str__(self) -> str:
        return self.before + self.finding + self.rest


# Numbers.


def speed(tps: float | None) -> str:
    """Tokens a second: one decimal under 100, none above."""
    if tps is None:
        return UNKNOWN
    return f"{tps:.1f}" if tps < 99.95 else f"{tps:,.0f}"


def deviation(tps: float, stddev: float, repeats: int) -> str:
    """± 0.4: as many decimals as its speed has. Nothing for a single repetition, which has none."""
    return f"± {stddev:,.{1 if tps < 99.95 else 0}f}" if repeats > 1 else ""


def seconds(s: float | None) -> str:
    """0.42 s, 2.9 s, 13.4 s, from 100 s on 2 min 5 s, from an hour on 1 h 5 min."""
    if s is None:
        return UNKNOWN
    if s < 0.995:
        return f"{s:.2f}{NBSP}s"
    if s < 99.95:
        return f"{s:.1f}{NBSP}s"
    return _minutes(s)


def elapsed(s: float) -> str:
    """Seconds that are still counting: one decimal under 10, none above, so that it stays calm."""
    s = max(s, 0.0)
    if s < 9.95:
        return f"{s:.1f}{NBSP}s"
    if s < 99.5:
        return f"{s:.0f}{NBSP}s"
    return _minutes(s)


def _minutes(s: float) -> str:
    whole = round(s)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes}{NBSP}min" + (f" {rest}{NBSP}s" if rest else "")
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours}{NBSP}h" + (f" {minutes}{NBSP}min" if minutes else "")


def size(n: float | None) -> str:
    """Bytes in decimal units, three digits: 1.17 GB, 638 MB, 98.4 MB."""
    if n is None:
        return UNKNOWN
    digits, unit, divisor = _scale(n)
    return f"{n / divisor:.{digits}f}{NBSP}{unit}"


def about_size(n: float | None) -> str:
    """A predicted size, two digits: about 4.8 GB, about 18 GB."""
    if n is None:
        return UNKNOWN
    rounded = round(n, 1 - math.floor(math.log10(n))) if n >= 1 else 0
    _, unit, divisor = _scale(rounded)
    value = rounded / divisor
    return f"about {value:.{1 if value < 10 and divisor > 1 else 0}f}{NBSP}{unit}"


def part_of(done: float, total: float | None) -> str:
    """6.2 of 17.3 GB: both in the unit of the total."""
    if not total:
        return size(done)
    digits, unit, divisor = _scale(total)
    return f"{done / divisor:.{digits}f} of {total / divisor:.{digits}f}{NBSP}{unit}"


def _scale(n: float) -> tuple[int, str, float]:
    """Decimals, unit and divisor that give three digits."""
    if n < 999.5:
        return 0, "B", 1
    for unit, divisor in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)):
        value = n / divisor
        if value < 9.995:
            return 2, unit, divisor
        if value < 99.95:
            return 1, unit, divisor
        if value < 999.5:
            return 0, unit, divisor
    return 0, "TB", 1e12


def count(n: int | None) -> str:
    return UNKNOWN if n is None else f"{n:,}"


def tokens(n: int | None) -> str:
    """2,048 tokens, 1 token."""
    return UNKNOWN if n is None else f"{n:,}{NBSP}{'token' if n == 1 else 'tokens'}"


def factor(x: float) -> str:
    """4.2; from 100 on without a decimal."""
    return f"{x:.1f}" if x < 99.95 else f"{x:,.0f}"


def percent(fraction: float) -> str:
    return f"{fraction * 100:.0f}{NBSP}%"


def thread_range(threads: tuple[int, int] | None) -> str:
    """1 thread, 2 threads, 1 to 2 threads."""
    if threads is None:
        return UNKNOWN
    fewest, most = threads
    if fewest == most:
        return f"{most}{NBSP}{'thread' if most == 1 else 'threads'}"
    return f"{fewest} to {most}{NBSP}threads"


def time_left(s: float | None) -> str:
    """About 3 s left to 10 s, then rounded to 5 s, from 90 s on in minutes; unknown is silence."""
    return "" if s is None else f"About {_rounded(s)} left"


def expected(s: float | None) -> str:
    """How long a run will take, said before it."""
    return "" if s is None else f"Up to {_rounded(s)}"


def about_time(s: float, guessed: bool = False) -> str:
    """How long a bench will take, said before it: About 40 s."""
    return f"About {_rounded(s)}{', guessed by file size' if guessed else ''}"


def _rounded(s: float) -> str:
    if s <= 10:
        return f"{max(1, round(s))}{NBSP}s"
    if round(s / 5) * 5 < 90:
        return f"{round(s / 5) * 5}{NBSP}s"
    return _minutes(max(2, round(s / 60)) * 60)


def run_label(missing: Sequence[ModelFile]) -> str:
    """What Run is called, with the files it would have to download first."""
    if not missing:
        return "Run"
    sizes = [file.bytes for file in missing]
    if None in sizes:
        return "Download and run"
    return f"Download {size(sum(sizes))} and run"


def seed_label(seed: int) -> str:
    return f"Use seed {seed} again"


# One column.


def names(files: Sequence[ModelFile]) -> dict[str, str]:
    """What each column is called in a sentence, by key; with its quantization where it has to be."""
    times = Counter(file.short for file in files)
    return {
        file.key: f"{file.short} {file.quant}"
        if times[file.short] > 1 and file.quant
        else (file.key if times[file.short] > 1 else file.short)
        for file in files
    }


def ready_line(file: ModelFile, cached: bool) -> Line:
    """The state of a column that hasn't run."""
    if cached:
        return Line(("On this machine, ready",))
    return Line((f"To download: {size(file.bytes)}" if file.bytes else "To download",))


def coming_line(response: Response) -> Line:
    """The state of a column that hasn't run while its file is on its way here all the same."""
    line = state_line(response, 0.0)
    left = time_left(_download_left_s(response))
    return Line((*line.parts[:1], f", {left[0].lower()}{left[1:]}")) if left else line


def coming_note(files: Sequence[ModelFile]) -> str:
    """What a run would do without them at first, said before it."""
    names = listed([file.short for file in files])
    return f"{names} {'answers' if len(files) == 1 else 'answer'} when downloaded" if files else ""


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
            runs = "run" if response.place == 1 else "runs"
            return Line((f"In line, {response.place}{NBSP}{runs} before yours",))
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
            return _finished_line(response, max_seconds)
        case "cancelled" if response.first_token_at is not None:
            return Line((f"Stopped after {seconds(response.total_s)}",))
        case "cancelled":
            return Line(("Stopped before the first token",))
        case "failed":
            stage = _STAGES.get(response.stage)
            return Line((f"Failed {stage}" if stage else "Failed to start",))
    return Line(("Waiting to start",))


def _finished_line(response: Response, max_seconds: float | None) -> Line:
    if response.finish_reason == "time":
        took = round(response.total_s or 0)
        # A GPU that was leased for the run may have less time for it than the host's limit.
        limit = took if max_seconds is None or 0 < took < max_seconds else max_seconds
        return Line(("Ended at", " this host's limit of", f" {limit:g}{NBSP}s"))
    took = f"Finished in {seconds(response.total_s)}"
    if response.finish_reason == "length":
        return Line((took, f", at the limit of {tokens(response.output_tokens)}"))
    return Line((took,))


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
            told = (
                "" if done is None else percent(done),
                download_rate(response.bytes_per_s),
                left,
            )
            return _listing_left(told, left)
        case "loading":
            kind = response.memory.kind.upper()
            return f"{size(response.file_bytes)} into {kind}" if response.file_bytes else ""
        case "reading":
            began_at, _ = response.reading_began or (now, 0)
            if now - began_at < 1 or response.reading_tps is None:
                return ""
            left = time_left(response.reading_left_s(now))
            return _listing_left((_rate(response.reading_tps), left), left)
    return ""


def _listing_left(parts: Sequence[str], left: str) -> str:
    """What is known, after commas; the time left begins small unless it begins the line."""
    text = ", ".join(part for part in parts if part)
    return text if text == left else text.replace(left, left[:1].lower() + left[1:])


def download_rate(bytes_per_s: float | None) -> str:
    """38 MB/s: two digits, so that it stays calm; unknown is silence."""
    if not bytes_per_s:
        return ""
    return about_size(bytes_per_s).removeprefix("about ") + "/s"


def _download_left_s(response: Response) -> float | None:
    if not response.bytes_per_s or not response.total_bytes:
        return None
    return max(0, response.total_bytes - (response.done_bytes or 0)) / response.bytes_per_s


def speed_now(response: Response, now: float) -> str:
    """now 10.2: beside the speed of the whole answer, while it is being written."""
    tps = response.decode_tps_now(now)
    return "" if tps is None else f"now{NBSP}{speed(tps)}"


def company(response: Response, now: float) -> str:
    """What its speed was shared with, and its threads; before the answer how its load went."""
    if response.state in ("writing", "finished", "cancelled", "failed") and response.first_token_at:
        return f"{_shared(response, now)} · {thread_range(response.threads)}"
    if response.loaded_at is not None:
        return (
            "already loaded" if response.load_s is None else f"loaded in {seconds(response.load_s)}"
        )
    return "" if response.ended else "not run yet"


def _shared(response: Response, now: float) -> str:
    if not response.shared_with or not response.shared_s:
        return "alone"
    whole = _or(response.ended_at, now) - _or(response.started_at, now)
    if response.shared_s >= 0.9 * whole:
        return f"shared with {response.shared_with} other{'s' if response.shared_with > 1 else ''}"
    return f"shared for {_rough(response.shared_s)}"


def _rough(s: float) -> str:
    if s < 2.95:
        return seconds(s)
    return f"{s:.0f}{NBSP}s" if s < 99.5 else _minutes(s)


def memory(response: Response) -> str:
    """1.29 GB RAM; predicted: about 4.8 GB."""
    told = response.memory
    if told.measured_bytes is not None:
        return f"{size(told.measured_bytes)} {told.kind.upper()}"
    if response.state == "failed":
        return UNKNOWN
    return about_size(told.predicted_bytes)


def figures(response: Response) -> dict[str, str]:
    """The three small figures beside the speed, in their order."""
    return {
        "First token": seconds(response.ttft_s),
        "Answer": tokens(response.output_tokens or None),
        "Memory": memory(response),
    }


def vram_instead(response: Response) -> str:
    """about 1.5 GB of VRAM on a GPU; nothing where it is on one, or where nobody can tell."""
    told = response.prediction.vram_instead_bytes if response.prediction else None
    return f"{about_size(told)} of VRAM on a GPU" if told else ""


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


def failure(response: Response) -> tuple[str, str]:
    """What happened, and what to do."""
    happened, _, advice = (response.error or "It ended without a word.").partition("\n")
    return happened.strip(), advice.strip()


# Recordings.


def recorded_on(when: datetime) -> str:
    """Recorded on 3 May 2026."""
    return f"Recorded on {when.day} {when:%B} {when.year}"


def hardware(cpu: str, cores: int, gpus: Sequence[str] = ()) -> str:
    """NVIDIA L4, with GPUs; else the processor and its cores."""
    if gpus:
        return ", ".join(f"{n} × {gpu}" if n > 1 else gpu for gpu, n in Counter(gpus).items())
    return f"{cpu}, {cores}{NBSP}{'core' if cores == 1 else 'cores'}"


def settings(sampling: SamplingParams, load: LoadSettings) -> str:
    """temperature 0, seed 0, at most 256 tokens; of the others those that aren't the defaults."""
    parts = [
        f"temperature {sampling.temperature:g}",
        f"seed {sampling.seed}",
        f"at most {tokens(sampling.max_tokens)}",
    ]
    told = {**sampling.model_dump(), **load.model_dump()}
    fields = {**SamplingParams.model_fields, **LoadSettings.model_fields}
    for name in ("top_p", "top_k", "min_p", "repeat_penalty", "n_ctx", "gpu_layers", "kv_type"):
        if told[name] != fields[name].default:
            parts.append(f"{name.replace('_', ' ')} {told[name]}")
    if sampling.stop:
        parts.append(f"stop {', '.join(map(repr, sampling.stop))}")
    return ", ".join(parts)


VERDICTS = {True: "Passed", False: "Failed", None: "No check"}
NO_CHECK = "Only a person can judge this one."


# All columns.


def summary(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    """One sentence that compares the columns; nothing as long as there is nothing to say."""
    if not responses:
        return Summary()
    if all(response.ended for response in responses.values()):
        return _final(responses, names)
    return _so_far(responses, names)


_STILL = {
    "downloading": "still downloading",
    "loading": "still loading",
    "reading": "still reading the prompt",
    "queued": "waiting its turn",
}


def _so_far(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    timed = {key: response for key, response in responses.items() if response.decode_tps}
    behind = {
        key: response
        for key, response in responses.items()
        if key not in timed and not response.ended
    }
    if len(timed) < 2:
        if not timed and not any(response.first_token_at for response in responses.values()):
            return Summary()
        return _still(behind, names)
    fast, slow = _ends(timed)
    ratio = timed[fast].decode_tps / timed[slow].decode_tps
    if alike(ratio):
        return Summary(before="So far ", finding="they write at the same speed", rest=".")
    return Summary(
        before=f"{names[fast]} wrote ",
        finding=f"{factor(ratio)} times as fast",
        rest=f" as {names[slow]} so far.",
    )


def _still(behind: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    """Who is behind, and with what; the furthest behind first."""
    for state, still in _STILL.items():
        same = [names[key] for key, response in behind.items() if response.state == state]
        if same:
            verb, own = ("is", "its") if len(same) == 1 else ("are", "their")
            return Summary(before=f"{listed(same)} {verb} {still.replace('its', own)}.")
    return Summary()


def _final(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    timed = {key: response for key, response in responses.items() if response.decode_tps}
    rest = {key: response for key, response in responses.items() if key not in timed}
    if not timed:
        return Summary(before=_why_nothing(rest, names))
    if len(timed) == 1:
        key, response = next(iter(timed.items()))
        finding = f"{names[key]} wrote {speed(response.decode_tps)} tokens a second."
        return Summary(finding=finding, rest=_no_comparison(rest, names))
    ranked = sorted(timed, key=lambda key: -timed[key].decode_tps)
    ratios = {key: timed[ranked[0]].decode_tps / timed[key].decode_tps for key in ranked[1:]}
    others = _fates(rest, names)
    return Summary(
        finding=_finding(ranked, ratios, names),
        rest=_memory_part(ranked, timed)
        + ". "
        + _fairness(timed)
        + (f" {others}" if others else ""),
    )


def _finding(ranked: list[str], ratios: dict[str, float], names: Mapping[str, str]) -> str:
    if len(ranked) == 2:
        ratio = ratios[ranked[1]]
        if alike(ratio):
            return f"{names[ranked[0]]} and {names[ranked[1]]} wrote at the same speed"
        return f"{names[ranked[0]]} wrote {factor(ratio)} times as fast"
    parts = [f"{factor(ratios[key])} times as fast as {names[key]}" for key in ranked[1:]]
    return f"{names[ranked[0]]} wrote {listed(parts)}"


def _memory_part(ranked: list[str], timed: Mapping[str, Response]) -> str:
    """What the faster of two took of the slower one's memory."""
    if len(ranked) != 2:
        return ""
    mine, other = (timed[key].memory.measured_bytes for key in ranked)
    if not mine or not other:
        return ""
    if alike(timed[ranked[0]].decode_tps / timed[ranked[1]].decode_tps):
        return ""
    share = mine / other
    if alike(share) or alike(1 / share):
        return " and took as much memory"
    if share < 1:
        return f" and took {percent(share)} of the memory"
    return f" and took {factor(share)} times the memory"


def _fairness(timed: Mapping[str, Response]) -> str:
    if any(response.shared_with for response in timed.values()):
        return "Speeds were shared; run in turn for fair ones."
    return "Each ran alone."


def _no_comparison(rest: Mapping[str, Response], names: Mapping[str, str]) -> str:
    fates = _fates(rest, names).removesuffix(".")
    if not fates:
        return ""
    return f" {fates}, so there is nothing to compare it with."


def _why_nothing(rest: Mapping[str, Response], names: Mapping[str, str]) -> str:
    if len(rest) > 1 and all(response.state == "failed" for response in rest.values()):
        return f"{'Both' if len(rest) == 2 else 'All'} failed, so there is nothing to compare."
    fates = _fates(rest, names).removesuffix(".")
    return f"{fates}, so there is nothing to compare."


def _fates(rest: Mapping[str, Response], names: Mapping[str, str]) -> str:
    """SOLAR failed. / TinyLlama was stopped and SOLAR failed."""
    told = []
    for verb, plural, found in (
        ("failed", "failed", [k for k, r in rest.items() if r.state == "failed"]),
        ("was stopped", "were stopped", [k for k, r in rest.items() if r.state == "cancelled"]),
        (
            "wrote too little for a speed",
            "wrote too little for a speed",
            [k for k, r in rest.items() if r.state == "finished"],
        ),
    ):
        if found:
            who = listed([names[key] for key in found])
            told.append(f"{who} {verb if len(found) == 1 else plural}")
    return f"{listed(told)}." if told else ""


def _ends(timed: Mapping[str, Response]) -> tuple[str, str]:
    ranked = sorted(timed, key=lambda key: -timed[key].decode_tps)
    return ranked[0], ranked[-1]


def alike(ratio: float) -> bool:
    return 0.95 < ratio < 1.05


def listed(texts: Iterable[str]) -> str:
    """A, B and C."""
    *first, last = [*texts] or [""]
    return f"{', '.join(first)} and {last}" if first else last


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
            parts = [f"{name} finished"]
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
        row("Prefill", lambda r: _rate(r.prefill_tps)),
        row("Decode", lambda r: _rate(r.decode_tps)),
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


def _rate(tps: float | None) -> str:
    return UNKNOWN if tps is None else f"{speed(tps)}{NBSP}tok/s"


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


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
