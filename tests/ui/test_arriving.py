"""What the Compare tab tells of files that are on their way here, or looked into later."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fake_machine import FakeMachine
from seen import opened, state

from compare.models.spec import resolve
from compare.protocol.events import Downloading
from compare.run.machine import Machine
from compare.run.response import Response
from compare.ui.compare import running
from compare.ui.compare.form import untouched


class Arriving(FakeMachine):
    """TinyLlama's file is on its way, until it is here."""

    is_here = False

    def cached(self, file):
        return self.is_here or file.package is not None

    def coming(self, file):
        told = {"done_bytes": 300_000_000, "total_bytes": 1_170_000_000, "bytes_per_s": 30e6}
        return None if self.is_here else Response().after(Downloading(run=0, at=0.0, **told))


def test_files_on_their_way_are_told_until_they_are_here():
    machine = Arriving(lambda asked: {}, start=("tinyllama", "smollm2"))
    session, seen = opened(machine)
    assert state(seen, 1).startswith("Downloading, 0.30 of 1.17 GB")
    assert seen.text("cost") == "TinyLlama answers when downloaded" and seen.text("run") == "Run"

    async def watch() -> None:
        story = running.arriving(session, **untouched())
        seen.tell(await anext(story))
        assert state(seen, 1).startswith("Downloading") and session.watches
        assert [each async for each in running.arriving(session, **untouched())] == []
        machine.is_here = True
        async for changes in story:
            seen.tell(changes)

    # In a thread of its own: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, watch()).result()
    assert state(seen, 1) == "On this machine, ready" and seen.text("cost") == ""
    assert not session.watches


class Shared(Machine):
    at_rest = False
    """while another visitor's models run"""


def test_a_file_is_not_called_ready_before_llama_cpp_could_be_asked(tiny):
    machine = Shared(own=resolve([tiny("newer.gguf", arch="quux")]))
    session, seen = opened(machine)
    seen.tell(session.model_chosen("newer.gguf", place=1, **untouched()))
    seen.tell(session.examined())
    assert state(seen, 1) == "On this machine, checked after the run in progress"
    machine.at_rest = True

    async def watch() -> None:
        async for changes in running.arriving(session, **untouched()):
            seen.tell(changes)

    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, watch()).result()
    assert state(seen, 1) == "Can't answer"
    assert "this one doesn't know the architecture “quux”" in seen.text("answer_1")
    machine.close()
