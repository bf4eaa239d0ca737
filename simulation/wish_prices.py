"""Wishes about the price, and about orders that are put aside."""

from firmware.events import Key
from simulation.clerk import Clerk, Job
from simulation.wish_money import leave_order, pay_code
from simulation.wishes import goods, take_cash

LOWERS = ("line", "price", "order", "rounding", "member", "take_back")
DIGITS = {"line": Key.D1, "price": Key.D2, "order": Key.D3, "rounding": Key.D4, "member": Key.D5, "hold": Key.D6,
          "take_back": Key.D7}  # fmt: skip


def cheaper(clerk: Clerk) -> Job:
    """The customer gets something off, once or twice, more than the cashier may now and then; then pays."""
    rng = clerk.clock.rng
    yield from goods(clerk)
    for _ in range(rng.randint(1, 3)):
        yield from lower(clerk, rng.choice(LOWERS))
        yield from clerk.pause()
        if clerk.screen != "BasketScreen":
            return
    clerk.press(Key.OK)
    yield from clerk.until("Cash", acts=20)
    if rng.random() < 0.4:
        yield from pay_code(clerk)
        yield from leave_order(clerk)
    else:
        yield from take_cash(clerk)


def lower(clerk: Clerk, what: str) -> Job:
    """One step down, with its reason, and with a supervisor where it is too much."""
    rng = clerk.clock.rng
    clerk.press(Key.F2)
    yield from clerk.until("PriceMenu")
    clerk.press(DIGITS[what])
    yield from clerk.pause()
    if clerk.screen == "Off":
        if what in ("line", "order") and rng.random() < 0.5:
            clerk.press(Key.F1)
            clerk.type(str(rng.randint(1, 300)))
        else:
            clerk.type(str(rng.randint(1, 35) if what in ("line", "order") else rng.randint(1, 400)))
        clerk.press(Key.OK)
    for _ in range(20):
        yield from clerk.pause()
        match clerk.screen:
            case "BasketScreen":
                return
            case "MemberPrices":
                clerk.press(Key.OK)
            case "Reason":
                clerk.press(Key.D1)
            case "Off" | "PriceMenu":
                clerk.press(Key.CANCEL)
            case _:
                pass


def hold(clerk: Clerk) -> Job:
    """The customer forgot something: the goods wait under a number."""
    yield from goods(clerk)
    if clerk.clock.rng.random() < 0.3:
        yield from lower(clerk, "line")
    clerk.press(Key.F2)
    yield from clerk.until("PriceMenu", acts=10)
    clerk.press(clerk.clock.rng.choice((Key.D6, Key.F2)))
    yield from clerk.until("Held", acts=20)
    clerk.press(Key.OK)


def recall(clerk: Clerk) -> Job:
    """She is back and pays; or she never comes."""
    rng = clerk.clock.rng
    yield from clerk.until("Idle")
    clerk.press(Key.F2)
    yield from clerk.until("Holds", acts=4)
    clerk.press(*[Key.DOWN] * rng.randint(0, 2))
    if rng.random() < 0.2:
        clerk.press(Key.F2)
        yield from clerk.until("DropReason")
        clerk.press(Key.D1)
        yield from clerk.pause()
        return
    clerk.press(Key.OK)
    yield from clerk.until("BasketScreen", acts=20)
    clerk.press(Key.OK)
    yield from take_cash(clerk)
