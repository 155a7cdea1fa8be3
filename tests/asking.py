"""Requests to a served page as a stranger sends them: of any shape, under any name."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

PAGE = {"X-Side-By-Side": "page"}
"""What the page's own script says of itself."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> str:
        """The sentence in it; fails where it holds something else."""
        return json.loads(self.body)["detail"]


def asked(address: str, path: str, body: object = None, method: str = "", **headers: str) -> Answer:
    """What is answered; `body` is sent as JSON, bytes as they are. Names of headers with _ for -."""
    there = urlsplit(address)
    connection = http.client.HTTPConnection(there.hostname, there.port, timeout=30)
    sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        method = method or ("GET" if sent is None else "POST")
        connection.request(method, path, sent, {"Content-Type": "application/json", **named})
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()
