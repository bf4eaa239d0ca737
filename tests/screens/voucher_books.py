"""Screens of the books of vouchers: deals kept from the backend, rights, sales with vouchers that go back."""

from pathlib import Path

from firmware.events import Answered
from firmware.screens.refund import Confirmed, Plan
from rules.deals import Deal
from tests.counter import Counter
from tests.giving import shop
from tests.giving.voucher_shop import sold
from tests.screens import ledgers
from tests.vouchers.till import VoucherTill, vouchers
from wire.vouchers import AnswerDeals, PlatformState

GRANTS = ({"acts": ("redeem",), "platforms": ("douyin",), "kinds": ("times",), "roles": ("cashier",), "grant": "no"},)


def deals_told(folder: Path) -> Counter:
    """Three deals, a few minutes old; one platform's permission has run out."""
    till = vouchers(folder)
    told = tuple(Deal("meituan", str(number), "代金券", "cash", 500) for number in range(3))
    states = (PlatformState("meituan"), PlatformState("douyin", 2011), PlatformState("dianping"))
    till.step(Answered(AnswerDeals("r1", deals=told, platforms=states)))
    till.pass_time(200_000)
    return till.keys("MENU 3 4")


def rights_shown(folder: Path) -> Counter:
    """A supervisor reviews the rights."""
    from rules.settings_vouchers import VoucherGrant

    grants = tuple(VoucherGrant(**row) for row in GRANTS)  # type: ignore[arg-type]
    till = ledgers.supervised(folder, ledgers.having(vouchers={"grants": grants}), VoucherTill)
    return till.keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 8 8")


def going_back(folder: Path, undo_after_ms: int) -> Counter:
    """A sale with a voucher, about to be given back; the platform's time may be over."""
    counter = shop.as_supervisor(shop.online(shop.shop(folder)))
    goods = (shop.line("火锅", price=6000), shop.line("啤酒", milli=2000, price=1000))
    known = sold(counter, goods, (3000, 1000), undo_after_ms=undo_after_ms)
    plan = Plan(known, reason="买错").fixed(counter.terminal.context())
    counter.terminal.stack = (*counter.terminal.stack, Confirmed(plan))
    counter.pass_time(1_000)
    return counter
