"""The answers of /v1/chat/completions, with what some servers add to it. Pure.

llama-server's `timings` and `prompt_progress`: tools/server/server-task.cpp of llama.cpp; `usage`:
platform.openai.com/docs/api-reference/chat-streaming; vLLM's `metrics` and `stop_reason`: docs.vllm.ai.
"""

from collections.abc import Mapping
from typing import Any

from compare.remote.answers import Decoder, count, rate, table


class ChatCompletion(Decoder):
    def take(self, message: Mapping[str, Any]) -> None:
        choices = message.get("choices")
        choice = table(choices[0]) if isinstance(choices, list) and choices else {}
        # A server that doesn't stream sends the whole message.
        said = table(choice.get("delta") or choice.get("message"))
        self._write("thinking", said.get("reasoning_content") or said.get("reasoning"))
        self._write("text", _text(said.get("content")))
        if isinstance(stopped_by := choice.get("stop_reason"), str):  # vLLM's
            self._stop_string = stopped_by
        self._usage(table(message.get("usage")))
        self._timings(table(message.get("timings")))
        self._metrics(table(message.get("metrics")))
        if progress := table(message.get("prompt_progress")):
            self._progress(progress.get("processed"), progress.get("total"))
            self._tell(prompt_tokens=count(progress.get("total")))
        self._ends(choice.get("finish_reason"))

    def _usage(self, usage: Mapping[str, Any]) -> None:
        self._tell(
            prompt_tokens=count(usage.get("prompt_tokens")),
            output_tokens=count(usage.get("completion_tokens")),
            cached_tokens=count(table(usage.get("prompt_tokens_details")).get("cached_tokens")),
            thinking_tokens=count(
                table(usage.get("completion_tokens_details")).get("reasoning_tokens")
            ),
        )

    def _timings(self, timings: Mapping[str, Any]) -> None:
        """Of the prompt, `prompt_n` tokens were evaluated and `cache_n` had been before."""
        cached, read = count(timings.get("cache_n")), count(timings.get("prompt_n"))
        written = count(timings.get("predicted_n"))
        self._tell(
            prompt_tokens=None if read is None else read + (cached or 0),
            cached_tokens=cached,
            output_tokens=written,
            prefill_tps=rate(timings.get("prompt_per_second")) if read else None,
            # A rate of one token is that of no interval.
            decode_tps=rate(timings.get("predicted_per_second")) if (written or 0) > 1 else None,
        )

    def _metrics(self, metrics: Mapping[str, Any]) -> None:
        """vLLM's `tokens_per_second` has the prompt within it; the mean between tokens hasn't."""
        if between_ms := rate(metrics.get("mean_itl_ms")):
            self._tell(decode_tps=rate(1000 / between_ms))


def _text(content: Any) -> Any:
    """Content may come in parts: [{"type": "text", "text": …}]."""
    if not isinstance(content, list):
        return content
    parts = [table(part).get("text") for part in content]
    return "".join(part for part in parts if isinstance(part, str))
