"""All answers of a comparison as text to paste elsewhere: Markdown, each under its model's name."""

from collections.abc import Mapping, Sequence

from compare.asked.comparison import Comparison
from compare.models.spec import ModelFile
from compare.numbers import rate
from compare.run.response import Response
from compare.words.column import RATES_BY, failure, state_line


def answers(
    comparison: Comparison, files: Sequence[ModelFile], responses: Mapping[str, Response]
) -> str:
    """The question, and of each file under a heading how it went and what it wrote, to the letter."""
    asked = [f"System prompt: {comparison.system}"] if comparison.system else []
    asked.append(f"Prompt: {comparison.prompt}")
    told = [_answer(file, responses[file.key], comparison.max_seconds) for file in files]
    return "\n\n".join([*asked, *told]) + "\n"


def _answer(file: ModelFile, response: Response, max_seconds: float | None) -> str:
    line = str(state_line(response, 0.0, max_seconds=max_seconds))
    if response.state == "failed":
        line = f"{line}: {failure(response)[0]}"
    if response.decode_tps is not None:
        line += f", {rate(response.decode_tps)}"
        if response.rates_by is not None:
            line += f" {RATES_BY[response.rates_by]}"
    parts = (f"## {file.name} {file.quant or ''}".rstrip(), line, response.text)
    return "\n\n".join(part for part in parts if part)
