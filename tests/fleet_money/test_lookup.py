"""Sales found across terminals, reservations that keep count, and totals of a batch from booked records."""

import itertools
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from fleet import lookup, money, sql_engine
from fleet.core import Arrived, Core, Message, SendAnswer
from fleet.sql import SqlStore
from fleet.sql_tables import tables
from fleet.store import StoreTrouble
from rules.orders import refund_no
from tests.fleet_money.world import KEY, NOW, ORDER
from tests.journals import Journal
from tests.stores import Store, each_store, new_store, postgres_free, postgres_server  # noqa: F401
from wire.channels import money_channel
from wire.facts import Dress, Fact, Line, Origin, Refund, RefundLine, Sale, SettingsApplied, ShiftOpened, TenderPart
from wire.messages import Answer, AnswerReserve, AnswerSale, AnswerTotals, AskReserve, AskSale, AskTotals, MoneyAsk
from wire.totals import totals_of

pytestmark = pytest.mark.usefixtures("each_store")


HOME, OTHER, THIRD = "00010023", "00010024", "00010025"
LINES = (Line("1", "Cola", 2000, 300, 600), Line("2", "Milk", 1000, 450, 450))


def sale(trace: int = 45, batch: int = 1) -> Sale:
    tenders = (TenderPart("code", 1050, channel="wechat", order_no=ORDER, channel_no="4200001"),)
    return Sale(batch, trace, "01", "2026-11-22", LINES, 1050, 0, 1050, tenders, 0)


def refund(quantities: dict[int, int], fen: int, reserve_no: str = "", seq: int = 1, trace: int = 46) -> Refund:
    lines = tuple(RefundLine(index, "1", "x", milli, fen) for index, milli in quantities.items())
    origin = Origin(HOME, 1, seq, 1, 45, 0)
    cash = (TenderPart("cash", fen),)
    return Refund(
        "refund", 1, trace, "01", "2026-11-22", origin, lines, fen, cash, "x", 0, reserve_no=reserve_no
    )  # fmt: skip


class Shop:
    """Terminals with journals, and the backend they send them to."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or new_store()
        self.core = Core(self.store, KEY.sign)
        self.journals = {each: Journal(each, born=False) for each in (HOME, OTHER, THIRD)}
        self._sent = dict.fromkeys(self.journals, 0)

    def book(self, *facts: Fact, terminal: str = HOME) -> "Shop":
        journal = self.journals[terminal]
        for fact in facts:
            journal.add(fact)
        for packet in journal.packets():
            self.core.step(Arrived(NOW, (Message(terminal, "rec", packet),)))
        return self

    def ask(self, ask: MoneyAsk, terminal: str = OTHER) -> Answer:
        message = Message(terminal, money_channel(ask).rest, msgspec.json.encode(ask))
        (effect,) = self.core.step(Arrived(NOW, (message,)))
        assert isinstance(effect, SendAnswer)
        assert effect.terminal == terminal
        return effect.answer

    def found(self, key: str = "000001-000045") -> AnswerSale:
        answer = self.ask(AskSale(key))
        assert isinstance(answer, AnswerSale)
        return answer

    def reserve(
        self, index: int, quantities: dict[str, int], fen: int, terminal: str = OTHER, seq: int = 1
    ) -> tuple[bool, int]:
        answer = self.ask(AskReserve(refund_no(ORDER, index), HOME, 1, seq, quantities, fen), terminal)
        assert isinstance(answer, AnswerReserve)
        return answer.granted, answer.code


@pytest.mark.parametrize("key", ["000001-000045", f"{HOME}-000001-000045", ORDER, "4200001", " 4200001 "])
def test_a_sale_is_found_by_each_of_its_numbers(key: str) -> None:
    answer = Shop().book(sale()).found(key)
    assert (answer.key, answer.code, answer.terminal, answer.epoch, answer.seq) == (key, 0, HOME, 1, 1)
    assert answer.sale == sale()
    assert (answer.given_back, answer.given_back_fen) == ({}, 0)


def test_nothing_is_found() -> None:
    assert Shop().book(sale()).found("000001-000046") == AnswerSale("000001-000046", 6009)


def test_of_two_receipts_with_one_number_the_newest_is_found_and_each_by_its_terminal() -> None:
    shop = Shop().book(sale())
    shop.journals[THIRD].fill(5)
    shop.book(sale(), terminal=THIRD)
    assert shop.found().terminal == THIRD
    assert shop.found(f"{HOME}-000001-000045").terminal == HOME


def test_what_was_given_back_is_counted_from_every_terminal() -> None:
    shop = Shop().book(sale()).book(refund({0: 1000}, 300), terminal=OTHER)
    shop.book(refund({0: 500, 1: 1000}, 300, trace=47))
    answer = shop.found()
    assert (answer.given_back, answer.given_back_fen) == ({"0": 1500, "1": 1000}, 600)


def test_a_reservation_counts_at_once_and_the_refund_it_becomes_counts_once() -> None:
    shop = Shop().book(sale())
    assert shop.reserve(1, {"0": 1000}, 300) == (True, 0)
    assert shop.found().given_back == {"0": 1000}
    shop.book(refund({0: 1000}, 300, reserve_no=refund_no(ORDER, 1)), terminal=OTHER)
    assert (shop.found().given_back, shop.found().given_back_fen) == ({"0": 1000}, 300)


def test_asked_again_it_is_answered_alike_and_counted_once() -> None:
    shop = Shop().book(sale())
    assert [shop.reserve(1, {"0": 2000}, 600) for _ in range(3)] == [(True, 0)] * 3
    assert shop.found().given_back == {"0": 2000}


@pytest.mark.parametrize(
    ("quantities", "fen", "code"),
    [({"0": 2001}, 1, 6014), ({"7": 1}, 1, 6014), ({"x": 1}, 1, 6014), ({"0": 0}, 1, 6014), ({"0": 1}, 1051, 5015)],
)
def test_more_than_was_sold_is_refused(quantities: dict[str, int], fen: int, code: int) -> None:
    shop = Shop().book(sale())
    assert shop.reserve(1, quantities, fen) == (False, code)
    assert shop.found().given_back == {}


def test_a_sale_that_has_not_come_yet_may_be_asked_for_again() -> None:
    shop = Shop()
    assert shop.reserve(1, {"0": 1000}, 300) == (False, 6009)
    shop.book(sale())
    assert shop.reserve(1, {"0": 1000}, 300) == (True, 0)


def test_two_terminals_cannot_give_back_the_same_goods() -> None:
    for first, second in itertools.permutations((OTHER, THIRD)):
        shop = Shop().book(sale())
        assert shop.reserve(1, {"0": 2000}, 600, first) == (True, 0)
        assert shop.reserve(2, {"0": 2000}, 600, second) == (False, 6014)
        assert shop.reserve(1, {"0": 2000}, 600, second) == (False, 6008), "the number is the other's"
        assert shop.reserve(3, {"1": 1000}, 450, second) == (True, 0), "the rest is free"


def mixed() -> Sale:
    """10.50: 6.00 by card, the rest in cash."""
    tenders = (TenderPart("card", 600, reference="1" * 12, last4="8888"), TenderPart("cash", 500, 50))
    return Sale(1, 45, "01", "2026-11-22", LINES, 1050, 0, 1050, tenders, 0)


def test_two_terminals_cannot_give_the_same_money_back_by_the_same_means() -> None:
    """Both found the whole sale and want their line by card."""
    shop = Shop().book(mixed())
    first = AskReserve("a" * 24, HOME, 1, 1, {"1": 1000}, 450, {"card8888": 450})
    second = AskReserve("b" * 24, HOME, 1, 1, {"0": 2000}, 600, {"card8888": 600})
    assert shop.ask(first) == AnswerReserve("a" * 24, True)
    assert shop.ask(second, THIRD) == AnswerReserve("b" * 24, False, 5015)
    assert shop.found().given_tenders == {"card8888": 450}
    again = AskReserve("c" * 24, HOME, 1, 1, {"0": 2000}, 600, {"card8888": 150, "cash": 450})
    assert shop.ask(again, THIRD) == AnswerReserve("c" * 24, True)
    assert shop.found().given_tenders == {"card8888": 600, "cash": 450}


def test_what_was_booked_by_a_means_counts_too() -> None:
    shop = Shop().book(mixed()).book(refund({1: 1000}, 450), terminal=THIRD)
    assert shop.found().given_tenders == {"cash": 450}
    asked = AskReserve("a" * 24, HOME, 1, 1, {"0": 2000}, 600, {"cash": 600})
    assert shop.ask(asked) == AnswerReserve("a" * 24, False, 5015)


@pytest.mark.parametrize("tenders", [{"card8888": 600}, {"card8888": -1, "cash": 451}, {"other": 450}])
def test_means_that_do_not_fit_the_sale_are_refused(tenders: dict[str, int]) -> None:
    shop = Shop().book(mixed())
    asked = AskReserve("a" * 24, HOME, 1, 1, {"1": 1000}, 450, tenders)
    assert shop.ask(asked) == AnswerReserve("a" * 24, False, 5015)


def test_goods_given_up_are_free_again_and_the_number_is_closed() -> None:
    shop = Shop().book(sale())
    shop.reserve(1, {"0": 2000}, 600)
    assert shop.reserve(1, {}, 600) == (False, 0)
    assert shop.found().given_back == {}
    assert shop.reserve(1, {"0": 2000}, 600) == (False, 6008)
    assert shop.reserve(2, {"0": 2000}, 600, THIRD) == (True, 0)


def test_a_release_that_overtakes_its_reservation_wins() -> None:
    shop = Shop().book(sale())
    assert shop.reserve(1, {}, 600) == (False, 0)
    assert shop.reserve(1, {"0": 2000}, 600) == (False, 6008)


# --- totals -----------------------------------------------------------------


def test_totals_are_those_of_the_booked_records_of_the_batch_up_to_a_seq() -> None:
    facts: list[Fact] = [sale(45), sale(46), refund({0: 1000}, 300), sale(47, batch=2), sale(48)]
    shop = Shop().book(*facts)
    answer = shop.ask(AskTotals(1, 1, 4), HOME)
    assert answer == AnswerTotals(1, 1, 4, True, totals_of(facts[:3]))
    assert shop.ask(AskTotals(1, 1, 5), HOME) == AnswerTotals(1, 1, 5, True, totals_of([*facts[:3], facts[4]]))
    assert shop.ask(AskTotals(1, 2, 5), HOME) == AnswerTotals(1, 2, 5, True, totals_of([facts[3]]))


def test_missing_records_are_said() -> None:
    shop = Shop()
    journal = shop.journals[HOME]
    for trace in (45, 46, 47):
        journal.add(sale(trace))
    first, _, last = journal.packets(1)
    for packet in (first, last):
        shop.core.step(Arrived(NOW, (Message(HOME, "rec", packet),)))
    assert shop.ask(AskTotals(1, 1, 3), HOME) == AnswerTotals(1, 1, 3, False, totals_of([sale(), sale()]))
    assert shop.ask(AskTotals(9, 1, 3), HOME) == AnswerTotals(9, 1, 3, False, totals_of([]))


def test_a_slip_is_dressed_as_was_said_last_before_it_in_its_own_journal() -> None:
    shop = Shop().book(SettingsApplied(9, "cc", "fleet", Dress("another terminal's")), terminal=OTHER)
    shop.book(ShiftOpened(1, "01", "2026-11-22", 0, {}, dress=Dress("at opening")), sale(45))
    shop.book(
        SettingsApplied(1, "aa", "fleet", Dress("changed")), sale(46), SettingsApplied(2, "bb", "fleet"), sale(47)
    )
    with shop.store.begin() as books:
        rows = [books.money.record(HOME, 1, seq) for seq in (2, 4, 6)]
        looks = [lookup.dress_of(books.money, row, fact) for row in rows if row and (fact := lookup.slip_fact(row))]
    assert [each and each.shop for each in looks] == ["at opening", "changed", "changed"]


def test_an_ask_that_comes_with_its_records_sees_them() -> None:
    shop = Shop()
    shop.journals[HOME].add(sale())
    ask = Message(HOME, "ask/totals", msgspec.json.encode(AskTotals(1, 1, 1)))
    (packet,) = shop.journals[HOME].packets()
    effects = shop.core.step(Arrived(NOW, (ask, Message(HOME, "rec", packet))))
    (answer,) = [effect.answer for effect in effects if isinstance(effect, SendAnswer)]
    assert answer == AnswerTotals(1, 1, 1, True, totals_of([sale()]))


# --- a store of the release before -----------------------------------------------------------------

_OLD = ("records", "conflicts", "quarantine", "terminals", "epochs")


def _make_old(path: Path) -> None:
    """Take everything that version 2 added out of a store."""
    engine = sql_engine.open_engine(path, read_only=False)
    with engine.begin() as connection:
        for name in tables.tables.keys() - set(_OLD):
            connection.execute(sa.text(f"DROP TABLE {name}"))
        connection.exec_driver_sql("PRAGMA user_version = 1")
    engine.dispose()


def test_a_store_of_version_1_is_taken_over_with_its_sales(tmp_path: Path) -> None:
    path = tmp_path / "fleet.db"
    shop = Shop(SqlStore(path)).book(sale(), *(sale(trace) for trace in range(100, 700)))
    shop.book(refund({0: 1000}, 300), terminal=OTHER)
    with shop.store.begin() as books:
        before = books.records_after(HOME, 1, 0, 1_000)
    shop.store.close()
    _make_old(path)
    with pytest.raises(StoreTrouble, match="schema version 1"):
        SqlStore(path, read_only=True)
    again = Shop(SqlStore(path))
    assert again.found().given_back == {"0": 1000}
    answer = again.ask(AskTotals(1, 1, 601), HOME)
    assert isinstance(answer, AnswerTotals)
    assert (answer.whole, answer.totals["sales"]) == (True, 601)
    with again.store.begin() as books:
        assert books.records_after(HOME, 1, 0, 1_000) == before
    again.store.close()
    SqlStore(path, read_only=True).close()


@pytest.mark.parametrize("version", [2, 3])
def test_an_older_store_keeps_its_refunds_and_reservations(tmp_path: Path, version: int) -> None:
    path = tmp_path / "fleet.db"
    store = SqlStore(path)
    row = money.Refund("R" * 32, "O" * 32, HOME, "wechat", 500, "", "failed", 5017)
    kept = money.Reservation("R1", OTHER, HOME, 1, 1, b'{"0":1000}', 300, "granted")
    with store.begin() as books:
        books.money.put_refund(row)
        books.money.put_reservation(kept)
    store.close()
    engine = sql_engine.open_engine(path, read_only=False)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reservations DROP COLUMN tenders")
        if version == 2:
            connection.exec_driver_sql("ALTER TABLE refunds DROP COLUMN asked")
        connection.exec_driver_sql(f"PRAGMA user_version = {version}")
    engine.dispose()
    store = SqlStore(path)
    with store.begin() as books:
        assert books.money.refund("R" * 32) == row
        assert books.money.reservation("R1") == kept
    store.close()
