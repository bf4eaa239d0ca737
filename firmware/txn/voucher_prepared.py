"""Vouchers chosen for the open basket: prepared at the platform, nothing redeemed yet. In memory only, not kept over a
cut or a hold: they are prepared again then."""

from dataclasses import dataclass, field

from rules.vouchers import Amount
from wire.facts import VoucherUse
from wire.vouchers import Coupon


@dataclass(frozen=True, slots=True)
class Prepared:
    """`count` vouchers of one coupon. `until_ms`: monotonic time to which the preparation holds (0: for ever, of a
    registered one, whose `code` is kept until its sale). `chosen`: lines a supervisor chose for a package that nobody
    mapped, as (line, thousandths). The rest is what the cashier has looked at or the customer agreed to."""

    coupon: Coupon
    count: int
    until_ms: int
    digest: str
    code: str = field(default="", repr=False)
    chosen: tuple[tuple[int, int], ...] = ()
    booked: bool = False
    class_checked: bool = False
    lost_agreed_fen: int = 0  # so much face value the customer agreed to lose; of more they are asked anew
    approver: str = ""

    @property
    def registered(self) -> bool:
        """Whether a supervisor takes it without a link, to be verified later."""
        return not self.until_ms

    def use(self, request_no: str, amount: Amount) -> VoucherUse:
        """As an order holds it under its number, with what it takes off."""
        coupon, count = self.coupon, self.count
        return VoucherUse(
            request_no, coupon.ref, coupon.platform, coupon.deal_id, coupon.title, coupon.kind, count,
            amount.deduct_fen, amount.shares, coupon.last4, self.digest, coupon.face_fen * count,
            coupon.basis_fen * count, self.registered, max(0, coupon.count - count),
        )  # fmt: skip
