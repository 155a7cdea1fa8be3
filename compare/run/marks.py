"""The speed of this moment: when how many tokens had come, and the rate over the last second. Pure."""

RECENT_S = 1.0
"""What “now” means for the speed of an answer that is being written."""
MARK_S = 0.1

Mark = tuple[float, int]
"""When how many tokens had been read or written."""


def marked(marks: tuple[Mark, ...], at: float, tokens: int) -> tuple[Mark, ...]:
    """The marks with a new one: one in MARK_S, and of the older than RECENT_S the newest."""
    if marks and at - marks[-1][0] < MARK_S:
        return marks
    marks = (*marks, (at, tokens))
    while len(marks) > 1 and marks[1][0] <= at - RECENT_S:
        marks = marks[1:]
    return marks


def tps_now(marks: tuple[Mark, ...], tokens: int, last_token_at: float, now: float) -> float | None:
    """Tokens a second over the last RECENT_S; None before so much has been written.

    What writes less often than that has the time between its last two tokens, and what is silent
    for longer still the time it has been silent.
    """
    old = [mark for mark in marks if mark[0] <= last_token_at - RECENT_S]
    if not old:
        return None
    at, before = old[-1]
    tps = (tokens - before) / (last_token_at - at)
    silent_s = now - last_token_at
    return min(tps, 1 / silent_s) if silent_s > RECENT_S else tps
