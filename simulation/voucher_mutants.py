"""Mistakes on purpose about vouchers, for the clerk's days to catch: the platforms' own books know."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from firmware.desks import Till
from firmware.desks.vouchers import VouchersDesk
from firmware.txn import (
    checkout,
    voucher,
    voucher_again,
    voucher_back,
    voucher_judge,
    voucher_redeem,
    voucher_take,
)
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.original import Original
from firmware.txn.prices import rounded
from firmware.txn.voucher_prepared import Prepared
from rules.vouchers import Amount
from simulation.mutants import MUTANTS, Put, mutant
from wire.facts import Fact, OrderOpened, Sale, TenderPart, VoucherHeard, VoucherSent, VoucherUndoSent, VoucherUse
from wire.vouchers import AnswerVoucher

ELSEWHERE = frozenset(MUTANTS)


@mutant
def unknown_voucher_taken_for_redeemed(put: Put) -> None:
    """No answer is as good as a yes."""

    def hopeful(self: voucher_redeem.GiveUpWaiting, ctx: Context) -> Decision | Refusal:
        answer = AnswerVoucher(self.request_no, "consume", "consumed")
        return voucher_redeem.HearVoucher(answer).decide(ctx)

    put(voucher_redeem.GiveUpWaiting, "decide", hopeful)


@mutant
def refused_voucher_pays(put: Put) -> None:
    """A voucher the platform refused pays for the goods all the same."""
    put(voucher_judge, "_rejected", lambda use, answer: voucher_judge.Verdict(
        voucher_judge._heard(answer, "consumed")
    ) if use.state in ("sent", "unknown") else voucher_judge.NOTHING_NEW)  # fmt: skip


@mutant
def dropped_voucher_stays_redeemed(put: Put) -> None:
    """The customer leaves, the voucher is gone."""
    put(checkout, "undos", lambda books, trace, operator="", approver="": ())


@mutant
def voided_voucher_stays_redeemed(put: Put) -> None:
    """The sale is voided on paper only: nobody tells the platform."""
    put(voucher_back, "undos", lambda books, refund: ())


@mutant
def voucher_pays_before_it_is_redeemed(put: Put) -> None:
    """The sale is booked when the consume leaves, not when it is answered."""
    decide = voucher_redeem.Redeem.decide

    def early(self: voucher_redeem.Redeem, ctx: Context) -> Decision | Refusal:
        done = decide(self, ctx)
        if isinstance(done, Refusal):
            return done
        sent = next(fact for fact in done.facts if isinstance(fact, VoucherSent))
        found = checkout.opening(ctx)
        assert found is not None
        opened = found.opened(ctx.books)
        due, rounding = rounded(ctx, found.rest_fen)
        if len(opened.vouchers) > 1 or (due and self.cash is None):
            return done
        part = TenderPart("voucher", sent.use.deduct_fen, channel=sent.use.platform, voucher=sent.use)
        paid = (part, *checkout.parts(ctx.books, ctx.settings, opened.trace))
        if self.cash is not None and due:
            paid = (*paid, TenderPart("cash", self.cash.paid_fen, self.cash.paid_fen - due))
        return replace(done, facts=(*done.facts, checkout.settled(ctx, opened, paid, rounding if due else 0)))

    put(voucher_redeem.Redeem, "decide", early)


@mutant
def a_fen_of_the_shares_lost(put: Put) -> None:
    """The lines bear a fen less than the voucher takes off."""
    use = Prepared.use

    def short(self: Prepared, request_no: str, amount: Amount) -> VoucherUse:
        made = use(self, request_no, amount)
        shares = (max(0, made.shares[0] - 1), *made.shares[1:]) if made.shares else ()
        return msgspec.structs.replace(made, shares=shares)

    put(Prepared, "use", short)


@mutant
def whole_code_for_its_end(put: Put) -> None:
    """The voucher's code is journaled where its digest should be."""
    put(voucher_take, "digest", lambda key, code: code)


@mutant
def voucher_asked_anew_under_another_number(put: Put) -> None:
    """A retry is a new redemption to the platform."""
    consume = VouchersDesk._consume

    def renumbered(self: VouchersDesk, till: Till, request_no: str, watch: Any) -> None:
        if watch.consumes:
            known = voucher.find(till.ledger, request_no)
            assert known is not None
            use = voucher.contents(till.ledger, known)
            other = msgspec.structs.replace(use, request_no=f"{request_no[:-2]}{90 + watch.consumes}")
            till.append(VoucherSent(known.batch, known.trace, other, known.operator))
            till.commit()
            request_no = other.request_no
        consume(self, till, request_no, watch)

    put(VouchersDesk, "_consume", renumbered)


@mutant
def kept_voucher_on_no_list(put: Put) -> None:
    """What the platform does not give back is told to nobody."""
    put(voucher, "listed", lambda books: ())


@mutant
def voucher_back_with_part_of_its_goods(put: Put) -> None:
    """One of two bottles comes back, and with it the voucher that paid for both."""

    def early(self: Original, chosen: Iterable[tuple[int, int]]) -> tuple[str, ...]:
        lines, given = {index for index, _ in chosen}, dict(self.by_tender)
        return tuple(
            use.request_no for use in self.uses() if not given.get(use.request_no) and use.bears() & lines
        )  # fmt: skip

    put(Original, "whole_with", early)


@mutant
def kept_voucher_in_no_figure(put: Put) -> None:
    """What the platform keeps after a void, and is to pay for, is told to nobody who adds up."""
    put(voucher_redeem, "_owed_fen", lambda ctx, known, heard: known.owed_fen)


@mutant
def registered_voucher_never_verified(put: Put) -> None:
    """What was taken without a link is never redeemed."""
    put(voucher_redeem.VerifyRegistered, "decide", lambda self, ctx: Refusal(6008))


@mutant
def tried_again_under_a_used_number(put: Put) -> None:
    """What was refused is sent once more under the number that is refused for good."""
    put(voucher_again, "next_index", lambda books, use: 1)


@mutant
def shortage_stays_though_redeemed(put: Put) -> None:
    """The second try succeeds, and the shift still lacks the money."""
    short_fen = voucher_redeem._short_fen

    def stays(known: voucher.Use, heard: VoucherHeard) -> int:
        return known.short_fen or short_fen(known, heard)

    put(voucher_redeem, "_short_fen", stays)


@mutant
def code_kept_after_it_is_redeemed(put: Put) -> None:
    """Whoever finds the card finds codes on it."""
    put(voucher, "forgotten", lambda use: ())


@mutant
def undo_taken_for_done(put: Put) -> None:
    """A voucher is called given back when that is asked for."""
    follow = VouchersDesk.follow

    def trusting(self: VouchersDesk, till: Till, fact: Fact, seq: int) -> None:
        if isinstance(fact, VoucherUndoSent):
            till.do(voucher_redeem.HearVoucher(AnswerVoucher(fact.request_no, "undo", "undone")))
        else:
            follow(self, till, fact, seq)

    put(VouchersDesk, "follow", trusting)


@mutant
def a_fen_more_by_voucher(put: Put) -> None:
    """The sale says that the voucher paid a fen more than it takes off."""
    settled = checkout.settled

    def more_of_it(ctx: Context, opened: OrderOpened, paid: Any, *more: Any, **named: Any) -> Sale:
        sale: Sale = settled(ctx, opened, paid, *more, **named)
        parts = tuple(
            msgspec.structs.replace(part, paid_fen=part.paid_fen + 1) if part.kind == "voucher" else part
            for part in sale.tenders
        )
        return msgspec.structs.replace(sale, tenders=parts)

    put(checkout, "settled", more_of_it)


VOUCHERS = frozenset(MUTANTS) - ELSEWHERE
"""The mistakes about vouchers, by name."""
