"""The open basket: a frozen value in memory, kept in the journal as a *soon* fact."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from firmware.txn.voucher_prepared import Prepared
from rules.money import line_amount
from rules.pricing import WHOLE_ORDER
from wire.facts import Line, Reduction, ReductionKind


@dataclass(frozen=True, slots=True)
class Basket:
    """Lines in the order they were added, and the reductions a person gave, which follow their line wherever it moves.
    What follows from price list and promotions is computed when it is wanted (`txn.prices.bill`)."""

    lines: tuple[Line, ...] = ()
    given: tuple[Reduction, ...] = ()
    member: bool = False  # member prices hold
    age_years: int = 0  # the customer has been seen to be as old as this
    age_due: int = 0  # the age somebody must still look for; 0: nothing restricted waits
    member_by: str = ""  # the operator who let member prices hold
    member_why: str = ""  # and why
    vouchers: tuple[Prepared, ...] = ()  # in memory only

    @property
    def total_fen(self) -> int:
        """Sum of the lines, before reductions."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def pieces_milli(self) -> int:
        """Pieces for the slip: a weighed line counts as one."""
        return sum(1000 if line.weighed else line.quantity_milli for line in self.lines)

    def add(self, line: Line) -> "Basket":
        """The basket with `line`: pieces of the same goods at the same price join their line, which moves to the end. A
        line somebody reduced by hand takes none: what was said of it was not said of them."""
        by_hand = {each.line for each in self.given}
        for index, old in enumerate(self.lines):
            if index not in by_hand and _alike(old, line):
                joined = requantified(old, old.quantity_milli + line.quantity_milli)
                rest = self._without(index)
                return replace(rest, lines=(*rest.lines, joined))
        return replace(self, lines=(*self.lines, line))

    def with_line(self, index: int, line: Line) -> "Basket":
        """The basket with line `index` replaced."""
        return replace(self, lines=(*self.lines[:index], line, *self.lines[index + 1 :]))

    def without(self, index: int) -> "Basket":
        """The basket without line `index` and what was taken off it; without its last line it is a new one."""
        rest = self._without(index)
        return rest if rest.lines else Basket()

    def _without(self, index: int) -> "Basket":
        places = {old: old - (old > index) for old in range(len(self.lines)) if old != index}
        lines = (*self.lines[:index], *self.lines[index + 1 :])
        vouchers = tuple(replace(each, chosen=()) if each.chosen else each for each in self.vouchers)
        return replace(self, lines=lines, given=_moved(self.given, places), vouchers=vouchers)

    def giving(self, reduction: Reduction) -> "Basket":
        """The basket with one more reduction by hand, in place of the one of its kind on the same line."""
        return replace(self, given=(*self.taking_back(reduction.kind, reduction.line).given, reduction))

    def taking_back(self, kind: ReductionKind, line: int) -> "Basket":
        """The basket without the reduction of this kind on this line (-1: on the whole order)."""
        return replace(self, given=tuple(each for each in self.given if (each.kind, each.line) != (kind, line)))


def _moved(given: tuple[Reduction, ...], places: Mapping[int, int]) -> tuple[Reduction, ...]:
    """Reductions with the new places of their lines; what has no place any more is gone."""
    places = {**places, WHOLE_ORDER: WHOLE_ORDER}
    return tuple(msgspec.structs.replace(each, line=places[each.line]) for each in given if each.line in places)


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
