"""A bench as markup: a lane for each model, and the table of all figures."""

from collections.abc import Mapping

from compare import numbers
from compare.asked.comparison import Bench
from compare.models.spec import ModelFile
from compare.run.measures import Timings
from compare.run.response import Response
from compare.saved import bench
from compare.ui.drawn import bar, sheet
from compare.ui.markup import letters
from compare.ui.menu import Choice, Menu
from compare.words import column, speeds


def label_of(file: ModelFile) -> str:
    """SOLAR Q2_K; of a file of one's own its name."""
    return f"{file.short} {file.quant}" if file.quant and not file.path else file.key


def all_lanes(lanes: list[str], asked: Bench | None) -> str:
    """`asked`: the bench whose figures they show, if there was one."""
    if not lanes:
        return '<p class="none">Choose a model.</p>'
    head = "<span></span><span></span>" + "".join(f"<span>{name}</span>" for name in _heads(asked))
    return f'<div class="lanes"><div class="lane heads" aria-hidden="true">{head}</div>{"".join(lanes)}</div>'


def idle(menu: Menu, choice: Choice, responses: Mapping[str, Response], asked: Bench | None) -> str:
    """A model that isn't being measured: what it did the last time, or whether its file is here."""
    file, colour, here = menu.file(choice), menu.colour(choice), menu.here(choice)
    last = responses.get(file.key)
    if last is not None and last.ended:
        return _measured(file, last, colour, asked, 0.0)
    trouble = menu.trouble(choice)
    line = str(column.ready_line(file, here, trouble))
    if trouble:
        failed = Response(state="failed", error=trouble)
        return _lane(file, failed, colour, line, "triangle", "failed", None)
    return _lane(file, Response(), colour, line, "check" if here else "ring", "idle", None)


def under_way(
    asked: Bench, responses: Mapping[str, Response], colours: Mapping[str, str], now: float
) -> str:
    lanes = [_measured(f, responses[f.key], colours[f.key], asked, now) for f in asked.models]
    return all_lanes(lanes, asked)


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
    name = label_of(file)
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


def all_figures(rows: list[dict]) -> str:
    """The command's table."""
    # What is looked for first: a phone shows no more.
    heads = ["test", "t/s", *(n for n in bench.heads(rows) if n not in ("model", "test", "t/s"))]
    names = {"t/s": "tok/s"}

    def number(name: str) -> str:
        return "" if name in bench.LEFT else ' class="number"'

    body = "".join(
        f'<tr><th scope="row">{letters(cells["model"])}</th>'
        + "".join(f"<td{number(name)}>{letters(cells[name])}</td>" for name in heads)
        + "</tr>"
        for cells in map(bench.cells, rows)
    )
    on = f'<p class="on">{letters(bench.measured_on(rows[0]))}</p>' if rows else ""
    shown = {name: names.get(name, name) for name in heads}
    right = [text for name, text in shown.items() if name not in bench.LEFT]
    return sheet(["model", *shown.values()], body, "All figures", long=True, right=right) + on
