"""Held orders: the list, taking one back, giving one up (挂单/取单, domain 10.3)."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import (
    CANCEL_HINT,
    OK_HINT,
    Do,
    Done,
    Home,
    Move,
    Pop,
    Push,
    Screen,
    Stay,
    home,
    local_time,
    shown,
)
from firmware.screens.goods import scanned_in
from firmware.screens.widgets import Confirm, Notice, typed
from firmware.txn import hold
from firmware.txn.basket import Basket
from firmware.txn.command import Context
from firmware.txn.hold import DropHold, Hold, RecallHold
from firmware.txn.removal import REASONS, needs_reason
from firmware.view import Big, Block, Field, Gap, Hint, Item, Items, Para, Tint, View, text
from rules.money import yuan
from rules.quantity import format_milli
from wire.facts import BasketHeld

ROWS_MAX, ROWS_TYPING = 5, 4
NUMBER_DIGITS_MAX = 2
HELD_SHOWN_MS = 4_000


def holds(ctx: Context) -> Move:
    """The menu's entry: the list, or that nothing is held."""
    return Push(Holds()) if hold.holds(ctx.books) else Push(Notice(text("hold__title"), (text("hold__none"),)))


def holds_count(ctx: Context) -> int:
    """How many orders are held."""
    return len(hold.holds(ctx.books))


@dataclass(frozen=True, slots=True)
class Holds(Screen):
    """Held orders, oldest first. A number typed, or the chosen one, comes back with OK; F2 gives the chosen one up."""

    row: int = 0
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type a number, UP and DOWN choose."""
        held_now = hold.holds(ctx.books)
        digits = typed(self.digits, key, NUMBER_DIGITS_MAX)
        if digits is not None and (self.digits or key is not Key.CLEAR):
            return Stay(replace(self, digits=digits.lstrip("0")))
        if key is Key.CANCEL or not held_now:
            return Pop()
        row = min(self.row, len(held_now) - 1)
        match key:
            case Key.OK:
                return self._recall(self._number(held_now), ctx)
            case Key.F2 if not self.digits:
                return Push(DropReason(held_now[row].number))
            case Key.UP | Key.DOWN:
                return Stay(Holds((row + (1 if key is Key.DOWN else -1)) % len(held_now)))
            case _:
                return Stay()

    def _number(self, held_now: tuple[Hold, ...]) -> int:
        return int(self.digits) if self.digits else held_now[min(self.row, len(held_now) - 1)].number

    def _recall(self, number: int, ctx: Context) -> Move:
        """At once, or after asking what becomes of the open order."""
        there = any(each.number == number for each in hold.holds(ctx.books))
        if there and ctx.session.basket.lines:
            words = (text("hold__swap_words"), text("hold__swap_how", number=number))
            return Push(Confirm(text("hold__swap_title"), words))
        return Do(RecallHold(number), home)

    def back(self, result: object, ctx: Context) -> Move:
        """The open order is put aside in exchange; or one was given up."""
        held_now = hold.holds(ctx.books)
        if not held_now:
            return Pop()
        if result is True:
            return Do(RecallHold(self._number(held_now), swap=True), home)
        return Stay(replace(self, row=min(self.row, len(held_now) - 1), digits=""))

    def view(self, ctx: Context) -> View:
        """A page of them: when, what, how much; the chosen one with pieces and who held it."""
        held_now = hold.holds(ctx.books)
        page = ROWS_TYPING if self.digits else ROWS_MAX
        row = min(self.row, max(0, len(held_now) - 1))
        first = row // page * page
        items = tuple(
            _item(each, place == row and not self.digits)
            for place, each in enumerate(held_now[first : first + page], first)
        )
        block = Items(items, -1 if self.digits else row - first, first // page + 1, max(1, -(-len(held_now) // page)))
        body: tuple[Block, ...] = (block,)
        if self.digits:
            body += (Field(text("hold__number"), self.digits),)
        hints = (Hint("OK", text("hold__take")), Hint("F2", text("hold__drop")), CANCEL_HINT)
        return shown(self, ctx, text("hold__count", holds=len(held_now)), body, hints)


def _item(each: Hold, chosen: bool) -> Item:
    left = f"{local_time(each.at_ms, '%H:%M')} {each.first}"
    pieces = format_milli(each.pieces_milli)
    day = local_time(each.at_ms, "%m-%d")
    note = text("hold__note", pieces=pieces, lines=each.lines, operator=each.operator, day=day) if chosen else ""
    return Item(str(each.number), left, yuan(each.due_fen), note)


@dataclass(frozen=True, slots=True)
class Because:
    """Why the open order is given up: what `DropReason` comes back with."""

    reason: str


def why_first(basket: Basket, ctx: Context) -> Move | None:
    """An order of many goods is given up for a reason; None: none is asked."""
    return Push(DropReason()) if needs_reason(ctx, basket) else None


@dataclass(frozen=True, slots=True)
class DropReason(Screen):
    """Why a held order is given up, or the open one (`number` 0), which whoever asks does with what comes back."""

    number: int = 0
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its reason at once."""
        match key:
            case Key.OK:
                return self._for(REASONS[self.row])
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(REASONS)))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                place = int(key.digit or "0") - 1
                if 0 <= place < len(REASONS):
                    return self._for(REASONS[place])
                return Stay()

    def _for(self, reason: str) -> Move:
        return Do(DropHold(self.number, reason), _dropped) if self.number else Pop(Because(reason))

    def view(self, ctx: Context) -> View:
        """The reasons with their digits."""
        items = tuple(Item(str(place), text(f"hold__{name}")) for place, name in enumerate(REASONS, 1))
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        title = text("hold__drop_title", number=self.number) if self.number else text("basket__cancel_title")
        return shown(self, ctx, title, (Items(items, self.row),), hints, Tint.UNSURE)


def _dropped(done: Done, ctx: Context) -> Move:
    return Pop()


def held(done: Done, ctx: Context) -> Move:
    """`then` of an order put aside: its number, for the customer to know."""
    fact = next(fact for fact in done.decision.facts if isinstance(fact, BasketHeld))
    return Home(Held(fact.hold, fact.due_fen))


@dataclass(frozen=True, slots=True)
class Held(Screen):
    """The number under which an order was put aside; any key or the next scan goes on."""

    number: int
    due_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """On."""
        return Home()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The next customer."""
        return scanned_in(scanned, ctx)

    def stays_ms(self, ctx: Context) -> int:
        """Long enough to read a number."""
        return HELD_SHOWN_MS

    def view(self, ctx: Context) -> View:
        """Number and amount."""
        body = (
            Gap(16),
            Big(text("hold__number"), str(self.number), Tint.GOOD),
            Big(text("hold__due"), yuan(self.due_fen)),
            Para(text("hold__how"), Tint.QUIET),
        )
        return shown(self, ctx, text("hold__done"), body, (Hint("OK", text("hint__next")),), Tint.GOOD)
