"""A real PostgreSQL for tests: one server a session on a free port, a database of its own for each who asks.

    from tests.postgres import postgres  # noqa: F401 - the fixture

It lies in a temporary folder, listens on loopback and on a Unix socket in that folder, knows no password and is ended by
its own pid. PostgreSQL refuses to run as root: then the server runs as `postgres`, or as `nobody`.
"""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

STARTS_MAX = 5
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
_FAST = (
    "fsync=off",  # these tests kill workers, not machines; `Server(durable=True)` for figures
    "synchronous_commit=on",
    "full_page_writes=off",
)
_COMMON = ("shared_buffers=64MB", "max_connections=60", "max_locks_per_transaction=256", "autovacuum=off")


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are; None when no server is installed. Debian keeps them out of the path."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return there[-1].parent if there else None


def _user() -> str:
    """Whom the server runs as."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("neither postgres nor nobody is a user here")


class Server:
    """One PostgreSQL in a folder. `durable`: syncs for real."""

    def __init__(self, folder: Path, durable: bool = False) -> None:
        found = binaries()
        assert found is not None
        self._bin = found
        self._folder = folder
        self._data = folder / "data"
        self._user = _user()
        self._lines = (() if durable else _FAST) + _COMMON
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.port = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> "Server":
        """Make the cluster at first use, start it, wait until it answers."""
        if not self._data.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._user:
                shutil.chown(self._folder, self._user)
            self._run("initdb", "-D", str(self._data), "-U", "pos", "-A", "trust", "-E", "UTF8", "--no-sync", "-N")
        keeps_port = self.port != 0
        for _ in range(STARTS_MAX):
            self.port = self.port or _free_port()
            if self._try_start():
                return self
            if not keeps_port:
                self.port = 0
        raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2_000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cleanly, SIGQUIT at once and without a goodbye."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(STOP_TIMEOUT_S)

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"fleet{next(self._numbers)}"
        with psycopg.connect(self._line("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return self.url(name)

    def copy(self, url: str) -> str:
        """The URL of a copy of a database nobody is connected to: an older state to come back to."""
        name, source = f"fleet{next(self._numbers)}", url.rpartition("/")[2]
        with psycopg.connect(self._line("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")  # type: ignore[call-overload]
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://pos@127.0.0.1:{self.port}/{name}"

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop(signal.SIGQUIT)

    def _line(self, name: str) -> str:
        return self.url(name)

    def _try_start(self) -> bool:
        options = [f"-cport={self.port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={self._folder}"]
        options += [f"-c{line}" for line in self._lines]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*self._as_user(), str(self._bin / "postgres"), "-D", str(self._data), *options],
                stdout=log, stderr=log, cwd=self._folder,
            )  # fmt: skip
        until = time.monotonic() + START_TIMEOUT_S
        while process.poll() is None and time.monotonic() < until:
            try:
                psycopg.connect(self._line("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)  # it says nothing when it is ready but by answering
                continue
            self._process = process
            return True
        process.kill()
        process.wait()
        return False

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [*self._as_user(), str(self._bin / program), *words], check=True, capture_output=True, cwd=self._folder
        )

    def _as_user(self) -> list[str]:
        if not self._user:
            return []
        return [
            "setpriv",
            f"--reuid={self._user}",
            f"--regid={pwd.getpwnam(self._user).pw_gid}",
            "--clear-groups",
            "--",
        ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the whole session."""
    if binaries() is None:
        pytest.skip("postgresql is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pos-postgres-"))
    folder.chmod(0o711)
    try:
        with Server(folder / "server") as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: Server) -> str:
    """The URL of an empty database."""
    return postgres_server.database()
