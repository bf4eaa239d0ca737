"""What the clerk does on screens that come by themselves, in whatever job: sign-on, shift, refusals, slips, waiting."""

from collections.abc import Callable

from firmware.events import Key
from firmware.view import View
from rules.money import DENOMINATIONS_FEN, change_pieces
from simulation import sight
from simulation.cashier import FACTORY, OWN, SUPERVISOR, local_day
from simulation.clerk import Clerk


def sign_on(clerk: Clerk, view: View) -> int:
    """Number, then PIN: her own if she has chosen one, the factory's before."""
    asked = sight.asked(view)
    assert asked is not None
    if asked.value:
        clerk.press(Key.CLEAR)
        return 80
    if sight.key_of(asked.label) == "signon__number":
        clerk.type(clerk.operator)
    else:
        clerk.type(pins(clerk).get(clerk.operator, FACTORY[clerk.operator]))
    clerk.press(Key.OK)
    return clerk.clock.soon_ms(300, 900)


def pins(clerk: Clerk) -> dict[str, str]:
    """The PINs people have chosen by now, as they remember."""
    known = clerk.memory.setdefault("pins", {})
    assert isinstance(known, dict)
    return known


def new_pin(clerk: Clerk, view: View) -> int:
    """The first sign-on wants a PIN of one's own; typed twice."""
    asked = sight.asked(view)
    assert asked is not None
    if asked.value:
        clerk.press(Key.CLEAR)
        return 80
    who = sight.operator(view)
    clerk.type(OWN[who])
    pins(clerk)[who] = OWN[who]
    clerk.press(Key.OK)
    return 400


def open_shift(clerk: Clerk, view: View) -> int:
    """The float that lies in the drawer."""
    asked = sight.asked(view)
    assert asked is not None
    if sight.key_of(asked.label) == "shift__date":
        today = local_day(clerk.machine.base_ms + clerk.clock.now_ms)
        if asked.value == today:
            clerk.press(Key.OK)
        elif asked.value:
            clerk.press(Key.CLEAR)
        else:
            clerk.type(today)
    elif sight.fen(asked.value) == clerk.day.drawer_fen:
        clerk.press(Key.OK)
    elif sight.fen(asked.value):
        clerk.press(Key.CLEAR)
    else:
        clerk.type(str(clerk.day.drawer_fen))
    return 200


def count(clerk: Clerk, view: View, wanted_fen: int, label: str) -> int:
    """A count by denomination: one key further towards `wanted_fen`."""
    entries, selected = sight.items(view)
    entry = entries[selected]
    wanted_fen = max(0, wanted_fen)  # nobody counts less than nothing
    wanted = dict(change_pieces(wanted_fen, DENOMINATIONS_FEN))
    pieces, denomination = sight.number_in(entry.right, "pieces"), sight.fen(sight.word_in(entry.left, "yuan"))
    if sight.big(view, label) == wanted_fen:
        clerk.press(Key.F1)
    elif pieces == wanted.get(denomination, 0):
        page, pages = sight.pages(view)
        clerk.press(Key.UP if page == pages and selected == len(entries) - 1 else Key.DOWN)
    elif pieces:
        clerk.press(Key.CLEAR)
    else:
        clerk.type(str(wanted[denomination]))
    return 120


def count_float(clerk: Clerk, view: View) -> int:
    """The float by denomination."""
    return count(clerk, view, clerk.day.drawer_fen, "shift__float")


def ok(clerk: Clerk, view: View) -> int:
    """Yes."""
    clerk.press(Key.OK)
    return clerk.clock.soon_ms(200, 800)


def override(clerk: Clerk, view: View) -> int:
    """Something needs a supervisor: mostly one is there."""
    clerk.refused = sight.refusal(view)
    there = clerk.operator != SUPERVISOR and SUPERVISOR in pins(clerk)
    clerk.press(Key.OK if there and clerk.clock.rng.random() < 0.85 else Key.CANCEL)
    return clerk.clock.soon_ms(500, 2_000)


def supervisor(clerk: Clerk, view: View) -> int:
    """The supervisor's number and PIN; now and then the wrong one first."""
    asked = sight.asked(view)
    assert asked is not None
    if asked.value:
        clerk.press(Key.CLEAR)
        return 80
    if sight.key_of(asked.label) == "override__number":
        clerk.type(SUPERVISOR)
    else:
        wrong = "erred" not in clerk.memory and clerk.clock.rng.random() < 0.2
        if wrong:  # once a day: more, and somebody would have to lift the lock
            clerk.memory["erred"] = True
        clerk.type("135790" if wrong else OWN[SUPERVISOR])
    clerk.press(Key.OK)
    return 400


def refused(clerk: Clerk, view: View) -> int:
    """Read it, remember it, go on."""
    clerk.refused = sight.refusal(view)
    if clerk.refused == 8002:
        clerk.machine.drawer.moves(False)
    clerk.press(Key.CANCEL)
    return clerk.clock.soon_ms(400, 1_500)


def unfinished(clerk: Clerk, view: View) -> int:
    """A slip may not be on paper: print it again, or not."""
    clerk.press(clerk.clock.rng.choice((Key.F1, Key.F1, Key.F2, Key.CANCEL)))
    return 700


def kept(clerk: Clerk, view: View) -> int:
    """A basket that a cut left: nobody wants it any more."""
    clerk.press(Key.F2)
    return 500


def wait(clerk: Clerk, view: View) -> int:
    """Something is being worked out."""
    return 300


ERRANDS: dict[str, Callable[[Clerk, View], int]] = {
    "signon": sign_on, "newpin": new_pin, "shift": open_shift, "CountFloat": count_float, "OpenAtOnce": ok,
    "FloatDiffers": ok, "Override": override, "AgeCheck": ok, "Supervisor": supervisor, "Refused": refused,
    "BatchFull": ok, "Unfinished": unfinished, "KeptBasket": kept, "Wait": wait,
}  # fmt: skip
