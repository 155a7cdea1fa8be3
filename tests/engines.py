"""llama.cpp in the tests' own process."""

from functools import cache

from compare.child.llama import Log


@cache
def log() -> Log:
    """One for all tests: llama.cpp holds a bare pointer to it."""
    return Log()
