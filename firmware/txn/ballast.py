"""8 MiB set aside, released when the disk is full, so that a thousand more cash sales commit (decisions 13)."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BALLAST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ballast:
    """The file `ballast` beside the ledger."""

    ledger: Path

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.ledger.with_name("ballast")

    def lay(self) -> bool:
        """Set the room aside; False when the disk is too full for it."""
        if self.path.exists() and self.path.stat().st_size == BALLAST_BYTES:
            return True
        if self._free_bytes() < 2 * BALLAST_BYTES:
            return False
        try:
            with self.path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
                os.fsync(file.fileno())
        except OSError:
            self.path.unlink(missing_ok=True)
            return False
        return True

    def is_last(self) -> bool:
        """Whether nearly nothing is left on the disk but this."""
        return self._free_bytes() < BALLAST_BYTES

    def _free_bytes(self) -> int:
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize

    def release(self) -> bool:
        """Give the room back to the disk; False when that was done before."""
        if not self.path.exists():
            return False
        self.path.unlink()
        return True
