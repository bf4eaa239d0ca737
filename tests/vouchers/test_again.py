"""再核销: a registered voucher that was refused for something that can be cured is verified again, by who may register."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.events import LinkUp
from firmware.txn import original, voucher
from firmware.txn.refund import VoidSale
from firmware.txn.reserve import UseReservation
from firmware.txn.till import folded
from firmware.txn.voucher_again import VerifyAgain
from firmware.txn.voucher_redeem import VerifyRegistered
from rules.voucher_again import is_curable
from tests.screens.voucher_codes import refused_curably
from tests.vouchers.till import MEITUAN, VoucherTill
from wire.facts import ReserveSent, VoucherHeard, VoucherSent
from wire.vouchers import AskVoucherConsume


def figures(till: VoucherTill) -> dict[str, int]:
    """What the running shift's figures say of vouchers verified and missing."""
    till.ledger.commit()
    found = folded(entry.fact for entry in till.ledger.entries())
    return {name: found.get(name, 0) for name in ("voucher_shortage", "voucher_shortage_fen", "voucher_verified_fen")}


def again(till: VoucherTill) -> VoucherTill:
    """From the list: once more."""
    till.handed = len(till.asked)
    till.keys("OK MENU 3 2 OK F1")
    return till


def code_on_card(till: VoucherTill) -> bool:
    """Whether the code can be read anywhere on the card, the log of the database apart."""
    till.ledger.commit()
    return any(MEITUAN.encode() in row[0] for row in till.ledger.read("SELECT hash FROM secret ORDER BY operator"))


def test_it_is_redeemed_under_a_new_number_and_nothing_lacks_any_more(tmp_path: Path) -> None:
    till = refused_curably(tmp_path)
    assert figures(till) == {"voucher_shortage": 1, "voucher_shortage_fen": 500, "voucher_verified_fen": 0}
    first = till.asks(AskVoucherConsume)[-1]
    again(till)
    assert till.kinds() == ["consume"]
    second = till.asks(AskVoucherConsume)[-1]
    assert (second.code, second.amount_fen, second.count) == (MEITUAN, first.amount_fen, first.count)
    assert (first.request_no[-3:], second.request_no[-3:]) == ("V01", "V02")
    assert "核销中" in till.text()
    assert figures(till)["voucher_shortage_fen"] == 500, "it lacks until it is redeemed"
    till.says("consumed")
    assert "已核销" in till.text()
    assert figures(till) == {"voucher_shortage": 0, "voucher_shortage_fen": 0, "voucher_verified_fen": 450}
    assert voucher.open_uses(till.ledger) == voucher.listed(till.ledger) == ()
    sent = [fact for fact in till.journal("voucher_sent") if isinstance(fact, VoucherSent)]
    assert [each.again for each in sent] == ["", first.request_no]
    assert sent[-1].use.request_no == second.request_no
    assert not code_on_card(till)
    assert till.ledger.differences() == []


def test_refused_again_it_stands_on_the_list_once_and_may_be_tried_a_third_time(tmp_path: Path) -> None:
    till = again(refused_curably(tmp_path)).says("rejected", code=2011)
    assert "[2011]" in till.text()
    assert "补验失败,短款 5.00" in till.text()
    assert [(use.request_no[-3:], use.code) for use in voucher.listed(till.ledger)] == [("V02", 2011)]
    assert figures(till)["voucher_shortage_fen"] == 500
    till.keys("CANCEL CANCEL CANCEL CANCEL")
    assert again(till).says("consumed").asks(AskVoucherConsume)[-1].request_no.endswith("V03")
    assert figures(till)["voucher_shortage_fen"] == 0
    assert voucher.listed(till.ledger) == ()
    assert till.ledger.differences() == []


def test_a_last_word_the_second_time_is_final_and_forgets_the_code(tmp_path: Path) -> None:
    till = again(refused_curably(tmp_path))
    assert code_on_card(till)
    till.says("rejected", code=3003)
    assert not code_on_card(till)
    [use] = voucher.listed(till.ledger)
    assert VerifyAgain(use.request_no).decide(till.terminal.context()).code == 6008  # type: ignore[union-attr]
    assert figures(till)["voucher_shortage_fen"] == 500


@pytest.mark.parametrize("code", [3003, 3004, 3005, 3007, 3016, 3036])
def test_what_the_platform_says_for_good_offers_no_other_try(tmp_path: Path, code: int) -> None:
    till = refused_curably(tmp_path, code)
    assert not code_on_card(till)
    till.handed = len(till.asked)
    till.keys("OK MENU 3 2 OK")
    assert "再核销" not in till.text()
    till.keys("F1")
    assert till.kinds() == []


def test_the_table_of_what_can_be_cured() -> None:
    for code in (1003, 1004, 1010, 1019, 2005, 2010, 2011, 3006, 3008, 3025, 3033, 9015):
        assert is_curable(code), code
    for code in (3001, 3002, 3003, 3004, 3005, 3007, 3013, 3014, 3016, 3017, 3018, 3023, 3024, 3036, 5011):
        assert not is_curable(code), code


def test_the_cut_keeps_what_may_be_tried_again(tmp_path: Path) -> None:
    till = refused_curably(tmp_path)
    till.cut()
    till.boot()
    till.online()
    till.keys("9 9 0 0 OK 4 8 2 9 1 7 OK")
    again(till)
    assert till.asks(AskVoucherConsume)[-1].code == MEITUAN


def test_the_cut_while_it_is_asked_for_asks_on_under_the_new_number(tmp_path: Path) -> None:
    till = again(refused_curably(tmp_path))
    number = till.asks(AskVoucherConsume)[-1].request_no
    till.cut()
    till.boot()
    till.asked = []
    till.online()
    till.pass_time(2_000)
    assert [each.ask.request_no for each in till.asked if hasattr(each.ask, "request_no")] == [number]
    till.says("absent", to="query")
    assert till.asks(AskVoucherConsume)[-1].code == MEITUAN
    till.says("consumed")
    assert figures(till)["voucher_shortage_fen"] == 0


def test_a_cashier_needs_who_may_register(tmp_path: Path) -> None:
    till = refused_curably(tmp_path)
    [use] = voucher.listed(till.ledger)
    context = till.terminal.context()
    cashier = replace(context, session=replace(context.session, operator="01", role="cashier"))
    assert VerifyAgain(use.request_no).decide(cashier).code == 2006  # type: ignore[union-attr]


def test_without_a_link_it_waits(tmp_path: Path) -> None:
    till = refused_curably(tmp_path).offline()
    assert again(till).kinds() == []  # type: ignore[arg-type]
    assert "[3030]" in till.text()


def test_handled_it_is_never_tried_again_and_its_code_is_forgotten(tmp_path: Path) -> None:
    till = refused_curably(tmp_path)
    [use] = voucher.listed(till.ledger)
    till.keys("OK MENU 3 2 OK F2 OK")
    assert voucher.listed(till.ledger) == ()
    assert not code_on_card(till)
    assert VerifyAgain(use.request_no).decide(till.terminal.context()).code == 6008  # type: ignore[union-attr]


def test_what_was_tried_again_is_not_sent_under_its_old_number(tmp_path: Path) -> None:
    till = refused_curably(tmp_path)
    old = till.asks(AskVoucherConsume)[-1].request_no
    again(till)
    context = till.terminal.context()
    for command in (VerifyAgain(old), VerifyRegistered(old)):
        assert command.decide(context).code == 6008  # type: ignore[union-attr]


def test_redeemed_late_under_the_old_number_it_goes_back(tmp_path: Path) -> None:
    """The platform changes its mind about the first try while the second is under way: one of them is enough."""
    till = refused_curably(tmp_path)
    old = till.asks(AskVoucherConsume)[-1].request_no
    again(till).says("consumed", to="query", number=old)
    undone = till.facts()
    assert undone[-1] == "voucher_undo_sent"
    till.says("undone", to="undo", number=old)
    till.says("consumed", to="consume", number=old[:-2] + "02")
    assert figures(till) == {"voucher_shortage": 0, "voucher_shortage_fen": 0, "voucher_verified_fen": 450}
    assert till.ledger.differences() == []


def test_redeemed_late_without_another_try_its_shortage_is_settled(tmp_path: Path) -> None:
    till = refused_curably(tmp_path)
    old = till.asks(AskVoucherConsume)[-1].request_no
    till.says("consumed", to="query", number=old)
    assert figures(till) == {"voucher_shortage": 0, "voucher_shortage_fen": 0, "voucher_verified_fen": 450}
    assert not code_on_card(till)
    assert [fact.shortage_fen for fact in till.journal("voucher_heard") if isinstance(fact, VoucherHeard)] == [
        500,
        -500,
    ]


def voided(till: VoucherTill) -> VoucherTill:
    """The sale is given back whole."""
    known = original.by_number(till.ledger, till.ledger.terminal, 1, 1)
    assert known is not None
    assert till.terminal.do(VoidSale(known, "wrong")) is None
    for reserve in till.journal("reserve_sent"):
        assert isinstance(reserve, ReserveSent)
        assert till.terminal.do(UseReservation(reserve.reserve_no)) is None
    till.handed = len(till.asked)
    till.step(LinkUp())
    till.pass_time(1_000)
    return till


def test_with_its_sale_what_was_refused_goes_back_and_nothing_lacks(tmp_path: Path) -> None:
    """No voucher is redeemed later for goods that are on the shelf again."""
    till = refused_curably(tmp_path)
    [use] = voucher.listed(till.ledger)
    voided(till)
    assert till.kinds() == ["undo"]
    assert voucher.listed(till.ledger) == ()
    assert VerifyAgain(use.request_no).decide(till.terminal.context()).code == 6008  # type: ignore[union-attr]
    till.says("undone", to="undo")
    assert figures(till) == {"voucher_shortage": 0, "voucher_shortage_fen": 0, "voucher_verified_fen": 0}
    assert not code_on_card(till)
    assert till.ledger.differences() == []


def test_redeemed_at_the_second_try_it_is_undone_with_its_sale(tmp_path: Path) -> None:
    till = again(refused_curably(tmp_path)).says("consumed")
    number = till.asks(AskVoucherConsume)[-1].request_no
    assert voided(till).kinds() == ["undo"]
    till.says("undone", to="undo", number=number)
    assert figures(till) == {"voucher_shortage": 0, "voucher_shortage_fen": 0, "voucher_verified_fen": 0}
    assert voucher.listed(till.ledger) == voucher.open_uses(till.ledger) == ()
