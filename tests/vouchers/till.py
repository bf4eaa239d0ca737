"""A counter with a platform at the far end: what leaves is kept, the test answers it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.events import Answered
from firmware.txn import voucher
from firmware.txn.voucher import Use
from tests.payments.till import Till, till
from wire.vouchers import (
    AnswerVoucher,
    AnswerVoucherPrepare,
    AskVoucherConsume,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
    Coupon,
)

MEITUAN, DOUYIN, OWN = "123456789012", "123456789012345", "8812345678901234"
DOUYIN_LINK = "https://v.douyin.com/iRNBho5/"
KINDS = {AskVoucherConsume: "consume", AskVoucherQuery: "query", AskVoucherUndo: "undo"}


def coupon(**more: Any) -> Coupon:
    """A cash voucher of Meituan over 5.00, one of them."""
    said: dict[str, Any] = {
        "ref": "p1", "platform": "meituan", "deal_id": "4001", "title": "5元代金券", "kind": "cash", "last4": "9012",
        "face_fen": 500, "basis_fen": 450,
    }  # fmt: skip
    return Coupon(**{**said, **more})


@dataclass
class VoucherTill(Till):
    """`voucher()` takes one into the basket; `says(...)` answers the use asked about last."""

    def code(self, code: str = MEITUAN) -> "VoucherTill":
        """Type a code on the voucher screen, from the menu."""
        self.keys("MENU 3 1 " + " ".join(code) + " OK")
        return self

    def prepared(self, *coupons: Coupon, code: int = 0, valid_ms: int = 300_000, **more: Any) -> "VoucherTill":
        """The backend's answer to the last prepare."""
        ask = self.asks(AskVoucherPrepare)[-1]
        self.step(Answered(AnswerVoucherPrepare(ask.look_no, code, coupons, valid_ms, **more)))
        return self

    def voucher(self, code: str = MEITUAN, **more: Any) -> "VoucherTill":
        """One cash voucher in the basket; back at the basket's screen."""
        self.code(code).prepared(coupon(**{"last4": code[-4:], **more}))
        self.keys("OK CANCEL")
        self.keys("CANCEL CANCEL") if self.screen != "BasketScreen" else None
        assert self.screen == "BasketScreen", self.text()
        return self

    def uses(self) -> tuple[Use, ...]:
        """Every use of the newest order that has any."""
        rows = self.ledger.read("SELECT trace FROM voucher_use ORDER BY seq DESC LIMIT 1")
        return voucher.uses_of(self.ledger, rows[0][0]) if rows else ()

    def kinds(self) -> list[str]:
        """Which asks about uses left since the last call."""
        new = self.asked[self.handed :]
        self.handed = len(self.asked)
        return [KINDS[type(each.ask)] for each in new if type(each.ask) in KINDS]

    def says(self, state: str, to: str = "", code: int = 0, number: str = "", **more: Any) -> "VoucherTill":
        """The backend's word on the use asked about last."""
        last = next(each.ask for each in reversed(self.asked) if type(each.ask) in KINDS)
        to = to or KINDS[type(last)]
        number = number or last.request_no
        if state == "consumed":
            more = {"record_no": "r77", "paid_fen": 450, **more}
        self.step(Answered(AnswerVoucher(number, to, state, code, **more)))  # type: ignore[arg-type]
        return self


def vouchers(folder: Path, **sections: dict[str, Any]) -> VoucherTill:
    """Open for business, on line, numbered."""
    made = till(folder, **sections)
    made.__class__ = VoucherTill
    assert isinstance(made, VoucherTill)
    return made
