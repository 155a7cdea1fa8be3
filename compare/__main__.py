"""The command line: `python -m compare`. Answers go to stdout, everything about them to stderr.

Exit status: 0 all columns finished, 1 some column failed or a prompt is at fault, 2 wrong usage, 130 after
Ctrl-C.
"""

import json
import queue
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from compare import bench, proxies, words
from compare.catalogue import MODELS
from compare.comparison import document
from compare.events import Downloading, Event, Failed, Fetched
from compare.fanout import Run
from compare.fit import about, fit, learn, lines
from compare.gallery import chosen, load, load_files
from compare.hardware import named
from compare.machine import Machine
from compare.owner import Owner
from compare.record import Task, record, settings, tasks
from compare.recordings import RECORDED, RecordingError, RecordingFile
from compare.response import Response
from compare.spec import (
    ModelFile,
    UsageError,
    catalogue_file,
    comparison,
    resolve,
    split_specs,
)
from compare.spec import bench as bench_of

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
    help="Compare GGUF models side by side: same prompt, same machine, same settings.",
)  # fmt: skip


class Mode(StrEnum):
    together = "together"
    in_turn = "in-turn"


class KvType(StrEnum):
    f16 = "f16"
    q8_0 = "q8_0"


GpuLayers = Annotated[str, typer.Option(help="auto, or a number of layers.")]
Threads = Annotated[int | None, typer.Option(help="Replaces the cores found here.")]
Force = Annotated[bool, typer.Option("--force", help="Load also what is predicted not to fit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one document.")]


def _own_or(name: str):
    return typer.Option(
        help=f"For all prompts; without it the prompt's own, else {RECORDED[name]:g}."
    )


@app.command()
def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask; - reads it from stdin.")],
    models: Annotated[
        list[str] | None,
        typer.Option(help="SPECs, separated by commas: an id, id:QUANT, or a .gguf file."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="All at once, or one after another.")] = Mode.together,
    max_tokens: int = 256,
    temperature: float = 0.7,
    top_p: float = 0.95,
    top_k: int = 40,
    min_p: float = 0.05,
    repeat_penalty: float = 1.0,
    seed: Annotated[int | None, typer.Option(help="Drawn and recorded when not given.")] = None,
    stop: Annotated[list[str] | None, typer.Option(help="Ends an answer; may be repeated.")] = None,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    n_ctx: int = 2048,
    gpu_layers: GpuLayers = "auto",
    kv_type: KvType = KvType.f16,
    threads: Threads = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Ask several models the same thing and watch them answer."""
    machine = Machine(Owner.from_environ())
    notices = ()
    specs = split_specs(models or [])
    if not specs:
        pair, reason = machine.start_pair()
        specs = list(pair)
        if reason:
            notices = (reason,)
    request = comparison(
        _from_stdin() if prompt == "-" else prompt,
        specs,
        system=system,
        mode=mode.value,
        threads=threads,
        force=force,
        notices=notices,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        min_p=min_p,
        repeat_penalty=repeat_penalty,
        seed=seed,
        stop=tuple(stop or ()),
        n_ctx=n_ctx,
        kv_type=kv_type.value,
        gpu_layers=_layers(gpu_layers),
    )
    run = machine.compare(request)
    for notice in run.comparison.notices:
        _tell(notice)
    interrupted = _follow(run, (lambda _: None) if as_json else _Blocks(run))
    responses = run.responses()
    if as_json:
        found = document(run.comparison, responses, machine.describe())
        print(json.dumps(found, ensure_ascii=False))
    else:
        _tell(str(words.summary(responses, words.names(run.comparison.models))))
    machine.close()
    failed = any(response.state == "failed" for response in responses.values())
    raise typer.Exit(130 if interrupted else int(failed))


@app.command("bench")
def bench_command(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    prompt_tokens: Annotated[int, typer.Option(help="To read; 0 leaves it out.")] = 512,
    output_tokens: Annotated[int, typer.Option(help="To write; 0 leaves it out.")] = 128,
    repeats: Annotated[int, typer.Option(help="Of each test, after a warm-up.")] = 5,
    gpu_layers: GpuLayers = "auto",
    kv_type: KvType = KvType.f16,
    threads: Threads = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure reading and writing as llama-bench does: one model after the other."""
    machine = Machine(Owner.from_environ())
    run = machine.bench(
        bench_of(
            split_specs(models), threads=threads, force=force, gpu_layers=_layers(gpu_layers),
            kv_type=kv_type.value, prompt_tokens=prompt_tokens, output_tokens=output_tokens,
            repeats=repeats,
        )
    )  # fmt: skip
    for notice in run.comparison.notices:
        _tell(notice)
    interrupted = _follow(run, _Tests(run))
    responses = run.responses()
    rows = bench.rows(run.comparison, responses, machine.describe())
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print(bench.markdown(rows) if rows else "", end="")
        _tell(str(bench.summary(responses, words.names(run.comparison.models))))
    machine.close()
    failed = any(response.state == "failed" for response in responses.values())
    raise typer.Exit(130 if interrupted else int(failed))


@app.command()
def models(
    download: Annotated[
        list[str] | None, typer.Option(help="SPECs, separated by commas, to fetch ahead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the models that can be asked by name, and what is here; fetch some ahead."""
    machine = Machine(Owner.from_environ())
    wanted = split_specs(download or [])
    failed = not _download(machine, resolve(wanted)) if wanted else False
    found = [_listing(machine, model_id) for model_id in MODELS]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        raise typer.Exit(int(failed))
    for model in found:
        print(f"{model['id']}  {MODELS[model['id']].name}, {MODELS[model['id']].licence_note}")
        for quant in model["quants"]:
            here = "here" if quant["cached"] else ""
            default = "default" if quant["name"] == model["default_quant"] else ""
            size = words.size(quant["bytes"])
            print(f"  {quant['name']:8}{size:>9}  {', '.join(filter(None, (default, here)))}")

    raise typer.Exit(int(failed))


@app.command("fit")
def fit_command(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    n_ctx: int = 2048,
    kv_type: KvType = KvType.f16,
    hardware: Annotated[
        list[str] | None,
        typer.Option(help="Names, or GB such as 24GB or 16GB-ram. Without it: this machine."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell which models fit on which hardware, before anything is downloaded."""
    machine = Machine(Owner.from_environ())
    here = machine.hardware()
    machine.close()
    rooms = [named(name, here) for name in split_specs(hardware or [])] or [here]
    learned = learn(resolve(split_specs(models), most=None))
    rows = fit(learned, rooms, n_ctx, kv_type.value)
    for model in learned:
        if model.trouble:
            _tell(f"{model.file.key}: {model.trouble}")
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print("\n".join(lines(rows)))
        _tell("\n" + "\n".join(about(rows, learned, rooms)))
    raise typer.Exit(int(any(model.trouble for model in learned)))


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of prompts; without any, all of prompts/.")
    ] = None,
) -> None:
    """Tell what is wrong in files of prompts, a line each; exit status 1 where something is."""
    for path in files or []:
        if not path.exists():
            raise UsageError(f"There is no file {path}. Name files of prompts, or none for all.")
    gallery = load_files(files) if files else load()
    for fault in gallery.faults:
        _tell(fault)
    if not gallery.faults:
        prompts = gallery.prompts.values()
        checked = sum(prompt.check is not None for prompt in prompts)
        print(f"Nothing is wrong. Prompts: {len(prompts)}, with a check: {checked}.")
    raise typer.Exit(int(bool(gallery.faults)))


@app.command("record")
def record_command(
    models: Annotated[list[str], typer.Option(help="SPECs, separated by commas.")],
    out: Annotated[Path, typer.Option(help="The recording: a new file, or one to go on with.")],
    prompts: Annotated[
        list[str] | None,
        typer.Option(help="Ids of prompts or themes, separated by commas. Without it: all."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Answers of each model to each prompt.")] = 1,
    temperature: Annotated[float | None, _own_or("temperature")] = None,
    seed: Annotated[int | None, _own_or("seed")] = None,
    max_tokens: Annotated[int | None, _own_or("max_tokens")] = None,
) -> None:
    """Record answers to the gallery's prompts, model by model; run it again to go on where it ended."""
    machine = Machine(Owner.from_environ())
    gallery = load()
    for fault in gallery.faults:
        _tell(fault)
    told = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
    given = {name: value for name, value in told.items() if value is not None}
    names = split_specs(prompts or []) or [theme.id for theme in gallery.themes]
    wanted = tasks(machine, split_specs(models), chosen(gallery, names), repeats, given)
    try:
        with closing(RecordingFile(out, settings(machine, given))) as into:
            into.must_be_of(machine.describe())
            left = [task for task in wanted if not into.has(task.key, task.asked)]
            if there := len(wanted) - len(left):
                _tell(f"{there} of {len(wanted)} answers are in {out.name} already.")
            failed = _record(record(machine, into, left), len(left)) if left else False
    except RecordingError as error:
        raise UsageError(f"{out}: {error}") from None
    except OSError as error:
        _tell(f"{out}: it could not be written: {error.strerror}. What it held before is kept.")
        failed = True
    except KeyboardInterrupt:
        _tell(f"Stopped. What is finished is in {out.name}; the same command goes on from there.")
        raise typer.Exit(130) from None
    finally:
        machine.close()
    raise typer.Exit(int(failed))


def _record(steps: Iterator[tuple[Task, Response]], total: int) -> bool:
    """Shows answers while they come, a bar and a line each on stderr; returns whether some failed."""
    failed = False
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("left"), TimeRemainingColumn(compact=True),
    )  # fmt: skip
    with (
        Progress(*columns, console=Console(stderr=True, soft_wrap=True)) as progress,
        closing(steps),
    ):
        bar = progress.add_task("", total=total)
        for task, response in steps:
            name = f"{task.file.key}, {task.prompt.id}"
            line = words.state_line(response, time.monotonic())
            if not response.ended:
                progress.update(bar, description=f"{name}: {line}")
                continue
            if response.state == "failed":
                failed = True
                line = " ".join(response.error.splitlines())
                if response.loaded_at is None:
                    line += " Its other prompts are left out."
            else:
                line = f"{line}, {words.speed(response.decode_tps)} tok/s"
            progress.console.print(f"{name}: {line}", markup=False, highlight=False)
            progress.update(bar, advance=1, description=name)
    return failed


def _download(machine: Machine, files: tuple[ModelFile, ...]) -> bool:
    """Fetches files side by side, a bar each on stderr; returns whether all are here now."""
    heard: queue.SimpleQueue[tuple[ModelFile, Event]] = queue.SimpleQueue()
    for file in files:
        machine.want(file, lambda event, file=file: heard.put((file, event)))
    left, whole = len(files), True
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {file.key: progress.add_task(file.key, total=file.bytes) for file in files}
        while left:
            file, event = heard.get()
            match event:
                case Downloading(done_bytes=done, total_bytes=total, waits=waits):
                    name = f"{file.key} (another program fetches it)" if waits else file.key
                    progress.update(bars[file.key], completed=done, total=total, description=name)
                case Fetched(file_bytes=size):
                    progress.update(bars[file.key], completed=size, total=size)
                    left -= 1
                case Failed(message=message):
                    progress.console.print(f"{file.key}: {message}", markup=False, soft_wrap=True)
                    left, whole = left - 1, False
    return whole


def _listing(machine: Machine, model_id: str) -> dict:
    model = MODELS[model_id]
    return {
        "id": model.id, "name": model.name, "repo": model.repo, "licence": model.licence,
        "context": model.context, "default_quant": model.default_quant,
        "quants": [
            {"name": quant.name, "file": quant.file, "bytes": quant.bytes,
             "cached": machine.cached(catalogue_file(model, quant))}
            for quant in model.quants
        ],
    }  # fmt: skip


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"What came on stdin is not UTF-8 text ({error.reason}).") from None


def _layers(text: str) -> str | int:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise UsageError(
            f"gpu-layers is “{text}”. It must be auto or a number of layers."
        ) from None


def _follow(run: Run, show) -> bool:
    """Shows a run until its end; returns whether Ctrl-C ended it."""
    try:
        for responses in run.snapshots():
            show(responses)
    except KeyboardInterrupt:
        run.stop()
        run.wait()
        show(run.responses())
        return True
    return False


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
        self._told: dict[str, str] = {}

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
            print(words.BASE_NOTE)
        return True

    def _close(self, response: Response) -> None:
        if self._written:
            print()
        if response.state == "failed":
            print("\n".join((response.error, *response.log)))
        figures = words.figures(response)
        line = words.state_line(response, 0, max_seconds=self._max_seconds)
        rate = f"{words.speed(response.decode_tps)} tok/s, {words.company(response, 0)}"
        print(f"[{line} · {rate} · first token {figures['First token']}]\n", flush=True)
        self._current = None

    def _tell_states(self, responses: dict[str, Response]) -> None:
        for key, response in responses.items():
            state = response.state
            if self._told.get(key) != state and state in ("queued", "downloading", "loading"):
                _tell(f"{self._files[key].name}: {state}")
            self._told[key] = state


class _Tests:
    """A line on stderr for each repetition that begins, and for what went wrong."""

    def __init__(self, run: Run):
        self._files = {file.key: file for file in run.comparison.models}
        self._told: dict[str, str] = {}

    def __call__(self, responses: dict[str, Response]) -> None:
        for key, response in responses.items():
            line = bench.line(response)
            if response.state == "failed":
                line = " ".join(response.error.split("\n"))
            elif response.state in ("downloading", "loading"):
                line = response.state
            if line != self._told.get(key):
                self._told[key] = line
                # What is wrong with a file begins with its name.
                _tell(line if line.startswith(f"{key}: ") else f"{key}: {line}")


def _printable(text: str) -> str:
    """Without control characters: a model's text must not steer the terminal."""
    return "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    for sentence in proxies.settle():
        _tell(sentence)
    try:
        app(standalone_mode=True)
    except UsageError as error:
        _tell(str(error))
        sys.exit(2)


if __name__ == "__main__":
    main()
