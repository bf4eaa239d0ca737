"""Slips somebody asks for when something is the matter: 自检页, 错误单, 对账表."""

from pathlib import Path

import pytest

from firmware.txn.day import PrintReconciliation
from firmware.txn.selftest import PrintSelftest
from tests.counter import Counter
from tests.screens import ledgers
from tests.screens.ledgers import having
from wire.layout import layout, text_of


def printed(counter: Counter, kind: str) -> str:
    """The last slip, which is of this kind, as text."""
    receipt = counter.printed()[-1].receipt
    assert receipt.kind == kind
    return "\n".join(text_of(layout(receipt, 32), 32))


def test_the_printers_page_shows_its_columns_sizes_and_setting(tmp_path: Path) -> None:
    counter = Counter(tmp_path, having(printer={"density": 4, "speed": "slow"})).open_for_business().keys("MENU 4 8")
    words = printed(counter, "selftest")
    for each in ("12345678901234567890123456789012", "【】", "打印 ￥12.34", "4/5", "慢速", "收银员:01"):
        assert each in words, each
    assert counter.screen == "Menu", "it may be printed again at once"
    assert counter.pulses() == []


def test_without_the_right_it_is_neither_shown_nor_printed(tmp_path: Path) -> None:
    rights = {"cashier": {"selftest_print": "no"}}
    counter = Counter(tmp_path, having(rights=rights)).open_for_business().keys("MENU 4")
    assert "打印机自检" not in counter.text()
    counter.out.clear()
    counter.keys("8")
    assert counter.printed() == []
    refused = PrintSelftest().decide(counter.terminal.context())
    assert refused.code == 2005


def test_an_error_of_the_log_is_printed_with_all_there_is_to_know(tmp_path: Path) -> None:
    counter = ledgers.trouble_looked_through(tmp_path).keys("OK")
    assert counter.screen == "EventDetails"
    shown = counter.text()
    words = printed(counter.keys("F2"), "error")
    code = shown[shown.index("[") : shown.index("]") + 1]
    for each in (code, "时间", "次数", "软件版本", "此前", "错误单"):
        assert each in words, each
    assert counter.screen == "EventDetails"


def test_both_sides_of_a_settled_batch_are_printed_name_by_name(tmp_path: Path) -> None:
    counter = ledgers.settled_unevenly(tmp_path).keys("OK MENU 8 3")
    assert "对账表" in counter.text()
    words = printed(counter.keys("F2"), "reconcile")
    assert "对账不平" in words
    rows = [row.strip() for row in words.splitlines()]
    at = next(index for index, row in enumerate(rows) if row.startswith("销售"))
    assert rows[at].endswith("不平")
    assert rows[at + 2].startswith("后台 9"), rows
    assert "渠道对账单详见后台" in words


def test_before_the_verdict_there_is_nothing_to_set_side_by_side(tmp_path: Path) -> None:
    counter = ledgers.shift_handed_over(tmp_path).keys("MENU 8 3")
    counter.out.clear()
    assert "对账表" not in counter.keys("F2").text()
    assert counter.printed() == []
    refused = PrintReconciliation(1).decide(counter.terminal.context())
    assert refused.code == 6008


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_they_are_in_the_shops_language(tmp_path: Path, lang: str) -> None:
    counter = Counter(tmp_path, having(terminal={"lang": lang})).open_for_business().keys("MENU 4 8")
    assert {"zh": "软件版本", "en": "Software"}[lang] in printed(counter, "selftest")
