"""The processes of a demonstration: started with a log, known by their ready line, stopped by their own pid."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

READY_WAIT_S = 60.0
STOP_WAIT_S = 15.0
ROOT = Path(__file__).resolve().parent.parent


class NotStarted(Exception):
    """It ended, or said nothing, before it was ready."""


class Process:
    """One child in a session of its own, so that Ctrl-C reaches only the launcher, which stops it in its turn."""

    def __init__(self, name: str, argv: Sequence[str], log: Path, ready: str) -> None:
        self.name = name
        self.log = log
        self.ready_line = ""
        self._argv = [*_tied_to_us(), *argv]
        self._ready = ready
        self._child: subprocess.Popen[str] | None = None
        self._is_ready = threading.Event()
        self._wanted = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start and wait for the ready line. Raises `NotStarted`."""
        self._is_ready.clear()
        self.ready_line = ""
        self._wanted = True
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._child = subprocess.Popen(
            self._argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self._child,), name=f"log of {self.name}", daemon=True).start()
        if not self._is_ready.wait(READY_WAIT_S) or not self.ready_line:
            self.stop()
            raise NotStarted(self.name)

    def died(self) -> int | None:
        """Its exit code when it ended although nobody asked it to."""
        return self._child.poll() if self._child is not None and self._wanted else None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, wait a bounded time, then kill it. Does nothing when it does not run."""
        child, self._child, self._wanted = self._child, None, False
        if child is None:
            return
        _signal(child, how)
        try:
            child.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            _signal(child, signal.SIGKILL)
            child.wait()

    def _read(self, child: "subprocess.Popen[str]") -> None:
        """Copy its words to the log; the first line with the ready mark is kept."""
        assert child.stdout is not None
        with child.stdout, self.log.open("a", encoding="utf-8") as log:
            for line in child.stdout:
                log.write(line)
                log.flush()
                if self._ready in line and not self.ready_line:
                    self.ready_line = line.strip()
                    self._is_ready.set()
        self._is_ready.set()  # it ended: whoever waits may look


def python(module: str, *arguments: str) -> list[str]:
    """Command of one of our modules, under this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def stop_all(processes: Sequence[Process], told: Callable[[Process], None] = lambda _: None) -> None:
    """Stop in the opposite order of starting."""
    for process in reversed(processes):
        told(process)
        process.stop()


def _signal(child: "subprocess.Popen[str]", how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, how)


def _tied_to_us() -> list[str]:
    """Prefix that lets a child end with the launcher, should the launcher itself be killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
