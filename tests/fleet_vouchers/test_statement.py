"""The fourth statement: a platform's record of redemptions against the backend's and the terminals'."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest

from fleet import china
from fleet.commands.vouchers import difference_row
from fleet.core import Arrived, Message
from fleet.vouchers import statement
from fleet.vouchers.matching import Matched, match
from fleet.vouchers.script import VoucherStep
from fleet.vouchers.sim_books import Redemption
from fleet.vouchers.statement import BadStatement
from rules.errors import errors
from rules.orders import voucher_no_again
from tests.fleet_vouchers.world import CODE, NO, TERMINAL, World, number
from tests.journals import Journal
from texts import LANGS, t
from wire.facts import Fact, Line, Origin, Refund, RefundLine, Sale, TenderPart, VoucherSent, VoucherUse
from wire.vouchers import AskVoucherUndo

CARD = "100300000001"


def matched(world: World, sold: set[str], raw: bytes | None = None, day: date | None = None) -> Matched:
    with world.books.begin() as pages:
        made = statement.written(statement.redemptions_of(pages, "meituan", statement.day_of(world.now)))
    with world.stores[0].begin() as books:
        uses = books.vouchers.all_uses()
    lines = statement.read(raw if raw is not None else made, "meituan")
    return match("meituan", lines, uses, frozenset(sold), world.cores[0]._vouchers.vault.digest, day)


def found(result: Matched) -> list[tuple[int, str]]:
    """Code and kind of each difference; a person sees the code with its text in the list (decisions 30)."""
    for each, lang in itertools.product(result.differences, LANGS):
        assert difference_row(each, lang)[0] == errors()[each.code].line(lang)
    return [(each.code, each.what) for each in result.differences]


def test_a_day_without_differences() -> None:
    world = World()
    world.consumed()
    world.consumed(number(46), CARD, 2)
    world.consumed(number(47), CARD, 3)
    world.consumed(number(48), "100100000002")
    world.ask(AskVoucherUndo(number(48)))
    world.settle()
    result = matched(world, {NO, number(46), number(47)})
    assert result == Matched("meituan", 4, 4, 1, ())


def test_without_record_numbers_a_voucher_is_known_by_its_code() -> None:
    world = World()
    world.consumed()
    raw = "验券时间,团购券码,售价,平台优惠,商家优惠\r\n"
    raw += f"{china.written(world.now)},`{CODE[:4]} {CODE[4:]},¥16.80,２.00,1.20\r\n合计,,16.80\r\n"
    assert found(matched(world, {NO}, raw.encode("gb18030"))) == []


def test_consumed_without_a_sale() -> None:
    world = World()
    world.consumed()
    (difference,) = matched(world, set()).differences
    assert (difference.code, difference.what, difference.request_no) == (8018, "no_sale", NO)
    assert (difference.last4, difference.theirs_fen, difference.ours_fen) == ("0001", 2_000, 2_000)


def a_use(request_no: str = NO) -> VoucherUse:
    return VoucherUse(request_no, "", "meituan", "MT20", "x", "cash", 1, 2_000, (2_000,), "0001", "d")


PAID = (TenderPart("voucher", 2_000, channel="meituan", voucher=a_use()),)
SALE = Sale(1, 45, "01", "2026-11-22", (Line("1", "x", 1_000, 2_000, 2_000),), 2_000, 0, 2_000, PAID, 0)
VOID = Refund(
    "void", 1, 46, "01", "2026-11-22", Origin(TERMINAL, 1, 1, 1, 45, 0), (RefundLine(0, "1", "x", 1_000, 2_000),),
    2_000, PAID, "x", 0,
)  # fmt: skip


def booked(world: World, journal: Journal, *facts: Fact) -> list[tuple[int, str]]:
    """The differences once the terminal has told of these, too."""
    for fact in facts:
        journal.add(fact)
    messages = tuple(Message(TERMINAL, "rec", packet) for packet in journal.packets())
    world.take(Arrived(world.now, messages))
    with world.stores[0].begin() as books:
        sold = books.vouchers.sold(0, 2**53)
    return found(matched(world, set(sold)))


def test_a_voided_sale_whose_voucher_the_platform_keeps_is_no_sale() -> None:
    """What the platform bills for it is named, and not taken for a pair."""
    world, journal = World(), Journal(TERMINAL, born=False)
    world.consumed()
    assert booked(world, journal, SALE) == []
    assert booked(world, journal, VOID) == [(8018, "no_sale")]


def test_one_that_was_verified_again_belongs_to_the_sale_that_holds_it_by_its_first_number() -> None:
    world, journal = World(), Journal(TERMINAL, born=False)
    second = voucher_no_again(NO, 2)
    world.consumed(second)
    assert booked(world, journal, SALE) == [(8018, "no_sale")], "nobody has told of the second try"
    assert booked(world, journal, VoucherSent(1, 45, a_use(second), "00", again=NO)) == []
    assert booked(world, journal, VOID) == [(8018, "no_sale")]


def test_redeemed_at_the_platform_and_unknown_here() -> None:
    world, elsewhere = World(), World()
    elsewhere.consumed(code="100100000009")
    with elsewhere.books.begin() as pages:
        made = statement.written(statement.redemptions_of(pages, "meituan", statement.day_of(elsewhere.now)))
    assert found(matched(world, set(), made)) == [(8017, "unknown_here")]


def test_undone_on_one_side_only() -> None:
    world = World()
    world.consumed()
    world.platforms.undo_in_back_office(NO, world.now)
    assert found(matched(world, {NO})) == [(8020, "undone_there")]


def test_a_sale_whose_voucher_was_never_redeemed_here() -> None:
    """The answer was lost, and nobody has asked yet: redeemed there, open here."""
    world = World()
    ask = world.consuming()
    world.script(VoucherStep("lost"))
    world.ask(ask)
    world.hear()
    assert found(matched(world, {NO})) == [(8020, "open_here")]


def test_redeemed_here_and_not_in_the_file() -> None:
    world = World()
    world.consumed()
    world.consumed(number(46), "100100000002")
    with world.books.begin() as pages:
        rows = statement.redemptions_of(pages, "meituan", statement.day_of(world.now))
    assert found(matched(world, {NO, number(46)}, statement.written(rows[:1]))) == [(8014, "not_there")]


def test_a_file_without_rows_misses_all_of_its_day() -> None:
    world = World()
    world.consumed()
    world.consumed(number(46), "100100000002")
    today = statement.day_of(world.now)
    empty = statement.written([])
    assert found(matched(world, {NO, number(46)}, empty, today)) == [(8014, "not_there")] * 2
    assert found(matched(world, {NO, number(46)}, empty, today - timedelta(days=1))) == []


def test_a_row_that_stands_twice_is_the_files_fault() -> None:
    """A second row of a card's record number takes no other use of the card's code."""
    world = World()
    world.consumed(NO, CARD, 1)
    world.now += 1_000
    world.consumed(number(46), CARD, 1)
    with world.books.begin() as pages:
        rows = statement.redemptions_of(pages, "meituan", statement.day_of(world.now))
    result = matched(world, {NO, number(46)}, statement.written([rows[0], rows[0], rows[1]]))
    assert found(result) == [(8015, "doubled")]
    (difference,) = result.differences
    assert (difference.request_no, difference.line, result.pairs) == (NO, 3, 2)
    raw = b"\r\n".join(statement.written([rows[0]]).split(b"\r\n")[i] for i in (0, 1, 1))
    bare = raw.replace(rows[0].record_no.encode(), b"")
    assert found(matched(world, {NO, number(46)}, bare)) == [], "without numbers both may be ours"
    assert found(matched(World(), set(), bare)) == [(8015, "doubled"), (8017, "unknown_here")]


def rows_of(world: World) -> list[Redemption]:
    with world.books.begin() as pages:
        return statement.redemptions_of(pages, "meituan", statement.day_of(world.now))


def test_vouchers_of_one_order_are_no_rows_that_stand_twice() -> None:
    """The platform tells the order's number instead of one for each."""
    world = World()
    world.consumed()
    world.consumed(number(46), "100100000002")
    rows = [replace(row, record_no="ORDER1") for row in rows_of(world)]
    sold = {NO, number(46)}
    result = matched(world, sold, statement.written(rows).replace("核销流水号".encode(), "订单号".encode()))
    assert (found(result), result.pairs) == ([], 2)
    (difference,) = matched(world, sold, statement.written([rows[0], rows[1], rows[1]])).differences
    assert (difference.what, difference.request_no) == ("doubled", number(46))


def test_uses_of_a_card_under_its_orders_number_are_no_rows_that_stand_twice() -> None:
    world = World()
    world.consumed(NO, CARD, 1)
    world.now += 60_000
    world.consumed(number(46), CARD, 1)
    rows = [replace(row, record_no="ORDER1") for row in rows_of(world)]
    result = matched(world, {NO, number(46)}, statement.written(rows))
    assert (found(result), result.pairs) == ([], 2)
    back = replace(rows[1], state="undone", undone_ms=world.now)
    (difference,) = matched(world, {NO, number(46)}, statement.written([*rows, back])).differences
    assert (difference.what, difference.request_no) == ("undone_there", number(46))


def test_an_orders_number_that_is_known_of_one_voucher_is_not_the_others() -> None:
    world = World()
    world.consumed()
    world.consumed(number(46), "100100000002")
    rows = rows_of(world)
    for order in (rows, rows[::-1]):
        shared = [replace(row, record_no=rows[0].record_no) for row in order]
        assert found(matched(world, {NO, number(46)}, statement.written(shared))) == []


@pytest.mark.parametrize("is_numbered", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_row_that_takes_back_what_another_row_redeemed_is_not_lost(is_numbered: bool, is_first: bool) -> None:
    world = World()
    world.consumed()
    (row,) = rows_of(world)
    row = replace(row, record_no=row.record_no if is_numbered else "")
    rows = [row, replace(row, state="undone", undone_ms=world.now)]
    raw = statement.written(rows[::-1] if is_first else rows)
    assert found(matched(world, {NO}, raw)) == [(8020, "undone_there")]


def test_a_row_that_takes_back_what_was_taken_back_here_is_no_difference() -> None:
    world = World()
    world.consumed()
    (row,) = rows_of(world)
    world.ask(AskVoucherUndo(NO))
    world.settle()
    back = replace(row, state="undone", undone_ms=world.now)
    result = matched(world, set(), statement.written([row, back]))
    assert (found(result), result.pairs, result.back) == ([], 1, 1)
    assert found(matched(world, set(), statement.written([row, row, back]))) == [(8015, "doubled")]


def test_what_was_taken_back_and_redeemed_again_is_redeemed() -> None:
    """Under the order's number both uses of the code have the same one."""
    world = World()
    world.consumed()
    (row,) = rows_of(world)
    back = replace(row, state="undone", used_ms=row.used_ms + 60_000, undone_ms=row.used_ms + 60_000)
    again = replace(row, used_ms=row.used_ms + 120_000)
    assert found(matched(world, {NO}, statement.written([row, back, again]))) == []


def test_amounts_differ() -> None:
    world = World()
    world.consumed()
    with world.books.begin() as pages:
        (row,) = statement.redemptions_of(pages, "meituan", statement.day_of(world.now))
    raw = statement.written([row]).replace(b"16.80", b"16.90")
    assert found(matched(world, {NO}, raw)) == [(8019, "amount")]


def test_the_same_files_give_the_same_differences() -> None:
    world = World()
    world.consumed()
    world.consumed(number(46), "100100000002")
    assert matched(world, set()) == matched(world, set())


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\xfe\x00", b"a,b\r\n1,2\r\n", "券码,验券时间\r\n1,gestern\r\n".encode(),
        "券码,验券时间,张数\r\n1,2026-11-22 10:00:00,-1\r\n".encode(),
        "券码,验券时间,售价\r\n1,2026-11-22 10:00:00,1e9\r\n".encode(),
        "券码,验券时间,售价\r\n1,2026-11-22 10:00:00,-16.80\r\n".encode(),
        "券码,验券时间,状态\r\n1,2026-11-22 10:00:00,随便\r\n".encode(),
        "券码,验券时间,状态\r\n1,2026-11-22 10:00:00,未撤销\r\n".encode(),
        "券码,验券时间,状态\r\n1,2026-11-22 10:00:00,\r\n".encode(),
        "券码,验券时间,售价\r\n,2026-11-22 10:00:00,1\r\n".encode(), "券码,验券时间\r\n1,9999-99-99 10:00:00\r\n".encode(),
    ],
)  # fmt: skip
def test_what_is_no_statement_is_refused_with_words(raw: bytes) -> None:
    with pytest.raises(BadStatement) as bad:
        statement.read(raw, "meituan")
    for lang in LANGS:
        told = t("fleet", lang, f"bad_statement__{bad.value.key}", line=bad.value.line, cell=bad.value.cell)
        assert "2" in told or not bad.value.line, "the row is named"


def test_what_was_given_back_may_have_either_sign() -> None:
    raw = "券码,验券时间,售价,状态\r\n1,2026-11-22 10:00:00,{},已撤销\r\n"
    lines = [statement.read(raw.format(paid).encode(), "meituan") for paid in ("16.80", "-16.80")]
    assert [(line.kind, line.settle_fen) for (line,) in lines] == [("REVERSE", -1_680)] * 2


def test_no_cell_is_taken_for_a_formula() -> None:
    world = World()
    world.consumed()
    with world.books.begin() as pages:
        made = statement.written(pages.redemptions()).decode("utf-8-sig")
    assert all(not cell.startswith(("=", "+", "@")) for line in made.splitlines() for cell in line.split(","))
