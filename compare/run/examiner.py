"""What a model will take, and why it can't answer, before anyone runs it: looked into once for all who ask.

Starts a child to ask llama.cpp, one at a time and only while no run is in progress; fetches headers.
"""

import queue
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext

from compare.asked.settings import LoadSettings
from compare.gguf.model import Identity, identity
from compare.memory.admission import Gate, need_of
from compare.memory.predict import Prediction
from compare.models.files import Files
from compare.models.local import FileError, fetched, local_path
from compare.models.reach import Reach
from compare.models.spec import ModelFile
from compare.protocol.events import Event, Failed, Hello, Predicted, Reserved
from compare.protocol.requests import Reserve
from compare.run.process import ModelProcess
from compare.run.response import Response

RESERVE_S = 20.0
"""the longest that a child may take to start, to say what a file would reserve, or to have its turn"""
AGAIN_S = 60.0
"""For so long nobody asks again for a header that the Hub didn't give."""
EXAMINED = 256
"""predictions and refusals that are kept, the newest: visitors may try any settings"""

Asked = tuple[ModelFile, LoadSettings]


class Examiner:
    """What is known of the files of one machine. `is_free`: whether no run is in progress there."""

    def __init__(
        self, files: Files, gate: Gate, reach: Reach, spawn: Callable[[Callable], ModelProcess],
        is_free: Callable[[], bool],
    ):  # fmt: skip
        self._files, self._gate, self._reach = files, gate, reach
        self._spawn, self._is_free = spawn, is_free
        self._lock = threading.Lock()
        self._one = threading.Lock()
        """whose child runs"""
        self._examined: dict[Asked, Prediction] = {}
        self._under_way: dict[Asked, Future[Response]] = {}
        self._not_before: dict[str, float] = {}
        """when the Hub may be asked again for a file's header"""
        self._refused: dict[Identity, str] = {}
        """why llama.cpp can't load a file"""

    def foreseen(self, file: ModelFile, settings: LoadSettings) -> Response:
        """As far as the file's header tells where it is here, else its known shape and size; at once."""
        try:
            path = local_path(file)
        except FileError:
            return Response()
        return _predicted(self._gate.predict(file, settings, path))

    def trouble(self, file: ModelFile) -> str | None:
        """Why it can't answer, by its header or by what llama.cpp said as it was examined."""
        try:
            path = local_path(file)
            if path is not None:
                fetched(file, path)
        except FileError as error:
            return str(error)
        return self._refused.get(identity(path)) if path else None

    def examine(self, file: ModelFile, settings: LoadSettings) -> Response:
        """Who asks what somebody else is looking into waits for the same answer."""
        asked = file, settings
        with self._lock:
            if asked in self._examined:
                return _predicted(self._examined[asked])
            going = self._under_way.get(asked)
            if going is None:
                mine = self._under_way[asked] = Future()
        if going is not None:
            return going.result()
        try:
            mine.set_result(self._looked(file, settings))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[asked]
        return mine.result()

    def _looked(self, file: ModelFile, settings: LoadSettings) -> Response:
        try:
            with self._header_of(file) as path:
                if path is None or self.trouble(file):
                    return self.foreseen(file, settings)
                hello, told = self._reserved(path, settings)
                if isinstance(told, Failed) and file.path is not None:
                    self._keep(self._refused, file.version, told.message)
                reserved = told if isinstance(told, Reserved) else None
                prediction = need_of(path, settings, hello, reserved).prediction
        except (FileError, OSError):
            self._keep(self._not_before, file.key, time.monotonic() + AGAIN_S)
            return self.foreseen(file, settings)
        if reserved is None or prediction is None:
            return _predicted(prediction) if prediction else self.foreseen(file, settings)
        self._keep(self._examined, (file, settings), prediction)
        return _predicted(prediction)

    def _header_of(self, file: ModelFile) -> AbstractContextManager[str | None]:
        """Gives a file with the header of one that isn't here, or of one's own; None for the others, and
        where the Hub has just been asked in vain.
        """
        if not file.repo or local_path(file) is not None:
            return nullcontext(file.path)
        if time.monotonic() < self._not_before.get(file.key, 0.0) or not self._reach.asked():
            return nullcontext(None)
        return self._files.header_of(file)

    def _reserved(
        self, path: str, settings: LoadSettings
    ) -> tuple[Hello | None, Reserved | Failed | None]:
        """What a child of its own says that llama.cpp would reserve; nothing while a run is in progress."""
        if not self._one.acquire(timeout=RESERVE_S):
            return None, None
        try:
            return self._told(path, settings) if self._is_free() else (None, None)
        finally:
            self._one.release()

    def _told(
        self, path: str, settings: LoadSettings
    ) -> tuple[Hello | None, Reserved | Failed | None]:
        heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        process = self._spawn(heard.put)
        try:
            process.send(Reserve(run=1, path=path, **settings.for_child()))
            while isinstance(event := heard.get(timeout=RESERVE_S), Hello):
                pass
        except queue.Empty:
            return process.hello, None
        finally:
            process.close()
        return process.hello, event if isinstance(event, Reserved | Failed) else None

    def _keep(self, kept: dict, key: Hashable, value: object) -> None:
        with self._lock:
            if len(kept) >= EXAMINED:
                del kept[next(iter(kept))]
            kept[key] = value


def _predicted(prediction: Prediction | None) -> Response:
    if prediction is None:
        return Response()
    return Response().after(Predicted(run=0, at=0.0, prediction=prediction))
