"""`ask`: sends a prompt to several models and prints their answers as blocks."""

import json
import sys
import unicodedata
from enum import StrEnum
from typing import Annotated, Any

import typer

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.asked.settings import SETTINGS
from compare.cli.options import with_settings
from compare.cli.terminal import AsJson, Force, Threads, follow, tell
from compare.models.spec import catalogued, split_specs
from compare.run.machine import Machine
from compare.run.response import Response
from compare.run.run import Run
from compare.saved.document import document
from compare.usage import UsageError
from compare.words import column, sentence
from compare.words.settings import not_as_recommended


class Mode(StrEnum):
    together = "together"
    in_turn = "in-turn"


@with_settings(*SETTINGS)
def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask; - reads it from stdin.")],
    models: Annotated[
        list[str] | None,
        typer.Option(help="SPECs, separated by commas: an id, id:QUANT, or a .gguf file."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="All at once, or one after another.")] = Mode.together,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    threads: Threads = None,
    force: Force = False,
    as_json: AsJson = False,
    **settings: Any,
) -> None:
    """Ask several models the same thing and watch them answer."""
    machine = Machine(Owner.from_environ())
    specs, reason = split_specs(models or []), None
    if not specs:
        pair, reason = machine.start_pair()
        specs = [catalogued(spec) for spec in pair]
    request = comparison(
        _from_stdin() if prompt == "-" else prompt, specs, system=system, mode=mode.value,
        threads=threads, force=force, notices=(reason,) if reason else (), **settings,
    )  # fmt: skip
    run = machine.compare(request)
    for notice in run.comparison.notices:
        tell(notice)
    for file in run.comparison.models:
        if told := not_as_recommended(file, run.comparison.sampling):
            tell(told)
    interrupted = follow(run, (lambda _: None) if as_json else _Blocks(run))
    responses = run.responses()
    if as_json:
        found = document(run.comparison, responses, machine.describe())
        print(json.dumps(found, ensure_ascii=False))
    else:
        tell(str(sentence.summary(responses, column.names(run.comparison.models))))
    machine.close()
    failed = any(response.state == "failed" for response in responses.values())
    raise typer.Exit(130 if interrupted else int(failed))


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"What came on stdin is not UTF-8 text ({error.reason}).") from None


class _Blocks:
    """Answers as labelled blocks, one under the other, each written while it comes.

    The first model that writes has the first block; what others write meanwhile follows when it ends.
    """

    def __init__(self, run: Run):
        self._files = {file.key: file for file in run.comparison.models}
        self._max_seconds = run.comparison.max_seconds
        self._current: str | None = None
        self._written = 0
        self._left = list(self._files)
        self._states: dict[str, str] = {}

    def __call__(self, responses: dict[str, Response]) -> None:
        self._tell_states(responses)
        while self._current or self._choose(responses):
            response = responses[self._current]
            text = _printable(response.text)
            print(text[self._written :], end="", flush=True)
            self._written = len(text)
            if not response.ended:
                return
            self._close(response)

    def _choose(self, responses: dict[str, Response]) -> bool:
        writing = [key for key in self._left if responses[key].text or responses[key].ended]
        if not writing:
            return False
        self._current = min(writing, key=lambda key: responses[key].first_token_at or float("inf"))
        self._left.remove(self._current)
        self._written = 0
        file = self._files[self._current]
        print(f"── {file.name}{' · ' + file.quant if file.quant else ''} ──")
        if file.base:
            print(column.BASE_NOTE)
        return True

    def _close(self, response: Response) -> None:
        if self._written:
            print()
        if response.state == "failed":
            print("\n".join((response.error, *response.log)))
        figures = column.figures(response, 0.0)
        line = column.state_line(response, 0.0, max_seconds=self._max_seconds)
        rate = f"{figures.speed} tok/s, {figures.company}"
        print(f"[{line} · {rate} · first token {figures.small['First token']}]\n", flush=True)
        self._current = None

    def _tell_states(self, responses: dict[str, Response]) -> None:
        for key, response in responses.items():
            state = response.state
            if self._states.get(key) != state and state in ("queued", "downloading", "loading"):
                tell(f"{self._files[key].name}: {state}")
            self._states[key] = state


def _printable(text: str) -> str:
    """Without control characters: a model's text must not steer the terminal."""
    return "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))
