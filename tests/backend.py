"""The backend for tests: in this process on a thread of its own, or as the real `posfleet serve`."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.core import Core
from fleet.ingest import Ingest
from fleet.mqtt import IngestSettings
from fleet.sql import SqlStore
from fleet.store import StoredRecord

FLEET_KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
FLEET_PUBLIC = FLEET_KEY.public_key().public_bytes_raw().hex()
UTC_MS = 1_800_000_000_000
WAIT_S = 60


class Backend:
    """Core, store on disk and ingest on a thread. `wrap` may put something between core and ingest."""

    def __init__(
        self,
        path: Path,
        host: str,
        port: int,
        wrap: Callable[[Core], Any] = lambda core: core,
        utc_ms: Callable[[], int] = lambda: UTC_MS,
        **more: str,
    ) -> None:
        self.store = SqlStore(path)
        self.ready = threading.Event()
        self.troubles: list[tuple[str, str]] = []
        self.ingest = Ingest(
            IngestSettings(host, port, f"fleet-{path.stem}", **more),
            wrap(Core(self.store, FLEET_KEY.sign)),
            utc_ms=utc_ms,
            monotonic_ms=lambda: time.monotonic_ns() // 1_000_000,
            jitter=lambda: 0.02,
            ready=self.ready.set,
            trouble=lambda *what: self.troubles.append(what),
        )
        self._thread = threading.Thread(target=self.ingest.run, name="ingest")

    def __enter__(self) -> "Backend":
        self._thread.start()
        assert self.ready.wait(WAIT_S)
        return self

    def __exit__(self, *_exc: object) -> None:
        self.ingest.stop()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        self.store.close()


def ask(path: Path, question: str, *args: Any) -> Any:
    """Ask the store's file, read-only, as the command line does."""
    store = SqlStore(path, read_only=True)
    try:
        with store.begin() as books:
            return getattr(books, question)(*args)
    finally:
        store.close()


def rows(path: Path, terminal: str = "T0001", epoch: int = 1) -> list[StoredRecord]:
    found: list[StoredRecord] = ask(path, "records_after", terminal, epoch, 0, 1_000_000)
    return found


class Served:
    """`posfleet serve` as a process of its own, at the plain broker on `port`, or at the one that `words` name."""

    def __init__(self, data: Path, port: int | None, *words: str) -> None:
        self.data = data
        command = [sys.executable, "-m", "fleet", "--lang", "en", "serve", "--data", str(data)]
        self.process = subprocess.Popen(
            [*command, *([] if port is None else ["--broker", f"127.0.0.1:{port}"]), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parent.parent,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )

    def wait_ready(self) -> str:
        """The ready line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def __enter__(self) -> "Served":
        line = self.wait_ready()
        assert line.startswith("posfleet ready "), (line, self.process.poll())
        return self

    def end(self) -> tuple[int, str]:
        """SIGTERM; exit code and what it said to stderr."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, errors

    def __exit__(self, *_exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=WAIT_S)
