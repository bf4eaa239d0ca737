"""登记待补验: without a link, by a supervisor, within caps; verified by itself, and a refusal is an alarm and a shortage."""

from pathlib import Path

import msgspec
import pytest

from firmware.events import LinkUp, Report
from firmware.txn import voucher
from firmware.txn.ledger import Stamp
from firmware.txn.voucher_take import RegisterVoucher
from tests.screens.voucher_codes import REGISTERS, registered, till_of_supervisor
from tests.vouchers.till import MEITUAN, OWN, VoucherTill, vouchers
from wire.facts import Sale, Trouble, VoucherRegistered
from wire.vouchers import AskVoucherConsume


def alarms(till: VoucherTill) -> list[int]:
    till.ledger.commit()
    return [fact.code for fact in till.journal("trouble") if isinstance(fact, Trouble)]


def test_it_is_on_record_with_its_sale_and_said_at_once(tmp_path: Path) -> None:
    till = registered(tmp_path)
    facts = till.facts()
    assert facts.index("voucher_registered") < facts.index("sale")
    fact, sale = till.one("voucher_registered"), till.one("sale")
    assert isinstance(fact, VoucherRegistered)
    assert isinstance(sale, Sale)
    assert (fact.code, fact.use.last4, fact.use.deduct_fen, fact.approver) == ("", MEITUAN[-4:], 500, "00")
    assert [(part.kind, part.paid_fen) for part in sale.tenders] == [("voucher", 500), ("cash", 200)]
    assert 3031 in alarms(till)
    assert [use.state for use in voucher.open_uses(till.ledger)] == ["registered"]
    assert till.ledger.differences() == []


def verified(till: VoucherTill) -> VoucherTill:
    till.handed = len(till.asked)
    till.step(LinkUp())
    till.pass_time(1_000)
    assert till.kinds() == ["consume"]
    assert till.asks(AskVoucherConsume)[-1].code == MEITUAN
    return till


def test_it_is_redeemed_as_soon_as_the_link_is_back(tmp_path: Path) -> None:
    till = verified(registered(tmp_path)).says("consumed")
    assert voucher.open_uses(till.ledger) == voucher.listed(till.ledger) == ()
    assert till.facts().count("sale") == 1


def test_a_refusal_is_an_alarm_and_stands_on_the_list_until_it_is_handled(tmp_path: Path) -> None:
    till = verified(registered(tmp_path)).says("rejected", code=3003)
    assert "[3003]" in till.text()
    assert "短款 5.00 单号 000001-000001" in till.text()
    assert 3003 in alarms(till)
    assert [use.deduct_fen for use in voucher.listed(till.ledger)] == [500]
    till.keys("OK OK")
    assert "券待处理" in till.text(), "it stands there until it is handled"
    till.keys("MENU 3 2")
    assert "短款" in till.text()
    till.keys("OK")
    assert "短款" in till.text()
    till.keys("F2 OK")
    assert "voucher_handled" in till.facts()
    assert voucher.listed(till.ledger) == ()
    till.keys("CANCEL CANCEL CANCEL CANCEL")
    assert "券待处理" not in till.text()


def test_a_refusal_is_reported_at_once_whatever_its_code(tmp_path: Path) -> None:
    """An expired voucher is otherwise nothing the backend hears of (3005); here the shop's money is missing."""
    till = verified(registered(tmp_path)).says("rejected", code=3005)
    reports = [effect.report for effect in till.out if isinstance(effect, Report)]
    [seen] = [each for report in reports if report.mode == "now" for each in report.events if each.code == 3005]
    assert (seen.subject, seen.reason) == (voucher.listed(till.ledger)[0].request_no, "shortage 5.00")


def test_without_an_answer_it_is_asked_about_and_never_given_up(tmp_path: Path) -> None:
    till = verified(registered(tmp_path))
    till.pass_time(60_000)
    assert set(till.kinds()) == {"query"}
    till.says("absent", to="query")
    assert till.asks(AskVoucherConsume)[-1] == till.asks(AskVoucherConsume)[0]
    till.says("consumed")
    assert voucher.open_uses(till.ledger) == ()


def test_the_cut_keeps_it(tmp_path: Path) -> None:
    till = registered(tmp_path)
    till.cut()
    till.boot()
    till.asked = []
    verified(till)


@pytest.mark.parametrize("end", [("consumed", 0), ("rejected", 3003)])
def test_its_code_is_in_no_record_and_gone_from_the_card_when_it_is_settled(
    tmp_path: Path, end: tuple[str, int]
) -> None:
    """Whoever reads the backend or the device afterwards finds the last four signs and a digest."""
    till = registered(tmp_path)
    assert not in_records(till)
    till.ledger.rebuild()
    till.cut()
    till.boot()
    till.asked = []
    verified(till).says(end[0], code=end[1])
    assert not in_records(till)
    till.ledger.close()
    files = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert files
    assert not any(MEITUAN.encode() in raw for raw in files)


def in_records(till: VoucherTill) -> bool:
    till.ledger.commit()
    assert till.ledger.differences() == []
    return any(MEITUAN.encode() in row[0] for row in till.ledger.read("SELECT body FROM journal ORDER BY seq"))


def test_one_of_a_release_before_is_verified_by_the_code_in_its_record(tmp_path: Path) -> None:
    till = registered(tmp_path)
    old = msgspec.structs.replace(till.one("voucher_registered"), code=OWN)
    till.ledger.append((old,), Stamp(0, "set"), ((voucher.secret_name("x"), b"", b""),))
    till.ledger.db.execute("DELETE FROM secret WHERE operator = ?", (voucher.secret_name(old.use.request_no),))
    till.ledger.commit()
    [use] = voucher.open_uses(till.ledger)
    assert voucher.code_of(till.ledger, use) == OWN


def test_one_at_a_time(tmp_path: Path) -> None:
    till = till_of_supervisor(tmp_path, vouchers={"register_later": True})
    till.offline()
    for code in (MEITUAN, OWN):
        till.basket(2).keys("OK MENU " + " ".join(code) + " F1 5 0 0 OK CANCEL OK OK OK")
    till.handed = len(till.asked)
    till.step(LinkUp())
    till.pass_time(5_000)
    assert till.kinds() == ["consume"]
    till.says("consumed")
    till.pass_time(5_000)
    assert till.kinds() == ["consume"]


def test_a_cashier_needs_a_supervisor(tmp_path: Path) -> None:
    till = vouchers(tmp_path, vouchers=REGISTERS)
    till.offline()
    till.basket(2).keys("OK MENU " + " ".join(MEITUAN) + " F1 5 0 0 OK")
    assert till.screen == "Override"
    assert "[2006]" in till.text()


def test_it_is_off_by_default(tmp_path: Path) -> None:
    till = till_of_supervisor(tmp_path)
    till.offline()
    till.basket(2).keys("OK MENU " + " ".join(MEITUAN))
    assert "登记" not in till.text()
    refused = RegisterVoucher(MEITUAN, False, "meituan", 500).decide(till.terminal.context())
    assert getattr(refused, "code", 0) == 3030


@pytest.mark.parametrize(("fen", "code"), [(500, 0), (701, 5020), (0, 5020)])
def test_its_amount_is_within_what_is_due(tmp_path: Path, fen: int, code: int) -> None:
    till = till_of_supervisor(tmp_path, vouchers=REGISTERS)
    till.offline()
    till.basket(2)
    refused = RegisterVoucher(MEITUAN, False, "meituan", fen).decide(till.terminal.context())
    assert getattr(refused, "code", 0) == code


def test_the_caps_of_the_day_are_of_count_and_amount(tmp_path: Path) -> None:
    till = till_of_supervisor(tmp_path, vouchers={"register_later": True, "register_fen_max": 600})
    till.offline()
    till.basket(2).keys("OK MENU " + " ".join(MEITUAN) + " F1 5 0 0 OK CANCEL OK OK OK").basket(2)
    context = till.terminal.context()
    assert getattr(RegisterVoucher(OWN, False, "own", 101).decide(context), "code", 0) == 3033
    assert getattr(RegisterVoucher(OWN, False, "own", 100).decide(context), "code", 0) == 0


def test_only_cash_closes_it(tmp_path: Path) -> None:
    till = till_of_supervisor(tmp_path, vouchers=REGISTERS)
    till.offline()
    till.basket(2).keys("OK MENU " + " ".join(MEITUAN) + " F1 5 0 0 OK CANCEL # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    assert "[5014]" in till.text()
