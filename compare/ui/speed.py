"""The Speed tab: how fast models read and write on this machine, measured as llama-bench does."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from compare import numbers
from compare.asked.comparison import Bench, Tests
from compare.asked.comparison import bench as bench_of
from compare.charts.speeds import speeds as speeds_chart
from compare.models.catalogue import ARTICLES_PAIR, EMBEDDED_PAIR
from compare.models.spec import MAX_COLUMNS, ModelFile
from compare.run.machine import Machine
from compare.run.response import Response, Timings
from compare.run.run import Run
from compare.saved import bench
from compare.ui.drawn import bar
from compare.ui.form import refused
from compare.ui.markup import letters
from compare.ui.menu import Choice, Menu
from compare.ui.wiring import AT_ONCE, PLAIN, QUEUED
from compare.usage import UsageError
from compare.words import column, speeds
from compare.words.sentence import run_label

HEADLINE = (
    "<h1>How fast models are on this machine. "
    "<span>Reading and writing apart, repeated, one model after the other.</span></h1>"
)
FIELDS = {
    "prompt_tokens": ("Prompt tokens", "64"),
    "output_tokens": ("Output tokens", "32"),
    "repeats": ("Repetitions", "3"),
}
MOST = Tests()
"""The command line's defaults: more than that would hold a shared machine for too long."""
SAVED = {
    "Markdown": ("md", "text/markdown", bench.markdown),
    "CSV": ("csv", "text/csv", bench.as_csv),
    "JSON": ("json", "application/json", partial(json.dumps, ensure_ascii=False, indent=2)),
}
WATCH_S = 1.0
"""Between two looks at a run: drawing takes from the cores that are being measured."""
Updates = dict[Any, Any]


@dataclass
class Session:
    """What one visitor's tab shows, and the run in progress."""

    run: Run | None = None
    bench: Bench | None = None
    """the last one"""
    colours: dict[str, str] = field(default_factory=dict)
    """of its models, by key"""
    responses: dict[str, Response] = field(default_factory=dict)
    rows: list[dict] = field(default_factory=list)


def speed_tab(demo: gr.Blocks, machine: Machine, now: Callable[[], float]) -> None:
    """The tab in `demo`. `now`: the clock the machine's events are stamped with."""
    menu = Menu(machine)
    entries = _entries(menu)
    session = gr.State(Session())
    plain = {"apply_default_css": False, "js_on_load": None}
    typed = {"interactive": True, "min_width": 0, "elem_classes": "field"}

    gr.HTML(HEADLINE, elem_classes="headline", **plain)
    with gr.Column(elem_id="speed-ask"):
        with gr.Row(elem_id="speed-fields", elem_classes=["filters", "fields"]):
            models = gr.Dropdown(
                [(_label(menu.file(choice)), value) for value, choice in entries.items()],
                multiselect=True, max_choices=MAX_COLUMNS, label="Models", **typed,
            )  # fmt: skip
            counts = {
                name: gr.Textbox(
                    default, label=label, placeholder=default, lines=1, max_lines=1,
                    **typed | {"elem_classes": ["field", "whole"]},
                )
                for name, (label, default) in FIELDS.items()
            }  # fmt: skip
        with gr.Row(elem_id="speed-tools"):
            cost = gr.HTML(elem_id="speed-cost", **plain)
            start = gr.Button("Run", variant="primary", min_width=0, elem_id="speed-run")
            stop = gr.Button("Stop", variant="primary", min_width=0, elem_id="speed-stop")
    said = gr.HTML(elem_id="speed-said", **plain)
    with gr.Column(elem_id="speed-card", elem_classes="chart-card"):
        lanes = gr.HTML(elem_id="speed-lanes", **plain)
        plot = gr.Plot(
            show_label=False, container=False, visible=False, elem_id="speed-plot", elem_classes="plot"
        )  # fmt: skip
        sentence = gr.HTML(
            visible=False, elem_id="speed-sentence", elem_classes="sentence", **plain
        )
        gr.HTML(f"<p>{letters(speeds.LEFT_OUT)}</p>", elem_id="speed-about", **plain)
    with gr.Row(visible=False, elem_id="speed-account", elem_classes="account") as account:
        with gr.Accordion("All figures", open=False, elem_classes="fold"):
            table = gr.HTML(elem_id="speed-rows", **plain)
        gr.HTML("<span>Download as</span>", elem_id="speed-save", **plain)
        saves = {name: gr.Button(name, size="sm", min_width=0, scale=0) for name in SAVED}
    spoken = gr.HTML(elem_id="speed-spoken", **plain)
    text = gr.Textbox(visible="hidden", label="Saved", elem_id="speed-text")

    def opened(state: Session, **values) -> Updates:
        """The tab as it opens: with models that are here, where there are any."""
        pairs = ([menu.named(spec) for spec in pair] for pair in (ARTICLES_PAIR, EMBEDDED_PAIR))
        first, *_ = [p for p in pairs if all(map(menu.here, p))] or [
            [menu.named(spec) for spec in ARTICLES_PAIR]
        ]
        chosen = [value for value, choice in entries.items() if choice in first]
        return offer(state, {**values, "models": chosen}) | {models: gr.update(value=chosen)}

    def offer(state: Session, values: dict) -> Updates:
        """What Run would do: how long it would take, what it would download, and for which models."""
        chosen = _chosen(values, entries)
        missing = [menu.file(choice) for choice in chosen if not menu.here(choice)]
        return {
            start: run_label(missing),
            cost: f"<span>{letters(costing(values, bool(missing)))}</span>",
            lanes: _lanes([_idle(menu, choice, state) for choice in chosen], state.bench),
        }

    def costing(values: dict, missing: bool) -> str:
        """How long a bench would take, where that is known or can be guessed."""
        try:
            took = None if missing else machine.expected_bench(_read(values, menu, entries))
        except UsageError:
            took = None
        return numbers.about_time(took.seconds, took.guessed) if took else ""

    def changed(state: Session, **values) -> Updates:
        return gr.skip() if state.run else offer(state, values)

    def run(state: Session, **values) -> Iterator[Updates]:
        """Measures the chosen models."""
        if state.run:
            return
        try:
            asked = _read(values, menu, entries)
        except UsageError as error:
            raise refused(error) from error
        going = state.run = machine.bench(asked)
        try:
            state.bench, state.responses, state.rows = going.comparison, {}, []
            chosen = zip(asked.models, _chosen(values, entries), strict=True)
            state.colours = {file.key: menu.colour(choice) for file, choice in chosen}
            notices = "".join(f"<p>{letters(notice)}</p>" for notice in going.comparison.notices)
            # Every part each time: what is left out, Gradio builds anew; what is repeated costs it nothing.
            # But not the models: told of them again, their list takes it for a change and asks the server.
            shown = {cost: '<span class="running"></span>', said: notices, spoken: ""}
            yield {models: gr.update(interactive=False)}
            with closing(going.snapshots(WATCH_S)) as snapshots:
                for responses in snapshots:
                    ended = _newly_ended(state.responses, responses)
                    state.responses = responses
                    if ended:
                        shown[spoken] = f"<span>{letters(_told(ended, responses))}</span>"
                    drawn = _going(going.comparison, responses, state.colours, now())
                    yield shown | {lanes: drawn}
        finally:
            going.stop()
            state.run = None
        state.rows = bench.rows(state.bench, state.responses, machine.describe())

    def ended(state: Session, **values) -> Updates:
        """The tab after a run, whatever ended it."""
        if state.run:
            return gr.skip()
        shown = offer(state, values) | (result(state) if state.bench else {})
        return shown | {models: gr.update(interactive=True)}

    def result(state: Session) -> Updates:
        """Chart, sentence and table."""
        called = column.names(state.bench.models)
        found = speeds.summary(state.responses, called)
        told = (
            f'<p class="finding"><span>{letters(found.before)}</span><b>{letters(found.finding)}</b>'
            f"<span>{letters(found.rest)}</span></p>"
        )
        names = {file.key: _label(file) for file in state.bench.models}
        plain_colours = {key: colour.removeprefix("m-") for key, colour in state.colours.items()}
        there = bool(state.rows)
        drawing = speeds_chart(state.rows, names, plain_colours) if there else None
        return {
            plot: gr.update(value=drawing, visible=there),
            sentence: gr.update(value=told, visible=True),
            account: gr.update(visible=there),
            table: _table(state.rows),
        }

    def stop_run(state: Session) -> None:
        if going := state.run:
            going.stop()

    def saved(name: str, state: Session) -> str:
        return SAVED[name][2](state.rows)

    fields = {"models": models, **counts}
    asked = {"inputs": [session], "inputs_kwargs": fields}
    offered = [start, cost, lanes]
    watched = [cost, said, models, spoken, lanes]
    outputs = [*offered, models, plot, sentence, account, table]

    demo.load(opened, **asked, outputs=[*offered, models], **QUEUED)
    # Clearing all models at once is a change, but no input.
    changes = [models.change, *(count.blur for count in counts.values())]
    gr.on(changes, changed, **asked, outputs=offered, trigger_mode="always_last", **QUEUED)
    begins = [start.click, *(count.submit for count in counts.values())]
    going = gr.on(begins, run, **asked, outputs=watched, **QUEUED, **PLAIN)
    for then in (going.success, going.failure):
        then(ended, **asked, outputs=outputs, **QUEUED)
    stop.click(stop_run, [session], None, **AT_ONCE)
    for name, button in saves.items():
        suffix, kind, _ = SAVED[name]
        made = button.click(partial(saved, name), [session], text, **QUEUED)
        keep = f"text => saveText(text, 'speed.{suffix}', '{kind}')"
        made.then(None, text, None, js=keep, **QUEUED)


def _entries(menu: Menu) -> dict[str, Choice]:
    """What the list of models offers: each model with each of its quantizations, first what is here."""
    found = {}
    for _, model in menu.models():
        for quant in menu.quants(model) or [None]:
            found[f"{model}:{quant}" if quant else model] = Choice(model, quant)
    return dict(sorted(found.items(), key=lambda entry: not menu.here(entry[1])))


def _chosen(values: Mapping[str, Any], entries: Mapping[str, Choice]) -> list[Choice]:
    return [entries[value] for value in values["models"] or [] if value in entries]


def _read(values: Mapping[str, Any], menu: Menu, entries: Mapping[str, Choice]) -> Bench:
    """The bench the fields ask for. Raises UsageError, in the fields' own names."""
    texts = {
        name: str(values[name] or "").strip() or default for name, (_, default) in FIELDS.items()
    }
    chosen = _chosen(values, entries)
    if not chosen:
        raise UsageError("No model is chosen. Choose one under Models.")
    try:
        asked = bench_of([menu.file(choice) for choice in chosen], most=MAX_COLUMNS, **texts)
        for name, (label, _) in FIELDS.items():
            if getattr(asked.tests, name) > (most := getattr(MOST, name)):
                raise UsageError(
                    f"{label} is more than {most}. The command line takes more: bench."
                )
    except UsageError as error:
        said = str(error)
        for name, (label, _) in FIELDS.items():
            said = said.replace(name, label)
        raise UsageError(said) from error
    return asked


# Markup.


def _label(file: ModelFile) -> str:
    """SOLAR Q2_K; of a file of one's own its name."""
    return f"{file.short} {file.quant}" if file.quant and not file.path else file.key


def _lanes(lanes: list[str], asked: Bench | None) -> str:
    """`asked`: the bench whose figures they show, if there was one."""
    if not lanes:
        return '<p class="none">Choose a model.</p>'
    head = "<span></span><span></span>" + "".join(f"<span>{name}</span>" for name in _heads(asked))
    return f'<div class="lanes"><div class="lane heads" aria-hidden="true">{head}</div>{"".join(lanes)}</div>'


def _idle(menu: Menu, choice: Choice, state: Session) -> str:
    """A model that isn't being measured: what it did the last time, or whether its file is here."""
    file, colour, here = menu.file(choice), menu.colour(choice), menu.here(choice)
    last = state.responses.get(file.key)
    if last is not None and last.ended:
        return _measured(file, last, colour, state.bench, 0.0)
    line = str(column.ready_line(file, here))
    return _lane(file, Response(), colour, line, "check" if here else "ring", "idle", None)


def _going(
    asked: Bench, responses: Mapping[str, Response], colours: Mapping[str, str], now: float
) -> str:
    lanes = [_measured(f, responses[f.key], colours[f.key], asked, now) for f in asked.models]
    return _lanes(lanes, asked)


def _measured(file: ModelFile, response: Response, colour: str, asked: Bench, now: float) -> str:
    line = speeds.line(response, now, column.names(asked.models), asked.max_seconds)
    return _lane(file, response, colour, line, column.glyph(response), response.state, asked)


def _heads(asked: Bench | None) -> tuple[str, str]:
    """What the two figures are: decode, tg32, and prefill, pp64."""
    if asked is None:
        return "Decode", "Prefill"
    wrote, read = asked.tests.output_tokens, asked.tests.prompt_tokens
    return f"Decode, tg{wrote}" if wrote else "Decode", f"Prefill, pp{read}" if read else "Prefill"


def _lane(
    file: ModelFile, response: Response, colour: str, line: str, sign: str, state: str,
    asked: Bench | None,
) -> str:  # fmt: skip
    """One skeleton for all states, so that the browser patches it in place."""
    done = speeds.progress(response)
    decode, prefill = _heads(asked)
    why = ""
    if response.state == "failed":
        happened, advice = column.failure(response)
        why = f"<b>{letters(happened)}</b> {letters(advice)}"
    name = _label(file)
    return (
        f'<div class="lane {colour} is-{state}"><b class="name">{letters(name)}</b>'
        f'<span class="state"><i class="glyph {sign}"></i><span>{letters(line)}</span></span>'
        f"{_rate(decode, response.tg)}{_rate(prefill, response.pp)}"
        f'<p class="why">{why}</p>{bar(done, f"{name}: {line}")}</div>'
    )


def _rate(name: str, timings: Timings | None) -> str:
    if timings is None:
        return f'<span class="rate"><i>{name} </i>{numbers.UNKNOWN}</span>'
    tps = timings.avg_tps
    spread = numbers.deviation(tps, timings.stddev_tps, len(timings.samples_s))
    return f'<span class="rate"><i>{name} </i><b>{numbers.speed(tps)}</b> {spread} tok/s</span>'


def _table(rows: list[dict]) -> str:
    """The command's table."""
    # What is looked for first: a phone shows no more.
    heads = ["test", "t/s", *(n for n in bench.heads(rows) if n not in ("model", "test", "t/s"))]
    names = {"t/s": "tok/s"}

    def number(name: str) -> str:
        return "" if name in bench.LEFT else ' class="number"'

    head = "".join(f'<th scope="col"{number(n)}>{letters(names.get(n, n))}</th>' for n in heads)
    body = "".join(
        f'<tr><th scope="row">{letters(cells["model"])}</th>'
        + "".join(f"<td{number(name)}>{letters(cells[name])}</td>" for name in heads)
        + "</tr>"
        for cells in map(bench.cells, rows)
    )
    on = f'<p class="on">{letters(bench.measured_on(rows[0]))}</p>' if rows else ""
    return (
        '<div class="sheet long" role="region" aria-label="All figures" tabindex="0"><table>'
        f'<thead><tr><th scope="col">model</th>{head}</tr></thead><tbody>{body}</tbody></table></div>{on}'
    )


def _newly_ended(before: Mapping[str, Response], after: Mapping[str, Response]) -> list[str]:
    return [
        key for key, r in after.items() if r.ended and not (key in before and before[key].ended)
    ]


def _told(ended: list[str], responses: Mapping[str, Response]) -> str:
    return " ".join(f"{key}: {speeds.line(responses[key])}." for key in ended)
