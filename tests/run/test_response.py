"""The fold, to the digit, on events written by hand."""

import pytest

from compare.protocol.events import (
    Delta,
    Downloading,
    Failed,
    Fetched,
    Finished,
    Loaded,
    Loading,
    Memory,
    Paced,
    Prefill,
    Prefilled,
    Queued,
    Started,
    Stopping,
    Threads,
)
from compare.run.company import Company, Span, company
from compare.run.response import Response


def fold(*events) -> Response:
    response = Response()
    for event in events:
        response = response.after(event)
    return response


def loaded(at=13.0):
    return Loaded(run=1, at=at, load_s=3.0, n_ctx=2048, memory=Memory(allocated_bytes=7))


def started(at=20.0, threads=1):
    return Started(
        run=1, at=at, prompt_tokens=30, cached_tokens=0, rendered_prompt="p", threads=threads
    )


def story(*more):
    return fold(
        Loading(run=1, at=10.0, file_bytes=5), loaded(), started(),
        Prefill(run=1, at=20.5, done=16, total=30),
        Prefilled(run=1, at=21.5, tokens=30, eval_s=1.5),
        Delta(run=1, at=22.0, text="a"), Delta(run=1, at=22.5, text=""),
        Delta(run=1, at=24.0, text="βγ"), *more,
    )  # fmt: skip


def test_a_whole_answer_to_the_digit():
    end = Finished(
        run=1, at=24.1, reason="length", text="!", engine_decode_tps=1.1, memory=Memory(own_bytes=9)
    )
    response = story(end)
    assert (response.state, response.finish_reason, response.text) == ("finished", "length", "aβγ!")
    assert response.load_s == 3.0
    assert response.ttft_s == 2.0
    assert response.total_s == pytest.approx(4.1)
    assert response.prefill_tps == 20.0
    assert response.output_tokens == 3
    assert response.decode_tps == 1.0  # two tokens after the first, in two seconds
    assert response.engine_decode_tps == 1.1
    assert response.memory.own_bytes == 9
    assert response.threads == (1, 1)


def test_the_cores_it_was_granted_and_those_it_used_to_the_digit():
    ended = story(
        Threads(run=1, at=22.0, n=2), Paced(run=1, at=22.1, n=1), Paced(run=1, at=23.0, n=2),
        Threads(run=1, at=23.0, n=3), Finished(run=1, at=24.0, reason="stop", processor_s=6.0),
    )  # fmt: skip
    assert ended.measures.cores_granted == (2 * 1 + 1 * 2 + 1 * 3) / 4
    assert ended.measures.cores_used == 1.5
    assert ended.threads == (1, 3)
    paced = story(Paced(run=1, at=22.1, n=2), Finished(run=1, at=24.0, reason="stop"))
    assert paced.threads == (1, 2) and paced.measures.cores_granted == 1
    assert paced.measures.cores_used is None and not paced.measures.short_of_cores


def thought() -> Response:
    """It thinks from 22 s on, and answers from 24 s on."""
    return fold(
        started(), Delta(run=1, at=22.0), Delta(run=1, at=22.5, thinking="it's", thinking_tokens=1),
        Delta(run=1, at=23.0, thinking=" 17.", thinking_tokens=1), Delta(run=1, at=23.5),
        Delta(run=1, at=24.0, text="4", answer_at=24.0), Delta(run=1, at=26.0, text="2"),
    )  # fmt: skip


def test_thinking_is_apart_from_the_answer_and_all_tokens_count():
    response = thought().after(Finished(run=1, at=26.1, reason="stop", text="!"))
    assert (response.thinking, response.text) == ("it's 17.", "42!")
    assert (response.thinking_tokens, response.output_tokens) == (2, 6)
    assert (response.ttft_s, response.first_answer_s) == (2.0, 4.0)
    assert response.decode_tps == 5 / 4
    assert response.measures.first_answer_s == 4.0 and response.measures.thinking_tokens == 2


def test_a_thought_that_was_cut_off_has_no_answer():
    response = fold(
        started(), Delta(run=1, at=22.0, thinking="it's", thinking_tokens=1),
        Finished(run=1, at=23.0, reason="length", thinking=" </th", thinking_tokens=1),
    )  # fmt: skip
    assert (response.thinking, response.text, response.first_answer_s) == ("it's </th", "", None)
    assert response.thinking_tokens == 2


def test_what_turns_out_to_have_been_thinking_is_no_answer_any_more():
    unmarked = fold(
        started(),
        Delta(run=1, at=22.0, text=" it's", answer_at=22.0),
        Delta(run=1, at=22.5, text=" 17.\n"),
    )
    response = unmarked.after(Delta(run=1, at=23.0, recalls=True, thinking="#", thinking_tokens=2))
    assert (response.thinking, response.text) == ("it's 17.\n#", "")
    assert (response.thinking_tokens, response.first_answer_s) == (2, None)
    answered = response.after(Delta(run=1, at=24.0, text="42", answer_at=24.0))
    assert (answered.text, answered.first_answer_s) == ("42", 4.0)


def test_before_its_request_is_taken_up_it_has_thought_nothing_that_is_known():
    assert Response().measures.thinking_tokens is None
    assert fold(started()).measures.thinking_tokens == 0


def written(*times: float) -> Response:
    return fold(started(), *(Delta(run=1, at=at, text="a") for at in times))


def test_the_speed_of_the_last_second_while_the_whole_remembers_the_slow_start():
    slow = [20.0 + i / 2 for i in range(5)]
    quick = [22.0 + (i + 1) / 10 for i in range(15)]
    response = written(*slow, *quick)
    assert response.decode_tps == pytest.approx(19 / 3.5)
    assert response.decode_tps_now(23.5) == pytest.approx(10.0)
    assert written(*slow).decode_tps_now(22.0) == pytest.approx(2.0)


def test_a_last_second_needs_a_second():
    assert written(20.0, 20.9).decode_tps_now(20.9) is None
    assert written(20.0, 20.9, 21.0).decode_tps_now(21.0) == pytest.approx(2.0)
    ended = written(20.0, 21.0).after(Finished(run=1, at=21.0, reason="stop"))
    assert ended.decode_tps_now(21.0) is None


def test_what_falls_silent_gets_slower():
    response = written(*(20.0 + i / 10 for i in range(21)))
    assert response.decode_tps_now(22.9) == pytest.approx(10.0)
    assert response.decode_tps_now(24.0) == pytest.approx(1 / 2)
    seldom = written(20.0, 24.0, 28.0)
    assert seldom.decode_tps_now(29.5) == pytest.approx(1 / 4), "a token in 4 s is not silence"


def test_the_last_second_takes_no_more_memory_the_faster_it_is():
    response = written(*(20.0 + i / 1000 for i in range(5001)))
    assert response.decode_tps_now(25.0) == pytest.approx(1000.0)
    assert len(response.marks) <= 12


def test_how_fast_a_prompt_is_read_and_how_long_the_rest_takes():
    def read(at, done):
        return Prefill(run=1, at=at, done=done, total=30)

    assert fold(started()).reading_tps is None
    assert fold(started(), read(20.1, 0)).reading_left_s(20.5) is None
    response = fold(started(), read(20.1, 1), read(21.1, 6), read(22.1, 11))
    assert response.reading_tps == pytest.approx(5.0)
    assert response.reading_left_s(22.6) == pytest.approx(19 / 5 - 0.5)
    assert response.reading_left_s(99.0) == 0
    assert response.after(Delta(run=1, at=26.0, text="a")).reading_tps is None


def test_one_token_has_no_decode_rate():
    response = fold(
        started(), Delta(run=1, at=22.0, text="a"), Finished(run=1, at=22.0, reason="length")
    )
    assert response.output_tokens == 1
    assert response.decode_tps is None
    assert response.ttft_s == 2.0


def test_an_answer_of_no_token_has_no_speeds():
    response = fold(started(), Finished(run=1, at=21.0, reason="stop"))
    assert (response.ttft_s, response.decode_tps, response.prefill_tps) == (None, None, None)
    assert response.total_s == 1.0


def test_fewest_and_most_threads_are_kept():
    response = story(Threads(run=1, at=25, n=4), Threads(run=1, at=26, n=2))
    assert response.threads == (1, 4)


def test_threads_before_the_start_are_not_of_the_answer():
    assert fold(Threads(run=1, at=1, n=4)).threads is None


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "waiting"),
        ([Queued(run=1, at=1, place=2)], "queued"),
        ([Downloading(run=1, at=1, done_bytes=0, total_bytes=9)], "downloading"),
        ([Fetched(run=1, at=1, path="x", file_bytes=9)], "waiting"),
        ([Loading(run=1, at=1, file_bytes=9)], "loading"),
        ([loaded()], "loaded"),
        ([started()], "reading"),
        ([started(), Delta(run=1, at=21, text="")], "writing"),
        ([started(), Finished(run=1, at=21, reason="cancelled")], "cancelled"),
        ([Failed(run=1, at=21, message="m")], "failed"),
    ],
)
def test_each_event_leads_to_its_state(events, state):
    assert fold(*events).state == state


def test_a_failure_keeps_what_was_written_and_where_it_happened():
    response = story(Failed(run=1, at=25, message="what\ndo", log=("line",)))
    assert (response.state, response.stage, response.text) == ("failed", "writing", "aβγ")
    assert (response.error, response.log) == ("what\ndo", ("line",))
    assert response.total_s == 5.0
    assert response.decode_tps == 1.0


def test_nothing_changes_after_the_end():
    ended = story(Finished(run=1, at=24, reason="stop"))
    for late in (Delta(run=1, at=30, text="x"), Failed(run=1, at=30, message="m"), started()):
        assert ended.after(late) is ended


def test_stopping_is_seen_until_the_child_answers():
    response = story(Stopping(run=1, at=25))
    assert response.stopping and response.state == "writing"


def test_what_is_void_has_no_speed():
    kept, void = (story(Failed(run=1, at=25, message="m", void=void)) for void in (False, True))
    assert (kept.decode_tps, kept.prefill_tps, kept.ttft_s) == (1.0, 20.0, 2.0)
    assert (void.decode_tps, void.prefill_tps, void.ttft_s) == (None, None, None)
    assert (void.state, void.text, void.output_tokens) == ("failed", "aβγ", 3)


def test_download_and_waiting_are_outside_the_times():
    response = fold(
        Downloading(run=1, at=0, done_bytes=0, total_bytes=9), Queued(run=1, at=5, place=1),
        Loading(run=1, at=10, file_bytes=9), loaded(), started(100),
        Delta(run=1, at=101, text="a"), Finished(run=1, at=103, reason="stop"),
    )  # fmt: skip
    assert (response.ttft_s, response.total_s, response.load_s) == (1, 3, 3.0)


def test_company_counts_the_most_and_the_seconds_of_any():
    spans = {
        "a": Span(((0, 10),), (0, 10)),
        "b": Span(((2, 4), (6, 12)), (6, 12)),
        "c": Span(((7, 8),), (7, 8)),
    }
    assert company(spans) == {"a": Company(2, 6), "b": Company(2, 4), "c": Company(2, 1)}


def test_a_run_that_began_alone_and_ended_shared():
    spans = {"a": Span(((0, 10),), (0, 10)), "b": Span(((7, 15),), (8, 15))}
    assert company(spans)["a"] == Company(1, 3)
    assert company(spans)["b"] == Company(1, 2)


def test_loading_beside_an_answer_is_company_and_waiting_loaded_is_not():
    beside = fold(Loading(run=1, at=1.0, file_bytes=1), loaded(3.0))
    answering = Span(((0, 10),), (0, 10))
    assert company({"a": answering, "b": beside.span(10)})["a"] == Company(1, 2.0)


def test_alone_is_zero_not_unknown():
    assert company({"a": Span(((0, 1),), (0, 1))}) == {"a": Company(0, 0.0)}
    assert company({"a": Span()}) == {}
