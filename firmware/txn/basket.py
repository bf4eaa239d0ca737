"""The open basket: a frozen value in memory, kept in the journal as a *soon* fact."""

from dataclasses import dataclass

from rules.money import line_amount
from wire.facts import Line


@dataclass(frozen=True, slots=True)
class Basket:
    """Lines in the order they were added."""

    lines: tuple[Line, ...] = ()

    @property
    def total_fen(self) -> int:
        """Sum of the lines."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def pieces_milli(self) -> int:
        """Pieces for the slip: a weighed line counts as one."""
        return sum(1000 if line.weighed else line.quantity_milli for line in self.lines)

    def add(self, line: Line) -> "Basket":
        """The basket with `line`: pieces of the same goods at the same price join their line, which moves to the end."""
        for index, old in enumerate(self.lines):
            if _alike(old, line):
                joined = requantified(old, old.quantity_milli + line.quantity_milli)
                return Basket((*self.lines[:index], *self.lines[index + 1 :], joined))
        return Basket((*self.lines, line))

    def with_line(self, index: int, line: Line) -> "Basket":
        """The basket with line `index` replaced."""
        return Basket((*self.lines[:index], line, *self.lines[index + 1 :]))

    def without(self, index: int) -> "Basket":
        """The basket without line `index`."""
        return Basket((*self.lines[:index], *self.lines[index + 1 :]))


def _alike(old: Line, new: Line) -> bool:
    """Whether two lines are pieces of the same goods at the same price. An amount printed on a label stays as it is."""
    counted = new.sku and not new.weighed and (old.sku, old.price_fen) == (new.sku, new.price_fen)
    return bool(counted) and all(x.amount_fen == line_amount(x.price_fen, x.quantity_milli) for x in (old, new))


def requantified(line: Line, quantity_milli: int) -> Line:
    """`line` with another quantity and its amount computed anew."""
    assert quantity_milli > 0
    amount = line_amount(line.price_fen, quantity_milli)
    return Line(
        line.sku, line.name, quantity_milli, line.price_fen, amount, line.unit, line.weighed, line.barcode, line.tax_bp
    )
