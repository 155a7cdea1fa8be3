"""Children that misbehave, as real programs behind the seam of a process: `child("crash")` and its like.

Each speaks the protocol of compare.child.worker by hand, and answers “one two three” where it gets that far.
"""

import sys
from collections.abc import Callable

from compare.run.process import ChildProcess

PROGRAM = r"""
import json, os, signal, sys, time
kind = sys.argv[1]
def tell(event, run, **values):
    line = json.dumps({"event": event, "run": run, "at": time.monotonic(), **values})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
if kind == "mute":
    time.sleep(3600)
gpus = ["A GPU"] if kind == "gpu" else []
tell("hello", 0, llama_cpp_python="0", llama_cpp="0", gpus=gpus)
threads = 0
for line in sys.stdin:
    ask = json.loads(line)
    run = ask["run"]
    if kind == "stopped-" + ask["do"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    if ask["do"] == "reserve" and kind == "gpu":
        compute = 10_000_000 + 1_000_000 * (ask["gpu_layers"] or 0)
        tell("reserved", run, n_ctx=512, kv_bytes=1, ram_compute_bytes=1, vram_compute_bytes=compute)
    elif ask["do"] == "reserve":
        tell("reserved", run)
    elif ask["do"] == "count":
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        tell("tokenized", run, prompt_tokens=3)
    elif ask["do"] == "load":
        tell("loading", run, file_bytes=1)
        if kind == "crash-loading":
            os.kill(os.getpid(), signal.SIGABRT)
        if kind == "slow-loading":
            time.sleep(3600)
        notices = [f"{ask['gpu_layers']} layers"] if kind == "gpu" else []
        tell("loaded", run, load_s=0.1, n_ctx=512, memory={}, notices=notices)
        if kind == "stopped-loaded":
            os.kill(os.getpid(), signal.SIGSTOP)
    elif ask["do"] == "generate":
        tell("started", run, prompt_tokens=3, cached_tokens=0, rendered_prompt="p", threads=ask["threads"])
        if kind == "garbage":
            sys.stdout.write("\x00 no line of ours\n"); sys.stdout.flush(); time.sleep(3600)
        if kind == "exit":
            sys.stderr.write("a last word\n"); sys.exit(3)
        tell("prefilled", run, tokens=3, eval_s=0.1)
        if kind == "burst":
            for _ in range(2000):
                tell("delta", run, text="x")
        for word in ("one", " two", " three"):
            tell("delta", run, text=word)
            if kind == "crash":
                sys.stderr.write("GGML_ASSERT(false) failed\n"); sys.stderr.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "slow":
                time.sleep(0.3)
            while kind == "busy":
                pass
            if kind == "deaf":
                time.sleep(3600)
        tell("finished", run, reason="stop")
    elif ask["do"] == "measure":
        tell("started", run, prompt_tokens=8, cached_tokens=0, threads=ask["threads"])
        bed = dict.fromkeys(("model_type", "backends", "type_k", "type_v", "test_time"), "x")
        numbers = dict.fromkeys(("model_size", "model_n_params", "n_batch", "n_ubatch", "n_gpu_layers"), 1)
        tell("testbed", run, flash_attn=False, **bed, **numbers)
        tell("sample", run, test="pp", tokens=8, eval_s=0.5, processor_s=1.0)
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        tell("sample", run, test="tg", tokens=4, eval_s=0.5, processor_s=1.0)
        tell("finished", run, reason="stop")
    elif ask["do"] == "setthreads":
        tell("threads", run, n=ask["n"])
"""


def child(kind: str, hello_s: float = 60.0) -> Callable[[Callable], ChildProcess]:
    """Spawns a program of that kind: good, mute, crash-loading, slow-loading, garbage, exit, burst,
    crash, slow, deaf, busy, or gpu: that one says how many layers it was told to load there. Stopped by a
    signal are stopped-reserve, stopped-load and stopped-generate, when they are asked that, and
    stopped-loaded once it is loaded.
    """
    command = (sys.executable, "-c", PROGRAM, kind)
    return lambda sink: ChildProcess(sink, command, hello_s)
