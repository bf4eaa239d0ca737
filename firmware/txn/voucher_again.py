"""Verifying a registered voucher once more that was refused for a reason that can be cured (ADR 26): by who may register,
under a new number, since what was refused stays refused under its own (domain 3.4)."""

from dataclasses import dataclass

import msgspec

from firmware.txn import checkout, voucher
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.voucher import Use
from firmware.txn.voucher_redeem import OFFLINE
from firmware.txn.voucher_rights import voucher_refusal
from rules.orders import VOUCHER_MAX, read_voucher_no, voucher_no_again
from rules.rights import Right
from rules.voucher_again import is_curable
from wire.facts import VoucherSent


@dataclass(frozen=True, slots=True)
class VerifyAgain:
    """Try a registered voucher once more that waits on the list. The refusal is certain, for else it would be unknown and be
    asked about: nothing can be redeemed twice by it."""

    request_no: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`VoucherSent` under the next number; or 2001, 6008, 2005, 2006, 3030."""
        known = voucher.find(ctx.books, self.request_no)
        index = next_index(ctx.books, known) if known is not None else 0
        if refusal := lacking(ctx, Right.SALE, None if known is not None and may_again(ctx.books, known) else 6008):
            return refusal
        assert known is not None
        if refusal := voucher_refusal(ctx, "register", known.platform, known.kind):
            return refusal
        if not checkout.can_redeem(ctx):
            return Refusal(OFFLINE)
        use = msgspec.structs.replace(
            voucher.contents(ctx.books, known), request_no=voucher_no_again(known.request_no, index)
        )
        code = voucher.code_of(ctx.books, known).encode()
        sent = VoucherSent(
            known.batch, known.trace, use, ctx.session.operator, ctx.approver, again=known.sale_no, business_date=known.date
        )  # fmt: skip
        return Decision((sent,), secrets=((voucher.secret_name(use.request_no), b"", code), *voucher.forgotten(known)))


def may_again(books: Reading, use: Use) -> bool:
    """Whether this use was registered, stands refused for something that can be cured, and its code is still here."""
    refused = use.listed and use.state == "rejected" and is_curable(use.code)
    return refused and next_index(books, use) <= VOUCHER_MAX and bool(voucher.code_of(books, use))


def next_index(books: Reading, use: Use) -> int:
    """Which use of its order the next number is of."""
    numbers = (read_voucher_no(each.request_no) for each in voucher.uses_of(books, use.trace))
    return 1 + max(number.place for number in numbers if number is not None)
