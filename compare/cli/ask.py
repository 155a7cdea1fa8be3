"""`ask`: sends a prompt to several models and prints their answers as blocks."""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.asked.settings import SETTINGS
from compare.cli.options import with_settings
from compare.cli.terminal import AsJson, Force, Threads, follow, say, say_json, tell
from compare.models.spec import catalogued, split_specs
from compare.run.machine import Machine
from compare.run.response import Response
from compare.run.run import Run
from compare.saved.document import document
from compare.usage import UsageError
from compare.words import column, sentence
from compare.words.settings import not_as_recommended
from compare.words.thought import thought, unanswered


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
    server: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=URL: a server on another machine, for @NAME/model; may be repeated."
        ),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="All at once, or one after another.")] = Mode.together,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    threads: Threads = None,
    force: Force = False,
    as_json: AsJson = False,
    **settings: Any,
) -> None:
    """Ask several models the same thing and watch them answer."""
    machine = Machine(Owner.from_environ().with_servers(server or []))
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
        say_json(found)
    else:
        tell(str(sentence.summary(responses, column.names(run.comparison.models))))
    machine.close()
    failed = any(response.state == "failed" for response in responses.values())
    raise typer.Exit(130 if interrupted else int(failed))


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"What came on stdin is not UTF-8 text ({error.reason}). Save it as UTF-8."
        ) from None


class _Blocks:
    """Answers as labelled blocks, one under the other, each written while it comes.

    The first model that writes has the first block; what others write meanwhile follows when it ends.
    """

    def __init__(self, run: Run):
        self._files = {file.key: file for file in run.comparison.models}
        self._max_seconds = run.comparison.max_seconds
        self._current: str | None = None
        self._written = self._thought = 0
        self._thinks = False
        self._left = list(self._files)
        self._states: dict[str, str] = {}

    def __call__(self, responses: dict[str, Response]) -> None:
        self._tell_states(responses)
        while self._current or self._choose(responses):
            response = responses[self._current]
            self._write(response)
            if not response.ended:
                return
            self._close(response)

    def _choose(self, responses: dict[str, Response]) -> bool:
        writing = [key for key in self._left if _has_begun(responses[key])]
        if not writing:
            return False
        self._current = min(writing, key=lambda key: responses[key].first_token_at or float("inf"))
        self._left.remove(self._current)
        self._written = self._thought = 0
        file = self._files[self._current]
        say(f"── {file.name}{' · ' + file.quant if file.quant else ''} ──")
        if file.base:
            say(column.BASE_NOTE)
        return True

    def _write(self, response: Response) -> None:
        """What is new of its thinking, then of its answer."""
        thinking, text = response.thinking, response.text
        if len(text) < self._written:
            say("\n[All this was thinking.]")
            self._thinks, self._written, self._thought = True, 0, len(thinking)
        if len(thinking) > self._thought:
            if not self._thinks:
                say("\nThinking:" if self._written else "Thinking:")
            say(thinking[self._thought :], end="", faint=True)
            self._thinks, self._thought = True, len(thinking)
        if self._thinks and (response.ended or len(text) > self._written):
            say(f"\n[{thought(response.measures)}]\n")
            self._thinks = False
        say(text[self._written :], end="")
        self._written = len(text)

    def _close(self, response: Response) -> None:
        if self._written:
            say()
        if response.state == "failed":
            say("\n".join((response.error, *response.log)))
        elif response.state == "finished" and not response.text.strip():
            why = unanswered(response.measures, response.finish_reason, response.stop_string)
            say("\n".join(why))
        for notice in response.notices:
            say(f"({notice})")
        figures = column.figures(response, 0.0)
        line = column.state_line(response, 0.0, max_seconds=self._max_seconds)
        rate = ", ".join(filter(None, (f"{figures.speed} tok/s", figures.company)))
        say(f"[{line} · {rate} · first token {figures.small['First token']}]\n")
        self._current = None

    def _tell_states(self, responses: dict[str, Response]) -> None:
        for key, response in responses.items():
            state = response.state
            if self._states.get(key) != state and state in ("queued", "downloading", "loading"):
                tell(f"{self._files[key].name}: {state}")
            self._states[key] = state


def _has_begun(response: Response) -> bool:
    return bool(response.thinking or response.text or response.ended)
