"""The form as a visitor's browser keeps it (kept.js), back in a page that was loaded anew."""

import json
from typing import Any

from compare.ui.changes import Changes
from compare.ui.compare.form import FIELDS, PLACES, Values, choices, untouched, with_choices
from compare.ui.compare.session import Session
from compare.ui.menu import Choice


def opened(session: Session, kept: str) -> Changes:
    """The page as it opens, its form as it was kept; what can't be chosen here counts as not kept."""
    changes = session.opened()
    values, chosen = _read(session, kept)
    if values == untouched() and chosen == session.chosen:
        return changes
    if chosen != session.chosen:
        session.reason = None
    for place in PLACES:
        if place in chosen and chosen[place] != session.chosen.get(place):
            changes |= session.put(place, chosen[place])
        elif place not in chosen and place in session.chosen:
            changes |= session.take_away(place)
    told = session.offer(with_choices(values, chosen)) | session.result() | session.notice()
    usual = untouched()
    return changes | {n: value for n, value in values.items() if value != usual[n]} | told


def _read(session: Session, kept: str) -> tuple[Values, dict[int, Choice]]:
    """What the fields held, and the models in the columns."""
    try:
        given = json.loads(kept or "{}")
    except ValueError:
        given = {}
    if not isinstance(given, dict):
        given = {}
    values = {name: given[name] if _fits(name, given.get(name), value) else value
              for name, value in untouched().items()}  # fmt: skip
    menu, offered = session.menu, {model for _, model in session.menu.models()}
    chosen = {p: menu.settled(c) for p, c in choices(given).items() if c.model in offered}
    # What stood in the first two and is no longer to be had gives way to what the page opens with.
    first = {place: choice for place, choice in session.chosen.items() if place <= 2}
    kept = sorted({**first, **chosen}.items())[: session.house.machine.owner.max_columns]
    return values, dict(kept) if chosen else session.chosen


def _fits(name: str, value: Any, default: str | bool) -> bool:
    """Whether a field can hold it; numbers are as they were typed, right or wrong."""
    if name == "mode":
        return value in ("together", "in-turn")
    allowed = FIELDS[name].choices if name in FIELDS else ()
    return value in allowed if allowed else type(value) is type(default)
