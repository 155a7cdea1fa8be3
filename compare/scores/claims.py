"""What the two articles claim about the models, and what the published scores say to it.

A claim about numbers holds no number of its own but the one the article gives: evidence, verdict and
sources are computed from the table each time. What no table can settle (a licence, a parentage, a label)
is typed, with its source, and says so.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from compare.scores.questions import (
    Finding,
    Question,
    Source,
    ahead,
    average_is,
    covers,
    eight_times_seven,
    first_in,
    first_of_its_size,
    last_is_best,
    on_v2,
    poor_at,
    scores_are,
    smaller_than,
)

Article = Literal["TinyLlama", "SOLAR"]

BASE_3T = "TinyLlama-1.1B-intermediate-step-1431k-3T"
PYTHIA = "Pythia-1.0B"
SOLAR, SOLAR_BASE = "SOLAR-10.7B-Instruct-v1.0", "SOLAR-10.7B-v1.0"
MIXTRAL = "Mixtral-8x7B-Instruct-v0.1"

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
    of_articles = [
        Claim(id_, article, said, question(table), True)
        for id_, (article, said, question) in _COMPUTED.items()
    ]
    of_articles += [
        Claim(id_, article, said, finding, False)
        for id_, (article, said, finding) in _TYPED.items()
    ]
    return sorted(of_articles, key=lambda claim: [*ARTICLES].index(claim.article))


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
