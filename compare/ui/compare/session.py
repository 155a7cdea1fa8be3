"""What one visitor's Compare tab shows, and what changes on it when they choose, add, remove or set.

Knows neither Gradio nor a component: a method changes the session and says what that changes on the page.
Runs, which take their time, are running.py's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from compare import numbers
from compare.asked.comparison import Comparison
from compare.asked.settings import LoadSettings
from compare.gallery.gallery import Library, SideBySide, Take
from compare.gallery.judge import Verdict
from compare.models.catalogue import EMBEDDED_PAIR
from compare.models.spec import ModelFile
from compare.run.machine import Machine
from compare.run.response import Response
from compare.run.run import Run
from compare.saved.answers import answers
from compare.ui import drawn, recordings
from compare.ui.changes import Change, Changes
from compare.ui.compare.column import Column
from compare.ui.compare.form import (
    FIELDS,
    IDS,
    PLACES,
    Further,
    as_recommended,
    load_settings,
    read,
    twice,
    untouched,
    with_choices,
)
from compare.ui.markup import letters
from compare.ui.menu import Choice, Menu
from compare.usage import UsageError
from compare.words import sentence
from compare.words.column import names, recorded_short, short

ADD = "Add a model"
EXAMPLES = (
    "Who are you?",
    "How fast can a snake fly?",
    "1, 4, 9, 16, __, 36: which number is missing?",
)


class House:
    """What all visitors' sessions share. `now`: the clock the machine's events are stamped with.

    No dataclass: Gradio, which copies a session for each visitor, would take it apart.
    """

    def __init__(self, machine: Machine, library: Library, now: Callable[[], float]):
        self.machine, self.library, self.now = machine, library, now
        self.menu = Menu(machine)
        self.showcase: SideBySide | None = library.showcase(EXAMPLES)
        """what is shown before anything has run"""
        self.shown_first: dict[str, Take] = {}
        """its answers, by the model's key"""
        if self.showcase:
            self.shown_first = {take.spec: take for take in self.showcase.takes}

    def __deepcopy__(self, _) -> "House":
        """There is one machine for all of them."""
        return self


@dataclass
class Session:
    """What one visitor's page shows, and the run in progress.

    `values` below are what the page's fields hold (form.py).
    """

    house: House
    chosen: dict[int, Choice] = field(default_factory=dict)
    """what each open column shows, by its place"""
    load: LoadSettings = field(default_factory=LoadSettings)
    """how the models would be loaded, as the fields were set last"""
    further: Further | None = None
    """the settings without a field that the prompt brought along"""
    unlooked: set[int] = field(default_factory=set)
    """the columns whose files on the Hub haven't been looked into for the memory they take"""
    unjudged: set[int] = field(default_factory=set)
    """the columns of whose files llama.cpp is asked once the machine is at rest"""
    run: Run | None = None
    comparison: Comparison | None = None
    """the last one; the columns named in `keys` show its responses"""
    keys: dict[int, str] = field(default_factory=dict)
    reason: str | None = None
    """why the page opened with the models it did, until others are chosen"""
    responses: dict[str, Response] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """of finished answers to a prompt of the gallery"""
    away: str | None = None
    """what is said of models that can't be had"""
    watches: bool = False
    """whether the page is being told how far downloads are"""

    @property
    def menu(self) -> Menu:
        return self.house.menu

    @property
    def shown(self) -> dict[str, Response]:
        """The responses on the page, in the order of their columns."""
        keys = [self.keys[place] for place in sorted(self.keys)]
        return {key: self.responses[key] for key in keys if key in self.responses}

    @property
    def files(self) -> dict[int, ModelFile]:
        """The file of each open column, under the key it has or had in its run."""
        found = {place: self.menu.file(choice) for place, choice in sorted(self.chosen.items())}
        return {p: replace(file, key=self.keys.get(p, file.key)) for p, file in found.items()}

    @property
    def names(self) -> dict[str, str]:
        """What each column is called in a sentence, by its key."""
        return names(list(self.files.values()))

    @property
    def idle(self) -> list[int]:
        """The columns that show a model which hasn't run, and no recorded answer of it."""
        return [p for p in self.chosen if p not in self.keys and not self._shows_recorded(p)]

    def column(self, place: int) -> Column:
        return Column(place, self.menu)

    @classmethod
    def begun(cls, house: House) -> "Session":
        """A visitor's, as their page comes: who is quick may ask before the page has been told anything."""
        session = cls(house)
        session.opened()
        return session

    # What a visitor does.

    def opened(self) -> Changes:
        """The page as it opens: the articles' pair, or the embedded one and why.

        Nothing where it came with all that.
        """
        if self.chosen:
            return {}
        specs, self.reason = self.house.machine.start_pair()
        changes: Changes = {}
        for place in PLACES[len(specs) :]:
            changes |= self.take_away(place)
        for place, spec in enumerate(specs, start=1):
            changes |= self.put(place, self.menu.named(spec))
        changes |= self.bring(None) | self.notice()
        return changes | self.offer(untouched()) | self.result()

    def model_chosen(self, model: str | None, *, place: int, **values) -> Changes:
        """A model, with its default quantization. Heard when a menu is left too, without a change."""
        now_shown = self.chosen.get(place)
        if not model or (now_shown and now_shown.model == model):
            return {}
        return self._changed(place, Choice(model), values)

    def quant_chosen(self, quant: str | None, *, place: int, **values) -> Changes:
        now_shown = self.chosen.get(place)
        if not quant or not now_shown:
            return {}
        return self._changed(place, Choice(now_shown.model, quant), values)

    def _changed(self, place: int, choice: Choice, values: Mapping[str, Any]) -> Changes:
        if self.run or self.menu.settled(choice) == self.chosen.get(place):
            return {}
        self.reason = None
        return self.put(place, choice) | self.offer(values) | self.result() | self.notice()

    def added(self, **values) -> Changes:
        """One column more."""
        free = [place for place in PLACES if place not in self.chosen]
        if self.run or not self._has_room():
            return {}
        changes = self.put(free[0], self.menu.another(list(self.chosen.values())))
        return changes | self.offer(values) | self.result() | self.notice()

    def removed(self, *, place: int, **values) -> Changes:
        if self.run:
            return {}
        return self.take_away(place) | self.offer(values) | self.result() | self.notice()

    def settings_changed(self, **values) -> Changes:
        """A setting changed: a run may now take another time, and other memory."""
        if self.run:
            return {}
        changes = {"cost": self.cost(values), **self.foresee(values)}
        return {} if self.run else changes  # a run that began meanwhile shows its own

    def dropped(self, **values) -> Changes:
        """Without the settings that have no field, as any prompt is asked."""
        return self.bring(None) | self.settings_changed(**values) if self.further else {}

    def examined(self) -> Changes:
        """What models are predicted to take, of those that aren't here looked up on the Hub; whether the
        owner's own files can be loaded at all: seconds, once. And whether the Hub can be reached.
        """
        looking, self.unlooked, load = self.unlooked | self.unjudged, set(), self.load
        at_rest = self.house.machine.at_rest
        looked = {p: self.chosen[p] for p in looking & set(self.idle)}
        looked = {
            p: c for p, c in looked.items() if self.menu.file(c).path or not self.menu.here(c)
        }
        found = {
            p: self.column(p).examined(choice, load, judged=at_rest) for p, choice in looked.items()
        }
        self.unjudged = {
            p for p, choice in looked.items() if not at_rest and self.menu.file(choice).path
        }
        changes: Changes = {}
        for place in set(found) & set(self.idle):
            if (self.chosen[place], self.load) == (looked[place], load):
                changes |= found[place]
        if any(not self.menu.here(choice) for choice in looked.values()):
            self.house.machine.unfetchable(self._missing_files(), probe=True)
        before = self.away
        told = {} if self.run else self.notice()
        return changes if self.away == before else changes | told

    def stop_all(self) -> None:
        if self.run:
            self.run.stop()

    def stop_one(self, *, place: int) -> None:
        if self.run:
            self.run.stop(self.keys.get(place))

    def as_recommended(self, *, place: int) -> Changes:
        """The settings that a column's file recommends, for all columns."""
        if place not in self.chosen:
            return {}
        texts, further = as_recommended(self.menu.file(self.chosen[place]))
        return texts | self.bring(further)

    def to_defaults(self, **values) -> Changes:
        """All settings as they are by default; the system prompt, which is a text, stays."""
        usual = {name: value for name, value in untouched().items() if name in FIELDS}
        return usual | self.bring(None) | self.settings_changed(**{**values, **usual})

    def keep_seed(self) -> Changes:
        """The seed of the last run, for the next one."""
        return {"seed": str(self.comparison.sampling.seed)} if self.comparison else {}

    def edit_asked(self) -> Changes:
        """What was asked last, to ask it anew."""
        return {"prompt": self.comparison.prompt} if self.comparison else {}

    # What that is made of.

    def put(self, place: int, choice: Choice) -> Changes:
        """A model into a column; what stood there of an earlier run goes."""
        choice = self.chosen[place] = self.menu.settled(choice)
        self.keys.pop(place, None)
        self.unlooked.add(place)
        take = self.house.shown_first[self._key_of(place)] if self._shows_recorded(place) else None
        return self.column(place).opened(choice, self.load, take)

    def take_away(self, place: int) -> Changes:
        self.chosen.pop(place, None)
        self.keys.pop(place, None)
        return self.column(place).closed()

    def bring(self, further: Further | None) -> Changes:
        """Settings without a field that hold from now on, and the line that says so."""
        self.further = further
        return {"further": f"<p>{letters(str(further))}</p>" if further else ""}

    def offer(self, values: Mapping[str, Any]) -> Changes:
        """What Run would do: download or not, how long it would take, and what could be had at once."""
        menu, chosen = self.menu, self.chosen.values()
        return {
            "run": sentence.run_label(self._missing_files()),
            "cost": self.cost(values),
            "add": Change(value=ADD, visible=self._has_room(), interactive=True),
            "shelf": drawn.shelf(
                menu.model_notes(),
                {menu.file(c).name: menu.notes(c) for c in chosen},
                {IDS[name]: said for name, said in twice(self.chosen, menu).items()},
            ),
            **self.foresee(values),
        }

    def foresee(self, values: Mapping[str, Any]) -> Changes:
        """What the models would take, where the fields now say another context length or cache."""
        load = load_settings(values, self.further)
        if load is None or load == self.load:
            return {}
        self.load, idle = load, self.idle
        self.unlooked |= set(idle)
        changes: Changes = {}
        for place in idle:
            changes |= self.column(place).foreseen(self.chosen[place], load)
        return changes

    def cost(self, values: Mapping[str, Any]) -> str:
        """How long a run would take, where that is known; its class says which buttons show beside it."""
        menu, chosen = self.menu, self.chosen
        try:
            asked = with_choices({**values, "prompt": values["prompt"] or "?"}, chosen)
            took = self.house.machine.expected_s(read(asked, menu, self.further))
        except UsageError:
            took = None
        away = [choice for choice in chosen.values() if not menu.here(choice)]
        pair_here = all(menu.here(menu.named(spec)) for spec in EMBEDDED_PAIR)
        kind = "missing" if pair_here and self._missing_files() else ""
        coming = [menu.file(choice) for choice in away if menu.coming(choice)]
        told = sentence.coming_note(coming) or numbers.expected(None if away else took)
        return f'<span class="{kind}">{letters(told)}</span>'

    def result(self) -> Changes:
        """Pager, sentence and table, from what the columns show."""
        shown, called = self.shown, self.names
        changes = {
            "pager": self._pages(),
            "summary": drawn.summary(sentence.summary(shown, called), ran=bool(shown)),
        }
        if shown:
            changes["table"] = drawn.measures(shown, self.comparison, called)
            changes["rendered"] = drawn.rendered(shown, called)
            changes["use_seed"] = sentence.seed_label(self.comparison.sampling.seed)
            changes["all_answers"] = self._all_answers()
        return changes | self.asked() | self._judged()

    def asked(self) -> Changes:
        """What the columns answer, while any shows an answer or waits for one."""
        return {"asked": drawn.asked(self.comparison.prompt) if self.keys else ""}

    def _all_answers(self) -> str:
        """For the clipboard, once they have ended."""
        shown = self.shown
        if not all(response.ended for response in shown.values()):
            return ""
        files = [file for file in self.files.values() if file.key in shown]
        return answers(self.comparison, files, shown)

    def _pages(self) -> str:
        """A button a column, where not all of them have room."""
        called, colour = self.names, self.menu.colour
        return drawn.pager(
            [(colour(self.chosen[p]), called[f.key], self._short(p)) for p, f in self.files.items()]
        )

    def _short(self, place: int) -> str:
        """What a column shows, in two words."""
        if self._shows_recorded(place):
            return recorded_short(self.house.shown_first[self._key_of(place)].answer.measures)
        return short(self.shown.get(self.keys.get(place)))

    def _judged(self) -> Changes:
        """The checks of finished answers, and what was recorded of the same prompt.

        Before the first run a recording, where no column shows one.
        """
        shown, library = self.shown, self.house.library
        if not shown:
            keys = {self.menu.file(choice).key for choice in self.chosen.values()}
            elsewhere = self.house.showcase and not keys & set(self.house.shown_first)
            quoted = recordings.quoted_all(self.house.showcase) if elsewhere else ""
            return {"verdicts": "", "beside": quoted}
        prompt = library.prompt_of(self.comparison.prompt, self.comparison.system)
        if prompt is None:
            return {"verdicts": "", "beside": ""}
        for key, response in shown.items():
            if response.state == "finished" and key not in self.verdicts:
                self.verdicts[key] = library.verdict(prompt, response.text)
        told = {key: self.verdicts[key] for key in shown if key in self.verdicts}
        return {
            "verdicts": recordings.verdicts(told, self.names) if told else "",
            "beside": recordings.recorded(library.comparisons(prompt)),
        }

    def notice(self, *texts: str) -> Changes:
        self.away = self.reason or self.house.machine.unfetchable(self._missing_files())
        texts = (self.away, *texts) if self.away else texts
        return {"said": "".join(f"<p>{letters(text)}</p>" for text in texts)}

    def _has_room(self) -> bool:
        return len(self.chosen) < self.house.machine.owner.max_columns

    def _missing_files(self) -> list[ModelFile]:
        """What a run would have to download first; a file on its way here already isn't asked for."""
        menu = self.menu
        missing = (c for c in self.chosen.values() if not menu.here(c) and menu.coming(c) is None)
        return [menu.file(choice) for choice in missing]

    def _key_of(self, place: int) -> str:
        return self.menu.file(self.chosen[place]).key

    def _shows_recorded(self, place: int) -> bool:
        """Beside a live answer a recorded one would be taken for live, too."""
        return not self.keys and self._key_of(place) in self.house.shown_first
