"""The answers of Ollama's /api/chat: a line of JSON each, times in nanoseconds. Pure.

github.com/ollama/ollama, docs/api.md.
"""

from collections.abc import Mapping
from typing import Any

from compare.remote.answers import Decoder, count, rate, table
from compare.remote.framing import Lines


class OllamaChat(Decoder):
    framing = Lines

    def take(self, message: Mapping[str, Any]) -> None:
        said = table(message.get("message"))
        self._write("thinking", said.get("thinking"))
        self._write("text", said.get("content"))
        if message.get("done") is not True:
            return
        read, written = count(message.get("prompt_eval_count")), count(message.get("eval_count"))
        self._tell(
            prompt_tokens=read,
            output_tokens=written,
            prefill_tps=_tps(read, message.get("prompt_eval_duration")),
            decode_tps=_tps(written, message.get("eval_duration")),
            load_s=_seconds(message.get("load_duration")),
        )
        self._ends(message.get("done_reason") or "stop")


def _tps(tokens: int | None, duration_ns: Any) -> float | None:
    seconds = _seconds(duration_ns)
    return rate(tokens / seconds) if tokens and seconds else None


def _seconds(duration_ns: Any) -> float | None:
    if isinstance(duration_ns, bool) or not isinstance(duration_ns, int | float):
        return None
    return duration_ns / 1e9 if 0 < duration_ns < 1e18 else None
