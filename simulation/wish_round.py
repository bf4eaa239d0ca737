"""Wishes that go round the terminal: looking things up, other people's PINs, the archive, the figures again."""

import re

from firmware.events import Key
from rules.orders import BILL_DIGITS
from rules.slip_code import slip_code
from simulation.clerk import Clerk, Job
from simulation.wish_money import a_code, leave_order, pay_code, state
from simulation.wishes import choose, goods

BILLS = 12
"""Customers who come back with a bill are of the last so many."""

EPOCH_NUMBER = 1
"""What the backend grants the only journal of a simulated terminal; on its slips' barcodes, which are no rows of text."""
NUMBER = re.compile(r"(\d{6})-(\d{6})")


def look_up(clerk: Clerk) -> Job:
    """A customer's bill, be it true (of money this terminal has not heard of, if there is such) or one nobody knows, or the
    trace of a slip."""
    yield from choose(clerk, "payments")
    yield from clerk.until("Orders")
    rng = clerk.clock.rng
    bills = clerk.backend.bills()[-BILLS:]
    unheard = [bill for bill in bills if clerk.has_not_heard(bill)]
    chance = rng.random()
    if bills and (unheard or chance < 0.5):
        yield from show_bill(clerk, rng.choice(unheard or bills))
        return
    if chance < 0.7:
        clerk.scan("".join(rng.choice("0123456789") for _ in range(BILL_DIGITS)))
    else:
        clerk.type("1")
        clerk.press(Key.OK)
    yield from clerk.pause(600, 3_000)
    clerk.press(Key.OK)


def show_bill(clerk: Clerk, bill: str) -> Job:
    """A customer shows that she has paid. Money the channel holds is never said to be unknown to everybody."""
    clerk.scan(bill)
    yield from clerk.pause(2_000, 6_000)
    said = state(clerk)
    if said == "looked__absent" and bill in clerk.backend.bills():
        clerk.machine.object(f"the bill {bill} of money the channel holds is said to be nobody's")
    if said.startswith("looked__"):
        clerk.machine.met.count(clerk.machine.met.faults, said.replace("looked__", "bill_"))
    clerk.press(Key.OK)


def find_slip(clerk: Clerk) -> Job:
    """A copy of an older slip: by its number, its amount, or from the list; perhaps with a supervisor."""
    yield from choose(clerk, "slips", "reprint_find")
    yield from clerk.until("FindSlip")
    numbers = [found[0] for slip in clerk.day.slips[-40:] for row in slip.rows if (found := NUMBER.search(row))]
    if numbers and clerk.clock.rng.random() < 0.6:
        clerk.scan(clerk.clock.rng.choice(numbers))
    else:
        clerk.press(Key.OK)
    yield from press_on(clerk, (Key.OK, Key.D1, Key.OK, Key.DOWN))


def slip_at_idle(clerk: Clerk) -> Job:
    """Somebody holds a slip under the scanner: what may be done with it is offered, mostly nothing is wanted."""
    yield from clerk.until("Idle")
    numbers = [found for slip in clerk.day.slips[-20:] for row in slip.rows if (found := NUMBER.search(row))]
    if numbers:
        batch, trace = map(int, clerk.clock.rng.choice(numbers).groups())
        clerk.scan(slip_code(clerk.day.terminal, EPOCH_NUMBER, batch, trace))
        yield from clerk.until("SlipScanned", "Refused")
        clerk.press(Key.CANCEL)
        yield from clerk.pause()


def amount_and_code(clerk: Clerk) -> Job:
    """An amount is typed, and the customer shows the code at once."""
    yield from clerk.until("Idle")
    clerk.type(str(clerk.clock.rng.randint(100, 9_999)))
    yield from clerk.pause()
    if clerk.screen == "Amount":
        yield from pay_code(clerk)
    yield from leave_order(clerk)


def archive(clerk: Clerk) -> Job:
    """Copies made so far."""
    yield from choose(clerk, "slips", "reprint_archive")
    yield from press_on(clerk, (Key.DOWN, Key.OK, Key.UP, Key.F1))


def press_on(clerk: Clerk, keys: tuple[Key, ...]) -> Job:
    """A few keys that suit, then home."""
    for _ in range(clerk.clock.rng.randint(2, 6)):
        yield from clerk.pause()
        if clerk.screen == "Idle":
            return
        clerk.press(clerk.clock.rng.choice(keys))
    yield from clerk.pause()
    clerk.hold(Key.CANCEL)


def drawer_log(clerk: Clerk) -> Job:
    """What the drawer was opened for."""
    yield from choose(clerk, "more", "cash", "drawer_log")
    yield from press_on(clerk, (Key.DOWN, Key.UP))


def people(clerk: Clerk) -> Job:
    """The supervisor looks after a cashier's lock or PIN; a cashier may not."""
    yield from choose(clerk, "more", "operators")
    yield from clerk.until("Operators")
    yield from press_on(clerk, (Key.OK, Key.DOWN, Key.UP))


def code_on_basket(clerk: Clerk) -> Job:
    """The customer's code is scanned while goods are still being scanned."""
    yield from goods(clerk)
    clerk.scan(a_code(clerk))
    yield from clerk.pause()
    if clerk.screen == "ToPayment":
        clerk.press(clerk.clock.rng.choice((Key.OK, Key.CANCEL)))
    yield from clerk.pause(500, 4_000)


def settle_again(clerk: Clerk) -> Job:
    """The settlement of the last batch: looked at, asked again, its detail printed."""
    yield from choose(clerk, "reports", "settlement")
    yield from press_on(clerk, (Key.OK, Key.F1, Key.F2, Key.DOWN))


PAPERS = (("vouchers", "deals"), ("slips", "selftest"), ("reports", "rights"))


def papers(clerk: Clerk) -> Job:
    """What changes nothing: the vouchers' list of deals, the printer's page about itself, who may do what."""
    yield from choose(clerk, *clerk.clock.rng.choice(PAPERS))
    yield from press_on(clerk, (Key.OK, Key.F1, Key.F2, Key.DOWN))
