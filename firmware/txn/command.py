"""What a command is: `decide(ctx)` looks, and returns facts or a refusal; it changes nothing by itself.

Rights are checked here, never only in a screen (design 5). Refusal codes follow one precedence: state, right, amount,
device; the first wins (decisions 23).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from firmware.events import Effect, Now
from firmware.txn.basket import Basket
from firmware.txn.books import Reading
from firmware.view import Lang, LinkLook, Say
from rules.errors import ErrorCode, errors, first_refusal
from rules.help import HelpDocument
from rules.rights import NEEDS_SUPERVISOR, Right, right_refusal, role_of
from rules.settings import Settings
from rules.settings_book import SettingsBook
from wire.board import NetworkFault, NetworkKind
from wire.facts import Fact
from wire.messages import PrinterLook


@dataclass(frozen=True, slots=True)
class Session:
    """What the terminal remembers in memory only: who is signed on and what is in the basket; `timed_out`: nobody is,
    because nobody worked (2017)."""

    operator: str = ""
    role: str = ""
    basket: Basket = field(default_factory=Basket)
    timed_out: bool = False


CheckState = Literal["waits", "runs", "ok", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the diagnosis (`desks.diagnosis`): what it is about, how it ended, and the code that says why."""

    name: str
    state: CheckState = "waits"
    code: int = 0


FIRST, SECOND = 0, 1
"""Printers; the second stands in for the first while that one is out of order."""


@dataclass(frozen=True, slots=True)
class Devices:
    """How the outside was last seen."""

    printer: PrinterLook = "offline"  # until it is seen; `none`: this terminal has no printer
    drawer_open: bool | None = None
    link: LinkLook = "connecting"
    battery: int | None = None
    charging: bool = False
    scanner: bool = True
    keypad: bool = True
    answered: bool = True  # False: the backend has not answered for `network.offline_after_s`
    link_code: int = 0  # why the link went down last; 0 while it is up
    drawer_code: int = 0  # what went wrong with the drawer's last pulse; 0: nothing
    drawer_warned: bool = False  # it has been said that the drawer stands open (8002)
    drawer_ready_ms: int = 0  # monotonic time from which the drawer's coil may be fired again
    printer2: PrinterLook = "none"  # the stand-in
    deals_ms: int = 0  # monotonic time at which the backend last said what the deals are; 0: not in this boot
    network: NetworkKind = "unknown"
    signal_percent: int | None = None
    network_fault: NetworkFault = ""
    checks: tuple[Check, ...] = ()  # of the diagnosis that runs, or ran last
    link_notes: tuple[int, ...] = ()  # what the broker or the backend found wrong with what we sent, or we with theirs

    @property
    def prints(self) -> bool:
        """Whether this terminal has a printer, be it only the stand-in of one whose plug is out."""
        return self.printer != "none" or self.printer2 != "none"

    def look(self, printer: int) -> PrinterLook:
        """How that printer was last seen; 1: the stand-in."""
        return self.printer2 if printer == SECOND else self.printer

    def works(self, printer: int) -> bool:
        """Whether that printer takes slips."""
        return self.look(printer) in ("ok", "paper_low")

    @property
    def slip_printer(self) -> int:
        """The printer whose turn it is: the first, or its stand-in while only that one works."""
        return SECOND if self.works(SECOND) and not self.works(FIRST) else FIRST

    def starved(self, percent_min: int) -> bool:
        """Whether the battery could not carry the print head (4007, domain 6.3): nothing is printed until it is charged."""
        return self.battery is not None and not self.charging and self.battery < percent_min


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a command or screen may look at."""

    terminal: str
    books: Reading
    session: Session
    settings: Settings
    devices: Devices
    now: Now
    lang: Lang
    backlog: int
    request: int  # number for the next request to a worker
    chance: bytes  # 16 fresh random bytes, from the seed of this boot
    safe_mode: bool = False
    locked: frozenset[str] = frozenset()  # operators who must wait after wrong PINs
    waits_ms: Mapping[str, int] = field(default_factory=dict)  # of those who are locked: how long yet
    approver: str = ""  # the supervisor who stands by this one action (`txn.approve`)
    training: bool = False  # practice on a journal of its own; nothing is sent
    software: str = ""  # this release
    book: SettingsBook = field(default_factory=SettingsBook)  # where the settings come from and what waits
    help: HelpDocument = field(default_factory=HelpDocument)  # what the fleet says beside the built-in knowledge base

    def error(self, code: int) -> ErrorCode:
        """A code's row of the error table, in the fleet's words where it has some."""
        return self.help.error(code)

    def knows(self, code: int) -> bool:
        """Whether there is anything to say about a code."""
        return code in errors() or self.help.entry(code) is not None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was not done: a code of the error table, and what it was about; `facts` go on record all the same."""

    code: int
    about: Say = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command does: facts for the journal, the session from now on, and work for a worker inside the device."""

    facts: tuple[Fact, ...] = ()
    session: Session | None = None
    effects: tuple[Effect, ...] = ()
    secrets: tuple[tuple[str, bytes, bytes], ...] = field(default=(), repr=False)


class Command(Protocol):
    """One thing an operator, or the terminal for them, wants done."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """Facts, or why not. Looks, never changes."""
        ...


def lacking(ctx: Context, right: Right, *states: int | None) -> Refusal | None:
    """The refusal when nobody is signed on (2001), by one of `states` (codes that hold now), or when the operator lacks
    `right`: in this order (decisions 23). None when nothing stands in the way."""
    state = first_refusal((None if ctx.session.operator else 2001, *states))
    if state is not None:
        return Refusal(state)
    code = right_refusal(ctx.session.role, right, ctx.settings.rights)
    if code == NEEDS_SUPERVISOR and ctx.approver:
        code = right_refusal(role_of(ctx.approver), right, ctx.settings.rights)
    return Refusal(code, right.value) if code else None
