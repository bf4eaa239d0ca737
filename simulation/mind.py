"""What the cashier knows for certain: the basket, the sale being paid, what a cut may have left. Checked at each look.

Every key and scan that reaches the terminal is followed here from the screen it was given on, so that it does not matter
whether she meant it. Where the outcome is not seen yet several baskets are possible; a look at the screen settles it.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from firmware.events import Key
from firmware.view import Row, View
from rules.catalogue import Product
from simulation import sight
from simulation.clockwork import Clockwork
from simulation.goods import Good, half_up, shelf
from simulation.machine import Machine
from simulation.tally import EMPTY, Tally
from simulation.witness import Day, Handed, Taken

KEPT_LATE_MS = 5_100
"""An open basket is written down at the latest 5 s after a change (`firmware.terminal.KEEP_LATEST_MS`), and some slack."""

HISTORY_MAX = 64
DISK_EXCUSE_MS = 20_000


@dataclass(frozen=True, slots=True)
class Paying:
    """Cash was taken for this basket, the result has not been seen."""

    tally: Tally
    paid_fen: int
    operator: str


@dataclass(slots=True)
class Mind:
    """Her head."""

    clock: Clockwork
    machine: Machine
    day: Day
    maybe: list[Tally] = field(default_factory=lambda: [EMPTY])  # what the open basket may be, likeliest last
    paying: Paying | None = None
    left: list[Tally] | None = None  # after a cut: what may be offered; None: nothing is open
    lost_allowed: bool = False
    search_times: int = 1
    goal: Good | None = None  # the good in her hand
    goal_times: int = 1
    _gone: dict[Tally, tuple[list[Taken], list[int]]] = field(default_factory=dict)  # basket after -> what left it
    sum_fen: int = 0  # of all sales so far
    _looked_at: View | None = None
    _history: list[tuple[int, Tally]] = field(default_factory=lambda: [(0, EMPTY)])

    @property
    def tally(self) -> Tally:
        """The basket, as she believes."""
        return self.maybe[-1]

    def due_of(self, total_fen: int) -> int:
        """What is to be paid in cash; below the unit nothing is rounded."""
        unit = self.day.rounding_unit_fen
        return total_fen - total_fen % unit if total_fen >= unit else total_fen

    # --- a look at the screen -------------------------------------------------------------------------------------------

    def look(self, view: View) -> None:
        """Settle what the screen settles, and object to what cannot be."""
        if view is self._looked_at and len(self.maybe) == 1 and self.paying is None and self.left is None:
            return
        self._looked_at = view
        shown = sight.basket(view)
        match view.name:
            case "Sold":
                self._sold(view)
            case "Idle":
                self._idle(view)
            case "BasketScreen":
                self.paying = None
            case "Cash" | "Overpaid" | "AskSlip":
                self.paying = None
                self._due(view)
            case "KeptBasket":
                self.paying = None
                self._offered(view)
            case _:
                pass
        if shown is not None and self.left is None:
            fitting = [tally for tally in self.maybe if tally.shown == shown]
            named = [tally for tally in fitting if self._named(tally, view)] if len(fitting) > 1 else []
            self._settle(named or fitting, f"{view.name} shows {shown}")

    def _named(self, tally: Tally, view: View) -> bool:
        """Whether the names on the screen are those of the basket: two goods may cost the same."""
        if view.name != "BasketScreen":
            return True
        return all(
            str(entry.left) in names_of(tally.lines[int(entry.number) - 1].sku) for entry in sight.items(view)[0]
        )

    def _settle(self, possible: list[Tally], seen: str) -> None:
        if not possible:
            self.machine.object(f"{seen}, but the basket is {[tally.shown for tally in self.maybe]}")
            possible = [self.tally]
        if (gone := self._gone.pop(possible[-1], None)) is not None:
            removed, cancelled_fen = gone
            self.day.removed += removed
            self.day.cancelled_fen += cancelled_fen
        self._gone.clear()
        self._is(possible[-1:])

    def _is(self, maybe: list[Tally]) -> None:
        self.maybe = maybe
        if self._history[-1][1] != self.tally:
            self._history = [*self._history[-HISTORY_MAX:], (self.clock.now_ms, self.tally)]

    def _due(self, view: View) -> None:
        in_cash = view.name == "Cash" and sight.field(view, "cash__given") is not None  # not a part by code, unrounded
        due = sight.big(view, "cash__due") if in_cash else None
        if due is not None:
            fitting = [tally for tally in self.maybe if tally.lines and self.due_of(tally.total_fen) == due]
            self._settle(fitting, f"Cash asks for {due}")

    def _sold(self, view: View) -> None:
        if self.paying is None:
            return  # seen before
        due, change = sight.row(view, "cash__due"), sight.big(view, "done__change")
        assert due is not None
        assert change is not None
        expected = self.due_of(self.paying.tally.total_fen)
        if sight.fen(due.right) != expected or change != self.paying.paid_fen - expected:
            self.machine.object(f"sold for {due.right} with change {change}, not {expected} of {self.paying.paid_fen}")
        self._hand_over(change, seen=True)

    def _hand_over(self, change_fen: int, seen: bool) -> None:
        assert self.paying is not None
        paying, self.paying = self.paying, None
        due = self.due_of(paying.tally.total_fen)
        self.day.drawer_fen += paying.paid_fen - change_fen
        self.day.handed.append(
            Handed(self.clock.now_ms, paying.operator, paying.tally.taken, due, paying.paid_fen, change_fen, seen)
        )
        self.sum_fen += due
        self._is([EMPTY])

    def _idle(self, view: View) -> None:
        sales = sight.shift_sales(view)
        if sales is None:
            return
        count, sum_fen = len(self.day.handed), self.sum_fen
        if self.paying is not None and sales[0] == count + 1:
            due = self.due_of(self.paying.tally.total_fen)
            self._hand_over(self.paying.paid_fen - due, seen=False)
            count, sum_fen = count + 1, self.sum_fen
            self.left = None
        self.paying = None
        if sales[0] != count or sales[1] not in (None, sum_fen):
            self.machine.object(f"the shift shows {sales}, the counter has seen {(count, sum_fen)}")
        if self.left is not None:
            if EMPTY not in self.left and not self.lost_allowed:
                self.machine.object(f"the open basket {[tally.shown for tally in self.left]} was lost")
            self.left = None
            self._is([EMPTY])

    # --- a cut ----------------------------------------------------------------------------------------------------------

    def went_dark(self) -> None:
        """The terminal is gone: what may it offer when it comes back?"""
        if self.left is None:
            since = self.machine.last_cut_ms - KEPT_LATE_MS
            ends = [at for at, _ in self._history[1:]] + [self.clock.now_ms + 1]
            fresh = [tally for (_, tally), end in zip(self._history, ends, strict=True) if end >= since]
            self.left = [*fresh, *self.maybe]
            self.lost_allowed = self.clock.now_ms - self.machine.disk_trouble_ms < DISK_EXCUSE_MS
            if self.lost_allowed:
                self.left = [tally for _, tally in self._history] + self.left
        self.maybe = [EMPTY]
        self._gone.clear()
        self._history = [(self.clock.now_ms, EMPTY)]

    def _offered(self, view: View) -> None:
        """A kept basket is on the screen."""
        shown = sight.kept(view)
        if self.left is None:
            if self.tally.lines:
                self.machine.object(f"a kept basket {shown} is offered beside an open one")
            else:
                self.machine.object(f"a kept basket {shown} out of nothing")
            self.left = [self.tally]
            return
        fitting = [tally for tally in self.left if tally.shown == shown]
        if not fitting:
            self.machine.object(f"a basket {shown} is offered, there was {[tally.shown for tally in self.left]}")
        else:
            self.left = fitting

    # --- what a key or scan may do ----------------------------------------------------------------------------------------

    def pressed(self, key: Key, view: View) -> None:
        """A key goes down on this screen."""
        match view.name:
            case "BasketScreen":
                self._on_basket(key, view)
            case "Amount" if key is Key.OK:
                fen = sight.big(view, "amount__label") or 0
                if fen:
                    number = self.goal.number if self.goal is not None and self.goal.how == "amount" else -fen
                    good = Good(number, "amount", "", "", "", "", "", fen, 1000, fen, False)
                    self._may(self.tally.with_good(good, 1000, fen))
            case "Search" if key is Key.OK:
                self._on_search(view)
            case "Cash" if key in (Key.OK, Key.F1, Key.F2):
                given = sight.field(view, "cash__given")
                if given is None:
                    return  # a part by code is typed here
                due = sight.big(view, "cash__due") or 0
                paid = {Key.OK: sight.fen(given.value), Key.F1: due, Key.F2: sight.chips(view)[-1]}[key]
                self.paying = Paying(self.tally, paid, sight.operator(view))
            case "Overpaid" | "AskSlip" if key is Key.OK or (key is Key.F2 and view.name == "AskSlip"):
                given_row = sight.row(view, "cash__given")
                assert given_row is not None
                self.paying = Paying(self.tally, sight.fen(given_row.right), sight.operator(view))
            case "Weight" if key is Key.OK:
                self._on_scale(view)
            case "Confirm" if key is Key.OK and sight.key_of(view.title) == "basket__cancel_title":
                self._gone[EMPTY] = ([], [self.tally.total_fen])
                self._may(EMPTY)
            case "AgeCheck" if key in (Key.CANCEL, Key.CLEAR):
                self._too_young()
            case "KeptBasket" if key is Key.OK and self.left is not None:
                self.maybe, self.left = [EMPTY, *self.left], None  # which of them, the basket's screen tells
            case "KeptBasket" if key is Key.F2 and self.left is not None:
                self.left = [*self.left, EMPTY] if self.left[-1] != EMPTY else self.left
            case _:
                pass

    def _too_young(self) -> None:
        """What is for adults goes out of the basket, and the journal must say so."""
        after, gone = self.tally, []
        for index in reversed(range(len(self.tally.lines))):
            line = self.tally.lines[index]
            if line.sku in for_adults():
                gone.append(Taken(line.sku, line.quantity_milli, line.amount_fen))
                after = after.without(index)
        self._gone[after] = (gone[::-1], [])
        self._may(after)

    def _may(self, tally: Tally) -> None:
        self.maybe = [*[old for old in self.maybe if old != tally], tally]

    def _on_basket(self, key: Key, view: View) -> None:
        entries, selected = sight.items(view)
        chosen = int(entries[selected].number) - 1 if 0 <= selected < len(entries) else -1
        times, typed = sight.times(view), sight.field(view, "basket__typed")
        if key is Key.CLEAR and not times and typed is None:
            self._removes(self.tally.without(chosen), chosen, 0)
        elif key is Key.OK and times:
            self._removes(self.tally.at(chosen, times * 1000), chosen, times * 1000)
        elif key is Key.OK and typed is not None:
            self.code_given(typed.value, 1)
        elif key is Key.F1:
            self.search_times = times or 1

    def _removes(self, after: Tally, index: int, left_milli: int) -> None:
        """A line goes, or some of it: the journal must say so."""
        line = self.tally.lines[index]
        if line.quantity_milli > left_milli and after != self.tally:
            gone = line.times(line.quantity_milli - left_milli) if left_milli else line
            self._gone[after] = ([Taken(gone.sku, gone.quantity_milli, gone.amount_fen)], [])
        self._may(after)

    def _on_search(self, view: View) -> None:
        entries, selected = sight.items(view)
        if not 0 <= selected < len(entries):
            return
        entry = entries[selected]
        product = by_label().get((str(entry.left), sight.fen(entry.right)))
        if product is None:
            self.machine.object(f"a good nobody sells: {entry}")
            return
        if product.weighable:
            return  # the scale comes next
        good = self._good_of(product)
        milli = self.search_times * 1000
        self._may(self.tally.with_good(good, milli, product.price_fen * self.search_times))

    def _on_scale(self, view: View) -> None:
        grams = sight.field(view, "weight__grams")
        named = next(block for block in view.body if isinstance(block, Row))
        product = by_label().get((str(named.left), sight.fen(named.right)))
        assert grams is not None
        assert product is not None
        if grams.value:
            milli = int(grams.value)
            self._may(self.tally.with_good(self._good_of(product), milli, half_up(product.price_fen * milli, 1000)))

    def _good_of(self, product: Product) -> Good:
        if self.goal is not None and self.goal.sku == product.sku:
            return self.goal
        return Good(
            -int(product.sku), "search", product.sku, product.name, product.name_en, "", "",
            product.price_fen, 1000, product.price_fen, product.weighable,
        )  # fmt: skip

    def scanned(self, text: str, view: View) -> None:
        """The scanner sends a code on this screen."""
        if view.name in ("Idle", "Amount", "BasketScreen", "Search", "Sold"):
            times = sight.times(view) or 1
            self.code_given(text, self.search_times if view.name == "Search" else times)
        if view.name == "Search":
            self.search_times = 1

    def code_given(self, text: str, times: int) -> None:
        """A code goes in: it is the good in her hand, or nothing the shop knows."""
        good = self.goal
        if good is None or text not in (good.code, good.sku) or (text == good.sku and good.weighed):
            return
        milli, amount = good.quantity_milli, good.amount_fen
        if not good.weighed:
            milli, amount = times * 1000, good.price_fen * times
        self._may(self.tally.with_good(good, milli, amount))


@lru_cache(maxsize=1)
def by_label() -> dict[tuple[str, int], Product]:
    """Goods by what a list shows of them, in both languages."""
    return {
        (name, product.price_fen): product
        for product in shelf().everything
        for name in (product.name, product.name_en or product.name)
    }


@lru_cache(maxsize=256)
def names_of(sku: str) -> frozenset[str]:
    """What a list may call this good, in both languages."""
    return frozenset(name for (name, _), product in by_label().items() if product.sku == sku)


@lru_cache(maxsize=1)
def for_adults() -> frozenset[str]:
    """Numbers of the goods that ask for the customer's age."""
    return frozenset(product.sku for product in shelf().everything if product.age_limit)
