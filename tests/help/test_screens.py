"""F1 wherever a code stands: the help is laid over, read to its end, and everything beneath is as it was."""

from pathlib import Path

import pytest

from firmware.events import (
    BatterySeen,
    DeviceSeen,
    EpochAnswered,
    LinkDown,
    LinkUp,
    NetworkSeen,
    PrinterSeen,
    TimerFired,
)
from firmware.render import Renderer, find_font
from firmware.render_text import speak
from firmware.screens.base import help_keys
from firmware.screens.stack import DEPTH_MAX
from rules.errors import errors
from rules.help import check
from tests.counter import COLA, Counter
from tests.payments.till import till as money_till


@pytest.fixture
def till(tmp_path: Path) -> Counter:
    return Counter(tmp_path).open_for_business()


def title(counter: Counter) -> str:
    return counter.text().splitlines()[0]


def test_f1_on_a_notice_explains_it_and_cancel_gives_it_back(till):
    till.scan(COLA).scan("6900000000014")
    before = till.terminal.stack
    assert "F1 帮助" in till.text()
    till.keys("F1")
    assert title(till) == "[6001] 没有这个商品"
    assert "原因" in till.text()
    till.keys("CANCEL")
    assert till.terminal.stack == before
    till.keys("0")
    assert till.screen == "Help", "0 means nothing on a notice"
    till.keys("CANCEL OK")
    assert till.screen == "BasketScreen"
    assert len(till.terminal.session.basket.lines) == 1


def test_ok_reads_on_and_leaves_at_the_end(till):
    till.scan("6900000000014").keys("F1")
    pages = 1
    while till.screen == "Help":
        till.keys("OK")
        pages += 1
        assert pages < 10
    assert till.screen == "Refused"
    assert pages > 2


def test_up_and_down_turn_pages_and_stop_at_both_ends(till):
    till.scan("6900000000014").keys("F1")
    first = till.text()
    till.keys("UP")
    assert till.text() == first
    till.keys("DOWN " * 9)
    last = till.text()
    assert last != first
    till.keys("DOWN")
    assert till.text() == last
    till.keys("UP " * 9)
    assert till.text() == first


def test_typed_digits_of_a_wizard_are_still_there(tmp_path):
    """A notice of trouble waits until a number is typed; the one below it is not begun anew by the help."""
    counter = Counter(tmp_path).open_for_business().keys("MENU 9 3 3 8")
    counter.step(DeviceSeen("scanner", False))
    beneath = counter.terminal.stack
    counter.keys("F1")
    assert counter.terminal.stack == beneath, "no code is on this screen"


def test_a_typed_amount_survives_help_over_the_notice_above_it(till):
    till.scan(COLA).keys("OK 1 OK")
    assert till.screen == "Refused"
    stack = till.terminal.stack
    till.keys("F1 DOWN CANCEL")
    assert till.terminal.stack == stack


def test_where_f1_means_something_0_helps(tmp_path):
    counter = money_till(tmp_path).basket().pay().answer("paying")
    assert "F1 放一边" in counter.text() or "F1" in counter.text()
    counter.keys("0")
    assert title(counter) == "[5005] 等待顾客输密码"
    counter.keys("CANCEL")
    assert counter.screen == "CodePayment"


def test_where_both_mean_something_the_star_helps(till):
    till.step(PrinterSeen("paper_out"))
    assert "* 帮助" in till.text()
    till.keys("*")
    assert title(till) == "[4001] 打印机缺纸"
    till.keys("CANCEL F1")
    assert till.screen == "Search", "F1 is still the search"


def test_without_a_code_no_key_is_taken_away(till):
    for key in ("F1", "0", "*"):
        till.keys(key)
        assert till.screen not in ("Help", "HelpChoice")
        till.keys("CANCEL CANCEL")


def test_no_page_of_help_stands_before_a_result(tmp_path):
    """The payment is decided while its help is read: the result is on the screen."""
    counter = money_till(tmp_path).basket().pay().answer("paying").keys("0")
    assert counter.screen == "Help"
    counter.answer("paid")
    assert counter.screen == "Sold"


def test_what_changes_nothing_beneath_leaves_the_help_open(till):
    till.scan("6900000000014").keys("F1")
    till.step(BatterySeen(80, False))
    till.step(LinkDown(1003))
    till.step(PrinterSeen("paper_out"))
    assert till.screen == "Help"


def test_trouble_still_shows_above_the_help(till):
    till.scan("6900000000014").keys("F1")
    till.step(DeviceSeen("scanner", False))
    assert title(till) != "[6001] 没有这个商品"
    assert "[9008]" in till.text()
    till.keys("F1")
    assert title(till) == "[9008] 扫码器未连接"
    till.keys("CANCEL OK")
    assert title(till) == "[6001] 没有这个商品"


def test_the_idle_lock_closes_it(till):
    till.scan("6900000000014").keys("F1")
    till.step(TimerFired("idle"))
    assert till.screen == "Wizard"


def test_a_scan_while_reading_is_rejected_audibly_and_sells_nothing(till):
    till.scan("6900000000014").keys("F1").scan(COLA)
    assert till.screen == "Help"
    assert not till.terminal.session.basket.lines


def test_no_stack_is_too_high_for_it(till):
    till.scan("6900000000014")
    while len(till.terminal.stack) < DEPTH_MAX:
        till.terminal.stack = (*till.terminal.stack, till.terminal.stack[-1])
    till.keys("F1")
    assert till.screen == "Refused"


def test_several_codes_on_a_screen_are_chosen_from(till):
    till.step(LinkUp())
    till.step(EpochAnswered(till.ledger.epoch, 0))
    till.step(NetworkSeen("wifi", 10, ""))
    till.keys("MENU 9 0 F1")
    assert till.screen == "HelpChoice"
    assert "1013" in till.text()
    till.keys("DOWN OK")
    assert title(till) == "[1015] 信号弱"
    till.keys("CANCEL CANCEL")
    assert till.screen == "Network"


def test_every_code_is_found_by_its_number(till):
    till.keys("MENU 9 2")
    for code, row in errors().items():
        till.keys(" ".join(str(code)))
        assert f"> {code}  {row.zh}" in till.text()
        till.keys("OK")
        assert title(till) in (row.line("zh"), f"[{code}]")
        till.keys("CANCEL CLEAR CLEAR CLEAR CLEAR")


def test_digits_narrow_the_list_and_a_wrong_one_is_not_taken(till):
    till.keys("MENU 9 2")
    assert "1 网络与同步" in till.text()
    till.keys("2 0 0")
    assert "2001" in till.text()
    assert "2010" not in till.text()
    before = till.text()
    till.keys("0")
    assert till.text() == before, "there is no 2000"
    till.keys("CLEAR CLEAR CLEAR DOWN DOWN OK")
    assert "3001" in till.text(), "a group is chosen by OK too"
    till.keys("CANCEL")
    assert till.screen == "Menu"


def test_a_fleets_words_are_shown_and_searched(till):
    text = {"title": "新码", "action": "按说明做", "cause": "因为", "steps": ["一步", "两步"]}
    document = {
        "version": 3,
        "contacts": [{"who": "support", "zh": "运维热线 400-800-1234", "en": "Hotline 400-800-1234"}],
        "entries": [
            {"code": 6001, "zh": {"title": "没建档", "action": "叫店长"}, "call": ["support"]},
            {"code": 9990, "zh": text, "en": text, "call": ["support"]},
        ],
    }
    found = check(document)
    assert not isinstance(found, list)
    till.terminal.help = found
    till.scan("6900000000014")
    assert "[6001] 没建档" in till.text()
    assert "叫店长" in till.text()
    till.keys("F1 DOWN DOWN DOWN")
    assert "400-800-1234" in till.text()
    till.keys("CANCEL OK MENU 9 2 9 9 9 OK")
    assert title(till) == "[9990] 新码"


def test_help_keys_are_never_a_key_that_does_something(till):
    ctx = till.terminal.context()
    top = till.terminal.stack[-1]
    assert help_keys(top, ctx) == ("*",)


def test_a_fleets_longest_words_are_drawn_whole(till):
    renderer = Renderer(find_font(), speak)
    text = {"title": "长" * 26, "action": "做" * 18, "cause": "因" * 320, "steps": ["步" * 200] * 5}
    english = {**text, "title": "W" * 40, "cause": "W" * 320, "steps": ["word " * 40] * 5}
    found = check({"entries": [{"code": 9990, "zh": text, "en": english, "call": ["support", "platform"]}]})
    assert not isinstance(found, list)
    till.terminal.help = found
    for lang in ("zh", "en"):
        till.keys("CANCEL CANCEL CANCEL MENU 9 2 9 9 9 OK")
        while till.screen == "Help":
            assert renderer.overflow(till.terminal.shown) == []
            till.keys("OK")
        till.keys("CANCEL 5")
        assert till.terminal.lang != lang
