"""Wishes of the shop itself: cash moves, the drawer, figures, closing the shift and the day."""

from firmware.events import Key
from simulation import sight
from simulation.cashier import SUPERVISOR
from simulation.clerk import OPENING, Clerk, Job, Lost
from simulation.errands import count
from simulation.wishes import choose, take

FLOAT_MAX_FEN = 1_000_000
"""More no shift may begin with (`shift.float_max_fen` as delivered): it goes to the safe before the shift is closed."""


def cash_move(clerk: Clerk, way: str, amount: int = 0) -> Job:
    """An amount, by chance unless it is given, and a reason; a supervisor for a cashier."""
    rng = clerk.clock.rng
    if not amount:
        amount = rng.randint(1, 500) * 100
        if way == "out":
            amount = min(amount, clerk.day.drawer_fen // 200 * 100) or 100
    yield from choose(clerk, "more", "cash", f"cash_{way}")
    yield from clerk.until(f"cash{way}")
    clerk.type(str(amount))
    clerk.press(Key.OK)
    yield from clerk.until("CashReason")
    clerk.hopes(f"cash_{way}", amount if way == "in" else -amount)
    clerk.press(rng.choice((Key.D1, Key.D2, Key.D3)))
    for _ in range(40):
        yield from clerk.pause()
        if clerk.screen == "Notice":
            clerk.moved(amount if way == "in" else -amount)
            clerk.press(Key.OK)
            return
        if clerk.screen in ("Idle", "CashReason") and clerk.refused:
            clerk.failed()
            return
    raise Lost(f"no answer to the cash move, {clerk.screen} is there")


def cash_in(clerk: Clerk) -> Job:
    """Change from the bank."""
    yield from cash_move(clerk, "in")


def cash_out(clerk: Clerk) -> Job:
    """Large notes to the safe."""
    yield from cash_move(clerk, "out")


def no_sale(clerk: Clerk) -> Job:
    """Somebody wants a note changed."""
    yield from choose(clerk, "more", "cash", "no_sale")
    yield from clerk.until("WhyOpen")
    clerk.press(clerk.clock.rng.choice((Key.D1, Key.D2)))
    for _ in range(20):
        yield from clerk.pause()
        if clerk.screen == "Opened":
            clerk.press(Key.OK)
            return
        if clerk.screen in ("Idle", "WhyOpen"):
            return


def figures(clerk: Clerk) -> Job:
    """X: look at the figures, perhaps print them; nothing changes."""
    yield from choose(clerk, "reports", "x_report")
    for _ in range(clerk.clock.rng.randint(2, 5)):
        yield from clerk.pause()
        clerk.press(Key.DOWN)
    clerk.press(clerk.clock.rng.choice((Key.OK, Key.CANCEL)))
    yield from clerk.pause()


def copy(clerk: Clerk) -> Job:
    """The customer wants the last slip again."""
    yield from clerk.until("Idle")
    clerk.press(Key.HASH)
    for _ in range(25):
        yield from clerk.pause()
        if clerk.screen == "Idle":
            return
        clerk.press(clerk.clock.rng.choice((Key.D1, Key.OK)))


def close(clerk: Clerk) -> Job:
    """Count what lies in the drawer, now and then wrong at first, and hand over."""
    clerk.refused = 0
    surplus = clerk.day.drawer_fen - FLOAT_MAX_FEN
    if surplus > 0 and not clerk.late:
        yield from cash_move(clerk, "out", surplus)
        if clerk.day.drawer_fen > FLOAT_MAX_FEN:
            return
    yield from choose(clerk, "reports", "close_shift")
    wrong = clerk.operator != SUPERVISOR and clerk.clock.rng.random() < 0.3  # hers is the last word
    wrong = wrong and not clerk.counted  # a shift's second count would stand, with the supervisor's word
    for _ in range(600):
        yield clerk.clock.soon_ms(60, 200)
        match clerk.screen:
            case "StillOpen":
                clerk.press(Key.OK if "stillopen__basket" not in sight.row_keys(clerk.view) else Key.F2)
            case "CountDrawer":
                clerk.settle_doubt()
                clerk.counted = True
                lies = clerk.day.drawer_fen + (1_000 if wrong else 0)
                count(clerk, clerk.view, lies, "countdrawer__total")
            case "CountAgain":
                wrong = False
                clerk.press(Key.OK)
            case "ShiftDone":
                note_closing(clerk)
                clerk.counted = False
                clerk.press(Key.OK)
                return
            case "Idle" | "Menu":
                if clerk.refused:
                    return
            case _:
                pass
    raise Lost(f"the shift does not close, {clerk.screen} is there")


def note_closing(clerk: Clerk) -> None:
    """What really lay in the drawer when the shift was closed."""
    terminal = clerk.machine.terminal
    assert terminal is not None
    rows = terminal.ledger.read("SELECT max(seq) FROM journal WHERE kind = 'shift_closed'")
    clerk.day.drawer_at[int(rows[0][0])] = clerk.day.drawer_fen


def through(clerk: Clerk, *names: str) -> Job:
    """Through the menu from a screen that is not for selling."""
    clerk.press(Key.MENU)
    for name in names:
        yield from clerk.until("Menu")
        take(clerk, name)


def close_day(clerk: Clerk) -> Job:
    """Z, by the supervisor, once the shift is closed and before the next one is opened."""
    yield from clerk.until(*OPENING)
    yield from through(clerk, "reports", "close_day")
    yield from clerk.until("CloseTheDay")
    clerk.press(Key.OK)
    yield from clerk.until("SureOfDay")
    clerk.press(Key.F1)
    yield from clerk.until("DayDone")
    clerk.press(Key.OK)
    clerk.closed = True


def evening(clerk: Clerk) -> Job:
    """The supervisor closes the shift, then the day."""
    if clerk.operator != SUPERVISOR:
        yield from choose(clerk, "more", "sign_off")
        yield from clerk.until("signon")
        clerk.operator = SUPERVISOR
        yield from clerk.until("Idle", acts=120)
    clerk.own = OPENING
    yield from close(clerk)
    yield from close_day(clerk)
