"""Recordings: what is read and what is refused, and files that are written whole."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorded import MACHINE, PARAMS, edited, put, recorded, whole

from compare.asked.comparison import comparison
from compare.gallery.recording_file import RecordingFile
from compare.gallery.recordings import MAX_LETTERS, Answer, RecordingError, load, read
from compare.protocol.events import Delta, Finished, Memory, Started
from compare.run.measures import Measures
from compare.run.response import Response
from compare.saved.document import document
from compare.words.recorded import recorded_on, settings

MEMORY = Memory(
    predicted_bytes=150_000_000, allocated_bytes=149_000_000, weights_bytes=98_000_000,
    kv_bytes=47_000_000, compute_bytes=4_000_000, measured_bytes=217_000_000, own_bytes=119_000_000,
    mapped_bytes=98_000_000,
)  # fmt: skip


def test_a_recording_is_read_with_its_figures(tmp_path):
    put(tmp_path, "small.json", whole(recorded()))
    (found,), faults = load(tmp_path)
    assert not faults
    assert found.name == "small.json" and found.params.max_tokens == 256
    assert recorded_on(found.recorded_at) == "Recorded on 3 May 2026"
    answer = found.takes[0].answer
    assert answer.text == "Snakes do not fly."
    assert answer.measures == Measures(
        prompt_tokens=38, cached_tokens=0, output_tokens=11, ttft_s=0.5, prefill_tps=80.0,
        decode_tps=20.0, engine_prefill_tps=81.0, engine_decode_tps=20.1, total_s=1.0, shared_with=0,
        shared_s=0.0, threads=(2, 2), memory=MEMORY,
    )  # fmt: skip


def test_an_answer_is_read_as_it_was_measured():
    response = Response().after(
        Started(run=1, at=1.0, prompt_tokens=38, cached_tokens=6, rendered_prompt="…", threads=1)
    )
    for at in (1.5, 1.75, 2.0):
        response = response.after(Delta(run=1, at=at, text="a"))
    response = response.after(Finished(run=1, at=2.1, reason="stop", memory=MEMORY))
    ask = comparison("How fast can a snake fly?", ["smollm2:Q4_1"])
    (made,) = document(ask, {"smollm2:Q4_1": response}, MACHINE)["responses"]
    read = Answer.model_validate_json(json.dumps(made))
    assert read.measures == response.measures
    assert read.measures.decode_tps == 4.0


def test_figures_that_are_not_known_are_unknown_and_others_are_passed_over(tmp_path):
    old = recorded()
    for name in ("cached_tokens", "engine_decode_tps", "shared_s"):
        del old["responses"][0][name]
    del old["responses"][0]["memory"]["own_bytes"]
    old["responses"][0] |= {"joules": 3.0, "measures": "mine"}
    put(tmp_path, "old.json", whole(old))
    (found,), faults = load(tmp_path)
    measures = found.takes[0].answer.measures
    assert not faults
    assert (measures.cached_tokens, measures.shared_s, measures.memory.own_bytes) == (None,) * 3
    assert measures.decode_tps == 20.0


def test_thinking_is_read_apart_and_is_unknown_in_recordings_made_before(tmp_path):
    new = edited(thinking="Hm.", thinking_tokens=2, first_answer_s=0.7)
    put(tmp_path, "new.json", whole(new, recorded(repeat=2)))
    (found,), faults = load(tmp_path)
    assert faults == ()
    told, old = (take.answer for take in found.takes)
    assert (told.thinking, told.measures.thinking_tokens, told.measures.first_answer_s) == (
        "Hm.",
        2,
        0.7,
    )
    assert (old.thinking, old.measures.thinking_tokens, old.measures.first_answer_s) == (None,) * 3
    assert old.text == "Snakes do not fly." and not old.measures.thought_is_cut


def test_settings_are_told_in_words_and_only_those_that_matter(tmp_path):
    path = put(tmp_path, "a.json", whole(params={**PARAMS, "top_k": 1, "stop": ["\n"]}))
    found, _ = read(path)
    assert settings(found.params, found.params).replace("\u00a0", " ") == (
        "temperature 0, seed 0, at most 256 tokens, top k 1, stop '\\n'"
    )


def test_the_newest_recording_comes_first(tmp_path):
    put(tmp_path, "a.json", whole(recorded()))
    put(tmp_path, "b.json", whole(recorded(), recorded_at="2026-06-03T10:00:00Z"))
    found, _ = load(tmp_path)
    assert [recording.name for recording in found] == ["b.json", "a.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (whole(format=2), "It is of format 2; this app reads format 1. Update the app."),
        (whole(format=0), "Record it anew."),
        (json.dumps(whole(recorded()))[:-200], "It is no recording: Invalid JSON"),
        ("", "It is no recording"),
        ("[]", "It is no recording"),
        ('{"hello": 1}', "It is no recording: format: Field required."),
        ("[" * 100_000, "It is no recording"),
        (whole(recorded_at="yesterday"), "recorded_at"),
        (whole(params={**PARAMS, "temperature": -1}), "params.temperature"),
    ],
)
def test_what_is_no_recording_is_named_and_the_others_still_show(tmp_path, content, words):
    put(tmp_path, "bad.json", content)
    put(tmp_path, "good.json", whole(recorded()))
    found, (fault,) = load(tmp_path)
    assert [recording.name for recording in found] == ["good.json"]
    assert fault.startswith("bad.json: ") and words in fault


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (recorded(model="nobody"), "There is no model “nobody” in the catalogue."),
        (recorded(quant="Q9"), "is no quantization of SmolLM2 135M Instruct"),
        (edited(spec="gemma3:Q4_K_M"), "“gemma3:Q4_K_M” is no quantization of SmolLM2"),
        (edited(text="x" * 1_000_000), "has 1,000,000 characters; at most 100,000 are shown"),
        (edited(thinking="x" * 1_000_000), "has 1,000,000 characters; at most 100,000 are shown"),
        (edited(thinking_tokens=-1), "thinking_tokens is -1"),
        (edited(file="/home/me/a.gguf"), "must be a file's name, not its path"),
        (edited(state="failed"), "state"),
        (edited(decode_tps=float("nan")), "decode_tps"),
        (edited(ttft_s=-1.0), "ttft_s is -1.0; it must be a number from 0 on"),
        (edited(threads=[1, -2]), "threads is -2"),
        (edited(prompt_tokens="many"), "responses.0.prompt_tokens: "),
        (edited(memory={"kind": "<b>", "measured_bytes": 1}), "responses.0.memory.kind: "),
        (edited(memory={"measured_bytes": -1}), "measured_bytes is -1"),
        (edited(total_s=None), "output_tokens and total_s must be there"),
        (edited(text="\ud83d"), "text"),
        ({**recorded(), "responses": []}, "responses"),
        ("nonsense", "comparison 2"),
    ],
)
def test_one_bad_answer_is_left_out_and_the_rest_of_its_file_shows(tmp_path, bad, words):
    put(tmp_path, "some.json", whole(recorded(), bad))
    found, faults = load(tmp_path)
    if not found:  # what breaks a file as JSON breaks all of it
        assert "\ud83d" in str(bad) or "Invalid JSON" in faults[0]
        return
    assert len(found[0].takes) == 1
    assert faults[0].startswith("some.json: comparison 2: ") and words in faults[0]


def test_many_faults_of_one_file_are_counted(tmp_path):
    put(tmp_path, "some.json", whole(*[recorded(model="nobody")] * 10))
    _, faults = load(tmp_path)
    assert len(faults) == 4 and faults[-1] == "some.json: 7 more faults."


def test_a_missing_folder_is_an_empty_gallery(tmp_path):
    assert load(tmp_path / "none") == ((), ())


def asked(comparison: dict) -> dict:
    return {name: comparison[name] for name in ("prompt", "system", "mode", "params")}


def of_document(comparison: dict) -> dict:
    """What a recording holds beside the prompt's id and the repeat."""
    return {k: v for k, v in comparison.items() if k not in ("prompt_id", "repeat")}


def test_answers_are_added_one_by_one_and_found_again(tmp_path):
    path = tmp_path / "out.json"
    file = RecordingFile(path, PARAMS)
    assert not path.exists(), "nothing is written before there is something to write"
    file.add(of_document(recorded()), "snake", 1)
    file.add(of_document(recorded()), "snake", 2)
    found, faults = read(path)
    assert not faults and [take.repeat for take in found.takes] == [1, 2]
    assert (datetime.now(UTC) - found.recorded_at).total_seconds() < 60
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["out.json"]

    again = RecordingFile(path, PARAMS)
    assert again.has(("smollm2:Q4_1", "snake", 1), asked(recorded()))
    assert not again.has(("smollm2:Q4_1", "snake", 3), asked(recorded()))
    assert not again.has(
        ("smollm2:Q4_1", "snake", 1), asked(recorded(prompt="How fast can a snake swim?"))
    )


def test_two_never_write_the_same_file(tmp_path):
    path = tmp_path / "out.json"
    file = RecordingFile(path, PARAMS)
    with pytest.raises(RecordingError, match="being written by another"):
        RecordingFile(path, PARAMS)
    RecordingFile(tmp_path / "other.json", PARAMS).close()
    file.add(of_document(recorded()), "snake", 1)
    with pytest.raises(RecordingError, match="being written by another"):
        RecordingFile(path, PARAMS)
    file.close()
    with pytest.raises(RecordingError, match="max_tokens 256 there, 64 here"):
        RecordingFile(path, {**PARAMS, "max_tokens": 64})
    RecordingFile(path, PARAMS).close()  # the refused one didn't keep it


def test_what_a_killed_process_left_is_removed(tmp_path):
    path = put(tmp_path, "out.json", whole(recorded()))
    before = path.read_bytes()
    (tmp_path / ".out.json.part").write_text('{"format":1,"rec')
    (tmp_path / ".out.json.lock").touch()
    file = RecordingFile(path, PARAMS)
    assert path.read_bytes() == before
    file.add(of_document(recorded()), "snake", 2)
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["out.json"]


def test_an_answer_to_a_changed_prompt_takes_the_old_ones_place(tmp_path):
    file = RecordingFile(tmp_path / "out.json", PARAMS)
    file.add(of_document(recorded()), "snake", 1)
    file.add(of_document(recorded(prompt="How fast can a snake swim?")), "snake", 1)
    found, _ = read(tmp_path / "out.json")
    assert [take.prompt for take in found.takes] == ["How fast can a snake swim?"]


def test_a_file_of_other_settings_or_another_machine_is_not_continued(tmp_path):
    path = put(tmp_path, "out.json", whole(recorded()))
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="max_tokens 256 there, 64 here"):
        RecordingFile(path, {**PARAMS, "max_tokens": 64})
    file = RecordingFile(path, PARAMS)
    with pytest.raises(RecordingError, match=r"for prompt “snake” .max_tokens 256 there, 9 here"):
        other = {**asked(recorded()), "params": {**PARAMS, "max_tokens": 9}}
        file.has(("smollm2:Q4_1", "snake", 1), other)
    elsewhere = {**MACHINE, "cpu": "EPYC"}
    with pytest.raises(RecordingError, match="another machine"):
        file.add(of_document(recorded(machine=elsewhere)), "snake", 2)
    # Before a model has run, only the processor is known.
    unknown = {**MACHINE, "llama_cpp": None, "llama_cpp_python": None, "ram_bytes": 1}
    file.must_be_of(unknown)
    assert path.read_bytes() == before


def test_a_recording_begun_before_a_setting_was_added_is_continued(tmp_path):
    before = {name: value for name, value in PARAMS.items() if name not in ("min_p", "kv_type")}
    path = put(tmp_path, "out.json", whole(recorded(params=before), params=before))
    file = RecordingFile(path, PARAMS)
    assert file.has(("smollm2:Q4_1", "snake", 1), asked(recorded()))
    other = {**asked(recorded()), "params": {**PARAMS, "min_p": 0.2}}
    with pytest.raises(RecordingError, match=r"for prompt “snake” .min_p 0.05 there, 0.2 here"):
        file.has(("smollm2:Q4_1", "snake", 1), other)


@pytest.mark.parametrize("content", ["notes of mine", '{"a": 1}', "", json.dumps(whole(format=2))])
def test_what_is_no_recording_is_never_overwritten(tmp_path, content):
    path = put(tmp_path, "mine.json", content)
    with pytest.raises(RecordingError, match=r"no recording|format 2"):
        RecordingFile(path, PARAMS)
    assert path.read_text() == content


def test_a_missing_folder_or_a_folder_as_file_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="There is no folder"):
        RecordingFile(tmp_path / "no" / "out.json", PARAMS)
    with pytest.raises(RecordingError, match="It is a folder"):
        RecordingFile(tmp_path, PARAMS)


def test_a_folder_that_takes_no_files_is_refused(tmp_path):
    # Root may write anywhere but into the kernel's own folders.
    with pytest.raises(RecordingError, match="Nothing can be written into /proc"):
        RecordingFile(Path("/proc/out.json"), PARAMS)


def test_the_limit_of_letters_is_a_limit_and_not_less(tmp_path):
    put(tmp_path, "long.json", whole(edited(text="x" * MAX_LETTERS)))
    (found,), faults = load(tmp_path)
    assert not faults and len(found.takes[0].answer.text) == MAX_LETTERS
