"""Desks: what the terminal does by itself about one part of the counter, beside commands and screens.

A desk hears the events of its devices or of the backend, fires its own timers, follows committed facts with effects and
takes up at the boot what the run before it left. It decides nothing about money by itself: that is a command's
`decide`, which it has done through `Till.do`. Desks know events, `txn` and screens, never each other or the terminal.
"""

from collections.abc import Callable
from typing import Protocol

from firmware.events import Effect, Event, Now, ToneName
from firmware.screens.base import Move, Screen
from firmware.screens.stack import Stack
from firmware.txn.command import Command, Context, Devices, Refusal, Session
from firmware.txn.ledger import Ledger
from rules.help import HelpDocument
from rules.settings import Problem, Settings
from rules.settings_book import SettingsBook
from wire.facts import Fact, Quarantined, Sale, Trouble
from wire.messages import State


class Till(Protocol):
    """What a desk may use of the terminal. `sold`: the sale that the event under way led to, with its seq."""

    ledger: Ledger
    settings: Settings
    book: SettingsBook
    groups: frozenset[str]
    help: HelpDocument
    now: Now
    session: Session
    devices: Devices
    stack: Stack
    sold: tuple[Sale, int] | None
    safe_mode: bool
    journal_key: str
    software: str
    boot_id: str
    training: bool

    @property
    def fits(self) -> Callable[[Settings], Problem | None]:
        """What of settings this board cannot have."""
        ...

    def context(self) -> Context:
        """What commands and screens may look at, now."""
        ...

    def do(self, command: Command) -> Refusal | None:
        """Have a command done that no screen waits for: its facts are committed and followed; why not, else."""
        ...

    def move(self, move: Move) -> None:
        """Lead the screens somewhere, as if a person had."""
        ...

    def append(self, fact: Fact) -> None:
        """Journal a fact of the terminal's own; a *now* fact is committed at the end of the step."""
        ...

    def commit(self) -> None:
        """Commit what is pending, now; a disk that refuses is shown."""
        ...

    def state(self, online: bool = True, reason: str = "") -> State:
        """What `up/state` says of this terminal."""
        ...

    def tell(self, fact: Trouble | Quarantined) -> None:
        """Journal an alarm, the same one at most once in ten minutes."""
        ...

    def jot(self, key: str, sql: str, *args: int | str | bytes | None, within_ms: int = ...) -> None:
        """A change of the event log's tables, durable `within_ms` at the latest; 0: whenever something else commits."""
        ...

    def emit(self, effect: Effect) -> None:
        """An effect of this step; one that leaves the device must be justified by a durable fact."""
        ...

    def refused(self, refusal: Refusal) -> None:
        """Show trouble above whatever is going on, once."""
        ...

    def above(self, screen: Screen) -> None:
        """Show something to read above whatever is going on, once, and not in the middle of a number."""
        ...

    def unsay(self, code: int) -> None:
        """Trouble that is over covers no screen any more."""
        ...

    def busy(self) -> str:
        """What keeps the terminal from being idle; "" when nothing does."""
        ...

    def stop(self, reason: str) -> None:
        """End the process cleanly; systemd starts it again."""
        ...

    def tone(self, tone: ToneName) -> None: ...

    def timer(self, name: str, after_ms: int) -> None:
        """(Re)start a timer; one of the desk's is called `DESK:what`."""
        ...

    def stop_timer(self, name: str) -> None: ...


class Desk(Protocol):
    """One part of the counter. Mutable: it holds what this boot remembers of its devices and jobs."""

    name: str

    def booted(self, till: Till) -> None:
        """After the boot's own facts are committed: take up what is open."""
        ...

    def hear(self, till: Till, event: Event) -> None:
        """Every event passes here once; most are none of this desk's business."""
        ...

    def fired(self, till: Till, what: str) -> None:
        """The timer `NAME:what` fired."""
        ...

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """A fact was committed by a command: what it causes outside."""
        ...
