"""The child as it is: `python -m compare.child.worker`, driven by hand through its pipes."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import shapes

from compare.protocol.devices import CPU_UBATCH
from compare.protocol.events import Delta, Failed, Finished, Hello, Loaded, Prefill, Started
from compare.protocol.requests import Cancel, SetThreads
from compare.run import cpu
from compare.run.response import Response

CORES = cpu.budget()


def test_it_says_hello_with_its_versions(child):
    hello = child.hear()
    assert isinstance(hello, Hello)
    assert hello.llama_cpp_python == "0.3.36" and hello.llama_cpp


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux alone has it")
def test_where_memory_is_short_it_goes_before_the_app(child):
    child.hear()
    assert Path(f"/proc/{child.process.pid}/oom_score_adj").read_text() == "1000\n"


def test_it_ends_when_stdin_does(child, endless):
    child.load(endless(), n_ctx=8192)
    child.ask("Tell me a story. " * 50, max_tokens=7000)
    child.until(Started)
    child.process.stdin.close()
    assert child.process.wait(timeout=5) == 0


def test_the_account_of_memory_adds_up(child, smollm2):
    memory = child.load(smollm2, n_ctx=2048).memory
    assert memory.kv_bytes == 30 * 2048 * 3 * (64 + 64) * 2  # layers, cells, heads, k and v, f16
    assert abs(memory.weights_bytes - 98_362_432) < 3_000_000
    assert memory.allocated_bytes == memory.weights_bytes + memory.kv_bytes + memory.compute_bytes
    assert memory.measured_bytes == memory.own_bytes + memory.mapped_bytes


def test_the_same_seed_gives_the_same_text_on_one_thread_and_two(child, endless):
    child.load(endless())
    one = child.answer("Write about the sea.", threads=1, max_tokens=60)
    two = child.answer("Write about the sea.", threads=2, max_tokens=60)
    assert one.text == two.text and len(one.text) > 60
    assert one.threads == (1, 1) and two.threads[1] == 2  # or fewer, where others have the cores
    assert child.answer("Write about the sea.", seed=8, max_tokens=60).text != one.text


@pytest.mark.parametrize(
    "setting",
    [
        {"temperature": 0.0}, {"top_p": 0.3}, {"top_k": 2}, {"min_p": 0.5}, {"repeat_penalty": 1.5},
        {"repeat_penalty": 0.5},
    ],
)  # fmt: skip
def test_each_setting_of_sampling_is_taken(child, endless, setting):
    anything = {"temperature": 1.5, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_tokens": 40}
    child.load(endless())
    found = child.answer("Write about the sea.", **anything | setting)
    assert found.output_tokens == 40
    assert found.text != child.answer("Write about the sea.", **anything).text


def test_a_hand_over_in_the_middle_changes_no_letter(child, endless):
    child.load(endless())
    whole = child.answer("Write about the sea.", max_tokens=150)
    child.ask("Write about the sea.", threads=1, max_tokens=150)
    events = child.until(Delta)
    child.say(SetThreads(run=child.run, n=2))
    events += child.until(Finished)
    response = Response()
    for event in events:
        response = response.after(event)
    assert response.text == whole.text
    assert response.threads == (1, 2)


def test_the_processor_time_it_tells_is_the_systems(child, endless):
    child.load(endless())
    process = psutil.Process(child.process.pid)
    before = process.cpu_times()
    response = child.answer("Write about the sea.", max_tokens=100)
    after = process.cpu_times()
    took_s = after.user + after.system - before.user - before.system
    assert response.processor_s == pytest.approx(took_s, abs=0.05)  # its ticks are of 10 ms
    assert response.cores_used == response.processor_s / response.total_s


def test_beside_a_busy_process_it_writes_as_fast_as_on_one_thread(child, endless):
    """With all threads it would write half of that; and the text is the same, whatever they did."""
    child.load(endless())
    quiet = child.answer("Write about the sea.", max_tokens=100)
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(max(1, CORES - 1))
    ]
    try:
        one = child.answer("Write about the sea.", threads=1, max_tokens=100)
        paced = child.answer("Write about the sea.", threads=CORES, max_tokens=100)
    finally:
        for each in busy:
            each.kill()
            each.wait()
    assert paced.decode_tps > one.decode_tps / 2
    assert paced.text == one.text == quiet.text
    assert paced.threads == (1, CORES) and paced.cores_used < 0.9 * CORES
    assert paced.measures.short_of_cores


def test_a_repeated_prompt_is_read_again(child, smollm2):
    child.load(smollm2)
    first, second = (child.answer("The sea is blue. " * 40) for _ in range(2))
    assert first.text == second.text
    assert second.cached_tokens == 0
    assert second.evaluated_tokens == second.prompt_tokens == first.prompt_tokens > CPU_UBATCH


def test_prompt_tokens_are_the_tokenizers(child, smollm2):
    from llama_cpp import Llama

    child.load(smollm2)
    response = child.answer("Γειά σου, κόσμε! 🎉", max_tokens=1)
    llm = Llama(smollm2, vocab_only=True, verbose=False)
    tokens = llm.tokenize(response.rendered_prompt.encode(), add_bos=False, special=True)
    llm.close()
    assert response.prompt_tokens == len(tokens)
    assert "<|im_start|>user\nΓειά σου, κόσμε! 🎉<|im_end|>" in response.rendered_prompt


def test_an_answer_comes_with_the_engines_own_rates(child, smollm2):
    child.load(smollm2)
    response = child.answer("Write about the sea. " * 8, max_tokens=3)
    # Of a batch that is begun anew, llama.cpp counts the second try alone.
    assert 0.4 < response.prefill_tps / response.engine_prefill_tps < 1.1
    assert response.engine_decode_tps > 0


def test_max_tokens_of_one_has_no_decode_rate(child, smollm2):
    child.load(smollm2)
    response = child.answer("Hi", max_tokens=1)
    assert (response.output_tokens, response.finish_reason) == (1, "length")
    assert response.decode_tps is None and response.engine_decode_tps is None
    assert response.prefill_tps > 0


def test_emoji_and_greek_are_whole_at_every_moment(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="λ 😀!", ends=True))
    child.ask("hello\n", max_tokens=64)
    deltas = [event.text for event in child.until(Finished) if isinstance(event, Delta)]
    assert deltas == ["", "λ", " ", "", "", "", "😀", "!"]  # held back until a character is whole


def test_greek_letters_come_whole_and_are_counted_as_tokens(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="αβγδε"))
    response = child.answer("hello\n", max_tokens=41)
    assert set(response.text) == set("αβγδε")
    assert len(response.text) == 20  # the 41st token began a letter, which is dropped
    assert response.output_tokens == 41


def test_random_bytes_become_replacement_characters_not_errors(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", bytes_only=True))
    response = child.answer("hello", max_tokens=100)
    assert response.finish_reason == "length" and response.output_tokens == 100
    assert "\ufffd" in response.text


def test_a_stop_string_ends_it_and_is_not_shown(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="I am so tiny."))
    response = child.answer("hello\n", stop=("so t",), temperature=0, max_tokens=64)
    assert (response.text, response.finish_reason) == ("I am ", "stop")
    assert response.output_tokens > len(["I", "am"])


def test_what_only_began_a_stop_string_is_shown_at_the_end(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="I am so tiny.", ends=True))
    response = child.answer("hello\n", stop=("tiny.!",), temperature=0, max_tokens=64)
    assert (response.text, response.finish_reason) == ("I am so tiny.", "stop")


def test_cancel_in_a_long_prefill_and_again_a_prompt(child, smollm2):
    child.load(smollm2, n_ctx=4096)
    child.ask("The sea is blue. " * 600, threads=1)
    child.until(Prefill)
    child.say(Cancel(run=child.run))
    *later, finished = child.until(Finished)
    assert finished.reason == "cancelled"
    assert all(event.done < event.total / 2 for event in later), (
        "three thousand tokens take seconds"
    )
    assert finished.engine_decode_tps is None
    assert child.answer("Hi", max_tokens=4).finish_reason == "length"


def test_cancel_between_two_tokens(child, endless):
    child.load(endless())
    child.ask("Write about the sea.", max_tokens=400)
    child.until(Delta)
    child.say(Cancel(run=child.run))
    *_, last = child.until(Finished)
    assert last.reason == "cancelled"


def test_a_cancel_that_comes_before_the_prompt_is_heard(child, smollm2):
    child.load(smollm2)
    child.say(Cancel(run=child.run + 1))
    assert child.answer("Hi").state == "cancelled"


def test_the_owners_time_limit_ends_reading_and_writing(child, endless):
    child.load(endless(), n_ctx=4096)
    reading = child.answer("The sea is blue. " * 600, threads=1, max_seconds=0.4)
    assert (reading.finish_reason, reading.output_tokens) == ("time", 0)
    assert reading.prefill_done < reading.prompt_tokens / 2
    writing = child.answer("The sea is blue.", max_tokens=3000, max_seconds=2)
    assert writing.finish_reason == "time" and 0 < writing.output_tokens < 3000


def test_progress_is_told_within_a_batch(child, smollm2):
    child.load(smollm2, n_ctx=4096)
    child.ask("The sea is blue. " * 60, threads=1, max_tokens=1)
    done = [event.done for event in child.until(Finished) if isinstance(event, Prefill)]
    assert done == sorted(done)
    assert any(n % CPU_UBATCH for n in done)  # not only at the borders of batches


def test_a_prompt_longer_than_the_context_says_both_counts(child, smollm2):
    child.load(smollm2, n_ctx=64)
    response = child.answer("The sea is blue. " * 50, max_tokens=40)
    assert response.state == "failed"
    told = re.fullmatch(
        r"The prompt has (\d+) tokens; the context holds 64, the answer included\.\nShorten the prompt, or "
        r"raise the context length to (\d+), which leaves 40 for the answer\.",
        response.error,
    )
    assert int(told[2]) == int(told[1]) + 40
    assert child.answer("Hi", max_tokens=2).state == "finished"
    child.load(smollm2, n_ctx=int(told[2]))
    assert child.answer("The sea is blue. " * 50, max_tokens=40).state == "finished"


def test_max_tokens_beyond_the_room_is_capped_and_said(child, smollm2):
    child.load(smollm2, n_ctx=64)
    response = child.answer("Count for ever.", max_tokens=500, temperature=0)
    assert response.output_tokens <= 64 - response.prompt_tokens
    assert response.notices[-1].startswith("Max tokens was lowered from 500 to ")


def test_a_context_beyond_the_files_own_is_capped_and_said(child, tmp_path):
    loaded = child.load(shapes.tiny(tmp_path / "t.gguf", n_ctx_train=256), n_ctx=1000)
    assert loaded.n_ctx == 256
    assert "from 1,000 to 256 tokens" in loaded.notices[0]


def test_a_q8_cache_is_smaller_and_says_what_it_costs(child, tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf")
    f16 = child.load(path)
    q8 = child.load(path, kv_type="q8_0")
    assert q8.memory.kv_bytes < 0.6 * f16.memory.kv_bytes
    assert "may vary with the number of threads" in q8.notices[0]
    assert child.answer("hi", max_tokens=4).output_tokens == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: shapes.tiny(p, arch="quux"), "doesn't know the architecture “quux”"),
        (lambda p: cut_short(shapes.tiny(p)), "cut short"),
        (lambda p: cut_short(shapes.tiny(p), keep=300), "not a whole GGUF"),
    ],
    ids=["architecture", "tensors cut", "header cut"],
)
def test_what_llama_cpp_says_of_a_bad_file_becomes_a_sentence(child, tmp_path, make, words):
    failed = child.load(make(tmp_path / "bad.gguf"))
    assert isinstance(failed, Failed)
    assert words in failed.message and "\n" in failed.message
    assert failed.log
    assert isinstance(child.load(shapes.tiny(tmp_path / "good.gguf")), Loaded)


def cut_short(path, keep=500_000):
    path.write_bytes(path.read_bytes()[:keep])
    return path
