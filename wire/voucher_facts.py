"""Facts about vouchers (domain 3): a use is journaled before its consume leaves, and ends with what the platform said.

The code of a voucher that may still be used stands in no fact. That of a voucher registered to be verified later, which must
survive days without a link, lies beside the journal on the device until it is settled (ADR 26).
"""

from typing import ClassVar, Literal

import msgspec

from rules.deals import Platform, VoucherKind
from wire.fact import Fact


class VoucherUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """`count` vouchers of one deal used together for one sale. `deduct_fen` is what they take off what the customer owes,
    `shares` how much of that each line bears (it adds up); `basis_fen` the price basis of all of them; `digest` tells a
    second scan of the same code at this terminal (`rules.vouchers.digest`). What the platform told of its money when it
    redeemed them stands in the `Sale`, and nowhere before it."""

    request_no: str
    ref: str
    platform: Platform
    deal_id: str
    title: str
    kind: VoucherKind
    count: int
    deduct_fen: int
    shares: tuple[int, ...]
    last4: str
    digest: str
    face_fen: int = 0  # of all of them
    basis_fen: int = 0
    registered: bool = False
    more: int = 0  # as many more could be used under the same code when it was prepared
    paid_fen: int = 0  # by the customer, as the platform told; of all of them
    platform_fen: int = 0  # subsidy borne by the platform
    merchant_fen: int = 0  # borne by the merchant

    def bears(self) -> set[int]:
        """The lines it pays for, at least in part."""
        return {index for index, share in enumerate(self.shares) if share}


class VoucherSent(Fact, frozen=True):
    """A consume leaves, as the last step before its sale is booked; journaled before it does. `cash_fen`: typed for the rest
    of the order, so that whoever stands there after a refusal or a power cut is told what may be in the cashier's hand.
    `again`: of a registered one that was refused and is tried once more, the number by which its sale holds it;
    `business_date` of that sale then."""

    KIND: ClassVar[str] = "voucher_sent"
    batch: int
    trace: int
    use: VoucherUse
    operator: str
    approver: str = ""
    cash_fen: int = 0
    again: str = ""
    business_date: str = ""


class VoucherHeard(Fact, frozen=True):
    """What became known of a use. `consumed`, `rejected` and `undone` end its question, `kept`: the platform does not let
    it be undone; `unknown` keeps asking. `by`: which ask was answered; "" when the terminal gave up waiting."""

    KIND: ClassVar[str] = "voucher_heard"
    request_no: str
    state: Literal["consumed", "rejected", "unknown", "undone", "kept"]
    by: Literal["consume", "query", "undo", ""]
    code: int = 0
    record_no: str = ""
    paid_fen: int = 0
    platform_fen: int = 0
    merchant_fen: int = 0
    raw: dict[str, int] = msgspec.field(default_factory=dict)
    undo_until_ms: int = 0
    count: int = 0  # how many were redeemed, when they are fewer than asked (3035); 0: all of them
    shortage_fen: int = 0  # of a registered one that is refused: what its sale lacks; below 0: it does not any more
    verified_fen: int = 0  # of a registered one that is redeemed at last: what the platform is to pay for it
    kept_fen: int = (
        0  # the same of one that no sale stands for and that the platform keeps; below 0: it came back later
    )


class VoucherUndoSent(Fact, frozen=True):
    """The voucher is being given back to the customer: journaled before it is asked for."""

    KIND: ClassVar[str] = "voucher_undo_sent"
    request_no: str
    why: Literal["dropped", "void", "refund", "cashier", "deadline", "boot"]
    operator: str = ""
    approver: str = ""


class VoucherRegistered(Fact, frozen=True):
    """登记待补验: without a link a supervisor takes a voucher at the shop's risk; in the same commit as its sale. It is
    consumed under `use.request_no` as soon as the link is back; if it is refused, its amount is a shortage. `code`: empty;
    only releases before ADR 26 wrote it."""

    KIND: ClassVar[str] = "voucher_registered"
    batch: int
    trace: int
    use: VoucherUse
    code: str
    operator: str
    approver: str
    business_date: str = ""

    def __repr__(self) -> str:
        return f"VoucherRegistered({self.use.request_no!r}, {self.use.platform!r})"


class VoucherHandled(Fact, frozen=True):
    """A person has dealt with a use that stood on the list: consumed without a sale and not to be undone, or registered
    and refused (券已核销待处理)."""

    KIND: ClassVar[str] = "voucher_handled"
    request_no: str
    operator: str
    note: str = ""
    approver: str = ""


class DealsLoaded(Fact, frozen=True):
    """A new revision of the deals is in force; the deals themselves are reference data, named by their digest."""

    KIND: ClassVar[str] = "deals_loaded"
    SOON: ClassVar[bool] = True
    rev: str
    deals: int
    digest: str
