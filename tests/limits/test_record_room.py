"""A basket that may grow may also be settled: however it is rounded and split, its sale is one record."""

import json

import pytest

from firmware.txn import room
from firmware.txn.checkout import TakeCard, TakeRest, at_counter, cash_due, parts
from firmware.txn.collect import SendCode
from tests.attacks.test_money_path import goods, sell_own
from tests.limits.tills import done
from tests.payments.till import WECHAT, Till, till
from wire import facts
from wire.facts import Sale
from wire.records import RECORD_BYTES_MAX


def filled(counter: Till, lines: int) -> Till:
    """Lines of long names and odd prices, as many of these as the terminal takes."""
    sell_own(counter, [goods(n, "字" * 45, price_fen=397 if n % 2 else 399) for n in range(1, lines + 1)])
    for number in range(1, lines + 1):
        if "[6007]" in counter.scan(f"SHOP{number:06d}").text():
            break
    return counter


def brim_full(counter: Till, lines: int = 200) -> Till:
    assert "[6007]" in filled(counter, lines).text()
    counter.keys("OK").pass_time(10_000)
    return counter


def bytes_of(counter: Till) -> int:
    return len(facts.encode(counter.one("sale")))


def test_rounding_to_the_jiao_gives_every_line_a_net_and_still_fits(tmp_path):
    counter = brim_full(till(tmp_path, cash={"rounding": "jiao"}))
    counter.keys("OK F1")
    assert counter.screen == "Sold"
    assert 30_000 * 9 // 10 < bytes_of(counter) <= RECORD_BYTES_MAX


@pytest.mark.parametrize("lines", [40, 100, 200])
def test_as_many_codes_as_there_may_be_and_cash_fit_too(tmp_path, lines):
    counter = till(tmp_path, cash={"rounding": "jiao"})
    brim_full(counter, lines) if lines == 200 else filled(counter, lines)
    bill = '4"\n字' + "2" * 70  # a backend that sends more than it should
    taken = 0
    while (refused := done(counter, SendCode(WECHAT[:-2] + f"{taken:02d}", 101))) is None:
        counter.answer("paid", bill=bill)
        taken += 1
    assert refused.code == 6007
    assert done(counter, TakeCard(101, "1" * 12)).code == 6007
    assert taken == room.TENDER_PARTS_MAX if lines < 200 else taken >= 1
    order = at_counter(counter.ledger)
    assert len(parts(counter.ledger, counter.terminal.settings, order.trace)) == taken
    assert done(counter, TakeRest(cash_due(counter.terminal.context())[0])) is None
    sale = counter.one("sale")
    assert isinstance(sale, Sale)
    assert len(sale.tenders) == taken + 1
    assert bytes_of(counter) <= RECORD_BYTES_MAX


def test_a_refused_part_says_how_many_there_may_be(tmp_path):
    counter = till(tmp_path).basket(9)
    counter.keys("OK")
    for place in range(room.TENDER_PARTS_MAX):
        done(counter, SendCode(WECHAT[:-2] + f"{place:02d}", 1))
        counter.answer("paid", bill=f"42{place}" + "1" * 25).keys("OK")
    before = len(counter.asked)
    counter.scan(WECHAT)
    assert "[6007]" in counter.text()
    assert str(room.TENDER_PARTS_MAX) in counter.text()
    assert len(counter.asked) == before, "money was asked for that no record could hold"


@pytest.mark.parametrize("text", ["4200000000000000000000000012", "a" * 99, '"' * 64, "字" * 64, "\x00\x1f" * 32, ""])
def test_a_channels_number_takes_a_byte_for_each_character(text):
    kept = room.channel_no(text)
    assert len(kept.encode()) <= room.CHANNEL_NO_CHARS_MAX
    assert json.dumps(kept) == f'"{kept}"'
    assert kept == text[: room.CHANNEL_NO_CHARS_MAX] or not (text.isascii() and text.isalnum())
