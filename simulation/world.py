"""A shop day in simulated time: customers, a cashier, the terminal, its devices, the link, the backend, and trouble.

One seed is one day, always the same. `run` returns the witnesses, which `simulation.auditor` judges.
"""

import shutil
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rules.settings import Settings, check
from simulation import sight
from simulation.cashier import CHORES, RETIRED, Cashier, Chore
from simulation.clerk import OPENING, Clerk
from simulation.clockwork import Clockwork
from simulation.devices import Drawer, Post, Printer
from simulation.errands import ERRANDS
from simulation.faults import OF_FINGERS, OF_TWO_PRINTERS, TROUBLES
from simulation.goods import shelf
from simulation.link import Backend, Link
from simulation.machine import Machine, Met
from simulation.mind import Mind
from simulation.plans import PLANS, WISHES
from simulation.witness import Day

MORNING_MS = 1_790_035_200_000  # 2026-09-22 08:00 in China
HOUR_MS = 3_600_000
HOURS = 8
CUSTOMERS_PER_HOUR = 24
DRAIN_MS = 40 * 60_000
CALM_MS, NEVER_MS = 5_000, 2**62
TROUBLES_PER_HOUR = 4
SEEDS_PER_SECOND, SECONDS_TROUBLES = 3, 5
"""Every how many seeds a terminal has a second printer, and how many troubles of two it then has."""

TERMINAL = "T0000001"
ROUNDINGS = (("none", 1), ("fen", 10), ("jiao", 100), ("custom", 50))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is laid down of a day; None is left to the seed."""

    hours: float = HOURS
    troubles: tuple[str, ...] | None = None
    chores: tuple[Chore, ...] | None = None
    staff: Literal["cashier", "clerk"] = "cashier"
    wishes: tuple[str, ...] | None = None  # what the clerk's customers ask for
    printers: Literal[1, 2] | None = None  # None: every third seed's terminal has two, where the troubles are its own


class Staff(Protocol):
    """Who stands at the counter."""

    def comes(self, number: int) -> None:
        """A customer comes."""
        ...

    def act(self) -> int:
        """One act; the ms until the next."""
        ...

    def went_dark(self) -> None:
        """The terminal is gone."""
        ...

    def came_back(self) -> None:
        """It is started again."""
        ...

    def evening(self) -> None:
        """The shop has closed; everything works again."""
        ...

    def restless(self) -> dict[str, bool]:
        """What there is to do before the evening: name -> done."""
        ...


class World:
    """Everything of one day, joined together."""

    def __init__(self, seed: int, folder: Path, plan: Plan) -> None:
        self.seed = seed
        self.hours = plan.hours
        self._calm_since_ms = NEVER_MS
        self.clock = Clockwork(seed)
        rng = self.clock.rng
        rounding, unit = rng.choice(ROUNDINGS)
        key = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
        self.day = Day(
            TERMINAL, key.public_key().public_bytes_raw().hex(), unit, float_fen=rng.choice((0, 20_000, 33_350))
        )
        self.day.drawer_fen = self.day.float_fen
        self.day.staff = plan.staff
        settings = self._settings(rounding)
        self.machine = Machine(self.clock, self.day, Met(), folder, settings, MORNING_MS, key)
        post = self.machine.post
        first = Printer(self.clock, self.day, post, rng.choice((32, 48)), fence=rng.random() < 0.85)
        self.printers: tuple[Printer, ...] = (first, self._second(post)) if self._has_two(plan) else (first,)
        self.drawer = Drawer(self.clock, self.day, post)
        self.backend = Backend(self.clock, MORNING_MS)
        self.link = Link(self.clock, self.backend, TERMINAL, post)
        self.machine.printers, self.machine.drawer, self.machine.link = self.printers, self.drawer, self.link
        self.machine.went_dark = self._went_dark
        mind = Mind(self.clock, self.machine, self.day)
        self.cashier = Cashier(self.clock, self.machine, self.day, mind)
        self.staff: Staff = self.cashier
        if plan.staff == "clerk":
            wishes = WISHES if plan.wishes is None else plan.wishes
            self.staff = Clerk(self.clock, self.machine, self.day, self.backend, PLANS, ERRANDS, wishes)
        self.cut_again = False
        self._evening = False
        self._arrange(plan)

    def _has_two(self, plan: Plan) -> bool:
        by_seed = plan.troubles is None and self.seed % SEEDS_PER_SECOND == 0
        return plan.printers == 2 or (plan.printers is None and by_seed)

    def _second(self, post: Post) -> Printer:
        """A printer that stands in for the first, of a width of its own. It owes nothing to the day's chance, so that the
        days of terminals with one printer stay as they are."""
        own = Random(f"second printer {self.seed}")
        return Printer(self.clock, self.day, post, own.choice((32, 48)), number=1, fence=own.random() < 0.85)

    def _settings(self, rounding: str) -> Settings:
        """How this shop wants its terminal."""
        rng = self.clock.rng
        slips, asks = rng.choices(("always", "ask", "never"), (80, 15, 5))[0], rng.choice(("sum", "count", "no"))
        expected = self.day.float_fen if asks == "no" else rng.choice((0, 0, 50_000))
        shift = {"float_ask": asks, "float_expected_fen": expected}
        operators = [
            {"number": number, "name": name, "active": number != RETIRED}
            for number, name in (
                ("00", "店长"),
                ("01", "收银员01"),
                ("02", "王芳"),
                (RETIRED, "李娜"),
                ("99", "管理员"),
            )
        ]
        settings = check(
            {
                "cash": {"rounding": rounding, "rounding_custom_fen": 50},
                "printer": {"print_slip": slips},
                "shift": shift
                if self.day.staff == "cashier"
                else shift | {"batch_records_max": rng.choice((100, 5_000))},
                "sale": {"amount_lines": rng.random() < 0.9},
                "terminal": {"result_s": rng.choice((0, 0, 5))},
                "drawer": {"kind": "none" if rng.random() < 0.05 else "line"},
                "operators": operators,
                **(self._counter() if self.day.staff == "clerk" else {}),
            }
        )
        assert isinstance(settings, Settings), settings
        return settings

    def _counter(self) -> dict[str, object]:
        """What only a clerk's day plays with: offers, small sums, the electronic copy."""
        small = {"small_amounts_fen": [500, 1_000, 2_000], "small_amount_max_fen": 2_000}
        use = small if self.clock.rng.random() < 0.4 else {}
        rng = self.clock.rng
        chances = {"register_later": 0.5, "consume_first": 0.2, "add_missing": 0.5}
        vouchers = {name: rng.random() < chance for name, chance in chances.items()}
        slips = {"receipt_url": "https://pos.example/r"}
        return {"prices": self._promotions(), "drawer_use": use, "slips": slips, "vouchers": vouchers}

    def _promotions(self) -> dict[str, object]:
        """What this shop has on offer."""
        rng = self.clock.rng
        cheap = [
            {"sku": product.sku, "price_fen": product.price_fen * 8 // 10} for product in rng.sample(shelf().pieces, 25)
        ]
        steps = [{"from_fen": 3_000, "off_fen": 200}, {"from_fen": 10_000, "off_fen": rng.randint(501, 2_000)}]
        return {"item_promotions": cheap, "full_reductions": steps if rng.random() < 0.5 else []}

    # --- the plan of a day ----------------------------------------------------------------------------------------------

    def _arrange(self, plan: Plan) -> None:
        end_ms = int(self.hours * HOUR_MS)
        rng = self.clock.rng
        if rng.random() < 0.2:
            self.machine.clock_state, self.machine.offset_ms = "floor", rng.choice((0, -400 * 24 * HOUR_MS))
        clock, staff = self.clock, self.staff
        clock.after(0, self.machine.start)
        self.clock.after(3_000, self._act)
        at = 0
        for number in range(1, int(self.hours * CUSTOMERS_PER_HOUR) + 1):
            at += int(rng.expovariate(CUSTOMERS_PER_HOUR / HOUR_MS))
            if at < end_ms:
                clock.after(at, partial(staff.comes, number))
        chores = rng.sample(CHORES, min(len(CHORES), 1 + int(self.hours * 0.7)))
        for chore in chores if plan.chores is None else plan.chores:
            clock.after(rng.randrange(end_ms), partial(self.cashier.chores.append, chore))
        for name in self._chosen(plan.troubles):
            clock.after(rng.randrange(300_000, end_ms), partial(self._strike, name))
        if plan.troubles is None and len(self.printers) > 1:
            for name in self._chosen_of_two():
                clock.after(rng.randrange(300_000, end_ms), partial(self._strike, name))

    def _chosen(self, troubles: tuple[str, ...] | None) -> list[str]:
        """This day's troubles: a few in turn by the seed, so that twenty days meet them all, and others by chance."""
        if troubles is not None:
            return list(troubles)
        names = [name for name in TROUBLES if self.staff is self.cashier or name not in OF_FINGERS]
        count = int(self.hours * TROUBLES_PER_HOUR)
        weights = [4 if name.startswith("power_cut") else 1 for name in names]
        turn = [names[(self.seed * 5 + index) % len(names)] for index in range(min(5, count))]
        return turn + self.clock.rng.choices(names, weights, k=count - len(turn))

    def _chosen_of_two(self) -> list[str]:
        """Troubles of two printers, in turn by the seed."""
        names = list(OF_TWO_PRINTERS)
        first = self.seed // SEEDS_PER_SECOND * SECONDS_TROUBLES
        return [names[(first + index) % len(names)] for index in range(min(SECONDS_TROUBLES, round(self.hours)))]

    def _strike(self, name: str) -> None:
        if self._evening:
            return
        self.machine.met.count(self.machine.met.faults, name)
        self.machine.trouble(name)
        (TROUBLES | OF_TWO_PRINTERS)[name](self)

    def _act(self) -> None:
        self.clock.after(self.staff.act(), self._act)

    def _went_dark(self) -> None:
        self.staff.went_dark()
        again, self.cut_again = self.cut_again, False
        if again:
            self.clock.after(1_500, lambda: self.machine.cut("while_starting") if self.machine.on else None)
        wait_ms = 1_000 if again else self.clock.soon_ms(2_000, 90_000)
        self.clock.after(wait_ms, self._start_again)

    def _start_again(self) -> None:
        self.machine.start()
        self.staff.came_back()

    # --- the day --------------------------------------------------------------------------------------------------------

    def run(self) -> Day:
        """The day, then an evening in which everything works again until all is at the backend."""
        self.clock.run_until(int(self.hours * HOUR_MS))
        self._evening = True
        self._all_well()
        self.staff.evening()
        end_ms = self.clock.now_ms + DRAIN_MS
        self.clock.run_until(end_ms, lambda: self._at_rest)
        if not self._at_rest:
            self.machine.object(f"not at rest at the end of the day: {self._restless()}")
        if not self.machine.on:
            return self.day
        self.backend.tell(self.day)
        self.machine.tell()
        return self.day

    def _all_well(self) -> None:
        """Trouble ends, customers are served to the last, then nobody touches anything."""
        self.machine.cut_next = ""
        for printer in self.printers:
            printer.on_row = None
            printer.silent = printer.slow = printer.answer_lost = False
        self.drawer.stuck = False
        self.backend.store.fails = 0
        self.link.refuses = self.link.refuses_asks = 0
        self.link.quality = "good"
        self.link.radio = self.link.broker = True
        self.link.changes()
        self.machine.set_room("ok")
        self.machine.set_devices(True)
        for printer in self.printers:
            printer.becomes("ok")
        if self.machine.safe:
            self.machine.ask_stop("evening")

    @property
    def _at_rest(self) -> bool:
        """Nothing keeps the day from ending, and nothing has for as long as an answer takes."""
        if self._restless():
            self._calm_since_ms = NEVER_MS
            return False
        self._calm_since_ms = min(self._calm_since_ms, self.clock.now_ms)
        return self.clock.now_ms - self._calm_since_ms >= CALM_MS

    @property
    def _rests_on(self) -> frozenset[str]:
        """Screens a day may end on: the clerk's ends with the books closed."""
        return frozenset({"Idle"}) if self.staff is self.cashier else OPENING | {"signon"}

    def _restless(self) -> list[str]:
        """What still keeps the day from ending."""
        view = self.machine.view
        rest = {
            "records on their way": self.machine.drained,
            "backend away": self.backend.up,
            **self.staff.restless(),
            f"the screen {view.name if view else 'off'}": view is not None and sight.screen(view) in self._rests_on,
            "a slip coming out": not any(printer.printing for printer in self.printers),
            "safe mode": not self.machine.safe,
        }
        kept_up = [name for name, calm in rest.items() if not calm]
        return kept_up or (["a platform's late word"] if self.backend.in_doubt() else [])


DAY = Plan()


@dataclass(frozen=True, slots=True)
class Told:
    """What a day leaves behind."""

    day: Day
    met: Met
    trace_hash: str
    tail: tuple[str, ...]
    steps: int


def run_day(seed: int, plan: Plan = DAY) -> Told:
    """One day in a folder of its own, in memory where the machine has such a place."""
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=shm if shm.is_dir() else None))
    try:
        world = World(seed, folder, plan)
        try:
            day = world.run()
        except Exception as error:
            world.machine.object(f"the terminal died: {error!r}")
            world.machine.trace_back(error)
            day = world.day
        world.machine.close()
        return Told(day, world.machine.met, world.clock.trace_hash, tuple(world.clock.tail), world.clock.steps)
    finally:
        shutil.rmtree(folder)
