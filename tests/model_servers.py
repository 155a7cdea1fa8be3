"""Servers of models on loopback, as small programs: each speaks one kind's protocol, or misbehaves.

They answer “one two three”, as their documentation says that they do; see compare/remote/kinds.py.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = "one", " two", " three"
TIMINGS = {
    "cache_n": 0, "prompt_n": 7, "prompt_ms": 50.0, "prompt_per_second": 140.0, "predicted_n": 3,
    "predicted_ms": 60.0, "predicted_per_second": 50.0,
}  # fmt: skip
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
OWNERS = {
    "llama-server": "llamacpp",
    "vLLM": "vllm",
    "LM Studio": "organization_owner",
    "TGI": None,
}


@dataclass
class ModelServer:
    """A server of `kind`. `fault`: how it misbehaves; a number is a status that it answers with."""

    kind: str = "llama-server"
    models: tuple[str, ...] = ("tiny",)
    fault: str | int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """sent with a `fault` that is a status"""
    key: str | None = None
    """what it wants to be sent"""
    said: str = ""
    """in the document of a `fault` that is a status"""
    pause_s: float = 0.0
    """between two words"""
    words: tuple[str, ...] = WORDS
    requests: list[tuple[str, dict, dict]] = field(default_factory=list)
    """path, headers by their small names, and document of each POST"""
    seen: list[str] = field(default_factory=list)
    """every path"""
    left: threading.Event = field(default_factory=threading.Event)
    """whoever asked has closed the connection before its end"""
    answering: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """released once for each answer that has begun"""
    mute: threading.Event = field(default_factory=threading.Event)
    """once set, it says nothing of itself"""
    go_on: threading.Event = field(default_factory=threading.Event)
    """until then it answers nothing (the fault `waits`), or one word (`pauses`)"""

    def __enter__(self) -> "ModelServer":
        server = self

        class Handler(_Handler):
            it = server

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_error) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def document(self, path: str) -> object | None:
        """What it says of itself at a path; None where nothing is there."""
        names = self.models
        match path, self.kind:
            case "/v1/models", _:
                owner = OWNERS.get(self.kind, "library" if self.kind == "Ollama" else "someone")
                return {"object": "list", "data": [{"id": n, "owned_by": owner} for n in names]}
            case "/api/version", "Ollama":
                return {"version": "0.30.1"}
            case "/api/tags", "Ollama":
                return {"models": [{"name": name} for name in names]}
            case "/api/v1/models", "LM Studio":
                embedding = {"type": "embedding", "key": "nomic"}
                return {"models": [*({"type": "llm", "key": name} for name in names), embedding]}
            case "/info", "TGI":
                return {"model_id": names[0], "version": "3.3.4"}
            case "/openapi.json", "llama-cpp-python":
                return {"info": {"title": "🦙 llama.cpp Python API"}}
            case _, "LM Studio":
                return {
                    "error": f"Unexpected endpoint or method. (GET {path}). Returning 200 anyway"
                }
        return None

    def answer(self, path: str, asked: dict) -> Iterator[bytes]:
        """The answer's stream, piece by piece."""
        if self.kind == "Ollama":
            return self._ollama()
        if path == "/api/v1/chat":
            return self._lm_studio()
        return self._openai(asked)

    def _openai(self, asked: dict) -> Iterator[bytes]:
        def event(**values) -> bytes:
            return (
                b"data: "
                + json.dumps({"object": "chat.completion.chunk", **values}).encode()
                + b"\n\n"
            )

        for word in self.words:
            yield event(choices=[{"index": 0, "delta": {"content": word}, "finish_reason": None}])
        if self.fault != "no reason":
            yield event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
        if self.kind not in ("llama-cpp-python", "OpenAI") and "stream_options" in asked:
            timings = {"timings": TIMINGS} if self.kind == "llama-server" else {}
            yield event(choices=[], usage=USAGE, **timings)
        yield b"data: [DONE]\n\n"

    def _ollama(self) -> Iterator[bytes]:
        for word in self.words:
            yield json.dumps({"message": {"content": word}, "done": False}).encode() + b"\n"
        if self.fault != "no reason":
            yield json.dumps(
                {"message": {"content": ""}, "done": True, "done_reason": "stop", "load_duration": 5,
                 "prompt_eval_count": 7, "prompt_eval_duration": 50_000_000, "eval_count": 3,
                 "eval_duration": 60_000_000}
            ).encode() + b"\n"  # fmt: skip

    def _lm_studio(self) -> Iterator[bytes]:
        def event(**values) -> bytes:
            return f"event: {values['type']}\ndata: {json.dumps(values)}\n\n".encode()

        yield event(type="chat.start", model_instance_id=self.models[0])
        for word in self.words:
            yield event(type="message.delta", content=word)
        if self.fault != "no reason":
            stats = {"input_tokens": 7, "total_output_tokens": 3, "tokens_per_second": 50.0}
            yield event(type="chat.end", result={"stats": stats})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    it: ModelServer

    def do_GET(self) -> None:
        self.it.seen.append(self.path)
        if self.it.mute.is_set():
            self.it.go_on.wait(60)
        if self._is_refused():
            return
        document = self.it.document(self.path)
        self._send(
            404 if document is None else 200, json.dumps(document or {"detail": "Not Found"})
        )

    def do_POST(self) -> None:
        it = self.it
        it.seen.append(self.path)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        it.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, asked))
        if self._is_refused():
            return
        if isinstance(it.fault, int):
            return self._send(it.fault, it.said, **it.headers)
        if it.fault == "garbage":
            return self._send(200, "<html>Sign in</html>")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        if it.fault == "packs":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        it.answering.release()
        try:
            if it.fault == "waits":
                it.go_on.wait(60)
            self._stream(it.answer(self.path, asked))
        except OSError:
            it.left.set()
            self.close_connection = True

    def _stream(self, pieces: Iterator[bytes]) -> None:
        fault = self.it.fault
        for n, piece in enumerate(pieces):
            if n == 1 and fault == "pauses":
                self.it.go_on.wait(60)
            if n == 2 and fault == "breaks off":
                self.close_connection = True
                return
            if n == 2 and fault == "error":
                piece = b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'
            if n == 2 and fault == "stalls":
                while True:
                    self._chunk(b": ping\n\n")
                    time.sleep(0.02)
            while n == 2 and fault == "floods":
                self._chunk(piece * 5000)
            if n == 2 and fault == "endless":
                while True:
                    self._chunk(piece)
                    time.sleep(0.02)
            self._chunk(piece)
            time.sleep(self.it.pause_s)
        if fault == "stays open":
            self.it.go_on.wait(60)
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _is_refused(self) -> bool:
        key = self.it.key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return False
        given = self.headers.get("Authorization", "")
        self._send(401, json.dumps({"error": {"message": f"Incorrect API key provided: {given}"}}))
        return True

    def _send(self, status: int, text: str, **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args) -> None: ...
