"""Asking for money by a customer's code, and taking the backend's word (domain 1.4). Journaled before it leaves."""

from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.events import Ask
from firmware.txn import checkout, life, payment, refund, shift
from firmware.txn.basket import Basket
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.numbers import next_seq
from firmware.txn.sale import AddAmount
from firmware.view import text
from rules.errors import first_refusal
from rules.orders import ATTEMPT_MAX, ORDER_NO_CHARS, is_bill_no, order_no, read_refund_no
from rules.payment_codes import last4, recognised
from rules.rights import Right
from rules.settings_counter import CodeChannel
from wire.facts import Fact, PaymentHeard, PaymentSent, RefundSent, ReversalSent, Sale, Trouble
from wire.messages import AnswerPayment, AskPay, AskQuery

ASK_EXPIRES_MS = 10_000
"""The channel must not be called for an ask older than this; well before any deadline (decisions 18)."""

SUBJECT_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class SendCode:
    """Ask for money by the code a customer shows, for the order at the counter or the basket, which is frozen by it. The
    code goes into the ask and nowhere else."""

    code: str = field(repr=False)
    amount_fen: int | None = None  # None: all that is left

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`PaymentSent` and its ask, with `OrderOpened` when it is the first; or 2001, 2014, 5001, 5014, 5022, 5029, 6008,
        2005, 5012, 5020, 6007 when only cash may close the order."""
        if refusal := checkout.cash_only(ctx):
            return refusal
        found = checkout.opening(ctx)
        channel = recognised(self.code, ctx.settings.tenders.channels)
        used = payment.of_order(ctx.books, found.order.trace) if found is not None else ()
        states = (
            5001 if channel is None else None,
            None if channel is None or (channel.enabled and ctx.settings.tenders.codes) else 5014,
            offline(ctx),
            6008 if len(used) >= ATTEMPT_MAX else None,
            checkout.redeem_first(ctx, found),
        )
        if refusal := checkout.paying_refusal(ctx, found, *states):
            numbered = life.value(ctx.books, "epoch_number") or refusal.code != 5022
            return refusal if numbered else Refusal(5022, text("code__no_number"))
        assert found is not None
        assert channel is not None
        if refusal := checkout.full(ctx, found):
            return refusal
        amount = found.rest_fen if self.amount_fen is None else self.amount_fen
        if code := first_refusal((_bad_amount(amount, found.rest_fen), _over(ctx, channel, amount))):
            return Refusal(code)
        return self._sent(ctx, found, channel, amount, len(used) + 1)

    def _sent(self, ctx: Context, found: checkout.Opening, channel: CodeChannel, amount: int, attempt: int) -> Decision:
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        batch, trace = open_shift.batch, found.order.trace
        epoch = int(life.value(ctx.books, "epoch_number"))
        number = order_no(open_shift.business_date, ctx.terminal, epoch, batch, trace, attempt)
        who = ctx.session.operator
        sent = PaymentSent(number, batch, trace, attempt, channel.channel, amount, last4(self.code), who)
        because = next_seq(ctx.books) + len(found.facts)
        subject = ctx.settings.shop.name[:SUBJECT_CHARS_MAX]
        ask = AskPay(number, channel.channel, self.code, amount, subject, who, ASK_EXPIRES_MS)
        return Decision((*found.facts, sent), replace(ctx.session, basket=Basket()), (Ask(because, ask),))


@dataclass(frozen=True, slots=True)
class PayAmount:
    """A typed amount and, right after it, the customer's code: one open line, paid at once. All of it or nothing."""

    amount_fen: int
    name: str
    code: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """What `SendCode` decides about a basket with the amount, or a refusal of either; the code is kept nowhere."""
        added = AddAmount(self.amount_fen, self.name).decide(ctx)
        if isinstance(added, Refusal):
            return added
        assert added.session is not None
        return SendCode(self.code).decide(replace(ctx, session=added.session))


def offline(ctx: Context) -> int | None:
    """5022 when no answer could come, or no number may leave: no link, a silent backend, safe mode, no epoch granted
    (domain 1.1, decisions 12). A code lives a minute: nothing is ever queued."""
    there = ctx.devices.link == "up" and ctx.devices.answered and not ctx.safe_mode
    return None if there and life.value(ctx.books, "epoch_number") else 5022


def _bad_amount(amount_fen: int, rest_fen: int) -> int | None:
    return None if 0 < amount_fen <= rest_fen else 5020


def _over(ctx: Context, channel: CodeChannel, amount_fen: int) -> int | None:
    """5012 above the channel's limit for one payment or for the business day."""
    open_shift = shift.current(ctx.books)
    assert open_shift is not None
    taken = payment.taken_fen(ctx.books, open_shift.business_date, channel.channel)
    over = amount_fen > channel.payment_max_fen or taken + amount_fen > channel.day_max_fen
    return 5012 if over else None


# --- what the backend says -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HearPayment:
    """Take an answer about a payment: what it means is `payment.judge`'s; an order covered by it is sold in the same
    commit, money that pays for nothing goes back in the same commit."""

    answer: AnswerPayment

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`PaymentHeard` and what follows from it; nothing when it says nothing new; 6009 for a payment not ours, 1009 for
        an answer that contradicts what is known."""
        known = payment.find(ctx.books, self.answer.order_no)
        if known is None:
            return Refusal(6009)
        verdict = payment.judge(known, self.answer)
        if verdict.odd:
            return Refusal(1009, verdict.odd)
        if verdict.heard is None:
            return Decision()
        facts: tuple[Fact, ...] = (verdict.heard, *_alarms(verdict.heard))
        if verdict.back_fen:
            return Decision((*facts, *_give_back(ctx, known, verdict.back_fen)))
        if verdict.heard.state == "paid":
            facts += _booked(ctx, known, verdict.heard)
        return Decision(facts)


def _alarms(heard: PaymentHeard) -> tuple[Trouble, ...]:
    """What a person must know of at once."""
    return (Trouble(5023, heard.order_no),) if heard.code == 5023 else ()


def _booked(ctx: Context, paid: payment.Payment, heard: PaymentHeard) -> tuple[Fact, ...]:
    """The money pays for its order: if that covers it, its vouchers are redeemed and it is sold. Otherwise it goes back."""
    order = checkout.find(ctx.books, paid.trace)
    if order is None or order.state not in ("open", "parked"):
        return _give_back(ctx, paid, paid.amount_fen)
    rest = checkout.rest_fen(ctx.books, order)
    if paid.amount_fen > rest:
        return _give_back(ctx, paid, paid.amount_fen)
    open_shift = shift.current(ctx.books)
    if paid.amount_fen < rest or open_shift is None:
        return ()
    part = checkout.code_part(ctx.settings, paid, heard.channel_no or paid.channel_no)
    paid_parts = (*checkout.parts(ctx.books, ctx.settings, order.trace), part)
    opened = checkout.contents(ctx.books, order)
    late = order.state == "parked" or not ctx.session.operator or order.batch != open_shift.batch
    follows = checkout.closed(ctx, opened, paid_parts, late=late)
    if sold_by(follows) is None:
        return follows
    return (*follows, *checkout.left_over(ctx.books, order.trace, but=paid.order_no))


def _give_back(ctx: Context, paid: payment.Payment, amount_fen: int) -> tuple[Fact, ...]:
    """A refund the terminal asks for by itself, with the alarm that goes with it (5024)."""
    number = refund.next_refund_no(ctx.books, paid.order_no)
    if not number:
        return (Trouble(5024, paid.order_no),)
    order = checkout.find(ctx.books, paid.trace)
    why: Literal["void", "late", "duplicate"] = "late"
    if paid.why == "void":
        why = "void"
    elif order is not None and order.state == "sold":
        why = "duplicate"
    trace = paid.trace if why == "void" else 0
    sent = RefundSent(number, paid.order_no, paid.channel, amount_fen, trace, paid.operator, why)
    return (sent,) if why == "void" else (sent, Trouble(5024, paid.order_no))


@dataclass(frozen=True, slots=True)
class FailUnsent:
    """The ask for a payment surely never left: the payment failed, without anybody's word."""

    order_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`PaymentHeard` failed with 5022, or 6008 when something is known of it already."""
        known = payment.find(ctx.books, self.order_no)
        if known is None or known.state != "sent":
            return Refusal(6008)
        return Decision((PaymentHeard(self.order_no, "failed", "", 5022),))


@dataclass(frozen=True, slots=True)
class GiveUpWaiting:
    """Nobody answers the payment's ask: it is unknown from now on."""

    order_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`PaymentHeard` unknown with 5007, or 6008 when something is known of it already."""
        known = payment.find(ctx.books, self.order_no)
        if known is None or known.state != "sent":
            return Refusal(6008)
        return Decision((PaymentHeard(self.order_no, "unknown", "", 5007), Trouble(5007, self.order_no)))


@dataclass(frozen=True, slots=True)
class Reverse:
    """Take a payment back that nobody confirms; the terminal's own (deadline, boot)."""

    order_no: str
    why: Literal["deadline", "boot"]

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReversalSent`, or 6008 when it is decided or being reversed already."""
        known = payment.find(ctx.books, self.order_no)
        if known is None or known.state not in ("sent", "unknown"):
            return Refusal(6008)
        return Decision((ReversalSent(self.order_no, self.why),))


@dataclass(frozen=True, slots=True)
class CancelPayment:
    """The cashier takes a payment back that is not decided; whatever the channel did is undone."""

    order_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReversalSent`, or 2001, 6008, 2005."""
        known = payment.find(ctx.books, self.order_no)
        fits = known is not None and known.state in ("sent", "unknown")
        if refusal := lacking(ctx, Right.SALE, None if fits else 6008):
            return refusal
        return Decision((ReversalSent(self.order_no, "cashier", ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class AskAbout:
    """Look a payment up at the backend (查单): by its order number, or by the number on the customer's bill."""

    key: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask, which moves no money; or 2001, 5022, 6009, 2005."""
        if refusal := lacking(ctx, Right.SALE, None if is_key(self.key) else 6009, offline(ctx)):
            return refusal
        return Decision(effects=(Ask(0, AskQuery(self.key)),))


def is_key(key: str) -> bool:
    """Whether this may be looked up: an order number of ours, or 28 digits of a bill; never a payment code."""
    plain = key.isascii() and key.replace("_", "").isalnum()
    return plain and (len(key) == ORDER_NO_CHARS or is_bill_no(key) or read_refund_no(key) is not None)


def sold_by(facts: tuple[Fact, ...]) -> Sale | None:
    """The sale among the facts of a decision."""
    return next((fact for fact in facts if isinstance(fact, Sale)), None)
