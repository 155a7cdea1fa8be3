"""llama.cpp in the tests' own process."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache

from children import SAMPLING

from compare.child.llama import Log, Model
from compare.child.prompt import Prompt, prompt
from compare.protocol.requests import Generate, Message


@cache
def log() -> Log:
    """One for all tests: llama.cpp holds a bare pointer to it."""
    return Log()


@contextmanager
def vocabulary(path) -> Iterator[Model]:
    """A model of which only the vocabulary and the template are looked at."""
    with closing(Model(str(path), log(), gpu_layers=0, weights=False)) as model:
        yield model


def prompted(path, *messages: Message, **asked) -> Prompt:
    """Messages as that model reads them."""
    with vocabulary(path) as model:
        return prompt(model, Generate(run=1, messages=messages, **{**SAMPLING, **asked}))
