"""Mistakes on purpose at the counter: payments, refunds, prices, shifts, copies, people; for the clerk's days to catch."""

from dataclasses import replace
from typing import Any

import msgspec

from firmware.desks import Till
from firmware.desks.drawer import DrawerDesk
from firmware.desks.payments import PaymentsDesk
from firmware.events import PulseDrawer
from firmware.txn import (
    approve,
    checkout,
    collect,
    handover,
    hold,
    ledger,
    payment,
    refund,
    reprint,
    reserve,
    sale,
    subjects,
    till,
)
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.day import CloseDay
from simulation.mutants import MUTANTS, Put, mutant
from wire.facts import (
    Approved,
    DayClosed,
    Fact,
    PaymentHeard,
    RefundSent,
    Reprinted,
    Sale,
    ShiftClosed,
)
from wire.messages import AnswerPayment

ELSEWHERE = frozenset(MUTANTS)


def _without(put: Put, command: type[Any], kind: type[Fact]) -> None:
    """A command whose facts of one kind are left out."""
    decide = command.decide

    def forgetful(self: Any, ctx: Context) -> Decision | Refusal:
        done: Decision | Refusal = decide(self, ctx)
        if isinstance(done, Refusal):
            return done
        return replace(done, facts=tuple(fact for fact in done.facts if not isinstance(fact, kind)))

    put(command, "decide", forgetful)


def _changed(put: Put, command: type[Any], change: Any) -> None:
    """A command whose facts are changed one by one."""
    decide = command.decide

    def changed(self: Any, ctx: Context) -> Decision | Refusal:
        done: Decision | Refusal = decide(self, ctx)
        return done if isinstance(done, Refusal) else replace(done, facts=tuple(map(change, done.facts)))

    put(command, "decide", changed)


# --- payments ----------------------------------------------------------------------------------------------------------


@mutant
def late_money_kept(put: Put) -> None:
    """Money that comes after the order is gone is simply kept."""
    put(collect, "_give_back", lambda ctx, paid, amount_fen: ())


@mutant
def dropped_order_not_reversed(put: Put) -> None:
    """What was paid for an order that is given up stays with the shop."""
    put(checkout, "reversals", lambda books, trace, operator, but="": ())


@mutant
def unknown_taken_for_paid(put: Put) -> None:
    """No news is good news."""
    judge = payment.judge

    def hopeful(known: payment.Payment, answer: AnswerPayment) -> payment.Verdict:
        if known.state in ("sent", "unknown") and answer.state in ("paying", "unknown"):
            heard = PaymentHeard(answer.order_no, "paid", answer.to, 0, answer.channel_no, known.amount_fen)
            return payment.Verdict(heard)
        return judge(known, answer)

    put(payment, "judge", hopeful)


@mutant
def reversed_counts_as_paid(put: Put) -> None:
    """A payment that was taken back still pays for its order."""
    put(payment, "_reversed", lambda known, answer: payment.Verdict(
        PaymentHeard(answer.order_no, "paid", answer.to, 0, answer.channel_no, known.amount_fen)
    ) if known.is_open else payment.NOTHING_NEW)  # fmt: skip


@mutant
def customers_code_journaled(put: Put) -> None:
    """The whole code is kept where its last four digits should be."""
    put(collect, "last4", lambda code: code)


@mutant
def new_number_for_each_ask(put: Put) -> None:
    """Every payment of an order asks under the number of its first try, whatever became of that."""
    sent = collect.SendCode._sent

    def stubborn(self: Any, ctx: Context, found: Any, channel: Any, amount: int, attempt: int) -> Decision:
        return sent(self, ctx, found, channel, amount, 1)

    put(collect.SendCode, "_sent", stubborn)


@mutant
def deadline_without_reversal(put: Put) -> None:
    """A payment nobody answers is forgotten instead of being taken back."""

    def forget(self: collect.Reverse, ctx: Context) -> Decision | Refusal:
        known = payment.find(ctx.books, self.order_no)
        if known is None or known.state not in ("sent", "unknown"):
            return Refusal(6008)
        return Decision((PaymentHeard(self.order_no, "failed", "", 5007),))

    put(collect.Reverse, "decide", forget)


# --- giving back and prices --------------------------------------------------------------------------------------------


@mutant
def refund_not_sent(put: Put) -> None:
    """A refund by the channel is booked and never asked for."""
    booked = refund.booked

    def quiet(ctx: Context, plan: Any) -> tuple[Fact, ...]:
        return tuple(fact for fact in booked(ctx, plan) if not isinstance(fact, RefundSent))

    put(refund, "booked", quiet)


@mutant
def given_back_twice(put: Put) -> None:
    """What went back before is not remembered."""
    _resubject(put, refund, refund._given, lambda books, fact, entry: None)


@mutant
def refund_by_anybody(put: Put) -> None:
    """Nobody asks who gives money back."""

    def lax(ctx: Context, right: Any, *states: int | None) -> Refusal | None:
        return next((Refusal(state) for state in states if state is not None), None)

    for module in (refund, reserve):
        put(module, "lacking", lax)


@mutant
def a_fen_lost_in_the_lines(put: Put) -> None:
    """What an order-wide reduction leaves over by rounding goes nowhere."""

    def careless(fact: Fact) -> Fact:
        if not isinstance(fact, Sale) or not fact.reductions:
            return fact
        first, *others = fact.lines
        net = first.amount_fen if first.net_fen is None else first.net_fen
        if not net:
            return fact
        return msgspec.structs.replace(fact, lines=(msgspec.structs.replace(first, net_fen=net - 1), *others))

    _changed(put, sale.TakeCash, careless)


# --- shift, copies, people ---------------------------------------------------------------------------------------------


@mutant
def expected_cash_without_refunds(put: Put) -> None:
    """The cash that was given back is still expected in the drawer."""
    expected = till.expected_cash
    put(handover, "expected_cash", lambda figures: expected(figures) + figures.get(till.CASH_BACK_FEN, 0))


@mutant
def shift_from_its_middle(put: Put) -> None:
    """A shift is said to begin later than it did."""
    _changed(put, handover.CloseShift, lambda fact: msgspec.structs.replace(fact, first_seq=fact.first_seq + 5)
             if isinstance(fact, ShiftClosed) else fact)  # fmt: skip


@mutant
def grand_total_of_the_day(put: Put) -> None:
    """The total that never resets leaves the refunds out."""
    _changed(put, CloseDay, lambda fact: msgspec.structs.replace(fact, grand_total_fen=fact.grand_total_fen + 1)
             if isinstance(fact, DayClosed) else fact)  # fmt: skip


@mutant
def copy_uncounted(put: Put) -> None:
    """Every copy is the first."""
    _changed(put, reprint.Reprint, lambda fact: msgspec.structs.replace(fact, count=1)
             if isinstance(fact, Reprinted) else fact)  # fmt: skip


@mutant
def copy_opens_the_drawer(put: Put) -> None:
    """A copy opens it like the sale did."""
    follow = DrawerDesk.follow

    def generous(self: DrawerDesk, desk: Till, fact: Fact, seq: int) -> None:
        follow(self, desk, fact, seq)
        if isinstance(fact, Reprinted):
            desk.emit(PulseDrawer(seq))

    put(DrawerDesk, "follow", generous)


@mutant
def approval_unrecorded(put: Put) -> None:
    """The supervisor's word is taken and forgotten."""
    _without(put, approve.Approve, Approved)


@mutant
def hold_recalled_twice(put: Put) -> None:
    """A held order stays on the list when it is taken."""
    _resubject(put, hold, hold._taken_back, lambda books, fact, entry: None)


def _resubject(put: Put, module: Any, old: Any, new: Any) -> None:
    """Let the subject of a module project with another function."""
    subject = module.SUBJECT
    apply = {kind: new if function is old else function for kind, function in subject.apply.items()}
    before = dict(subject.apply)
    assert apply != before, "nothing is projected by it"
    changed = tuple(replace(each, apply=apply) if each is subject else each for each in subjects.SUBJECTS)
    project = vars(ledger)["project"]
    put(ledger, "project", lambda books, entry, these=changed: project(books, entry, these))


@mutant
def earlier_sale_shown_as_done(put: Put) -> None:
    """A payment fails, and the screen shows the last one that was a sale."""
    show, last = PaymentsDesk._show, [None]

    def stale(self: PaymentsDesk, till: Any, before: payment.Payment) -> None:
        after = payment.find(till.ledger, before.order_no)
        if after is not None and after.state == "failed":
            till.sold = last[0]
        last[0] = till.sold or last[0]
        show(self, till, before)

    put(PaymentsDesk, "_show", stale)


COUNTER = frozenset(MUTANTS) - ELSEWHERE
"""Those that only the clerk can meet."""
