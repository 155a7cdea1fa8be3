"""A model's process driven by hand through its pipes, and the embedded models' files."""

import itertools
import subprocess
import sys

from compare.models.catalogue import BASE_STOP, BASE_TEMPLATE
from compare.models.files import Files
from compare.models.spec import parse
from compare.protocol.events import Failed, Finished, Loaded, decode
from compare.protocol.requests import Generate, Load, Message, encode
from compare.run.response import Response

SAMPLING = {
    "temperature": 0.7, "top_p": 0.95, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.0,
    "seed": 7, "stop": (), "thinking": "auto", "max_seconds": None, "threads": 2, "max_tokens": 32,
    "template": BASE_TEMPLATE, "template_stop": BASE_STOP,
}  # fmt: skip


class Child:
    """A worker process and its pipes."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "compare.child.worker"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.run = 0

    def say(self, request) -> None:
        self.process.stdin.write(encode(request).encode())
        self.process.stdin.flush()

    def hear(self):
        return decode(self.process.stdout.readline())

    def until(self, *kinds):
        """The events up to one of those kinds, that one included."""
        events = []
        while not events or not isinstance(events[-1], kinds):
            events.append(self.hear())
        return events

    def load(self, path, n_ctx=512, **settings):
        self.run += 1
        settings = {"gpu_layers": None, "kv_type": "f16", "threads": 2, **settings}
        self.say(Load(run=self.run, path=str(path), n_ctx=n_ctx, **settings))
        return self.until(Loaded, Failed)[-1]

    def ask(self, *turns: str, system: str | None = None, **sampling):
        """`turns`: the user's and the assistant's, one after the other; the last is the user's."""
        self.run += 1
        before = [Message("system", system)] if system else []
        roles = itertools.cycle(("user", "assistant"))
        messages = (*before, *map(Message, roles, turns))
        self.say(Generate(run=self.run, messages=messages, **{**SAMPLING, **sampling}))

    def answer(self, *turns: str, **sampling) -> Response:
        self.ask(*turns, **sampling)
        response = Response()
        for event in self.until(Finished, Failed):
            response = response.after(event)
        return response


def fetched(model: str) -> str:
    import queue

    told = queue.SimpleQueue()
    Files().want(parse(model), 1, told.put)
    return told.get(timeout=60).path
