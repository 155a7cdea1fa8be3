"""The terms of a lease on ZeroGPU: for how long a run needs a GPU, and why it gets none, in words.

Pure. Knows no fork and no `spaces`, but for what that package raises.
"""

import math
import re

from compare.asked.comparison import Bench, Comparison
from compare.memory.known import known_header
from compare.models.spec import ModelFile

FORK_S = 3.0
"""For a new fork, which touches its GPU with torch before anything else (spaces/zero/torch/patching.py).
A guess."""
START_S = 4.0
"""For a child to start, find its GPU and say what a file would reserve. A guess: on a CPU it takes 1 s."""
LOAD_BYTES_PER_S = 5e8
"""From disk to GPU. A guess, about what a Space's disk reads."""
COMPILE_S = 30.0
"""Once a process, until a model has been loaded: the driver compiles llama.cpp's PTX for a card that its
wheel has no code for, and keeps the result. A guess."""
VRAM_BYTES_PER_S, MOST_TPS, READ_TPS = 3e11, 100.0, 1000.0
"""Decoding reads all weights a token: a third of what half an RTX Pro 6000 (1.8 TB/s) does, and no more
tokens a second than that, whatever the size; prompts are read much faster still. Guesses, on the low side."""
UNKNOWN_BYTES = 5e9
"""of a file whose size isn't known"""
MOST_S = 120
"""What a visitor who isn't logged in may use a day (huggingface.co/docs/hub/spaces-zerogpu): a longer
lease would always be refused to them."""


def seconds(asked: Comparison | Bench) -> float:
    """How long a run will need a GPU, on the long side. Its files are here.

    Loads come one after the other, and what answers together divides the card: so all of it adds up,
    but for the host's limit on seconds, which ends those that answer together at the same time.
    """
    sizes = [_size(file) for file in asked.models if file.server is None]
    loads = sum(START_S + size / LOAD_BYTES_PER_S for size in sizes)
    works = [_work_s(asked, size) for size in sizes]
    limit = asked.max_seconds or math.inf
    together = asked.mode == "together"
    return loads + (min(sum(works), limit) if together else sum(min(s, limit) for s in works))


def _size(file: ModelFile) -> float:
    known = known_header(file.about.shape, file.quant) if not file.bytes else None
    return file.bytes or (known.file_bytes if known else UNKNOWN_BYTES)


def _work_s(asked: Comparison | Bench, size: float) -> float:
    if isinstance(asked, Bench):
        tests = asked.tests
        read = tests.prompt_tokens * (tests.repeats + 1)
        wrote = tests.output_tokens * tests.repeats + 1
    else:
        letters = sum(len(message.content.encode()) for message in asked.messages)
        read = min(asked.load.n_ctx, letters)  # a token has a byte at least
        wrote = asked.sampling.max_tokens
    return read / READ_TPS + wrote / min(MOST_TPS, VRAM_BYTES_PER_S / size)


# What `spaces` raises (spaces/zero/client.py, wrappers.py), what it means, and what to do about it.
_SAID = (
    (
        r"\((\d+)s requested vs\. (\d+)s left\)\. Try again in ([^.]+)",
        "Your GPU time at Hugging Face is used up: this run asks for {0} s, {1} s are left.",
        "Try again in {2} (hours, minutes, seconds), log in for more time, or ask for less.",
    ),
    (
        r"exceeded your ZeroGPU runs limit",
        "You have run as often on a GPU of Hugging Face as you may for now.",
        "Try again later, or log in there for more.",
    ),
    (
        r"Space app has reached its GPU limit",
        "This Space's GPU time for visitors who can't be told apart is used up.",
        "Open the Space at huggingface.co and log in, or try again later.",
    ),
    (
        r"illegal duration",
        "This run asks for {seconds} s of GPU time, more than you may have at once.",
        "Ask for fewer models or fewer tokens.",
    ),
    (
        r"pending credits exceeded",
        "Your runs in progress have reserved all the GPU time you have.",
        "Wait until one of them has ended, then run it again.",
    ),
    (r"No GPU was available", "No GPU was free.", "Run it again in a minute."),
    (
        r"Expired ZeroGPU proxy token",
        "This page is open for too long to be given a GPU.",
        "Reload it, then run it again.",
    ),
    (
        r"GPU task aborted|worker error",
        "The process on the GPU was ended from outside.",
        "Run it again; if it happens again, ask for fewer tokens or smaller models.",
    ),
    (
        r"Connection closed by visitor",
        "The page was closed while it waited for a GPU.",
        "Run it again.",
    ),
    (
        r"Connect|Timeout|RemoteProtocol|ReadError|end of stream|queue disconnect|API /\w+ error",
        "The service that lends GPUs can't be reached, or is at fault.",
        "Run it again in a minute.",
    ),
)


def refusal(error: Exception, seconds: int) -> str:
    """Why there is no GPU, or no more: what happened on the first line, what to do on the next."""
    title, message = getattr(error, "title", ""), getattr(error, "message", None) or error
    said = f"{type(error).__name__}: {title}: {message!s}"
    for pattern, what, advice in _SAID:
        if found := re.search(pattern, said):
            whole = f"{what}\n{advice}"
            return whole.format(*found.groups(), seconds=seconds)
    return f"There is no GPU to run this on ({type(error).__name__}).\nRun it again in a minute."
