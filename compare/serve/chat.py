"""/v1/chat/completions: what is asked there as a request to a model's process, its events as chunks. Pure.

As llama-server has it: its settings beyond OpenAI's, `timings` in the last chunk, `prompt_progress` where
that is asked for (tools/server/README.md of llama.cpp).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from compare import letters
from compare.asked.settings import SamplingParams
from compare.models.spec import ModelFile
from compare.protocol.events import Delta, Event, Failed, Finished, Prefill, Started
from compare.protocol.requests import Generate, Message
from compare.run.response import Response
from compare.usage import UsageError, faults

ROLES = "system", "user", "assistant"
_SAMPLING = "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed"
ALL_THERE_IS_ROOM_FOR = 1_000_000
OWNER = "gguf-side-by-side"
_ERRORS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A document of a request, read and checked."""

    model: str
    messages: tuple[Message, ...]
    sampling: SamplingParams
    stream: bool = False
    usage: bool = False
    """wanted in the stream, as a chunk of its own"""
    timings: bool = False
    """wanted in each chunk"""
    progress: bool = False

    def request(self, run: int, file: ModelFile, threads: int) -> Generate:
        """What a loaded model is asked."""
        return Generate(
            run=run, messages=self.messages, template=file.template, guessed=file.guessed,
            template_stop=file.template_stop, threads=threads, max_seconds=None,
            **self.sampling.model_dump(),
        )  # fmt: skip


def read(document: Any) -> Asked:
    """What is asked. Raises UsageError."""
    if not isinstance(document, dict):
        raise UsageError("The request must be a JSON object.")
    model = document.get("model")
    if not isinstance(model, str):
        raise UsageError("model is missing. Name one of those that /v1/models lists.")
    given = {name: document[name] for name in _SAMPLING if document.get(name) is not None}
    most = document.get("max_completion_tokens", document.get("max_tokens"))
    given["max_tokens"] = ALL_THERE_IS_ROOM_FOR if most is None else most
    stop = document.get("stop") or ()
    given["stop"] = (stop,) if isinstance(stop, str) else stop
    try:
        sampling = SamplingParams(**given, thinking=_thinking(document.get("chat_template_kwargs")))
    except ValidationError as error:
        raise UsageError(str(faults(error)[0])) from error
    options = document.get("stream_options")
    return Asked(
        model, _messages(document.get("messages")), sampling, document.get("stream") is True,
        isinstance(options, dict) and options.get("include_usage") is True,
        document.get("timings_per_token") is True, document.get("return_progress") is True,
    )  # fmt: skip


def _messages(given: Any) -> tuple[Message, ...]:
    if not isinstance(given, list) or not given:
        raise UsageError("messages is missing, or holds none. Write what is asked.")
    messages = []
    for each in given:
        role = each.get("role") if isinstance(each, dict) else None
        role = "system" if role == "developer" else role
        if role not in ROLES:
            raise UsageError(f"A message needs a role: {', '.join(ROLES)}.")
        text = each.get("content")
        if isinstance(text, list):
            text = "".join(str(p.get("text", "")) if isinstance(p, dict) else "" for p in text)
        if not isinstance(text, str) or letters.whole(text) != text:
            raise UsageError("A message's content must be text.")
        messages.append(Message(role, text))
    if messages[-1].role != "user" or not messages[-1].content.strip():
        raise UsageError("The last message must be the user's, and not empty.")
    return tuple(messages)


def _thinking(kwargs: Any) -> str:
    if not isinstance(kwargs, dict):
        return "auto"
    if isinstance(switch := kwargs.get("enable_thinking"), bool):
        return "on" if switch else "off"
    return str(kwargs.get("reasoning_effort", "auto"))


@dataclass
class Chunks:
    """The chunks of one answer, as its events come."""

    asked: Asked
    id: str
    created: int
    """seconds since 1970"""
    response: Response = field(default_factory=Response)

    def after(self, event: Event) -> Iterator[str]:
        """The lines of the stream that an event is worth."""
        before, self.response = self.response, self.response.after(event)
        match event:
            case Failed(message=message):
                yield line(error("; ".join(message.splitlines()), 500))
            case Started():
                yield self._chunk({"role": "assistant", "content": None})
            case Prefill(done=done, total=total) if self.asked.progress:
                progress = {"total": total, "cache": 0, "processed": done}
                yield self._chunk({}, prompt_progress=progress)
            case Delta() | Finished() if delta := self._delta(before):
                yield self._chunk(
                    delta, **({"timings": self.timings} if self.asked.timings else {})
                )
        if isinstance(event, Finished):
            yield from self._end()

    def _delta(self, before: Response) -> dict[str, str]:
        """What is new of its texts. What turned out to have been thinking can't be taken back here."""
        now, delta = self.response, {}
        if len(now.thinking) > len(before.thinking) and now.thinking.startswith(before.thinking):
            delta["reasoning_content"] = now.thinking[len(before.thinking) :]
        if len(now.text) > len(before.text):
            delta["content"] = now.text[len(before.text) :]
        return delta

    def _end(self) -> Iterator[str]:
        if self.asked.usage:
            yield self._chunk({}, reason=self.reason)
            yield self._chunk(None, usage=self.usage, timings=self.timings)
        else:
            yield self._chunk({}, reason=self.reason, timings=self.timings)
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict | None, reason: str | None = None, **more: Any) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
        return line(self._head("chat.completion.chunk") | {"choices": choices} | more)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.asked.model}

    @property
    def whole(self) -> dict[str, Any]:
        """The answer as one document, where no stream was asked for."""
        message = {"role": "assistant", "content": self.response.text}
        if self.response.thinking:
            message["reasoning_content"] = self.response.thinking
        choice = {"index": 0, "message": message, "finish_reason": self.reason}
        more = {"choices": [choice], "usage": self.usage, "timings": self.timings}
        return self._head("chat.completion") | more

    @property
    def reason(self) -> str:
        return "length" if self.response.finish_reason == "length" else "stop"

    @property
    def usage(self) -> dict[str, Any]:
        read, wrote = self.response.prompt_tokens or 0, self.response.output_tokens
        return {
            "prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote,
            "prompt_tokens_details": {"cached_tokens": self.response.cached_tokens or 0},
            "completion_tokens_details": {"reasoning_tokens": self.response.thinking_tokens},
        }  # fmt: skip

    @property
    def timings(self) -> dict[str, Any]:
        """By llama-server's names. Its rate of writing is ours: the first token belongs to the prompt."""
        response = self.response
        told = {
            "cache_n": response.cached_tokens or 0, "prompt_n": response.evaluated_tokens or 0,
            "predicted_n": response.output_tokens,
        }  # fmt: skip
        if response.prefill_tps:
            told["prompt_ms"] = response.prefill_eval_s * 1000
            told["prompt_per_second"] = response.prefill_tps
        if response.decode_tps:
            told["predicted_ms"] = response.output_tokens / response.decode_tps * 1000
            told["predicted_per_second"] = response.decode_tps
        return told


def error(message: str, status: int) -> dict[str, Any]:
    """What is sent where no answer is, or no more of it."""
    kind = _ERRORS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": letters.whole(message), "type": kind, "code": status}}


def models(names: Mapping[str, Any]) -> dict[str, Any]:
    """The document of /v1/models."""
    data = [{"id": name, "object": "model", "created": 0, "owned_by": OWNER} for name in names]
    return {"object": "list", "data": data}


def line(document: Mapping[str, Any]) -> str:
    """A document as an event of the stream."""
    text = letters.whole(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return f"data: {text}\n\n"
