"""Statements of a mixed day, read back by a reader that shares no code with the writer: every line and every sum."""

from datetime import date
from decimal import Decimal
from random import Random

import pytest

from fleet.acquirer import statement
from fleet.acquirer.books import Ledgers
from fleet.acquirer.port import PayCall, RefundCall, ReverseCall
from fleet.acquirer.script import Step
from fleet.acquirer.simulator import Simulator
from tests.acquirer import reader
from tests.acquirer.test_simulator import NOW, order

DAY = statement.day_of(NOW)


def mixed_day(channel: str) -> Ledgers:
    """Forty payments: some refused, reversed, refunded in parts."""
    rng = Random(5)
    ledgers = Ledgers()
    with ledgers.begin() as books:
        books.add_steps([Step("refuse", amount_fen=1313, times=0), Step("silent", amount_fen=1414, times=0)])
    bank = Simulator(ledgers, rng)
    for number in range(1, 41):
        fen = rng.choice((1313, 1414, 1050, 1, 99_999, 350, 1049))
        moment = NOW + number * 60_000
        bank.plan(PayCall(order(number), channel, fen, "可乐,`薯片`,牛奶", "00010023", "01", "1" * 18), moment)
        if number % 5 == 0:
            bank.plan(ReverseCall(order(number), channel), moment + 20_000)
        if number % 4 == 0 and fen > 10:
            for index in (1, 2):
                bank.plan(
                    RefundCall(f"{order(number)[8:]}R{index:02d}", order(number), channel, fen // 3, "x"),
                    moment + 30_000,
                )
    return ledgers


def money(ledgers: Ledgers) -> tuple[int, int]:
    """What came in and what went back, by the books themselves."""
    with ledgers.begin() as books:
        paid = [trade for trade in books.trades() if trade.paid_ms]
        given = sum(each.amount_fen for each in books.backs() if each.state == "success")
        revoked = sum(trade.amount_fen for trade in paid if trade.revoked_ms)
        return sum(trade.amount_fen for trade in paid), given + revoked


def test_wechat() -> None:
    ledgers = mixed_day("wechat")
    with ledgers.begin() as books:
        entries = statement.entries(books, "wechat", DAY)
    raw = statement.wechat_bill(entries)
    rows, summary = reader.wechat(raw)
    assert len(rows[0]) == 27
    paid, back = (Decimal(fen) / 100 for fen in money(ledgers))
    assert {row["交易状态"] for row in rows} == {"SUCCESS", "REFUND", "REVOKED"}
    assert reader.total(rows, "应结订单金额") == reader.total(rows, "订单金额") == paid
    assert reader.total(rows, "退款金额") == reader.total(rows, "申请退款金额") == back
    sums = ("应结订单总金额", "退款总金额", "手续费总金额", "订单总金额", "申请退款总金额")
    names = ("应结订单金额", "退款金额", "手续费", "订单金额", "申请退款金额")
    assert {name: Decimal(summary[name]) for name in sums} == dict(
        zip(sums, (reader.total(rows, name) for name in names), strict=True)
    )
    assert int(summary["总交易单数"]) == len(rows)
    for row in rows:
        sign = 1 if row["交易状态"] == "SUCCESS" else -1
        amount = Decimal(row["应结订单金额"]) + Decimal(row["退款金额"])
        assert abs(Decimal(row["手续费"]) - sign * amount * Decimal("0.006")) <= Decimal("0.00001")
        assert len(row["手续费"].partition(".")[2]) == 5
        assert row["费率"] == "0.60%"
        assert row["商品名称"] == "可乐,'薯片',牛奶"
        assert (row["商户退款单号"] != "0") == (sign < 0)


def test_alipay() -> None:
    ledgers = mixed_day("alipay")
    with ledgers.begin() as books:
        entries = statement.entries(books, "alipay", DAY)
    rows, summary, comments = reader.alipay(statement.alipay_bill(entries, DAY))
    assert len(rows[0]) == 25
    assert len(summary[0]) == 12
    paid, back = (Decimal(fen) / 100 for fen in money(ledgers))
    pays = [row for row in rows if row["业务类型"] == "交易"]
    backs = [row for row in rows if row["业务类型"] == "退款"]
    assert reader.total(pays, "订单金额（元）") == paid
    assert reader.total(backs, "商家实收（元）") == -back
    assert reader.comment_sums(comments, "交易") == (len(pays), paid)
    assert reader.comment_sums(comments, "退款") == (len(backs), -back)
    whole = summary[-1]
    assert (int(whole["交易订单总笔数"]), int(whole["退款订单总笔数"])) == (len(pays), len(backs))
    assert Decimal(whole["订单金额（元）"]) == reader.total(rows, "订单金额（元）")
    assert Decimal(whole["服务费（元）"]) == reader.total(rows, "服务费（元）")
    assert Decimal(whole["实收净额（元）"]) == paid - back + reader.total(rows, "服务费（元）")
    assert all(Decimal(row["服务费（元）"]) <= 0 for row in pays)
    assert all(row["退款批次号/请求号"] for row in backs)


@pytest.mark.parametrize("channel", statement.STATEMENTS)
def test_a_day_without_trade(channel: str) -> None:
    if channel == "wechat":
        rows, summary = reader.wechat(statement.wechat_bill([]))
        assert rows == []
        assert summary["总交易单数"] == "0"
    else:
        rows, whole, comments = reader.alipay(statement.alipay_bill([], date(2026, 11, 22)))
        assert rows == []
        assert whole[-1]["实收净额（元）"] == "0.00"
        assert reader.comment_sums(comments, "交易") == (0, 0)


def test_a_refund_of_the_next_day_is_on_the_next_days_statement() -> None:
    ledgers = Ledgers()
    bank = Simulator(ledgers, Random(1))
    bank.plan(PayCall(order(), "wechat", 1050, "x", "00010023", "01", "1" * 18), NOW)
    bank.plan(RefundCall(f"{order()[8:]}R01", order(), "wechat", 50, "x"), NOW + 24 * 3_600_000)
    with ledgers.begin() as books:
        first, second = (
            [entry.kind for entry in statement.entries(books, "wechat", statement.day_of(NOW + days * 24 * 3_600_000))]
            for days in (0, 1)
        )
    assert (first, second) == (["pay"], ["refund"])


def test_the_same_books_give_the_same_bytes() -> None:
    made = []
    for _ in range(2):
        with mixed_day("alipay").begin() as books:
            made.append(statement.alipay_bill(statement.entries(books, "alipay", DAY), DAY))
    assert made[0] == made[1]
