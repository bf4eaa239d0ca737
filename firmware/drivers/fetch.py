"""Files that travel beside MQTT: fetched by URL, believed by their digest alone (wire contract, 2).

A file comes into a draft in `blobs` of the data folder and gets its name, its digest, once it is whole and on the card. A
draft goes on where it stopped, after a power cut too. What this worker waits for holds up nobody.
"""

import contextlib
import errno
import hashlib
import logging
import os
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, Final

from firmware.events import BLOBS, Event, Fetch, Fetched, FetchFailed, Unfetch
from wire.fleet import Blob

CHUNK_BYTES: Final = 64 * 1024
SYNC_BYTES: Final = 4 * 1024 * 1024
"""So much is lost of a draft by a power cut, at most."""

SILENCE_S: Final = 20.0
KEPT_FREE_BYTES: Final = 24 * 1024 * 1024
"""What a fetch leaves free: room for the journal, and for the ballast to be laid again."""

DRAFT: Final = ".part"
DRAFTS_MAX: Final = 8
"""Drafts nobody asks for any more: the oldest go."""

CANNOT_CONNECT, TIME_OUT, REFUSED, TLS, BUSY, DISK_FULL, OTHER_FILE, READ_ONLY = (
    1003, 1004, 1005, 1006, 1010, 9002, 9003, 9013,
)  # fmt: skip
RANGE_REFUSED, PART, WHOLE = 416, 206, 200
SIZE_DIGITS_MAX: Final = 16

log = logging.getLogger("posd.fetch")


class Fault(Exception):
    """Why a file did not come; `final`: trying again is of no use, `anew`: but where a draft was gone on with."""

    def __init__(self, code: int, reason: str, final: bool = False, anew: bool = False) -> None:
        super().__init__(reason)
        self.code, self.reason, self.final, self.anew = code, reason, final, anew


class Fetcher:
    """`carry_out` may be called by any thread; `run` is the worker's body. Each `Fetch` gets one answer, one at a time.

    `ca`: whom servers must chain to; None: whom the system trusts."""

    def __init__(self, folder: Path, post: Callable[[Event], None], ca: Path | None = None) -> None:
        self._folder, self._post, self._ca = folder / BLOBS, post, ca
        self._jobs: SimpleQueue[Fetch | Unfetch | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._busy = False

    def carry_out(self, effect: Fetch | Unfetch) -> None:
        """Soon."""
        self._jobs.put(effect)

    def busy(self) -> bool:
        """Whether a file is being forgotten or looked for; one that is on its way is the outside's to send."""
        return False

    def waiting(self) -> tuple[str, ...]:
        """`fetch` while a file is on its way."""
        return ("fetch",) if self._busy else ()

    def stop(self) -> None:
        """Make `run` return soon; a draft stays as it is."""
        self._stopping.set()
        self._jobs.put(None)

    def run(self) -> None:
        """Body of the worker."""
        while not self._stopping.is_set():
            job = self._jobs.get()
            if job is None:
                return
            self._busy = True
            match job:
                case Fetch(blob):
                    self._fetch(blob)
                case Unfetch(sha256):
                    self._forget(sha256)
            self._busy = False

    def _forget(self, sha256: str) -> None:
        for path in (self._folder / sha256, self._folder / (sha256 + DRAFT)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _fetch(self, blob: Blob) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._sweep(blob)
            if not self._is_there(blob):
                self._take(blob)
            self._post(Fetched(blob.sha256))
        except Fault as fault:
            self._failed(blob, fault)
        except OSError as wrong:
            full = wrong.errno in (errno.ENOSPC, errno.EDQUOT)
            code = DISK_FULL if full else READ_ONLY if wrong.errno == errno.EROFS else CANNOT_CONNECT
            self._failed(blob, Fault(code, wrong.strerror or type(wrong).__name__, final=full))

    def _failed(self, blob: Blob, fault: Fault) -> None:
        log.info("%s not fetched: %d %s", blob.name, fault.code, fault.reason)
        if not self._stopping.is_set():
            self._post(FetchFailed(blob.sha256, fault.code, fault.reason[:120], fault.final))

    def _is_there(self, blob: Blob) -> bool:
        """Whether the file was fetched before, and is still what it was."""
        path = self._folder / blob.sha256
        if not path.exists():
            return False
        if path.stat().st_size == blob.size and _digest(path).hexdigest() == blob.sha256:
            return True
        path.unlink()
        return False

    def _sweep(self, blob: Blob) -> None:
        drafts = sorted(self._folder.glob(f"*{DRAFT}"), key=lambda each: each.stat().st_mtime)
        others = [each for each in drafts if each.name != blob.sha256 + DRAFT]
        for path in others[: max(0, len(others) - DRAFTS_MAX)]:
            path.unlink(missing_ok=True)

    def _take(self, blob: Blob) -> None:
        """The draft, to its end; a draft that turns out to be another file is begun anew once."""
        draft = self._folder / (blob.sha256 + DRAFT)
        resumed = draft.exists()
        try:
            self._download(blob, draft)
        except Fault as fault:
            if not (fault.anew and resumed):
                raise
            self._download(blob, draft)
        os.replace(draft, self._folder / blob.sha256)
        _sync_folder(self._folder)

    def _download(self, blob: Blob, draft: Path) -> None:
        if draft.exists() and draft.stat().st_size > blob.size:
            draft.unlink()
        have = draft.stat().st_size if draft.exists() else 0
        self._room(blob.size - have)
        if have < blob.size:
            with draft.open("ab") as file, contextlib.closing(self._opened(blob, have)) as answer:
                if have and answer.status != PART:
                    file.truncate(0)  # the server sends all of it
                    have = 0
                self._stream(blob, answer, file, have)
        if draft.stat().st_size < blob.size:
            raise Fault(TIME_OUT, "the connection ended too early")
        if _digest(draft).hexdigest() != blob.sha256:
            draft.unlink()
            raise Fault(OTHER_FILE, "its digest is another", final=True, anew=True)

    def _room(self, wanted: int) -> None:
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < wanted + KEPT_FREE_BYTES:
            raise Fault(DISK_FULL, "no room on the card", final=True)

    def _stream(self, blob: Blob, answer: Any, file: IO[bytes], have: int) -> None:
        import http.client

        unsynced = 0
        while not self._stopping.is_set():
            try:
                chunk = answer.read(CHUNK_BYTES)
            except TimeoutError as wrong:
                raise Fault(TIME_OUT, "silence") from wrong
            except http.client.HTTPException as wrong:
                raise Fault(TIME_OUT, type(wrong).__name__) from wrong
            if not chunk:
                break
            have += len(chunk)
            if have > blob.size:
                file.truncate(0)
                raise Fault(OTHER_FILE, "larger than was said", anew=True)
            file.write(chunk)
            unsynced += len(chunk)
            if unsynced >= SYNC_BYTES:
                _sync(file)
                unsynced = 0
        _sync(file)

    def _opened(self, blob: Blob, have: int) -> Any:
        """The server's answer. Nothing but http and https, no proxy, no redirection: the fleet names the place itself."""
        import http.client
        import urllib.error
        import urllib.request

        class Here(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any, **__: Any) -> None:
                return None

        context = ssl.create_default_context(cafile=str(self._ca) if self._ca else None)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), Here()
        )
        try:
            request = urllib.request.Request(blob.url, headers={"Range": f"bytes={have}-"} if have else {})
            answer = opener.open(request, timeout=SILENCE_S)
        except urllib.error.HTTPError as wrong:
            wrong.close()
            _is_whole(blob, wrong.headers.get("Content-Range", ""))
            if wrong.code == RANGE_REFUSED and have:
                (self._folder / (blob.sha256 + DRAFT)).unlink(missing_ok=True)
                raise Fault(BUSY, "the server does not go on with it") from wrong
            raise Fault(BUSY if wrong.code >= 500 else REFUSED, f"HTTP {wrong.code}") from wrong
        except urllib.error.URLError as wrong:
            if isinstance(wrong.reason, ssl.SSLError):
                raise Fault(TLS, "certificate not trusted") from wrong
            late = isinstance(wrong.reason, TimeoutError)
            raise Fault(TIME_OUT if late else CANNOT_CONNECT, str(wrong.reason)[:80]) from wrong
        except (http.client.HTTPException, TimeoutError, ValueError) as wrong:
            raise Fault(CANNOT_CONNECT, type(wrong).__name__) from wrong
        if answer.status == PART and not _goes_on(answer.headers.get("Content-Range", ""), have):
            answer.close()
            raise Fault(OTHER_FILE, "another part than was asked for")
        if answer.status not in (PART, WHOLE):
            answer.close()
            raise Fault(REFUSED, f"HTTP {answer.status}")
        length = (
            answer.headers.get("Content-Range", "")
            if answer.status == PART
            else f"/{answer.headers.get('Content-Length')}"
        )
        try:
            _is_whole(blob, length)
        except Fault:
            answer.close()
            raise
        return answer


def _goes_on(content_range: str, have: int) -> bool:
    return content_range.strip().startswith(f"bytes {have}-")


def _is_whole(blob: Blob, said: str) -> None:
    """Raises `Fault` when the server says (after a slash) that its file is of another size than the fleet has signed. It is
    no end: whoever answers in the server's place (the page of a guest network) will not do so for ever, and nothing was
    downloaded."""
    size = said.rpartition("/")[2]
    if size.isascii() and size.isdigit() and len(size) < SIZE_DIGITS_MAX and int(size) != blob.size:
        raise Fault(OTHER_FILE, f"{int(size)} bytes there, not {blob.size}")


def _digest(path: Path) -> "hashlib._Hash":
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
