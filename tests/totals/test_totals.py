"""Totals of a batch: what each kind of fact adds, and which totals a settlement names as different."""

import random

from rules import totals
from wire.facts import Fact, NoSale, Origin, Refund, RefundLine, RefundTurned, Sale, TenderPart
from wire.totals import batch_of, part_of, totals_of


def sale(due_fen: int, *tenders: TenderPart, rounding_fen: int = 0) -> Sale:
    total_fen = due_fen + rounding_fen
    return Sale(1, 1, "01", "2026-11-22", (), total_fen, rounding_fen, due_fen, tenders, 0)


def refund(way: str, total_fen: int, *tenders: TenderPart) -> Refund:
    origin = Origin("00010023", 1, 1, 1, 1, 0)
    lines = (RefundLine(0, "1", "x", 1000, total_fen),)
    return Refund(way, 1, 2, "01", "2026-11-22", origin, lines, total_fen, tenders, "customer", 0)  # type: ignore[arg-type]


def test_a_mixed_day_adds_up() -> None:
    facts: list[Fact] = [
        sale(1050, TenderPart("cash", 2000, 950), rounding_fen=3),
        sale(3000, TenderPart("code", 2000, channel="wechat"), TenderPart("cash", 1000)),
        sale(500, TenderPart("card", 500)),
        refund("refund", 700, TenderPart("code", 500, channel="wechat"), TenderPart("cash", 200)),
        refund("void", 500, TenderPart("card", 500)),
        RefundTurned("r", 500, 1, 3, "01", "50"),
        NoSale(1, "01", "change"),
    ]
    assert totals_of(facts) == {
        "sales": 3, "sales_fen": 4550, "refunds": 1, "refunds_fen": 700, "voids": 1, "voids_fen": 500,
        "rounding_fen": 3, "cash_fen": 1050 + 1000 - 200 - 500,
        "back_card": 1, "back_card_fen": 500, "back_wechat": 1, "back_wechat_fen": 500,
        "paid_card": 1, "paid_card_fen": 500, "paid_wechat": 1, "paid_wechat_fen": 2000,
    }  # fmt: skip
    assert [batch_of(fact) for fact in facts] == [1, 1, 1, 1, 1, 1, None]


def test_an_empty_batch_has_all_base_totals_at_nought() -> None:
    assert totals_of([]) == dict.fromkeys(totals.BASE, 0)


def test_the_order_of_facts_and_the_way_they_are_added_does_not_matter() -> None:
    rng = random.Random(7)
    channels = ("wechat", "alipay", "unionpay")
    facts: list[Fact] = []
    for _ in range(60):
        fen = rng.randint(1, 9_999)
        facts.append(sale(fen, TenderPart("code", fen, channel=rng.choice(channels))))
        facts.append(refund("refund", fen, TenderPart("cash", fen)))
    whole = totals_of(facts)
    rng.shuffle(facts)
    assert totals_of(facts) == whole == totals.summed([totals_of(facts[:50]), totals_of(facts[50:])])
    assert sum(whole[totals.paid(each)[1]] for each in channels) == whole["sales_fen"]


def test_money_in_is_money_by_means() -> None:
    fact = sale(3000, TenderPart("code", 2000, channel="wechat"), TenderPart("cash", 2000, 1000))
    part = part_of(fact)
    assert part["sales_fen"] == part["cash_fen"] + part["paid_wechat_fen"]


def test_a_settlement_names_what_differs() -> None:
    ours = {"sales": 3, "sales_fen": 100, "paid_wechat": 1, "paid_wechat_fen": 5}
    assert totals.differing(ours, ours | {"voids": 0}) == ()
    assert totals.differing(ours, {"sales": 2, "sales_fen": 100}) == ("sales", "paid_wechat", "paid_wechat_fen")
