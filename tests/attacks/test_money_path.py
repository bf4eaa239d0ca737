"""Attacks on the money path that once went through: hostile codes, odd orders of events, absurd sizes."""

from pathlib import Path

import msgspec

from firmware.events import (
    Acked,
    Key,
    KeyHeld,
    LinkDown,
    LinkUp,
    PacketRefused,
    PinChecked,
    Printed,
    PrinterSeen,
    ScanRejected,
    Send,
)
from firmware.txn.ledger import load_products
from firmware.txn.product import price_list
from rules.catalogue import Product, demo_goods
from rules.settings import defaults
from tests.counter import APPLE_5_YUAN, COLA, Counter
from wire.facts import BasketKept
from wire.records import Ack


def goods(number: int, name: str = "名", **more: object) -> Product:
    plain = dict(  # noqa: C408
        sku=f"{number:06d}",
        name=name,
        name_en="",
        short_name="",
        barcodes=(f"SHOP{number:06d}",),
        plu="",
        pinyin="",
        category="",
        unit="个",
        price_fen=350,
        rate_bp=1300,
        weighable=False,
        age_limit=0,
    )
    return msgspec.convert(plain | more, Product)


def sell_own(counter: Counter, products: list[Product]) -> None:
    listed = price_list(products)
    if counter.ledger.pending:
        counter.ledger.commit()
    load_products(counter.ledger, listed.products, listed.codes)


def test_a_digital_link_with_an_odd_identifier_is_no_crash(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.scan("https://id.gs1.org/01/06901234567892/310x/000500")
    assert counter.screen in ("Refused", "BasketScreen")


def test_a_refusal_over_the_pin_wait_leaves_a_way_out(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.keys("MENU 9 9")
    counter._answer = lambda effect: []  # type: ignore[method-assign]  # the worker is still hashing
    counter.keys("0 1 OK 3 8 5 2 OK")
    assert counter.screen == "Wait"
    awaited = counter.terminal.awaited
    counter.step(ScanRejected("too_long"))
    assert counter.screen == "Refused"
    counter.step(PinChecked(awaited, True))
    counter.keys("OK " + "CANCEL " * 10)
    counter.step(KeyHeld(Key.CANCEL))
    counter.pass_time(3_600_000)
    assert counter.screen != "Wait", "nothing leads away from here but pulling the plug"


def test_two_hundred_lines_of_demo_goods_can_be_sold(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    codes = [each.barcodes[0] for each in demo_goods() if each.barcodes][:200]
    for code in codes:
        counter.scan(code)
    counter.pass_time(10_000)
    assert len(counter.terminal.session.basket.lines) == 200
    counter.keys("OK F1")
    assert counter.screen == "Sold"


def test_lines_of_long_names_are_bounded_by_what_a_record_can_carry(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    sell_own(counter, [goods(number, "字" * 60) for number in range(1, 201)])
    for number in range(1, 201):
        counter.scan(f"SHOP{number:06d}")
    assert "[6007]" in counter.text()
    assert 100 <= len(counter.terminal.session.basket.lines) < 200  # what one record can carry
    counter.keys("OK").pass_time(10_000)
    counter.keys("OK F1")
    assert counter.screen == "Sold"


def test_blanks_around_a_scale_code_do_not_fill_the_record(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    for _ in range(7):
        counter.scan("\x00" * 1000 + APPLE_5_YUAN)
    counter.pass_time(10_000)
    assert all(len(line.barcode) <= 20 for line in counter.terminal.session.basket.lines)


def test_an_amount_typed_after_a_sale_and_cancelled_leads_home(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.scan(COLA).keys("OK F1")
    assert counter.screen == "Sold"
    counter.keys("5" + " CANCEL" * 10)
    assert counter.screen == "Idle"


def test_a_restored_backend_gets_again_what_it_asks_for(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    for _ in range(5):
        counter.scan(COLA).keys("OK F1 OK")
    counter.pass_time(15_000)
    counter.step(LinkUp())
    epoch, durable = counter.ledger.epoch, counter.ledger.durable_seq
    counter.step(Acked(Ack(epoch, durable)))
    counter.out.clear()
    counter.step(LinkDown(1003))
    counter.step(LinkUp())
    counter.step(Acked(Ack(epoch, 4, wanted=((5, durable),))))  # restored from an old copy
    counter.pass_time(60_000)
    sent = {record.seq for effect in counter.out if isinstance(effect, Send) for record in effect.packet.records}
    assert set(range(5, durable + 1)) <= sent


def test_a_refusing_broker_does_not_fill_the_journal(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.pass_time(15_000)
    before = len(counter.facts())
    counter.step(LinkUp())
    told = 0
    for _ in range(120):  # ten minutes
        counter.pass_time(5_000)
        sends = [effect for effect in counter.out if isinstance(effect, Send)]
        counter.out.clear()
        for send in sends:
            records = send.packet.records
            counter.step(PacketRefused(records[0].seq, records[-1].seq, 0x87))
            told += 1
    grown = len(counter.facts()) - before
    assert grown < 50, f"{grown} records in ten minutes without one key pressed"


def test_wrong_acknowledgements_do_not_fill_the_journal(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    before = len(counter.facts())
    for _ in range(500):
        counter.step(Acked(Ack(1, 5)), after_ms=1)
    assert len(counter.facts()) - before < 100


def test_a_slip_that_fails_again_and_again_is_not_printed_for_ever(tmp_path: Path) -> None:
    """A printer that does not answer while it prints: silent -> unknown, well again -> the slip once more."""
    counter = Counter(tmp_path, prints="").open_for_business()
    counter.scan(COLA).keys("OK F1")
    done = 0
    while done < 40:
        jobs = counter.printed()[done:]
        if not jobs:
            break
        done += 1
        counter.step(PrinterSeen("offline"))
        counter.step(Printed(jobs[0].job, "unknown", 4005))
        counter.step(PrinterSeen("ok"))
    assert done < 10, f"{done} slips for one sale, nobody touched a key"


def test_every_slip_owed_is_printed_after_paper_in(tmp_path: Path) -> None:
    """The driver holds two jobs and one in hand (firmware/drivers/printer/driver.py JOBS_MAX) and refuses more."""
    counter = Counter(tmp_path, prints="").open_for_business()
    counter.step(PrinterSeen("paper_out"))
    for _ in range(8):
        counter.scan(COLA).keys("OK F1")
        counter.step(Printed(counter.printed()[-1].job, "not_printed", 4001))
        counter.keys("OK")
    counter.out.clear()
    counter.step(PrinterSeen("ok"))
    given = counter.printed()
    for job in given[3:]:
        counter.step(Printed(job.job, "not_printed", 4014))
    for job in given[:3]:
        counter.step(Printed(job.job, "printed"))
    for _ in range(20):  # whatever comes now is printed at once
        for job in counter.printed()[len(given) :]:
            counter.step(Printed(job.job, "printed"))
        counter.pass_time(5_000)
    left = counter.ledger.read("SELECT COUNT(*) FROM print_job")[0][0]
    assert left == 0, f"{left} slips wait for somebody's keys though the printer is well"


def test_paper_in_after_a_long_day_is_one_commit_not_hundreds(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="").open_for_business()
    counter.step(PrinterSeen("paper_out"))
    for _ in range(60):
        counter.scan(COLA).keys("OK F1")
        counter.step(Printed(counter.printed()[-1].job, "not_printed", 4001))
        counter.keys("OK")
    before = counter.ledger.syncs
    counter.step(PrinterSeen("ok"))
    assert counter.ledger.syncs - before <= 4, f"{counter.ledger.syncs - before} fsyncs in one step"


def test_no_printer_owes_no_slip(tmp_path: Path) -> None:
    counter = Counter(tmp_path, prints="not_printed").open_for_business()
    counter.step(PrinterSeen("none"))
    for _ in range(3):
        counter.scan(COLA).keys("OK F1 OK")
    assert counter.ledger.read("SELECT COUNT(*) FROM print_job")[0][0] == 0


def test_a_drawer_that_was_not_pulsed_is_said(tmp_path: Path) -> None:
    counter = Counter(tmp_path, drawer="too_soon").open_for_business()
    counter.scan(COLA).keys("OK F1")
    assert "[80" in counter.text(), counter.text()


def test_three_times_a_scale_label_is_three_or_refused(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.scan(COLA).keys("3 *").scan(APPLE_5_YUAN)
    apples = [line for line in counter.terminal.session.basket.lines if line.weighed]
    assert counter.screen == "Refused" or sum(line.amount_fen for line in apples) == 1500


def test_a_carton_is_not_sold_for_the_price_of_a_piece(tmp_path: Path) -> None:
    from rules.barcodes import with_check

    counter = Counter(tmp_path).open_for_business()
    counter.scan(with_check("1" + COLA[:12]))
    assert counter.screen == "Refused" or counter.terminal.session.basket.pieces_milli > 1000


def test_net_weight_of_a_gs1_code_counts(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    sell_own(counter, [goods(1, "牛肉", barcodes=(COLA,), plu="10001", unit="kg", price_fen=10000, weighable=True)])
    counter.scan("01" + "0" + COLA + "3103000250", "e0")
    lines = counter.terminal.session.basket.lines
    assert counter.screen == "Refused" or lines[0].amount_fen == 2500, lines


def test_a_weighed_good_with_a_plain_code_is_not_one_kilogram(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    sell_own(counter, [goods(1, "牛肉", barcodes=(COLA,), plu="10001", unit="kg", price_fen=10000, weighable=True)])
    counter.scan(COLA)
    assert not counter.terminal.session.basket.lines, "one kilogram nobody weighed"


def test_printed_amounts_survive_joining(tmp_path: Path) -> None:
    from rules.barcodes import with_check

    counter = Counter(tmp_path).open_for_business()
    sell_own(counter, [goods(1, "包子", barcodes=(), plu="10001", price_fen=3000)])
    for _ in range(2):
        counter.scan(with_check("20" + "10001" + "01010"))  # 10.10 on each label
    assert counter.terminal.session.basket.total_fen == 2020


def test_no_line_without_weight() -> None:
    from rules.scale_codes import ScaleReading, settle_weighing

    settled = settle_weighing(ScaleReading("10001", 1, 0, "18"), 998)
    assert isinstance(settled, int), settled


def test_a_hundred_yuan_note_is_taken_under_a_low_limit(tmp_path: Path) -> None:
    settings = defaults()
    settings = msgspec.structs.replace(settings, sale=msgspec.structs.replace(settings.sale, amount_max_fen=3_000))
    counter = Counter(tmp_path, settings).open_for_business()
    counter.scan(COLA).keys("OK 1 0 0 0 0 OK")
    assert counter.screen in ("Sold", "Overpaid"), counter.text()


def test_a_far_date_is_refused(tmp_path: Path) -> None:
    counter = Counter(tmp_path, clock="floor").boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")
    counter.keys("CLEAR " * 8 + "9 9 9 9 1 2 3 1 OK OK")
    assert counter.screen == "Refused", counter.text()


def test_the_clock_losing_trust_while_the_float_is_typed(tmp_path: Path) -> None:
    from firmware.events import ClockSeen

    counter = Counter(tmp_path).boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")
    counter.clock = "floor"
    counter.step(ClockSeen("floor", -5000))
    assert "[9011]" in counter.text()
    counter.keys("OK 2 0 0 0 0 OK")
    assert counter.screen == "Idle", counter.text()


def test_a_journal_page_beyond_all_bounds_is_empty(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    assert counter.terminal.records(10**20, 10) == ()


def test_a_digit_held_on_the_weight_screen_loses_nothing(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.keys("F1 0 9 0 0 0 1 OK 8")
    assert counter.screen == "Weight"
    counter.step(KeyHeld(Key.D8))
    assert counter.screen == "Weight"


def test_a_kept_basket_survives_pruning(tmp_path: Path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.ledger.db.execute("UPDATE shift SET open = 0")
    from firmware.txn.ledger import Stamp
    from wire.facts import Line, SignedOff

    ledger = counter.ledger
    for _ in range(300):
        ledger.append((SignedOff("01", "asked"),), Stamp(1, "trusted"))
    ledger.append((BasketKept("01", (Line("1", "x", 1000, 5, 5),)),), Stamp(1, "trusted"))
    for _ in range(300):
        ledger.append((SignedOff("01", "asked"),), Stamp(1, "trusted"))
    ledger.commit()
    ledger.note_acked(ledger.durable_seq)
    gone = ledger.prune(2**60)
    assert gone
    assert "kept_basket" not in ledger.differences()
