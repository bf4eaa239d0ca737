"""The terminal's daemon as the emulator's child: started, cut off, started again, and at the end stopped."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

STOP_WAIT_S = 10.0
"""A daemon that was asked to end gets this long before it is killed."""

RESTART_WAIT_S = 0.5
RESTART_WAIT_MAX_S = 10.0
"""Back-off of the restarts after a crash, doubled each time, as systemd's RestartSec would."""

WELL_AFTER_S = 60.0
"""A daemon that ran this long has forgotten the crashes before."""

LOG_TAIL_BYTES = 4_000
ROOT = Path(__file__).resolve().parent.parent

KERNEL_BOOT = "POSD_KERNEL_BOOT"
"""Which boot of the kernel it runs on, said to the daemon: a power cut that is played ends only its process."""

Power = Literal["on", "off"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How the daemon's process ended: `cut` by a power cut, `asked` by us, or by itself with `code`."""

    how: Literal["cut", "asked", "itself"]
    code: int


def command(data: Path, board: Path, profile: str | None) -> list[str]:
    """The real daemon, on this board folder."""
    argv = [sys.executable, "-m", "firmware", "run", "--virtual", "--board", str(board), "--data", str(data)]
    return [*argv, "--profile", profile] if profile else argv


class Daemon:
    """Keeps one process running while the power is on. `gone(Ended)` is called each time it has ended, before the next
    one starts; `begun(pid)` after each start."""

    def __init__(
        self,
        argv: Sequence[str],
        log: Path,
        gone: Callable[[Ended], None],
        begun: Callable[[int], None],
    ) -> None:
        self.power: Power = "off"
        self.starts = 0
        self._argv = [*_tied_to_us(), *argv]
        self._log = log
        self._gone = gone
        self._begun = begun
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._how: Literal["cut", "asked", "itself"] = "itself"
        self._changed = asyncio.Event()
        self._resting = False
        self._kernel_boot = ""

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def coming(self) -> bool:
        """The power is on and it runs, or is being started this moment (not: after a crash, in a moment)."""
        return self.power == "on" and not self._resting

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def power_on(self) -> None:
        """Start it, and keep it started. Does nothing when the power is on already."""
        if self._keeper is None:
            self.power, self._how, self._kernel_boot = "on", "itself", uuid.uuid4().hex
            self._keeper = asyncio.create_task(self._keep())

    def hurry(self) -> None:
        """Start it now if it ended by itself and waits for its turn: what made it end has been mended."""
        self._changed.set()

    async def power_cut(self) -> None:
        """Kill it in the middle of whatever it does; returns when it is dead and buried."""
        await self._end("cut", signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end, wait a bounded time, kill it then."""
        await self._end("asked", signal.SIGTERM)

    async def _end(self, how: Literal["cut", "asked"], sign: signal.Signals) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        self.power, self._how = "off", how
        self._changed.set()
        if self._process is not None:
            _signal_group(self._process.pid, sign)
        done, _ = await asyncio.wait({keeper}, timeout=STOP_WAIT_S)
        if not done and self._process is not None:
            _signal_group(self._process.pid, signal.SIGKILL)
        await keeper

    async def _keep(self) -> None:
        wait_s = RESTART_WAIT_S
        while self.power == "on":
            began = time.monotonic()
            code = await self._run_once()
            if self._how == "itself":
                wait_s = RESTART_WAIT_S if time.monotonic() - began > WELL_AFTER_S else wait_s
                await self._pause(wait_s)
                wait_s = min(wait_s * 2, RESTART_WAIT_MAX_S)
            assert code is not None

    async def _run_once(self) -> int:
        environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(_paths()), "PYTHONUNBUFFERED": "1",
            KERNEL_BOOT: self._kernel_boot,
        }  # fmt: skip
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True,
            )  # fmt: skip
        self.starts += 1
        if self.power == "off":  # cut while it was being born
            _signal_group(self._process.pid, signal.SIGKILL)
        self._begun(self._process.pid)
        code = await self._process.wait()
        _signal_group(self._process.pid, signal.SIGKILL)  # whatever it left behind in its own group
        self._process = None
        self._gone(Ended(self._how, code))
        return code

    async def _pause(self, wait_s: float) -> None:
        self._changed.clear()
        self._resting = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), wait_s)
        self._resting = False

    def log_tail(self) -> str:
        """The last lines the daemon wrote, for whoever asks why it does not answer."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode("utf-8", "replace")


def _paths() -> list[str]:
    given = os.environ.get("PYTHONPATH", "")
    return [str(ROOT), *([given] if given else [])]


def _tied_to_us() -> list[str]:
    """Prefix that lets the daemon die with the emulator, should the emulator itself be killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _signal_group(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, sign)
