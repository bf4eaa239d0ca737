"""How every screen looks, in both languages, with the sums of a real morning: look at the pictures when they change."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.events import (
    Acked,
    BatterySeen,
    DeviceSeen,
    DrawerSeen,
    Key,
    KeyPressed,
    LinkDown,
    LinkUp,
    NameFound,
    NetworkSeen,
    Now,
    Printed,
    PrinterSeen,
)
from firmware.render import Renderer, find_font
from firmware.render_text import speak
from tests import goldens
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.giving import looks
from tests.payments import till as money
from tests.payments.till import Till
from tests.screens import from_afar, ledgers, link_codes, voucher_books, voucher_codes
from tests.screens.codes import ROOT
from wire.board import NetworkKind
from wire.records import Ack

NOODLES, GOODS = "6901100000119", ledgers.codes()
LANGS = ("zh", "en")


def open_till(folder: Path) -> Counter:
    """Open, on line, everything acknowledged, a battery."""
    counter = Counter(folder).open_for_business()
    return online(counter)


def online(counter: Counter) -> Counter:
    counter.step(LinkUp())
    counter.step(BatterySeen(86, False))
    counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))
    return counter


def basket(folder: Path) -> Counter:
    counter = open_till(folder).scan(COLA).scan(COLA).scan(APPLE_5_YUAN)
    for code in GOODS[5:7]:
        counter.scan(code)
    return counter


def cash(folder: Path) -> Counter:
    return basket(folder).keys("OK DOWN")


def sold_unprinted(folder: Path) -> Counter:
    counter = open_till(folder)
    counter.prints, counter.drawer = "", "did_not_open"
    counter.keys("1 2 5 0 OK 5 0 0 0 OK")
    counter.step(Printed(counter.printed()[0].job, "not_printed", 4001))
    return counter


def idle_paper_out(folder: Path) -> Counter:
    counter = sold_unprinted(folder)
    counter.step(PrinterSeen("paper_out"))
    return counter.keys("OK")


def checking(folder: Path) -> Counter:
    """The moment between OK and the worker's answer."""
    counter = Counter(folder).open_for_business().keys("MENU 9 9 0 1 OK 3 8 5 2")
    counter.ms += 100
    counter.terminal.step(KeyPressed(Key.OK), Now(counter.ms, counter.day_ms + counter.ms, counter.clock))
    return counter


def at_settings(folder: Path) -> Counter:
    """The administrator's view of what the shop may change."""
    return ledgers.supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 9 6 F2")


def no_link(folder: Path) -> Counter:
    counter = ledgers.link_down_with_backlog(folder)
    return counter.keys("MENU 9 6")


def online_by(folder: Path, kind: NetworkKind, percent: int | None) -> Counter:
    counter = open_till(folder)
    counter.step(NetworkSeen(kind, percent))
    return counter.keys("MENU 9 0")


def counting(folder: Path) -> Counter:
    return ledgers.strict_shop(folder).keys("1 OK 1 OK 2")


def paying(folder: Path, keys: str = "") -> Till:
    """A customer's code was sent; a battery, everything acknowledged."""
    counter = money.till(folder).scan(COLA).scan(APPLE_5_YUAN)
    counter.step(BatterySeen(86, False))
    return counter.pay().keys(keys)


def querying(folder: Path) -> Till:
    counter = paying(folder).answer("unknown")
    counter.pass_time(12_000)
    return counter


def card_without_reference(folder: Path) -> Till:
    return money.till(folder, tenders={"card_reference_required": False}).basket().keys("OK # OK OK")


def supervisor_first(folder: Path) -> Till:
    counter = money.till(folder, rights={"cashier": {"cash_in_out": "supervisor"}})
    return counter.keys("MENU 9 1 1 1 0 0 OK 1 OK 0 0 OK 1 2 3 4 5 6 OK")


def half_paid(folder: Path) -> Till:
    counter = money.till(folder).scan(COLA).scan(APPLE_5_YUAN).keys("OK * 5 0 0").scan(money.WECHAT)
    return counter.answer("paid")


def paid_in_parts(folder: Path) -> Till:
    """Two parts paid by card and code, and a rest in fen that cash rounds down: as full as the screen gets."""
    counter = money.till(folder, cash={"rounding": "jiao"}).scan(COLA).scan(APPLE_5_YUAN).scan(GOODS[6])
    counter.keys("OK * 2 0 1").scan(money.WECHAT).answer("paid").keys("OK * 1 0 3 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")
    return counter


def open_payments(folder: Path) -> Till:
    counter = paying(folder).answer("unknown").keys("F1").scan(COLA).pay(money.ALIPAY).answer("paying").keys("F1")
    return counter.keys("MENU 1")


def small_sums(folder: Path) -> Counter:
    use = {"small_amounts_fen": (500, 1_000, 2_000, 5_000), "small_amount_max_fen": 5_000}
    return online(Counter(folder, ledgers.having(drawer_use=use)).open_for_business()).keys("5 1 0 OK")


def openings(folder: Path) -> Counter:
    """A shift's openings by hand, one refused and one by force."""
    counter = ledgers.supervised(folder, ledgers.having(drawer_use={"no_sale_per_shift": 1}))
    counter.pass_time(5_000)
    counter.keys("MENU 9 1 4 1 OK").pass_time(5_000)
    counter.keys("MENU 9 1 4 2 CANCEL CANCEL CANCEL CANCEL CANCEL").pass_time(5_000)
    counter.step(DrawerSeen(False))
    counter.step(DrawerSeen(True))
    return online(counter).keys("OK MENU 9 1 6")


def opened_by_hand(folder: Path) -> Counter:
    counter = open_till(folder)
    counter.pass_time(5_000)
    return counter.keys("MENU 9 1 4 1")


def typed_too_soon(folder: Path) -> Counter:
    """A PIN typed within the seconds after a wrong one."""
    counter = online(ledgers.supervised(folder)).keys("MENU 9 9 0 1 OK 9 9 9 9 OK")
    counter.pass_time(1_000)
    return counter.keys("OK 0 1 OK 8 8 8 8 OK OK 0 1 OK 3 8 5 2 OK")


def events_seen(folder: Path) -> Counter:
    """The event log after a bad minute."""
    counter = open_till(folder)
    counter.scan("6999999999997").keys("CANCEL")
    counter.step(LinkDown(1003))
    counter.step(DeviceSeen("scanner", False))
    return counter.keys("CANCEL MENU 8 6")


def diagnosed(folder: Path, ms: int) -> Counter:
    """The ten checks, so far; the backend does not answer, and paper is out."""
    counter = open_till(folder)
    counter.step(PrinterSeen("paper_out"))
    counter.keys("CANCEL MENU 8 7 OK").pass_time(400)
    counter.step(NameFound(0))
    counter.pass_time(ms)
    return counter


def timed_out(folder: Path) -> Counter:
    """Nobody came while a payment at the counter was not decided."""
    counter = money.till(folder).basket().pay().answer("unknown").offline()
    counter.pass_time(310_000)
    return counter


SCREENS: dict[str, Callable[[Path], Counter]] = {
    "signon": lambda folder: Counter(folder).boot().keys("0 1"),
    "signon_pin": lambda folder: Counter(folder).boot().keys("0 1 OK 3 8 5 2"),
    "signon_waits": timed_out,
    "wait": checking,
    "newpin": lambda folder: Counter(folder).boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8"),
    "shift_sum": lambda folder: ledgers.pin_changed_no_shift(folder).keys("2 0 0 0 0"),
    "shift_date": ledgers.untrusted_clock,
    "shift_count": counting,
    "shift_at_once": lambda folder: ledgers.no_float_untrusted(folder).keys("OK"),
    "shift_differs": lambda folder: counting(folder).keys("F1"),
    "idle": open_till,
    "idle_numbers": lambda folder: ledgers.strict_shop_selling(folder).keys("OK OK OK OK"),
    "idle_paper_out": idle_paper_out,
    "idle_safe": ledgers.safe_mode,
    "amount": lambda folder: open_till(folder).keys("1 2 3 0"),
    "basket": basket,
    "basket_times": lambda folder: basket(folder).keys("3 *"),
    "basket_number": lambda folder: basket(folder).keys("0 9 0 0"),
    "basket_long": ledgers.two_hundred_lines,
    "basket_longest": ledgers.longest,
    "basket_cancel": lambda folder: basket(folder).keys("CANCEL"),
    "search_empty": lambda folder: open_till(folder).keys("F1"),
    "search": lambda folder: open_till(folder).keys("F1 5 DOWN"),
    "search_none": lambda folder: open_till(folder).keys("F1 1 1 1 1 1"),
    "weight": lambda folder: open_till(folder).scan(COLA).keys("1 0 0 0 1 OK 3 8 5"),
    "cash": cash,
    "cash_typed": lambda folder: basket(folder).keys("OK 1 0 0 0 0"),
    "cash_rounded": lambda folder: ledgers.strict_shop_selling(folder).scan(APPLE_5_YUAN).keys("OK"),
    "ask_slip": lambda folder: ledgers.strict_shop_selling(folder).keys("OK OK"),
    "overpaid": lambda folder: basket(folder).keys("OK 1 0 0 0 0 0 OK"),
    "sold": lambda folder: cash(folder).keys("OK"),
    "sold_large": lambda folder: open_till(folder).keys("1 1 2 0 OK 9 0 0 0 0 8 OK OK"),
    "sold_unprinted": sold_unprinted,
    "refused": lambda folder: open_till(folder).scan("6900000000014"),
    "refused_right": lambda folder: ledgers.left_by_an_operator_who_is_gone(folder).keys("OK"),
    "menu": lambda folder: idle_paper_out(folder).keys("MENU"),
    "menu_more": lambda folder: open_till(folder).keys("MENU 9 DOWN"),
    "menu_none": lambda folder: open_till(folder).keys("MENU 4 9"),
    "about": lambda folder: open_till(folder).keys("MENU 9 6"),
    "about_no_link": no_link,
    "setting_home": lambda folder: at_settings(folder),
    "setting_group": lambda folder: at_settings(folder).keys("OK"),
    "setting_list": lambda folder: at_settings(folder).keys("OK OK"),
    "setting_text": lambda folder: at_settings(folder).keys("OK OK OK"),
    "setting_choice": lambda folder: at_settings(folder).keys("OK DOWN OK"),
    "setting_number": lambda folder: at_settings(folder).keys("OK DOWN DOWN OK"),
    "help": lambda folder: no_link(folder).keys("F1"),
    "help_steps": lambda folder: no_link(folder).keys("F1 DOWN"),
    "help_last": lambda folder: no_link(folder).keys("F1 DOWN DOWN"),
    "help_longest": lambda folder: open_till(folder).keys("MENU 9 2 1 0 1 1 OK"),
    "help_groups": lambda folder: open_till(folder).keys("MENU 9 2 DOWN"),
    "help_search": lambda folder: open_till(folder).keys("MENU 9 2 5 0 0 DOWN"),
    "help_choice": lambda folder: link_codes.network_in_trouble(folder).keys("F1 DOWN"),
    "help_note": lambda folder: open_till(folder).scan("6900000000014").keys("F1"),
    "network": lambda folder: online_by(folder, "wifi", 80),
    "network_trouble": link_codes.network_in_trouble,
    "network_down": link_codes.wifi_key_refused,
    "idle_backlog": link_codes.many_wait,
    "unfinished": lambda folder: ledgers.unfinished_after_a_cut(folder).keys("DOWN"),
    "kept": ledgers.kept_after_a_cut,
    "basket_reduced": lambda folder: online(ledgers.reduced_basket(folder)).keys("UP"),
    "prices": lambda folder: basket(folder).keys("F2 DOWN"),
    "discount": lambda folder: basket(folder).keys("F2 1 5"),
    "discount_amount": lambda folder: basket(folder).keys("F2 3 F1 1 5 0"),
    "new_price": lambda folder: basket(folder).keys("F2 2 3 0 0"),
    "reason": lambda folder: basket(folder).keys("F2 1 5 OK"),
    "discount_limit": lambda folder: basket(folder).keys("F2 1 2 0 OK OK"),
    "age": lambda folder: online(ledgers.for_adults(folder)),
    "held": lambda folder: basket(folder).keys("F2 6"),
    "holds": lambda folder: online(ledgers.twenty_holds(folder)).keys("MENU 2"),
    "holds_typed": lambda folder: online(ledgers.twenty_holds(folder)).keys("MENU 2 1 2"),
    "hold_swap": lambda folder: online(ledgers.twenty_holds(folder)).keys("MENU 2 DOWN OK"),
    "hold_drop": lambda folder: online(ledgers.twenty_holds(folder)).keys("MENU 2 F2"),
    "idle_holds": lambda folder: basket(folder).keys("F2 6 OK"),
    **looks.SCREENS,
    "cash_part": lambda folder: basket(folder).keys("OK * 5 0 0"),
    "cash_rest": lambda folder: half_paid(folder).keys("OK"),
    "card": lambda folder: basket(folder).keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK 0 0"),
    "card_refused": lambda folder: basket(folder).keys("OK # " + "4 " * 14),
    "code_sent": paying,
    "code_password": lambda folder: paying(folder).answer("paying"),
    "code_query": querying,
    "code_unknown": lambda folder: querying(folder).offline(),
    "code_reversing": lambda folder: querying(folder).keys("F2"),
    "code_failed": lambda folder: paying(folder).answer("failed", code=5002),
    "code_reversed": lambda folder: paying(folder).answer("reversed"),
    "code_part": half_paid,
    "code_amount": lambda folder: paying(folder).answer("paid", paid=1),
    "code_sold": lambda folder: paying(folder).answer("paid"),
    "code_told": lambda folder: paying(folder, "F1").answer("paid"),
    "to_payment": lambda folder: money.till(folder).scan(COLA).scan(money.WECHAT),
    "give_up": lambda folder: half_paid(folder).keys("OK CANCEL"),
    "orders": open_payments,
    "orders_none": lambda folder: open_till(folder).keys("MENU 1"),
    "orders_typed": lambda folder: open_till(folder).keys("MENU 1 2 0 2 6 1 1 2 2 0 0 0 1"),
    "order": lambda folder: open_payments(folder).keys("OK"),
    "looked": lambda folder: money.till(folder).keys("MENU 1").scan(money.BILL),
    "override": lambda folder: online(ledgers.supervisor_wanted(folder)),
    "supervisor": lambda folder: online(ledgers.supervisor_wanted(folder)).keys("0 0"),
    "supervisor_pin": lambda folder: online(ledgers.supervisor_wanted(folder)).keys("0 0 OK 4 8 2 9"),
    "supervisor_refused": lambda folder: online(ledgers.supervisor_wanted(folder)).keys("0 0 OK 9 9 9 9 9 9 OK"),
    "badge_refused": lambda folder: online(ledgers.supervisor_wanted(folder)).scan(ledgers.BADGE),
    "badge_signon": lambda folder: ledgers.badge_at_sign_on(folder).scan(ledgers.BADGE),
    "badge_own": lambda folder: open_till(folder).keys("MENU 9 7 3 8"),
    "badge_issued": lambda folder: open_till(folder).keys("MENU 9 7 3 8 5 2 OK"),
    "pin_too_soon": typed_too_soon,
    "operators": lambda folder: online(ledgers.supervisor_works(folder)).keys("CANCEL DOWN"),
    "operator": lambda folder: online(ledgers.supervisor_works(folder)),
    "operator_unlocked": lambda folder: online(ledgers.supervisor_works(folder)).keys("F1"),
    "operator_reset": lambda folder: online(ledgers.supervisor_works(folder)).keys("F2"),
    "small": small_sums,
    "event_log": events_seen,
    "event_details": lambda folder: events_seen(folder).keys("OK"),
    "event_filter": lambda folder: events_seen(folder).keys("*"),
    "event_log_code": lambda folder: events_seen(folder).keys("* 1 1 0 0 3 OK"),
    "event_log_none": lambda folder: events_seen(folder).keys("* 3 9 OK"),
    "diagnosis": lambda folder: open_till(folder).keys("MENU 8 7"),
    "diagnosis_runs": lambda folder: diagnosed(folder, 400),
    "diagnosis_bad": lambda folder: diagnosed(folder, 60_000),
    "sought": from_afar.sought,
    "locked": from_afar.locked,
    "updating": from_afar.updating,
    "restarting": from_afar.restarting,
    "update_left": from_afar.update_left,
    "drawer_why": lambda folder: open_till(folder).keys("MENU 9 1 4"),
    "drawer_opened": opened_by_hand,
    "drawer_log": openings,
    "drawer_log_none": lambda folder: open_till(folder).keys("MENU 9 1 6"),
    "still_open": ledgers.counting_the_drawer,
    "still_open_basket": ledgers.closing_with_a_basket,
    "count_drawer": lambda folder: online(ledgers.supervised(folder)).keys("MENU 8 2 1 OK 1 2 OK OK 3"),
    "count_coins": lambda folder: ledgers.counting_the_last_coins(folder).keys("7"),
    "count_again": lambda folder: ledgers.supervised(folder).keys("MENU 8 2 9 F1"),
    "shift_done": ledgers.shift_closed_level,
    "shift_done_over": lambda folder: ledgers.counted_too_much(folder).keys("F1"),
    "batch_full": ledgers.full_batch,
    "report": lambda folder: basket(folder).keys("OK OK OK MENU 8 1"),
    "report_more": lambda folder: basket(folder).keys("OK OK OK MENU 8 1 DOWN"),
    "settlement": ledgers.settlement_shown,
    "close_day": lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 4"),
    "sure_of_day": lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 4 OK"),
    "member_prices": lambda folder: basket(folder).keys("F2 5"),
    "slip_scanned": lambda folder: money.till(folder).basket().keys("OK OK OK").scan("R0001002300000001000001"),
    "slip_elsewhere": lambda folder: money.till(folder).scan("R0001009901000001000002"),
    "payment_code_idle": lambda folder: open_till(folder).scan(money.WECHAT),
    "payment_code_card": lambda folder: basket(folder).keys("OK #").scan(money.WECHAT),
    "card_number_refused": lambda folder: open_till(folder).scan(money.CARD),
    "card_without_reference": card_without_reference,
    "card_reference_short": lambda folder: basket(folder).keys("OK # 5 5 5 5 OK"),
    "cash_short": lambda folder: basket(folder).keys("OK 1 OK"),
    "sign_on_scan": lambda folder: open_till(folder).keys("MENU 9 9").scan(COLA),
    "discount_nobody": lambda folder: ledgers.supervised(folder).scan(COLA).keys("F2 1 5 0 OK"),
    "supervisor_first": supervisor_first,
    "sealing_day": ledgers.signature_outstanding,
    "day_done": lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 4 OK F1"),
    "day_is_closed": lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 4 OK F1 OK 2 0 0 0 0 OK"),
    "reopen_day": ledgers.day_to_reopen,
    "menu_reports": lambda folder: open_till(folder).keys("MENU 8"),
    "deals_stale": voucher_codes.REFUSALS[1014],
    "deals_told": voucher_books.deals_told,
    "deals_more": lambda folder: voucher_books.deals_told(folder).keys("DOWN"),
    "rights_list": voucher_books.rights_shown,
    "rights_of": lambda folder: voucher_books.rights_shown(folder).keys("DOWN OK DOWN"),
    "refund_voucher_kept": lambda folder: voucher_books.going_back(folder, -1),
    "void_with_voucher": lambda folder: voucher_books.going_back(folder, 3_600_000),
    "menu_cash": lambda folder: open_till(folder).keys("MENU 9 1"),
    "cash_amount": lambda folder: open_till(folder).keys("MENU 9 1 2 3 0 0 0"),
    "open_by_key": ledgers.drawer_by_key_for_cash,
    "cash_reason": lambda folder: open_till(folder).keys("MENU 9 1 2 3 0 0 0 OK"),
    "reprint": lambda folder: open_till(folder).scan(COLA).keys("OK OK OK #"),
    "find_slip": lambda folder: ledgers.copied(folder).keys("MENU 4 2 1 2"),
    "slip_list": lambda folder: ledgers.copied(folder).keys("MENU 4 2 OK"),
    "electronic_copy": lambda folder: ledgers.copied(folder).keys("# F2"),
    "copy_archive": lambda folder: ledgers.copied(folder).keys("MENU 4 3"),
    "training": lambda folder: open_till(folder).keys("MENU 9 8"),
    "tasks": ledgers.practising,
    "cash_rest_rounded": paid_in_parts,
    **voucher_codes.SCREENS,
    "idle_waits": lambda folder: paying(folder).answer("unknown").keys("F1"),
}
NAMES = {f"screens/{lang}/{name}" for name in SCREENS for lang in LANGS}


@pytest.fixture(scope="module")
def renderer():
    return Renderer(find_font(), speak)


@pytest.fixture(scope="module")
def counters(tmp_path_factory) -> dict[str, Counter]:
    """A terminal at each of the screens."""
    return {name: way(tmp_path_factory.mktemp(name)) for name, way in SCREENS.items()}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_looks_as_it_was_approved(counters, renderer, name):
    """One terminal, its screen in both languages; nothing of it may be cut."""
    counter = counters[name]
    for lang in LANGS:
        view = counter.terminal.stack[-1].view(replace(counter.terminal.context(), lang=lang))
        assert renderer.overflow(view) == []
        goldens.check(f"screens/{lang}/{name}", renderer.draw(view))


def test_every_screen_class_has_a_picture(counters):
    met = {type(counter.terminal.stack[-1]).__name__ for counter in counters.values()}
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "firmware/screens").glob("*.py")))
    classes = {line.split("(")[0].removeprefix("class ") for line in source.splitlines() if line.endswith("(Screen):")}
    shared = {name for name in classes if f"({name}):" in source}  # others are made from it, it is never shown itself
    assert classes - shared - met == set()


def test_no_golden_is_left_over():
    goldens.assert_no_orphans("screens", NAMES)
