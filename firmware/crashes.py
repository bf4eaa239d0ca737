"""How often the daemon crashed lately: three times in five minutes means safe mode (decisions 15).

Kept beside the ledger in a small file; times are the kernel's since its boot, because the wall clock may be wrong.
"""

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("posd.crashes")

CRASHES_MAX = 3
WINDOW_S = 300
KEPT_MAX = 8
KERNEL_BOOT = Path("/proc/sys/kernel/random/boot_id")


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
        crashes = (*self.read(), Crash(_kernel(), _uptime_s(), event[:200], rev))[-KEPT_MAX:]
        rows = [{"kernel": c.kernel, "at_s": c.at_s, "event": c.event, "rev": c.rev} for c in crashes]
        new = self.path.with_suffix(".new")
        try:
            new.write_text(json.dumps(rows), encoding="utf-8")
            os.replace(new, self.path)
        except OSError as error:  # a full or read-only disk is told of elsewhere
            log.error("crash not noted: %s", error)

    def lately(self) -> tuple[str, ...]:
        """What the crashes of the last five minutes were at, oldest first."""
        since = _uptime_s() - WINDOW_S
        return tuple(c.event for c in self.read() if c.kernel == _kernel() and c.at_s >= since)

    def under(self, rev: int) -> int:
        """How many of the crashes kept here happened under the settings of a revision."""
        return sum(crash.rev == rev for crash in self.read())

    def safe_mode(self) -> str | None:
        """The event of the last crash when there were three within five minutes; None otherwise."""
        lately = self.lately()
        return lately[-1] if len(lately) >= CRASHES_MAX else None


def _uptime_s() -> int:
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def _kernel() -> str:
    return KERNEL_BOOT.read_text(encoding="ascii").strip() if KERNEL_BOOT.exists() else ""
