"""All files of this machine, for everyone who wants them: here already, or on their way.

One thread a file that must be fetched, for the app's lifetime; everyone who waits for it watches.
"""

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from compare.gguf.header import HeaderError
from compare.models.download import Fetch, Sink, Watch, fetch_header, trouble
from compare.models.local import FileError, fetched, local_path
from compare.models.spec import ModelFile
from compare.protocol.events import Failed, Fetched


class Files:
    """All files of this machine, wanted by any number of columns at once."""

    def __init__(self, most_bytes: int | None = None):
        """`most_bytes`: what may lie in the Hub's cache together."""
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._fetching: dict[tuple[str | None, str], Fetch] = {}
        self._headers: dict[str, tuple[bytes, int]] = {}
        """the first bytes of files on the Hub, and how many they have in all"""
        self._headers_lock = threading.Lock()

    def want(self, file: ModelFile, run: int, sink: Sink) -> Watch:
        """Tells `sink` Fetched or Failed, at once where the file is here, else after Downloading events."""
        watch = Watch(run, sink)
        try:
            path = local_path(file)
            if path is not None:
                watch.tell(Fetched, **fetched(file, path))
                return watch
        except FileError as error:
            watch.tell(Failed, message=str(error))
            return watch
        with self._lock:
            key = _name(file)
            fetch = self._fetching.get(key)
            if fetch is None:
                fetch = self._fetching[key] = Fetch(file, self._most_bytes)
                threading.Thread(target=self._fetch, args=(key, fetch), daemon=True).start()
            fetch.join(watch)
        return watch

    def coming(self, file: ModelFile) -> dict | None:
        """The values of the newest Downloading event of a file on its way here; None where it isn't."""
        with self._lock:
            fetch = self._fetching.get(_name(file))
        return fetch.downloading if fetch else None

    @contextlib.contextmanager
    def header_of(self, file: ModelFile) -> Iterator[str]:
        """Gives, for as long as it is looked at, a sparse file of the size of one on the Hub, of which it
        holds only the header: a few MB are fetched, once. Raises FileError; OSError where there is no room.
        """
        with self._headers_lock:
            if file.key not in self._headers:
                try:
                    self._headers[file.key] = fetch_header(file)
                except HeaderError as error:
                    raise FileError(f"{file.file}: {error}") from error
                except FileError:
                    raise
                except Exception as error:
                    raise FileError(trouble(file, error)) from error
            first, total = self._headers[file.key]
        with tempfile.TemporaryDirectory(prefix="gguf-header-") as folder:
            path = Path(folder, Path(file.file).name)
            with open(path, "wb") as out:
                out.write(first)
                out.truncate(total)
            yield str(path)

    def _fetch(self, key: tuple[str | None, str], fetch: "Fetch") -> None:
        kind, values = fetch.outcome()
        with self._lock:
            del self._fetching[key]
        fetch.tell(kind, **values)


def _name(file: ModelFile) -> tuple[str | None, str]:
    """What a file is called where it comes from: two columns that want it want the same."""
    return file.repo or file.package, file.file
