"""What the two articles claim about the models, and what the published scores say to it.

A claim about numbers holds no number of its own but the one the article gives: evidence, verdict and
sources are computed from the table each time. What no table can settle (a licence, a parentage, a label)
is typed, with its source, and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from compare.numbers import listed
from compare.scores import (
    View,
    averages,
    by_task,
    of_suite,
    points,
    signed,
)
from compare.suites import AVERAGE, NAMES, SUITES

Article = Literal["TinyLlama", "SOLAR"]
Tone = Literal["holds", "partly", "fails", "unknown"]
Source = tuple[str, str]
"""Title and address."""

CHAT = "TinyLlama-1.1B-Chat-v1.0"
BASE_3T = "TinyLlama-1.1B-intermediate-step-1431k-3T"
BASE_25T = "TinyLlama-1.1B-intermediate-step-1195k-2.5T"
PYTHIA = "Pythia-1.0B"
SOLAR, SOLAR_BASE = "SOLAR-10.7B-Instruct-v1.0", "SOLAR-10.7B-v1.0"
MIXTRAL = "Mixtral-8x7B-Instruct-v0.1"
NARROW = 1.0
"""A lead on average of fewer points than this is called narrow."""

TINYLLAMA_CARD = (
    "TinyLlama Chat v1.0's card",
    "https://huggingface.co/TinyLlama/TinyLlama-1.1B-Chat-v1.0",
)
TINYLLAMA_LIST = "TinyLlama’s EVAL.md", "https://github.com/jzhang38/TinyLlama/blob/main/EVAL.md"
SOLAR_PAPER = "SOLAR paper", "https://arxiv.org/abs/2312.15166"
SOLAR_CARD = "SOLAR Instruct's card", "https://huggingface.co/upstage/SOLAR-10.7B-Instruct-v1.0"
SOLAR_CHANGE = (
    "The change of its licence",
    "https://huggingface.co/upstage/SOLAR-10.7B-Instruct-v1.0/commit/"
    "53b019bbe40a4f76e7e9ee0cbeb63fdb8ca7c9b6",
)
SOLAR_BASE_CARD = "SOLAR base's card", "https://huggingface.co/upstage/SOLAR-10.7B-v1.0"
MIXTRAL_CARD = (
    "Mixtral Instruct's card",
    "https://huggingface.co/mistralai/Mixtral-8x7B-Instruct-v0.1",
)
BINDING = (
    "llama-cpp-python's changelog",
    "https://github.com/abetlen/llama-cpp-python/blob/main/CHANGELOG.md",
)


ARTICLES: dict[Article, Source] = {
    "TinyLlama": (
        "TinyLlama 1.1B – Size Doesn’t Matter",
        "https://www.analyticsvidhya.com/blog/2024/01/tinyllama-b-size-doesnt-matter/",
    ),
    "SOLAR": (
        "Solar 10.7B: Comparing Its Performance to Other Notable LLMs",
        "https://www.analyticsvidhya.com/blog/2024/01/"
        "solar-10-7b-comparing-its-performance-to-other-notable-llms/",
    ),
}
"""In the order in which their claims are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the scores, or a document, say to a claim."""

    tone: Tone
    verdict: str
    evidence: str
    sources: tuple[Source, ...] = ()
    view: View | None = None
    """the chart that shows it"""


@dataclass(frozen=True, slots=True)
class Claim:
    id: str
    article: Article
    said: str
    """the claim, in our words"""
    finding: Finding
    computed: bool
    """from the table, rather than typed"""


def claims(table: pd.DataFrame) -> list[Claim]:
    """Every claim with its verdict, in the articles' order."""
    found = [
        Claim(id_, article, said, question(table), True)
        for id_, (article, said, question) in _COMPUTED.items()
    ]
    found += [
        Claim(id_, article, said, finding, False)
        for id_, (article, said, finding) in _TYPED.items()
    ]
    return sorted(found, key=lambda claim: [*ARTICLES].index(claim.article))


# Questions to the table.

Question = Callable[[pd.DataFrame], Finding]


def ahead(a: str, b: str, suite: str = "v1", besides: str | None = None) -> Question:
    """Whether `a` is ahead of `b`: on average, by how much, and in which tasks it isn't.

    `besides`: a task without which the lead is told, too.
    """

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, a, b)
        wide = by_task(rows, suite).reindex([a, b])[list(SUITES[suite].chance)].T.dropna()
        if wide.empty:
            return _unknown(f"{_label(a)} and {_label(b)}", suite)
        apart = (wide[a] - wide[b]).round(4)
        shown = averages(rows, suite).reindex([a, b])
        printed = shown["printed"].notna().all()
        lead = float(shown["printed"][a] - shown["printed"][b]) if printed else float(apart.mean())
        lost = apart[apart < 0]
        verdict, tone = _lead(round(lead, 4), len(lost), len(apart))
        kind = "Printed average" if printed else "Mean of the tasks, computed"
        evidence = f"{kind}: {signed(lead)}."
        if lead < 0 and not printed:
            evidence = f"{kind}: {points(wide[a].mean())} against {points(wide[b].mean())}."
        evidence += f" Behind in {len(lost)} of {len(apart)}" + (
            f": {listed(f'{task} {signed(by)}' for task, by in lost.items())}."
            if len(lost)
            else "."
        )
        if besides in apart.index and len(apart) > 1:
            evidence += f" Without {besides}: {signed(apart.drop(besides).mean())}."
        kinds = rows.drop_duplicates("model").set_index("model")["model_kind"]
        if kinds[a] != kinds[b]:
            evidence += (
                f" Not like for like: one is a {kinds[a]} model, the other a {kinds[b]} one."
            )
        return Finding(
            tone, verdict, evidence, _sources(rows), View(suite, chart="difference", pair=(a, b))
        )

    return ask


def _lead(lead: float, lost: int, of: int) -> tuple[str, Tone]:
    if lead <= 0:
        return "Doesn’t hold", "fails"
    if lost * 2 >= of:
        return f"Only on average, by {points(lead)}", "partly"
    if lead < NARROW:
        return f"Holds narrowly, by {points(lead)}", "partly"
    return f"Holds, by {points(lead)}", "holds"


def on_v2(a: str, b: str) -> Question:
    """The same question put to the second leaderboard."""

    def ask(table: pd.DataFrame) -> Finding:
        found = ahead(a, b, "v2")(table)
        verdict = "Doesn’t hold on v2" if found.tone == "fails" else found.verdict
        return Finding(found.tone, verdict, found.evidence, found.sources, found.view)

    return ask


def average_is(model: str, claimed: float, suite: str, rounded: int = 2) -> Question:
    """Whether an average that an article gives, with `rounded` decimals, is what was printed and computes."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        if rows.empty:
            return _unknown(_label(model), suite)
        found = averages(rows, suite).loc[model]
        printed, computed = found["printed"], found["computed"]
        if printed != printed or computed != computed:
            return _unknown(f"{_label(model)} in all its tasks", suite)
        tasks = len(SUITES[suite].chance)
        evidence = f"Printed {points(printed)}; its {tasks} tasks give {points(computed)}."
        unit = 10.0**-rounded
        fits = [abs(claimed - value) <= unit / 2 + 1e-9 for value in (printed, computed)]
        cut = [0 < value - claimed < unit for value in (printed, computed)]
        verdict, tone = "Doesn’t hold", "fails"
        if all(fits):
            verdict, tone = "Holds", "holds"
        elif any(fits):
            as_is, other = ("printed", computed) if fits[0] else ("computed", printed)
            verdict, tone = f"As {as_is}; off by {points(abs(claimed - other))}", "partly"
        elif any(cut):
            verdict, tone = "Cut off, not rounded", "partly"
        return Finding(tone, verdict, evidence, _sources(rows), View(suite, models=(model,)))

    return ask


def scores_are(model: str, claimed: Mapping[str, float], suite: str) -> Question:
    """Whether the scores an article gives are those published."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        scores = rows.dropna(subset=["score"]).set_index("benchmark")["score"]
        there = [task for task in claimed if task in scores.index]
        if not there:
            return _unknown(_label(model), suite)
        wrong = [task for task in there if abs(scores[task] - claimed[task]) > 0.005]
        missing = [task for task in claimed if task not in there]
        right = len(there) - len(wrong)
        evidence = f"{right} of {len(claimed)} as published."
        if wrong:
            told = (
                f"{task} is {points(scores[task])}, not {points(claimed[task])}" for task in wrong
            )
            evidence += f" {listed(told)}."
        if missing:
            evidence += f" No score of {listed(missing)}."
        tone: Tone = "fails" if wrong else "partly" if missing else "holds"
        verdict = {"fails": "Doesn’t hold", "partly": "Holds where known", "holds": "Holds"}[tone]
        return Finding(tone, verdict, evidence, _sources(rows), View(suite, models=(model,)))

    return ask


def first_in(model: str, task: str, suite: str = "v1") -> Question:
    """Whether a model has the highest score of all in a task."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = of_suite(table, suite)
        rows = rows[rows["benchmark"] == task].dropna(subset=["score"])
        rows = rows.sort_values("score", ascending=False)
        if model not in set(rows["model"]) or len(rows) < 2:
            return _unknown(f"{_label(model)} and others in {task}", suite)
        place = list(rows["model"]).index(model) + 1
        best = rows.iloc[0] if place > 1 else rows.iloc[1]
        mine = rows.set_index("model").loc[model]
        evidence = (
            f"{points(mine['score'])}, place {place} of {len(rows)} models; {best['label']} has "
            f"{points(best['score'])}."
        )
        sources = _sources(rows[rows["model"].isin([model, best["model"]])])
        view = View(suite, chart="heat")
        if place == 1 and mine["score"] > best["score"]:
            return Finding(
                "holds",
                f"Holds, by {points(mine['score'] - best['score'])}",
                evidence,
                sources,
                view,
            )
        return Finding("fails", "Doesn’t hold", evidence, sources, view)

    return ask


def first_of_its_size(model: str, up_to_b: float, suite: str = "v1") -> Question:
    """Whether no model of its size has a higher average."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = of_suite(table, suite)
        rows = rows[rows["params_b"] <= up_to_b]
        found = averages(rows, suite).dropna(subset=["shown"])
        if model not in found.index or len(found) < 2:
            return _unknown(f"{_label(model)} and others of its size", suite)
        other = next(each for each in found.index if each != model)
        lead = found["shown"][model] - found["shown"][other]
        evidence = (
            f"Average {points(found['shown'][model])}; {_label(other)} has {points(found['shown'][other])}, "
            f"among {len(found)} models up to {up_to_b:g} B."
        )
        verdict, tone = (
            ("Doesn’t hold", "fails") if lead <= 0 else _lead(round(float(lead), 4), 0, 1)
        )
        return Finding(
            tone, verdict, evidence, _sources(rows[rows["model"].isin([model, other])]),
            View(suite, size="small", chart="sizes"),
        )  # fmt: skip

    return ask


def smaller_than(model: str, others: tuple[str, ...], suite: str = "v1") -> Question:
    """Whether a model has fewer parameters than each of the others."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model, *others)
        params = rows.drop_duplicates("model").set_index("model")["params_b"]
        if any(each not in params.index for each in (model, *others)):
            return _unknown("all of these models", suite)
        larger = [each for each in others if params[each] > params[model]]
        evidence = f"{_label(model)} has {params[model]:g} billion parameters, " + listed(
            f"{_label(each)} {params[each]:g}" for each in others
        )
        view = View(suite, models=(model, *others), chart="sizes")
        if len(larger) == len(others):
            return Finding("holds", "Holds", evidence + ".", _sources(rows), view)
        if larger:
            verdict = f"Only against {listed(map(_label, larger))}"
            return Finding("partly", verdict, evidence + ".", _sources(rows), view)
        return Finding("fails", "Doesn’t hold", evidence + ".", _sources(rows), view)

    return ask


def covers(model: str, task: str, suite: str) -> Question:
    """Whether an average is one over a task, too."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        tasks = list(rows.loc[rows["benchmark"] != AVERAGE, "benchmark"])
        if not tasks:
            return _unknown(_label(model), suite)
        evidence = f"The tasks behind it: {listed(tasks)}."
        view = View(suite, models=(model,))
        if task in tasks:
            return Finding("holds", "Holds", evidence, _sources(rows), view)
        return Finding("fails", "Doesn’t hold", evidence, _sources(rows), view)

    return ask


def last_is_best(last: str, suite: str) -> Question:
    """Whether the last checkpoint of a training has the highest average."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = of_suite(table, suite)
        rows = rows[(rows["model_kind"] == "base") & rows["model"].str.startswith("TinyLlama")]
        found = averages(rows, suite).dropna(subset=["shown"])
        if last not in found.index or len(found) < 2:
            return _unknown(f"{_label(last)} and its other checkpoints", suite)
        best = found.index[0]
        other = best if best != last else found.index[1]
        evidence = " against ".join(
            f"{_label(each)}: {points(found['shown'][each])}" for each in (last, other)
        )
        sources, view = _sources(rows), View(suite, chart="training")
        if best == last:
            return Finding("holds", "It is", evidence + ".", sources, view)
        by = points(found["shown"][best] - found["shown"][last])
        return Finding("fails", f"It isn’t: lower by {by}", evidence + ".", sources, view)

    return ask


def poor_at(model: str, task: str, suite: str, under: float = 10) -> Question:
    """Whether a model solves fewer than `under` in a hundred of a task's problems."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        rows = rows[rows["benchmark"] == task].dropna(subset=["score"])
        if rows.empty:
            return _unknown(f"{_label(model)} in {task}", suite)
        score = float(rows["score"].iloc[0])
        evidence = f"{task}: {points(score)} of 100. {_label(model)} is the nearest model listed."
        verdict, tone = ("Holds", "holds") if score < under else ("Doesn’t hold", "fails")
        return Finding(tone, verdict, evidence, _sources(rows), View(suite, models=(model,)))

    return ask


def eight_times_seven(model: str, suite: str = "v1") -> Question:
    """Whether eight models of 7 billion parameters make up this one."""

    def ask(table: pd.DataFrame) -> Finding:
        rows = _rows(table, suite, model)
        if rows.empty:
            return _unknown(_label(model), suite)
        params = float(rows["params_b"].iloc[0])
        evidence = (
            f"8 × 7 would be 56 billion; it has {params:g}, for the experts share all but their "
            "feed-forward layers."
        )
        verdict, tone = ("Holds", "holds") if params >= 55 else ("Doesn’t hold", "fails")
        return Finding(tone, verdict, evidence, _sources(rows[rows["benchmark"] == AVERAGE]))

    return ask


def _rows(table: pd.DataFrame, suite: str, *models: str) -> pd.DataFrame:
    rows = of_suite(table, suite)
    return rows[rows["model"].isin(models)]


def _sources(rows: pd.DataFrame) -> tuple[Source, ...]:
    pairs = zip(rows["source_title"], rows["source_url"], strict=True)
    return tuple(dict.fromkeys(pairs))


def _unknown(what: str, suite: str) -> Finding:
    return Finding("unknown", "Not known", f"{SUITES[suite].title} has no score of {what}.")


def _label(model: str) -> str:
    return NAMES[model].label


_SEVEN_SCORES = {
    "HellaSwag": 59.20, "OBQA": 36.00, "WinoGrande": 59.12, "ARC-c": 30.12, "ARC-e": 55.25,
    "BoolQ": 57.83, "PIQA": 73.29,
}  # fmt: skip
"""As the article gives them."""

_COMPUTED: dict[str, tuple[Article, str, Question]] = {
    "tinyllama-scores": (
        "TinyLlama", "Seven scores, from 30.12 on ARC-c to 73.29 on PIQA",
        scores_are(BASE_3T, _SEVEN_SCORES, "commonsense"),
    ),
    "tinyllama-average": (
        "TinyLlama", "52.99 on average, in its text",
        average_is(BASE_3T, 52.99, "commonsense"),
    ),
    "tinyllama-average-cut": (
        "TinyLlama", "52.9 on average, in its table",
        average_is(BASE_3T, 52.9, "commonsense", rounded=1),
    ),
    "tinyllama-mmlu": (
        "TinyLlama", "The average covers MMLU, too", covers(BASE_3T, "MMLU", "commonsense"),
    ),
    "pythia-average": (
        "TinyLlama", "Pythia 1B has 48.3 on average",
        average_is(PYTHIA, 48.3, "commonsense", rounded=1),
    ),
    "tinyllama-pythia": (
        "TinyLlama", "TinyLlama is ahead of Pythia 1B", ahead(BASE_3T, PYTHIA, "commonsense"),
    ),
    "tinyllama-size": (
        "TinyLlama", "At the top for its size", first_of_its_size(BASE_3T, 1.5),
    ),
    "tinyllama-maths": (
        "TinyLlama", "Very poor at simple maths", poor_at(BASE_3T, "GSM8K", "v1"),
    ),
    "tinyllama-last": (
        "TinyLlama", "Left unsaid: is the last checkpoint, the one scored, the best?",
        last_is_best(BASE_3T, "commonsense"),
    ),
    "solar-mixtral": (
        "SOLAR", "SOLAR Instruct clearly beats Mixtral 8x7B", ahead(SOLAR, MIXTRAL, besides="TruthfulQA"),
    ),
    "solar-mixtral-v2": (
        "SOLAR", "The same, asked of the later leaderboard", on_v2(SOLAR, MIXTRAL),
    ),
    "solar-qwen-72b": ("SOLAR", "SOLAR Instruct beats Qwen 72B", ahead(SOLAR, "Qwen-72B")),
    "solar-falcon": ("SOLAR", "SOLAR Instruct beats Falcon 180B", ahead(SOLAR, "Falcon-180B")),
    "solar-arc": ("SOLAR", "SOLAR Instruct is first of all on ARC", first_in(SOLAR, "ARC")),
    "solar-truthfulqa": (
        "SOLAR", "SOLAR Instruct is first of all on TruthfulQA", first_in(SOLAR, "TruthfulQA"),
    ),
    "solar-base-mistral": (
        "SOLAR", "Even the base model beats Mistral 7B Instruct",
        ahead(SOLAR_BASE, "Mistral-7B-Instruct-v0.2"),
    ),
    "solar-base-qwen": ("SOLAR", "Even the base model beats Qwen 14B", ahead(SOLAR_BASE, "Qwen-14B")),
    "solar-smaller": (
        "SOLAR", "It does so with fewer parameters than Mistral 7B and Qwen 14B",
        smaller_than(SOLAR_BASE, ("Mistral-7B-Instruct-v0.2", "Qwen-14B")),
    ),
    "mixtral-parameters": ("SOLAR", "Mixtral is eight models of 7 B", eight_times_seven(MIXTRAL)),
}  # fmt: skip

_TYPED: dict[str, tuple[Article, str, Finding]] = {
    "tinyllama-label": (
        "TinyLlama", "The scores are those of the model it downloads, Chat v1.0",
        Finding(
            "fails", "Mislabelled",
            "They are the base checkpoint's, of which Chat v1.0 is a tuned descendant. The makers' list "
            "has chat models up to v0.4 only.",
            (TINYLLAMA_LIST, TINYLLAMA_CARD),
        ),
    ),
    "tinyllama-template": (
        "TinyLlama", "Prompts go in ChatML",
        Finding(
            "fails", "Doesn’t hold",
            "Chat v1.0 was tuned on Zephyr's form: <|user|>, text, </s>. The Compare tab uses that.",
            (TINYLLAMA_CARD,),
        ),
    ),
    "tinyllama-languages": (
        "TinyLlama", "It answers well in many languages",
        Finding(
            "unknown", "Not shown",
            "The card names English as its only language, and no score in another one was found.",
            (TINYLLAMA_CARD,),
        ),
    ),
    "tinyllama-uses": (
        "TinyLlama",
        "It suits translation, product descriptions, feedback analysis and assistants on a device",
        Finding(
            "unknown", "Not shown", "None of the tasks scored here is one of these.",
            (ARTICLES["TinyLlama"],),
        ),
    ),
    "tinyllama-answers": (
        "TinyLlama", "It copes with a question of logic and a trick question",
        Finding(
            "unknown", "Not shown",
            "Two prompts, asked once, whose answers the article shows as pictures. Ask them yourself on the "
            "Compare tab.",
            (ARTICLES["TinyLlama"],),
        ),
    ),
    "tinyllama-cublas": (
        "TinyLlama", "A GPU needs a build with LLAMA_CUBLAS on",
        Finding("fails", "Out of date", "That option was removed; it is GGML_CUDA now.", (BINDING,)),
    ),
    "solar-licence": (
        "SOLAR", "It is under Apache 2.0",
        Finding(
            "partly", "Only the base model",
            "The Instruct model, the one the article runs, is under CC BY-NC 4.0: not for commercial use. "
            "Its card named Apache 2.0 at first, and was changed for the data it was tuned on.",
            (SOLAR_CARD, SOLAR_CHANGE, SOLAR_BASE_CARD),
        ),
    ),
    "solar-parents": (
        "SOLAR", "It is a merge of two Llama 2 7B models",
        Finding(
            "fails", "Doesn’t hold",
            "One network of Llama 2's architecture with Mistral 7B's weights was doubled, less eight layers "
            "of each copy, to 48, and trained on. Further down the article says Mistral's weights itself.",
            (SOLAR_PAPER,),
        ),
    ),
    "solar-stages": (
        "SOLAR", "Instruction tuning and alignment are its two stages of pretraining",
        Finding(
            "fails", "Mislabelled",
            "Both are fine-tuning; the pretraining came before and went on after the doubling.",
            (SOLAR_PAPER,),
        ),
    ),
    "solar-mistral-8x7b": (
        "SOLAR", "Its rival is called Mistral 8x7B",
        Finding(
            "fails", "Mislabelled", "The model of that size is Mixtral 8x7B; Mistral is the 7 B one.",
            (MIXTRAL_CARD,),
        ),
    ),
    "solar-answers": (
        "SOLAR", "It handles trick questions, a series and a question of logic very well",
        Finding(
            "unknown", "Not shown",
            "Four prompts, asked once, whose answers the article shows as pictures. Ask them yourself on the "
            "Compare tab.",
            (ARTICLES["SOLAR"],),
        ),
    ),
}  # fmt: skip
