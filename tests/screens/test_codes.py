"""Every code this terminal can show is reached by keys or by what devices do, and read on the screen with its action."""

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.events import (
    BatterySeen,
    ClockSeen,
    Connect,
    DeviceSeen,
    DiskSeen,
    DrawerSeen,
    EpochAnswered,
    Idle,
    KeyTrouble,
    LinkDown,
    LinkUp,
    OrderCame,
    PacketRefused,
    Printed,
    PrinterSeen,
)  # fmt: skip
from firmware.render import Renderer, find_font
from firmware.render_text import lines, speak
from firmware.screens.slips import _LOOKS
from firmware.screens.widgets import SUPERVISED, Refused
from firmware.txn import handover, sale, slip
from firmware.txn.command import Refusal
from rules.errors import PRECEDENCE, error, errors, first_refusal
from tests.counter import BEER, COLA, TOBACCO, Counter
from tests.screens import codes, from_afar, giving_codes, ledgers, link_codes, money_codes, voucher_codes
from texts import t
from wire.facts import Trouble

RENDERER = Renderer(find_font(), speak)
Way = Callable[[Path], Counter]


def till(folder: Path) -> Counter:
    return Counter(folder).open_for_business()


def keys(names: str, start: Way = till) -> Way:
    return lambda folder: start(folder).keys(names)


def scan(text: str) -> Way:
    return lambda folder: till(folder).scan(text)


def after(*events, start: Way = till) -> Way:
    def way(folder: Path) -> Counter:
        counter = start(folder)
        for event in events:
            counter.step(event)
        return counter

    return way


def new_pin(names: str) -> Way:
    return lambda folder: Counter(folder).boot().keys("0 1 OK 0 0 0 0 OK").keys(names)


def left_open(folder: Path) -> Counter:
    counter = after(DrawerSeen(False), DrawerSeen(True))(folder)
    counter.pass_time(61_000)
    return counter


def pulse_answer(outcome: str) -> Way:
    def way(folder: Path) -> Counter:
        counter = Counter(folder, drawer=outcome).open_for_business()
        return counter.keys("5 0 0 OK OK")

    return way


def broken_record(folder: Path) -> Counter:
    counter = till(folder)
    for _ in range(260):
        counter.keys("MENU 9 5 CANCEL CANCEL")
    counter.ledger.commit()
    counter.ledger.db.execute("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2")
    counter.ledger.close()
    counter.boot()
    while counter.terminal.idle_work and counter.screen != "Refused":
        counter.step(Idle())
    return counter


def damaged_settings(folder: Path) -> Counter:
    return Counter(folder).boot(notices=((9004, "settings.json"),))


def crashed(folder: Path) -> Counter:
    return Counter(folder).boot(notices=((9001, "Printed(...)"),), safe_mode=True)


def at_the_printer(folder: Path) -> Counter:
    """A slip the printer has not answered for."""
    return Counter(folder, prints="").open_for_business().keys("5 0 0 OK OK OK")


def at_the_printer_torn(folder: Path) -> Counter:
    """A slip that came out in part."""
    counter = Counter(folder, prints="unknown").open_for_business().keys("5 0 0 OK OK OK")
    counter.prints = "printed"
    return counter


def by_hours(folder: Path) -> Counter:
    """A shop that closed at noon; the counter's day begins at 18:00."""
    return ledgers.supervised(folder, ledgers.having(drawer_use={"opens_at": "08:00", "closes_at": "12:00"})).keys("OK")


def miscounted(folder: Path, pieces: str) -> Counter:
    """A supervisor, who stands by the count alone, closes with so many notes of a hundred; two would be right."""
    counter = ledgers.supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 8 2")
    return counter.keys(pieces)


def no_badge(look: str) -> Way:
    """A badge is wanted of a printer that cannot print now."""
    return lambda folder: after(PrinterSeen(look))(folder).keys("MENU 9 7 3 8 5 2 OK")


REFUSALS: dict[int, Way] = {
    4001: no_badge("paper_out"),
    4003: no_badge("cover_open"),
    4005: no_badge("offline"),
    4013: no_badge("fault"),
    2001: lambda folder: Counter(folder).boot().scan(COLA),
    2002: lambda folder: Counter(folder).boot().keys("0 1 OK 9 9 9 9 OK"),
    2003: lambda folder: ledgers.strict_shop_of_a_leaver(folder).keys("0 0 0 0 OK"),
    2004: lambda folder: ledgers.locked_operator(folder).keys("0 1 OK 3 8 5 2 OK"),
    2005: lambda folder: ledgers.left_by_an_operator_who_is_gone(folder).keys("OK"),
    2006: lambda folder: ledgers.strict_shop_selling(folder).keys("OK CANCEL CLEAR"),
    2007: lambda folder: ledgers.supervisor_wanted(folder).keys("0 0 OK 9 9 9 9 9 9 OK"),
    2013: lambda folder: ledgers.strict_shop_selling(folder).keys("OK CANCEL CLEAR 0 0 OK 1 2 3 4 5 6 OK"),
    4007: lambda folder: after(BatterySeen(80, False), BatterySeen(4, False), start=at_the_printer_torn)(folder).keys(
        "MENU 4 9 OK"
    ),
    2021: new_pin("1 2 3 4 OK 1 2 3 4 OK"),
    2022: new_pin("3 8 5 2 OK 3 8 5 3 OK"),
    2015: lambda folder: ledgers.supervised(folder).scan(COLA).keys("F2 1 2 0 OK OK"),
    2012: lambda folder: ledgers.taken_over(folder).keys("# 1 OK"),
    4008: ledgers.slip_too_old,
    4010: keys("MENU 4 2 9 9 9 OK"),
    4011: lambda folder: ledgers.copied(folder).keys("# 1 OK"),
    5020: keys("5 0 0 OK 1 OK"),
    6001: scan("6900000000014"),
    6004: scan("6901234567890"),
    6005: scan("2110001000003"),
    6006: lambda folder: till(folder).scan(TOBACCO).keys("OK F2 2 1 0 0 OK OK"),
    6007: lambda folder: till(folder).scan(COLA).keys("9 9 9 9 * OK"),
    6010: lambda folder: till(folder).scan(COLA).keys("F2 6 OK F2 7 OK"),
    6013: scan(BEER),
    6016: scan(f"https://id.gs1.org/01/0{COLA}?17=240101"),
    6018: scan("\x1b[2J"),
    6019: scan(COLA + "6901100000119"),
    8011: lambda folder: at_the_printer(folder).keys("MENU 9 8 OK"),
    8003: lambda folder: ledgers.no_drawer_at_all(folder).keys("4 5"),
    8004: lambda folder: till(folder).keys("MENU 9 1 5"),
    8005: lambda folder: ledgers.drawer_page(folder).keys("4 5"),
    8006: lambda folder: ledgers.coil_rests(folder).keys("4 5"),
    8007: lambda folder: by_hours(folder).keys("MENU 9 1 4 5"),
    1003: lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 3 OK"),
    2014: lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 2"),
    8008: lambda folder: ledgers.supervised(folder).keys("MENU 8 2 9 F1"),
    8009: lambda folder: ledgers.paying_out(folder).keys("1"),
    8010: lambda folder: ledgers.supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 8 4"),
    8012: ledgers.settled_unevenly,
    8013: lambda folder: miscounted(folder, "9 F1"),
    8014: lambda folder: miscounted(folder, "1 F1"),
    9011: lambda folder: ledgers.untrusted_clock(folder).keys("CLEAR CLEAR 9 9 OK OK"),
    **money_codes.REFUSALS,
    9012: lambda folder: ledgers.broken_slip(folder).keys("# 1 OK"),
    **giving_codes.REFUSALS,
    **link_codes.REFUSALS,
    **voucher_codes.REFUSALS,
    2009: from_afar.locked,
    9005: from_afar.update_left,
}


def timed_out(folder: Path) -> Counter:
    """Nobody worked for five minutes: the terminal locked itself."""
    counter = till(folder)
    counter.pass_time(301_000)
    return counter


SAID: dict[int, Way] = {
    2017: timed_out,
}
"""Codes that stand beside what a screen asks or lists, and refuse no command."""


def reserve_in_use(folder: Path) -> Counter:
    counter = till(folder)
    counter.ledger.low_storage = True
    return counter.keys("#")


DEVICES: dict[int, Way] = {
    8001: pulse_answer("did_not_open"),
    8002: left_open,
    8003: pulse_answer("no_drawer"),
    8005: REFUSALS[8005],
    8006: pulse_answer("too_soon"),
    8007: REFUSALS[8007],
    8012: REFUSALS[8012],
    9008: after(DeviceSeen("scanner", False)),
    9009: after(DeviceSeen("keypad", False)),
    9002: reserve_in_use,
    9006: after(BatterySeen(80, False), BatterySeen(12, False)),
    9011: after(ClockSeen("floor", -9_000_000)),
    9012: broken_record,
    9013: after(DiskSeen(1 << 30, True)),
}
STARTS: dict[int, Way] = {9001: crashed, 9004: damaged_settings}
REPORTED = {1006, 1008, 1009, 1010, 1013, 2019}
"""Told to the backend, and shown where somebody looks for them: they hold up nobody
(`test_what_the_link_says_covers_no_screen`)."""


def test_no_code_of_the_source_is_forgotten():
    assert codes.refused_codes() == set(REFUSALS)
    assert codes.device_codes() - money_codes.TOLD - voucher_codes.TOLD - set(STARTS) - set(REFUSALS) == (
        set(DEVICES) | REPORTED
    ) - set(REFUSALS)


def test_a_code_that_is_only_compared_is_shown_by_the_channel_that_says_it():
    assert set(codes.HEARD) <= set(money_codes.CHANNEL)
    assert codes.said_codes().isdisjoint(codes.HEARD), "a refusal with it needs its own way here"
    assert set(codes.HEARD) <= set(codes.business_codes()), "nothing compares it any more"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("code", "way"), sorted((REFUSALS | DEVICES | STARTS | SAID | link_codes.NOTED).items(), key=lambda each: each[0])
)
def test_a_code_is_seen_with_its_action(tmp_path, code, way, lang):
    seen_in(way(tmp_path), lang, code)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["CHANNEL", "OTHERS"])
def test_what_a_channel_says_is_seen_with_its_action(tmp_path, name, lang):
    for code, way in getattr(money_codes, name).items():
        folder = tmp_path / str(code)
        folder.mkdir()
        seen_in(way(folder), lang, code)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["RULES", "PLATFORM"])
def test_what_is_said_of_a_voucher_is_seen_with_its_action(tmp_path, name, lang):
    for code, way in getattr(voucher_codes, name).items():
        folder = tmp_path / str(code)
        folder.mkdir()
        seen_in(way(folder), lang, code)


def test_every_code_of_the_vouchers_has_a_way():
    """Group 3 whole (decisions 30)."""
    assert {*voucher_codes.REFUSALS, *voucher_codes.RULES, *voucher_codes.PLATFORM} >= set(voucher_codes.GROUP)


def seen_in(counter: Counter, lang: str, code: int) -> None:
    """Code, text and action stand on the screen that is drawn, whole."""
    from dataclasses import replace

    top = counter.terminal.stack[-1]
    view = top.view(replace(counter.terminal.context(), lang=lang))
    assert RENDERER.overflow(view) == []
    _, body, _ = lines(view, lambda say: speak(lang, say))
    assert any(error(code).line(lang) in line for line in body), body
    final = isinstance(top, Refused) and not top.trouble and code in SUPERVISED
    action = t("firmware", lang, "refused__final") if final else error(code).action(lang)
    assert action in body, body


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_amount_no_supervisor_may_allow_sends_for_none_and_a_smaller_one_does(tmp_path, lang):
    counter = Counter(tmp_path, ledgers.having(terminal={"lang": lang})).open_for_business()
    final, action = t("firmware", lang, "refused__final"), error(6007).action(lang)
    counter.keys("9 1 2 9 9 9 9 9 9 OK")
    assert counter.screen == "Refused"
    assert "[6007]" in counter.text()
    assert final in counter.text()
    assert action not in counter.text()
    counter.keys("OK CANCEL CANCEL CANCEL CANCEL 5 0 0 1 1 1 1 OK")
    assert counter.screen == "Override", counter.text()
    assert action in counter.text()
    assert final not in counter.text()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("code", sorted(codes.printer_codes() - {4002, 4009}))
def test_a_slip_that_was_not_printed_is_said_beside_the_change_and_when_idle(tmp_path, code, lang):
    counter = till(tmp_path)
    counter.prints = ""
    counter.keys("5 0 0 OK OK")
    counter.step(Printed(counter.printed()[0].job, "unknown" if code == 4012 else "not_printed", code))
    assert counter.screen == "Sold", "the change stays on the screen"
    seen_in(counter, lang, code)
    counter.keys("OK")
    assert counter.screen == "Idle"
    seen_in(counter, lang, code)
    counter.scan(COLA)
    assert counter.screen == "BasketScreen", "and it does not hold up selling"
    counter.keys("MENU")
    assert "4 补打小票 1" in counter.text()
    counter.keys("4")
    assert "9 续打小票 1" in counter.text()
    counter.keys("9")
    assert f"[{code}]" in counter.text()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("look", "code"), _LOOKS.items())
def test_a_printer_in_trouble_is_said_before_the_first_slip_fails(tmp_path, look, code, lang):
    seen_in(after(PrinterSeen(look))(tmp_path), lang, code)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_cut_slip_is_offered_with_its_code(tmp_path, lang):
    counter = ledgers.unfinished_after_a_cut(tmp_path)
    assert counter.screen == "Unfinished"
    assert f"[9016] {error(9016).zh}" in counter.text()
    counter.keys("CANCEL")
    seen_in(counter, lang, 9016)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("code", sorted(codes.link_codes()))
def test_why_there_is_no_link_is_told_to_who_asks(tmp_path, code, lang):
    counter = after(LinkUp(), LinkDown(code))(tmp_path).keys("MENU 9 6")
    seen_in(counter, lang, code)
    counter.step(LinkUp())
    assert f"[{code}]" not in counter.text()


@pytest.mark.parametrize("code", sorted(REPORTED))
def test_what_the_link_says_covers_no_screen(tmp_path, code):
    counter = after(LinkUp())(tmp_path)
    epoch = counter.ledger.epoch
    said = {
        1008: PacketRefused(1, 2, link_codes.TOO_LARGE), 1009: PacketRefused(1, 2, 0x80),
        2019: OrderCame("lock", "{}", False), 1010: PacketRefused(1, 2, link_codes.QUOTA), 1013: EpochAnswered(epoch, 0),
        1006: KeyTrouble("the new certificate was refused"),
    }  # fmt: skip
    counter.step(said[code])
    assert counter.screen == "Idle"
    assert code in [entry.fact.code for entry in counter.ledger.entries() if isinstance(entry.fact, Trouble)]


def test_a_command_without_a_good_signature_is_in_the_event_log_with_what_to_do(tmp_path):
    """It holds up nobody; whoever looks for it finds it, and F1 tells what to do about it (2019)."""
    counter = after(LinkUp(), OrderCame("lock", "{}", False))(tmp_path).keys("MENU 8 6 OK")
    assert error(2019).line("zh") in counter.text()
    assert "lock is not signed" in counter.text()
    assert "告诉管理员" in counter.keys("F1").text()


def test_every_code_of_the_network_has_a_way():
    """Group 1 whole, by what happens outside (decisions 30); 1014 is of the vouchers' synchronisation."""
    assert set(link_codes.REFUSALS | link_codes.NOTED) | codes.link_codes() >= link_codes.GROUP


@pytest.mark.parametrize("screen", ["MENU 9 6", "MENU 9 0"])
def test_ok_connects_at_once_while_there_is_no_link(tmp_path, screen):
    """What the action of 1003 promises."""
    counter = after(LinkUp(), LinkDown(1003))(tmp_path).keys(screen)
    assert "OK 重连" in counter.text()
    counter.out.clear()
    counter.keys("OK")
    assert counter.out.count(Connect()) == 1
    counter.keys("OK")
    assert "[1018]" in counter.text(), "it is being done"
    counter.keys("OK").pass_time(6_000)
    counter.keys("OK")
    assert counter.out.count(Connect()) == 2
    counter.step(LinkUp())
    assert "OK 重连" not in counter.text()


@pytest.mark.parametrize(("code", "number"), [(9002, errno.ENOSPC), (9013, errno.EROFS)])
def test_a_disk_that_takes_nothing_stops_the_sale_and_says_so(tmp_path, code, number, monkeypatch):
    """The ledger's own tests fill a real disk; here the refusal is looked at."""
    counter = till(tmp_path).scan(COLA).keys("OK")
    names = {9002: "SQLITE_FULL", 9013: "SQLITE_READONLY"}
    raised = sqlite3.OperationalError("no")
    raised.sqlite_errorcode, raised.sqlite_errorname = getattr(sqlite3, names[code]), names[code]

    class Broken:
        in_transaction = False

        def __init__(self, db):
            self.db = db

        def execute(self, sql, *args):
            if sql.startswith(("BEGIN", "INSERT")):
                raise raised
            return self.db.execute(sql, *args)

    whole = counter.ledger.db
    counter.ledger.db = Broken(whole)
    counter.keys("OK")
    counter.ledger.db = whole
    assert f"[{code}]" in counter.text()
    assert counter.printed() == counter.pulses() == []
    assert len(counter.terminal.session.basket.lines) == 1, "the basket is still there"


# --- precedence (decisions 23) ----------------------------------------------------------------------------------------


def test_precedence_is_state_right_amount_device():
    assert PRECEDENCE == ("state", "right", "amount", "device")


@pytest.mark.parametrize("first", PRECEDENCE)
def test_the_first_concern_wins_whatever_the_order(first):
    later = PRECEDENCE[PRECEDENCE.index(first) :]
    pick = {concern: max(c for c, e in errors().items() if e.concern == concern) for concern in PRECEDENCE}
    given = [pick[concern] for concern in later]
    assert first_refusal(given) == first_refusal(reversed(given)) == pick[first]
    assert first_refusal([None, *given, None]) == pick[first]


def test_among_equals_the_lower_code_wins_and_none_is_none():
    assert first_refusal([6007, 5020]) == 5020
    assert first_refusal([None, None]) is None


OPEN_BADLY = handover.OpenShift(-1, "2026-11-22")

COMMANDS = {
    "no shift before no right": (sale.TakeCash(-1), {"operator": "99", "role": "admin"}, 2014),
    "no right before the amount": (sale.AddAmount(0, "x"), {"operator": "99", "role": "admin"}, 2005),
    "nobody before the amount": (OPEN_BADLY, {"operator": "", "role": ""}, 2001),
    "open before the right": (OPEN_BADLY, {"operator": "99", "role": "admin"}, 8010),
    "the right before the amount of a float": (OPEN_BADLY, {"operator": "99", "role": "admin"}, 2005),
    "nobody before a slip that is not there": (slip.ContinueSlip(999), {"operator": "", "role": ""}, 2001),
    "a slip that is not there": (slip.DropSlip(999), {"operator": "01", "role": "cashier"}, 4010),
    "a line that is not there": (sale.RemoveLine(7), {"operator": "01", "role": "cashier"}, 6008),
    "an empty basket": (sale.TakeCash(1), {"operator": "01", "role": "cashier"}, 6008),
}  # fmt: skip
OPEN = {"open before the right", "no right before the amount", "a line that is not there", "an empty basket"}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_refuses_by_precedence(tmp_path, case):
    from dataclasses import replace

    command, who, code = COMMANDS[case]
    counter = till(tmp_path) if case in OPEN else ledgers.pin_changed_no_shift(tmp_path)
    ctx = counter.terminal.context()
    refusal = command.decide(replace(ctx, session=replace(ctx.session, **who)))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
