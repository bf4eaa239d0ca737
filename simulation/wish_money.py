"""Wishes about money that is not plain cash, and about money that goes back."""

import re
from typing import Literal

from firmware.events import Key
from firmware.txn import reserve
from firmware.view import Para
from fleet.acquirer.codes import CallName
from fleet.acquirer.script import Play, Step
from simulation import sight
from simulation.clerk import Clerk, Job, Lost
from simulation.counter_audit import cash_of
from simulation.wishes import choose, goods, take_cash

CODE_DIGITS = {"wechat": ("1", 18), "alipay": ("28", 18), "unionpay": ("62", 19)}
PLAYS: tuple[Play, ...] = ("success", "password", "refuse", "error", "silent", "lost", "late", "double")
WEIGHTS = (40, 12, 8, 6, 6, 8, 8, 6)
LATER: tuple[tuple[CallName | Literal["any"], Play], ...] = (
    ("query", "silent"), ("query", "error"), ("reverse", "silent"), ("reverse", "error"), ("reverse", "refuse"),
    ("reverse", "lost"), ("reverse", "double"), ("refund", "silent"), ("refund", "lost"), ("refund", "processing"),
    ("refund", "refuse"), ("refund", "double"), ("any", "outage"),
)  # fmt: skip
"""What may go wrong at the channel with later requests, by their name."""

NUMBER = re.compile(r"\d{6}-\d{6}")
PATIENCE_LOOKS = 150
DECIDED = ("code__paid", "code__failed", "code__reversed", "code__returned")


def a_code(clerk: Clerk) -> str:
    """A customer's code of one of the channels, with what the channel is going to do about it."""
    rng = clerk.clock.rng
    channel = rng.choice(tuple(CODE_DIGITS))
    start, length = CODE_DIGITS[channel]
    if channel == "wechat":
        start += rng.choice("012345")
    code = start + "".join(rng.choice("0123456789") for _ in range(length - len(start)))
    clerk.day.secrets.add(code)
    play = rng.choices(PLAYS, WEIGHTS)[0]
    if play != "success":
        after_ms = rng.randint(2_000, 90_000)
        end = rng.choice(("success", "success", "cancel"))
        clerk.backend.script(Step(play, code_ends=code[-8:], after_ms=after_ms, end=end))  # type: ignore[arg-type]
        clerk.machine.met.count(clerk.machine.met.faults, f"channel_pay_{play}")
    if rng.random() < 0.15:
        call, later = rng.choice(LATER)
        clerk.backend.script(Step(later, call=call, after_ms=rng.randint(1_000, 60_000)))
        clerk.machine.met.count(clerk.machine.met.faults, f"channel_{call}_{later}")
    return code


def to_payment(clerk: Clerk) -> Job:
    """Goods, then the payment screen."""
    yield from goods(clerk)
    clerk.press(Key.OK)
    yield from clerk.until("Cash")


def pay_code(clerk: Clerk) -> Job:
    """The customer shows a code; the payment is followed until it is decided, put aside or taken back."""
    clerk.scan(a_code(clerk))
    yield from clerk.pause()
    for _ in range(PATIENCE_LOOKS):
        yield clerk.clock.soon_ms(300, 1_200)
        if clerk.screen != "CodePayment":
            return
        if state(clerk) in DECIDED:
            clerk.press(Key.OK)
            yield from clerk.pause()
            return
        chance = clerk.clock.rng.random()
        if chance < 0.01:
            clerk.press(Key.F1)
            clerk.machine.met.count(clerk.machine.met.faults, "payment_parked")
            clerk.jobs.append("look_up")  # the customer shows what her own telephone says
        elif chance < 0.015:
            clerk.press(Key.F2)
        elif chance < 0.02:
            clerk.press(Key.CANCEL)
            yield from clerk.pause()
            if clerk.screen == "GiveUp":
                clerk.press(clerk.clock.rng.choice((Key.OK, Key.F1, Key.F2, Key.CANCEL)))


def state(clerk: Clerk) -> str:
    """What the payment's screen says, in its large words."""
    large = (block.text for block in clerk.view.body if isinstance(block, Para) and block.large)
    return next((sight.key_of(words) for words in large), "")


def code(clerk: Clerk) -> Job:
    """Goods for one code; a refused one is tried again, or paid in cash after all."""
    yield from to_payment(clerk)
    for _ in range(3):
        yield from pay_code(clerk)
        if clerk.screen != "Cash":
            break
        if clerk.clock.rng.random() < 0.4:
            yield from take_cash(clerk)
            return
    yield from leave_order(clerk)


def split(clerk: Clerk) -> Job:
    """A part by code or card, the rest in cash."""
    yield from to_payment(clerk)
    due = sight.big(clerk.view, "cash__due") or 0
    if due > 200:
        part = clerk.clock.rng.randint(1, due - 1)
        clerk.press(Key.STAR)
        clerk.type(str(part))
        yield from clerk.pause()
        if clerk.clock.rng.random() < 0.3:
            clerk.press(Key.HASH)
            yield from card_slip(clerk)
        else:
            yield from pay_code(clerk)
    if clerk.screen == "Cash":
        yield from take_cash(clerk)
    else:
        yield from leave_order(clerk)


def abandon(clerk: Clerk) -> Job:
    """A part is paid, then the customer changes their mind: the order is given up, and what was paid goes back."""
    yield from to_payment(clerk)
    due = sight.big(clerk.view, "cash__due") or 0
    if due > 200:
        clerk.press(Key.STAR)
        clerk.type(str(due // 2))
        yield from clerk.pause()
        yield from pay_code(clerk)
    if clerk.clock.rng.random() < 0.4:
        clerk.backend.script(Step("refuse", call="reverse"))
    for _ in range(6):
        yield from clerk.pause()
        match clerk.screen:
            case "Cash":
                clerk.press(Key.CANCEL)
            case "GiveUp":
                clerk.press(clerk.clock.rng.choice((Key.F2, Key.F2, Key.OK)))
            case _:
                break
    yield from leave_order(clerk)


def card(clerk: Clerk) -> Job:
    """All of it on the shop's card terminal; somebody may type a whole card number first."""
    yield from to_payment(clerk)
    clerk.press(Key.HASH)
    yield from card_slip(clerk)


def card_slip(clerk: Clerk) -> Job:
    """Reference and last four off the card terminal's slip."""
    yield from clerk.until("Card")
    rng = clerk.clock.rng
    if rng.random() < 0.15:
        clerk.day.secrets.add("6222021234567890128")
        clerk.scan("6222021234567890128")
        yield from clerk.pause()
        clerk.press(Key.CLEAR)
    clerk.type("".join(rng.choice("0123456789") for _ in range(12)))
    clerk.press(Key.OK)
    yield from clerk.pause()
    clerk.type(f"{rng.randrange(10_000):04d}")
    clerk.press(Key.OK)
    yield from clerk.pause()


def leave_order(clerk: Clerk) -> Job:
    """An order that is not paid is given up, so that the next customer can be served."""
    for _ in range(20):
        yield from clerk.pause()
        match clerk.screen:
            case "Cash":
                clerk.press(Key.CANCEL)
            case "CodePayment":
                clerk.press(Key.OK if state(clerk) in DECIDED else Key.CANCEL)
            case "GiveUp":
                clerk.press(clerk.clock.rng.choice((Key.F1, Key.F2, Key.OK)))
            case "Notice":
                clerk.press(Key.OK)
            case _:
                return


def tidy_orders(clerk: Clerk) -> Job:
    """Whatever waits among the payments: looked at, taken back to the counter or given up."""
    yield from choose(clerk, "payments")
    yield from clerk.until("Orders")
    entries, _ = sight.items(clerk.view)
    if not entries:
        clerk.press(Key.CANCEL)
        return
    clerk.press(*[Key.DOWN] * clerk.clock.rng.randrange(len(entries)), Key.OK)
    yield from clerk.until("OrderView")
    if clerk.clock.rng.random() < 0.3:
        clerk.press(Key.OK)  # ask the backend
        yield from clerk.pause(500, 2_000)
    if clerk.screen == "OrderView" and clerk.clock.rng.random() < 0.3:
        clerk.press(Key.F1)
        yield from clerk.pause()
        yield from leave_order(clerk)
    elif clerk.screen == "OrderView":
        clerk.press(Key.F2)
        yield from clerk.pause()
        if clerk.screen == "GiveUp":
            clerk.press(Key.OK)
            yield from clerk.pause()


# --- giving back -------------------------------------------------------------------------------------------------------


def regret(clerk: Clerk) -> Job:
    """A customer who has just paid brings all of it back."""
    yield from to_payment(clerk)
    yield from pay_code(clerk)
    yield from leave_order(clerk)
    yield from choose(clerk, "giveback")
    yield from clerk.until("GiveBack")
    clerk.press(Key.F1)
    yield from clerk.until("RecentSales")
    clerk.press(Key.OK)
    yield from clerk.until("FoundSale", acts=30)
    clerk.press(Key.OK)
    yield from confirm(clerk)


def give_back(clerk: Clerk) -> Job:
    """A customer comes back with a slip, or without: whole, or some of the lines."""
    rng = clerk.clock.rng
    yield from choose(clerk, "giveback")
    yield from clerk.until("GiveBack")
    numbers = [line for slip in clerk.day.slips[-30:] for line in slip.rows if NUMBER.search(line)]
    if numbers and rng.random() < 0.7:
        found = NUMBER.search(rng.choice(numbers))
        assert found is not None
        clerk.scan(found[0])
    else:
        clerk.press(Key.F1)
        yield from clerk.until("RecentSales")
        clerk.press(*[Key.DOWN] * rng.randint(0, 3), Key.OK)
    yield from clerk.until("FoundSale", acts=30)
    if rng.random() < 0.5:
        clerk.press(Key.OK)
    else:
        clerk.press(Key.F1)
        yield from clerk.pause()
        yield from some_lines(clerk)
    yield from confirm(clerk)


def some_lines(clerk: Clerk) -> Job:
    """A line, or one piece of it."""
    rng = clerk.clock.rng
    yield from clerk.until("ChooseLines")
    clerk.press(*[Key.DOWN] * rng.randint(0, 2))
    if rng.random() < 0.5:
        clerk.type("1")
        clerk.press(Key.OK)
    else:
        clerk.press(Key.F1)
    yield from clerk.pause()
    clerk.press(Key.OK)


def confirm(clerk: Clerk) -> Job:
    """Reason, the card's reference, the last look, the supervisor, and what goes into the customer's hand."""
    for _ in range(80):
        yield from clerk.pause()
        match clerk.screen:
            case "Why":
                clerk.press(Key.D1)
            case "CardBack":
                clerk.type("123456")
                clerk.press(Key.OK)
            case "Confirmed":
                row = sight.row(clerk.view, "backby__cash")
                clerk.hopes("refund", -sight.fen(row.right) if row else 0)
                clerk.press(Key.OK)
            case "GivenBack":
                cash = sight.big(clerk.view, "givenback__cash") or 0
                if clerk.hope is None:  # one that was left for later
                    clerk.hopes("refund", -cash)
                clerk.moved(-cash)
                clerk.press(Key.OK)
                return
            case "Idle":
                return
            case _:
                pass
    raise Lost(f"not given back, {clerk.screen} is there")


def _hope_for_reserved(clerk: Clerk, row: int) -> None:
    """The customer is to get what was agreed when it was reserved; the power may go before the screen says so."""
    assert clerk.machine.terminal is not None
    books = clerk.machine.terminal.ledger
    numbers = reserve.open_reservations(books)
    kept = reserve.reserved(books, numbers[row]) if row < len(numbers) else None
    if kept is not None:
        clerk.hopes("refund", cash_of(kept[1].refund))


def open_refunds(clerk: Clerk) -> Job:
    """What a channel has not given back: asked again, or paid in cash by a supervisor."""
    yield from choose(clerk, "giveback")
    yield from clerk.until("GiveBack")
    clerk.press(Key.F2)
    yield from clerk.until("OpenRefunds", acts=5)
    entries, _ = sight.items(clerk.view)
    if not entries:
        clerk.press(Key.CANCEL)
        return
    row = clerk.clock.rng.randrange(len(entries))
    clerk.press(*[Key.DOWN] * row)
    if clerk.clock.rng.random() < 0.3:
        clerk.press(Key.F2)
    else:
        _hope_for_reserved(clerk, row)
        clerk.press(Key.OK)
    yield from clerk.pause(400, 2_000)
    if clerk.screen == "InCash":
        amount = sight.big(clerk.view, "givenback__cash") or 0
        clerk.hopes("refund_turned", -amount)
        clerk.press(Key.OK)
        yield from confirm(clerk)
    elif clerk.screen in ("Reserving", "GivenBack"):
        yield from confirm(clerk)
