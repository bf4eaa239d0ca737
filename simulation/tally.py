"""The basket in the cashier's head: what it must be after what she did, worked out without the terminal's code."""

from dataclasses import dataclass, replace

from simulation.goods import Good, half_up
from simulation.witness import Taken


@dataclass(frozen=True, slots=True)
class TallyLine:
    """One line. `goods`: numbers of the customer's goods it stands for."""

    sku: str
    price_fen: int
    quantity_milli: int
    amount_fen: int
    weighed: bool
    goods: tuple[int, ...]

    def times(self, quantity_milli: int) -> "TallyLine":
        """The line with another quantity."""
        amount = half_up(self.price_fen * quantity_milli, 1000)
        return replace(self, quantity_milli=quantity_milli, amount_fen=amount)


@dataclass(frozen=True, slots=True)
class Tally:
    """Lines in the order of the screen."""

    lines: tuple[TallyLine, ...] = ()

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def shown(self) -> tuple[int, int]:
        """Lines and total, which is what a screen shows of it."""
        return len(self.lines), self.total_fen

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of all goods in it."""
        return frozenset(number for line in self.lines for number in line.goods)

    def with_good(self, good: Good, quantity_milli: int, amount_fen: int) -> "Tally":
        """After a good was put in: equal pieces join their line, which moves to the end."""
        new = TallyLine(good.sku, good.price_fen, quantity_milli, amount_fen, good.weighed, (good.number,))
        for index, old in enumerate(self.lines):
            if new.sku and not new.weighed and (old.sku, old.price_fen) == (new.sku, new.price_fen):
                joined = replace(old.times(old.quantity_milli + quantity_milli), goods=(*old.goods, good.number))
                return Tally((*self.lines[:index], *self.lines[index + 1 :], joined))
        return Tally((*self.lines, new))

    def without(self, index: int) -> "Tally":
        """After line `index` was deleted."""
        return Tally((*self.lines[:index], *self.lines[index + 1 :]))

    def at(self, index: int, quantity_milli: int) -> "Tally":
        """After the quantity of line `index` was set; weighed lines stay as they are."""
        if not 0 <= index < len(self.lines) or self.lines[index].weighed or quantity_milli <= 0:
            return self
        line = self.lines[index].times(quantity_milli)
        return Tally((*self.lines[:index], line, *self.lines[index + 1 :]))

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What the customer walks away with."""
        return tuple(Taken(line.sku, line.quantity_milli, line.amount_fen) for line in self.lines)


EMPTY = Tally()
