"""The same work without this app: llama-cpp-python alone, as its users write it, in its own process.

    python tests/performance/bare.py KIND JSON     KIND: one of the functions below, JSON: what it takes

Prints one JSON document. Imports nothing of the app.
"""

import json
import sys
import threading
import time

from llama_cpp import Llama

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
    for llm in llms:  # reads the file from disk, so that it isn't charged with that
        llm(PROMPT, max_tokens=1)
        llm.reset()

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


if __name__ == "__main__":
    kinds = {function.__name__: function for function in (generate, articles, plain)}
    print(json.dumps(kinds[sys.argv[1]](**json.loads(sys.argv[2]))))
