"""How the run before ended, and how often the daemon crashed lately: three times in five minutes means safe mode
(decisions 15).

Two small files beside the ledger: the last crashes, and the mark of the run there is. A run that left its mark without an
end died by itself (a kill, the watchdog, no memory) if the kernel still is the one it ran on; if not, the power went, which
is no crash. So neither file needs a sync to tell a crash: it loses nothing of what the kernel holds. Only under settings on
trial the mark is synced, once for a run. Times are the kernel's since its boot, because the wall clock may be wrong.
"""

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from firmware.drivers.slots.launch import kernel
from firmware.drivers.store import NotStored, write_whole

log = logging.getLogger("posd.crashes")

CRASHES_MAX = 3
WINDOW_S = 300
KEPT_MAX = 8
KILLED = "killed"
"""The event of a crash that left no word."""


@dataclass(frozen=True, slots=True)
class Crash:
    """One crash: which kernel boot, seconds since then, and the event the core was at."""

    kernel: str
    at_s: int
    event: str
    rev: int = 0  # of the settings in force


@dataclass(frozen=True, slots=True)
class CrashFile:
    """The file; unreadable means empty, because it must never keep a terminal from starting."""

    path: Path

    def read(self) -> tuple[Crash, ...]:
        """The last crashes, oldest first."""
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))
            return tuple(
                Crash(str(row["kernel"]), int(row["at_s"]), str(row["event"]), int(row.get("rev", 0))) for row in rows
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return ()

    def note(self, event: str, rev: int = 0) -> None:
        """Add a crash of now, under the settings of this revision."""
        crashes = (*self.read(), Crash(kernel(), _uptime_s(), event[:200], rev))[-KEPT_MAX:]
        rows = [{"kernel": c.kernel, "at_s": c.at_s, "event": c.event, "rev": c.rev} for c in crashes]
        _replace(self.path, json.dumps(rows).encode())

    def lately(self) -> tuple[str, ...]:
        """What the crashes of the last five minutes were at, oldest first."""
        now_s, boot = _uptime_s(), kernel()
        return tuple(c.event for c in self.read() if c.kernel == boot and now_s - WINDOW_S <= c.at_s <= now_s)

    def last(self) -> str:
        """What the last crash was at."""
        return next((crash.event for crash in reversed(self.read())), KILLED)

    def under(self, rev: int) -> int:
        """How many of the crashes kept here happened under the settings of a revision."""
        return sum(crash.rev == rev for crash in self.read())

    def safe_mode(self) -> str | None:
        """The event of the last crash when there were three within five minutes; None otherwise."""
        lately = self.lately()
        return lately[-1] if len(lately) >= CRASHES_MAX else None


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run of the daemon: its boot, the kernel's, and its end, if it had one."""

    boot: str
    kernel: str
    ended: Literal["", "clean", "crash"] = ""


@dataclass(frozen=True, slots=True)
class RunMark:
    """The file that says which run there is; unreadable means none, because it must never keep a terminal from starting."""

    path: Path

    def last(self) -> Run | None:
        """The run that left the mark."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Run)
        except (OSError, ValueError, RecursionError):  # what is no UTF-8 is no `DecodeError`
            return None

    def died(self) -> bool:
        """Whether the process of the run before died without a word while the kernel lived on."""
        last = self.last()
        return last is not None and not last.ended and bool(last.kernel) and last.kernel == kernel()

    def crashed(self, running: str) -> bool:
        """Whether the run before ended by a crash. `running`: the boot that the ledger knows no end of; after a power cut
        the mark may be an older run's."""
        last = self.last()
        return last is not None and last.ended == "crash" and (last.kernel == kernel() or last.boot == running)

    def cut(self) -> bool:
        """Whether the run before came to no clean end, as far as the mark goes."""
        last = self.last()
        return last is not None and last.ended != "clean"

    def begin(self, boot: str, durable: bool = False) -> None:
        """This run. `durable`: so that it shows after a power cut, too, however early this run hangs."""
        _replace(self.path, msgspec.json.encode(Run(boot, kernel())), durable)

    def end(self, how: Literal["clean", "crash"]) -> None:
        """The run that left the mark has ended so."""
        if (last := self.last()) is not None:
            _replace(self.path, msgspec.json.encode(msgspec.structs.replace(last, ended=how)))


def _replace(path: Path, data: bytes, durable: bool = False) -> None:
    new = path.with_suffix(".new")
    try:
        if durable:
            write_whole(path, data)
        else:
            new.write_bytes(data)
            os.replace(new, path)
    except (OSError, NotStored) as error:  # a full or read-only disk is told of elsewhere
        log.error("%s not written: %s", path.name, error)


def _uptime_s() -> int:
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))
