"""A day against the simulated acquirer: the channels' statements, the backend's books and the terminal's journal agree line
by line (domain 2.4). The statements are read by a reader that shares no code with their writer."""

from datetime import date
from decimal import Decimal

from firmware.txn import original, refund_parts
from firmware.txn.command import Command
from firmware.txn.refund import RefundGoods
from firmware.txn.refund_parts import RetryRefund
from firmware.txn.reserve import UseReservation, open_reservations
from fleet.acquirer.script import Step
from fleet.acquirer.statement import alipay_bill, day_of, entries, wechat_bill
from tests.acquirer import reader
from tests.giving.shop import as_supervisor
from tests.payments.till import ALIPAY, WECHAT
from tests.reconcile.shop import Shop, shop

Line = tuple[str, str, str, int]
"""Channel, order number, refund number ("" for a payment), fen; negative: given back."""


def home(counter: Shop) -> Shop:
    """Whatever is said is read and put away."""
    for _ in range(6):
        if counter.screen == "Idle":
            return counter
        counter.keys("OK")
    raise AssertionError(counter.text())


def give_back(counter: Shop, trace: int, chosen: tuple[tuple[int, int], ...] = ()) -> str:
    """So much of a sale, by a supervisor; the number of its refund at the channel."""
    found = original.by_number(counter.ledger, counter.ledger.terminal, 1, trace)
    assert found is not None
    supervised(counter, RefundGoods(found, chosen or found.everything(), "买错"))
    (number,) = open_reservations(counter.ledger)
    supervised(counter, UseReservation(number))
    return counter.journal("refund_sent")[-1].refund_no


def supervised(counter: Shop, command: Command) -> None:
    """A supervisor's command, all that it causes, and half a minute more."""
    cashier, counter.terminal._effects = counter.terminal.session, []
    assert as_supervisor(counter).terminal.do(command) is None
    counter.terminal.session = cashier
    for effect in tuple(counter.terminal._effects):
        counter._answer(effect)
    counter.pass_time(30_000)


def a_day(counter: Shop) -> None:
    home(counter.basket().pay(WECHAT))  # 1: 7.00
    home(counter.basket(1).pay(ALIPAY))  # 2: 3.50
    counter.basket().keys("OK * 2 0 0").scan(WECHAT).keys("OK").scan(ALIPAY)  # 3: 2.00 and 5.00
    home(counter)
    counter.script(Step("lost"), Step("silent", "query", times=0))
    counter.basket().pay(WECHAT).keys("F2")  # 4: taken, unknown here, and reversed
    counter.pass_time(60_000)
    home(counter.script().keys("CANCEL F2 OK"))
    counter.script(Step("late", after_ms=4_000))
    counter.basket(3).pay(ALIPAY).keys("F1")  # 5: 10.50, the customer pays when nobody looks
    counter.pass_time(20_000)
    home(counter.script())
    counter.script(Step("refuse"))
    home(counter.basket().pay(WECHAT).keys("OK CANCEL F2 OK"))  # 6: no money, given up
    counter.script()
    give_back(counter, 1, ((0, 1_000),))  # one of two colas: 3.50
    counter.script(Step("refuse", "refund"))
    number = give_back(counter, 2)  # the merchant's balance is low, and then it is not
    assert refund_parts.part(counter.ledger, number).code == 5017
    again(counter.script(), number)


def again(counter: Shop, number: str) -> None:
    """再退: the same number, and this time the channel pays."""
    supervised(counter, RetryRefund(number))
    assert refund_parts.part(counter.ledger, number).state == "refunded"


def by_the_statements(counter: Shop) -> tuple[set[Line], set[str]]:
    """Their lines but for what was taken and given back by a reversal, whose orders are told apart."""
    day = day_of(counter.wall_ms)
    with counter.books.begin() as books:
        wechat, alipay = entries(books, "wechat", day), entries(books, "alipay", day)
    lines: list[Line] = []
    rows, summary = reader.wechat(wechat_bill(wechat))
    revoked = {row["商户订单号"] for row in rows if row["交易状态"] == "REVOKED"}
    for row in rows:
        back = row["交易状态"] != "SUCCESS"
        fen = fen_of(row["申请退款金额"]) if back else fen_of(row["订单金额"])
        lines.append(("wechat", row["商户订单号"], row["商户退款单号"] if back else "", -fen if back else fen))
    assert sum(line[3] for line in lines) == fen_of(summary["订单总金额"]) - fen_of(summary["申请退款总金额"])
    details, _, _ = reader.alipay(alipay_bill(alipay, day))
    lines += [("alipay", row["商户订单号"], row["退款批次号/请求号"], fen_of(row["订单金额（元）"])) for row in details]
    assert len(set(lines)) == len(lines), "a line stands once"
    for number in revoked:
        assert sum(line[3] for line in lines if line[1] == number) == 0
    return {line for line in lines if line[1] not in revoked}, revoked


def fen_of(yuan: str) -> int:
    return int(Decimal(yuan) * 100)


def by_the_backend(counter: Shop) -> tuple[set[Line], set[str]]:
    with counter.store.begin() as books:
        payments, refunds = books.money.all_payments(), books.money.all_refunds()
    lines = {(each.channel, each.order_no, "", each.paid_fen) for each in payments if each.state == "paid"}
    lines |= {
        (each.channel, each.order_no, each.refund_no, -each.amount_fen) for each in refunds if each.state == "refunded"
    }
    return lines, {each.order_no for each in payments if each.state == "reversed"}


def by_the_journal(counter: Shop) -> tuple[set[Line], set[str]]:
    lines: set[Line] = set()
    for sale in counter.journal("sale"):
        lines |= {(part.channel, part.order_no, "", part.paid_fen) for part in sale.tenders if part.kind == "code"}
    done = {fact.refund_no for fact in counter.journal("refund_heard") if fact.state == "refunded"}
    for fact in counter.journal("refund_sent"):
        if fact.refund_no in done:
            lines.add((fact.channel, fact.order_no, fact.refund_no, -fact.amount_fen))
    return lines, {fact.order_no for fact in counter.journal("payment_heard") if fact.state == "reversed"}


def test_three_books_of_one_day_agree_line_by_line(tmp_path) -> None:
    counter = shop(tmp_path)
    a_day(counter)
    lines, revoked = by_the_statements(counter)
    assert by_the_journal(counter) == (lines, revoked)
    assert by_the_backend(counter) == (lines, revoked)
    assert len(revoked) == 1, "taken, and given back by the reversal"
    wanted = [("alipay", -350), ("alipay", 350), ("alipay", 500), ("alipay", 1050)]
    wanted += [("wechat", -350), ("wechat", 200), ("wechat", 700)]
    assert sorted((channel, fen) for channel, _, _, fen in lines) == sorted(wanted)
    assert day_of(counter.wall_ms) == date(2026, 11, 22)
    counter.ledger.commit()
    assert counter.ledger.differences() == []
