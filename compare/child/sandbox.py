"""Jinja, as those who write chat templates expect it, in a sandbox that comes to an end.

A template is a program that came with a file: it may ask for anything, loop for ever and grow without
bound. Knows no model and no token.
"""

import faulthandler
import json
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

WORK_S = 2.0
"""How long this process may compute at a time for an answer's template; a large one takes 0.05."""
STUCK_S = 5
"""One step of Python's own that takes longer ends the process: nothing else could end it."""
MAX_LETTERS = 2**20
"""that a template may write beside four times what it is given: the longest known have 0.05 of that"""
MAX_NUMBER_BITS, MAX_ITEMS = 2**20, 2**24
"""of what one multiplication may give"""
MEMORY_BYTES = 512 * 2**20
"""What the process may take more, where the system keeps to it: Linux does, macOS doesn't."""
_TICK_S = 0.05

T = TypeVar("T")


class TemplateFault(Exception):
    """What a template did wrong, in words that fit into a sentence."""


class Refusal(TemplateFault):
    """What a template says by itself of what it is asked to write."""


class Interrupted(Exception):
    """The outside has ended it; `reason`: `cancelled` or `time`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class _Ended(BaseException):
    """Out of whatever a template does: no handler for errors may hold it up."""


def within_limits(
    act: Callable[[], T], interrupted: Callable[[], str | None], work_s: float = WORK_S
) -> T:
    """What `act` returns. In the main thread only. Raises TemplateFault where it takes too long or too
    much, and Interrupted where `interrupted`, asked every now and then, names a reason.
    """
    began, armed = time.thread_time(), True

    def look(_signal, _frame) -> None:
        nonlocal armed
        if not armed:
            return
        faulthandler.dump_traceback_later(STUCK_S, exit=True, file=2)
        fault: Exception | None = None
        if reason := interrupted():
            fault = Interrupted(reason)
        elif time.thread_time() - began > work_s:
            fault = TemplateFault(f"it doesn't come to an end within {work_s:g} seconds")
        if fault:
            armed = False  # once: the next signal may come while this one is on its way out
            raise _Ended(fault)

    before = signal.signal(signal.SIGALRM, look)
    timer = signal.setitimer(signal.ITIMER_REAL, _TICK_S, _TICK_S)
    try:
        with _little_memory():
            return act()
    except _Ended as ended:
        raise ended.args[0] from None
    finally:
        armed = False  # first: a signal may still be on its way
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _little_memory() -> Iterator[None]:
    """What would take more than MEMORY_BYTES ends in a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if (now := _address_space()) is not None:
        bounds = [now + MEMORY_BYTES, *(each for each in (soft, hard) if each >= 0)]
        resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int | None:
    """Bytes that this process has reserved, by Linux; None on other systems."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def read(source: str) -> nodes.Template:
    """A template's syntax tree. Raises jinja2.TemplateError."""
    return _ENVIRONMENT.parse(source)


def write(source: str, messages: Sequence[Mapping[str, Any]], **values: Any) -> str:
    """What a template writes. Raises TemplateFault for whatever it may do wrong."""
    most = MAX_LETTERS + 4 * len(str(messages))
    try:
        parts, letters = [], 0
        for part in _compiled(source).generate(
            messages=messages, raise_exception=_refuse, **values
        ):
            parts.append(part)
            letters += len(part)
            if letters > most:
                raise TemplateFault(f"it writes more than {most:,} characters")
        text = "".join(parts)
        text.encode()
        return text
    except TemplateFault:
        raise
    except Exception as error:  # the border: a program of a stranger's may raise anything
        raise TemplateFault(_told(error)) from error


def _refuse(message: str) -> None:
    raise Refusal(_worded(str(message)))


def _told(error: Exception) -> str:
    match error:
        case RecursionError():
            return "it calls itself without end"
        case MemoryError():
            return "it grows without end"
        case UnicodeEncodeError():
            return "it writes half a character"
        case jinja2.TemplateSyntaxError(lineno=line):
            return f"line {line}: {_worded(error.message or '')}"
        case jinja2.TemplateError():
            return _worded(str(error))
    return _worded(f"{type(error).__name__}: {error}")


def _worded(said: str) -> str:
    """One line of it, fit to stand within a sentence."""
    line = " ".join(said.split())[:200]
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
    return shown.rstrip(".") or "it gave no reason"


class _Answers(Extension):
    """Transformers' {% generation %} marks what a model has written; here its body is all it means."""

    tags: ClassVar = {"generation"}

    def parse(self, parser: jinja2.parser.Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Environment(ImmutableSandboxedEnvironment):
    """Numbers and repeated texts have bounds, as one step of theirs could take hours; nothing is random."""

    intercepted_binops = frozenset(("*", "**"))

    def __init__(self):
        # As Transformers sets it up (utils/chat_template_utils.py), whose templates these are.
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[_Answers, loopcontrols])
        self.filters["tojson"] = _to_json
        del self.filters["random"], self.globals["lipsum"]

    def call_binop(self, context, operator: str, left: Any, right: Any) -> Any:
        if _size(operator, left, right) > (
            MAX_NUMBER_BITS if isinstance(left, int) and isinstance(right, int) else MAX_ITEMS
        ):
            raise MemoryError
        return super().call_binop(context, operator, left, right)


def _size(operator: str, left: Any, right: Any) -> int:
    """How large the result would be: bits of a number, or items of what is repeated."""
    match left, right:
        case int(), int() if operator == "**":
            return left.bit_length() * max(right, 0)
        case int(), int():
            return left.bit_length() + right.bit_length()
        case (str() | list() | tuple(), int()):
            return len(left) * right
        case int(), (str() | list() | tuple()):
            return left * len(right)
    return 0


def _to_json(value: Any, ensure_ascii: bool = False, **how: Any) -> str:
    """Letters as they are, unlike Jinja's own, which writes for a page of HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, **how)


_ENVIRONMENT = _Environment()


@lru_cache(maxsize=4)
def _compiled(source: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(source)
