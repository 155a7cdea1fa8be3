"""Measurements of columns on other machines: what lies between a server's tokens and a column's figures."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.remote.servers import Server
from compare.run.machine import Machine
from compare.run.run import Run
from performance.report import AT_MOST, Line, Measurement, Sample
from performance.stage import STORY, Stage

PACED = Path(__file__).with_name("paced.py")
TOKENS = 300
VISITORS, COLUMNS = 2, 4


def served(stage: Stage) -> Iterator[Sample]:
    """One column, then two visitors with four each."""
    program = subprocess.Popen([sys.executable, str(PACED)], stdout=subprocess.PIPE, text=True)
    stage.ending.callback(program.kill)
    url = f"http://127.0.0.1:{int(program.stdout.readline())}"
    servers = tuple(Server(f"s{n}", url) for n in range(COLUMNS))
    machine = stage.machine(owner=Owner(servers=servers))
    while True:
        one = watched(asked(machine, 1))
        first_at = httpx2.get(f"{url}/first").json()[-1]
        (response,) = one.responses().values()
        began, worked = time.monotonic(), time.process_time()
        runs = [asked(machine, COLUMNS) for _ in range(VISITORS)]
        watched(*runs)
        share = (time.process_time() - worked) / (time.monotonic() - began)
        yield {
            "remote-rate": response.seen_decode_tps / response.engine_decode_tps,
            "remote-first": 1000 * (response.first_token_at - first_at),
            "remote-cores": 100 * share,
            "tok/s": response.seen_decode_tps,
        }


def asked(machine: Machine, columns: int) -> Run:
    specs = [f"@s{n}" for n in range(columns)]
    return machine.compare(comparison(STORY, specs, max_tokens=TOKENS))


def watched(*runs: Run) -> Run:
    """To their ends, looked at as often as a page does."""
    while not all(run.wait(0.1 / len(runs)) for run in runs):
        for run in runs:
            run.responses()
    for run in runs:
        states = {response.state for response in run.responses().values()}
        if states != {"finished"}:
            raise RuntimeError(f"a column ended as {states}")
    return runs[0]


MEASUREMENTS = (
    Measurement("remote", served, (
        Line("remote-rate", "a remote column's tok/s as seen from here", "the server's own", 0.97),
        Line("remote-first", "a server's first token sent, to the column's", "", 20, AT_MOST, "ms"),
        Line("remote-cores", "8 streams of 100 tokens a second, of a core", "", 15, AT_MOST, "%"),
    )),
)  # fmt: skip
