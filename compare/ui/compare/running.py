"""What takes its time on the Compare tab: runs, and files on their way here. Generators of what changes.

Knows neither Gradio nor a component, as session.py, of whose session each tells.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from compare.models.catalogue import EMBEDDED_PAIR
from compare.run.response import Response
from compare.run.run import Run
from compare.ui.changes import Change, Changes
from compare.ui.compare.form import (
    PLACES,
    choices,
    filled,
    further_of,
    read,
    with_choices,
)
from compare.ui.compare.session import Session
from compare.ui.markup import letters
from compare.ui.menu import Choice
from compare.usage import UsageError
from compare.words import counted, sentence
from compare.words.column import announcements, names

ARRIVING_S = 1.0
"""How often the page tells of downloads that nobody waits for in a run."""
TEXTS_S, NUMBERS_S = 0.2, 0.4
"""How often texts and numbers change while models write: nobody reads faster, and each frame of a browser on
the same machine takes 10 ms of a core from the models."""
PACE = 40_000
"""Letters a second that are laid out anew at most, as a text that grows is as a whole."""
RUNNING = '<span class="running"></span>'


def run(session: Session, **values) -> Iterator[Changes]:
    """Sends the prompt to every column. Raises UsageError, with nothing changed."""
    _when_at_rest(session)
    comparison = read(values, session.menu, session.further)
    going = session.house.machine.compare(comparison)
    chosen = choices(values)
    session.chosen = {place: session.menu.settled(choice) for place, choice in chosen.items()}
    keys = [file.key for file in comparison.models]
    session.keys = dict(zip(sorted(session.chosen), keys, strict=True))
    session.comparison, session.responses, session.verdicts = comparison, {}, {}
    came_otherwise = session.further and not further_of(values, session.further)
    dropped = session.bring(None) if came_otherwise else {}
    yield from watched(session, going, values, dropped)


def count(session: Session, **values) -> Changes:
    """How many tokens the prompt has, and what of it and of Thinking a model chosen can't take; only what is
    certain without running one. Nothing while models run.
    """
    asks, empty = bool(str(values["prompt"] or "").strip()), "<span></span>"
    nothing = {"tokens": empty, "unfit": "", "unswitched": ""}
    if session.run or not (asks or values["thinking"] != "auto"):
        return nothing
    asked = {**values, "prompt": values["prompt"] if asks else "?"}
    try:
        comparison = read(asked, session.menu, session.further)
        found = session.house.machine.count(comparison)
    except UsageError:  # Run will say it
        return nothing
    called = names(list(comparison.models))
    lines = {
        "unfit": counted.faults(found, called) if asks else [],
        "unswitched": counted.unswitched(found, called),
    }
    each, phrase = letters(counted.each(found, called)), letters(counted.phrase(found))
    kinds = {"unfit": ' class="fault"', "unswitched": ""}
    told = {n: "".join(f"<p{kinds[n]}>{letters(s)}</p>" for s in said) for n, said in lines.items()}
    return {"tokens": f'<span title="{each}">{phrase}</span>' if asks and phrase else empty, **told}


def run_small(session: Session, **values) -> Iterator[Changes]:
    """The embedded pair, instead of what would have to be downloaded first."""
    _when_at_rest(session)
    changes: Changes = {}
    for place in PLACES[len(EMBEDDED_PAIR) :]:
        changes |= session.take_away(place)
    for place, spec in enumerate(EMBEDDED_PAIR, start=1):
        changes |= session.put(place, session.menu.named(spec))
    yield changes | session.offer(values) | session.result()
    yield from run(session, **with_choices(values, session.chosen))


def run_prompt(session: Session, prompt_id: str, **values) -> Iterator[Changes]:
    """A prompt of the gallery, with its settings: on the models chosen, else on those recorded.

    Where neither are on this machine, only filled in: a download is begun by Run alone.
    """
    _when_at_rest(session)
    library, menu = session.house.library, session.menu
    prompt = library.gallery.prompts.get(prompt_id)
    if prompt is None:
        return
    recorded = library.comparisons(prompt)
    texts, further = filled(prompt, recorded)
    changes = texts | session.bring(further)
    answers = [take.answer for comparison in recorded[:1] for take in comparison.takes]
    most = session.house.machine.owner.max_columns
    others = [Choice(answer.model, answer.quant) for answer in answers][:most]
    if not _all_here(session) and others and all(map(menu.here, others)):
        changes |= _instead(session, others)
    if not _all_here(session):  # what stands there answers another prompt
        for place, choice in session.chosen.items():
            changes |= session.put(place, choice)
    session.keys, session.reason = {}, None
    values = with_choices({**values, **texts}, session.chosen)
    yield changes | session.offer(values) | session.result() | session.notice()
    if _all_here(session):
        yield from run(session, **values)


def _when_at_rest(session: Session) -> None:
    """Raises UsageError while a run is in progress."""
    if session.run:
        raise UsageError(sentence.BUSY)


def _all_here(session: Session) -> bool:
    return all(map(session.menu.here, session.chosen.values()))


def _instead(session: Session, others: list[Choice]) -> Changes:
    """These models in place of those that are chosen."""
    changes: Changes = {}
    for place in PLACES:
        if place <= len(others):
            changes |= session.put(place, others[place - 1])
        elif place in session.chosen:
            changes |= session.take_away(place)
    return changes


def run_again(session: Session, *, place: int, **values) -> Iterator[Changes]:
    """One column once more, asked the same; the others keep their answers."""
    _when_at_rest(session)
    if place not in session.keys:
        return
    key = session.keys[place]
    models = tuple(file for file in session.comparison.models if file.key == key)
    going = session.house.machine.compare(replace(session.comparison, models=models))
    session.verdicts.pop(key, None)
    yield from watched(session, going, values)


def watched(
    session: Session, going: Run, values: Mapping[str, Any], also: Changes | None = None
) -> Iterator[Changes]:
    """The page while a run lasts: of each snapshot what has changed on it; at the end all that it drew.

    `also`: what the run changed before it began.
    """
    session.run = going
    # What this host capped holds for the whole page; a column that runs again leaves the others in.
    session.comparison = replace(going.comparison, models=session.comparison.models)
    shown, look = dict(also or {}), _Look(session)
    try:
        # Said again and again: what an event of before the run tells may come late, and would stay.
        steady = {"cost": RUNNING} | session.notice(*going.comparison.notices)
        yield shown | _running(session) | session.asked() | steady
        with closing(going.snapshots(TEXTS_S)) as snapshots:
            for responses in snapshots:
                drawn = look.at(responses)
                new = {part: value for part, value in drawn.items() if shown.get(part) != value}
                shown |= new
                # That a visitor has left is noticed only when something is told.
                if new or look.whole:
                    yield (steady | new) if look.whole else new
    finally:
        going.stop()
        session.run = None
    yield shown | _at_rest(session, values)


def given_up(session: Session, **values) -> Changes:
    """The page after a run that something unforeseen ended; after one that was refused, as it was."""
    return {} if session.run else _at_rest(session, values)


def _running(session: Session) -> Changes:
    changes: Changes = {}
    for place, choice in session.chosen.items():
        changes |= session.column(place).locked(choice)
    return changes | {"add": Change(interactive=False)}


def _at_rest(session: Session, values: Mapping[str, Any]) -> Changes:
    changes: Changes = {}
    for place, choice in session.chosen.items():
        changes |= session.column(place).unlocked(choice)
    return changes | session.offer(values)


class _Look:
    """What is drawn of each snapshot: all of it where a state has turned, else each thing at its own pace."""

    def __init__(self, session: Session):
        self.session = session
        self.whole = True
        """whether the numbers were drawn, too"""
        self._numbers_due = self._texts_due = 0.0

    def at(self, responses: Mapping[str, Response]) -> Changes:
        session, now = self.session, self.session.house.now()
        before = session.responses
        session.responses = {**before, **responses}
        turned = any(_turned(before.get(key), response) for key, response in responses.items())
        self.whole = turned or now >= self._numbers_due
        texts = turned or now >= self._texts_due
        if self.whole:
            self._numbers_due = now + NUMBERS_S
        if texts:
            grown = sum(
                len(each.text) + len(each.thinking) for each in responses.values() if not each.ended
            )
            self._texts_due = now + grown / PACE
        drawn = self._columns(before, now, texts)
        return drawn | session.result() | _speech(session, before) if self.whole else drawn

    def _columns(self, before: Mapping[str, Response], now: float, texts: bool) -> Changes:
        """The columns that have moved on."""
        session, changes = self.session, {}
        names, most = session.names, session.comparison.max_seconds
        for place, key in session.keys.items():
            response, column = session.responses[key], session.column(place)
            if response.ended and response == before.get(key):
                continue
            if self.whole or response.state != "writing":
                changes |= column.shows(
                    response, session.chosen[place], now, names=names, max_seconds=most
                )
            elif texts:
                changes |= column.writes(response, session.chosen[place], now)
        return changes


def _turned(before: Response | None, after: Response) -> bool:
    """Whether a column is told to be at something else."""
    return before is None or (before.state, before.stopping) != (after.state, after.stopping)


def _speech(session: Session, before: Mapping[str, Response]) -> Changes:
    """For screen readers: which states changed and, at the end, the sentence."""
    names = session.names
    said = announcements(before, session.responses, names)
    if said and all(response.ended for response in session.responses.values()):
        said.append(str(sentence.summary(session.shown, names)))
    return {"spoken": f"<span>{letters(' '.join(said))}</span>"} if said else {}


async def arriving(session: Session, **values) -> AsyncIterator[Changes]:
    """While files of columns that haven't run are on their way here all the same: how far they are. Of files
    of which llama.cpp couldn't be asked while others ran, what it says then.

    A coroutine: a visitor who looks on takes no thread. One of them is enough for a page.
    """
    if session.watches:
        return
    session.watches, before = True, None
    try:
        while not session.run:
            idle = set(session.idle)
            coming = {place for place in idle if session.menu.coming(session.chosen[place])}
            changes: Changes = {}
            for place in coming | ((before or set()) & idle):
                changes |= session.column(place).arriving(session.chosen[place])
            if coming != before:
                changes |= session.offer(values)
            if session.unjudged & idle and session.house.machine.at_rest:
                changes |= await asyncio.to_thread(session.examined)
            if changes:
                yield changes
            if not coming and not session.unjudged & idle:
                return
            before = coming
            await asyncio.sleep(ARRIVING_S)
    finally:
        session.watches = False
