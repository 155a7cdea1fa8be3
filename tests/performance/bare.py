"""The same work without this app: llama-cpp-python alone, as its users write it, in its own process.

    python tests/performance/bare.py KIND JSON     KIND: one of the functions below, JSON: what it takes

Prints one JSON document. Imports nothing of the app.
"""

import ctypes
import json
import sys
import threading
import time

from llama_cpp import Llama
from llama_cpp import llama_cpp as api

PROMPT = "Write a long story about a lighthouse keeper and the sea."


def generate(path: str, threads: int, tokens: int) -> dict:
    """Output tokens a second of a bare `Llama.generate()` loop."""
    llm = Llama(path, n_ctx=2048, n_threads=threads, n_threads_batch=threads, verbose=False)
    prompt = llm.tokenize(PROMPT.encode())
    times = []
    for _ in llm.generate(prompt, temp=0.7, top_k=40, top_p=0.95, min_p=0.05):
        times.append(time.monotonic())
        if len(times) == tokens:
            break
    return {"decode_tps": (len(times) - 1) / (times[-1] - times[0])}


def articles(path: str, tokens: int) -> dict:
    """Seconds of one answer with the two articles' own settings."""
    llm = Llama(path, n_ctx=512, n_threads=8, verbose=False)
    llm(PROMPT, max_tokens=1)
    llm.reset()
    began_at = time.monotonic()
    said = llm(PROMPT, max_tokens=tokens, stop=["</s>"])
    return {
        "total_s": time.monotonic() - began_at,
        "output_tokens": said["usage"]["completion_tokens"],
    }


def plain(models: list[tuple[str, int]]) -> dict:
    """Seconds of several models at once, the plain way: a thread each, default threads."""
    llms = [Llama(path, n_ctx=2048, verbose=False) for path, _ in models]

    def answer(llm: Llama, tokens: int) -> None:
        messages = [{"role": "user", "content": PROMPT}]
        for _ in llm.create_chat_completion(messages, stream=True, max_tokens=tokens):
            pass

    threads = [
        threading.Thread(target=answer, args=(llm, tokens))
        for llm, (_, tokens) in zip(llms, models, strict=True)
    ]
    began_at = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"wall_s": time.monotonic() - began_at}


def ids(path: str, threads: int, n_prompt: int, n_gen: int, repeats: int) -> dict:
    """Tokens a second of evaluating ids through llama.cpp's own calls, after a warm-up."""
    llm = Llama(
        path, n_ctx=2048, n_threads=threads, n_threads_batch=threads, n_ubatch=64, verbose=False
    )
    context, memory = llm._ctx.ctx, api.llama_get_memory(llm._ctx.ctx)

    def evaluate(batches: int, size: int) -> float:
        """Tokens a second of so many batches of so many tokens, from an empty cache."""
        api.llama_memory_clear(memory, True)
        array = (api.llama_token * size)(*range(100, 100 + size))
        batch = api.llama_batch_get_one(ctypes.cast(array, ctypes.POINTER(api.llama_token)), size)
        began_at = time.monotonic()
        for _ in range(batches):
            if api.llama_decode(context, batch) != 0:
                raise RuntimeError("llama_decode failed")
            if size == 1:  # as a loop that reads each token's logits must
                api.llama_synchronize(context)
        api.llama_synchronize(context)
        return batches * size / (time.monotonic() - began_at)

    evaluate(1, n_prompt)
    evaluate(4, 1)
    return {
        "prompt_tps": [evaluate(1, n_prompt) for _ in range(repeats)],
        "gen_tps": [evaluate(n_gen, 1) for _ in range(repeats)],
    }


if __name__ == "__main__":
    kinds = {function.__name__: function for function in (generate, articles, plain, ids)}
    print(json.dumps(kinds[sys.argv[1]](**json.loads(sys.argv[2]))))
