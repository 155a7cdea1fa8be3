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
        # Some send it once more behind the deltas.
        said = table(choice["delta"] if "delta" in choice else choice.get("message"))
        self._write("thinking", _thought(said))
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
        """Some leave the thinking out of `completion_tokens`: then only `total_tokens` has it."""
        read, written = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
        thought = count(table(usage.get("completion_tokens_details")).get("reasoning_tokens"))
        total = count(usage.get("total_tokens"))
        if thought and None not in (read, written) and total == read + written + thought:
            written += thought
        self._tell(
            prompt_tokens=read, output_tokens=written, thinking_tokens=thought,
            cached_tokens=count(table(usage.get("prompt_tokens_details")).get("cached_tokens")),
        )  # fmt: skip

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
    return _joined(content, "text") if isinstance(content, list) else content


def _thought(said: Mapping[str, Any]) -> str:
    """`reasoning_content` of DeepSeek and llama-server, `reasoning` of vLLM and OpenRouter, which has its
    parts beside it as `reasoning_details`; Mistral's stands among the parts of the content.
    """
    told = [said.get(name) for name in ("reasoning_content", "reasoning", "thinking")]
    if plain := next((each for each in told if isinstance(each, str) and each), None):
        return plain
    details = said.get("reasoning_details")
    parts = [_joined(details, name) for name in ("text", "summary")]
    content = said.get("content") if isinstance(said.get("content"), list) else []
    parts += [_joined(table(part).get("thinking"), "text") for part in content]
    return "".join(parts)


def _joined(parts: Any, name: str) -> str:
    found = [table(part).get(name) for part in parts] if isinstance(parts, list) else []
    return "".join(part for part in found if isinstance(part, str))
