"""Rows of mutations: headers of files, chat templates and bodies for the API, the same each time."""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from performance.report import AT_MOST, Line, Sample

from compare.child import sandbox
from compare.child.sandbox import Interrupted, Refusal, TemplateFault, within_limits
from compare.models.spec import resolve
from compare.run.machine import Machine
from soak.stage import App, app, values

SEED = 17
MOST_S = 5.0
ANSWERED = "event: complete"
"""A body that was valid all the same ran, and took its time."""
RAW = "Traceback", "<class ", " object at 0x", "NoneType"
"""Python's own words, which no visitor should read."""


def lines(name: str, what: str) -> tuple[Line, ...]:
    return (
        Line(name, f"mutated {what} without a clear end within 5 s", "", 0, AT_MOST, "of them"),
        Line(f"{name}-slowest", "the slowest of them", "", MOST_S, AT_MOST, "s"),
    )


HEADERS, TEMPLATES, BODIES = (
    lines("headers", "headers"), lines("templates", "chat templates"), lines("bodies", "API bodies"),
)  # fmt: skip


def headers(tiny: Path, folder: Path, count: int = 300) -> Sample:
    """Each as a file of one's own, looked into as the page does: by its header, and by llama.cpp."""
    chance, source, machine = random.Random(SEED), tiny.read_bytes(), Machine()

    def looked(n: int) -> str | None:
        path = folder / f"mutated-{n}.gguf"
        path.write_bytes(mutated_bytes(source, chance))
        try:
            (file,) = resolve([str(path)])
            return machine.refusal(file)
        finally:
            path.unlink()

    try:
        return counted("headers", count, looked)
    finally:
        machine.close()


def mutated_bytes(source: bytes, chance: random.Random) -> bytes:
    """A few bytes changed where the header is, a part left out, or doubled, or the end cut off."""
    raw = bytearray(source)
    for _ in range(chance.randint(1, 8)):
        raw[chance.randrange(min(len(raw), 4096))] = chance.choice(
            (0, 1, 127, 255, chance.randrange(256))
        )
    at = chance.randrange(min(len(raw), 4096))
    match chance.randrange(6):
        case 0:
            del raw[at : at + chance.randint(1, 64)]
        case 1:
            raw[at:at] = raw[at : at + chance.randint(1, 64)]
        case 2:
            del raw[at:]
    return bytes(raw)


PARTS = (
    "{% for m in messages %}", "{% endfor %}", "{{ m.content }}", "{{ m['role'] }}", "{% if x %}",
    "{% endif %}", "{{ raise_exception('no') }}", "{{ messages | tojson }}", "{{ 9 ** 9 ** 9 }}",
    "{% set ns = namespace(s='x') %}", "{% for i in range(99999) %}", "{% set ns.s = ns.s + ns.s %}",
    "{{ ns.s }}", "{% macro f() %}", "{% endmacro %}", "{{ f() }}", "{{ ''.__class__ }}", "{%", "}}",
    "{{ 'a' * 10 ** 9 }}", "text", "\ud800", "{{ cycler }}",
)  # fmt: skip


ENDLESS = (
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% for i in range(99999999) %}x{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
)
"""What has no end, or an enormous one; each may take its two seconds."""


def templates(count: int = 300) -> Sample:
    chance = random.Random(SEED)
    messages = [{"role": "user", "content": "hi"}]

    def rendered(_n: int) -> str | None:
        source = "".join(chance.choices(PARTS, k=chance.randint(1, 12)))
        if chance.random() < 0.05:
            source = chance.choice(ENDLESS)
        try:
            within_limits(lambda: sandbox.write(source, messages), lambda: None)
        except (TemplateFault, Refusal, Interrupted) as fault:
            return str(fault)
        return None

    return counted("templates", count, rendered)


ODD = (
    None, True, -1, 2**70, 1e400, "", " ", "x" * 10_000, "\x00", "\ud800", "<script>", [], {}, [[]],
    "../../etc/passwd", {"path": "/etc/passwd"}, {"__type__": "update"}, "NaN", "smollm2", ["smollm2"],
)  # fmt: skip


def bodies(count: int = 300, running: App | None = None) -> Sample:
    """POSTs to the public endpoint, each heard to its end; some are valid, and run."""
    if running is None:
        with app(COMPARE_MAX_TOKENS="4", COMPARE_LINE="none") as started:
            return bodies(count, started)
    chance = random.Random(SEED)
    at = f"{running.address}/gradio_api/call/run"
    usual = everything(running, "run", values("hi", 2))

    def told(_n: int) -> str | None:
        data = list(usual)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice(ODD)
        body: object = {"data": data}
        if chance.random() < 0.2:
            body = chance.choice([{"data": chance.choice(ODD)}, {}, [], None, {"data": data[:3]}])
        with httpx.Client(timeout=60) as client:
            sent = json.dumps(body, default=str).encode("utf-8", "surrogatepass")
            answer = client.post(at, content=sent, headers={"Content-Type": "application/json"})
            said = answer.text
            if answer.status_code == 200:
                said = client.get(f"{at}/{answer.json()['event_id']}").text
        return said

    found = counted("bodies", count, told)
    found["bodies"] += running.tracebacks()
    return found | {"tracebacks in its log": running.tracebacks()}


def everything(running: App, endpoint: str, given: dict) -> list:
    """All that an endpoint takes, in its order: what is given, and what it has by default."""
    told = httpx.get(f"{running.address}/gradio_api/info", timeout=30).json()
    taken = told["named_endpoints"][f"/{endpoint}"]["parameters"]
    return [
        given.get(each["parameter_name"], each.get("parameter_default")) for each in taken
    ]  # fmt: skip


def counted(name: str, count: int, ask: Callable[[int], str | None]) -> Sample:
    """How many of so many take longer, raise, or say what only Python understands."""
    bad, slowest = 0, 0.0
    for n in range(count):
        began_at = time.monotonic()
        try:
            said = ask(n) or ""
        except Exception as error:  # the border: it is counted
            said = f"Traceback: {type(error).__name__}: {error}"
        took_s = 0.0 if ANSWERED in said else time.monotonic() - began_at
        slowest = max(slowest, took_s)
        if took_s > MOST_S or any(raw in said for raw in RAW):
            print(f"{name} {n}: {took_s:.1f} s, {said[:300]}", file=sys.stderr)
            bad += 1
    return {name: bad, f"{name}-slowest": slowest, "mutations": count}
