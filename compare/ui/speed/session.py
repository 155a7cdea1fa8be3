"""What one visitor's Speed tab shows, and what changes on it. Knows neither Gradio nor a component."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from compare import numbers
from compare.asked import typed
from compare.asked.comparison import Bench, Tests
from compare.asked.comparison import bench as bench_of
from compare.charts.speeds import speeds as speeds_chart
from compare.models.catalogue import EMBEDDED_PAIR
from compare.run.machine import Machine
from compare.run.response import Response
from compare.run.run import Run
from compare.saved import bench
from compare.ui.changes import Change, Changes
from compare.ui.drawn import finding
from compare.ui.faulty import at_fields
from compare.ui.markup import letters
from compare.ui.menu import Choice, Menu
from compare.ui.speed.lanes import all_figures, all_lanes, idle, label_of, under_way
from compare.usage import Faults, UsageError
from compare.words import column, speeds
from compare.words.sentence import BUSY, run_label

FIELDS = {
    "prompt_tokens": ("Prompt tokens", "64"),
    "output_tokens": ("Output tokens", "32"),
    "repeats": ("Repetitions", "3"),
}
IDS = {name: f"speed-{name}" for name in ("models", *FIELDS)}
"""The fields as they are found on the page."""
MOST = Tests()
"""The command line's defaults: more than that would hold a shared machine for too long."""
SAVED = {
    "Markdown": ("md", "text/markdown", bench.markdown),
    "CSV": ("csv", "text/csv", bench.as_csv),
    "JSON": ("json", "application/json", partial(json.dumps, ensure_ascii=False, indent=2)),
}
WATCH_S = 1.0
"""Between two looks at a run: drawing takes from the cores that are being measured."""


class Range:
    """What all visitors' sessions share: the machine, and its models as they stand in the list.

    `now`: the clock the machine's events are stamped with. No dataclass: Gradio, which copies a session for
    each visitor, would take it apart.
    """

    def __init__(self, machine: Machine, now: Callable[[], float]):
        self.machine, self.now = machine, now
        self.menu = Menu(machine, elsewhere=False)
        self.entries = _entries(self.menu)

    def __deepcopy__(self, _) -> "Range":
        """There is one machine for all of them."""
        return self

    def labels(self) -> list[tuple[str, str]]:
        """What is read in the list, and its value."""
        return [(label_of(self.menu.file(choice)), value) for value, choice in self.entries.items()]

    def chosen(self, values: Mapping[str, Any]) -> list[Choice]:
        return [self.entries[value] for value in values["models"] or [] if value in self.entries]

    def read(self, values: Mapping[str, Any]) -> Bench:
        """The bench the fields ask for. Raises Faults, in the fields' own names, with all that is wrong."""
        texts = {
            name: str(values[name] or "").strip() or default
            for name, (_, default) in FIELDS.items()
        }
        chosen = self.chosen(values)
        wrong = {} if chosen else {"models": "No model is chosen. Choose one under Models."}
        try:
            # Without a model, one of the list's, to see what else is wrong.
            files = map(self.menu.file, chosen or list(self.entries.values())[:1])
            asked = bench_of(list(files), most=self.machine.owner.max_columns, **texts)
        except Faults as error:
            wrong |= {name: _in_the_tabs_words(said) for name, said in error.said.items()}
        wrong |= _above_the_most({n: text for n, text in texts.items() if n not in wrong})
        if wrong:
            raise Faults(wrong)
        return asked


def _in_the_tabs_words(said: str) -> str:
    for name, (label, _) in FIELDS.items():
        said = said.replace(name, label)
    return said


def _entries(menu: Menu) -> dict[str, Choice]:
    """Each model with each of its quantizations, first what is here."""
    found = {}
    for _, model in menu.models():
        for quant in menu.quants(model) or [None]:
            found[f"{model}:{quant}" if quant else model] = Choice(model, quant)
    return dict(sorted(found.items(), key=lambda entry: not menu.here(entry[1])))


def _above_the_most(texts: Mapping[str, str]) -> dict[str, str]:
    """What the command line would take, but not the page, by field."""
    return {
        name: f"{FIELDS[name][0]} is more than {most}. The command line takes more: bench."
        for name, text in texts.items()
        if typed.whole(text) > (most := getattr(MOST, name))
    }


@dataclass
class Session:
    """What one visitor's tab shows, and the run in progress. `values` are what the fields hold."""

    range: Range
    run: Run | None = None
    bench: Bench | None = None
    """the last one"""
    colours: dict[str, str] = field(default_factory=dict)
    """of its models, by key"""
    responses: dict[str, Response] = field(default_factory=dict)
    rows: list[dict] = field(default_factory=list)

    def opened(self, **values) -> Changes:
        """The tab as it opens: with models that are here, where there are any."""
        menu = self.range.menu
        owners, embedded = (
            [menu.named(spec) for spec in specs]
            for specs in (self.range.machine.owner.models, EMBEDDED_PAIR)
        )
        owners = [choice for choice in owners if not menu.is_elsewhere(choice)]
        here = (pair for pair in (owners, embedded) if pair and all(map(menu.here, pair)))
        first = next(here, owners)
        chosen = [value for value, choice in self.range.entries.items() if choice in first]
        return self._offer({**values, "models": chosen}) | {"models": Change(value=chosen)}

    def changed(self, **values) -> Changes:
        """Other models, or other numbers."""
        return {} if self.run else self._offer(values)

    def measure(self, **values) -> Iterator[Changes]:
        """Measures the chosen models. Raises UsageError, with nothing changed."""
        if self.run:
            raise UsageError(BUSY)
        asked = self.range.read(values)
        going = self.run = self.range.machine.bench(asked)
        try:
            self.bench, self.responses, self.rows = going.comparison, {}, []
            chosen = zip(asked.models, self.range.chosen(values), strict=True)
            self.colours = {file.key: self.range.menu.colour(choice) for file, choice in chosen}
            yield {"models": Change(interactive=False)}
            yield from self._watched(going)
        finally:
            going.stop()
            self.run = None
        self.rows = bench.rows(self.bench, self.responses, self.range.machine.describe())

    def _watched(self, going: Run) -> Iterator[Changes]:
        """The tab at each look.

        Every part each time: what is left out, Gradio builds anew; what is repeated costs it nothing. But not
        the models: told of them again, their list takes it for a change and asks the server.
        """
        notices = "".join(f"<p>{letters(notice)}</p>" for notice in going.comparison.notices)
        shown = {"cost": '<span class="running"></span>', "said": notices, "spoken": ""}
        with closing(going.snapshots(WATCH_S)) as snapshots:
            for responses in snapshots:
                ended = _newly_ended(self.responses, responses)
                self.responses = responses
                if ended:
                    shown["spoken"] = f"<span>{letters(_told(ended, responses))}</span>"
                now = self.range.now()
                yield shown | {"lanes": under_way(going.comparison, responses, self.colours, now)}

    def ended(self, **values) -> Changes:
        """The tab after a run, whatever ended it."""
        if self.run:
            return {}
        shown = self._offer(values) | (self._result() if self.bench else {})
        return shown | {"models": Change(interactive=True)}

    def faulty(self, **values) -> Changes:
        """What is wrong in the fields, for the page's script to say at each."""
        return {"faults": at_fields(lambda: self.range.read(values), IDS)}

    def stop(self) -> None:
        if self.run:
            self.run.stop()

    def saved(self, name: str) -> str:
        """The rows, in a format that SAVED names."""
        return SAVED[name][2](self.rows)

    def _offer(self, values: Mapping[str, Any]) -> Changes:
        """What Run would do: how long it would take, what it would download, and for which models."""
        menu, chosen = self.range.menu, self.range.chosen(values)
        missing = [menu.file(choice) for choice in chosen if not menu.here(choice)]
        return {
            "run": run_label(missing),
            "cost": f"<span>{letters(self._cost(values, bool(missing)))}</span>",
            "lanes": all_lanes(
                [idle(menu, choice, self.responses, self.bench) for choice in chosen], self.bench
            ),
        }

    def _cost(self, values: Mapping[str, Any], missing: bool) -> str:
        """How long a bench would take, where that is known or can be guessed."""
        try:
            asked = None if missing else self.range.read(values)
        except UsageError:
            asked = None
        took = asked and self.range.machine.expected_bench(asked)
        return numbers.about_time(took.seconds, took.guessed) if took else ""

    def _result(self) -> Changes:
        """Chart, sentence and table."""
        found = speeds.summary(self.responses, column.names(self.bench.models))
        names = {file.key: label_of(file) for file in self.bench.models}
        colours = {key: colour.removeprefix("m-") for key, colour in self.colours.items()}
        there = bool(self.rows)
        drawing = speeds_chart(self.rows, names, colours) if there else None
        told = finding(found.finding, found.rest, before=found.before)
        return {
            "plot": Change(value=drawing, visible=there),
            "sentence": Change(value=told, visible=True),
            "account": Change(visible=there),
            "table": all_figures(self.rows),
        }


def _newly_ended(before: Mapping[str, Response], after: Mapping[str, Response]) -> list[str]:
    return [
        key for key, r in after.items() if r.ended and not (key in before and before[key].ended)
    ]


def _told(ended: list[str], responses: Mapping[str, Response]) -> str:
    return " ".join(f"{key}: {speeds.line(responses[key])}." for key in ended)
