"""Expected cash and every figure of a shift: the same fact by fact, from scratch, and by plain arithmetic."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.txn import closing, till
from firmware.txn.books import Entry
from firmware.txn.ledger import Replayed
from tests.counter import COLA, Counter
from wire.facts import (
    BasketCancelled,
    CashMoved,
    DrawerMoved,
    Fact,
    Line,
    NoSale,
    Origin,
    Reduction,
    Refund,
    RefundTurned,
    Reprinted,
    Sale,
    ShiftClosed,
    ShiftOpened,
    TenderPart,
    Trouble,
)


def project(books: Replayed, entry: Entry) -> None:
    """This subject's tables alone."""
    if apply := closing.SUBJECT.apply.get(type(entry.fact)):
        apply(books, entry.fact, entry)


DATE = "2026-11-22"
LINE = Line("1", "x", 1000, 900, 900)
AMOUNT = st.integers(1, 100_000)


def sale(batch: int, cash: int, code: int, off: int, rounding: int) -> Sale:
    tenders = tuple(
        part
        for part in (TenderPart("cash", cash + 50, 50), TenderPart("code", code, channel="wechat", fee_fen=code // 100))
        if part.paid_fen > part.change_fen
    )
    reductions = (Reduction("line_discount", off, 0),) if off else ()
    due = cash + code
    return Sale(
        batch,
        1,
        "01",
        DATE,
        (LINE,),
        due + off + rounding,
        rounding,
        due,
        tenders,
        1,
        reductions=reductions,
        late=not cash,
    )


def facts_of(batch: int) -> st.SearchStrategy[Fact]:
    """One thing that happens in a shift."""
    origin = Origin("00010023", 1, 1, batch, 1, 0)
    part = st.sampled_from(["cash", "code"])
    return st.one_of(
        st.builds(sale, st.just(batch), AMOUNT, st.integers(0, 5_000), st.integers(0, 900), st.integers(0, 9)),
        st.builds(sale, st.just(batch), st.just(0), AMOUNT, st.just(0), st.just(0)),
        st.builds(
            lambda way, kind, fen: Refund(
                way,
                batch,
                1,
                "01",
                DATE,
                origin,
                (),
                fen,
                (TenderPart(kind, fen, channel="wechat" if kind == "code" else ""),),
                "",
                1,
            ),
            st.sampled_from(["void", "refund"]),
            part,
            AMOUNT,
        ),
        st.builds(lambda fen: RefundTurned("r" * 32, fen, batch, 1, "01", "00"), AMOUNT),
        st.builds(
            lambda way, fen, why: CashMoved(batch, 1, way, fen, why, "01"),
            st.sampled_from(["in", "out"]),
            AMOUNT,
            st.sampled_from(["change", "deposit"]),
        ),
        st.just(NoSale(batch, "01", "x")),
        st.just(DrawerMoved(True, forced=True)),
        st.just(Reprinted(1, 1, "customer", "01")),
        st.just(Trouble(4001)),
        st.just(BasketCancelled("01", batch, (LINE,), 900)),
    )


SHIFTS = st.lists(
    st.tuples(st.integers(0, 50_000), st.integers(0, 3).flatmap(lambda n: st.lists(facts_of(0), max_size=12))),
    max_size=4,
)


def in_batch(fact: Fact, batch: int) -> Fact:
    import msgspec

    return msgspec.structs.replace(fact, batch=batch) if hasattr(fact, "batch") else fact


def cash_by_hand(float_fen: int, facts: list[Fact]) -> int:
    """Another way to the same number, written down once more."""
    cash = float_fen
    for fact in facts:
        match fact:
            case Sale(tenders=tenders):
                cash += sum(part.paid_fen - part.change_fen for part in tenders if part.kind == "cash")
            case Refund(tenders=tenders):
                cash -= sum(part.paid_fen for part in tenders if part.kind == "cash")
            case RefundTurned(amount_fen=fen):
                cash -= fen
            case CashMoved(way=way, amount_fen=fen):
                cash += fen if way == "in" else -fen
    return cash


@settings(max_examples=60, deadline=None)
@given(SHIFTS)
def test_running_figures_are_those_from_scratch_and_the_cash_is_right(shifts):
    books, seq, grand = Replayed.empty(), 0, 0

    def put(fact: Fact) -> None:
        nonlocal seq
        seq += 1
        project(books, Entry(seq, 0, fact))

    for batch, (float_fen, drawn) in enumerate(shifts, 1):
        facts = [in_batch(fact, batch) for fact in drawn]
        opened = ShiftOpened(batch, "01", DATE, float_fen, {})
        put(opened)
        first = seq
        for fact in facts:
            put(fact)
        scratch = till.folded([opened, *facts])
        running = closing.running(books)
        assert {k: v for k, v in running.items() if v} == {k: v for k, v in scratch.items() if v}
        assert till.expected_cash(running) == cash_by_hand(float_fen, facts)
        grand += till.net_sales(scratch)
        assert closing.grand_total_fen(books) == grand
        expected = till.expected_cash(running)
        put(ShiftClosed(batch, "01", DATE, first, {}, expected, expected, 0, running))
        assert closing.running(books) == {}
        assert closing.grand_total_fen(books) == grand
        assert closing.closings(books)[0].ours == till.settled_names(scratch)
    if shifts:
        day = closing.open_day(books)
        assert day is not None
        assert till.net_sales(day.figures) == grand
        assert day.batches == tuple(range(1, len(shifts) + 1))


def test_a_late_sale_of_an_earlier_batch_settles_with_that_batch_and_lies_in_the_running_shift():
    books = Replayed.empty()
    late = sale(1, 0, 700, 0, 0)
    facts = (
        ShiftOpened(1, "01", DATE, 0, {}),
        ShiftClosed(1, "01", DATE, 1, {}, 0, 0, 0, {}),
        ShiftOpened(2, "01", DATE, 0, {}),
        late,
        ShiftClosed(2, "01", DATE, 3, {}, 0, 0, 0, {}),
    )
    for seq, fact in enumerate(facts, 1):
        project(books, Entry(seq, 0, fact))
    second, first = closing.closings(books)
    assert first.ours["sales_fen"] == first.ours["paid_wechat_fen"] == 700
    assert second.ours["sales_fen"] == second.ours.get("paid_wechat_fen", 0) == 0
    assert closing.open_day(books).figures["late_fen"] == 700


def test_what_happens_while_no_shift_is_open_counts_for_the_grand_total_at_once():
    books = Replayed.empty()
    project(books, Entry(1, 0, sale(1, 0, 700, 0, 0)))
    assert closing.grand_total_fen(books) == 700
    assert closing.nobodys(books)["late"] == 1
    assert closing.running(books) == {}


def test_a_shift_at_the_counter_has_its_figures(tmp_path):
    counter = Counter(tmp_path).open_for_business().scan(COLA).keys("OK OK")
    counter.keys("OK").scan(COLA).keys("CLEAR")
    figures = closing.running(counter.ledger)
    assert figures["sales"] == figures["cash_sales"] == figures["drawer_sale"] == 1
    assert figures["removed"] == 1
    assert till.expected_cash(figures) == 20_000 + figures["sales_fen"]
    assert counter.ledger.differences() == []
