"""The kinds of servers: where each is asked, how, which settings it drops, and who reads its answers. Pure.

What each takes was read in its documentation and source: llama.cpp's tools/server/README.md, docs.vllm.ai,
docs.ollama.com/api, lmstudio.ai/docs/developer, huggingface.co/docs/text-generation-inference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compare.protocol.requests import Generate
from compare.remote.answers import Decoder
from compare.remote.lmstudio import LmStudioChat
from compare.remote.ollama import OllamaChat
from compare.remote.openai import ChatCompletion

SETTINGS = "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed"
"""How tokens are chosen, by our names; every kind takes max_tokens."""
EFFORTS = "low", "medium", "high"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of server. `body` makes a request's document, for a model by the server's name for it."""

    name: str
    """the program, as a person reads it"""
    path: str
    body: Callable[[Generate, str], dict[str, Any]]
    takes: frozenset[str]
    """of SETTINGS, `stop` and `thinking`, what counts there"""
    decoder: type[Decoder] = ChatCompletion

    def drops(self, request: Generate) -> tuple[str, ...]:
        """The names of the settings that would count here, and don't there."""
        asked = [*SETTINGS]
        asked += ["stop"] if request.stop else []
        asked += ["thinking"] if request.thinking != "auto" else []
        asked += ["raw"] if request.raw else []
        return tuple(name for name in asked if name not in self.takes)


def _messages(request: Generate) -> list[dict[str, str]]:
    return [{"role": each.role, "content": each.content} for each in request.messages]


def _chat(request: Generate, model: str, **more: Any) -> dict[str, Any]:
    """What every OpenAI-compatible server takes."""
    body = {
        "model": model,
        "messages": _messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        **more,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    return body


def _switch(request: Generate) -> dict[str, Any]:
    """Thinking, as chat templates have it: a switch, or an effort."""
    if request.thinking == "auto":
        return {}
    if request.thinking in EFFORTS:
        return {"chat_template_kwargs": {"reasoning_effort": request.thinking}}
    return {"chat_template_kwargs": {"enable_thinking": request.thinking == "on"}}


def _llama_server(request: Generate, model: str) -> dict[str, Any]:
    return _chat(
        request, model, top_k=request.top_k, min_p=request.min_p,
        repeat_penalty=request.repeat_penalty, timings_per_token=True, return_progress=True,
        # A prompt that was read before would flatter the time to the first token.
        cache_prompt=False, **_switch(request),
    )  # fmt: skip


def _vllm(request: Generate, model: str) -> dict[str, Any]:
    body = _chat(
        request, model, top_k=request.top_k or -1, min_p=request.min_p,
        repetition_penalty=request.repeat_penalty, **_switch(request),
    )  # fmt: skip
    body["stream_options"]["continuous_usage_stats"] = True
    return body


def _tgi(request: Generate, model: str) -> dict[str, Any]:
    body = _chat(request, model)
    if request.top_p == 1:  # it takes what is below 1, and without it 1
        del body["top_p"]
    return body


def _llama_cpp_python(request: Generate, model: str) -> dict[str, Any]:
    return _chat(
        request, model, top_k=request.top_k, min_p=request.min_p,
        repeat_penalty=request.repeat_penalty,
    )  # fmt: skip


def _lm_studio_v1(request: Generate, model: str) -> dict[str, Any]:
    return _chat(request, model, top_k=request.top_k, repeat_penalty=request.repeat_penalty)


def _lm_studio(request: Generate, model: str) -> dict[str, Any]:
    body = {
        "model": model, "input": request.messages[-1].content, "stream": True, "store": False,
        "max_output_tokens": request.max_tokens, "temperature": request.temperature,
        "top_p": request.top_p, "top_k": request.top_k, "min_p": request.min_p,
        "repeat_penalty": request.repeat_penalty,
    }  # fmt: skip
    if len(request.messages) == 2:
        body["system_prompt"] = request.messages[0].content
    if request.thinking != "auto":
        body["reasoning"] = request.thinking
    return body


def _ollama(request: Generate, model: str) -> dict[str, Any]:
    body = {
        "model": model,
        "messages": _messages(request),
        "stream": True,
        # Else what its context has no room for is left out without a word.
        "truncate": False,
        "options": {
            "num_predict": request.max_tokens, "temperature": request.temperature,
            "top_p": request.top_p, "top_k": request.top_k, "min_p": request.min_p,
            "repeat_penalty": request.repeat_penalty, "seed": request.seed,
            "stop": list(request.stop),
        },
    }  # fmt: skip
    if request.thinking != "auto":
        body["think"] = (
            request.thinking if request.thinking in EFFORTS else request.thinking == "on"
        )
    return body


_CHAT = "/v1/chat/completions"
_PLAIN = frozenset(("temperature", "top_p", "seed", "stop"))
_ALL = frozenset((*SETTINGS, "stop"))
LLAMA_SERVER = Kind("llama-server", _CHAT, _llama_server, _ALL | {"thinking"})
OURS = Kind("GGUF Side by Side", _CHAT, _llama_server, _ALL | {"thinking"})
VLLM = Kind("vLLM", _CHAT, _vllm, _ALL | {"thinking"})
RAY = Kind("Ray Serve", _CHAT, _vllm, _ALL | {"thinking"})
TGI = Kind("TGI", _CHAT, _tgi, _PLAIN)
ROUTER = Kind("Hugging Face's router", _CHAT, _chat, _PLAIN)
OPENAI = Kind("OpenAI-compatible", _CHAT, _chat, _PLAIN)
LLAMA_CPP_PYTHON = Kind("llama-cpp-python", _CHAT, _llama_cpp_python, _ALL)
OLLAMA = Kind("Ollama", "/api/chat", _ollama, _ALL | {"thinking"}, OllamaChat)
LM_STUDIO_V1 = Kind("LM Studio", _CHAT, _lm_studio_v1, _ALL - {"min_p"})
LM_STUDIO = Kind(
    "LM Studio", "/api/v1/chat", _lm_studio, (_ALL | {"thinking"}) - {"seed", "stop"}, LmStudioChat
)


def kind_for(kind: Kind, request: Generate) -> Kind:
    """The kind by which a request is asked: LM Studio's own route tells more, but takes neither stop strings
    nor an earlier answer.
    """
    has_turns = any(message.role == "assistant" for message in request.messages)
    if kind is LM_STUDIO and (request.stop or has_turns):
        return LM_STUDIO_V1
    return kind
