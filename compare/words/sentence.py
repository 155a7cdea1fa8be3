"""All columns in one sentence, and what the buttons beside it are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.models.spec import ModelFile
from compare.numbers import alike, count, factor, listed, percent, size, speed
from compare.run.response import Response
from compare.words.thought import unsaid

ENOUGH_TOKENS = 10
"""Of fewer, the time between the first and the last is that of a few steps, and says little of a speed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The sentence under the columns: what stands before the finding, the finding, the rest."""

    before: str = ""
    finding: str = ""
    rest: str = ""

    def __str__(self) -> str:
        return self.before + self.finding + self.rest


def run_label(missing: Sequence[ModelFile]) -> str:
    """What Run is called, with the files it would have to download first."""
    if not missing:
        return "Run"
    sizes = [file.bytes for file in missing]
    if None in sizes:
        return "Download and run"
    return f"Download {size(sum(sizes))} and run"


def coming_note(files: Sequence[ModelFile]) -> str:
    """What a run would do without them at first, said before it."""
    names = listed([file.short for file in files])
    return f"{names} {'answers' if len(files) == 1 else 'answer'} when downloaded" if files else ""


BUSY = "A run is in progress. Stop it, or wait until it has ended; then run this."
"""What is said to who asks for another meanwhile."""


def seed_label(seed: int) -> str:
    return f"Use seed {seed} again"


def summary(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    """One sentence that compares the columns; nothing as long as there is nothing to say."""
    if not responses:
        return Summary()
    if all(response.ended for response in responses.values()):
        return _final(responses, names)
    return _so_far(responses, names)


_STILL = {
    "downloading": "still downloading",
    "loading": "still loading",
    "reading": "still reading the prompt",
    "queued": "waiting its turn",
}


def _so_far(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    timed = {k: r for k, r in responses.items() if r.decode_tps and not _brief(r)}
    behind = {
        key: response
        for key, response in responses.items()
        if key not in timed and not response.ended
    }
    if len(timed) < 2:
        if not timed and not any(response.first_token_at for response in responses.values()):
            return Summary()
        return _still(behind, names)
    fast, slow = _ends(timed)
    ratio = timed[fast].decode_tps / timed[slow].decode_tps
    if alike(ratio):
        return Summary(before="So far ", finding="they write at the same speed", rest=".")
    return Summary(
        before=f"{names[fast]} wrote ",
        finding=f"{factor(ratio)} times as fast",
        rest=f" as {names[slow]} so far.",
    )


def _still(behind: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    """Who is behind, and with what; the furthest behind first."""
    for state, still in _STILL.items():
        same = [names[key] for key, response in behind.items() if response.state == state]
        if same:
            verb, own = ("is", "its") if len(same) == 1 else ("are", "their")
            return Summary(before=f"{listed(same)} {verb} {still.replace('its', own)}.")
    return Summary()


def _final(responses: Mapping[str, Response], names: Mapping[str, str]) -> Summary:
    timed = {key: response for key, response in responses.items() if response.decode_tps}
    rest = {key: response for key, response in responses.items() if key not in timed}
    if not timed:
        return Summary(before=_why_nothing(rest, names))
    unanswered = _without_an_answer(timed, names)
    notes = _few(timed, names), _disturbed(timed, names)
    if len(timed) == 1:
        key, response = next(iter(timed.items()))
        finding = f"{names[key]} wrote {speed(response.decode_tps)} tokens a second."
        return _weighed(finding, _spaced(unanswered, _no_comparison(rest, names), *notes), timed)
    ranked = sorted(timed, key=lambda key: -timed[key].decode_tps)
    ratios = {key: timed[ranked[0]].decode_tps / timed[key].decode_tps for key in ranked[1:]}
    after = _spaced(_fairness(timed, names), _fates(rest, names), unanswered, *notes)
    finding = _finding(ranked, ratios, names)
    return _weighed(finding, f"{_memory_part(ranked, timed)}.{after}", timed)


def _spaced(*sentences: str) -> str:
    return "".join(f" {each}" for each in sentences if each)


def _weighed(finding: str, rest: str, timed: Mapping[str, Response]) -> Summary:
    """A finding, unless other programs had the cores or there is too little to find it from: then it says
    nothing of the models."""
    if any(r.measures.short_of_cores or _brief(r) for r in timed.values()):
        return Summary(before=finding, rest=rest)
    return Summary(finding=finding, rest=rest)


def _brief(response: Response) -> bool:
    """Whether an answer is too short for its speed to say something."""
    return response.output_tokens < ENOUGH_TOKENS


def _has_no_speed(response: Response) -> bool:
    """Whether all that is to be said of it is that it has none."""
    return response.state == "finished" and not unsaid(response)


def _few(timed: Mapping[str, Response], names: Mapping[str, str]) -> str:
    few = {names[key]: response for key, response in timed.items() if _brief(response)}
    if not few:
        return ""
    counts = listed([f"{count(r.output_tokens)} by {name}" for name, r in few.items()])
    return f"Few tokens were timed, {counts}: a longer answer says more."


def _disturbed(timed: Mapping[str, Response], names: Mapping[str, str]) -> str:
    who = [names[key] for key, response in timed.items() if response.measures.short_of_cores]
    if not who:
        return ""
    return f"Other programs had cores of {listed(who)}; run it again when they are done."


def _finding(ranked: list[str], ratios: dict[str, float], names: Mapping[str, str]) -> str:
    if len(ranked) == 2:
        ratio = ratios[ranked[1]]
        if alike(ratio):
            return f"{names[ranked[0]]} and {names[ranked[1]]} wrote at the same speed"
        return f"{names[ranked[0]]} wrote {factor(ratio)} times as fast"
    parts = [f"{factor(ratios[key])} times as fast as {names[key]}" for key in ranked[1:]]
    return f"{names[ranked[0]]} wrote {listed(parts)}"


def _memory_part(ranked: list[str], timed: Mapping[str, Response]) -> str:
    """What the faster of two took of the slower one's memory."""
    if len(ranked) != 2:
        return ""
    mine, other = (timed[key].memory.measured_bytes for key in ranked)
    if not mine or not other:
        return ""
    if alike(timed[ranked[0]].decode_tps / timed[ranked[1]].decode_tps):
        return ""
    share = mine / other
    if alike(share) or alike(1 / share):
        return " and took as much memory"
    if share < 1:
        return f" and took {percent(share)} of the memory"
    return f" and took {factor(share)} times the memory"


def _fairness(timed: Mapping[str, Response], names: Mapping[str, str]) -> str:
    if away := [names[key] for key, response in timed.items() if response.server]:
        where = "another machine" if len(away) == 1 else "other machines"
        return f"{listed(away)} ran on {where}: these are speeds of machines, too."
    if any(response.shared_with for response in timed.values()):
        return "Speeds were shared; run in turn for fair ones."
    return "Each ran alone."


def _no_comparison(rest: Mapping[str, Response], names: Mapping[str, str]) -> str:
    fates = _fates(rest, names).removesuffix(".")
    if not fates:
        return ""
    return f"{fates}, so there is nothing to compare it with."


def _why_nothing(rest: Mapping[str, Response], names: Mapping[str, str]) -> str:
    if len(rest) > 1 and all(response.state == "failed" for response in rest.values()):
        return f"{'Both' if len(rest) == 2 else 'All'} failed, so there is nothing to compare."
    fates = _fates(rest, names).removesuffix(".")
    return f"{fates}, so there is nothing to compare."


def _without_an_answer(timed: Mapping[str, Response], names: Mapping[str, str]) -> str:
    """Which of those that wrote long enough for a speed have answered nothing: SOLAR ended while thinking."""
    parts = _unsaid(timed, names)
    return f"{listed(parts)}." if parts else ""


def _unsaid(responses: Mapping[str, Response], names: Mapping[str, str]) -> list[str]:
    """Whose finished answers hold no text, and what became of them: SOLAR ended while thinking."""
    found: dict[str, list[str]] = {}
    for key, response in responses.items():
        if response.state == "finished" and (what := unsaid(response)):
            found.setdefault(what, []).append(names[key])
    return [f"{listed(who)} {what}" for what, who in found.items()]


def _fates(rest: Mapping[str, Response], names: Mapping[str, str]) -> str:
    """SOLAR failed. / TinyLlama was stopped and SOLAR failed."""
    fates = []
    for verb, plural, keys in (
        ("failed", "failed", [k for k, r in rest.items() if r.state == "failed"]),
        ("was stopped", "were stopped", [k for k, r in rest.items() if r.state == "cancelled"]),
        (
            "wrote too little for a speed",
            "wrote too little for a speed",
            [k for k, r in rest.items() if _has_no_speed(r) and r.counts_tokens],
        ),
        (
            "came without a count of its tokens",
            "came without a count of their tokens",
            [k for k, r in rest.items() if _has_no_speed(r) and not r.counts_tokens],
        ),
    ):
        if keys:
            who = listed([names[key] for key in keys])
            fates.append(f"{who} {verb if len(keys) == 1 else plural}")
    fates += _unsaid(rest, names)
    return f"{listed(fates)}." if fates else ""


def _ends(timed: Mapping[str, Response]) -> tuple[str, str]:
    ranked = sorted(timed, key=lambda key: -timed[key].decode_tps)
    return ranked[0], ranked[-1]


def twice(column: int, other_quants: bool) -> str:
    """That a column shows the file of an earlier one, counted from 1."""
    another = "model or quantization" if other_quants else "model"
    return f"Column {column} shows this file already. Choose another {another}."
