"""Facts about what the fleet does with a terminal: commands, the lock, software updates (wire contract, 2 and 4).

A command is on record before it has any effect, and its result once for all: the same command again, however late it comes,
gets that result. Nothing a customer showed stands in them.
"""

from typing import ClassVar, Literal

from wire.fact import Fact
from wire.fleet import Check, CommandName


class CommandTaken(Fact, frozen=True):
    """A signed command to this terminal, not expired, is being carried out. `about`: what of it matters later, such as
    which thing is to be started again. `forget_ms`: what expired before is forgotten; 0 by a clock nobody trusts."""

    KIND: ClassVar[str] = "command_taken"
    cid: str
    name: CommandName
    expires_ms: int
    by: str = ""  # who ordered it
    about: str = ""
    forget_ms: int = 0


class CommandBegun(Fact, frozen=True):
    """A command that waited for its moment, such as a restart, is carried out now: it cannot be taken back any more."""

    KIND: ClassVar[str] = "command_begun"
    cid: str


class CommandEnded(Fact, frozen=True):
    """What became of a command; its first and only result. `parts`: how many pieces of data its reply has."""

    KIND: ClassVar[str] = "command_ended"
    cid: str
    status: Literal["done", "refused", "failed"]
    code: int = 0
    reason: str = ""
    checks: tuple[Check, ...] = ()
    parts: int = 0


class TerminalLocked(Fact, frozen=True):
    """This terminal sells no more until it is unlocked (2009)."""

    KIND: ClassVar[str] = "terminal_locked"
    cid: str
    reason: str = ""
    by: str = ""


class TerminalUnlocked(Fact, frozen=True):
    """This terminal may sell again."""

    KIND: ClassVar[str] = "terminal_unlocked"
    cid: str
    by: str = ""


UpdateFault = Literal["", "file", "release"]
UpdateStage = Literal["ordered", "fetched", "installed", "trying", "kept", "left", "failed"]
"""`trying`: the other slot is about to run, or runs on trial; `kept`: it has proven well; `left`: it has not, and the
release before it runs again; `failed`: it never came to that."""


class UpdateMoved(Fact, frozen=True):
    """A step of the software update `cid`. `before`: the release that ran when it was ordered; `tries`: how often its slot
    was to be tried; `code` and `reason`: of its end, or while it is `ordered`, why its file has not come yet. `fault`:
    `release` is not to be tried again, wherever it comes from; `file` was written by releases that barred a URL, too."""

    KIND: ClassVar[str] = "update_moved"
    cid: str
    stage: UpdateStage
    version: str
    sha256: str
    size: int
    url: str
    before: str
    rollout: str = ""
    tries: int = 0
    code: int = 0
    reason: str = ""
    ordered_ms: int = 0
    fault: UpdateFault = ""
