"""The charts: rows in, a figure out, and for scores the sentence that says it in words.

Rows are published scores of one suite, what fits where, or measured speeds. Pure. A figure has no ground
of its own and is coloured in the light theme's colours; the page's stylesheet maps each of them to the
theme's. Chat models are filled, base models hollow.
"""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from compare.numbers import UNKNOWN, about_size, deviation, listed, speed
from compare.saved.bench import test_name
from compare.scores import (
    View,
    averages,
    by_task,
    chosen,
    dated,
    drawn,
    of_suite,
    points,
    second_reading,
    signed,
    why_empty,
)
from compare.suites import AVERAGE, KINDS, NAMES, SUITES, Name
from compare.words.fit import called, verdict

COLOURS = {
    "tinyllama": "#285fec",
    "solar": "#876b1b",
    "mixtral": "#78154e",
    "smollm2": "#1f766c",
    "gemma3": "#5322b8",
    "other-1": "#425c2b",
    "other-2": "#6e1c03",
    "other-3": "#485874",
}
INK, MUTED, PALE, LINE, GROUND = "#17181c", "#5d626c", "#868b95", "#e6e7ea", "#ffffff"
"""Text, second text, a muted model, hairlines, what lies under the chart."""
CLEAR = "rgba(0,0,0,0)"
FONT = 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
CHANCE = "Chance level"
NO_AVERAGE = "None of these models has all the tasks an average needs."
HOLLOW = "Chat models are drawn filled, base models hollow."
UNNAMED = f"{HOLLOW} A grey dot tells its name when pointed at."
SHADES = "The higher the score, the stronger the shade."
DOTTED = {"color": INK, "width": 1.5, "dash": "2px 3px"}


@dataclass(frozen=True, slots=True)
class Drawing:
    figure: go.Figure
    finding: str
    """what the chart shows, in one sentence"""
    rest: str = ""
    key: str = ""
    """how to read it"""


def draw(table: pd.DataFrame, view: View) -> Drawing:
    """The chart that a settled view asks for."""
    suite = view.suite
    if view.chart == "difference":
        rows = of_suite(table, suite)
        if len(view.pair) < 2:
            return _nothing("A difference needs two models; this suite has fewer.")
        return Drawing(
            difference(rows, suite, *view.pair), *say_difference(rows, suite, *view.pair), HOLLOW
        )
    rows = drawn(table, view)
    if rows["score"].isna().all():
        return _nothing(why_empty(view))
    match view.chart:
        case "sizes":
            figure = sizes(rows, suite)
            unnamed = any("" in (trace.text or ()) for trace in figure.data)
            return Drawing(figure, *say_sizes(rows, suite), UNNAMED if unnamed else HOLLOW)
        case "heat":
            return Drawing(heat(rows, suite), *say_heat(rows, suite), SHADES)
        case "training":
            rows = rows[rows["pretrain_tokens_b"].notna() & (rows["model_kind"] == "base")]
            if rows.empty:
                return _nothing(
                    "None of these models is a checkpoint with a known number of tokens."
                )
            return Drawing(training(rows, suite), *say_training(rows, suite))
    again = second_reading(table, suite) if view.again else None
    finding, rest = say_tasks(rows, suite, again)
    there, shown = chosen(table, view)["model"].nunique(), rows["model"].nunique()
    if shown < there:
        rest += f" {there - shown} more can be chosen."
    return Drawing(tasks(rows, suite, again), finding, rest, HOLLOW)


def _nothing(why: str) -> Drawing:
    return Drawing(empty(why), why)


def empty(why: str) -> go.Figure:
    """A chart without data, which says why."""
    hidden = {"visible": False}
    said = _note(_wrapped(why, 44), 0.5, 0.5, size=14)
    return _figure([], height=240, annotations=[said], xaxis=hidden, yaxis=hidden)


# By task.


def tasks(rows: pd.DataFrame, suite: str, again: pd.DataFrame | None = None) -> go.Figure:
    """Grouped bars. `again`: a second reading, drawn as a whisker from the first to the second value."""
    names, many = SUITES[suite].benchmarks, rows["model"].nunique() > len(COLOURS)
    scored, kinds, traces = _by_model(rows, names), _kinds(rows), []
    for model in averages(rows, suite).index:
        mine = scored[model]
        up, down, said = _second(mine, again)
        trace = {
            "type": "bar", "name": _label(model), "x": [row["benchmark"] for row in mine],
            "y": [row["score"] for row in mine], "marker": _kind_marker(_colour(model, many), kinds[model]),
            "hoverinfo": "text",
            "hovertext": [_hover(row, extra) for row, extra in zip(mine, said, strict=True)],
        }  # fmt: skip
        if any(up + down):
            trace["error_y"] = {
                "type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": INK,
                "thickness": 1.5, "width": 3,
            }  # fmt: skip
        traces.append(trace)
    present = {name for trace in traces for name in trace["x"]}
    order = [name for name in names if name in present]
    levels = {place: SUITES[suite].chance.get(name) for place, name in enumerate(order)}
    known = {place: level for place, level in levels.items() if level is not None}
    if known:
        key = {"x": [None], "y": [None], "mode": "lines", "hoverinfo": "skip"}
        traces.append({"type": "scatter", "name": CHANCE, "line": DOTTED, **key})
    highest = SUITES[suite].highest
    return _figure(
        # A phone's legend has a line for each model, and takes it from the bars.
        traces, height=400 + 22 * max(0, len(traces) - 6), bargap=0.24, bargroupgap=0.08,
        shapes=[
            {"type": "line", "name": CHANCE, "x0": place - 0.46, "x1": place + 0.46, "y0": level,
             "y1": level, "line": DOTTED}
            for place, level in known.items()
        ],
        xaxis={"categoryorder": "array", "categoryarray": order, "range": [-0.5, len(order) - 0.5]},
        yaxis={"range": [0, highest], "dtick": highest / 4, "showgrid": True},
    )  # fmt: skip


def say_tasks(rows: pd.DataFrame, suite: str, again: pd.DataFrame | None = None) -> tuple[str, str]:
    """Who is first in how many tasks, and in which."""
    wide = by_task(rows, suite)[list(SUITES[suite].chance)].dropna(axis=1, how="all")
    if len(wide) == 1:
        model = wide.index[0]
        best, worst = wide.loc[model].idxmax(), wide.loc[model].idxmin()
        return (
            f"{_label(model)} scores highest on {best}, {points(wide.loc[model, best])}",
            f", and lowest on {worst}, {points(wide.loc[model, worst])}.",
        )
    firsts: dict[str, list[str]] = {}
    for task in wide:
        for model in wide.index[wide[task] == wide[task].max()]:
            firsts.setdefault(model, []).append(task)
    order = sorted(firsts, key=lambda model: -len(firsts[model]))
    leader, *others = order
    finding = f"{_label(leader)} is first in {_of(len(firsts[leader]), wide.shape[1])}"
    rest = [f", {_label(model)} on {listed(firsts[model])}" for model in others[:3]]
    moved = "" if again is None else _moved(rows, again)
    return finding, "".join(rest) + f", among {_count(len(wide), 'model')}." + moved


def _moved(rows: pd.DataFrame, again: pd.DataFrame) -> str:
    both = rows.merge(again, on=["model", "benchmark"], suffixes=("", "_2")).dropna(
        subset=["score", "score_2"]
    )
    if both.empty:
        return " None of these models was read again."
    both["moved"] = (both["score_2"] - both["score"]).abs()
    most = both.loc[both["moved"].idxmax()]
    names = listed(dict.fromkeys(both["label"]))
    if most["moved"] == 0:
        return f" Read again, the scores of {names} are the same."
    where = f"{most['label']}, {most['benchmark']}"
    return f" Read again, the scores of {names} move by up to {points(most['moved'])} ({where})."


def _second(
    mine: list[dict], again: pd.DataFrame | None
) -> tuple[list[float], list[float], list[str]]:
    """How far a second reading lies above and below each bar, and how it reads."""
    found = {}
    if again is not None:
        found = {(row["model"], row["benchmark"]): row["score"] for row in _dicts(again)}
    moved = [found.get((row["model"], row["benchmark"]), math.nan) - row["score"] for row in mine]
    return (
        [max(0.0, m) if m == m else 0.0 for m in moved],
        [max(0.0, -m) if m == m else 0.0 for m in moved],
        [f"second reading {signed(m)}" if m == m else "" for m in moved],
    )


# By size.


def sizes(rows: pd.DataFrame, suite: str) -> go.Figure:
    """The average against parameters, on a log axis: the printed average, else the computed one."""
    found = _dicts(averages(rows, suite).dropna(subset=["shown"]).reset_index())
    if not found:
        return empty(NO_AVERAGE)
    many = len(found) > len(COLOURS)
    by_model = _by_model(rows, SUITES[suite].benchmarks)
    for each in found:
        first, colour = by_model[each["model"]][0], _colour(each["model"], many)
        each |= {"params_b": first["params_b"], "kind": first["model_kind"], "colour": colour}
        each["label"] = "" if many and colour == PALE else each["label"]
    places = _label_places([(each["params_b"], each["shown"], each["label"]) for each in found])
    for each, place in zip(found, places, strict=True):
        each["place"] = place
    traces = []
    for kind, name in (("chat", KINDS["chat"]), ("base", KINDS["base"])):
        mine = [each for each in found if each["kind"] == kind]
        if not mine:
            continue
        colours = [each["colour"] for each in mine]
        traces.append({
            "type": "scatter", "name": name, "mode": "markers+text", "hoverinfo": "text",
            "x": [each["params_b"] for each in mine], "y": [each["shown"] for each in mine],
            "hovertext": [_hover_average(by_model[each["model"]], each) for each in mine],
            "text": [each["label"] and f"  {each['label']}  " for each in mine],
            "textposition": [each["place"] for each in mine],
            "textfont": {"size": 12, "color": [MUTED if c == PALE else c for c in colours]},
            "marker": {
                "size": 12, "color": [_kind_marker(colour, kind)["color"] for colour in colours],
                "line": {"color": colours, "width": 1.5},
            },
        })  # fmt: skip
    levels = list(SUITES[suite].chance.values())
    chance = None if None in levels else sum(levels) / len(levels)
    low, high = rows["params_b"].min(), rows["params_b"].max()
    ticks = [0.3, 1, 3, 10, 30, 100, 300]
    return _figure(
        traces, height=420, showlegend=False, **_levels({chance: "chance"} if chance else {}),
        xaxis={
            "type": "log", "tickvals": ticks, "ticktext": [f"{tick:g} B" for tick in ticks],
            "range": [math.log10(low / 1.6), math.log10(high * 1.6)], "showgrid": True,
        },
        yaxis={"showgrid": True},
    )  # fmt: skip


FRAMES = (270, 330), (1060, 380)
"""Pixels that the dots are spread over: on a phone, on a wide page."""


def _label_places(dots: list[tuple[float, float, str]]) -> list[str]:
    """Where each dot's label covers the fewest other dots and labels, on a phone and on a wide page.

    `dots`: parameters, score and label of each; without a label it only takes its own place.
    """
    xs, ys = [math.log10(x) for x, _, _ in dots], [y for _, y, _ in dots]
    frames = []
    for wide, high in FRAMES:
        across, up = wide / ((max(xs) - min(xs)) or 1), high / ((max(ys) - min(ys)) or 1)
        at = [(x * across, y * up) for x, y in zip(xs, ys, strict=True)]
        frames.append((at, [(x - 6, x + 6, y - 6, y + 6) for x, y in at]))
    places = []
    for n, (_, _, label) in enumerate(dots):
        covers = dict.fromkeys(_boxes(0, 0, 0), 0)
        for at, taken in frames:
            left, right = min(x for x, _ in at) - 30, max(x for x, _ in at) + 30
            for place, box in _boxes(*at[n], 6.3 * len(label)).items():
                covers[place] += sum(_meet(box, other) for other in taken)
                covers[place] += 9 * (box[0] < left or box[1] > right)
        places.append(min(covers, key=covers.__getitem__))
        if label:
            for at, taken in frames:
                taken.append(_boxes(*at[n], 6.3 * len(label))[places[-1]])
    return places


def _boxes(x: float, y: float, width: float) -> dict[str, tuple[float, ...]]:
    """What a label of that width would cover, in each place beside its dot: left, right, bottom, top."""
    return {
        "middle left": (x - 10 - width, x - 10, y - 6, y + 6),
        "middle right": (x + 10, x + 10 + width, y - 6, y + 6),
        "top center": (x - width / 2, x + width / 2, y + 9, y + 21),
        "bottom center": (x - width / 2, x + width / 2, y - 21, y - 9),
    }


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def say_sizes(rows: pd.DataFrame, suite: str) -> tuple[str, str]:
    """The best model, and how many larger ones it leaves behind."""
    found = averages(rows, suite).dropna(subset=["shown"])
    if found.empty:
        return NO_AVERAGE, ""
    params = rows.drop_duplicates("model").set_index("model")["params_b"]
    best = found.index[0]
    larger = sum(params[model] > params[best] for model in found.index)
    kind = "average" if SUITES[suite].averaged else "mean of the tasks, computed here"
    finding = f"{_label(best)} has the highest {kind}, {points(found.loc[best, 'shown'])}"
    behind = f"; {_count(larger, 'larger model')} {'scores' if larger == 1 else 'score'} less"
    return finding, f", with {params[best]:g} billion parameters{behind if larger else ''}."


# The difference of two models.


def difference(rows: pd.DataFrame, suite: str, a: str, b: str) -> go.Figure:
    """Diverging bars, task by task: to the right where `a` is ahead, to the left where `b` is."""
    apart = _apart(rows, suite, a, b)
    if not apart:
        return empty(f"No task has a score of both {_label(a)} and {_label(b)}.")
    names, kinds = (_label(a), _label(b)), _kinds(rows)
    looks = [_kind_marker(_colour(model, False), kinds[model]) for model in (a, b)]
    if looks[0] == looks[1]:
        looks[0] = _kind_marker(INK, kinds[a])
    sides = [each for each in apart if each["by"] >= 0], [each for each in apart if each["by"] < 0]
    traces = [
        {
            "type": "bar", "orientation": "h", "name": f"{name} ahead", "marker": look,
            "y": [each["task"] for each in side], "x": [each["by"] for each in side],
            "text": [signed(each["by"]) for each in side], "textposition": "outside",
            "textfont": {"size": 13, "color": INK}, "cliponaxis": False, "hoverinfo": "text",
            "hovertext": [each["hover"] for each in side],
        }
        for side, name, look in zip(sides, names, looks, strict=True)
        if side
    ]  # fmt: skip
    reach = max([0.5, *(abs(each["by"]) for each in apart)]) * 1.45
    left, right = _wrapped(f"← {names[1]} ahead", 18), _wrapped(f"{names[0]} ahead →", 18)
    return _figure(
        traces, height=72 + 42 * len(apart), bargap=0.42, showlegend=False, barmode="relative",
        annotations=[
            _note(left, 0, 1, xanchor="left", align="left", yanchor="bottom", yshift=8),
            _note(right, 1, 1, xanchor="right", align="right", yanchor="bottom", yshift=8),
        ],
        margin={"l": 8, "r": 8, "t": 48, "b": 8, "pad": 8},
        xaxis={
            "range": [-reach, reach], "zeroline": True, "zerolinecolor": PALE, "showticklabels": False,
        },
        yaxis={
            "categoryorder": "array", "categoryarray": [each["task"] for each in reversed(apart)],
            "tickfont": {"color": INK, "size": 13},
        },
    )  # fmt: skip


def say_difference(rows: pd.DataFrame, suite: str, a: str, b: str) -> tuple[str, str]:
    """Who is ahead in how many tasks, and where not."""
    apart = {each["task"]: each["by"] for each in _apart(rows, suite, a, b)}
    printed = apart.pop(AVERAGE, None)
    if not apart:
        return f"No task has a score of both {_label(a)} and {_label(b)}.", ""
    if sum(by > 0 for by in apart.values()) < sum(by < 0 for by in apart.values()):
        a, b = b, a
        apart = {task: -by for task, by in apart.items()}
        printed = None if printed is None else -printed
    ahead = sum(by > 0 for by in apart.values())
    behind = [f"{task} by {points(-by)}" for task, by in apart.items() if by < 0]
    finding = f"{_label(a)} is ahead of {_label(b)} in {_of(ahead, len(apart))}"
    rest = f", and behind on {listed(behind)}" if behind else ""
    mean = sum(apart.values()) / len(apart) if printed is None else printed
    which = "Over these tasks the mean" if printed is None else "The printed average"
    return finding, f"{rest}. {which} differs by {signed(mean)}."


def _apart(rows: pd.DataFrame, suite: str, a: str, b: str) -> list[dict]:
    """The tasks both have, and by how much `a` is ahead."""
    scored = _by_model(rows[rows["model"].isin([a, b])], SUITES[suite].benchmarks)
    theirs = {row["benchmark"]: row for row in scored.get(b, [])}
    return [
        {
            "task": task,
            "by": round(row["score"] - theirs[task]["score"], 4),
            "hover": f"<b>{task}</b>, {_how(row)}<br>"
            + "<br>".join(map(_from, (row, theirs[task]))),
        }
        for row in scored.get(a, [])
        if (task := row["benchmark"]) in theirs
    ]


def _from(row: dict) -> str:
    source = _wrapped(f"{row['source_title']}, {dated(row['as_of'], row['as_of_is'])}", 44)
    return f"{row['label']} <b>{points(row['score'])}</b><br>{source}"


# All models.


def heat(rows: pd.DataFrame, suite: str) -> go.Figure:
    """Models down, the highest average first, tasks across; the last line is the chance level."""
    wide = by_task(rows, suite).dropna(axis=1, how="all")
    wide = wide.loc[averages(rows, suite).index]
    chance = [SUITES[suite].chance.get(task) for task in wide]
    values = [[None if v != v else v for v in line] for line in wide.to_numpy().tolist()]
    labels = [_label(model) for model in wide.index]
    if any(level is not None for level in chance):
        values, labels = [*values, chance], [*labels, CHANCE]
    hovers = {(row["model"], row["benchmark"]): _hover(row) for row in _dicts(rows)}
    hovertext = [[hovers.get((model, task), "no score") for task in wide] for model in wide.index]
    hovertext += [[CHANCE] * len(chance)] * (len(values) - len(hovertext))
    highest = SUITES[suite].highest
    missing = [
        (task, label)
        for label, line in zip(labels, values, strict=True)
        for task, value in zip(wide, line, strict=True)
        if value is None
    ]
    cells = [
        (
            [task for task, _ in missing],
            [label for _, label in missing],
            [UNKNOWN] * len(missing),
            INK,
        )
    ]
    drawn_values = {"texttemplate": "%{z:.1f}", "textfont": {"size": 12, "color": INK}}
    return _heat(list(wide), labels, values, hovertext, cells, highest=highest, **drawn_values)


def _heat(
    across: list[str], down: list[str], values: list[list], hovertext: list[list[str]],
    cells: list[tuple], *, highest: float, **more,
) -> go.Figure:  # fmt: skip
    """Values from 0 to `highest` as shades. `cells`: text upon them, as x, y, text and colour."""
    traces = [
        {
            "type": "heatmap", "x": across, "y": down, "z": values, "zmin": 0, "zmax": highest,
            "xgap": 2, "ygap": 2, "showscale": False, "hoverinfo": "text", "hovertext": hovertext,
            # Ink enough to tell the cells apart, little enough to read ink on it, on light and dark.
            "colorscale": [[0, "rgba(23,24,28,0.03)"], [1, "rgba(23,24,28,0.4)"]], **more,
        },
        *(
            {
                "type": "scatter", "mode": "text", "hoverinfo": "skip", "x": x, "y": y, "text": text,
                "textfont": {"size": 12, "color": colour},
            }
            for x, y, text, colour in cells
        ),
    ]  # fmt: skip
    axis = {"type": "category", "showline": False}
    return _figure(
        traces, height=78 + 28 * len(down), showlegend=False, xaxis={**axis, "side": "top"},
        # A phone's headings stand upright and take from a chart of one model what plotly would keep.
        minreducedheight=20 * len(down),
        yaxis={**axis, "autorange": "reversed", "tickfont": {"color": INK, "size": 12}},
    )  # fmt: skip


def say_heat(rows: pd.DataFrame, suite: str) -> tuple[str, str]:
    """The task that tells the models apart most, and least."""
    wide = by_task(rows, suite)[list(SUITES[suite].chance)].dropna(axis=1, how="all")
    if len(wide) == 1:
        return say_tasks(rows, suite)
    spread = (wide.max() - wide.min()).sort_values()
    least, most = spread.index[0], spread.index[-1]
    worst, best = wide[most].idxmin(), wide[most].idxmax()
    return (
        f"{most} tells these {len(wide)} models apart most",
        f", from {points(wide.loc[worst, most])} ({_label(worst)}) to {points(wide.loc[best, most])} "
        f"({_label(best)}); {least} least, by {points(spread[least])}.",
    )


# Over training.


def training(rows: pd.DataFrame, suite: str) -> go.Figure:
    """Each task's score, and their average, over the tokens a model was trained on."""
    curve, others = _curve(rows)
    traces, ends = [], []
    for name in SUITES[suite].benchmarks:
        mine = [row for row in curve if row["benchmark"] == name]
        if not mine:
            continue
        look = (COLOURS["tinyllama"], 3, 7) if name == AVERAGE else (PALE, 1.5, 5)
        ends.append((name, mine[-1]["score"]))
        traces.append({
            "type": "scatter", "name": name, "mode": "lines+markers", "hoverinfo": "text",
            "x": [row["pretrain_tokens_b"] for row in mine], "y": [row["score"] for row in mine],
            "hovertext": [_hover(row) for row in mine], "line": {"color": look[0], "width": look[1]},
            "marker": {"size": look[2], "color": look[0]},
        })  # fmt: skip
    notes = [
        _note(
            f"<b>{name}</b>" if name == AVERAGE else name, 1, at, xanchor="left", xshift=6, yref="y",
            color=COLOURS["tinyllama"] if name == AVERAGE else MUTED,
        )
        for name, at in _spread_out(ends, 2.3)
    ]  # fmt: skip
    for row in others:
        name, at = f"{row['label']}, average", (row["pretrain_tokens_b"], row["score"])
        traces.append({
            "type": "scatter", "name": name, "mode": "markers", "x": [at[0]], "y": [at[1]],
            "hoverinfo": "text", "hovertext": [_hover(row)],
            "marker": {"size": 10, "color": GROUND, "line": {"color": INK, "width": 2}},
        })  # fmt: skip
        notes.append(
            _note(name, *at, xref="x", yref="y", xanchor="left", yanchor="top", xshift=8, yshift=-8)
        )
    chance = {25: "chance with four choices,", 50: "chance with two choices,"}
    known = {
        level: text for level, text in chance.items() if level in SUITES[suite].chance.values()
    }
    levels = _levels(known)
    scores = [score for trace in traces for score in trace["y"]] or [0, 100]
    return _figure(
        traces, height=460, showlegend=False, shapes=levels["shapes"],
        annotations=[*levels["annotations"], *notes],
        margin={"l": 8, "r": 84, "t": 8, "b": 8, "pad": 4},
        xaxis={
            "tickvals": [0, 1000, 2000, 3000], "range": [0, 3080], "showgrid": True,
            "ticktext": ["0", "1 T", "2 T", "3 T"], "title": {"text": "tokens trained on", "standoff": 4},
        },
        yaxis={"showgrid": True, "range": [min(scores) - 5, max(scores) + 3]},
    )  # fmt: skip


def say_training(rows: pd.DataFrame, suite: str) -> tuple[str, str]:
    """Where the average began, where it was highest, and where it ended."""
    curve, _ = _curve(rows)
    average = {r["pretrain_tokens_b"]: r["score"] for r in curve if r["benchmark"] == AVERAGE}
    if not average:
        return "No average is printed for these checkpoints.", ""
    first, *_, last = [*average, *average]
    best = max(average, key=lambda tokens: average[tokens])
    began = f", from {points(average[first])} after {_tokens(first)} tokens"
    finding = f"The average is highest after {_tokens(best)} tokens, {points(average[best])}"
    if best == last:
        return finding, f"{began if first != last else ''}."
    lower = points(average[best] - average[last])
    return (
        finding,
        f"{began}; after {_tokens(last)} it is {points(average[last])}, lower by {lower}.",
    )


def _curve(rows: pd.DataFrame) -> tuple[list[dict], list[dict]]:
    """The scores of one training's checkpoints, by tokens, and the averages of the models beside them."""
    scored = _dicts(rows.dropna(subset=["score"]).sort_values("pretrain_tokens_b"))
    ours = [row for row in scored if row["model"].startswith("TinyLlama")]
    beside = [row for row in scored if row not in ours and row["benchmark"] == AVERAGE]
    return ours, beside


def _spread_out(ends: list[tuple[str, float]], gap: float) -> list[tuple[str, float]]:
    """The labels at the ends of lines, moved up where they would cover each other."""
    placed: list[tuple[str, float]] = []
    for name, at in sorted(ends, key=lambda end: end[1]):
        placed.append((name, max(at, placed[-1][1] + gap) if placed else at))
    return placed


# What fits where.


def fit_map(rows: Sequence[dict], titles: dict[str, str], shorts: dict[str, str]) -> go.Figure:
    """Machines across, models down; the more layers on the GPU, the nearer to ink.

    `rows`: compare.fit's, one for each model on each machine. `titles`: of machines, `shorts`: of
    models, each by its name.
    """
    across = {name: html.escape(title) for name, title in titles.items()}
    places: dict[str, dict[str, dict]] = {}
    for row in rows:
        mine = places.setdefault(html.escape(called(row, shorts)), {})
        mine[across[row["hardware"]]] = row
    cells = [(x, y, row) for y, mine in places.items() for x, row in mine.items()]
    texts = []
    for fits, colour in ((True, INK), (False, MUTED)):
        these = [cell for cell in cells if bool(cell[2]["fits"]) is fits]
        xs, ys = [x for x, _, _ in these], [y for _, y, _ in these]
        texts.append((xs, ys, [_in_cell(row) for _, _, row in these], colour))
    return _heat(
        [*across.values()], [*places],
        [[_share(mine[x]) for x in across.values()] for mine in places.values()],
        [[_fit_hover(mine[x], x, y) for x in across.values()] for y, mine in places.items()],
        texts, highest=1,
    )  # fmt: skip


def _share(row: dict) -> float | None:
    return row["layers_that_fit"] / row["layers"] if row["fits"] else None


def _in_cell(row: dict) -> str:
    """all, 26, RAM, no: as short as a phone needs it."""
    if row["fits"] is None:
        return UNKNOWN
    if not row["fits"]:
        return "no"
    if not row["layers_that_fit"]:
        return "RAM"
    return "all" if row["layers_that_fit"] == row["layers"] else str(row["layers_that_fit"])


def _fit_hover(row: dict, machine: str, model: str) -> str:
    size = about_size(row["predicted_bytes"])
    return f"<b>{model}</b><br>{machine}: {verdict(row)}<br>{size} in all"


# Speeds measured here.


TESTS = {"n_gen": "Decode, tok/s", "n_prompt": "Prefill, tok/s"}
"""By llama-bench's field that isn't 0: each a chart with a scale of its own."""
_BAR, _TITLE, _FIGURE = 36, 34, 112  # pixels: of a model, above a chart's first, right of a bar


def speeds(
    rows: Sequence[Mapping], names: Mapping[str, str], colours: Mapping[str, str]
) -> go.Figure:
    """A bar with its deviation for each row of a bench. Names and COLOURS by the row's spec.

    A bar is paler than its outline, so that the lower half of a deviation shows upon it.
    """
    shown = {test: [row for row in rows if row[test]] for test in TESTS}
    shown = {test: found for test, found in shown.items() if found}
    height = sum(_TITLE + _BAR * len(found) for found in shown.values()) + 16
    top, traces, notes, axes = 1.0, [], [], {}
    for n, (test, found) in enumerate(shown.items(), start=1):
        number = "" if n == 1 else str(n)
        top -= _TITLE / height
        bottom = top - _BAR * len(found) / height
        axes[f"yaxis{number}"] = {
            "domain": [bottom, top], "anchor": f"x{number}", "autorange": "reversed", "type": "category",
            "tickfont": {"size": 13, "color": INK},
        }  # fmt: skip
        longest = max(row["avg_ts"] + row["stddev_ts"] for row in found)
        axes[f"xaxis{number}"] = {
            "anchor": f"y{number}", "range": [0, longest or 1], "showticklabels": False,
            "showline": False,
        }  # fmt: skip
        title = f"{TESTS[test]} ({test_name(found[0])})"
        notes.append(_note(title, 0, top, size=13, xanchor="left", yanchor="bottom"))
        for row in found:
            name = html.escape(_without_middle(names[row["spec"]]))
            colour = COLOURS[colours[row["spec"]]]
            fast, spread = row["avg_ts"], row["stddev_ts"]
            repeats = len(row["samples_ts"])
            said = f"{speed(fast)} {deviation(fast, spread, repeats)}".rstrip()
            traces.append({
                "type": "bar", "orientation": "h", "name": name, "x": [fast], "y": [name],
                "xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": False,
                "marker": _marker(colour, 0.45), "hoverinfo": "text",
                "hovertext": f"<b>{html.escape(names[row['spec']])}</b><br>{said} tokens a second<br>"
                f"{_count(repeats, 'repetition')} of {_count(row[test], 'token')}",
                "error_x": {
                    "type": "data", "array": [spread], "color": INK, "thickness": 1.5, "width": 3,
                    "visible": repeats > 1,
                },
            })  # fmt: skip
            notes.append(
                _note(
                    said, fast + spread, name, size=13, color=INK, xref=f"x{number}",
                    yref=f"y{number}", xanchor="left", xshift=8,
                )
            )  # fmt: skip
        top = bottom
    margin = {"l": 8, "r": _FIGURE, "t": 8, "b": 8, "pad": 4}
    return _figure(
        traces, height=height, annotations=notes, bargap=0.5, barmode="overlay", margin=margin, **axes
    )  # fmt: skip


# The Gallery's score board.


def score_board(
    themes: Sequence[str], models: Sequence[str], marks: Sequence[Sequence[tuple[int, int] | None]]
) -> go.Figure:
    """Themes down, models across; the more of a theme's checks passed, the nearer to ink.

    `marks`: one line a theme; checks passed and checks made, None where none was made.
    """
    down, across = [html.escape(theme) for theme in themes], [html.escape(name) for name in models]
    cells = [
        (x, y, f"{mark[0]} of {mark[1]}" if mark else UNKNOWN)
        for y, line in zip(down, marks, strict=True)
        for x, mark in zip(across, line, strict=True)
    ]
    xs, ys, texts = ([cell[part] for cell in cells] for part in range(3))
    return _heat(
        across, down,
        [[mark and mark[0] / mark[1] for mark in line] for line in marks],
        [
            [_marks_hover(x, y, mark) for x, mark in zip(across, line, strict=True)]
            for y, line in zip(down, marks, strict=True)
        ],
        [(xs, ys, texts, INK)], highest=1,
    )  # fmt: skip


def _marks_hover(model: str, theme: str, mark: tuple[int, int] | None) -> str:
    told = f"{mark[0]} of {_count(mark[1], 'check')} passed" if mark else "no check was made"
    return f"<b>{model}</b><br>{theme}<br>{told}"


# What the charts share.


def _figure(traces: list[dict], *, height: int, **layout) -> go.Figure:
    axis = {
        "fixedrange": True, "automargin": True, "ticks": "", "zeroline": False, "showgrid": False,
        "linecolor": LINE, "gridcolor": LINE, "tickfont": {"size": 12, "color": MUTED},
        # Upright where there is no room: slanted ones run into each other and over the edge.
        "autotickangles": [0, -90],
    }  # fmt: skip
    shared = {
        "template": "none", "height": height, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR,
        "dragmode": False, "hovermode": "closest", "barmode": "group",
        "font": {"family": FONT, "size": 12, "color": MUTED},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 4},
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "maxheight": 0.999,
            "font": {"size": 13, "color": INK},
        },
        "hoverlabel": {
            "bgcolor": GROUND, "bordercolor": PALE, "align": "left",
            "font": {"family": FONT, "size": 13, "color": INK},
        },
    }  # fmt: skip
    named = {"xaxis", "yaxis"} | {name for name in layout if name[:5] in ("xaxis", "yaxis")}
    axes = {name: {**axis, **layout.pop(name, {})} for name in named}
    # All at once: each piece added to a finished figure would be checked and copied anew.
    return go.Figure({"data": traces, "layout": {**shared, **axes, **layout}})


def _note(
    text: str, x: float, y: float | str, *, size: int = 12, color: str = MUTED, **more
) -> dict:
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False}
    return {"text": text, "font": {"size": size, "color": color}, **place, **more}


def _levels(named: dict[float, str]) -> dict[str, list[dict]]:
    """Dotted lines across a chart, each with its name."""
    return {
        "shapes": [
            {"type": "line", "name": CHANCE, "xref": "paper", "x0": 0, "x1": 1, "y0": level, "y1": level,
             "line": DOTTED, "layer": "below"}
            for level in named
        ],
        "annotations": [
            _note(f"{text} {level:.0f}", 1, level, yref="y", xanchor="right", yanchor="top")
            for level, text in named.items()
        ],
    }  # fmt: skip


def _label(model: str) -> str:
    return NAMES.get(model, Name(model)).label


def _colour(model: str, many: bool) -> str:
    """A model's colour. With more models than colours only the page's own models keep theirs."""
    name = NAMES.get(model, Name(model)).colour
    if name is None or (many and name.startswith("other")):
        return PALE
    return COLOURS[name]


def _kind_marker(colour: str, kind: str) -> dict:
    """Chat models are filled, base models hollow."""
    return _marker(colour, 1 if kind == "chat" else 0.2)


def _marker(colour: str, opacity: float) -> dict:
    """Filled with so much of a colour, outlined with all of it."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    fill = colour if opacity == 1 else f"rgba({red},{green},{blue},{opacity})"
    return {"color": fill, "line": {"color": colour, "width": 1.5}}


def _without_middle(name: str, most: int = 20) -> str:
    """A long file name's beginning and end, where its model and its quantization stand."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[head + 1 - most :]}"


def _kinds(rows: pd.DataFrame) -> dict[str, str]:
    return dict(zip(rows["model"], rows["model_kind"], strict=True))


def _by_model(rows: pd.DataFrame, order: Sequence[str]) -> dict[str, list[dict]]:
    """Each model's scores in the order of the tasks; where there is none, no row."""
    found: dict[str, dict[str, dict]] = {}
    for row in _dicts(rows):
        scored = found.setdefault(row["model"], {})
        if row["score"] == row["score"]:
            scored[row["benchmark"]] = row
    return {
        model: [scored[task] for task in order if task in scored] for model, scored in found.items()
    }


def _dicts(rows: pd.DataFrame) -> list[dict]:
    return rows.to_dict("records")


def _how(row) -> str:
    shots = "shots vary" if row["shots"] == "mixed" else f"{row['shots']}-shot"
    return f"{shots}, {row['metric']}"


def _hover(row: dict, extra: str = "") -> str:
    lines = [
        f"<b>{row['label']}</b>", f"{row['benchmark']} <b>{points(row['score'])}</b>", extra, _how(row),
        _wrapped(row["source_title"], 44), dated(row["as_of"], row["as_of_is"]),
    ]  # fmt: skip
    return "<br>".join(line for line in lines if line)


def _hover_average(mine: list[dict], average: dict) -> str:
    size = f"<br>{mine[0]['params_b']:g} billion parameters"
    for row in mine:
        if row["benchmark"] == AVERAGE:
            return _hover(row, f"computed {points(average['computed'])}") + size
    mean = {**mine[0], "benchmark": "Mean", "score": average["shown"], "metric": "computed here"}
    return _hover({**mean, "shots": "mixed"}) + size


def _wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _of(n: int, total: int) -> str:
    return f"all {total} tasks" if n == total > 1 else f"{n} of {_count(total, 'task')}"


def _tokens(billions: float) -> str:
    return f"{billions / 1000:.3g} trillion" if billions >= 1000 else f"{billions:g} billion"
