"""Whatever is lost, late or doubled, and whatever the cashier does: what the platform redeemed is sold by it, is given back,
or stands on the list; and no sale holds a voucher the platform did not redeem (issue 4)."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from firmware.events import Answered, AskFailed
from firmware.txn import checkout, voucher
from tests.payments.till import WECHAT
from tests.vouchers.till import VoucherTill, coupon, vouchers
from wire.facts import Sale
from wire.messages import AnswerPayment, AskPay, AskQuery, AskReverse
from wire.vouchers import (
    AnswerVoucher,
    AnswerVoucherPrepare,
    AskVoucherConsume,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
)

STEPS = 200
SEEDS = 16
CODES = 10**11
CARD = "# 1 2 3 4 5 6 7 8 9 0 1 2 OK OK"
WAYS: dict[str, tuple[str, ...]] = {
    "Idle": ("goods",),
    "BasketScreen": ("code", "code", "goods", "OK", "OK", "OK", "1 * OK"),
    "KeptBasket": ("OK",),
    "Menu": ("CANCEL",),
    "VoucherEntry": ("code", "CANCEL", "CANCEL"),
    "VoucherCheck": ("", "", "CANCEL"),
    "CouponView": ("OK", "OK", "F1 OK", "UP OK", "F2 OK", "CANCEL"),
    "Cash": ("OK", "OK", "OK", "pay", CARD, "* 1 0 0", "MENU", "CANCEL"),
    "VoucherWait": ("", "", "", "OK", "OK", "F1", "F2", "CANCEL"),
    "CodePayment": ("", "", "OK", "F1", "CANCEL"),
    "GiveUp": ("OK", "F1", "F2", "CANCEL", "CANCEL"),
    "Orders": ("OK", "CANCEL"),
    "OrderView": ("F1", "F2", "CANCEL"),
}
"""What a cashier does at each screen: keys, or goods, a voucher's code, a payment code; "" waits."""


@dataclass
class Platform:
    """The platform's own books under request numbers, with tombstones; and a channel that pays at once."""

    chance: random.Random
    state: dict[str, str] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)

    def serve(self, ask: Any) -> Any:
        match ask:
            case AskVoucherPrepare(look_no, code):
                face = self.chance.choice([200, 300, 700])
                made = coupon(ref=code[:4], last4=code[-4:], face_fen=face, basis_fen=face, count=2)
                return AnswerVoucherPrepare(look_no, 0, (made,))
            case AskVoucherConsume(request_no, _, count):
                if request_no not in self.state:
                    self.state[request_no] = self.chance.choice(["consumed", "consumed", "consumed", "rejected"])
                    self.count[request_no] = self.chance.randrange(1, count + 1)
                return self.told(request_no, "consume")
            case AskVoucherQuery(request_no):
                return self.told(request_no, "query")
            case AskVoucherUndo(request_no):
                if self.state.get(request_no) not in ("rejected", "kept"):
                    keeps = self.state.get(request_no) == "consumed" and self.chance.random() < 0.3
                    self.state[request_no] = "kept" if keeps else "undone"
                return self.told(request_no, "undo")
            case AskPay(order_no=number, amount_fen=fen):
                self.paid.setdefault(number, fen)
                return self.of_payment(number, "pay")
            case AskQuery(order_no=number):
                return self.of_payment(number, "query")
            case AskReverse(order_no=number):
                self.paid[number] = 0
                return self.of_payment(number, "reverse")
        return None

    def told(self, number: str, to: Any) -> AnswerVoucher:
        state: Any = self.state.get(number, "absent")
        if to == "query" and self.chance.random() < 0.2:
            state = "unknown"
        got = self.count.get(number, 0) if state in ("consumed", "kept") else 0
        return AnswerVoucher(number, to, state, 0, f"r{number[-3:]}" if got else "", got, 100 if got else 0)

    def of_payment(self, number: str, to: Any) -> AnswerPayment:
        fen = self.paid.get(number)
        state: Any = "absent" if fen is None else "paid" if fen else "reversed"
        return AnswerPayment(number, to, state, 0, "", fen or 0)


def act(till: VoucherTill, platform: Platform, chance: random.Random, post: list[Any]) -> None:
    """One thing that happens."""
    for ask in till.asked[till.handed :]:
        luck = chance.random()
        if luck < 0.12:
            post.append(AskFailed.of(ask.ask))
        elif (answer := platform.serve(ask.ask)) is not None and luck < 0.8:
            post.append(Answered(answer))
    till.handed = len(till.asked)
    roll = chance.random()
    if post and roll < 0.5:
        event = chance.choice(post)
        if chance.random() < 0.8:
            post.remove(event)
        till.step(event)
    elif roll < 0.58:
        till.pass_time(chance.choice([500, 3_000, 11_000, 40_000]))
    elif roll < 0.6:
        till.cut()
        till.boot().sign_on()
        till.asked, till.handed = [], 0
        till.online()
    elif roll < 0.62:
        till.offline()
        till.pass_time(3_000)
        till.online()
    elif roll < 0.63:
        till.keys("CANCEL CANCEL CANCEL CANCEL MENU 1 OK")
    else:
        work(till, chance.choice(WAYS.get(till.screen, ("OK", "OK", "CANCEL"))), platform, chance)


def work(till: VoucherTill, way: str, platform: Platform, chance: random.Random) -> None:
    """A cashier's hand."""
    if way == "goods":
        till.basket(chance.randrange(1, 4))
    elif way == "code":
        code = " ".join(f"{chance.randrange(CODES, 10 * CODES)}")
        till.keys(("" if till.screen == "VoucherEntry" else "MENU 3 1 ") + code + " OK")
        if till.screen == "VoucherCheck" and chance.random() < 0.9:  # preparing changes nothing: mostly it works
            till.handed = len(till.asked)
            till.step(Answered(platform.serve(till.asked[-1].ask)))
            till.keys(chance.choice(WAYS["CouponView"]) + " CANCEL CANCEL CANCEL")
    elif way == "pay":
        till.scan(WECHAT)
    elif way:
        till.keys(way)


def redeemed_in_sales(till: VoucherTill) -> dict[str, int]:
    found: dict[str, int] = {}
    for sale in till.journal("sale"):
        assert isinstance(sale, Sale)
        assert sum(part.paid_fen - part.change_fen for part in sale.tenders) == sale.due_fen
        for part in sale.tenders:
            if part.voucher is not None:
                assert part.voucher.request_no not in found, "one use, one sale"
                assert sum(part.voucher.shares) == part.paid_fen
                found[part.voucher.request_no] = part.voucher.count
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_is_redeemed_without_a_sale_and_nothing_sold_unredeemed(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    first = {"consume_first": True} if seed % 5 == 4 else {}
    till, platform, post = vouchers(tmp_path, vouchers=first).basket(2), Platform(chance), []  # type: ignore[var-annotated]
    for _ in range(STEPS):
        act(till, platform, chance, post)
    sold = redeemed_in_sales(till)
    assert all(platform.state[number] in ("consumed", "kept") for number in sold), "sold before it was redeemed"
    till.online()
    for _ in range(60):  # the day goes on, nothing is lost any more
        for ask in till.asked[till.handed :]:
            till.handed += 1
            if (answer := platform.serve(ask.ask)) is not None:
                till.step(Answered(answer))
        till.pass_time(30_000)
    assert voucher.open_uses(till.ledger) == ()
    sold = redeemed_in_sales(till)
    waits = {use.request_no for use in voucher.listed(till.ledger)}
    orders = {each.trace for each in checkout.unfinished(till.ledger)}
    for number, state in platform.state.items():
        use = voucher.find(till.ledger, number)
        assert use is not None
        if state in ("consumed", "kept"):
            assert number in sold or number in waits or use.trace in orders, (number, use)
            assert sold.get(number, use.count) == platform.count[number]
        else:
            assert number not in sold or number in waits, (number, use)
    till.ledger.commit()
    assert till.ledger.differences() == []
