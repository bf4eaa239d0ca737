"""What every pair of slots can do; the real ones are folders (`folder`) or RAUC's (`rauc`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROLLED_BACK, NOT_SIGNED, NO_ROOM, DAMAGED, TOO_OLD = 9005, 2019, 9002, 9003, 9015


class SlotFault(Exception):
    """Why a slot was not changed; what runs goes on running."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class SlotLook:
    """Which slot runs; `trial`: it is not confirmed; `fell_back`: the other one was tried and left; `died`: because it did
    not stay up by itself, as far as anybody can tell."""

    slot: str
    trial: bool = False
    fell_back: bool = False
    died: bool = False


class Slots(Protocol):
    """Two slots. Every act is safe to be cut off at any moment and to be done again. All raise `SlotFault`."""

    def which(self) -> SlotLook:
        """What runs."""
        ...

    def install(self, bundle: Path, version: str) -> None:
        """Put the release `version` of this bundle into the slot that does not run, if it is the fleet's."""
        ...

    def try_next(self) -> None:
        """Let the other slot run at the next start, on trial."""
        ...

    def confirm(self) -> None:
        """What runs has proven well: it stays."""
        ...

    def fall_back(self) -> None:
        """What runs has not: the other slot at the next start."""
        ...


class NoSlots:
    """A terminal whose software nobody changes from afar."""

    def which(self) -> SlotLook:
        """The only one."""
        return SlotLook("")

    def install(self, bundle: Path, version: str) -> None:
        """Never."""
        raise SlotFault(ROLLED_BACK, "this terminal has no slots")

    def try_next(self) -> None:
        """Never."""
        raise SlotFault(ROLLED_BACK, "this terminal has no slots")

    def confirm(self) -> None:
        """It stays anyway."""

    def fall_back(self) -> None:
        """Never."""
        raise SlotFault(ROLLED_BACK, "this terminal has no slots")
