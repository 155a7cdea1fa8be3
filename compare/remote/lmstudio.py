"""The answers of LM Studio's /api/v1/chat: named events, whose `type` says what each tells. Pure.

lmstudio.ai/docs/developer/rest/streaming-events.
"""

from collections.abc import Mapping
from typing import Any

from compare.remote.answers import Decoder, count, rate, table


class LmStudioChat(Decoder):
    def take(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "reasoning.delta":
                self._write("thinking", message.get("content"))
            case "message.delta":
                self._write("text", message.get("content"))
            case "model_load.end":
                self._tell(load_s=rate(message.get("load_time_seconds")))
            case "chat.end":
                self._end_of(table(table(message.get("result")).get("stats")))

    def _end_of(self, stats: Mapping[str, Any]) -> None:
        written = count(stats.get("total_output_tokens"))
        self._tell(
            prompt_tokens=count(stats.get("input_tokens")),
            output_tokens=written,
            thinking_tokens=count(stats.get("reasoning_output_tokens")),
            decode_tps=rate(stats.get("tokens_per_second")),
            load_s=rate(stats.get("model_load_time_seconds")),
        )
        # It doesn't say why it ended; only the limit can have been the reason at the limit.
        self._ends("length" if written == self._max_tokens else "stop")
