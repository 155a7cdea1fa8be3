"""`bench`'s tests and a bare loop over the same loaded model, in turns: what the measuring itself takes.

    PYTHONPATH=. python tests/performance/within.py JSON

In one process, because two processes of the same program differ by up to a tenth. Prints one JSON document:
tokens a second, a number a turn.
"""

import ctypes
import json
import sys
import time

from llama_cpp import llama_cpp as api

from compare.child.engine import Engine
from compare.child.llama import Log
from compare.child.measure import measure
from compare.child.worker import Inbox
from compare.protocol.events import Sample
from compare.protocol.requests import Load, Measure


def in_turns(path: str, threads: int, n_prompt: int, n_gen: int, turns: int) -> dict:
    load = Load(run=1, path=path, n_ctx=2048, gpu_layers=None, kv_type="f16", threads=threads)
    engine = Engine(load, Log(), lambda event: None)
    sizes = {"pp": n_prompt, "tg": n_gen}
    found = {f"{whose}_{test}": [] for test in sizes for whose in ("bench", "bare")}
    ways = [("bench", measured), ("bare", bare)]
    for _ in range(turns):
        for test, n in sizes.items():
            for whose, rate in ways:
                found[f"{whose}_{test}"].append(rate(engine, test, n, threads))
        ways.reverse()  # neither comes first more often than the other
    return found


def measured(engine: Engine, test: str, n: int, threads: int) -> float:
    heard = []
    request = Measure(
        run=1, n_prompt=n if test == "pp" else 0, n_gen=n if test == "tg" else 0, repeats=1,
        threads=threads, max_seconds=None,
    )  # fmt: skip
    measure(engine, request, time.monotonic(), heard.append, Inbox())
    (sample,) = (event for event in heard if isinstance(event, Sample))
    return sample.tokens / sample.eval_s


def bare(engine: Engine, test: str, n: int, threads: int) -> float:
    """As llama-bench does it: after a warm-up, from an empty cache, ids and nothing else."""
    context = engine.context.handle
    api.llama_set_n_threads(context, threads, threads)
    batches, size = (1, n) if test == "pp" else (n, 1)
    array = (api.llama_token * size)(*range(100, 100 + size))
    batch = api.llama_batch_get_one(ctypes.cast(array, ctypes.POINTER(api.llama_token)), size)
    for timed in (False, True):
        api.llama_memory_clear(api.llama_get_memory(context), True)
        began_at = time.monotonic()
        for _ in range(batches if timed else 1):
            if api.llama_decode(context, batch) != 0:
                raise RuntimeError("llama_decode failed")
            if test == "tg":  # as a loop that reads each token's logits must
                api.llama_synchronize(context)
        api.llama_synchronize(context)
    return n / (time.monotonic() - began_at)


if __name__ == "__main__":
    print(json.dumps(in_turns(**json.loads(sys.argv[1]))))
