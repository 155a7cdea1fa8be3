"""What a person reads, to the digit."""

from dataclasses import replace

import pytest

from compare import numbers
from compare.asked.comparison import comparison
from compare.models.spec import parse
from compare.protocol.events import Memory
from compare.run.response import Response
from compare.words.column import (
    announcements,
    figures,
    finished_line,
    glyph,
    names,
    place_text,
    progress,
    ready_line,
    recorded_figures,
    recorded_short,
    short,
    state_line,
)
from compare.words.sentence import run_label, summary
from compare.words.table import all_measures

NAMES = {"tinyllama:Q8_0": "TinyLlama", "solar:Q2_K": "SOLAR", "mixtral:Q2_K": "Mixtral"}
TINY, SOLAR, MIXTRAL = NAMES

WROTE = Response(
    state="finished", stage="writing", text="So.", finish_reason="stop", prompt_tokens=61,
    prefill_done=61,
    evaluated_tokens=61, prefill_eval_s=2.5, cached_tokens=0, output_tokens=52, threads=(1, 2),
    loaded_at=0.0, load_s=3.1, started_at=1.0, first_token_at=3.9, last_token_at=9.2, ended_at=9.3,
    shared_with=1, shared_s=8.3, n_ctx=2048, rendered_prompt="x" * 1234,
    memory=Memory(predicted_bytes=1_310_000_000, allocated_bytes=1_300_000_000, measured_bytes=1_290_000_000),
)  # fmt: skip


def plain(text) -> str:
    """With ordinary spaces, for reading in a test."""
    return str(text).replace("\u00a0", " ")


def at_speed(tps: float, **changes) -> Response:
    """A response that wrote 101 tokens at that speed."""
    values = {
        "output_tokens": 101,
        "first_token_at": 2.0,
        "last_token_at": 2.0 + 100 / tps,
        **changes,
    }
    return replace(WROTE, **values)


@pytest.mark.parametrize(
    ("response", "now", "said", "sign"),
    [
        (Response(), 0, "Waiting to start", "clock"),
        (Response(state="queued", place=2), 0, "In line, 2 runs before yours", "clock"),
        (Response(state="queued", place=1), 0, "In line, 1 run before yours", "clock"),
        (Response(state="queued", after_column=TINY), 0, "Waiting its turn[, after TinyLlama]", "clock"),
        (
            Response(state="downloading", done_bytes=6_200_000_000, total_bytes=17_300_000_000), 0,
            "Downloading, 6.2 of 17.3 GB", "arc",
        ),
        (
            Response(state="downloading", total_bytes=4_550_000_000, download_waits=True), 0,
            "Waiting to download[, 4.55 GB]", "clock",
        ),
        (Response(state="loading", loading_at=5.0), 6.4, "Loading, 1.4 s", "arc"),
        (Response(state="loaded"), 0, "Waiting[ for the others]", "clock"),
        (
            Response(state="reading", prefill_done=48, prompt_tokens=61), 0,
            "Reading[ the prompt], 48 of 61[ tokens]", "arc",
        ),
        (Response(state="writing", started_at=1.0), 9.4, "Writing, 8.4 s", "dot"),
        (WROTE, 99, "Finished in 8.3 s", "check"),
        (
            replace(WROTE, finish_reason="length", output_tokens=256), 99,
            "[Finished in 8.3 s, ]at the limit of 256 tokens", "check",
        ),
        (
            replace(WROTE, finish_reason="time", ended_at=121.0), 122,
            "Ended at[ this host's limit of] 120 s", "check",
        ),
        (replace(WROTE, finish_reason="time"), 99, "Ended at[ this host's limit of] 8 s", "check"),
        (Response(state="writing", stopping=True), 0, "Stopping", "square"),
        (replace(WROTE, state="cancelled"), 99, "Stopped after 8.3 s", "square"),
        (Response(state="cancelled"), 0, "Stopped before the first token", "square"),
        (Response(state="failed", stage="loading"), 0, "Failed while loading", "triangle"),
        (Response(state="failed", stage="reading"), 0, "Failed while reading", "triangle"),
        (Response(state="failed", stage="waiting"), 0, "Failed to start", "triangle"),
    ],
)  # fmt: skip
def test_the_state_in_words(response, now, said, sign):
    """What stands in brackets drops out where there is little room."""
    line = state_line(response, now, names=NAMES, max_seconds=120)
    marked = "".join(f"[{part}]" if i % 2 and part else part for i, part in enumerate(line.parts))
    assert plain(marked) == said
    assert glyph(response) == sign


def test_before_a_run():
    file = parse("solar")
    assert plain(ready_line(file, cached=True)) == "On this machine, ready"
    assert plain(ready_line(file, cached=False)) == "To download: 4.55 GB"
    assert plain(ready_line(replace(file, bytes=None), cached=False)) == "To download"
    assert plain(run_label([file, parse("tinyllama")])) == "Download 5.72 GB and run"
    assert run_label([replace(parse("mixtral"), bytes=None)]) == "Download and run"
    assert run_label([]) == "Run"
    assert plain(numbers.expected(14.2)) == "Takes up to 15 s"


def test_in_the_answers_place():
    reading = Response(
        state="reading", prompt_tokens=60, reading_began=(10.0, 0), reading_came=(16.0, 40)
    )
    assert plain(place_text(reading, now=16.0)) == "6.7 tok/s, about 3 s left"
    assert place_text(reading, now=10.9) == "", "in the first second nothing can be said"
    assert place_text(replace(reading, reading_came=(10.0, 0)), now=16.0) == ""
    assert place_text(Response(state="reading", prompt_tokens=60), now=16.0) == ""
    loading = Response(state="loading", file_bytes=4_550_000_000)
    assert plain(place_text(loading, now=0)) == "4.55 GB into RAM"
    fetching = Response(
        state="downloading", done_bytes=6_200_000_000, total_bytes=17_300_000_000, bytes_per_s=38e6
    )
    assert plain(place_text(fetching, now=0)) == "36 %, 38 MB/s, about 5 min left"
    assert plain(place_text(replace(fetching, bytes_per_s=None), now=0)) == "36 %"
    behind = replace(fetching, done_bytes=0, download_waits=True)
    assert place_text(behind, now=0) == "Another program is fetching this file"
    left = Response(state="cancelled", stage="downloading")
    assert place_text(left, now=0) == "The download goes on; the next run finds it."
    assert place_text(replace(reading, stopping=True), now=16.0) == ""


def test_the_bar_counts_only_towards_a_known_end():
    assert progress(Response(state="reading", prefill_done=15, prompt_tokens=60)) == 0.25
    assert progress(Response(state="downloading", done_bytes=1, total_bytes=4)) == 0.25
    for response in (Response(state="downloading", done_bytes=1), Response(state="writing"), WROTE):
        assert progress(response) is None


def company(response: Response, now: float) -> str:
    return plain(figures(response, now).company)


def test_a_speed_says_its_company():
    assert company(WROTE, 99) == "shared with 1 other · 1 to 2 threads"
    assert company(replace(WROTE, shared_with=2), 99) == "shared with 2 others · 1 to 2 threads"
    assert company(replace(WROTE, shared_s=3.6), 99) == "shared for 4 s · 1 to 2 threads"
    assert company(replace(WROTE, shared_s=0.42), 99) == "shared for 0.42 s · 1 to 2 threads"
    assert company(replace(WROTE, shared_with=0, threads=(2, 2)), 99) == "alone · 2 threads"
    assert company(Response(state="reading", loaded_at=1.0, load_s=3.1), 2) == "loaded in 3.1 s"
    assert company(Response(state="reading", loaded_at=1.0), 2) == "already loaded"
    assert company(Response(state="loading"), 2) == "not run yet"
    assert company(Response(state="failed", stage="loading"), 2) == ""


def worked(cores: float, *granted: tuple[float, int], **changes) -> Response:
    """An answer of 8.3 s whose threads computed on so many cores."""
    return replace(WROTE, processor_s=8.3 * cores, granted=granted, **changes)


def test_an_answer_whose_cores_others_had_says_how_many_it_got():
    alone = {"shared_with": 0, "threads": (1, 2)}
    assert company(worked(1.12, (1.0, 2), **alone), 99) == "alone · got 1.1 of 2 cores"
    assert company(worked(1.9, (1.0, 2), **alone), 99) == "alone · 1 to 2 threads"
    assert company(worked(0.5, (1.0, 1)), 99) == "shared with 1 other · got 0.5 of 1 core"
    handed_over = worked(1.45, (1.0, 1), (5.15, 2))
    assert company(handed_over, 99) == "shared with 1 other · 1 to 2 threads"
    on_gpu = worked(0.9, (1.0, 8), memory=Memory(kind="vram"), **alone)
    assert company(on_gpu, 99) == "alone · 1 to 2 threads"  # the cores only wait for it


def test_nothing_is_found_of_speeds_whose_cores_others_had():
    columns = {TINY: at_speed(9.6), SOLAR: at_speed(2.3, processor_s=1.0, granted=((1.0, 2),))}
    said = summary(columns, NAMES)
    assert not said.finding and said.before.startswith("TinyLlama wrote 4.2 times as fast")
    assert said.rest.endswith("Other programs had cores of SOLAR; run it again when they are done.")
    alone = summary({SOLAR: columns[SOLAR]}, NAMES)
    assert not alone.finding and "Other programs had cores of SOLAR" in alone.rest


def test_nothing_is_found_of_a_few_tokens():
    brief = at_speed(9.66, output_tokens=2, last_token_at=2.0 + 1 / 9.66)
    said = summary({TINY: brief, SOLAR: at_speed(2.3)}, NAMES)
    assert not said.finding and said.before.startswith("TinyLlama wrote 4.2 times as fast")
    assert said.rest.endswith("Few tokens were timed, 2 by TinyLlama: a longer answer says more.")
    assert not summary({TINY: brief}, NAMES).finding
    writing = {TINY: replace(brief, state="writing"), SOLAR: at_speed(2.3, state="writing")}
    assert str(summary(writing, NAMES)) == "", "nor while they write"


def test_the_speed_of_this_moment_stands_beside_the_whole_while_it_writes():
    writing = Response(
        state="writing", output_tokens=30, marks=((10.0, 8), (10.9, 27)), last_token_at=11.0
    )
    assert plain(figures(writing, 11.0).now) == "now 22.0"
    assert figures(replace(writing, state="finished"), 11.0).now == ""
    assert figures(replace(writing, marks=((10.1, 8),)), 11.0).now == ""


def test_the_figures():
    found = figures(WROTE, 99)
    assert found.speed == "9.6"
    assert {name: plain(said) for name, said in found.small.items()} == {
        "First token": "2.9 s", "Answer": "52 tokens", "Memory": "1.29 GB RAM",
    }  # fmt: skip
    predicted = Response(state="loading", memory=Memory(predicted_bytes=4_780_000_000))
    assert plain(figures(predicted, 0).small["Memory"]) == "about 4.8 GB"
    assert figures(replace(predicted, state="failed"), 0).small["Memory"] == "–"
    unknown = figures(Response(), 0)
    assert {unknown.speed, *unknown.small.values()} == {"–"}


def test_a_recorded_answer_reads_as_it_did_when_it_had_finished():
    """Its figures are all there is of it: no time at which anything happened."""
    for response in (WROTE, replace(WROTE, shared_s=3.6), replace(WROTE, shared_with=0)):
        assert recorded_figures(response.measures) == figures(response, 99)
    for reason in ("stop", "length", "time"):
        response = replace(WROTE, finish_reason=reason)
        assert finished_line(response.measures, reason) == state_line(response, 99)
    silent = replace(WROTE, output_tokens=0, first_token_at=None, last_token_at=None)
    assert recorded_figures(silent.measures).company == ""


def test_a_column_in_two_words():
    assert plain(short(WROTE)) == "9.6 tok/s"
    assert (
        plain(short(Response(state="reading", prefill_done=48, prompt_tokens=61)))
        == "reading, 79 %"
    )
    assert (
        plain(short(Response(state="downloading", done_bytes=36, total_bytes=100)))
        == "downloading, 36 %"
    )
    assert short(Response(state="queued", place=1)) == "waiting"
    assert short(Response(state="downloading", download_waits=True)) == "waiting"
    assert short(replace(WROTE, state="failed")) == "failed"
    assert short(None) == "not run yet"
    assert plain(recorded_short(WROTE.measures)) == "recorded, 9.6 tok/s"
    assert recorded_short(replace(WROTE, output_tokens=1).measures) == "recorded"


def test_two_quantizations_of_a_model_have_two_names():
    files = [parse("solar:Q2_K"), parse("solar:Q4_K_M"), parse("tinyllama")]
    assert list(names(files).values()) == ["SOLAR Q2_K", "SOLAR Q4_K_M", "TinyLlama"]


READING = Response(state="reading", stage="reading")
FAILED = Response(state="failed", stage="loading", error="Not enough memory.\nClose something.")
STOPPED = Response(state="cancelled", stage="reading")


SHARED = "Speeds were shared; run in turn for fair ones."
ONE = "TinyLlama wrote 11.2 tokens a second."
LARGE, SMALL = Memory(measured_bytes=4_780_000_000), Memory(measured_bytes=500_000_000)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((), ""),
        ((READING, READING), ""),
        ((at_speed(9.6, state="writing"), READING), "SOLAR is still reading the prompt."),
        ((at_speed(9.6), Response(state="queued", after_column=TINY)), "SOLAR is waiting its turn."),
        ((at_speed(9.6), READING, READING), "SOLAR and Mixtral are still reading the prompt."),
        (
            (at_speed(9.66, state="writing"), at_speed(2.3, state="writing")),
            "TinyLlama wrote 4.2 times as fast as SOLAR so far.",
        ),
        (
            (at_speed(9.66), at_speed(2.3), Response(state="downloading")),
            "TinyLlama wrote 4.2 times as fast as SOLAR so far.",
        ),
        (
            (at_speed(9.66), at_speed(2.3, memory=LARGE)),
            f"TinyLlama wrote 4.2 times as fast and took 27 % of the memory. {SHARED}",
        ),
        (
            (at_speed(9.66, shared_with=0), at_speed(2.3, shared_with=0, memory=SMALL)),
            "TinyLlama wrote 4.2 times as fast and took 2.6 times the memory. Each ran alone.",
        ),
        ((at_speed(10), at_speed(10.2)), f"SOLAR and TinyLlama wrote at the same speed. {SHARED}"),
        (
            (at_speed(20), at_speed(5), at_speed(10)),
            f"TinyLlama wrote 2.0 times as fast as Mixtral and 4.0 times as fast as SOLAR. {SHARED}",
        ),
        ((at_speed(11.2), FAILED), f"{ONE} SOLAR failed, so there is nothing to compare it with."),
        ((at_speed(11.2), STOPPED), f"{ONE} SOLAR was stopped, so there is nothing to compare it with."),
        (
            (at_speed(11.2), replace(WROTE, output_tokens=1)),
            f"{ONE} SOLAR wrote too little for a speed, so there is nothing to compare it with.",
        ),
        ((at_speed(11.2),), ONE),
        ((FAILED, FAILED), "Both failed, so there is nothing to compare."),
        ((FAILED, FAILED, FAILED), "All failed, so there is nothing to compare."),
        ((STOPPED, FAILED), "SOLAR failed and TinyLlama was stopped, so there is nothing to compare."),
        (
            (at_speed(20), at_speed(5), FAILED),
            f"TinyLlama wrote 4.0 times as fast and took as much memory. {SHARED} Mixtral failed.",
        ),
    ],
)  # fmt: skip
def test_the_sentence_under_the_columns(columns, said):
    assert plain(summary(dict(zip(NAMES, columns, strict=False)), NAMES)) == said


def test_the_finding_stands_apart():
    found = summary({TINY: at_speed(11.2), SOLAR: FAILED}, NAMES)
    assert plain(found.finding) == "TinyLlama wrote 11.2 tokens a second."


def test_what_a_screen_reader_hears():
    before = {TINY: READING, SOLAR: READING, MIXTRAL: READING}
    after = {TINY: WROTE, SOLAR: FAILED, MIXTRAL: READING}
    said = [plain(sentence) for sentence in announcements(before, after, NAMES)]
    assert said == [
        "TinyLlama finished, 9.6 tokens a second, 52 tokens.",
        "SOLAR failed while loading: Not enough memory.",
    ]
    assert announcements(after, after, NAMES) == []
    assert announcements({}, {TINY: replace(WROTE, state="writing")}, NAMES) == [
        "TinyLlama is writing."
    ]


def test_all_measures():
    ask = comparison("Hello", ["tinyllama", "solar"], seed=7)
    rows = dict(all_measures({TINY: WROTE, SOLAR: FAILED}, ask))
    assert {name: plain(values[0]) for name, values in rows.items()} == {
        "File": "tinyllama-1.1b-chat-v1.0.Q8_0.gguf",
        "Load": "3.1 s",
        "Context": "2,048 tokens",
        "Rendered prompt": "1,234 characters",
        "Prompt tokens": "61",
        "Cached tokens": "0",
        "First token (TTFT)": "2.9 s",
        "Prefill": "24.4 tok/s",
        "Decode": "9.6 tok/s",
        "Output tokens": "52",
        "Whole answer": "8.3 s",
        "Finish reason": "stop",
        "Threads": "1 to 2",
        "Cores used": "–",
        "Shared with": "1 other for 8.3 s",
        "Memory, predicted": "about 1.3 GB",
        "VRAM instead, on a GPU": "–",
        "Memory, allocated": "1.30 GB",
        "Memory, measured": "1.29 GB RAM",
        "Seed": "7",
    }
    unknown = {
        name: values[1]
        for name, values in rows.items()
        if name not in ("File", "Seed", "Finish reason")
    }
    assert set(unknown.values()) == {"–"}
    assert rows["Finish reason"][1] == "failed"
