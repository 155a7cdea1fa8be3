"""One engine of `serve`, without Ray: a real child that answers, is left in the middle, and dies."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from compare.asked.settings import LoadSettings, SamplingParams
from compare.models.catalogue import BASE_TEMPLATE
from compare.models.spec import parse
from compare.protocol.events import Delta, Failed, Finished, Started
from compare.protocol.requests import Generate, Message
from compare.serve import engine as serving
from compare.serve.engine import Engine, EngineFault


@pytest.fixture
def engine(tiny):
    made = Engine(parse(tiny(says="All done.")), LoadSettings(n_ctx=256), threads=1)
    yield made
    made.close()


def asked(run: int, max_tokens: int) -> Generate:
    sampling = SamplingParams(max_tokens=max_tokens, temperature=0.0, seed=1)
    return Generate(
        run=run, messages=(Message("user", "Hi"),), template=BASE_TEMPLATE, template_stop=(),
        threads=1, max_seconds=None, **sampling.model_dump(),
    )  # fmt: skip


def in_a_loop(coroutine: Coroutine) -> Any:
    """In a thread of its own: the browser of other tests keeps a loop running in this one."""
    with ThreadPoolExecutor() as pool:
        return pool.submit(asyncio.run, coroutine).result()


def answered(engine: Engine, max_tokens: int = 4) -> list:
    async def all_of() -> list:
        return [e async for e in engine.answer(lambda run: asked(run, max_tokens))]

    return in_a_loop(all_of())


def test_an_answer_is_told_from_its_start_to_its_end(engine):
    first, *_, last = answered(engine)
    assert isinstance(first, Started) and isinstance(last, Finished)
    assert last.reason == "length"


def test_one_that_is_left_in_the_middle_frees_the_engine(engine, monkeypatch):
    monkeypatch.setattr(serving, "CANCEL_S", 60)  # a busy machine may be silent for two seconds

    async def left() -> None:
        events = engine.answer(lambda run: asked(run, 200))
        async for event in events:
            if isinstance(event, Delta):
                break
        await events.aclose()

    in_a_loop(left())
    process = engine._process
    assert isinstance(answered(engine)[-1], Finished)
    assert engine._process is process and process.alive


def test_the_next_waits_until_the_one_that_was_left_has_ended(engine):
    async def both() -> list:
        first = engine.answer(lambda run: asked(run, 200))
        async for event in first:
            if isinstance(event, Delta):
                break

        async def next_one() -> list:
            return [e async for e in engine.answer(lambda run: asked(run, 4))]

        second = asyncio.create_task(next_one())
        await asyncio.sleep(0)  # it has come by now
        await first.aclose()
        return await asyncio.wait_for(second, 30)

    assert isinstance(in_a_loop(both())[-1], Finished)


def test_where_the_child_has_died_another_is_loaded(engine):
    async def dies() -> list:
        heard = []
        async for event in engine.answer(lambda run: asked(run, 200)):
            heard.append(event)
            if isinstance(event, Started):
                os.kill(engine._process.pid, signal.SIGKILL)
        return heard

    assert isinstance(in_a_loop(dies())[-1], Failed)
    assert isinstance(answered(engine)[-1], Finished)


def test_a_file_that_cant_load_says_why(tmp_path):
    with pytest.raises(EngineFault, match=r"There is no file none\.gguf"):
        Engine(parse(str(tmp_path / "none.gguf")), LoadSettings(), threads=1)
