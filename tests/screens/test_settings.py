"""What the shop set is what the cashier meets: every setting of the terminal's own behaviour, by keys and time."""

import msgspec
import pytest

from firmware.events import (
    Acked,
    DrawerSeen,
    EpochAnswered,
    Key,
    KeyHeld,
    KeyPressed,
    LinkUp,
    Scanned,
    Sound,
    ToneName,
)  # fmt: skip
from rules.settings import Settings, defaults
from tests.counter import COLA, Counter
from wire.facts import Sale, ShiftOpened, SignedOff, Trouble
from wire.records import Ack


def having(**sections: dict) -> Settings:
    """The factory's settings with single values changed: `having(terminal={"result_s": 3})`."""
    base = defaults()
    parts = {name: msgspec.structs.replace(getattr(base, name), **values) for name, values in sections.items()}
    return msgspec.structs.replace(base, **parts)


@pytest.fixture(params=["zh", "en"])
def lang(request):
    return request.param


@pytest.fixture
def till(tmp_path, lang):
    """A terminal open for business with given settings, in both languages."""

    def made(**sections: dict) -> Counter:
        terminal = {"lang": lang, **sections.pop("terminal", {})}
        return Counter(tmp_path, having(terminal=terminal, **sections)).open_for_business()

    return made


def tones(counter: Counter) -> list[ToneName]:
    return [effect.tone for effect in counter.out if isinstance(effect, Sound)]


def facts(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


# --- terminal ---------------------------------------------------------------------------------------------------------


def test_an_idle_terminal_signs_off_and_keeps_the_basket(till):
    counter = till(terminal={"idle_lock_min": 1}).scan(COLA)
    counter.pass_time(59_000)
    assert counter.screen == "BasketScreen"
    counter.keys("UP").pass_time(59_000)
    assert counter.screen == "BasketScreen", "a key starts the minute anew"
    counter.pass_time(2_000)
    assert counter.screen == "Wizard"
    assert facts(counter, SignedOff)[-1].reason == "idle"
    counter.sign_on()
    assert counter.screen == "BasketScreen"
    assert "3.50" in counter.text()


def test_nobody_signed_on_is_not_signed_off(tmp_path):
    counter = Counter(tmp_path, having(terminal={"idle_lock_min": 1})).boot().keys("0")
    counter.pass_time(10 * 60_000)
    assert facts(counter, SignedOff) == []


@pytest.mark.parametrize("click", [True, False])
def test_keys_click_where_the_shop_wants_it(till, click):
    counter = till(terminal={"key_click": click})
    counter.out.clear()
    counter.keys("1 2")
    assert tones(counter) == [ToneName.CLICK] * (2 if click else 0)


@pytest.mark.parametrize(("result_s", "after"), [(0, "Sold"), (3, "Idle")])
def test_the_result_leaves_by_itself_only_where_the_shop_wants_it(till, result_s, after):
    counter = till(terminal={"result_s": result_s}).keys("5 0 0 OK OK")
    counter.pass_time(2_500)
    assert counter.screen == "Sold"
    counter.pass_time(1_000)
    assert counter.screen == after


# --- sale -------------------------------------------------------------------------------------------------------------


def test_where_amounts_are_not_taken_digits_find_goods(till):
    counter = till(sale={"amount_lines": False})
    assert {"zh": "请扫码或按货号", "en": "Scan, or type a number"}[counter.terminal.lang] in counter.text()
    counter.keys("5 5 5 5")
    assert counter.screen == "Search"
    counter.keys("OK OK OK 5")
    assert counter.screen == "Idle", "after a sale too"


def test_a_typed_amount_carries_its_tax_rate(till):
    counter = till(sale={"amount_line_rate_bp": 600}).keys("5 0 0 OK OK")
    assert facts(counter, Sale)[0].lines[0].tax_bp == 600


@pytest.mark.parametrize(("kind", "opens"), [("line", True), ("printer", True), ("none", False)])
def test_a_shop_without_a_drawer_hears_nothing_of_one(till, kind, opens):
    counter = till(drawer={"kind": kind}).keys("5 0 0 OK OK")
    assert bool(counter.pulses()) == opens
    assert counter.screen == "Sold"


@pytest.mark.parametrize(("setting", "keys", "slips"), [
    ("always", "OK", 1), ("never", "OK", 0), ("ask", "OK OK", 1), ("ask", "OK F2", 0),
])  # fmt: skip
def test_a_slip_is_printed_as_the_shop_says(till, setting, keys, slips):
    counter = till(printer={"print_slip": setting}).keys("5 0 0 OK").keys(keys)
    assert counter.screen == "Sold"
    assert len(counter.printed()) == slips
    assert len(facts(counter, Sale)) == 1


def test_asking_for_a_slip_can_be_left_again(till):
    counter = till(printer={"print_slip": "ask"}).keys("5 0 0 OK OK CANCEL")
    assert counter.screen == "Cash"
    counter.keys("2 0 0 0 0 OK OK OK")
    assert counter.screen == "Sold", "over the guard against typing errors, then asked, then sold"


# --- shift ------------------------------------------------------------------------------------------------------------


def opening(tmp_path, lang="zh", **shift) -> Counter:
    """Before the shift, with the PIN changed."""
    counter = Counter(tmp_path, having(terminal={"lang": lang}, shift=shift))
    return counter.boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")


def test_the_float_is_counted_by_denomination(tmp_path, lang):
    counter = opening(tmp_path, lang, float_ask="count")
    assert counter.screen == "CountFloat"
    counter.keys("1 OK 2 OK OK 3 OK")  # 1 x 100, 2 x 50, none of 20, 3 x 10
    assert "230.00" in counter.text()
    counter.keys("OK OK OK 5 OK OK OK OK")  # 5 x 0.10, none of the three small coins
    opened = facts(counter, ShiftOpened)[0]
    assert opened.float_fen == 23_050
    assert opened.counted == {"10000": 1, "5000": 2, "1000": 3, "10": 5}
    assert counter.screen == "Idle"


def test_a_count_is_done_early_and_taken_back(tmp_path, lang):
    counter = opening(tmp_path, lang, float_ask="count").keys("9 OK 1 CANCEL CLEAR 2 F1")
    assert facts(counter, ShiftOpened)[0].float_fen == 25_000


def test_the_float_is_typed_as_a_sum(tmp_path, lang):
    counter = opening(tmp_path, lang, float_ask="sum").keys("2 0 0 0 0 OK")
    assert facts(counter, ShiftOpened)[0].float_fen == 20_000


def test_no_float_is_asked(tmp_path, lang):
    counter = opening(tmp_path, lang, float_ask="no", float_expected_fen=30_000)
    assert "300.00" in counter.text()
    counter.keys("OK")
    assert facts(counter, ShiftOpened)[0].float_fen == 30_000


def test_a_float_that_is_not_the_expected_one_is_asked_about(tmp_path, lang):
    counter = opening(tmp_path, lang, float_expected_fen=30_000).keys("2 0 0 0 0 OK")
    assert counter.screen == "FloatDiffers"
    assert "-100.00" in counter.text()
    counter.keys("CANCEL 3 0 0 0 0 OK")
    assert facts(counter, ShiftOpened)[0].float_fen == 30_000


def test_a_wrong_float_can_be_opened_with(tmp_path, lang):
    counter = opening(tmp_path, lang, float_expected_fen=30_000).keys("2 0 0 0 0 OK OK")
    assert facts(counter, ShiftOpened)[0].float_fen == 20_000


def test_a_float_above_the_limit_is_refused(tmp_path, lang):
    counter = opening(tmp_path, lang, float_max_fen=50_000).keys("5 0 0 0 1 OK")
    assert "[6007]" in counter.text()
    assert "500.00" in counter.text()
    counter.keys("OK 5 0 0 0 0 OK")
    assert counter.screen == "Idle"


def test_a_night_shop_opens_on_yesterdays_date(tmp_path, lang):
    counter = Counter(tmp_path, having(terminal={"lang": lang}, shift={"day_cut_hour": 4}))
    counter.day_ms += 8 * 3_600_000  # 02:00 in China
    counter.open_for_business()
    assert facts(counter, ShiftOpened)[0].business_date == "2026-11-22"


def test_an_untrusted_clock_asks_the_date_whatever_the_float(tmp_path, lang):
    for ask, screen in (("count", "CountFloat"), ("no", "OpenAtOnce")):
        counter = Counter(tmp_path / ask, having(terminal={"lang": lang}, shift={"float_ask": ask}), clock="floor")
        counter.folder.mkdir()
        counter.boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")
        assert counter.screen == "Wizard"
        counter.keys("OK")
        assert counter.screen == screen
        counter.keys("CANCEL")
        assert counter.screen == "Wizard", "back to the date"
        counter.keys("OK F1 OK")
        assert facts(counter, ShiftOpened)[0].business_date == "2026-11-22"


# --- operators --------------------------------------------------------------------------------------------------------


def test_an_operator_who_left_cannot_sign_on(tmp_path, lang):
    base = having(terminal={"lang": lang})
    gone = tuple(msgspec.structs.replace(o, active=o.number != "02") for o in base.operators)
    counter = Counter(tmp_path, msgspec.structs.replace(base, operators=gone)).boot().keys("0 2 OK 0 0 0 0 OK")
    assert "[2003]" in counter.text()


# --- devices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bounce_ms", "second_ms", "lines"), [(300, 299, 1), (300, 300, 2), (0, 10, 2)])
def test_the_same_code_read_twice_in_one_go_counts_once(till, bounce_ms, second_ms, lines):
    counter = till(scanner={"bounce_ms": bounce_ms})
    counter.out.clear()
    counter.step(Scanned(COLA, "E0", 50_000))
    counter.step(Scanned(COLA, "E0", 50_000 + second_ms))
    assert counter.terminal.session.basket.pieces_milli == lines * 1000
    assert tones(counter) == [ToneName.SCAN] * lines, "a bounce makes no sound"


def test_another_code_is_never_a_bounce(till):
    counter = till()
    counter.step(Scanned(COLA, "E0", 50_000))
    counter.step(Scanned("6901100000119", "E0", 50_050))
    assert len(counter.terminal.session.basket.lines) == 2


def test_a_drawer_left_open_is_said_once_and_heard_until_it_is_closed(till):
    counter = till(drawer={"open_warn_s": 20})
    counter.step(DrawerSeen(False))
    counter.keys("5 0 0 OK OK")
    counter.step(DrawerSeen(True))
    counter.pass_time(19_000)
    assert counter.screen == "Sold"
    counter.pass_time(2_000)
    assert "[8002]" in counter.text()
    assert [fact.code for fact in facts(counter, Trouble)] == [8002]
    counter.keys("OK")
    assert counter.screen == "Sold", "selling is not held up"
    counter.out.clear()
    counter.pass_time(11_000)
    assert tones(counter).count(ToneName.ATTENTION) == 2
    assert len(facts(counter, Trouble)) == 1
    counter.step(DrawerSeen(False))
    counter.out.clear()
    counter.pass_time(60_000)
    assert tones(counter) == []


def test_the_warning_leaves_when_the_drawer_is_closed(till):
    counter = till()
    counter.step(DrawerSeen(False))
    counter.keys("5 0 0 OK OK")
    counter.step(DrawerSeen(True))
    counter.pass_time(61_000)
    assert "[8002]" in counter.text()
    counter.step(DrawerSeen(False))
    assert counter.screen == "Sold"


def test_a_backend_that_stays_silent_counts_as_offline(till):
    counter = till(network={"offline_after_s": 10})
    counter.step(LinkUp())
    assert counter.terminal.shown.status.link == "up"
    counter.pass_time(9_000)
    assert counter.terminal.shown.status.link == "up"
    counter.pass_time(2_000)
    assert counter.terminal.shown.status.link == "down"
    counter.keys("MENU 9 6")
    assert {"zh": "后台无应答", "en": "No answer"}[counter.terminal.lang] in counter.text()
    counter.step(EpochAnswered(counter.ledger.epoch, 1))
    counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))
    assert counter.terminal.shown.status.link == "up"
    counter.pass_time(30_000)
    assert counter.terminal.shown.status.link == "up", "nothing is due, so nobody has to answer"


# --- keys held --------------------------------------------------------------------------------------------------------


def hold(counter: Counter, key: Key) -> Counter:
    counter.step(KeyPressed(key))
    counter.step(KeyHeld(key), 2_000)
    return counter


def test_clear_held_empties_what_is_typed(till):
    counter = hold(till().keys("1 2 3"), Key.CLEAR)
    assert "0.00" in counter.text()
    hold(counter.keys("CANCEL F1 5 5 5"), Key.CLEAR)
    assert counter.terminal.stack[-1].digits == ""
    counter.keys("CANCEL").scan(COLA).keys("1 2 3")
    hold(counter, Key.CLEAR)
    assert counter.terminal.stack[-1].digits == ""


def test_clear_held_on_a_basket_asks_before_it_goes(till):
    counter = hold(till().scan(COLA).scan("6901100000119"), Key.CLEAR)
    assert counter.screen == "Confirm"
    assert len(counter.terminal.session.basket.lines) == 1
    counter.keys("OK")
    assert counter.screen == "Idle"


def test_cancel_held_leads_home_from_anywhere(till):
    counter = till().scan(COLA)
    for keys in ("MENU 9 6", "F1 5 5", "OK 1", "CANCEL", "1 2 3"):
        hold(counter.keys(keys), Key.CANCEL)
        assert counter.screen == "BasketScreen", keys
        if counter.terminal.stack[-1].digits:
            counter.keys("CANCEL")
