"""Why a model's process is gone: the reason llama.cpp gave, or what the signal means."""

import signal

import pytest

from compare.run.death import death

BUILD = "/tmp/pip-install-1/llama-cpp-python_2/vendor/llama.cpp/src/"


def said(name: str, *log: str) -> list[str]:
    what, advice = death(-getattr(signal, name), log).split("\n")
    return [what, advice]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            [f'{BUILD}llama-graph.cpp:1070: GGML_ASSERT(!seq.empty() && "no encode") failed'],
            'a check of its own: GGML_ASSERT(!seq.empty() && "no encode") failed, llama-graph.cpp line 1070.',
        ),
        (["C:\\x\\ggml.c:12: fatal error", ""], "a check of its own: fatal error, ggml.c line 12."),
        (["GGML_ASSERT(n > 0) failed"], "a check of its own: GGML_ASSERT(n > 0) failed."),
        (
            [f"{BUILD}llama-vocab.cpp:2544: GGML_ASSERT(id_to_token.size() == token_to_id.size()) failed"],
            "it holds a token twice, and llama.cpp refuses that (GGML_ASSERT(id_to_token",
        ),
        (
            [f"{BUILD}llama-vocab.cpp:9: GGML_ASSERT(type != 0) failed"],
            "The file's vocabulary isn't as llama.cpp needs it (GGML_ASSERT(type != 0) failed",
        ),
        (
            [f"{BUILD}llama-model.cpp:1328: GGML_ASSERT(hparams.n_layer_all > 0) failed"],
            "The file's header isn't as llama.cpp needs it (GGML_ASSERT(hparams.n_layer_all",
        ),
        (
            ["CUDA error: out of memory", "  in function alloc", "/x/ggml-cuda.cu:88: CUDA error"],
            "ran out of memory, and ended its process (CUDA error: out of memory).",
        ),
        (
            ["terminate called after throwing an instance of 'std::bad_alloc'", "  what():  std::bad_alloc"],
            "ran out of memory, and ended its process (std::bad_alloc).",
        ),
        (
            ["terminate called after throwing an instance of 'std::out_of_range'", "  what():  map::at"],
            "llama.cpp gave up: map::at.",
        ),
        (
            ["libc++abi: terminating due to uncaught exception of type std::runtime_error: no graph"],
            "llama.cpp gave up: no graph.",
        ),
        (["malloc(): corrupted top size"], "memory was overwritten (malloc(): corrupted top size)."),
        (["load: all is well"], "gave no reason (SIGABRT)."),
        ([], "gave no reason (SIGABRT)."),
    ],
    ids=[
        *("assertion", "abort", "without a file", "token twice", "vocabulary", "header", "cuda"),
        *("bad alloc", "thrown", "thrown on a mac", "heap", "no reason", "no log"),
    ],
)  # fmt: skip
def test_an_abort_says_what_llama_cpp_said(log, words):
    what, advice = said("SIGABRT", "print_info: vocab type = SPM", *log)
    assert words in what and "signal" not in what
    assert advice.endswith(".")


@pytest.mark.parametrize(
    ("name", "words", "advice"),
    [
        ("SIGILL", "built for another processor", "make run CMAKE_ARGS=-DGGML_NATIVE=ON"),
        (
            "SIGBUS",
            "the file was changed or cut short while its model was loaded",
            "check the disk",
        ),
        ("SIGSEGV", "reached for memory that isn't its own (SIGSEGV)", "choose another file"),
        ("SIGFPE", "divided by zero (SIGFPE)", "Use another file"),
        ("SIGKILL", "ended by signal 9 (SIGKILL)", "A system short of memory does this"),
        ("SIGTERM", "ended from outside (SIGTERM)", "Run it again."),
        ("SIGXCPU", "ended by a limit of this system (SIGXCPU)", "ulimit"),
        ("SIGUSR1", "ended by SIGUSR1", "Run it again"),
    ],
)
def test_each_signal_has_its_words(name, words, advice):
    """Whatever stood in the log before."""
    what, told = said(name, f"{BUILD}ggml.c:1: a warning that looks like an abort")
    assert words in what and advice in told


def test_a_signal_without_a_name_and_an_exit():
    assert "signal 50." in death(-50, ())
    assert "exit status 3." in death(3, ())
