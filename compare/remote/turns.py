"""So many at once; the others wait, first come, first served, and are told their places."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """For one event loop."""

    def __init__(self, most: int):
        self._free = most
        self._waiting: dict[asyncio.Future, Callable[[int], None]] = {}

    @asynccontextmanager
    async def one(self, tell: Callable[[int], None]) -> AsyncIterator[None]:
        """Waits for a turn and has it; `tell` hears how many stand before it, each time that changes."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(tell)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, tell: Callable[[int], None]) -> None:
        mine = asyncio.get_running_loop().create_future()
        self._waiting[mine] = tell
        tell(len(self._waiting))
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # its turn came just then
                self._pass_on()
            elif self._waiting.pop(mine, None):
                self._tell_places()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            first = next(iter(self._waiting))
            del self._waiting[first]
            if not first.done():  # else it was cancelled just now
                first.set_result(None)
                self._tell_places()
                return
        self._free += 1

    def _tell_places(self) -> None:
        for place, tell in enumerate(self._waiting.values(), start=1):
            tell(place)
