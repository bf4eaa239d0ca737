"""Printing a slip again: what the cashier presses, what comes out, and who must allow it."""

from pathlib import Path

import pytest

from firmware.render_text import lines, speak
from firmware.txn.dress import dress
from firmware.txn.reprint import by_time
from firmware.txn.slips import slip_of, stored
from firmware.txn.slips.sheet import Sheet, local
from rules.receipt_token import read_receipt_token
from rules.slip_code import slip_code
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.giving.shop import as_supervisor
from tests.screens.ledgers import having
from wire.facts import Sale, SettingsApplied
from wire.layout import layout, text_of

URL = "https://r.example.cn/r"


def shop(folder: Path, **sections: dict) -> Counter:
    """Open for business; three sales: cola 3.50, apples 5.00, two colas."""
    counter = Counter(folder, having(**sections)).open_for_business()
    counter.scan(COLA).keys("OK F1 OK")
    counter.scan(APPLE_5_YUAN).keys("OK F1 OK")
    counter.scan(COLA).scan(COLA).keys("OK F1 OK")
    counter.out.clear()
    return counter


def paper(counter: Counter) -> list[str]:
    """The last slip given to the printer, as lines."""
    return text_of(layout(counter.printed()[-1].receipt, 32), 32)


def approved(counter: Counter) -> Counter:
    """The supervisor allows what was refused."""
    return counter.keys("F1 0 0 OK 1 2 3 4 5 6 OK")


def test_the_last_slip_comes_again_with_three_keys_marked_at_both_ends(tmp_path):
    counter = shop(tmp_path)
    counter.keys("# 1 OK")
    assert counter.screen == "Idle"
    rows = paper(counter)
    assert (rows[0].strip(), rows[1].strip()[:10]) == ("**补打 第1次", "2026-11-22")
    assert "补打 第1次" in "".join(rows[-2:])
    assert "000001-000003" in "".join(rows)
    assert counter.pulses() == [], "a copy never opens the drawer"
    assert "reprinted" in counter.facts()


def test_a_copy_is_word_for_word_the_first_print(tmp_path):
    counter = Counter(tmp_path, having(slips={"receipt_url": URL})).open_for_business()
    counter.scan(COLA).keys("OK F1 OK")
    counter.keys("# 3 OK")
    first, copy = (each.receipt for each in counter.printed())
    assert first.qr.startswith(URL + "/")
    assert copy.mark
    assert copy == type(first)(
        **{**{name: getattr(first, name) for name in first.__struct_fields__}, "mark": copy.mark}
    )


def test_a_copy_looks_as_the_slip_looked_when_it_was_sold(tmp_path):
    counter = Counter(
        tmp_path, having(shop={"name": "旧名超市", "branch": "", "footer": ("欢迎光临",)})
    ).open_for_business()
    counter.scan(COLA).keys("OK F1 OK")
    new = {"name": "新名超市", "branch": "", "footer": ("谢谢",)}
    now = having(shop=new, slips={"phone": "010-1"}, terminal={"lang": "en"})
    counter.terminal.settings = now
    counter.terminal.append(SettingsApplied(1, "aa", "fleet", dress(now)))
    counter.keys("# 1 OK")
    counter.scan(COLA).keys("OK F1 OK")
    first, copy, next_one = (each.receipt for each in counter.printed())
    assert (first.shop, first.footer, first.phone, first.lang) == ("旧名超市", ("欢迎光临",), "", "zh")
    assert (copy.shop, copy.footer, copy.phone, copy.lang) == ("旧名超市", ("欢迎光临",), "", "zh")
    assert "**补打" in copy.mark
    assert (next_one.shop, next_one.footer, next_one.phone, next_one.lang) == ("新名超市", ("谢谢",), "010-1", "en")


def test_a_second_copy_needs_a_supervisor_and_is_counted_on(tmp_path):
    counter = shop(tmp_path)
    counter.keys("# 1 OK # 5 OK")
    assert "[4011]" in counter.text()
    assert len(counter.printed()) == 1


def test_the_supervisor_may_copy_as_often_as_is_needed(tmp_path):
    counter = shop(tmp_path)
    counter.keys("# 1 OK MENU 9 9")
    counter.keys("0 0 OK 1 2 3 4 5 6 OK 8 4 7 1 9 3 OK 8 4 7 1 9 3 OK")
    counter.keys("# 1 OK # 2 OK")
    assert "**补打 第3次" in paper(counter)[0]


def test_a_slip_of_another_shift_or_person_needs_a_supervisor(tmp_path):
    counter = shop(tmp_path)
    counter.keys("MENU 9 9 0 2 OK 0 0 0 0 OK 4 9 6 1 OK 4 9 6 1 OK")
    counter.keys("# 1 OK")
    assert "[2012]" in counter.text()
    assert counter.printed() == []


def test_nothing_was_sold_yet_and_the_key_is_answered_by_a_low_tone_only(tmp_path):
    counter = Counter(tmp_path).open_for_business().keys("#")
    assert counter.screen == "Idle"


@pytest.mark.parametrize(
    ("way", "typed", "number"),
    [("", "2", "000001-000002"), ("DOWN", "5 0 0", "000001-000002"), ("", "0 0 0 0 0 1 0 0 0 0 0 1", "000001-000001")],
)
def test_a_slip_is_found_by_number_and_amount(tmp_path, way, typed, number):
    counter = shop(tmp_path).keys(f"MENU 4 2 {way} {typed} OK")
    assert counter.screen == "ReprintSlip"
    assert number in counter.text()


def test_a_slip_is_found_by_the_time_of_day(tmp_path):
    counter = shop(tmp_path)
    now = counter.text()
    assert now
    counter.keys("MENU 4 2 DOWN DOWN 2 3 5 9 OK")
    assert counter.screen == "SlipList"
    counter.keys("DOWN OK")
    assert "000001-000002" in counter.text()
    counter.keys("CANCEL CANCEL CLEAR CLEAR CLEAR CLEAR 0 0 0 1 OK")
    assert "[4010]" in counter.text()


def test_slips_between_two_times_are_found(tmp_path):
    """Three sales, an hour apart; a range that ends before it begins began yesterday."""
    counter = Counter(tmp_path).open_for_business()
    for _ in range(3):
        counter.scan(COLA).keys("OK F1 OK")
        counter.ms += 3_600_000
    at = [local(entry.at_ms, "%H%M") for entry in counter.ledger.entries((Sale.KIND,))]
    day = local(counter.day_ms, "%Y-%m-%d")
    found = {
        (since, until): [each.number[-1] for each in by_time(counter.ledger, day, until, since)]
        for since, until in ((at[0], at[1]), (at[1], at[1]), (at[1], "2359"), ("2300", at[0]), ("", at[1]))
    }
    assert list(found.values()) == [["2", "1"], ["2"], ["3", "2"], ["1"], ["2", "1"]], at


def test_a_range_of_times_is_typed_as_two(tmp_path):
    counter = shop(tmp_path)
    now = local(counter.ledger.read("SELECT max(at_ms) FROM journal WHERE kind = 'sale'")[0][0], "%H%M")
    counter.keys("MENU 4 2 DOWN DOWN").keys(" ".join(now * 2))
    assert f"{now[:2]}:{now[2:]}-{now[:2]}:{now[2:]}" in counter.text()
    assert counter.keys("OK").screen in ("SlipList", "ReprintSlip")
    assert "[4010]" in counter.keys("CANCEL" + " CLEAR" * 8 + " 0 1 0 0 0 2 0 0 OK").text()


def test_a_slip_is_found_by_scanning_it_and_another_tills_is_not(tmp_path):
    counter = shop(tmp_path, slips={"receipt_url": URL})
    counter.keys("MENU 4 2").scan(slip_code("00010023", 0, 1, 2))
    assert "000001-000002" in counter.text()
    counter.scan(slip_code("00010024", 0, 1, 2))
    assert "[4010]" in counter.text()


def test_the_newest_slips_are_listed_when_nothing_is_typed(tmp_path):
    counter = shop(tmp_path).keys("MENU 4 2 OK")
    assert counter.screen == "SlipList"
    assert counter.text().index("000001-000003") < counter.text().index("000001-000001")


def test_the_codes_alone_and_the_payment_alone(tmp_path):
    counter = shop(tmp_path, slips={"receipt_url": URL, "reprints_per_slip": 9})
    counter.keys("# * 1 OK")
    merchant = "\n".join(paper(counter))
    assert "收款凭证" in merchant
    assert "(商户存根)" in merchant
    assert "DUPLICATED" in merchant
    assert "品名" not in merchant
    counter.keys("# * * * 1 OK")
    codes = counter.printed()[-1].receipt
    assert codes.qr
    assert codes.barcode
    assert "7.00" not in "\n".join(paper(counter))


def test_a_record_that_does_not_fit_its_hash_is_not_printed(tmp_path):
    counter = shop(tmp_path)
    seq = counter.ledger.read("SELECT max(seq) FROM receipt")[0][0]
    counter.ledger.commit()
    counter.ledger.db.execute(
        "UPDATE journal SET body = CAST(replace(body, '700', '999') AS BLOB) WHERE seq = ?", (seq,)
    )
    counter.keys("# 1 OK")
    assert "[9012]" in counter.text()
    assert counter.printed() == []


def test_the_electronic_copy_leads_to_a_token_only_this_record_makes(tmp_path):
    counter = Counter(tmp_path, having(slips={"receipt_url": URL})).open_for_business()
    counter.scan(COLA).keys("OK F1 F2")
    assert counter.screen == "ElectronicCopy"
    view = counter.terminal.shown
    assert view is not None
    address = lines(view, lambda say: speak("zh", say))[1][0]
    token = read_receipt_token(address.removeprefix(URL + "/"))
    assert token is not None
    assert (token.terminal, token.batch, token.trace, token.amount_fen) == ("00010023", 1, 1, 350)
    counter.pass_time(20_000)
    assert "copy_shown" in counter.facts()


def test_a_refund_has_an_electronic_copy_too(tmp_path):
    counter = as_supervisor(Counter(tmp_path, having(slips={"receipt_url": URL})).open_for_business())
    counter.scan(COLA).keys("OK F1 OK MENU 5 F1 OK OK 1 OK OK")
    counter.keys("OK MENU 4 2 OK OK F2")
    assert counter.screen == "ElectronicCopy"
    view = counter.terminal.shown
    assert view is not None
    token = read_receipt_token(lines(view, lambda say: speak("zh", say))[1][0].removeprefix(URL + "/"))
    assert token is not None
    assert (token.batch, token.trace, token.amount_fen) == (1, 2, 350)
    fact, entry, _ = stored(counter.ledger, counter.ledger.read("SELECT max(seq) FROM slip_made")[0][0])
    slip = slip_of(Sheet("00010023", counter.terminal.settings, counter.ledger), fact, entry)
    assert slip.kind == "void"
    assert read_receipt_token(slip.qr.removeprefix(URL + "/")) == token, "the paper leads to the same page"


def test_no_electronic_copy_is_offered_where_the_shop_has_no_page(tmp_path):
    counter = Counter(tmp_path).open_for_business().scan(COLA).keys("OK F1 F2")
    assert counter.screen == "Idle"


def test_the_archive_lists_copies_and_its_report_counts_them(tmp_path):
    counter = shop(tmp_path)
    assert "还没有" in counter.keys("MENU 4 3").text()
    counter.keys("OK CANCEL CANCEL # 1 OK MENU 4 2 1 OK 4 OK MENU 4 3")
    text = counter.text()
    assert counter.screen == "CopyArchive"
    assert text.index("000001-000001") < text.index("000001-000003")
    assert "卡纸" in text
    counter.keys("F1")
    rows = "\n".join(paper(counter))
    assert "补打记录" in rows
    assert "01 顾客要求" in rows
    assert "01 卡纸" in rows


def test_copies_are_rebuilt_from_the_journal(tmp_path):
    counter = shop(tmp_path).keys("# 1 OK")
    counter.ledger.commit()
    assert counter.ledger.differences() == []
