"""A bench in words: where a model stands, and what the figures say."""

from collections.abc import Mapping

from compare import numbers
from compare.run.measures import short_of_cores
from compare.run.response import Response
from compare.words import column
from compare.words.sentence import Summary

LEFT_OUT = (
    "Prefill is reading a prompt, decode is writing one token after the other: each from an empty context, "
    "with ids in place of text, after a warm-up. Left out are the load, the prompt's template, sampling, and "
    "turning tokens into text; the last two make an answer in Compare a little slower. Models "
    "run in turn, each with all threads. A browser on the same machine takes its part of the cores "
    "meanwhile; bench on the command line runs without one. ± is the standard deviation of the repetitions."
)
"""What the figures hold, for page and README alike."""
UNEVEN = 0.1
"""A deviation of more than this part of the mean says that a figure shouldn't be quoted."""
DISTURBED = (
    f"Some deviations are more than {numbers.percent(UNEVEN)} of their mean: before you quote them, measure "
    "again, with more tokens and nothing else running."
)


def line(
    response: Response, now: float = 0.0, names: Mapping[str, str] = {},
    max_seconds: float | None = None,
) -> str:  # fmt: skip
    """Where a model stands: Reading 64 tokens, 2 of 3. For the arguments see `column.state_line`."""
    at = response.testing
    if response.state == "cancelled":
        return (
            f"Stopped after {numbers.seconds(response.total_s)}"
            if at
            else "Stopped before it began"
        )
    is_about_to = at is None and response.state in ("loaded", "reading")
    if response.stopping or (at is None and not is_about_to) or response.ended:
        return str(column.state_line(response, now, names=names, max_seconds=max_seconds))
    if at is None or not at.repeat:
        return "Warming up"
    verb = "Reading" if at.test == "pp" else "Writing"
    return f"{verb} {numbers.tokens(at.total)}, {at.repeat} of {at.repeats}"


def progress(response: Response) -> float | None:
    """How far the test is that it is at, its warm-up included, from 0 to 1; None where none is."""
    at = response.testing
    if at is None or response.ended or response.stopping:
        return column.progress(response) if response.state == "downloading" else None
    return (at.repeat + at.done / at.total) / (at.repeats + 1)


def summary(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    """What the figures say of two or more models, in a sentence; of one, its rates."""
    wrote = {key: r.tg.avg_tps for key, r in responses.items() if r.tg}
    read = {key: r.pp.avg_tps for key, r in responses.items() if r.pp}
    first, verb = (wrote, "writes") if wrote else (read, "reads")
    if not first:
        return Summary(before=_fates(responses, names))
    finding = _compared(first, names, verb)
    rest = ""
    if wrote and read and [*wrote] == [*read] == [only := next(iter(read))]:
        rest = f" and reads {numbers.speed(read[only])}"
    elif wrote and read:
        rest = f", and {_compared(read, names, 'reads')}"
    uneven = any(
        timings.stddev_tps > UNEVEN * timings.avg_tps
        for response in responses.values()
        for timings in (response.pp, response.tg)
        if timings
    )
    notes = (_fates(responses, names), _disturbed(responses, names), uneven and DISTURBED)
    end = " ".join(filter(None, (f"{rest}.", *notes)))
    return Summary(finding=finding, rest=end)


def _disturbed(responses: Mapping[str, Response], names: Mapping[str, str]) -> str:
    """Whose cores other programs had, where the cores compute."""
    shorts = []
    for key, response in responses.items():
        timed = [timings for timings in (response.pp, response.tg) if timings]
        if not timed:
            continue
        used, granted = min(timings.cores_used for timings in timed), response.threads[1]
        if short_of_cores(used, granted, response.memory):
            shorts.append(f"{names[key]} {numbers.cores_got(used, granted)}")
    if not shorts:
        return ""
    return (
        f"Other programs disturbed it: {numbers.listed(shorts)}. Measure again when they are done."
    )


def _compared(tps: Mapping[str, float], names: Mapping[str, str], verb: str) -> str:
    fast, *others = sorted(tps, key=lambda key: -tps[key])
    if not others:
        return f"{names[fast]} {verb} {numbers.speed(tps[fast])} tokens a second"
    parts = []
    for key in others:
        ratio = tps[fast] / tps[key]
        as_fast = "as fast" if numbers.alike(ratio) else f"{numbers.factor(ratio)} times as fast"
        parts.append(f"{as_fast} as {names[key]}")
    return f"{names[fast]} {verb} {numbers.listed(parts)}"


def _fates(responses: Mapping[str, Response], names: Mapping[str, str]) -> str:
    """Who has no figures, or not all, and why."""
    fates = []
    for state, verb in (("failed", "failed"), ("cancelled", "was stopped")):
        who = [names[key] for key, response in responses.items() if response.state == state]
        if who:
            fates.append(
                f"{numbers.listed(who)} {verb if len(who) == 1 else verb.replace('was', 'were')}."
            )
    late = [names[key] for key, r in responses.items() if r.finish_reason == "time"]
    if late:
        fates.append(f"{numbers.listed(late)} ended at this host's limit of time.")
    return " ".join(fates)
