"""A real Mosquitto for tests: free port, temporary folder, ended by its own pid.

    from tests.mosquitto import broker  # noqa: F401 - the fixture

or `with Broker(folder) as broker: …`. `pause()` freezes the process: connections stay open and nobody answers.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

PROGRAM = shutil.which("mosquitto", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
STARTS_MAX = 5
START_TIMEOUT_S = 20
PORTS_FROM, PORTS_GIVEN_FROM = 20_000, 32_768
STOP_TIMEOUT_S = 10
_STANDARD = (
    "allow_anonymous true",
    "persistence false",
    "log_dest stderr",
    "log_type error",
    "log_type warning",
    "log_type information",
    "max_inflight_messages 1000",  # towards the backend: what it may hold unacknowledged
    "max_queued_messages 100000",
    "set_tcp_nodelay true",
)


class Broker:
    """One Mosquitto. It keeps its port over `stop`/`kill` and `start`. `lines` are added to its configuration."""

    account = "root"
    """What it stays, started by root: any other could not read a test's own folder. Empty: as its configuration says."""

    def __init__(self, folder: Path, *lines: str, port: int = 0, listener: tuple[str, ...] = ()) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self._folder = folder
        self._lines = lines
        self._listener = listener
        self._process: subprocess.Popen[str] | None = None
        self.log: deque[str] = deque(maxlen=500)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it listens; another port is tried when the first one was just taken."""
        assert self._process is None
        keeps_port = self.port != 0
        for _ in range(STARTS_MAX):
            self.port = self.port or free_port()
            if self._try_start():
                return
            if not keeps_port:
                self.port = 0
        raise RuntimeError(f"mosquitto does not start: {list(self.log)[-5:]}")

    def stop(self) -> None:
        """End cleanly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End without a goodbye: what it held in memory is gone."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is not None:
            self.kill()

    def _try_start(self) -> bool:
        config = self._folder / "mosquitto.conf"
        rights = f"user {self.account}\n" if self.account and os.geteuid() == 0 else ""
        config.write_text(rights + self._config())
        process = subprocess.Popen([str(PROGRAM), "-c", str(config)], stderr=subprocess.PIPE, text=True)
        running = threading.Event()
        threading.Thread(target=self._drain, args=(process, running), daemon=True).start()
        if running.wait(START_TIMEOUT_S) and process.poll() is None:
            self._process = process
            return True
        process.kill()
        process.wait()
        return False

    def _config(self) -> str:
        text = [f"listener {self.port} {self.host}", *self._listener, *_STANDARD, *self._lines]
        return "\n".join(text) + "\n"

    def _drain(self, process: "subprocess.Popen[str]", running: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.log.append(line.rstrip())
                if line.rstrip().endswith("running"):
                    running.set()
        running.set()  # it ended: let the starter look

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(signal.SIGCONT)
        for _ in range(STOP_TIMEOUT_S):
            process.send_signal(how)  # again and again: one that comes right after its start is forgotten
            try:
                process.wait(1)
                return
            except subprocess.TimeoutExpired:
                continue
        raise RuntimeError("mosquitto does not end")


def free_port() -> int:
    """A port nobody has, below those the system gives to connections: none of another test's takes it while a broker that
    is to come back is away."""
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(given.read_text().split()[0]) if given.exists() else PORTS_GIVEN_FROM
    while True:
        port = random.SystemRandom().randrange(min(PORTS_FROM, first - 1), first)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running broker."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with Broker(folder) as made:
        yield made
