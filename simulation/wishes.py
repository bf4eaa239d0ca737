"""What customers and the day ask of the clerk: each wish is one plan of keys and scans."""

from firmware.events import Key
from simulation import sight
from simulation.cashier import SUPERVISOR
from simulation.clerk import Clerk, Job, Lost
from simulation.goods import shelf

GOODS_MAX = 4


def goods(clerk: Clerk) -> Job:
    """Some goods into an empty basket."""
    rng = clerk.clock.rng
    if clerk.screen == "BasketScreen":
        yield from give_up(clerk)
    for _ in range(rng.randint(1, GOODS_MAX)):
        product = rng.choice(shelf().pieces)
        clerk.scan(rng.choice(product.barcodes))
        yield clerk.clock.soon_ms(500, 1_800)
    yield from clerk.until("BasketScreen")


def give_up(clerk: Clerk) -> Job:
    """The basket goes back to the shelf."""
    clerk.press(Key.CANCEL)
    yield from clerk.until("Confirm")
    clerk.press(Key.OK)
    yield from clerk.until("Idle")


def take_cash(clerk: Clerk) -> Job:
    """From the sum asked for to the change in the customer's hand; small sums have a screen of their own in some shops."""
    if (yield from clerk.until("Cash", "SmallAmounts")) == "SmallAmounts":
        if clerk.clock.rng.random() < 0.5:
            clerk.hopes("sale", sight.big(clerk.view, "cash__due") or 0)
            clerk.press(Key.OK)
            yield from settled(clerk, None)
            return
        clerk.press(Key.F2)
        yield from clerk.until("Cash")
    due = sight.big(clerk.view, "cash__due")
    assert due is not None
    if clerk.clock.rng.random() < 0.5:
        paid = due
        clerk.hopes("sale", due)
        clerk.press(Key.F1)
    else:
        paid = due + clerk.clock.rng.randint(0, 9_000)
        clerk.type(str(paid))
        yield from clerk.pause()
        if clerk.screen != "Cash":
            raise Lost("something came between")
        clerk.hopes("sale", due)
        clerk.press(Key.OK)
    yield from settled(clerk, paid)


def settled(clerk: Clerk, paid: int | None) -> Job:
    """The slip, if the shop asks, and the change; None: what was paid is what is due."""
    yield from clerk.pause(50, 100)
    if clerk.screen == "AskSlip":
        clerk.press(Key.OK)
    yield from clerk.until("Sold")
    change = sight.big(clerk.view, "done__change")
    assert change is not None
    given = sight.row(clerk.view, "cash__given")
    assert given is not None
    clerk.moved((sight.fen(given.right) if paid is None else paid) - change)
    if clerk.clock.rng.random() < 0.1:
        clerk.press(Key.F2)  # the copy for the customer's telephone, where the shop has one
        yield from clerk.pause()


def cash(clerk: Clerk) -> Job:
    """Goods for cash."""
    yield from goods(clerk)
    clerk.press(Key.OK)
    yield from take_cash(clerk)


def choose(clerk: Clerk, *names: str) -> Job:
    """Through the menu: each name is the text `menu__NAME` of an entry."""
    if (yield from clerk.until("Idle", "BasketScreen", "Sold")) == "Sold":
        clerk.press(Key.OK)
        yield from clerk.until("Idle")
    clerk.press(Key.MENU)
    for name in names:
        yield from clerk.until("Menu")
        yield from clerk.pause()
        take(clerk, name)


def take(clerk: Clerk, name: str) -> None:
    """The entry of this name, on the first page of the list or on its last."""
    for _ in range(2):
        entries, _ = sight.items(clerk.view)
        digits = [entry.number for entry in entries if sight.key_of(entry.left) == f"menu__{name}"]
        if digits:
            clerk.press(Key(digits[0]))
            return
        clerk.press(Key.UP)
    raise Lost(f"no {name} in the menu for {clerk.operator}")


def sign_off(clerk: Clerk) -> Job:
    """Somebody else takes over: mostly one of the cashiers."""
    yield from choose(clerk, "more", "sign_off")
    yield from clerk.until("signon")
    clerk.operator = clerk.clock.rng.choice(("01", "01", "02", SUPERVISOR))
