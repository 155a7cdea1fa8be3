"""The suites and models of the published scores: what they are called, their tasks, their colours. Data only.

To add a model, add its rows to data/scores.csv and one line to NAMES; without the line it stands there
under its full name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

AVERAGE = "Average"
Chart = Literal["tasks", "sizes", "difference", "heat", "training"]
Kind = Literal["any", "chat", "base"]


@dataclass(frozen=True, slots=True)
class Name:
    label: str
    colour: str | None = None
    """A colour of the page's, by its name there; without one a model is drawn muted."""


NAMES = {
    "TinyLlama-1.1B-Chat-v1.0": Name("TinyLlama Chat", "tinyllama"),
    "TinyLlama-1.1B-intermediate-step-1431k-3T": Name("TinyLlama base 3T", "tinyllama"),
    "SOLAR-10.7B-Instruct-v1.0": Name("SOLAR Instruct", "solar"),
    "SOLAR-10.7B-v1.0": Name("SOLAR base", "solar"),
    "Mixtral-8x7B-Instruct-v0.1": Name("Mixtral Instruct", "mixtral"),
    "Mixtral-8x7B-v0.1": Name("Mixtral base", "mixtral"),
    "Mistral-7B-Instruct-v0.2": Name("Mistral 7B Instruct", "other-1"),
    "Mistral-7B-v0.1": Name("Mistral 7B base", "other-1"),
    "Qwen-72B": Name("Qwen 72B", "other-2"),
    "Qwen-14B": Name("Qwen 14B", "other-2"),
    "Llama-2-70b-chat": Name("Llama 2 70B Chat", "other-3"),
    "Llama-2-70b-hf": Name("Llama 2 70B", "other-3"),
    "Falcon-180B": Name("Falcon 180B"),
    "Yi-34B": Name("Yi 34B"),
    "Yi-34B-Chat": Name("Yi 34B Chat"),
    "Yi-34B-200K": Name("Yi 34B 200K"),
    "Pythia-1.0B": Name("Pythia 1B"),
    "Pythia-1.4B": Name("Pythia 1.4B"),
    "Pythia-1B-deduped": Name("Pythia 1B deduped"),
    "Pythia-1.4B-deduped": Name("Pythia 1.4B deduped"),
    "OPT-1.3B": Name("OPT 1.3B"),
    "TinyLlama_v1.1": Name("TinyLlama v1.1"),
    "TinyLlama-1.1B-intermediate-step-50K-104b": Name("TinyLlama 0.1T"),
    "TinyLlama-1.1B-intermediate-step-240k-503b": Name("TinyLlama 0.5T"),
    "TinyLlama-1.1B-intermediate-step-480k-1007B": Name("TinyLlama 1T"),
    "TinyLlama-1.1B-intermediate-step-715k-1.5T": Name("TinyLlama 1.5T"),
    "TinyLlama-1.1B-intermediate-step-955k-2T": Name("TinyLlama 2T"),
    "TinyLlama-1.1B-intermediate-step-1195k-2.5T": Name("TinyLlama 2.5T"),
    "TinyLlama-1.1B-Chat-v0.1": Name("TinyLlama Chat v0.1"),
    "TinyLlama-1.1B-Chat-v0.2": Name("TinyLlama Chat v0.2"),
    "TinyLlama-1.1B-Chat-v0.3": Name("TinyLlama Chat v0.3"),
    "TinyLlama-1.1B-Chat-v0.4": Name("TinyLlama Chat v0.4"),
    "SOLAR 10.7B + SFT": Name("SOLAR research, SFT"),
    "SOLAR 10.7B + SFT + DPO": Name("SOLAR research, SFT and DPO"),
    "SOLAR 10.7B + SFT + sDPO": Name("SOLAR research, SFT and sDPO"),
}


@dataclass(frozen=True, slots=True)
class Suite:
    """Tasks that were run alike, so that their scores may stand on one axis."""

    id: str
    """in links"""
    name: str
    """in the table"""
    title: str
    about: str
    chance: Mapping[str, float | None]
    """Its tasks, in their order, and what guessing scores; None where that isn't known or no use."""
    averaged: bool = True
    """its source prints the mean of the tasks"""
    lowest: float = 0
    highest: float = 100
    charts: tuple[Chart, ...] = ()
    """none: a table only"""
    opening: tuple[str, ...] = ()
    """the models drawn task by task until others are chosen; the first two are compared first"""
    doubtful: tuple[str, ...] = ()
    """models drawn only when they are chosen by name"""
    second: str | None = None
    """the name of the suite that is a second reading of this one"""

    @property
    def benchmarks(self) -> tuple[str, ...]:
        return (*self.chance, AVERAGE) if self.averaged else tuple(self.chance)


_H6 = {
    "ARC": 25, "HellaSwag": 25, "MMLU": 25, "TruthfulQA": None, "Winogrande": 50, "GSM8K": None,
}  # fmt: skip
_SEVEN = {
    "HellaSwag": 25, "OBQA": 25, "WinoGrande": 50, "ARC-c": 25, "ARC-e": 25, "BoolQ": 50, "PIQA": 50,
}  # fmt: skip
_ALSO = "Open LLM Leaderboard v1 (H6) - alternate snapshot"

SUITES: dict[str, Suite] = {
    suite.id: suite
    for suite in (
        Suite(
            "v1", "Open LLM Leaderboard v1 (H6)", "Open LLM Leaderboard v1",
            "Six tasks and their mean, also called H6. TinyLlama Chat was never listed, its base model "
            "was. Yi 34B 200K is drawn only when you choose it, for another reading of it differs widely.",
            _H6, charts=("tasks", "sizes", "difference", "heat"),
            opening=(
                "SOLAR-10.7B-Instruct-v1.0", "Mixtral-8x7B-Instruct-v0.1", "Qwen-72B",
                "TinyLlama-1.1B-intermediate-step-1431k-3T",
            ),
            doubtful=("Yi-34B-200K",), second=_ALSO,
        ),
        Suite(
            "v2", "Open LLM Leaderboard v2 (raw)", "Open LLM Leaderboard v2, raw",
            "Raw scores: the leaderboard's own pages rescale most of them against chance, so theirs look "
            "lower. No average is published. TinyLlama Chat's IFEval is far under its base model's, "
            "and suspect.",
            {"IFEval": None, "BBH": None, "MATH Lvl 5": None, "GPQA": 25, "MuSR": None, "MMLU-PRO": 10},
            averaged=False, charts=("tasks", "sizes", "difference", "heat"),
            opening=(
                "SOLAR-10.7B-Instruct-v1.0", "Mixtral-8x7B-Instruct-v0.1", "TinyLlama-1.1B-Chat-v1.0",
            ),
        ),
        Suite(
            "commonsense", "TinyLlama commonsense (0-shot, lm-eval-harness)", "TinyLlama’s seven tasks",
            "Run by TinyLlama's makers on each checkpoint, without examples in the prompt. The released "
            "Chat v1.0 is not among them.",
            _SEVEN, charts=("tasks", "training", "difference", "heat"),
            opening=("TinyLlama-1.1B-intermediate-step-1431k-3T", "Pythia-1.0B"),
        ),
        Suite(
            "commonsense-paper", "TinyLlama commonsense (0-shot) - paper Table 2",
            "TinyLlama’s seven tasks, in the paper",
            "The same seven tasks as the paper prints them; two values differ from the project's own list.",
            _SEVEN,
        ),
        Suite(
            "problems", "TinyLlama problem solving (InstructEval)", "TinyLlama’s problem solving",
            "The source doesn't name the metric, and ends before the last checkpoint.",
            {"MMLU": 25, "BBH": None, "HumanEval": None, "DROP": None}, averaged=False,
        ),
        Suite(
            "v1-again", _ALSO, "Open LLM Leaderboard v1, read again",
            "The leaderboard of v1 at another time. There it shows how much a second reading moves.",
            _H6, averaged=False,
        ),
        Suite(
            "gpt4all", "GPT4All seven tasks (0-shot, lm-eval, third-party AutoEval)",
            "Seven tasks, run by a third party",
            "The same seven tasks with another version of the harness: not comparable with the "
            "project's own list.",
            _SEVEN,
        ),
        Suite(
            "nous", "Nous benchmark suite (third-party AutoEval)", "Nous suite, run by a third party",
            "Averages of four groups of tasks, for one model.",
            {"AGIEval": None, "GPT4All": None, "TruthfulQA": None, "Bigbench": None},
        ),
        Suite(
            "mt-bench", "MT-Bench", "MT-Bench",
            "Marks from 1 to 10 given by a judging model. The vendor's and a third party's marks differ, "
            "and the released SOLAR Instruct has none.",
            dict.fromkeys(
                ("MT-Bench", "MT-Bench turn 1 (third-party re-run)", "MT-Bench turn 2 (third-party re-run)")
            ),
            averaged=False, lowest=1, highest=10,
        ),
        Suite(
            "eq-bench", "EQ-Bench", "EQ-Bench",
            "Research variants of SOLAR only, not the released model.",
            {"EQ-Bench": None}, averaged=False,
        ),
        Suite(
            "rewardbench", "RewardBench (as DPO implicit reward)", "RewardBench",
            "How the models judge answers, which says nothing about how they chat.",
            {
                "Overall": None, "Chat": None, "Chat Hard": None, "Safety": None, "Reasoning": None,
                "Prior Sets (0.5 weight)": None,
            },
            averaged=False,
        ),
    )
}  # fmt: skip
BY_NAME = {suite.name: suite for suite in SUITES.values()}

CHARTS: dict[Chart, str] = {
    "tasks": "By task",
    "sizes": "By size",
    "training": "Over training",
    "difference": "Difference",
    "heat": "All models",
}
KINDS: dict[Kind, str] = {"any": "Chat and base", "chat": "Chat", "base": "Base"}
SIZES = {
    "any": ("Any size", 0.0, math.inf),
    "small": ("Up to 3 B", 0.0, 3.0),
    "medium": ("3 to 20 B", 3.0, 20.0),
    "large": ("Over 20 B", 20.0, math.inf),
}
"""Parameters in billions: over the first figure, up to the second."""
