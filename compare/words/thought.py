"""What a model thought before its answer, and why there may be none, as a person is told."""

from compare.numbers import elapsed, seconds, tokens
from compare.run.measures import Measures
from compare.run.response import Response


def thought_line(response: Response, now: float) -> str:
    """Thinking, 12 s, 64 tokens; then: Thought for 34.6 s, 180 tokens. Empty where it thought nothing."""
    if response.ended or response.first_answer_at is not None:
        return thought(response.measures)
    if not response.thinking:
        return ""
    lasted = elapsed(now - (response.first_token_at or now))
    return f"Thinking, {lasted}{_counted(response.measures)}"


def thought(measures: Measures) -> str:
    """The same of an answer that has ended, here or in a recording."""
    if not measures.has_thought:
        return ""
    return f"Thought for {seconds(measures.thought_s)}{_counted(measures)}"


def _counted(measures: Measures) -> str:
    """Some servers don't count what is thought apart."""
    return "" if measures.thinking_tokens is None else f", {tokens(measures.thinking_tokens)}"


def unsaid(response: Response) -> str | None:
    """What became of a finished answer that holds no text, after a name: ended while thinking."""
    if response.text.strip():
        return None
    if response.measures.thought_is_cut:
        return "ended while thinking"
    if response.stop_string is not None:
        return "met your stop string first"
    return "wrote nothing that shows" if response.output_tokens > 1 else "ended without a word"


def unanswered(
    measures: Measures, finish_reason: str | None, stop_string: str | None = None
) -> tuple[str, str]:
    """Why an answer that has ended holds no text, and what to do about it."""
    if measures.thought_is_cut:
        advice = "set Thinking to Off, where the model’s template can do that."
        match finish_reason:
            case "length":
                limit = tokens(measures.output_tokens)
                return (
                    f"It was still thinking at the limit of {limit}.",
                    f"Raise Max tokens, or {advice}",
                )
            case "time":
                return "It was still thinking when its time was up.", f"Ask for less, or {advice}"
        return "It ended while thinking, without an answer.", f"Run it again, or {advice}"
    if stop_string is not None:
        return (
            f"Your stop string “{stop_string}” came first.",
            "Take it out of Stop, or make it longer.",
        )
    if finish_reason == "length":
        return (
            f"It wrote nothing that shows, to the limit of {tokens(measures.output_tokens)}.",
            "Ask in other words, or use another file of this model.",
        )
    return (
        "It ended without a word.",
        "Ask in other words, or look at the prompt as it read it: where the chat template isn’t the model’s "
        "own, models end at once.",
    )
