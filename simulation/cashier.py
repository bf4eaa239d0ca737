"""A cashier and her customers: she reads the screen and does what a person would, mistakes included."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from firmware.events import Key, KeyHeld, KeyPressed, Scanned, ScanRejected
from firmware.view import View, text
from rules.money import COMMON_DENOMINATIONS_FEN, change_pieces
from simulation import sight
from simulation.clockwork import Clockwork
from simulation.goods import BAD_SCANS, Good, bad_scan, pick
from simulation.machine import Machine
from simulation.mind import Mind
from simulation.witness import Day

FACTORY = {"01": "0000", "02": "0000", "00": "123456", "99": "88888888"}
OWN = {"01": "2580", "02": "739146", "00": "918273", "99": "40718293"}
POOR_PINS = ("1234", "0000", "7777", "1987", "4567", "12345")
SUPERVISOR = "00"
RETIRED = "03"
"""A number that may no longer sign on."""

LOCK_MS = 5 * 60_000
WRONG_PIN_MS = 3_200
"""The terminal looks at no PIN for up to three seconds after a wrong one, and she knows."""

STUCK_MS = 20_000
TRIES_MAX = 3
NO_MASH = ("Wizard", "Wait", "CountFloat", "OpenAtOnce", "FloatDiffers")
HARMLESS = (6007, 8001, 8003, 9002, 9008, 9009, 9011, 9012, 9013)
"""Refusals a good that is on the shelf may meet."""

Pay = Literal["exact", "exact_ok", "quick", "note", "typed", "over", "short", "back"]
PAYS: tuple[Pay, ...] = ("exact", "exact_ok", "quick", "note", "typed", "over", "short", "back")
Chore = Literal[
    "language", "about", "look_unfinished", "menu_away", "sign_off", "sign_off_to_other", "lock", "wrong_pin",
    "stranger", "admin", "hold_cancel",
]  # fmt: skip
SIGN_OFFS = frozenset({"sign_off", "sign_off_to_other", "lock", "wrong_pin", "stranger", "admin"})
"""Chores that end with signing off by the menu."""

CHORES: tuple[Chore, ...] = (
    "language", "about", "look_unfinished", "menu_away", "sign_off", "sign_off_to_other", "lock", "wrong_pin",
    "stranger", "admin", "hold_cancel",
)  # fmt: skip


@dataclass(slots=True)
class Customer:
    """Somebody with goods. `unwanted`: numbers of goods they have changed their mind about."""

    goods: list[Good]
    pay: Pay
    came_ms: int
    patience_ms: int
    gives_up: bool = False  # will leave the goods behind before paying
    aside: set[int] = field(default_factory=set)
    unwanted: set[int] = field(default_factory=set)
    tries: dict[int, int] = field(default_factory=dict)
    bad_scans: int = 0
    odd: str = ""  # something odd done once: too_many | weighed_times | fewer


def customer(clock: Clockwork, number: int) -> Customer:
    """The next customer."""
    rng = clock.rng
    count = min(40, 1 + int(rng.expovariate(0.45)))
    if rng.random() < 0.01:
        count = rng.randint(40, 80)
    goods = [pick(rng, number * 1000 + index) for index in range(count)]
    if rng.random() < 0.2:  # one of them twice
        goods.append(replace(rng.choice(goods), number=number * 1000 + 999))
    amounts = [good for good in goods if good.how == "amount"]
    goods = amounts[:1] + [good for good in goods if good.how != "amount"]  # a typed amount can only come first
    made = Customer(goods, rng.choice(PAYS), clock.now_ms, rng.randint(60_000, 1_500_000))
    made.gives_up = rng.random() < 0.03
    if count > 1 and rng.random() < 0.08:
        made.unwanted.add(rng.choice(goods).number)
    if rng.random() < 0.1:
        made.odd = rng.choice(("too_many", "weighed_times", "fewer"))
    made.bad_scans = 1 if rng.random() < 0.15 else 0
    return made


@dataclass(slots=True)
class Cashier:
    """She acts every now and then; each act is one key or one scan."""

    clock: Clockwork
    machine: Machine
    day: Day
    mind: Mind
    queue: deque[Customer] = field(default_factory=deque)
    chores: deque[Chore] = field(default_factory=deque)
    customer: Customer | None = None
    served: int = 0
    lost: int = 0
    _keys: deque[Key] = field(default_factory=deque)
    _keys_on: str = ""  # the screen those keys are meant for
    _who: str = "01"
    _pins: dict[str, list[str]] = field(default_factory=lambda: {who: [pin] for who, pin in FACTORY.items()})
    _wrong_left: int = 0
    _locked_ms: dict[str, int] = field(default_factory=dict)
    _fresh_boot: bool = False  # no PIN was refused since
    _in_doubt: set[str] = field(default_factory=set)  # whose lock may be the wait that a boot begins anew
    _failures: dict[str, int] = field(default_factory=dict)
    _tried: str = ""  # the PIN given last
    _poor_pin: str = ""
    _chore: Chore | None = None
    _was: str = ""
    _view: View | None = None
    _wait_since_ms: int = 0
    _entered: str = ""  # screen she has just come to
    _bad: str = ""
    _dates: int = 0
    _last_refusal: int = 0
    _menu_steps: int = 0
    _counted_again: bool = False
    _strange_next: bool = False
    _strange: bool = False  # a number nobody has was typed
    _admin_tries_next: bool = False

    def comes(self, number: int) -> None:
        """A customer comes to the counter; where no amounts may be typed, goods without a code stay on the shelf."""
        person = customer(self.clock, number)
        if not self.machine.settings.sale.amount_lines:
            person.goods = [good for good in person.goods if good.how != "amount"]
        self.queue.append(person)

    def act(self) -> int:
        """One act; the ms until the next."""
        view = self.machine.view
        if view is None:
            self._keys.clear()
            self._patience()
            return 1_000
        self.mind.look(view)
        if view is not self._view:
            self._view = view
            for code in sight.codes(view):
                self.machine.met.count(self.machine.met.codes, code)
        name = sight.screen(view)
        fresh, self._was = name != self._was, name
        if fresh:
            self._wait_since_ms = self.clock.now_ms
        if self._keys and (self._keys_on == name or self.clock.rng.random() < 0.05):
            self._press(self._keys.popleft())
            return self.clock.soon_ms(120, 350)
        self._keys.clear()
        self._patience()
        if name != "Sold" and self.machine.drawer.open and self.clock.rng.random() < 0.1:
            self.machine.drawer.moves(False)
        wait = self._see(name, view, fresh)
        return wait if wait else self.clock.soon_ms(250, 900)

    # --- hands --------------------------------------------------------------------------------------------------------

    def _press(self, key: Key) -> None:
        view = self.machine.view
        if view is None or not self.machine.keypad:
            return
        self.mind.look(view)
        self.mind.pressed(key, view)
        self.machine.step(KeyPressed(key))
        self._glance()

    def _glance(self) -> None:
        if self.machine.view is not None:
            self.mind.look(self.machine.view)

    def _type(self, digits: str, then: Key | None = Key.OK, name: str = "") -> None:
        """Keys to be pressed one after the other on this screen."""
        self._keys.extend(Key(digit) for digit in digits)
        if then is not None:
            self._keys.append(then)
        self._keys_on = name or self._was
        self._press(self._keys.popleft())

    def _scan(self, text: str) -> None:
        view = self.machine.view
        if view is None or not self.machine.scanner:
            return
        self.mind.look(view)
        if len(text) > 1_024 and self.clock.rng.random() < 0.5:
            self.machine.step(ScanRejected("too_long"))
        else:
            self.mind.scanned(text, view)
            self.machine.step(Scanned(text))
        self._glance()

    def mash(self, keys: int) -> None:
        """Impatience: any keys, quickly. Not where a number is asked that cannot be taken back."""
        view = self.machine.view
        if view is None or view.name in NO_MASH:
            return
        self._bad, self.mind.goal = "mash", None
        for _ in range(keys):
            if self.machine.view is not None and self.machine.view.name not in NO_MASH:
                self._press(self.clock.rng.choice(tuple(Key)))

    def bounce(self) -> None:
        """A key that bounces."""
        view = self.machine.view
        if view is not None and view.name not in NO_MASH:
            self._bad, self.mind.goal = "bounce", None
            key = self.clock.rng.choice((Key.OK, Key.OK, Key.CANCEL, Key.CLEAR))
            self._press(key)
            if self.machine.view is not None and self.machine.view.name not in NO_MASH:
                self._press(key)

    def expect_refusal(self, why: str) -> None:
        """What happened was not her doing; the next refusal is no surprise."""
        self._bad = why

    def somebody_scans(self, text: str) -> None:
        """An unknown code comes in without her doing."""
        self.expect_refusal("stray")
        self.machine.post(Scanned(text), 0)

    def stray(self, text: str) -> None:
        """The scanner reads something nobody meant to sell."""
        view = self.machine.view
        if view is not None and view.name not in ("Idle", "Amount", "BasketScreen", "Search", "Sold"):
            self._bad, self.mind.goal = "stray", None
            self._scan(text)

    def hold(self, key: Key) -> None:
        """A key is held down."""
        view = self.machine.view
        if view is not None and self.machine.keypad and view.name not in NO_MASH:
            self._press(key)
            self.machine.step(KeyHeld(key))
            self._glance()

    # --- eyes ---------------------------------------------------------------------------------------------------------

    def _see(self, name: str, view: View, fresh: bool) -> int:
        """What to do on this screen; ms to wait, 0 for the usual."""
        sees: dict[str, Callable[[View, bool], int]] = {
            "signon": self._sign_on, "newpin": self._new_pin, "shift": self._open_shift, "Idle": self._idle,
            "Amount": self._amount, "BasketScreen": self._basket, "Search": self._search, "Cash": self._cash,
            "Overpaid": self._overpaid, "AskSlip": self._ask_slip, "Weight": self._weight,
            "CountFloat": self._count_float, "OpenAtOnce": self._open_at_once, "FloatDiffers": self._float_differs,
            "Sold": self._sold, "Menu": self._menu, "Confirm": self._confirm, "AgeCheck": self._age,
            "Unfinished": self._unfinished, "KeptBasket": self._kept, "Refused": self._refused, "Wait": self._wait,
        }  # fmt: skip
        return sees.get(name, self._read)(view, fresh)

    def _read(self, view: View, fresh: bool) -> int:
        """Something to read."""
        if fresh:
            return self.clock.soon_ms(500, 3_000)
        self._press(self.clock.rng.choice((Key.OK, Key.CANCEL)))
        return 0

    def _age(self, view: View, fresh: bool) -> int:
        """Most who want beer are old enough; the others go without."""
        if fresh:
            return self.clock.soon_ms(500, 2_000)
        self._press(Key.OK if self.clock.rng.random() < 0.85 else Key.CANCEL)
        return 0

    def _wait(self, view: View, fresh: bool) -> int:
        if self.clock.now_ms - self._wait_since_ms > STUCK_MS:
            self.machine.object("the screen says to wait, and nothing ever comes")
            self.hold(Key.CANCEL)
            self._wait_since_ms = self.clock.now_ms
        return 300

    def _refused(self, view: View, fresh: bool) -> int:
        code = sight.refusal(view)
        if fresh:
            self._last_refusal = code
            if code == 8002:
                self.machine.drawer.moves(False)
            self._judge(code)
            return self.clock.soon_ms(400, 2_000) + (WRONG_PIN_MS if code == 2002 else 0)
        self._press(self.clock.rng.choice((Key.OK, Key.OK, Key.CANCEL, Key.CLEAR)))
        return 0

    def _judge(self, code: int) -> None:
        """A refusal where there should be none is worth an objection."""
        if code == 2002 and self._tried:
            self._pin_was_wrong()
        elif code == 2004:
            fresh = self._who not in self._locked_ms
            if fresh and self._fresh_boot:
                self._in_doubt.add(self._who)
            self._locked_ms.setdefault(self._who, self.clock.now_ms)
            self._wrong_left = 0
            if not (fresh and self._tried):  # her third wrong one: she tries the right one before she fetches somebody
                self._who = self._someone_else()
        elif code in (6001, 6004, 6005, 6018, 6019) and not self._bad and self.mind.goal is not None:
            self.machine.object(f"[{code}] for {self.mind.goal}")
        self._fresh_boot = self._fresh_boot and code not in (2002, 2004)
        self._bad = ""

    # --- signing on -----------------------------------------------------------------------------------------------------

    def _sign_on(self, view: View, fresh: bool) -> int:
        asked = sight.asked(view)
        assert asked is not None
        if asked.value:
            self._type("", Key.CLEAR)
            return 200
        if sight.key_of(asked.label) == "signon__number":
            self._strange, self._strange_next, self._tried = self._strange_next, False, ""
            self._type(self.clock.rng.choice(("77", RETIRED)) if self._strange else self._who)
            return 200
        if self._strange:
            self._type("5555")
            return 200
        self._tried = self._pins[self._who][0]
        if self._wrong_left and self._failures.get(self._who, 0) < 3:
            self._wrong_left -= 1
            self._tried = "9630"
        self._type(self._tried)
        return 200

    def _pin_was_wrong(self) -> None:
        self._failures[self._who] = self._failures.get(self._who, 0) + 1
        if self._failures[self._who] == 3:
            self._locked_ms[self._who] = self.clock.now_ms
        pins = self._pins[self._who]
        if self._tried == pins[0]:
            pins.append(pins.pop(0))
        self._tried = ""

    def went_dark(self) -> None:
        """The terminal is gone: what it may offer later is in her head."""
        self.mind.went_dark()

    def evening(self) -> None:
        """She serves whoever still waits."""

    def restless(self) -> dict[str, bool]:
        """What there is to do before the evening: name -> done."""
        return {
            "customers": self.customer is None and not self.queue,
            "a sale in doubt": self.mind.paying is None,
            "a basket in doubt": self.mind.left is None,
        }

    def came_back(self) -> None:
        """After a boot a lock runs its full time again (decisions 17)."""
        for who in self._locked_ms:
            self._locked_ms[who] = self.clock.now_ms
        self._fresh_boot = True

    def _is_on(self, view: View) -> None:
        """Somebody is signed on."""
        who = sight.operator(view)
        if not who or not self._tried:
            return
        locked = self._locked_ms.pop(who, None)
        doubted, self._in_doubt = who in self._in_doubt, self._in_doubt - {who}
        if locked is not None and not doubted and self.clock.now_ms - locked < LOCK_MS:
            self.machine.object(f"{who} signed on {self.clock.now_ms - locked} ms after the PIN was locked")
        if self._tried != self._pins[who][0]:
            self.machine.object(f"{who} signed on with a wrong PIN")
        self._failures[who] = 0
        self._tried = ""
        self._who = who

    def _someone_else(self) -> str:
        usable = [who for who in ("01", "02", "00") if who != self._who and not self._is_locked(who)]
        return self.clock.rng.choice(usable or ["01"])

    def _is_locked(self, who: str) -> bool:
        return who in self._locked_ms and self.clock.now_ms - self._locked_ms[who] <= LOCK_MS

    def _new_pin(self, view: View, fresh: bool) -> int:
        who = sight.operator(view)
        self._is_on(view)
        asked = sight.asked(view)
        assert asked is not None
        if asked.value:
            self._type("", Key.CLEAR)
            return 200
        first = sight.key_of(asked.label) == "newpin__new"
        if first:
            self._poor_pin = self.clock.rng.choice(POOR_PINS) if self.clock.rng.random() < 0.4 else ""
        if self._poor_pin:
            self._type(self._poor_pin if first or self.clock.rng.random() < 0.6 else "2222")
            return 300
        if not first:
            self._pins[who] = [OWN[who], FACTORY[who]]
        self._type(OWN[who])
        return 300

    def _open_shift(self, view: View, fresh: bool) -> int:
        self._is_on(view)
        if self._not_mine(view):
            return 400
        asked = sight.asked(view)
        assert asked is not None
        if sight.key_of(asked.label) == "shift__date":
            today = local_day(self.machine.base_ms + self.clock.now_ms)
            if asked.value == today:
                self._press(Key.OK)
            elif asked.value:
                self._type("", Key.CLEAR)
            else:
                self._dates += 1
                self._type("20261399" if self._dates == 1 and self.clock.rng.random() < 0.5 else today)
            return 150
        typed = sight.fen(asked.value)
        if typed == self.day.float_fen:
            self._press(Key.OK)
        elif typed:
            self._press(Key.CLEAR)
        else:
            self._type(str(self.day.float_fen), None)
        return 300

    def _not_mine(self, view: View) -> bool:
        """The administrator cannot open a shift: he signs off."""
        if sight.operator(view) != "99":
            return False
        self._who = "01"
        self._press(Key.CANCEL)
        return True

    def _count_float(self, view: View, fresh: bool) -> int:
        """The float by denomination."""
        self._is_on(view)
        if self._not_mine(view):
            return 400
        entries, selected = sight.items(view)
        entry = entries[selected]
        wanted = dict(change_pieces(self.day.float_fen, COMMON_DENOMINATIONS_FEN))
        pieces, denomination = sight.number_in(entry.right, "pieces"), sight.fen(sight.word_in(entry.left, "yuan"))
        if sight.big(view, "shift__float") == self.day.float_fen:
            self._press(Key.F1)
        elif pieces == wanted.get(denomination, 0):
            page, pages = sight.pages(view)
            last = page == pages and selected == len(entries) - 1
            self._press(Key.UP if last else self.clock.rng.choice((Key.OK, Key.DOWN)))
        elif pieces:
            self._press(Key.CLEAR)
        else:
            self._type(str(wanted[denomination]), None)
        return 250

    def _open_at_once(self, view: View, fresh: bool) -> int:
        self._is_on(view)
        if not self._not_mine(view):
            self._press(Key.OK)
        return 300

    def _float_differs(self, view: View, fresh: bool) -> int:
        """The shop expects another float: count once more, then open with what there is."""
        given = sight.row(view, "shift__float")
        assert given is not None
        sure, self._counted_again = self._counted_again, True
        self._press(Key.OK if sight.fen(given.right) == self.day.float_fen and sure else Key.CANCEL)
        return 0

    # --- selling --------------------------------------------------------------------------------------------------------

    def _patience(self) -> None:
        """Customers who wait too long leave; not those who have just paid."""
        now = self.clock.now_ms
        while self.queue and now - self.queue[0].came_ms > self.queue[0].patience_ms:
            self.queue.popleft()
            self.lost += 1
        if self.customer and now - self.customer.came_ms > self.customer.patience_ms and self.mind.paying is None:
            self.customer = None
            self.lost += 1

    def _todo(self) -> list[Good]:
        """Goods on the counter that are not in the basket."""
        assert self.customer is not None
        gone = self.mind.tally.numbers | self.customer.aside
        if not self.mind.tally.lines:
            return [good for good in self.customer.goods if good.number not in gone]
        return [good for good in self.customer.goods if good.number not in gone and good.how != "amount"]

    def _idle(self, view: View, fresh: bool) -> int:
        self._is_on(view)
        if sight.operator(view) == "99":
            return self._admin_tries()
        if self._do_chore():
            return 400
        if self.customer is None:
            if not self.queue:
                return self.clock.soon_ms(4_000, 15_000)
            self.customer = self.queue.popleft()
        if self._stray_scan():
            return 600
        todo = self._todo()
        if not todo:
            self.customer = None
            return 500
        return self._enter(todo[0], view)

    def _admin_tries(self) -> int:
        """The administrator may not sell (two-person rule); he tries once, then signs off."""
        if self._admin_tries_next:
            self._admin_tries_next = False
            self._bad = "right"
            good = pick(self.clock.rng, -1)
            self.mind.goal = good
            if good.how != "amount":
                self._scan(good.code)
            return 800
        self._chore = "sign_off"
        self._press(Key.MENU)
        return 400

    def _do_chore(self) -> bool:
        if self._chore is None and self.chores:
            self._chore = self.chores.popleft()
        if self._chore is None:
            return False
        if self._chore == "hold_cancel":
            self._chore = None
            self.hold(Key.CANCEL)
        else:
            self._press(Key.MENU)
        return True

    def _stray_scan(self) -> bool:
        assert self.customer is not None
        if not self.customer.bad_scans:
            return False
        self.customer.bad_scans -= 1
        self._bad = self.clock.rng.choice(BAD_SCANS)
        self.machine.met.count(self.machine.met.faults, f"scan_{self._bad}")
        self._scan(bad_scan(self.clock.rng, self._bad))
        return True

    def _enter(self, good: Good, view: View) -> int:
        """Put one good in."""
        assert self.customer is not None
        tries = self.customer.tries[good.number] = self.customer.tries.get(good.number, 0) + 1
        if tries > TRIES_MAX:
            self.customer.aside.add(good.number)
            return 200
        self.mind.goal, self._bad = good, ""
        if good.how == "amount" and view.name in ("Idle", "Sold"):
            self._press(Key(str(good.amount_fen)[0]))
            return 200
        in_basket = view.name == "BasketScreen"
        if good.how == "number" and in_basket:
            self._type(good.sku)
            return 300
        if (good.how in ("search", "scale") or not self.machine.scanner) and good.pad:
            self.mind.search_times = 1
            self._press(Key.F1)
            return 300
        if in_basket and (good.how == "typed" or not self.machine.scanner):
            self._type(good.code)
            return 300
        if in_basket and good.times > 1 and sight.times(view) != good.times:
            self.customer.tries[good.number] -= 1
            self._type(str(good.times), Key.STAR)
            return 300
        self._scan(good.code)
        return self.clock.soon_ms(600, 2_600)

    def _amount(self, view: View, fresh: bool) -> int:
        goal = self.mind.goal
        typed = sight.big(view, "amount__label") or 0
        if goal is None or goal.how != "amount" or self.customer is None:
            self._press(Key.CANCEL)
            return 0
        wanted = str(goal.amount_fen)
        if typed == goal.amount_fen:
            self._press(Key.OK)
        elif typed and wanted.startswith(str(typed)):
            self._press(Key(wanted[len(str(typed))]))
        elif typed:
            self._press(Key.CLEAR)
        else:
            self._press(Key(wanted[0]))
        return self.clock.soon_ms(120, 400)

    def _basket(self, view: View, fresh: bool) -> int:
        self._is_on(view)
        if sight.operator(view) == "99" and self._chore is None:  # there is a basket: does it let him sell?
            self._chore = "sign_off"
            self._bad = "right"
            self._press(Key.OK)
            return 500
        if self._do_chore():
            return 400
        if sight.field(view, "basket__typed") is not None:
            self._press(Key.CANCEL)
            return 200
        if self.customer is None:
            return self._nobody(view)
        if self.customer.gives_up and self.clock.rng.random() < 0.3:
            self.customer = None
            return 500
        if self._put_back(view) or (not sight.times(view) and self._something_odd(view)):
            return 300
        if not sight.times(view) and self._stray_scan():
            return 600
        todo = self._todo()
        if sight.times(view) and (not todo or todo[0].times != sight.times(view)):
            self._press(Key.CLEAR)
            return 200
        if todo:
            return self._enter(todo[0], view)
        self._press(Key.OK)
        return 400

    def _nobody(self, view: View) -> int:
        """The customer has gone: give the basket up."""
        if sight.times(view):
            self._press(Key.CLEAR)
        else:
            self._press(Key.CANCEL)
        return 300

    def _put_back(self, view: View) -> bool:
        """Delete what the customer does not want after all."""
        assert self.customer is not None
        if sight.times(view) or sight.field(view, "basket__typed"):
            return False
        unwanted = self.customer.unwanted
        places = [i for i, line in enumerate(self.mind.tally.lines) if set(line.goods) & unwanted]
        if not places or len(self.mind.tally.lines) < 2:
            return False
        entries, selected = sight.items(view)
        chosen = int(entries[selected].number) - 1
        if chosen == places[0]:
            self.customer.aside |= set(self.mind.tally.lines[chosen].goods)
            self._press(Key.CLEAR)
        else:
            self._press(Key.UP if self.clock.rng.random() < 0.5 or chosen > places[0] else Key.DOWN)
        return True

    def _something_odd(self, view: View) -> bool:
        assert self.customer is not None
        odd, last = self.customer.odd, self.mind.tally.lines[-1] if self.mind.tally.lines else None
        if last is None or not odd:
            return False
        if odd == "too_many":
            self._type("9999", Key.STAR)
            self._keys.append(Key.OK)
        elif odd == "weighed_times" and last.weighed:
            self._type("2", Key.STAR)
            self._keys.append(Key.OK)
        elif odd == "fewer" and not last.weighed and last.sku:
            self._type(str(max(1, last.quantity_milli // 1000 - 1)), Key.STAR)
            self._keys.append(Key.OK)
        else:
            return False
        self.customer.odd = ""
        return True

    def _search(self, view: View, fresh: bool) -> int:
        goal = self.mind.goal
        typed = sight.field(view, "search__label")
        assert typed is not None
        if goal is None or not goal.pad or self.customer is None:
            self._press(Key.CANCEL)
            return 0
        digits = goal.pad[:20]
        if typed.value != digits:
            if typed.value:
                self._press(Key.CLEAR if not digits.startswith(typed.value) else Key(digits[len(typed.value)]))
            else:
                self._type(digits, None)
            return 150
        entries, selected = sight.items(view)
        label = goal.name_en if view.lang == "en" and goal.name_en else goal.name
        rows = [i for i, entry in enumerate(entries) if (entry.left, sight.fen(entry.right)) == (label, goal.price_fen)]
        page, pages = sight.pages(view)
        if rows and rows[0] == selected:
            self._press(Key.OK)
        elif rows:
            self._press(Key.DOWN if rows[0] > selected else Key.UP)
        elif page < pages:
            self._press(self.clock.rng.choice((Key.HASH, Key.DOWN)))
        else:
            self.machine.object(f"{label} is not found by {digits}")
            self.customer.aside.add(goal.number)
            self._press(Key.CANCEL)
        return 250

    # --- cash -----------------------------------------------------------------------------------------------------------

    def _cash(self, view: View, fresh: bool) -> int:
        if fresh and self.clock.rng.random() < 0.5:
            return self.clock.soon_ms(2_000, 12_000)  # the customer looks for money
        if sight.operator(view) == "99":
            self._press(Key.F1 if self._last_refusal != 2005 else Key.CANCEL)
            return 800
        if self.customer is None:
            self._press(Key.CANCEL)
            return 0
        due = sight.big(view, "cash__due") or 0
        if self.customer.pay == "back" or self._todo():
            self.customer.pay = "exact" if self.customer.pay == "back" else self.customer.pay
            self._press(Key.CANCEL)
            return 0
        return self._pay(self.customer.pay, due, view)

    def _pay(self, pay: Pay, due: int, view: View) -> int:
        assert self.customer is not None
        rng = self.clock.rng
        if sight.sum_is_typed(view):
            self.customer.pay = "back"  # something came between: begin again
            return 200
        match pay:
            case "exact":
                self._press(Key.F1)
            case "exact_ok":
                self._press(Key.OK)
            case "note":
                self._press(Key.F2)
            case "quick":
                self._keys.extend([Key.DOWN] * rng.randint(1, 3))
                self._type("", Key.OK)
            case "typed":
                paid = due + rng.choice((0, rng.randint(1, 100), rng.randint(1, 100) * 100))
                self._type(str(paid))
            case "over":
                self._type(str(due + rng.randint(10_001, 90_000)))
            case "short":
                self.customer.pay = "exact"
                self._type(str(max(1, due - rng.randint(1, due))) if due > 1 else "1")
            case "back":
                raise AssertionError(pay)
        self._last_refusal = 0
        return rng.randint(300, 1_500)

    def _overpaid(self, view: View, fresh: bool) -> int:
        if fresh:
            return 900
        if self.customer is not None and self.clock.rng.random() < 0.6:
            self._press(Key.OK)
        else:
            if self.customer is not None:
                self.customer.pay = "exact"
            self._press(Key.CANCEL)
        return 0

    def _ask_slip(self, view: View, fresh: bool) -> int:
        chance = self.clock.rng.random()
        self._press(Key.OK if chance < 0.6 else Key.F2 if chance < 0.95 else Key.CANCEL)
        return 0

    def _weight(self, view: View, fresh: bool) -> int:
        """Grams off the scale."""
        goal, typed = self.mind.goal, sight.field(view, "weight__grams")
        assert typed is not None
        if goal is None or goal.how != "scale" or self.customer is None:
            self._press(Key.CANCEL)
        elif typed.value == str(goal.quantity_milli):
            self._press(Key.OK)
        elif typed.value:
            self._press(Key.CLEAR)
        else:
            self._type(str(goal.quantity_milli), None)
        return 150

    def _sold(self, view: View, fresh: bool) -> int:
        if self.customer is not None:
            self.customer = None
            self.served += 1
            return self.clock.soon_ms(1_500, 6_000)
        self.machine.drawer.moves(False)
        if self.queue and self.queue[0].goods and self.clock.rng.random() < 0.3:
            self.customer = self.queue.popleft()
            return self._enter(self.customer.goods[0], view)
        self._press(self.clock.rng.choice((Key.OK, Key.OK, Key.CANCEL, Key.MENU, Key.F1)))
        return 0

    # --- the rest -------------------------------------------------------------------------------------------------------

    def _menu(self, view: View, fresh: bool) -> int:
        chore, ways = self._chore, {"look_unfinished": "49", "language": "95", "about": "96"}
        at_first = view.title == text("menu__title")
        if chore in ways:
            self._chore = chore if at_first else None
            self._press(Key(ways[chore][0 if at_first else 1]))
        elif chore in SIGN_OFFS and at_first:
            self._press(Key.D9)
        elif chore in SIGN_OFFS:
            self._sign_off_for(chore)
        elif chore == "menu_away" and self._menu_steps < 3:
            self._menu_steps += 1
            self._press(Key.DOWN if self._menu_steps != 2 else Key.UP)
        else:
            self._chore, self._menu_steps = None, 0
            self._press(self.clock.rng.choice((Key.CANCEL, Key.MENU)))
        return 0

    def _sign_off_for(self, chore: Chore) -> None:
        self._chore = None
        match chore:
            case "sign_off_to_other" | "lock":
                self._who = self._someone_else()
                self._wrong_left = 4 if chore == "lock" else 0
            case "wrong_pin":
                self._wrong_left = 1
            case "stranger":
                self._strange_next = True
            case "admin":
                self._admin_tries_next, self._who = True, "99"
            case _:
                if self._who == "99":
                    self._who = "01"
        self._press(Key.D9)

    def _confirm(self, view: View, fresh: bool) -> int:
        self._press(Key.OK if self.customer is None else Key.CANCEL)
        return 0

    def _unfinished(self, view: View, fresh: bool) -> int:
        """Look at the paper: is the slip of that number whole?"""
        if fresh:
            return self.clock.soon_ms(1_000, 4_000)
        entries, selected = sight.items(view)
        if not 0 <= selected < len(entries):
            self._press(Key.CANCEL)
            return 0
        number = str(entries[selected].left)
        whole = any(slip.complete and any(number in line for line in slip.rows) for slip in self.day.slips[-20:])
        chance = self.clock.rng.random()
        if chance < 0.1:
            self._press(Key.CANCEL)
        elif chance < 0.2:
            self._press(Key.DOWN)
        elif whole or chance < 0.25:
            self._press(Key.F2 if chance < 0.9 else Key.F1)
        else:
            self._press(Key.F1 if chance < 0.8 else Key.OK)
        return 600

    def _kept(self, view: View, fresh: bool) -> int:
        self._is_on(view)
        if fresh:
            return self.clock.soon_ms(700, 2_500)
        if sight.operator(view) == "99":
            self._chore = "sign_off"
            self._press(Key.MENU)
            return 400
        if self.customer is not None and self.clock.rng.random() < 0.85:
            self._press(Key.OK)
        else:
            self._press(self.clock.rng.choice((Key.F2, Key.F2, Key.OK)))
        return 0


def local_day(wall_ms: int) -> str:
    """The day in China, as a cashier types it."""
    return (datetime.fromtimestamp(wall_ms / 1000, UTC) + timedelta(hours=8)).strftime("%Y%m%d")
