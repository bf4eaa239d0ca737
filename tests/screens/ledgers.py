"""The named ledgers every walk starts from (decisions 29): what a shop's terminal may wake up with."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.events import Acked, Answered, DrawerSeen, LinkDown, LinkUp, PrinterSeen
from firmware.txn import closing, hold
from firmware.txn.ledger import Stamp, load_products
from firmware.txn.prices import bill
from firmware.txn.product import price_list
from rules import badges
from rules.catalogue import demo_goods
from rules.pricing import STEPS
from rules.settings import Settings, defaults
from rules.settings_counter import DrawerRule, FullReduction, ItemPromotion
from tests.counter import APPLE_5_YUAN, BEER, COLA, Counter, open_ledger
from tests.giving import looks
from tests.payments import till as money
from tests.payments.till import Till
from tests.screens import giving_codes
from tests.screens.link_codes import network_in_trouble, wifi_key_refused
from wire.facts import BadgeIssued
from wire.messages import AnswerTotals, AskQuery
from wire.records import Ack

LONGEST = "老北京正宗手工现磨五香黑芝麻花生核桃杏仁糊礼盒装" * 2


def having(**sections: dict) -> Settings:
    """The factory's settings with single values changed: `having(terminal={"result_s": 3})`."""
    base = defaults()
    parts = {
        name: msgspec.structs.replace(getattr(base, name), **values) if isinstance(values, dict) else values
        for name, values in sections.items()
        if name != "rights"
    }
    if "rights" in sections:
        parts["rights"] = sections["rights"]
    return msgspec.structs.replace(base, **parts)


def codes() -> tuple[str, ...]:
    """A barcode of each piece good of the demonstration list."""
    return tuple(goods.barcodes[0] for goods in demo_goods() if goods.barcodes and not goods.weighable)


def just_born(folder: Path) -> Counter:
    return Counter(folder).boot()


def pin_changed_no_shift(folder: Path) -> Counter:
    return Counter(folder).boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")


def idle(folder: Path) -> Counter:
    return Counter(folder).open_for_business()


def many_lines(folder: Path) -> Counter:
    counter = idle(folder)
    for code in codes()[:9]:
        counter.scan(code)
    return counter.scan(APPLE_5_YUAN)


def two_hundred_lines(folder: Path) -> Counter:
    counter = idle(folder)
    for code in codes()[:200]:
        counter.scan(code)
    assert len(counter.terminal.session.basket.lines) == 200
    return counter


def longest(folder: Path) -> Counter:
    """The longest names, amounts and shop there can be."""
    shop = {"name": "好" * 24, "branch": "邻" * 16}
    counter = Counter(folder, having(shop=shop, sale={"amount_max_fen": 99_999_999}))
    ledger = open_ledger(folder)
    cola = next(goods for goods in demo_goods() if COLA in goods.barcodes)
    dear = msgspec.structs.replace(cola, name=LONGEST, name_en="W" * 120, price_fen=99_999_999, sku="9" * 20)
    listed = price_list([dear, *(goods for goods in demo_goods() if goods.sku != cola.sku)])
    load_products(ledger, listed.products, listed.codes)
    ledger.close()
    return counter.open_for_business().scan(COLA)


def practising(folder: Path) -> Counter:
    """The counter of practice, which a walk can see alone; the live one beside it shows nothing."""
    counter = idle(folder)
    counter.terminal.training = True
    return counter.keys("MENU 9 8")


def kept_after_a_cut(folder: Path) -> Counter:
    counter = idle(folder).scan(COLA).scan(APPLE_5_YUAN)
    counter.pass_time(10_000)
    counter.cut()
    return counter.boot().sign_on()


def unfinished_after_a_cut(folder: Path) -> Counter:
    """Five slips nobody knows of, and one that never reached the printer."""
    counter = idle(folder)
    counter.prints = "not_printed"
    counter.keys("5 0 0 OK OK OK")
    counter.prints = ""
    for _ in range(5):
        counter.keys("5 0 0 OK OK OK")
    counter.ledger.commit()
    counter.cut()
    counter.prints = "printed"
    return counter.boot().sign_on()


def paper_out(folder: Path) -> Counter:
    counter = idle(folder)
    counter.step(PrinterSeen("paper_out"))
    counter.prints = "not_printed"
    return counter


def trouble_looked_through(folder: Path) -> Counter:
    """The event log on the screen, after a bad minute."""
    counter = idle(folder)
    counter.scan("6999999999997").keys("CANCEL")
    counter.step(LinkDown(1003))
    for code in (5007, 4001, 2005):
        counter.terminal.note(code, reason="basket_hold", subject="20261122000100230100000100004502")
    counter.keys("MENU 8 6")
    counter.pass_time(60_000)
    return counter


def diagnosed(folder: Path) -> Counter:
    """The ten checks are done; paper is out and nobody answers."""
    counter = paper_out(folder)
    counter.keys("CANCEL MENU 8 7 OK")
    counter.pass_time(60_000)
    return counter


def link_down_with_backlog(folder: Path) -> Counter:
    counter = idle(folder)
    for _ in range(12):
        counter.keys("5 0 0 OK OK OK")
    counter.step(LinkUp())
    counter.step(LinkDown(1003))
    return counter


def untrusted_clock(folder: Path) -> Counter:
    return Counter(folder, clock="floor").boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")


def safe_mode(folder: Path) -> Counter:
    counter = idle(folder)
    counter.ledger.close()
    return counter.boot(notices=((9001, "TimerFired(name='keep')"),), safe_mode=True).keys("OK").sign_on()


def locked_operator(folder: Path) -> Counter:
    counter = idle(folder).keys("MENU 9 9")
    for _ in range(3):
        counter.keys("0 1 OK 9 9 9 9 OK OK").pass_time(4_000)  # the wait after each wrong one grows
    return counter


def no_printer(folder: Path) -> Counter:
    counter = Counter(folder, prints="not_printed").open_for_business()
    counter.step(PrinterSeen("none"))
    return counter


def english(folder: Path) -> Counter:
    return idle(folder).keys("MENU 9 5 CANCEL CANCEL")


def strict() -> Settings:
    """Asks for everything: a counted float, slips, supervisors; takes no bare amounts; rounds to the jiao."""
    settings = having(
        sale={"amount_lines": False}, shift={"float_ask": "count", "float_expected_fen": 20_000},
        printer={"print_slip": "ask"}, cash={"rounding": "jiao"}, terminal={"result_s": 3},
        rights={"cashier": {"line_remove": "supervisor"}},
    )  # fmt: skip
    return msgspec.structs.replace(settings, operators=tuple(
        msgspec.structs.replace(operator, active=operator.number != "02") for operator in settings.operators
    ))  # fmt: skip


def strict_shop(folder: Path) -> Counter:
    return Counter(folder, strict()).boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")


def strict_shop_selling(folder: Path) -> Counter:
    return strict_shop(folder).keys("2 F1").scan(COLA)


def strict_shop_of_a_leaver(folder: Path) -> Counter:
    return Counter(folder, strict()).boot().keys("0 2 OK")


def supervised(folder: Path, settings: Settings | None = None, kind: type[Counter] = Counter) -> Counter:
    """A shift of 01, in a shop whose supervisor has chosen a PIN: 00 and 482917."""
    counter = kind(folder, settings or having(rights={"cashier": {"line_remove": "supervisor"}})).boot()
    counter.keys("0 0 OK 1 2 3 4 5 6 OK 4 8 2 9 1 7 OK 4 8 2 9 1 7 OK CANCEL")
    assert not counter.terminal.session.operator
    return counter.keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK 2 0 0 0 0 OK")


def supervisor_wanted(folder: Path) -> Counter:
    counter = supervised(folder).scan(COLA).keys("CLEAR")
    assert counter.screen == "Override"
    return counter


def discount_for_a_supervisor(folder: Path) -> Counter:
    """More than a cashier may give, and not more than a supervisor may."""
    counter = supervised(folder).scan(COLA).keys("F2 1 2 0 OK")
    assert counter.screen == "Reason"
    return counter


def supervisor_at_the_keypad(folder: Path) -> Counter:
    return supervisor_wanted(folder).keys("0 0 OK")


def settings_changed_here(folder: Path) -> Counter:
    """A supervisor in her own shift at the settings, one of which she has changed."""
    counter = supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 9 6 F2 OK DOWN DOWN OK 1 OK")
    assert counter.screen == "SettingsGroup", counter.text()
    return counter


def supervisor_works(folder: Path) -> Counter:
    """A supervisor in her own shift, with a cashier whose PIN is locked: at the list of operators."""
    counter = supervised(folder)
    counter.keys("MENU 9 9")
    for _ in range(3):
        counter.keys("0 1 OK 9 9 9 9 OK OK").pass_time(4_000)
    counter.keys("0 0 OK 4 8 2 9 1 7 OK MENU 9 4 OK")
    assert counter.screen == "OneOperator"
    return counter


BADGE = badges.badge_text("00", b"\x42" * badges.TOKEN_BYTES)


def give_badge(counter: Counter, text: str) -> Counter:
    """The badge `text` is in force, as if it had been issued."""
    badge = badges.read_badge(text)
    assert badge is not None
    secret = (f"badge:{badge.operator}", b"", badges.badge_hash(badge))
    stamp = Stamp(counter.day_ms + counter.ms, counter.clock)
    counter.ledger.append((BadgeIssued(badge.operator, "99"),), stamp, (secret,))
    counter.ledger.commit()
    return counter


def badge_wanted(folder: Path) -> Counter:
    """A supervisor is wanted who has the badge `BADGE`."""
    return give_badge(supervisor_wanted(folder), BADGE)


def badge_at_sign_on(folder: Path) -> Counter:
    return give_badge(supervised(folder), BADGE).keys("MENU 9 9")


def as_supervisor(folder: Path) -> Counter:
    """The supervisor is signed on, in the shift of 01."""
    return supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK")


def own_pin(folder: Path) -> Counter:
    return idle(folder).keys("MENU 9 3 3 8 5 2 OK")


def drawer_page(folder: Path) -> Counter:
    """The shift's one opening by hand is used up; the menu stands at the drawer's page."""
    counter = supervised(folder, having(drawer_use={"no_sale_per_shift": 1}))
    counter.pass_time(5_000)
    counter.keys("MENU 9 1 4 1 OK").pass_time(5_000)
    return counter.keys("MENU 9 1")


def after_hours(folder: Path) -> Counter:
    """A shop that closed at noon; it is six in the evening, and somebody is to say why the drawer must open."""
    return supervised(folder, having(drawer_use={"opens_at": "08:00", "closes_at": "12:00"})).keys("OK MENU 9 1 4")


def coil_rests(folder: Path) -> Counter:
    """The drawer was opened this moment: the coil must rest."""
    counter = idle(folder)
    counter.pass_time(5_000)
    return counter.keys("MENU 9 1 4 1 OK MENU 9 1")


def drawer_by_key(folder: Path) -> Counter:
    """A shop whose rules ask for a key, and for a supervisor above 100 yuan; and one result that waits for the key."""
    rules = (
        DrawerRule(event="sale", action="supervisor", tenders=("cash",), amount_min_fen=10_000),
        DrawerRule(event="sale", action="ask", tenders=("cash",)),
    )
    counter = supervised(folder, having(drawer_use={"rules": rules}))
    return counter.keys("5 0 0 OK OK")


def drawer_by_key_for_cash(folder: Path) -> Counter:
    """A shop whose rules ask for a key whatever the drawer is for; cash put in waits for it."""
    rules = tuple(DrawerRule(event=event, action="ask") for event in ("cash_in", "cash_out", "shift_open"))
    counter = supervised(folder, having(drawer_use={"rules": rules}))
    return counter.keys("OK MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 9 1 1 5 0 0 OK 1")


def drawer_by_supervisor(folder: Path) -> Counter:
    return drawer_by_key(folder).keys("OK 2 0 0 0 0 OK OK")


def cut_before_the_drawer(folder: Path) -> Counter:
    """The power went between a sale and its pulse."""
    counter = idle(folder)
    counter.drawer = ""
    counter.keys("5 0 0 OK OK")
    counter.ledger.commit()
    counter.cut()
    counter.drawer = "opened"
    return counter.boot().sign_on().keys("CANCEL MENU 9 1")


def small_sums(folder: Path) -> Counter:
    use = {"small_amounts_fen": (500, 1_000, 2_000, 20_000), "small_amount_max_fen": 1_000}
    return Counter(folder, having(drawer_use=use)).open_for_business().keys("5 0 0 OK")


def no_drawer_at_all(folder: Path) -> Counter:
    return Counter(folder, having(drawer={"kind": "none"})).open_for_business().keys("MENU 9 1")


def no_float_untrusted(folder: Path) -> Counter:
    settings = having(shift={"float_ask": "no", "float_expected_fen": 20_000})
    return Counter(folder, settings, clock="floor").boot().keys("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK")


def stuck_drawer(folder: Path) -> Counter:
    counter = Counter(folder, drawer="did_not_open").open_for_business()
    counter.step(DrawerSeen(False))
    return counter.keys("5 0 0 OK")


def left_by_an_operator_who_is_gone(folder: Path) -> Counter:
    """A kept basket, and an administrator, who may not sell, signs on."""
    counter = idle(folder).scan(COLA)
    counter.pass_time(10_000)
    counter.cut()
    return counter.boot().keys("9 9 OK 8 8 8 8 8 8 8 8 OK 3 8 5 2 7 4 OK 3 8 5 2 7 4 OK")


def twenty_holds(folder: Path) -> Counter:
    """As many held orders as there may be, one with the longest name, and another order open."""
    counter = longest(folder).keys("F2 6 OK")
    for code in codes()[1:20]:
        counter.scan(code).keys("F2 6 OK")
    assert len(hold.holds(counter.ledger)) == 20
    return counter.scan(APPLE_5_YUAN)


def reduced_basket(folder: Path) -> Counter:
    """Every reduction there is, on a member's basket."""
    settings = having(prices={
        "item_promotions": (ItemPromotion("010002", 250, "周末特价周末特价周末特价周末特"),),
        "full_reductions": (FullReduction(2_000, 200, "满20减2"),),
    })  # fmt: skip
    counter = Counter(folder, settings).open_for_business()
    for code in codes()[:8]:
        counter.scan(code)
    counter.scan(APPLE_5_YUAN).keys("F2 5 OK 1 F2 1 5 OK 1 F2 2 1 1 8 0 OK OK F2 3 F1 1 0 0 OK 2 F2 4 1 1 OK 3")
    kinds = {each.kind for each in bill(counter.terminal.context()).reductions}
    assert kinds == set(STEPS), kinds
    return counter


def for_adults(folder: Path) -> Counter:
    """Beer beside cola: somebody must look at the customer."""
    return idle(folder).scan(COLA).scan(BEER)


def copied(folder: Path) -> Counter:
    """A shop with electronic receipts; one sale, whose slip was printed again as often as a cashier may."""
    settings = having(slips={"receipt_url": "https://r.example.cn/r"})
    return Counter(folder, settings).open_for_business().scan(COLA).keys("OK F1 OK # 1 OK")


def copied_in_the_menu(folder: Path) -> Counter:
    """Before the archive of copies, which holds one."""
    return copied(folder).keys("MENU 4")


def copied_and_searched(folder: Path) -> Counter:
    """Before the list of slips that there are."""
    return copied(folder).keys("MENU 4 2")


def taken_over(folder: Path) -> Counter:
    """Another cashier sells on in the shift, and looks at a slip that is not hers."""
    return copied(folder).keys("MENU 9 9 0 2 OK 0 0 0 0 OK 4 9 6 1 OK 4 9 6 1 OK")


def slip_too_old(folder: Path) -> Counter:
    """A third slip the printer never got, two hours ago, and the printer works again."""
    counter = Counter(folder, prints="").open_for_business()
    for _ in range(3):
        counter.keys("5 0 0 OK OK OK")
    counter.step(PrinterSeen("cover_open"))
    counter.pass_time(121 * 60_000)
    counter.sign_on().step(PrinterSeen("ok"))
    return counter.keys("CANCEL")


def broken_slip(folder: Path) -> Counter:
    """A sale whose record was changed behind the terminal's back."""
    counter = idle(folder).keys("5 0 0 OK OK OK")
    counter.ledger.commit()
    counter.ledger.db.execute("UPDATE journal SET at_ms = at_ms + 1 WHERE kind = 'sale'")
    return counter


def full_batch(folder: Path) -> Counter:
    """The limit is low, so that a few sales fill it; the next one asks for another batch."""
    counter = Counter(folder, having(shift={"batch_records_max": 3})).open_for_business()
    for _ in range(3):
        counter.keys("5 0 0 OK OK OK")
    assert counter.screen == "BatchFull"
    return counter


def counting_the_drawer(folder: Path) -> Counter:
    """Half-way through closing, with a slip that is not on paper."""
    counter = supervised(folder, having(closing={"counts_max": 2}))
    counter.prints = "not_printed"
    counter.keys("5 0 0 OK OK OK")
    counter.prints = "printed"
    counter.keys("MENU 8 2")
    assert counter.screen == "StillOpen"
    return counter


def closing_with_a_basket(folder: Path) -> Counter:
    return supervised(folder).scan(COLA).keys("MENU 8 2")


def paying_out(folder: Path) -> Counter:
    """A supervisor at the till, one key from taking out more than there is."""
    counter = supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK")
    return counter.keys("MENU 9 1 2 3 0 0 0 0 OK")


def shift_closed_level(folder: Path) -> Counter:
    counter = supervised(folder).keys("5 0 0 OK OK OK MENU 8 2")
    counter.keys("2 OK OK OK OK 1 F1")
    assert counter.screen == "ShiftDone", counter.text()
    return counter


def shift_handed_over(folder: Path) -> Counter:
    """One shift is closed and not settled; the supervisor may close the day."""
    return shift_closed_level(folder).keys("OK CANCEL 0 0 OK 4 8 2 9 1 7 OK")


def signature_outstanding(folder: Path) -> Counter:
    counter = shift_handed_over(folder)
    counter.signs = False
    counter.keys("MENU 8 4 OK F1")
    assert counter.screen == "SealingDay"
    counter.signs = True
    return counter


def day_done(folder: Path) -> Counter:
    """The day has its Z; a shift that is opened now belongs to the next one."""
    counter = shift_handed_over(folder).keys("MENU 8 4 OK F1")
    assert counter.screen == "DayDone"
    return counter.keys("OK 2 0 0 0 0 OK")


def day_to_reopen(folder: Path) -> Counter:
    return day_done(folder).keys("CANCEL MENU 8 5")


def settled_unevenly(folder: Path) -> Counter:
    """The backend has booked something else than this terminal."""
    counter = shift_handed_over(folder)
    counter.step(LinkUp())
    counter.ledger.commit()
    for _ in range(2):
        counter.step(Acked(Ack(counter.ledger.epoch, counter.ledger.durable_seq)))
        due = closing.closings(counter.ledger)[0]
        counter.step(Answered(AnswerTotals(counter.ledger.epoch, due.batch, due.closed_seq, True, {"sales": 9})))
    assert "[8012]" in counter.text()
    return counter


def settlement_shown(folder: Path) -> Counter:
    """The batch that differs, beside what the backend has booked of it."""
    return settled_unevenly(folder).keys("OK MENU 8 3")


def online(folder: Path, **sections: dict) -> Till:
    """On line, numbered by the backend, two colas in the basket."""
    return money.till(folder, **sections).basket()


def code_sent(folder: Path) -> Till:
    return online(folder).pay()


def unknown_payment(folder: Path) -> Till:
    return code_sent(folder).answer("unknown")


def unknown_payment_after_a_cut(folder: Path) -> Till:
    counter = unknown_payment(folder)
    counter.cut()
    return counter.boot().sign_on()


def parked_orders(folder: Path) -> Till:
    """One that is unknown, one whose customer types a password, one that was reversed, one half paid."""
    counter = unknown_payment(folder).keys("F1").basket().pay(money.ALIPAY).answer("paying").keys("F1")
    counter.basket().pay().keys("F1").answer("reversed").keys("OK")
    return counter.basket().keys("OK * 2 0 0").scan(money.WECHAT).answer("paid").keys("OK CANCEL F1")


def reversal_pending(folder: Path) -> Till:
    counter = unknown_payment(folder).keys("F2")
    counter.pass_time(90_000)
    return counter


def half_paid(folder: Path) -> Till:
    counter = online(folder).keys("OK * 2 0 0").scan(money.WECHAT).answer("paid").keys("OK")
    return counter.keys("* 1 0 0 # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")


def refund_of_what_came_twice(folder: Path) -> Till:
    return code_sent(folder).answer("failed", code=5002).keys("OK OK").answer("paid", "query").keys("OK")


def refund_of_it_refused(folder: Path) -> Till:
    return refund_of_what_came_twice(folder).refund_answer("failed", 5017)


def payment_limits(folder: Path) -> Till:
    channels = tuple(msgspec.structs.replace(each, payment_max_fen=100) for each in defaults().tenders.channels)
    tenders = {"channels": channels, "card_payment_max_fen": 100}
    return online(folder, tenders=tenders)


def backend_silent(folder: Path) -> Till:
    return online(folder).offline()


def bill_looked_up(folder: Path) -> Till:
    """The customer's phone shows a payment this terminal knows nothing of."""
    return money.till(folder).keys("MENU 1").scan(money.BILL)


def goods_given_up(folder: Path) -> Counter:
    """A reservation nobody answered was given up; the backend has not said that it heard."""
    return looks.left_open(folder).keys("F2")


def about_to_be_reversed(folder: Path) -> Till:
    """Nobody has said for almost the whole deadline what became of a payment; the next thing due takes it back."""
    counter = unknown_payment(folder)
    for _ in range(20):
        due_ms = min(at for name, at in counter.timers.items() if name.startswith("payments:2"))
        if len(counter.asks(AskQuery)) == 9:
            return counter
        counter.pass_time(due_ms - counter.ms)
    raise AssertionError("it was never asked for the last time")


def paid_with_no_shift(folder: Path) -> Till:
    """The customer paid after the shift had been closed: the sale waits for the next one."""
    counter = supervised(folder, kind=Till)
    assert isinstance(counter, Till)
    counter.online().basket().pay().answer("unknown").keys("F1 MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 8 2 OK 2 F1")
    assert counter.screen == "ShiftDone"
    counter.answer("paid", "query")
    return counter


def counting_the_last_coins(folder: Path) -> Counter:
    """At the last of the denominations."""
    return supervised(folder).keys("MENU 8 2 " + "OK " * 10)


def counted_too_much(folder: Path) -> Counter:
    """A supervisor has counted nine notes where there are two: her count stands."""
    return supervised(folder).keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK MENU 8 2 9")


def discount_too_high(folder: Path) -> Counter:
    """A discount nobody may give alone, about to be given its reason."""
    return idle(folder).scan(COLA).keys("F2 1 9 9 OK")


def chain_broken(folder: Path) -> Counter:
    return broken_slip(folder).keys("# 1")


LEDGERS: tuple[Callable[[Path], Counter], ...] = (
    just_born,
    pin_changed_no_shift,
    idle,
    discount_for_a_supervisor,
    many_lines,
    two_hundred_lines,
    longest,
    kept_after_a_cut,
    practising,
    unfinished_after_a_cut,
    paper_out,
    link_down_with_backlog,
    trouble_looked_through,
    diagnosed,
    network_in_trouble,
    wifi_key_refused,
    untrusted_clock,
    safe_mode,
    locked_operator,
    no_printer,
    english,
    strict_shop,
    strict_shop_selling,
    strict_shop_of_a_leaver,
    no_float_untrusted,
    stuck_drawer,
    left_by_an_operator_who_is_gone,
    supervisor_at_the_keypad,
    full_batch,
    counting_the_drawer,
    closing_with_a_basket,
    paying_out,
    shift_handed_over,
    signature_outstanding,
    day_done,
    day_to_reopen,
    settled_unevenly,
    settlement_shown,
    settings_changed_here,
    supervisor_works,
    badge_wanted,
    badge_at_sign_on,
    own_pin,
    drawer_page,
    after_hours,
    coil_rests,
    drawer_by_key,
    drawer_by_key_for_cash,
    drawer_by_supervisor,
    cut_before_the_drawer,
    small_sums,
    no_drawer_at_all,
    twenty_holds,
    reduced_basket,
    for_adults,
    copied,
    copied_in_the_menu,
    copied_and_searched,
    taken_over,
    slip_too_old,
    broken_slip,
    looks.mixed_found,
    looks.elsewhere,
    looks.left_open,
    looks.refused_list,
    code_sent,
    unknown_payment_after_a_cut,
    parked_orders,
    reversal_pending,
    half_paid,
    refund_of_it_refused,
    payment_limits,
    backend_silent,
    bill_looked_up,
    goods_given_up,
    about_to_be_reversed,
    paid_with_no_shift,
    counting_the_last_coins,
    counted_too_much,
    discount_too_high,
    chain_broken,
    giving_codes.dear_sale_chosen,
    giving_codes.too_late_chosen,
)
PRINT_CODES = {"paper_out": 4001, "no_printer": 4005}
