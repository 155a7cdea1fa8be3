"""One engine: a model's file, and the child that holds it, as a column's does. One answer at a time."""

import asyncio
import queue
from collections.abc import AsyncIterator, Callable

from compare.asked.settings import LoadSettings
from compare.models.files import Files
from compare.models.spec import ModelFile
from compare.protocol.events import Event, Failed, Fetched, Finished, Loaded
from compare.protocol.requests import Cancel, Generate, Load
from compare.run.process import ChildProcess, ModelProcess, unheard
from compare.run.run import CANCEL_S


class EngineFault(Exception):
    """Why there is no engine: what happened, then what to do."""


class Engine:
    """A loaded model. Makes itself anew where its child has died. Raises EngineFault where it can't."""

    def __init__(
        self, file: ModelFile, load: LoadSettings, threads: int,
        spawn: Callable[[Callable], ModelProcess] = ChildProcess,
    ):  # fmt: skip
        self.file, self.threads = file, threads
        self._load, self._spawn = load, spawn
        self._process: ModelProcess | None = None
        self._run = 0
        self._answering = asyncio.Lock()
        self._path = self._fetched()
        self._loaded()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()

    async def answer(self, request: Callable[[int], Generate]) -> AsyncIterator[Event]:
        """The events of an answer; `request` makes what is asked of its number. Closing it cancels.

        Whoever comes meanwhile waits, also for one that is left to end: Ray lets the next in before that.
        """
        async with self._answering:
            if not self.alive:
                await asyncio.to_thread(self._loaded)
            self._run += 1
            run, process, loop = self._run, self._process, asyncio.get_running_loop()
            heard: asyncio.Queue[Event] = asyncio.Queue()
            process.sink = lambda event: loop.call_soon_threadsafe(heard.put_nowait, event)
            process.send(request(run))
            ended = False
            try:
                while not ended:
                    event = await heard.get()
                    if event.run in (0, run):  # its death may be of no run
                        ended = isinstance(event, Finished | Failed)
                        yield event
            finally:
                process.sink = unheard
                if not ended:
                    await self._cancel(process, run)

    async def _cancel(self, process: ModelProcess, run: int) -> None:
        """Leaves it ready for the next, or ended."""
        answered = asyncio.Event()
        loop = asyncio.get_running_loop()

        def heard(event: Event) -> None:
            if isinstance(event, Finished | Failed):
                loop.call_soon_threadsafe(answered.set)

        process.sink = heard
        process.send(Cancel(run=run))
        try:
            await asyncio.wait_for(answered.wait(), CANCEL_S)
        except (TimeoutError, asyncio.CancelledError):
            process.close()
        finally:
            process.sink = unheard

    def _fetched(self) -> str:
        event = _until(lambda sink: Files().want(self.file, 0, sink), Fetched)
        return event.path

    def _loaded(self) -> None:
        self.close()

        def begin(sink: Callable[[Event], None]) -> None:
            self._process = self._spawn(sink)
            settings = self._load.for_child()
            self._run += 1
            self._process.send(
                Load(run=self._run, path=self._path, threads=self.threads, **settings)
            )

        try:
            _until(begin, Loaded)
        except EngineFault:
            self.close()
            raise


def _until(begin: Callable[[Callable[[Event], None]], object], kind: type[Event]) -> Event:
    """What `begin` leads to. Raises EngineFault where that is a failure."""
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    begin(heard.put)
    while not isinstance(event := heard.get(), kind | Failed):
        pass
    if isinstance(event, Failed):
        raise EngineFault(event.message)
    return event
