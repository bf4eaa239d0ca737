"""查单: everything about money that waits, and looking a payment up by its number or the customer's bill."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Screen, Stay, home, shown
from firmware.screens.code import GiveUp, code_of, headline, held_rows
from firmware.screens.slips import trouble_rows
from firmware.screens.voucher_look import VoucherUseView
from firmware.screens.voucher_wait import STATES, code_now
from firmware.screens.widgets import refuse, typed
from firmware.txn import checkout, payment, refund_parts, voucher
from firmware.txn.checkout import ResumeOrder, Unfinished
from firmware.txn.collect import AskAbout, is_key
from firmware.txn.command import Context
from firmware.view import Big, Block, Field, Gap, Hint, Item, Items, Para, Row, Say, Tint, View, text
from rules.money import yuan
from rules.orders import ORDER_NO_CHARS, read_voucher_no
from wire.messages import AnswerPayment

ROWS_MAX = 4
WAITING_ROWS_MAX = 2
ANSWER_MS = 10_000
"""A look-up that is not answered for so long has failed (1004)."""

TRACE_DIGITS_MAX = 6
NOT_PAID = {"unknown": 5007, "failed": 5013, "absent": 6009}
"""What is said where the backend gives no code."""


@dataclass(frozen=True, slots=True)
class Orders(Screen):
    """Orders, payments and refunds that wait. Digits look one up by its trace or order number, a scan by the bill."""

    row: int = 0
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK looks closer, digits and OK look up."""
        digits = typed(self.digits, key, ORDER_NO_CHARS)
        if digits is not None:
            return Stay(replace(self, digits=digits))
        waits = checkout.unfinished(ctx.books)
        match key:
            case Key.OK if self.digits:
                return look_up(self.digits, ctx)
            case Key.OK if waits:
                return Push(_view(waits[min(self.row, len(waits) - 1)]))
            case Key.UP | Key.DOWN if waits:
                return Stay(Orders((min(self.row, len(waits) - 1) + (1 if key is Key.DOWN else -1)) % len(waits)))
            case Key.CANCEL:
                return Stay(Orders(self.row)) if self.digits else Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the number."""
        return Stay(Orders(self.row)) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The customer's bill, or our slip."""
        return look_up(scanned.text, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """After a look-up the field is empty again."""
        return Stay(Orders(self.row))

    def view(self, ctx: Context) -> View:
        """A page of what waits, or the number being typed."""
        waits = checkout.unfinished(ctx.books)
        row = min(self.row, max(0, len(waits) - 1))
        first = row // ROWS_MAX * ROWS_MAX
        items = tuple(_item(each, ctx) for each in waits[first : first + ROWS_MAX])
        pages = max(1, -(-len(waits) // ROWS_MAX))
        body: tuple[Block, ...] = (Items(items, row - first, first // ROWS_MAX + 1, pages),)
        if not waits:
            body = (Gap(8), Para(text("orders__none"), large=True))
        if self.digits:
            body = (Gap(8), Field(text("orders__number"), self.digits[-16:]))
        elif len(items) < ROWS_MAX:
            body += (Para(text("orders__how"), Tint.QUIET, rows=2),)
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("orders__title"), body, hints)


def _view(waits: Unfinished) -> Screen:
    """What a row is about: an order, a payment, a refund, or a voucher."""
    if waits.what == "voucher":
        return VoucherUseView(waits.order_nos[0])
    asked = tuple(each for each in waits.order_nos if read_voucher_no(each) is None)
    number = asked[-1] if asked else waits.last_no
    return OrderView(waits.trace, "" if waits.refund_no else number, waits.refund_no)


def _item(waits: Unfinished, ctx: Context) -> Item:
    name = text(f"orders__{waits.what}", trace=f"{waits.trace:06d}")
    known = next(iter(reversed(payment.of_order(ctx.books, waits.trace))), None)
    note: Say = text(f"refund_out__{waits.state}") if waits.what.startswith("refund") else text("orders__unpaid")
    if known is not None and not waits.what.startswith("refund"):
        note = headline(known, ctx)[0]
    use = next((each for each in voucher.uses_of(ctx.books, waits.trace) if each.is_open), None)
    if use is not None and not waits.what.startswith("refund"):
        note = text(STATES[use.state][0])
    return Item("", name, yuan(waits.amount_fen), note)


def look_up(key: str, ctx: Context) -> Move:
    """A payment of this terminal by trace, order or bill number; else the backend is asked."""
    if key.isdigit() and len(key) <= TRACE_DIGITS_MAX:
        known = payment.of_trace(ctx.books, int(key))
        return Push(OrderView(known.trace, known.order_no)) if known is not None else refuse(6009)
    if not is_key(key):
        return refuse(6009)
    back = refund_parts.part(ctx.books, key)
    if back is not None:
        return Push(OrderView(back.trace, "", back.refund_no))
    known = payment.find(ctx.books, key) or payment.by_channel_no(ctx.books, key)
    if known is not None:
        return Push(OrderView(known.trace, known.order_no))
    return Do(AskAbout(key), _asked)


def _asked(done: Done, ctx: Context) -> Move:
    assert isinstance(done.command, AskAbout)
    return Push(Looked(done.command.key))


@dataclass(frozen=True, slots=True)
class OrderView(Screen):
    """One order, payment or refund: how it stands, and what can be done about it."""

    trace: int
    order_no: str = ""
    refund_no: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK asks the backend, F1 takes a parked order back, F2 gives it up."""
        order = self._order(ctx)
        match key:
            case Key.OK if self.order_no:
                return Do(AskAbout(self.order_no), _asked_again)
            case Key.F1 if order is not None and order.state == "parked":
                return Do(ResumeOrder(self.trace), home)
            case Key.F2 if order is not None and order.state in ("open", "parked"):
                return Push(GiveUp(self.trace, void=True))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def _order(self, ctx: Context) -> checkout.Order | None:
        return None if self.refund_no else checkout.find(ctx.books, self.trace)

    def view(self, ctx: Context) -> View:
        """The state in words, the sums, the numbers."""
        if self.refund_no:
            return self._refund(ctx)
        known = payment.find(ctx.books, self.order_no)
        order = self._order(ctx)
        hints: tuple[Hint, ...] = (Hint("OK", text("orders__ask")),) if known is not None else ()
        if order is not None and order.state == "parked":
            hints += (Hint("F1", text("orders__resume")),)
        if order is not None and order.state in ("open", "parked"):
            hints += (Hint("F2", text("giveup__drop")),)
        uses = voucher.uses_of(ctx.books, self.trace) if order is not None else ()
        unsure = next((use for use in uses if use.is_open), None)
        words, tint = headline(known, ctx) if known is not None else _without_payment(unsure)
        body: tuple[Block, ...] = (Gap(4), Para(words, tint, large=True))
        if known is not None:
            body += (Row(text(f"channel__{known.channel}"), yuan(known.amount_fen), strong=True),)
            body += (Row(known.order_no, tint=Tint.QUIET),)
            body += (Row(known.channel_no, tint=Tint.QUIET),) if known.channel_no else ()
        if uses:
            name = text("orders__vouchers", count=len(uses))
            body += (Row(name, yuan(sum(use.deduct_fen for use in uses)), strong=True),)
        if order is not None and order.state in ("open", "parked"):
            body += (Row(text("code__rest"), yuan(checkout.rest_fen(ctx.books, order))), *held_rows(order))
        number = code_of(known, ctx) if known is not None else code_now(unsure, ctx) if unsure is not None else 0
        body += trouble_rows(number, ctx, Tint.UNSURE) if number else ()
        return shown(self, ctx, text("orders__view"), body, (*hints, CANCEL_HINT), tint)

    def _refund(self, ctx: Context) -> View:
        back = refund_parts.part(ctx.books, self.refund_no)
        assert back is not None, self.refund_no
        number = 5018 if back.under_way else back.code if back.state == "failed" else 0
        tint = Tint.UNSURE if back.under_way else Tint.BAD if number else Tint.GOOD
        body: tuple[Block, ...] = (
            Gap(4),
            Para(text(f"refund_out__{back.state}"), tint, large=True),
            Row(text(f"channel__{back.channel}"), yuan(back.amount_fen), strong=True),
            Row(back.refund_no, tint=Tint.QUIET),
            *(trouble_rows(number, ctx, tint) if number else ()),
        )
        return shown(self, ctx, text("orders__view"), body, (CANCEL_HINT,), tint)


def _without_payment(unsure: voucher.Use | None) -> tuple[Say, Tint]:
    """What is said of an order that no code or card has paid: a voucher whose result is wanted comes first."""
    if unsure is None:
        return text("orders__unpaid"), Tint.UNSURE
    key, tint = STATES[unsure.state]
    return text(key), tint


def _asked_again(done: Done, ctx: Context) -> Move:
    return Stay()


@dataclass(frozen=True, slots=True)
class Looked(Screen):
    """What the backend says of a payment this terminal does not know: waiting, its answer, or none."""

    key: str
    answer: AnswerPayment | None = None
    silent: bool = False

    def told(self, answer: AnswerPayment) -> "Looked":
        """The same screen with the answer, if it is the one asked for."""
        mine = self.key in (answer.order_no, answer.channel_no, answer.bill)
        return replace(self, answer=answer, silent=False) if mine else self

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave."""
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """The backend has ten seconds."""
        return 0 if self.answer is not None or self.silent else ANSWER_MS

    def expired(self, ctx: Context) -> Move:
        """No answer."""
        return Stay(replace(self, silent=True))

    def view(self, ctx: Context) -> View:
        """The answer in words."""
        answer = self.answer
        number = 1004 if self.silent else 0
        state = answer.state if answer is not None else "waiting"
        if answer is not None and answer.state in NOT_PAID:
            number = answer.code or NOT_PAID[answer.state]
        tint = {"paid": Tint.GOOD, "waiting": Tint.PLAIN}.get(state, Tint.UNSURE)
        body: tuple[Block, ...] = (Gap(8),)
        body += () if self.silent else (Para(text(f"looked__{state}"), tint, large=True),)
        if answer is not None and answer.paid_fen:
            body += (Big(text("looked__sum"), yuan(answer.paid_fen)),)
        body += (Row(self.key, tint=Tint.QUIET), *(trouble_rows(number, ctx) if number else ()))
        return shown(self, ctx, text("orders__view"), body, (OK_HINT,), tint)


def listed(ctx: Context) -> Move:
    """The list, from the menu."""
    return Push(Orders())


def waiting_rows(ctx: Context) -> tuple[Row, ...]:
    """What waits, for the idle screen: in yellow what no channel has decided and vouchers that money is missing for or a
    platform keeps, beside it what a person is to decide; the first two of them."""
    waits, vouchers = checkout.unfinished(ctx.books), len(voucher.listed(ctx.books))
    undecided = sum(each.undecided for each in waits)
    rows: tuple[Row, ...] = (Row(text("idle__waits"), str(undecided), Tint.UNSURE, strong=True),) if undecided else ()
    rows += (Row(text("idle__vouchers"), str(vouchers), Tint.UNSURE, strong=True),) if vouchers else ()
    left = len(waits) - undecided
    rows += (Row(text("idle__to_decide"), str(left)),) if left else ()
    return rows[:WAITING_ROWS_MAX]


def count(ctx: Context) -> int:
    """How much waits."""
    return len(checkout.unfinished(ctx.books))
