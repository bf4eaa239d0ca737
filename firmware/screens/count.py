"""Cash counted by denomination: what counting a float and closing a shift share."""

from firmware.events import Key
from firmware.screens.widgets import typed
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
