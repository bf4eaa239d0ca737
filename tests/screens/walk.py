"""The walk: every screen a terminal can come to, by breadth-first search over keys, scans and what devices do.

States are told apart by what matters of them (`Walker.key`): the stack with its numbers blurred to classes, who is
signed on, how much is in the basket, and the shape of the view. One ledger in memory is put back to the state a step
starts from.
"""

import dataclasses
import re
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from firmware.events import (
    Answered,
    AskFailed,
    CheckPin,
    DeviceSeen,
    DiskSeen,
    DrawerSeen,
    Effect,
    Event,
    HashPin,
    Key,
    KeyHeld,
    KeyPressed,
    LinkDown,
    Now,
    Print,
    Printed,
    PrinterSeen,
    PulseDrawer,
    Scanned,
    ScanRejected,
    SetTimer,
    SignSeal,
    StopTimer,
    StoreSettings,
    TimerFired,
)  # fmt: skip
from firmware.render import Renderer, find_font
from firmware.render_text import lines, speak
from firmware.screens.base import Screen
from firmware.screens.code import CodePayment
from firmware.screens.handover import BatchFull
from firmware.screens.help import Help, HelpChoice
from firmware.screens.menu import Menu, entries
from firmware.screens.orders import Looked
from firmware.screens.override import Supervisor
from firmware.screens.stack import home
from firmware.screens.widgets import Refused, Wizard
from firmware.terminal import Terminal
from firmware.txn import closing, hold, payment, refund_parts, shift, voucher
from firmware.txn.command import Command, Decision, Refusal
from firmware.txn.ledger import Ledger
from firmware.txn.operator import standing
from firmware.txn.reserve import releases
from firmware.view import Block, Items, Lang, Text, View
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.screens import from_afar
from tests.screens.ledgers import BADGE
from tests.vouchers.till import coupon
from wire.messages import AnswerPayment, AnswerRefund, AnswerReserve, AnswerSale, AnswerTotals
from wire.vouchers import AnswerVoucher, AnswerVoucherLook, AnswerVoucherPrepare, Used

LANGS: tuple[Lang, Lang] = ("zh", "en")
CANCELS_MAX = 10
NEAR_MAX = 2
"""Around the start of every ledger this many inputs are tried whatever other walks have seen."""

STATES_MAX = 8_000
"""A bound for the walk, a third above the states there are; reaching it means that the classes of values are too fine, and
fails."""

_CODE = re.compile(r"\[(\d{4})\]")


class Walked(Terminal):
    """A terminal that notes which commands it was given."""

    __slots__ = ("met",)

    def _decided(self, command: Command) -> tuple[Decision, tuple[int, ...]] | Refusal:
        self.met.add(type(command))
        return super()._decided(command)


class Quiet(Ledger):
    """A ledger whose event log stays as it was when the walk began: every refusal met would make another state."""

    def jot(self, key: str, sql: str, *args: Any) -> None:
        """Nothing."""


@dataclass(frozen=True)
class State:
    """All of a terminal at one moment, to come back to."""

    terminal: dict[str, Any]
    desks: "Stood"
    ledger: dict[str, Any]
    timers: dict[str, int]
    ms: int
    db: sqlite3.Connection


def copied(db: sqlite3.Connection) -> sqlite3.Connection:
    """The same tables in memory."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    db.backup(copy)
    return copy


@dataclass
class Undoable:
    """The ledger's connection while walking: its transactions run inside a savepoint, so that a step can be undone."""

    db: sqlite3.Connection
    in_transaction: bool = False

    def execute(self, sql: str, args: Any = ()) -> Any:
        """Run a statement; the ledger's own transactions are only noted."""
        if sql == "COMMIT" or sql.startswith("BEGIN"):
            self.in_transaction = sql != "COMMIT"
            return None
        assert sql != "ROLLBACK", "nothing fails in memory"
        return self.db.execute(sql, args)

    def put(self, image: sqlite3.Connection) -> None:
        """Be another state, from which steps can be undone."""
        if self.db.in_transaction:
            self.db.execute("COMMIT")
        image.backup(self.db)
        self.db.execute("SAVEPOINT state")

    def undo(self, image: sqlite3.Connection) -> None:
        """Everything since `put` of `image` has not happened."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK TO state")
        else:
            self.put(image)
        self.in_transaction = False

    def copy(self) -> sqlite3.Connection:
        """The state now (SQLite copies nothing out of an open transaction)."""
        if self.db.in_transaction:
            self.db.execute("COMMIT")
        return copied(self.db)


def own(value: Any) -> Any:
    """A copy of what a step could change in place."""
    return value.copy() if isinstance(value, set | dict) else value


Stood = tuple[tuple[Any, tuple[tuple[str, Any], ...]], ...]
"""Each desk with what its fields held."""


def standing_of(desks: tuple[Any, ...]) -> Stood:
    """How the desks stand, to put them back to."""
    return tuple((desk, tuple((name, own(getattr(desk, name))) for name in _names(type(desk)))) for desk in desks)


def put_back(stood: Stood) -> None:
    """Let each desk stand as it did; what has not changed stays."""
    for desk, fields in stood:
        for name, value in fields:
            if getattr(desk, name) != value:
                setattr(desk, name, own(value))


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind))


_LEDGER_FIELDS = ("next_seq", "head", "durable_seq", "acked_seq", "commits_in_wal", "_acked_committed")


@dataclass
class Seen:
    """What all walks have met together."""

    screens: set[type[Screen]] = field(default_factory=set)
    commands: set[type] = field(default_factory=set)
    codes: set[int] = field(default_factory=set)
    edges: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    titles: dict[str, Text | str] = field(default_factory=dict)
    keys: set[Any] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    looked: set[View] = field(default_factory=set)
    states: int = 0
    steps: int = 0


@dataclass
class Walker(Counter):
    """A counter whose ledger lies in memory and can be put back."""

    seen: Seen = field(default_factory=Seen)
    renderer: Renderer = field(default_factory=lambda: Renderer(find_font(), speak))
    print_code: int = 0
    trail: tuple[str, ...] = ()

    @classmethod
    def of(cls, counter: Counter, seen: Seen, renderer: Renderer, print_code: int = 0) -> "Walker":
        """Take over the ledger and terminal of a counter that was brought to where the walk starts."""
        if counter.ledger.pending:
            counter.ledger.commit()
        walker = cls(counter.folder, counter.settings, counter.clock, counter.prints, counter.drawer)
        walker.signs, walker.ms = counter.signs, counter.ms
        walker.day_ms, walker.seen, walker.renderer, walker.print_code = counter.day_ms, seen, renderer, print_code
        old = counter.ledger
        db = copied(old.db)
        old.db.close()
        fields = {f.name: getattr(old, f.name) for f in dataclasses.fields(old) if f.init}
        walker.ledger = Quiet(**fields | {"db": Undoable(db)})
        terminal = counter.terminal
        walker.terminal = Walked(**{f.name: getattr(terminal, f.name) for f in dataclasses.fields(terminal)})
        walker.terminal.ledger, walker.terminal.met = walker.ledger, seen.commands
        walker.timers = dict(counter.timers)
        return walker

    # --- stepping -----------------------------------------------------------------------------------------------------

    def step(self, event: Event, after_ms: int = 100) -> list[Effect]:
        """One event; its view is looked at before the edge answers."""
        if isinstance(event, KeyPressed):
            after_ms = max(after_ms, self.terminal.calm_until_ms - self.ms)
        self.ms += after_ms
        self.seen.steps += 1
        effects = list(self.terminal.step(event, Now(self.ms, self.day_ms + self.ms, self.clock)))
        self.look()
        for effect in effects:
            self._answer(effect)
        return effects

    def _answer(self, effect: Effect) -> list[Effect]:
        match effect:
            case SetTimer() | StopTimer() | CheckPin() | HashPin() | PulseDrawer() | SignSeal() | StoreSettings():
                return super()._answer(effect)
            case Print(job, _, _) if self.prints:
                return self.step(Printed(job, self.prints, self.print_code))
            case _:
                return []

    def act(self, events: tuple[Event, ...]) -> None:
        """An input, and what it leaves for the next two seconds: soon facts are committed."""
        for event in events:
            due_ms = self.timers.pop(event.name, self.ms) if isinstance(event, TimerFired) else self.ms
            self.step(event, max(100, due_ms - self.ms))
        if self.ledger.pending:
            self.step(TimerFired("soon"))

    def save(self, last: State | None) -> State:
        """The state now; the database is copied only when something was written since `last`."""
        terminal = {name: own(getattr(self.terminal, name)) for name in _names(type(self.terminal)) if name != "desks"}
        ledger = {name: getattr(self.ledger, name) for name in _LEDGER_FIELDS}
        same = last is not None and last.ledger["next_seq"] == self.ledger.next_seq
        db = last.db if same and last is not None else self.ledger.db.copy()
        return State(terminal, standing_of(self.terminal.desks), ledger, dict(self.timers), self.ms, db)

    def move_to(self, state: State) -> None:
        """Be at `state`, from which steps can be undone."""
        self.ledger.db.put(state.db)
        self._remember(state)

    def undo(self, state: State) -> None:
        """Back at `state`, to which the walker has moved."""
        if self.ledger.next_seq != state.ledger["next_seq"]:
            self.ledger.db.undo(state.db)
        self._remember(state)

    def _remember(self, state: State) -> None:
        for name, value in state.terminal.items():
            setattr(self.terminal, name, own(value))
        put_back(state.desks)
        for name, value in state.ledger.items():
            setattr(self.ledger, name, value)
        self.ledger._pending.clear()
        self.timers, self.ms = dict(state.timers), state.ms

    # --- looking ------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Draw what is on top in both languages; note whatever does not fit."""
        if not self.terminal.stack:
            return
        top = self.terminal.stack[-1]
        self.seen.screens.add(type(top))
        if self.terminal.shown in self.seen.looked:
            return
        ctx = self.terminal.context()
        for lang in LANGS:
            view = top.view(dataclasses.replace(ctx, lang=lang))
            if view in self.seen.looked:
                continue
            self.seen.looked.add(view)
            for problem in self.renderer.overflow(view):
                self.seen.problems.append(f"{name_of(top)} {lang}: {problem} after {' '.join(self.trail)}")
            title, body, hints = lines(view, lambda say, lang=lang: speak(lang, say))
            self.seen.codes |= {int(code) for line in (title, *body, *hints) for code in _CODE.findall(line)}

    def key(self) -> Any:
        """What tells this state from others."""
        session = self.terminal.session
        lines = bool(session.basket.lines)  # how many there are shows in the shape of the screens that list them
        return (
            self._screens(), session.role, lines, not lines and bool(hold.kept(self.ledger).lines),
            shift.current(self.ledger) is not None, self._wrong_pins(),
        )  # fmt: skip

    def _screens(self) -> Any:
        """The stack, blurred. A refusal is left in the same way whatever it refuses, to the screen right beneath it, and so
        is the help for a code; that their words fit is looked at all the same (`look`)."""
        *beneath, top = self.terminal.stack
        if isinstance(top, Refused | Help | HelpChoice):
            return tuple(map(name_of, self.terminal.stack[-2:]))
        return tuple(map(name_of, beneath)), blurred(top), shape(self.terminal.shown)

    def _wrong_pins(self) -> int:
        """How often in a row a PIN was wrong: that counts where one is asked for."""
        asks = any(isinstance(screen, Supervisor | Wizard) for screen in self.terminal.stack)
        return min(max(standing(self.ledger, number).failures for number in ("00", "01")), 3) if asks else 0

    def at_home(self) -> bool:
        """Whether this is where the session belongs; a full batch may be put off, to sell on."""
        wanted = [type(screen) for screen in home(self.terminal.context())]
        there = [type(screen) for screen in self.terminal.stack]
        return there == wanted or [*there, BatchFull] == wanted


def name_of(screen: Screen) -> str:
    """A screen's name on the map: its class, with its title where one class serves many."""
    if isinstance(screen, Menu) and screen.page != "main":
        return f"Menu {screen.page}"
    title = getattr(screen, "title", "")
    if isinstance(title, Text) and title.key:
        return f"{type(screen).__name__} {title.key.split('__')[0]}"
    return type(screen).__name__


def blurred(value: Any) -> Any:
    """`value` with numbers and typed digits as classes: what makes no other screen is one state."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        skipped = (
            "finish", "heard", "press", "job", "words", "about", "look_no", "digest", "until_ms", "request_no",
        )  # fmt: skip
        fields = [f.name for f in dataclasses.fields(value) if f.name not in skipped]
        return (type(value).__name__, *(_field(name, getattr(value, name)) for name in fields))
    if isinstance(value, tuple):
        return tuple(map(blurred, value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return max(-1, min(value, 1))
    if isinstance(value, str) and value.isdigit():
        return ("digits", next(n for n in DIGITS if len(value) <= n))
    return value


DIGITS = (1, 3, 8, 99)
"""Lengths of typed digits that are told apart; `answers` types whole ones of every kind."""


def _field(name: str, value: Any) -> Any:
    """A code stays as it is, as does the last whole answer given to a wizard (`answers` types few); what is chosen of a
    sale or counted of a drawer is something or nothing."""
    if name == "code":
        return value
    if name == "value" and isinstance(value, str) and not value.isdigit():
        return "text", bool(value)
    if name == "values":
        return len(value), value[-1:]
    if name == "pieces":
        return any(value)
    return bool(value) if name in ("picked", "lines", "reason") else blurred(value)


ROWS_MANY = 4
"""Lists of as many rows, and of more, are one class."""


def shape(view: View) -> Any:
    """A view without its words: kinds of blocks, rows of lists, hints, tint."""
    blocks = tuple((type(block).__name__, _rows(block), getattr(block, "tint", None)) for block in view.body)
    return view.name, blocks, tuple(hint.key for hint in view.hints), view.tint


def _rows(block: Block) -> int:
    return min(len(block.items), ROWS_MANY) if isinstance(block, Items) else 0


# --- inputs -----------------------------------------------------------------------------------------------------------

KEYS = ("0", "1", "5", "*", "#", "OK", "CANCEL", "CLEAR", "UP", "DOWN", "MENU", "F1", "F2")
SCANS = {
    "known": COLA, "slip": "R00010023" + "00" + "000001" * 2,
    "weighed": APPLE_5_YUAN, "unknown": "6900000000014", "damaged": "6901234567890",
    "bad scale code": "2110001000003", "glued": COLA + "6901100000119", "2 000 characters": "9" * 2_000,
    "payment code": "134567890123456789", "card number": "4111111111111111",
    "bill": "4200001234202611221234567890",
    "other channel": "01" + "7" * 17, "control characters": "\x1b[2J69\x00", "half": "69012345",
    "voucher": "123456789012",
    "past its date": f"https://id.gs1.org/01/0{COLA}?17=240101",
}  # fmt: skip

DEVICES: dict[str, tuple[Event, ...]] = {
    "paper out": (PrinterSeen("paper_out"),), "paper in": (PrinterSeen("ok"),),
    "paper low": (PrinterSeen("paper_low"),), "cover open": (PrinterSeen("cover_open"),),
    "printer gone": (PrinterSeen("offline"),), "printer fault": (PrinterSeen("fault"),),
    "drawer opens": (DrawerSeen(False), DrawerSeen(True)), "scanner gone": (DeviceSeen("scanner", False),),
    "keypad gone": (DeviceSeen("keypad", False),), "disk read-only": (DiskSeen(1 << 30, True),),
    "no link": (LinkDown(1003),), "scan unreadable": (ScanRejected("too_long"),),
}  # fmt: skip
"""What devices do by themselves; tried wherever a session is at home."""

TIMERS = ("idle", "screen", "drawer:open", "keep", *from_afar.TIMERS)


def pressed(names: str) -> tuple[Event, ...]:
    """Keys by name, separated by blanks."""
    return tuple(KeyPressed(Key(name)) for name in names.split())


def typed_in(digits: str) -> str:
    """Digits and OK as key names."""
    return " ".join((*digits, "OK"))


def answers(walker: Walker) -> tuple[str, ...]:
    """Whole answers worth typing at the screen on top: a class of values each."""
    top = walker.terminal.stack[-1]
    match type(top).__name__:
        case "Wizard":
            assert isinstance(top, Wizard)
            if top.value != top.step.start:
                return ()
            kinds = {
                "pin": ("0000", "3852", "385274", "1234", "9999"),
                "amount": ("20000", "999999999"),
                "number": ("01", "99", "55") if top.step.longest == 2 else ("20261122", "20261399"),
            }
            clear = " ".join(["CLEAR"] * len(top.value))
            return tuple(f"{clear} {typed_in(answer)}" for answer in kinds[top.step.kind])
        case "EventFilter":
            return "1 1 0 0 3 OK", "2 OK", "3 4 5 OK", "4", "0"
        case "Supervisor" if not getattr(top, "digits", ""):
            return tuple(map(typed_in, ("482917", "999999") if getattr(top, "number", "") else ("00", "01", "55")))
        case "BasketScreen" if not getattr(top, "digits", ""):
            return "2 *", "9 9 9 9 *", typed_in("10001"), typed_in("010001"), typed_in("123"), typed_in(COLA)
        case "HelpSearch" if not getattr(top, "digits", ""):
            return "1 0 0 3 OK", "9 9", "0"
        case "OneOperator":
            return ("2",)
        case "SettingNumber" if not getattr(top, "digits", ""):
            return "1 OK", "9 9 9 9 9 9 9 9 9 OK"
        case "Amount":
            return ("9 9 9 9 9 9 9 9 OK",)
        case "PriceMenu":
            return "2", "3", "4", "6", "7"
        case "Off":
            return "5 OK", "2 0 OK", "9 9 OK", "9 9 9 9 9 9 9 9 OK"
        case "Cash":
            return "1 OK", "9 9 9 9 9 9 9 OK"
        case "Card" if not getattr(top, "reference", ""):
            return "1 2 3 4 5 6 7 8 9 0 1 2 OK 5 6 7 8", "5 OK", "4 4 4 4 4 4 4 4 4 4 4 4 4"
        case "Orders" if not getattr(top, "digits", ""):
            return "1 OK", "9 9 9 OK", "2 0 2 6 1 1 2 2 0 OK"
        case "Weight":
            return "3 8 5 OK", "9 9 9 9 9 9 OK"
        case "CountDrawer" if not any(getattr(top, "pieces", ())):
            return "2 F1", "1 F1"  # the float of every ledger, and a difference
        case "Idle":
            return ("F1 5 5 5 5",)
        case "VoucherEntry" | "VoucherLook" if not getattr(top, "digits", ""):
            return typed_in("123456789012"), typed_in("123456789"), typed_in("123")
        case "RegisterAmount" if not getattr(top, "digits", ""):
            return typed_in("100"), typed_in("999999999")
        case "GiveBack" if not getattr(top, "digits", ""):
            return typed_in("1"), typed_in("9999"), "9 9 * 9 9 OK", "1 * OK"
        case "ChooseLines" if not getattr(top, "digits", ""):
            return typed_in("1"), typed_in("999999")
    return ()


def backend(walker: Walker) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """What the backend may answer to who waits for it."""
    top = walker.terminal.stack[-1]
    match type(top).__name__:
        case "Diagnosis" if due := [name for name in walker.timers if name.startswith("diagnosis:")]:
            yield "time (diagnosis)", (TimerFired(due[0]),)
        case "Looking":
            yield "no such sale", (Answered(AnswerSale(getattr(top, "job"), 6009)),)  # noqa: B009
            yield "the ask never left", (AskFailed(getattr(top, "job"), "sale"),)  # noqa: B009
        case "Reserving":
            number = getattr(top, "job")  # noqa: B009
            yield "goods kept", (Answered(AnswerReserve(number, granted=True)),)
            yield "goods gone", (Answered(AnswerReserve(number, granted=False, code=6014)),)
            yield "the ask never left", (AskFailed(number, "reserve"),)
        case "VoucherCheck" if getattr(top, "answer") is None:  # noqa: B009
            number = getattr(top, "look_no")  # noqa: B009
            two = (coupon(), coupon(ref="p2", kind="percent", percent=85, count=2))
            yield "a voucher", (Answered(AnswerVoucherPrepare(number, 0, two[:1])),)
            yield "vouchers", (Answered(AnswerVoucherPrepare(number, 0, two)),)
            yield "no voucher", (Answered(AnswerVoucherPrepare(number, 3003, used=Used("00010024", 7, 9, 10**12))),)
            yield "the ask never left", (AskFailed(number, "voucher_prepare"),)
        case "VoucherLooked" if getattr(top, "answer") is None:  # noqa: B009
            number = getattr(top, "look_no")  # noqa: B009
            uses = tuple(Used("00010024", 7, 9, 10**12, state) for state in ("consumed", "undone", "odd"))
            yield "uses", (Answered(AnswerVoucherLook(number, 0, uses)),)
            yield "no use", (Answered(AnswerVoucherLook(number, 3002)),)
            yield "the ask never left", (AskFailed(number, "voucher_look"),)
        case "VoucherWait" | "VoucherUseView":
            yield from platform(walker)


def platform(walker: Walker) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """What a platform may say of the use that waits longest, and that its first ask never left."""
    for use in voucher.open_uses(walker.ledger)[:1]:
        to: Any = "undo" if use.state == "undoing" else "query" if use.state == "unknown" else "consume"
        ends: dict[str, tuple[Any, ...]] = {
            "undo": ("undone", "kept", "consumed"), "query": ("consumed", "rejected", "absent", "unknown"),
            "consume": ("consumed", "rejected", "unknown"),
        }  # fmt: skip
        for state in ends[to]:
            yield f"voucher {state}", (Answered(AnswerVoucher(use.request_no, to, state)),)
        if to == "consume":
            yield "ask lost", (AskFailed(use.request_no, "voucher_consume"),)


def inputs(walker: Walker) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """Every input to try at the state the walker is at, with its name on the map."""
    for name in KEYS:
        yield name, pressed(name)
    top = walker.terminal.stack[-1]
    if isinstance(top, Menu):
        digits = (entry.digit for entry in entries(top.page, walker.terminal.context()))
        yield from ((name, pressed(name)) for name in digits if name not in KEYS)
    for key in (Key.CANCEL, Key.CLEAR):
        yield f"{key} 2 s", (KeyPressed(key), KeyHeld(key))
    for names in answers(walker):
        yield names, pressed(names)
    taking = type(walker.terminal.stack[-1]).scan is not Screen.scan
    for name, text in SCANS.items() if taking else (("known", COLA),):
        yield f"scan {name}", (Scanned(text),)
    if top.TAKES_BADGES:
        yield "scan a badge", (Scanned(BADGE),)
    yield from backend(walker)
    if walker.terminal.stack == home(walker.terminal.context()):
        yield from DEVICES.items()
        yield from _totals(walker)
    for number in releases(walker.ledger)[:1]:
        yield "release heard", (Answered(AnswerReserve(number, granted=False)),)
    yield from ((f"time ({name})", (TimerFired(name),)) for name in TIMERS if name in walker.timers)
    yield from money(walker)
    yield from from_afar.orders(walker.terminal.shown.name if walker.terminal.shown else "")


def money(walker: Walker) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """What the backend may say of the payment or look-up on the screen, and the payments desk's own timers."""
    top = walker.terminal.stack[-1]
    if isinstance(top, CodePayment):
        known = payment.find(walker.ledger, top.order_no)
        assert known is not None
        for to, state, code, fen in SAID:
            paid = known.amount_fen if fen else 0
            answer = AnswerPayment(top.order_no, to, state, code, BILL if fen else "", paid if fen != 1 else 1)
            yield f"answer {state} {code or ''}".rstrip() + (" (other amount)" if fen == 1 else ""), (Answered(answer),)
        yield "ask lost", (AskFailed(top.order_no, "pay"),)
    if isinstance(top, Looked) and top.answer is None:
        for state in ("paid", "failed", "paying", "unknown", "reversed", "absent"):
            answer = AnswerPayment(top.key, "query", state, 0, "", 700 if state == "paid" else 0)
            yield f"answer {state}", (Answered(answer),)
    due = sorted((at, name) for name, at in walker.timers.items() if name.startswith("vouchers:"))
    yield from (("time (voucher)", (TimerFired(name),)) for at, name in due[:1])
    due = sorted((at, name) for name, at in walker.timers.items() if name.startswith("payments:"))
    yield from (("time (payment)", (TimerFired(name),)) for at, name in due[:1])
    for refund in [each for each in refund_parts.open_parts(walker.ledger) if each.under_way][:1]:
        for to, code in (("refunded", 0), ("failed", 5015), ("failed", 5017)):
            number = "50300000" if to == "refunded" else ""
            yield f"refund {to} {code or ''}".rstrip(), (Answered(AnswerRefund(refund.refund_no, to, code, number)),)


SAID: tuple[tuple[Any, Any, int, int], ...] = (
    ("pay", "paid", 0, 2), ("query", "paid", 0, 1), ("pay", "failed", 5002, 0), ("pay", "paying", 0, 0),
    ("query", "unknown", 0, 0), ("reverse", "reversed", 0, 0),
)  # fmt: skip
BILL = "4200001234202611221234567890"


def _totals(walker: Walker) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """The backend's totals of a batch that waits for them, as this terminal has them."""
    due = closing.unsettled(walker.ledger)
    if due is not None:
        answer = AnswerTotals(walker.ledger.epoch, due.batch, due.closed_seq, True, due.ours)
        yield "totals", (Answered(answer),)


# --- the search -------------------------------------------------------------------------------------------------------


def walk(walker: Walker) -> None:
    """Visit every state near the walker, and every one farther on that no walk has seen before."""
    seen, near = walker.seen, {walker.key()}
    walker.look()
    start = walker.save(None)
    seen.keys |= near
    queue: deque[tuple[State, tuple[str, ...]]] = deque([(start, ())])
    while queue:
        state, trail = queue.popleft()
        seen.states += 1
        assert seen.states <= STATES_MAX, f"too many states, last by {trail}"
        walker.move_to(state)
        source = name_of(walker.terminal.stack[-1])
        seen.titles.setdefault(source, walker.terminal.shown.title)
        for name, events in list(inputs(walker)):
            walker.trail = (*trail, name)
            walker.act(events)
            seen.edges.setdefault((source, name), set()).add(name_of(walker.terminal.stack[-1]))
            key = walker.key()
            if key not in seen.keys or (len(trail) + 1 < NEAR_MAX and key not in near):
                seen.keys.add(key)
                near.add(key)
                queue.append((walker.save(state), walker.trail))
            walker.undo(state)
        _cancel_leads_home(walker, trail)


def _cancel_leads_home(walker: Walker, trail: tuple[str, ...]) -> None:
    """At most ten CANCELs, and OK where only OK leads on, end where the session belongs."""
    for _ in range(CANCELS_MAX):
        if walker.at_home():
            return
        before = walker.terminal.stack
        walker.act(pressed("CANCEL"))
        if walker.terminal.stack == before:
            walker.act(pressed("OK"))
    if not walker.at_home():
        walker.seen.problems.append(f"{CANCELS_MAX} CANCELs do not lead home after {' '.join(trail)}")


Start = Callable[[Path], tuple[Counter, int]]
"""Brings a counter to a named ledger; with the code its printer answers with."""
