"""The `record` command's work: prompts × models × repeats, one answer at a time, into a recording.

Model by model, so that two large ones are never in memory together. Knows no terminal and no page.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from compare.asked.comparison import Comparison, comparison
from compare.asked.settings import MAX_SEED
from compare.gallery.prompts import Prompt
from compare.gallery.recording_file import RecordingFile
from compare.gallery.recordings import RECORDED
from compare.models.catalogue import EMBEDDED_PAIR
from compare.models.spec import ModelFile, resolve
from compare.run.machine import Machine
from compare.run.response import Response
from compare.saved.document import document, params
from compare.usage import UsageError

PATIENCE_S = 5.0
"""How long an answer that was stopped may take to end."""


@dataclass(frozen=True, slots=True)
class Task:
    """One answer to record."""

    prompt: Prompt
    repeat: int
    comparison: Comparison

    @property
    def file(self) -> ModelFile:
        return self.comparison.models[0]

    @property
    def key(self) -> tuple[str, str, int]:
        return self.file.key, self.prompt.id, self.repeat

    @property
    def asked(self) -> dict[str, Any]:
        """What the document of its answer says of the question."""
        return {
            "prompt": self.comparison.prompt,
            "system": self.comparison.system,
            "mode": self.comparison.mode,
            "params": params(self.comparison),
        }


def settings(machine: Machine, given: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a prompt that has none of its own, within this host's limits. Raises UsageError."""
    any_prompt = comparison("?", EMBEDDED_PAIR, **{**RECORDED, **given})
    return params(machine.owner.capped(any_prompt))


def tasks(
    machine: Machine, specs: Sequence[str], prompts: Sequence[Prompt], repeats: int,
    given: Mapping[str, Any],
) -> list[Task]:  # fmt: skip
    """What there is to record, model by model. Raises UsageError.

    A setting that is `given` wins over the prompt's own, and that over RECORDED. Each further repeat has
    the next seed, which makes another answer at a temperature above 0 only.
    """
    if repeats < 1:
        raise UsageError(f"repeats is {repeats}. It must be at least 1.")
    files = resolve(specs)
    if len({file.file for file in files}) < len(files):
        raise UsageError("Two of the files have the same name, and a recording names no paths.")
    made = []
    for file in files:
        of_model = [
            Task(prompt, repeat, machine.owner.capped(_asked(file, prompt, repeat, given)))
            for prompt in prompts
            for repeat in range(1, repeats + 1)
        ]
        # Other load settings load the model anew: those with the same ones stand together.
        kinds = list(dict.fromkeys(task.comparison.load for task in of_model))
        made += sorted(of_model, key=lambda task: kinds.index(task.comparison.load))
    return made


def _asked(file: ModelFile, prompt: Prompt, repeat: int, given: Mapping[str, Any]) -> Comparison:
    values = {**RECORDED, **prompt.settings, **given}
    values["seed"] = (values["seed"] + repeat - 1) % (MAX_SEED + 1)
    return comparison(prompt.prompt, [file], system=prompt.system, mode="in-turn", **values)


def record(
    machine: Machine, into: RecordingFile, wanted: Sequence[Task]
) -> Iterator[tuple[Task, Response]]:
    """Runs the tasks and yields each one's response until it has ended; finished ones are in the file then.

    A model that can't be loaded fails once, and its other tasks are left out. Raises RecordingError and
    OSError where the file can't be written; closing it stops what runs.
    """
    unloadable: set[str] = set()
    for task in wanted:
        if task.file.key in unloadable:
            continue
        response = Response()
        for response in _answered(machine, task):
            if not response.ended:
                yield task, response
        if response.state == "finished":
            answer = document(task.comparison, {task.file.key: response}, machine.describe())
            into.add(answer, task.prompt.id, task.repeat)
        elif response.loaded_at is None:
            unloadable.add(task.file.key)
        yield task, response


def _answered(machine: Machine, task: Task) -> Iterator[Response]:
    run = machine.compare(task.comparison)
    try:
        with closing(run.snapshots()) as snapshots:
            for responses in snapshots:
                yield responses[task.file.key]
    finally:
        run.stop()
        run.wait(PATIENCE_S)
