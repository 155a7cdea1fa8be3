"""Why a model's process is gone, in words: by its exit status and the last lines of its log.

Pure. What is wrong with a file before its process dies of it is said elsewhere (gguf/, child/advice.py).
"""

import re
import signal
from collections.abc import Sequence

_AGAIN = "Run it again; if it happens again, choose another file."
_OTHER_FILE = (
    "The file is damaged, or of a kind that this llama.cpp doesn't run: use another file of this model, "
    "or a newer llama-cpp-python."
)
_MEMORY = (
    "llama.cpp ran out of memory, and ended its process ({said}).\n"
    "Choose a smaller quantization, lower the context length, or close another model, then run again."
)
# What ggml_abort prints last (ggml/src/ggml.c): file, line, and its text.
_ABORTED = re.compile(r"(?:.*[/\\])?([\w.-]+\.(?:cpp|cc|c|cu|cuh|hpp|h|mm|m)):(\d+): (.+)")
_ASSERTED = re.compile(r"()()(GGML_ASSERT\(.*\) failed.*)")
# What a C++ library prints of an exception that nobody caught: GNU's and LLVM's.
_THROWN = re.compile(
    r"\s+what\(\):\s+(.+)|.*uncaught exception of type [\w:]+(?:: (.+))?"
    r"|terminate called after throwing an instance of '(.+)'"
)
_HEAP = re.compile(
    r"(.*(?:corrupted|invalid (?:pointer|size|next size)|double free|stack smashing).*)"
)

# Checks of llama.cpp whose text doesn't say what is wrong, by a part of that: file, text.
_CHECKS = (
    (
        r"id_to_token\.size\(\) == token_to_id\.size\(\)",
        "The file's vocabulary is damaged: it holds a token twice, and llama.cpp refuses that",
    ),
    (r"^llama-vocab\.cpp: ", "The file's vocabulary isn't as llama.cpp needs it"),
    (r"^llama-hparams|hparams\.", "The file's header isn't as llama.cpp needs it"),
)
_NO_MEMORY = r"out of memory|(un|not )able to alloc|fail\w* to alloc|insufficient memory|bad_alloc"

_SIGNALS = {
    "SIGKILL": "The model's process was ended by signal 9 (SIGKILL).\n"
    "A system short of memory does this; choose a smaller quantization or run it again.",
    "SIGILL": "This llama.cpp was built for another processor: it uses an instruction that this one "
    "doesn't have (SIGILL).\nBuild it again on this machine: make run CMAKE_ARGS=-DGGML_NATIVE=ON",
    "SIGBUS": "A part of the model's file could not be read any more (SIGBUS): the file was changed or cut "
    "short while its model was loaded, or its disk failed.\n"
    "Run it again with the file as it is now; if that fails too, check the disk.",
    "SIGSEGV": "llama.cpp crashed: it reached for memory that isn't its own (SIGSEGV). A damaged file can do "
    f"that, and so can a fault of llama.cpp.\n{_AGAIN}",
    "SIGFPE": "llama.cpp crashed: it divided by zero (SIGFPE). A number in the file's header is most "
    "likely wrong.\nUse another file of this model.",
    "SIGABRT": f"llama.cpp ended its process, and gave no reason (SIGABRT).\n{_AGAIN}",
    **{
        name: f"The model's process was ended from outside ({name}).\nRun it again."
        for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")
    },
    **{
        name: f"The model's process was ended by a limit of this system ({name}).\n"
        "Raise the limit (ulimit), or ask for less."
        for name in ("SIGXCPU", "SIGXFSZ")
    },
}


def death(status: int, log: Sequence[str]) -> str:
    """What happened on the first line, what to do on the next. `status`: as subprocess gives it, negative
    for a signal; `log`: the last lines on stderr, in their order.
    """
    if status >= 0:
        return f"The model's process ended by itself, with exit status {status}.\nRun it again."
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    reason = _reason(log) if name in ("SIGABRT", "SIGTRAP") else None
    return reason or _SIGNALS.get(name, f"The model's process was ended by {name}.\n{_AGAIN}")


def _reason(log: Sequence[str]) -> str | None:
    """What llama.cpp, or a library under it, said as it gave up."""
    for line in reversed(log):
        if found := _ABORTED.fullmatch(line) or _ASSERTED.fullmatch(line):
            return _given_up(*found.groups(), log)
        if found := _THROWN.fullmatch(line):
            said = next(filter(None, found.groups()), "no reason given")
            if re.search(_NO_MEMORY, said):
                return _MEMORY.format(said=said)
            return f"llama.cpp gave up: {said}.\n{_OTHER_FILE}"
        if found := _HEAP.fullmatch(line):
            return f"llama.cpp crashed: its memory was overwritten ({found[1].strip()}).\n{_AGAIN}"
    return None


def _given_up(file: str, line: str, text: str, log: Sequence[str]) -> str:
    where = f"{text[:300]}, {file} line {line}" if file else text[:300]
    if memory := re.search(rf".*({_NO_MEMORY}).*", "\n".join(log), re.IGNORECASE):
        return _MEMORY.format(said=memory[0].strip()[:200])
    for pattern, what in _CHECKS:
        if re.search(pattern, f"{file}: {text}"):
            return f"{what} ({where}).\nUse another file of this model."
    return f"llama.cpp gave up at a check of its own: {where}.\n{_OTHER_FILE}"
