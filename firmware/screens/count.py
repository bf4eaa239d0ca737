"""Cash counted by denomination: what counting a float and closing a shift share."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import Move, Pop, Screen, Stay
from firmware.screens.widgets import typed
from firmware.txn.command import Context
from firmware.view import Block, Item, Items, Para, Say, Tint, text
from rules.money import DENOMINATIONS_FEN, yuan

PIECES_DIGITS_MAX = 4
DENOMINATIONS_SHOWN = 4

Pieces = tuple[str, ...]
"""What has been typed for each of `DENOMINATIONS_FEN`."""

NO_PIECES: Pieces = ("",) * len(DENOMINATIONS_FEN)
LAST = len(DENOMINATIONS_FEN) - 1


def counted(pieces: Pieces) -> tuple[tuple[int, int], ...]:
    """Denomination in fen, and pieces of it."""
    return tuple((fen, int(typed or "0")) for fen, typed in zip(DENOMINATIONS_FEN, pieces, strict=True))


def total_fen(pieces: Pieces) -> int:
    """What has been counted so far."""
    return sum(fen * number for fen, number in counted(pieces))


def with_key(pieces: Pieces, row: int, key: Key) -> Pieces | None:
    """The pieces after a digit or CLEAR in this row; None when the key is neither."""
    value = typed(pieces[row], key, PIECES_DIGITS_MAX)
    return None if value is None else (*pieces[:row], value.lstrip("0"), *pieces[row + 1 :])


@dataclass(frozen=True, slots=True)
class Counting(Screen):
    """A count being typed, denomination by denomination; what it is for says the subclass."""

    pieces: Pieces = NO_PIECES
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits count, OK goes to the next denomination and after the last one on; F1 is done at once. CANCEL goes back to
        the first denomination, and from there out."""
        pieces = with_key(self.pieces, self.row, key)
        if pieces is not None:
            return Stay(replace(self, pieces=pieces))
        match key:
            case Key.OK | Key.DOWN if self.row < LAST:
                return Stay(replace(self, row=self.row + 1))
            case Key.OK | Key.F1:
                return self.counted(ctx)
            case Key.UP:
                return Stay(replace(self, row=max(0, self.row - 1)))
            case Key.CANCEL if self.row:
                return Stay(replace(self, row=0))
            case Key.CANCEL:
                return self.out(ctx)
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held starts the count over."""
        return Stay(replace(self, pieces=NO_PIECES, row=0)) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def counted(self, ctx: Context) -> Move:
        """Everything is counted."""
        raise NotImplementedError

    def out(self, ctx: Context) -> Move:
        """CANCEL at the first denomination."""
        return Pop()


def count_body(pieces: Pieces, row: int, words: Say) -> tuple[Block, ...]:
    """A page of denominations with their pieces."""
    first = row // DENOMINATIONS_SHOWN * DENOMINATIONS_SHOWN
    here = tuple(zip(DENOMINATIONS_FEN, pieces, strict=True))[first : first + DENOMINATIONS_SHOWN]
    items = tuple(
        Item("", text("count__of", yuan=yuan(fen).removesuffix(".00")), text("count__pieces", pieces=typed or "0"))
        for fen, typed in here
    )
    pages = -(-len(pieces) // DENOMINATIONS_SHOWN)
    return Para(words, Tint.QUIET, rows=1), Items(items, row - first, first // DENOMINATIONS_SHOWN + 1, pages)
