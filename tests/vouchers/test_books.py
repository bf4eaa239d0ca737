"""Vouchers in the books of the counter: what the sale holds of them, the drawer, giving back, registered ones that are
refused."""

from pathlib import Path

import pytest

from firmware.events import Answered
from firmware.screens.refund import Confirmed, Plan
from firmware.txn import closing, original, voucher
from firmware.txn.reserve import open_reservations
from firmware.txn.sale import TakeCash
from firmware.txn.voucher_figures import deals, receivable_fen
from firmware.txn.voucher_take import RegisterVoucher
from rules.settings_counter import DrawerRule
from tests.giving.shop import as_supervisor
from tests.vouchers.till import MEITUAN, VoucherTill, vouchers
from wire.facts import Refund, Sale, VoucherHeard
from wire.messages import AnswerReserve
from wire.vouchers import AskVoucherUndo


@pytest.fixture
def till(tmp_path: Path) -> VoucherTill:
    return vouchers(tmp_path)


def facts(till: VoucherTill, kind: type) -> list:
    return [entry.fact for entry in till.ledger.entries() if isinstance(entry.fact, kind)]


def sold(till: VoucherTill, **told: int) -> Sale:
    """Goods for 7.00: a voucher over 5.00, and cash."""
    till.basket().voucher()
    till.keys("OK OK")
    till.says("consumed", **told)
    return facts(till, Sale)[-1]


def test_the_sale_holds_what_the_platform_told_of_its_money(till: VoucherTill) -> None:
    sale = sold(till, paid_fen=450, platform_fen=30, merchant_fen=20, record_no="MT77")
    part = sale.tenders[0]
    assert (part.channel, part.channel_no, part.paid_fen) == ("meituan", "MT77", 500)
    use = part.voucher
    assert (use.paid_fen, use.platform_fen, use.merchant_fen) == (450, 30, 20)
    [row] = deals(closing.running(till.ledger))
    assert (row.count, row.deduct_fen, row.basis_fen, row.merchant_fen, row.receivable_fen) == (1, 500, 450, 20, 480)


def test_a_void_asks_the_platform_and_what_it_keeps_is_shown_and_listed(till: VoucherTill) -> None:
    sale = sold(till)
    as_supervisor(till)
    known = original.by_number(till.ledger, till.ledger.terminal, sale.batch, sale.trace)
    till.terminal.stack = (*till.terminal.stack, Confirmed(Plan(known, reason="买错").fixed(till.terminal.context())))
    till.keys("OK")  # the backend is asked to keep the goods
    till.step(Answered(AnswerReserve(open_reservations(till.ledger)[0], True)))
    assert facts(till, Refund)[-1].total_fen == sale.due_fen
    [ask] = till.asks(AskVoucherUndo)
    assert ask.request_no == sale.tenders[0].voucher.request_no
    till.says("kept", code=3020)
    assert "[3020] 该券不可撤销\n5.00  11-22 18:00  000001-000001\n" in till.text()
    till.keys("OK")
    assert "3020" in till.text(), "below the cash that was paid out"
    assert [each.request_no for each in voucher.listed(till.ledger)] == [ask.request_no]
    figures = closing.running(till.ledger)
    assert deals(figures) == (), "sold and voided"
    assert receivable_fen(figures) == 450, "and still to be paid by the platform"


def test_the_drawers_rules_know_vouchers(tmp_path: Path) -> None:
    """A row for sales with vouchers comes before the one for cash."""
    from rules.settings import defaults

    rows = defaults().drawer_use.rules
    mine = DrawerRule(event="sale", tenders=("voucher",), action="deny")
    till = vouchers(tmp_path, drawer_use={"rules": (mine, *rows)})
    assert not sold(till).open_drawer


@pytest.mark.parametrize(("state", "code", "name", "fen"), [
    ("rejected", 3003, "voucher_shortage_fen", 500), ("consumed", 0, "voucher_verified_fen", 450),
])  # fmt: skip
def test_the_end_of_a_registered_voucher_is_in_the_shifts_figures(tmp_path: Path, state, code, name, fen) -> None:
    till = vouchers(tmp_path, vouchers={"register_later": True})
    as_supervisor(till)
    till.basket().offline()
    assert till.terminal.do(RegisterVoucher(MEITUAN, False, "meituan", 500)) is None
    assert till.terminal.do(TakeCash(200)) is None
    assert closing.running(till.ledger)["voucher_registered_fen"] == 500
    till.online()
    till.pass_time(3_000)
    till.says(state, code=code)
    assert closing.running(till.ledger)[name] == fen
    assert sum(each.shortage_fen + each.verified_fen for each in facts(till, VoucherHeard)) == fen
