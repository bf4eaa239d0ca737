"""Money by a customer's code: the full screen of each state (domain 1.4), giving an order up, and a code out of place."""

from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.events import Key, Scanned
from firmware.screens.base import (
    CANCEL_HINT,
    Do,
    Done,
    Home,
    Move,
    Pop,
    Push,
    Screen,
    Stay,
    home,
    link_look,
    shown,
)  # fmt: skip
from firmware.screens.voucher_scan import scanned_voucher
from firmware.screens.widgets import Notice, refuse
from firmware.txn import checkout, payment, slip, voucher
from firmware.txn.checkout import DropOrder, ParkOrder
from firmware.txn.collect import CancelPayment, SendCode
from firmware.txn.command import Context, Refusal
from firmware.txn.sale import AddCode
from firmware.txn.voucher_names import platform_name
from firmware.view import Big, Block, Gap, Hint, Para, Row, Say, Tint, View, text
from rules.money import yuan
from rules.payment_codes import may_be_card, recognised
from wire.facts import Sale

Stack = tuple[Screen, ...]
KEPT_MS_MAX = 60_000
"""A code lives a minute, and is kept no longer."""

SECONDS_MAX = 999
PENDING_S = 30
"""A reversal that takes so long is said to be pending (5009)."""

LOOKS_LIKE_CODE = frozenset({6001, 6004})
"""Refusals of goods after which a code on the basket's screen may be a payment code (domain 1.2, case 1)."""


def pay_by(scanned: Scanned, ctx: Context, amount_fen: int | None = None) -> Move:
    """A scan while a payment is asked for: a customer's code, never a card number."""
    known = recognised(scanned.text, ctx.settings.tenders.channels)
    if known is None and may_be_card(scanned.text):
        return refuse(5030)
    return Do(SendCode(scanned.text, amount_fen), home)


def out_of_place(scanned: Scanned, times_milli: int, ctx: Context) -> Move | None:
    """A scan on the basket's screen that is no goods but looks like a payment code: whether to take money. None: goods, or
    nothing of the kind."""
    goods = not_goods(scanned, times_milli, ctx)
    if goods is None or not ctx.session.basket.lines or goods.code not in LOOKS_LIKE_CODE:
        return None
    return Push(ToPayment(scanned.text, ctx.now.monotonic_ms + KEPT_MS_MAX))


def not_goods(scanned: Scanned, times_milli: int, ctx: Context) -> Refusal | None:
    """Why what looks like a customer's code is no goods, without the code, which no screen may show; None: it is goods, or
    does not look like one."""
    if recognised(scanned.text, ctx.settings.tenders.channels) is None:
        return None
    goods = AddCode(scanned.text, scanned.symbology, times_milli).decide(ctx)
    return Refusal(goods.code) if isinstance(goods, Refusal) else None


def code_elsewhere(where: Literal["idle", "basket", "card"]) -> Notice:
    """A customer's code where none can be taken: that it is one, and what to do first. Nothing of the code."""
    return Notice(text("paycode__title"), (text("paycode__words"), text(f"paycode__{where}")), Tint.UNSURE)


@dataclass(frozen=True, slots=True)
class ToPayment(Screen):
    """A customer's code was scanned where goods are: take the money with it? The code goes with this screen."""

    code: str = field(repr=False)
    until_ms: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK asks for the money; anything else drops the code."""
        if key is Key.OK and ctx.now.monotonic_ms < self.until_ms:
            return Pop(Do(SendCode(self.code), home))
        return Pop()

    def back(self, result: object, ctx: Context) -> Move:
        """Something covered the question: it is not asked again."""
        return Pop()

    def stays_ms(self, ctx: Context) -> int:
        """As long as the code lives."""
        return max(1, self.until_ms - ctx.now.monotonic_ms)

    def expired(self, ctx: Context) -> Move:
        """Too late."""
        return Pop()

    def view(self, ctx: Context) -> View:
        """The question, and the sum; nothing of the code."""
        channel = recognised(self.code, ctx.settings.tenders.channels)
        name = text(f"channel__{channel.channel}") if channel is not None else ""
        body: tuple[Block, ...] = (
            Gap(8),
            Para(text("topayment__words"), Tint.UNSURE, large=True),
            Gap(8),
            Big(name, yuan(checkout.whole_rest(ctx))),
        )
        hints = (Hint("OK", text("topayment__yes")), Hint("CANCEL", text("hint__no")))
        return shown(self, ctx, text("topayment__title"), body, hints, Tint.UNSURE)


def kept_ms(stack: Stack, now_ms: int) -> int | None:
    """How much longer the code in the stack may be kept; None: there is none."""
    ends = [each.until_ms for each in stack if isinstance(each, ToPayment)]
    return min(ends) - now_ms if ends else None


def forgotten(stack: Stack, now_ms: int) -> Stack:
    """The stack without codes that have been kept long enough."""
    return tuple(each for each in stack if not (isinstance(each, ToPayment) and each.until_ms <= now_ms))


# --- the states of a payment ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodePayment(Screen):
    """One payment by code until it is decided, and its result until a key is pressed."""

    order_no: str
    ticks: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """While it is open: F1 parks it, F2 takes it back, CANCEL asks what is to become of the order."""
        known = payment.find(ctx.books, self.order_no)
        if known is None or not known.is_open:
            return Home() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()
        match key:
            case Key.F1:
                return Do(ParkOrder(), home)
            case Key.F2 if known.state != "reversing":
                return Do(CancelPayment(self.order_no), _still_here)
            case Key.CANCEL:
                return Push(GiveUp(known.trace))
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Another code after a failure is the next try; before it, the first must be decided (5029)."""
        if (voucher_of := scanned_voucher(scanned, ctx, paying=True)) is not None:
            return voucher_of
        known = payment.find(ctx.books, self.order_no)
        return refuse(5029) if known is None or known.is_open else pay_by(scanned, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """What was chosen about the order."""
        return result if isinstance(result, Do) else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """The seconds count."""
        known = payment.find(ctx.books, self.order_no)
        return 1000 if known is not None and known.is_open else 0

    def expired(self, ctx: Context) -> Move:
        """A second more."""
        return Stay(replace(self, ticks=self.ticks % SECONDS_MAX + 1))

    def view(self, ctx: Context) -> View:
        """Where the payment stands, in large words; the sum; what to do."""
        known = payment.find(ctx.books, self.order_no)
        assert known is not None, self.order_no
        words, tint = headline(known, ctx)
        body: tuple[Block, ...] = (
            Gap(4),
            Para(words, tint, large=True, rows=2),
            Big(text(f"channel__{known.channel}"), yuan(known.amount_fen), tint),
            Row(text("code__last4", digits=known.last4), _number(known), Tint.QUIET),
            *_advice(known, ctx),
        )
        return shown(self, ctx, text("code__title"), body, _hints(known), tint)


def headline(known: payment.Payment, ctx: Context) -> tuple[Say, Tint]:
    """The state in at most thirteen characters, with its colour."""
    match known.state:
        case "sent":
            return text("code__sending"), Tint.UNSURE
        case "unknown" if known.code == 5005 and not _given_up(known, ctx):
            return text("code__password"), Tint.UNSURE
        case "unknown" if not _given_up(known, ctx):
            return text("code__asking", seconds=seconds(known, ctx)), Tint.UNSURE
        case "unknown" | "reversing":
            return text("code__unknown"), Tint.UNSURE
        case "paid" if known.counts:
            return text("code__paid"), Tint.GOOD
        case "paid":
            return text("code__returned"), Tint.BAD
        case "failed":
            return text("code__failed"), Tint.BAD
        case "reversed":
            return text("code__reversed"), Tint.BAD


def code_of(known: payment.Payment, ctx: Context) -> int:
    """The code of the error table that fits a payment's state; 0: all is well."""
    match known.state:
        case "sent" | "reversed":
            return 0
        case "reversing":
            slow = seconds(known, ctx) > ctx.settings.payment.deadline_s + PENDING_S
            return 5009 if slow or link_look(ctx) != "up" else 5008
        case "paid":
            return 0 if known.counts else 5024
        case "unknown" if known.code == 5005 and _given_up(known, ctx):
            return 5007
        case _:
            return known.code


def seconds(known: payment.Payment, ctx: Context) -> int:
    """How long ago it was asked for."""
    return max(0, min((ctx.now.wall_ms - known.at_ms) // 1000, SECONDS_MAX))


def _given_up(known: payment.Payment, ctx: Context) -> bool:
    """Whether nothing can be said for now: no link, a wrong amount, or the deadline is over."""
    late = seconds(known, ctx) >= ctx.settings.payment.deadline_s
    return late or known.code == 5023 or link_look(ctx) != "up"


def _advice(known: payment.Payment, ctx: Context) -> tuple[Block, ...]:
    """Code and action; after a reversal what to say to a customer who sees it paid; after a part what is left."""
    number = code_of(known, ctx)
    if number:
        line, action = ctx.error(number).line(ctx.lang), ctx.error(number).action(ctx.lang)
        tint = Tint.BAD if known.state == "failed" else Tint.UNSURE
        return Row(line, tint=tint, strong=True), Para(action, Tint.QUIET, rows=2)
    if known.state == "reversed":
        return (Para(text("code__reversed_words"), rows=2),)
    order = checkout.find(ctx.books, known.trace)
    if known.state == "paid" and order is not None and order.state in ("open", "parked"):
        rest = checkout.rest_fen(ctx.books, order)
        return (Row(text("code__rest"), yuan(rest), Tint.UNSURE, strong=True),) if rest else ()
    return ()


def _number(known: payment.Payment) -> str:
    """Batch and trace, as on the slip."""
    return slip.receipt_number(int(known.order_no[18:24]), known.trace)


def _hints(known: payment.Payment) -> tuple[Hint, ...]:
    if not known.is_open:
        return (Hint("OK", text("hint__on")),)
    hints: tuple[Hint, ...] = (Hint("F1", text("code__park")),)
    if known.state != "reversing":
        hints += (Hint("F2", text("code__take_back")),)
    return (*hints, Hint("CANCEL", text("code__other")))


def _still_here(done: Done, ctx: Context) -> Move:
    return Stay()


def waiting(stack: Stack, ctx: Context) -> bool:
    """Whether a payment on the screen, or of the order a locked screen hides, is unknown for longer than its first answer
    takes: it calls."""
    shown_nos = (each.order_no for each in stack if isinstance(each, CodePayment))
    found = [payment.find(ctx.books, order_no) for order_no in shown_nos]
    hidden = checkout.here(ctx) if not ctx.session.operator else None
    found += payment.of_order(ctx.books, hidden.trace) if hidden is not None else ()
    return any(known is not None and known.is_open and known.state != "sent" for known in found)


def told(known: payment.Payment, sale: Sale | None, shift_open: bool = True) -> Notice:
    """What became of a payment whose customer does not stand at this screen."""
    words = {"paid": "code__paid", "failed": "code__failed", "reversed": "code__reversed"}[known.state]
    tint = Tint.GOOD if sale is not None or known.state == "paid" else Tint.BAD
    return Notice(
        text("told__title"),
        (
            text(words),
            text("told__order", number=_number(known)),
            text("told__amount", amount=yuan(known.amount_fen)),
            text(f"told__{_what_now(known, sale, shift_open)}"),
        ),
        tint,
    )


def _what_now(known: payment.Payment, sale: Sale | None, shift_open: bool) -> str:
    if sale is not None:
        return "booked" if sale.print_slip else "unprinted"
    return "next" if known.state == "paid" and not shift_open else known.state


# --- an order given up ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GiveUp(Screen):
    """What is to become of an order that is not paid. Two questions, answered like every other: OK is yes, CANCEL no. The
    first asks whether its goods go back into the basket, and knows two other ways out; `void` asks whether it is given up
    for good."""

    trace: int
    void: bool = False

    def press(self, key: Key, ctx: Context) -> Move:
        """OK does what is asked, CANCEL nothing; beside the first question F1 parks and F2 asks whether to give it up."""
        order = checkout.find(ctx.books, self.trace)
        match key:
            case Key.OK:
                return Do(DropOrder(self.trace, again=not self.void), _gone)
            case Key.F1 if order is not None and order.state == "open" and not self.void:
                return Do(ParkOrder(), home)
            case Key.F2 if not self.void:
                return Push(GiveUp(self.trace, void=True))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """What has been paid, and what happens to it."""
        asked = payment.of_order(ctx.books, self.trace)
        taken = [each for each in asked if each.counts or each.is_open]
        rows: tuple[Block, ...] = tuple(
            Row(text(f"channel__{each.channel}"), text("giveup__reversed", amount=yuan(each.amount_fen)), Tint.UNSURE)
            for each in taken[:3]
        )
        rows += tuple(
            Row(platform_name(ctx, each.platform), text("giveup__undone", amount=yuan(each.deduct_fen)), Tint.UNSURE)
            for each in voucher.uses_of(ctx.books, self.trace)
            if each.state in ("sent", "unknown", "consumed")
        )[:2]
        card = checkout.card_parts_fen(ctx.books, self.trace)
        if card:
            rows += (Row(text("channel__card"), text("giveup__void", amount=yuan(card)), Tint.BAD),)
        rows += held_rows(checkout.find(ctx.books, self.trace))
        body: tuple[Block, ...] = (
            Gap(4),
            Para(text("giveup__void_words" if self.void else "giveup__words"), large=True, rows=2),
            *rows,
        )
        return shown(self, ctx, text("giveup__title"), body, self._hints(ctx), Tint.UNSURE)

    def _hints(self, ctx: Context) -> tuple[Hint, ...]:
        if self.void:
            return Hint("OK", text("giveup__drop")), Hint("CANCEL", text("hint__no"))
        order = checkout.find(ctx.books, self.trace)
        park = (Hint("F1", text("code__park")),) if order is not None and order.state == "open" else ()
        return (Hint("OK", text("giveup__again")), *park, Hint("F2", text("giveup__drop")), CANCEL_HINT)


def _gone(done: Done, ctx: Context) -> Move:
    """Home; first of all that card slips must be voided on the card terminal, and cash given back to the customer."""
    assert isinstance(done.command, DropOrder)
    order = checkout.find(ctx.books, done.command.trace)
    card, cash = checkout.card_parts_fen(ctx.books, done.command.trace), order.cash_fen if order is not None else 0
    words: tuple[Say, ...] = (text("void_card__words"), text("told__amount", amount=yuan(card))) if card else ()
    words += (text("held__give_back", amount=yuan(cash)),) if cash else ()
    return Home(Notice(text("void_card__title" if card else "held__title"), words, Tint.BAD)) if words else Home()


def held_rows(order: checkout.Order | None) -> tuple[Block, ...]:
    """The cash that was typed for an order's rest when its voucher left: the cashier may have it in her hand."""
    held = order.cash_fen if order is not None else 0
    return (Row(text("held__cash"), yuan(held), Tint.UNSURE, strong=True),) if held else ()
