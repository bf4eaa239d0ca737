"""The first story of the product, by keys and scans alone: what the cashier sees at each point, in both languages."""

import pytest

from firmware.events import Acked, DrawerSeen, LinkDown, LinkUp, Sound, ToneName
from rules.settings import Settings
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.screens.ledgers import having
from wire.facts import Sale, ShiftOpened, SlipContinued
from wire.records import Ack

NOODLES = "6901100000119"


def settings(lang: str) -> Settings:
    return having(terminal={"lang": lang}, shift={"float_ask": "count"})


def facts(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def sees(counter: Counter, screen: str, *words: str) -> None:
    """The cashier is on `screen` and reads all of `words`."""
    assert counter.screen == screen
    for word in words:
        assert word in counter.text(), (word, counter.text())


def acknowledged(counter: Counter) -> None:
    counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", {"sign on": "签到", "new pin": "请修改初始密码", "shift": "开班", "ready": "请扫码或输入金额", "pay": "收款",
                "times": "数量 ×3", "cash": "现金收款", "due": "应收", "sold": "收款成功", "change": "找零",
                "unfinished": "小票可能未打完", "continue": "续打", "backlog": "待上传"}),
        ("en", {"sign on": "Sign on", "new pin": "Change your first PIN", "shift": "Open shift",
                "ready": "Scan, or type an amount", "pay": "Pay", "times": "Qty ×3", "cash": "Cash", "due": "Due",
                "sold": "Paid", "change": "Change", "unfinished": "Slip may be unfinished", "continue": "Continue",
                "backlog": "To send"}),
    ],
    ids=["zh", "en"],
)  # fmt: skip
def test_the_first_story(tmp_path, lang, words):
    counter = Counter(tmp_path, settings(lang)).boot()
    counter.step(DrawerSeen(False))

    # sign on as 01; the factory PIN must be changed, and never shows
    sees(counter, "Wizard", words["sign on"])
    counter.keys("0 1 OK 0 0 0 0")
    sees(counter, "Wizard", "01", "••••")
    assert "0000" not in counter.text()
    counter.keys("OK")
    sees(counter, "Wizard", words["new pin"])
    counter.keys("3 8 5 2 OK 3 8 5 2")
    assert "3852" not in repr(counter.terminal.shown) + repr(counter.terminal.stack), "no PIN in view or stack"
    counter.keys("OK")

    # open the shift with a counted float: 1 x 100, 2 x 50
    sees(counter, "CountFloat", words["shift"], "0.00")
    counter.keys("1 OK 2")
    sees(counter, "CountFloat", "200.00")
    counter.keys("F1")
    assert facts(counter, ShiftOpened)[0].counted == {"10000": 1, "5000": 2}
    sees(counter, "Idle", words["ready"], "000001")

    # three goods: one by weight, one twice
    counter.scan(COLA)
    sees(counter, "BasketScreen", "3.50")
    counter.scan(APPLE_5_YUAN)
    sees(counter, "BasketScreen", "0.391kg × 12.80", "5.00")
    counter.scan(NOODLES).scan(COLA)
    sees(counter, "BasketScreen", "2 × 3.50", "7.00", words["pay"])

    # change a quantity with 3*, delete a line
    counter.keys("3 *")
    sees(counter, "BasketScreen", words["times"])
    counter.keys("OK")
    sees(counter, "BasketScreen", "3 × 3.50", "10.50")
    counter.keys("UP CLEAR")
    assert [line.sku for line in counter.terminal.session.basket.lines] == ["090001", "010001"]
    sees(counter, "BasketScreen", "15.50")

    # cash with a quick key: change, sound, drawer, slip
    counter.keys("OK")
    sees(counter, "Cash", words["cash"], words["due"], "15.50", "20.00", "50.00")
    counter.out.clear()
    counter.keys("DOWN")
    counter.keys("OK")
    sees(counter, "Sold", words["sold"], words["change"], "4.50")
    counter.step(DrawerSeen(True))
    assert Sound(ToneName.SUCCESS) in counter.out
    assert len(counter.pulses()) == len(counter.printed()) == 1
    assert counter.printed()[0].receipt.change_fen == 450
    counter.step(DrawerSeen(False))
    counter.keys("OK")
    sees(counter, "Idle", words["ready"])
    assert "15.50" not in counter.text(), "a cashier counts blind (ADR 14)"

    # the backend acknowledges
    counter.step(LinkUp())
    assert counter.terminal.shown.status.backlog > 0
    counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))
    assert counter.terminal.shown.status.backlog == 0
    assert counter.terminal.shown.status.link == "up"

    # cut the link, sell twice, cut the power in the middle of the second slip
    counter.step(LinkDown(1003))
    counter.keys("5 0 0 OK OK OK")
    counter.prints = ""
    counter.keys("6 0 0 OK OK")
    sees(counter, "Sold", words["sold"])
    assert counter.terminal.shown.status.backlog > 0
    counter.cut()

    # start again: both sales there, the drawer stays shut, the continuation is offered
    counter.prints = "printed"
    counter.boot()
    assert [sale.due_fen for sale in facts(counter, Sale)] == [1550, 500, 600]
    assert counter.pulses() == counter.printed() == []
    sees(counter, "Wizard", words["sign on"])
    counter.sign_on()
    sees(counter, "Unfinished", words["unfinished"], words["continue"], "000001-000003", "6.00", "[9016]")
    counter.keys("F1")
    assert len(counter.printed()) == 1
    assert counter.printed()[0].receipt.mark == {"zh": "**续打**", "en": "**CONTINUED**"}[lang]
    assert len(facts(counter, SlipContinued)) == 1
    assert counter.pulses() == []
    sees(counter, "Idle", words["ready"])

    # link back: everything goes once more, and is acknowledged
    counter.step(LinkUp())
    acknowledged(counter)
    assert counter.terminal.shown.status.backlog == 0
