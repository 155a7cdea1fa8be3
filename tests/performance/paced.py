"""A server that speaks as llama-server does, and writes a token each 10 ms by its own clock: what is between
it and a column is ours.

    python tests/performance/paced.py

Prints its port. GET /first tells when it sent the first token of each answer, by the monotonic clock.
"""

import asyncio
import json
import time

EACH_S = 0.01
FIRST_AT: list[float] = []


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"POST"):
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await stream(writer, json.loads(await reader.readexactly(length))["max_tokens"])
    else:
        models = {"data": [{"id": "paced", "owned_by": "llamacpp"}]}
        body = json.dumps(FIRST_AT if b" /first " in head else models).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
    await writer.drain()
    writer.close()


async def stream(writer: asyncio.StreamWriter, tokens: int) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    began_at = time.monotonic()
    FIRST_AT.append(began_at)
    for n in range(1, tokens + 1):
        send(writer, {"choices": [{"index": 0, "delta": {"content": " word"}}]}, n, began_at)
        await writer.drain()
        await asyncio.sleep(began_at + n * EACH_S - time.monotonic() if n < tokens else 0)
    send(
        writer,
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
        tokens,
        began_at,
    )
    writer.write(b"0\r\n\r\n")


def send(writer: asyncio.StreamWriter, document: dict, n: int, began_at: float) -> None:
    passed_s = time.monotonic() - began_at
    told = {"prompt_n": 5, "predicted_n": n, "predicted_ms": passed_s * 1000}
    if n > 1:
        told["predicted_per_second"] = (n - 1) / passed_s
    data = b"data: " + json.dumps(document | {"timings": told}).encode() + b"\n\n"
    writer.write(b"%x\r\n" % len(data) + data + b"\r\n")


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
