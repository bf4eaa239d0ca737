"""Blocks of a body -> strips, on a grid of 4 px. Pure, given how wide a text is."""

from collections.abc import Callable, Iterator
from typing import assert_never

from firmware.render.fonts import clean
from firmware.render.palette import Colour
from firmware.render.qr import runs
from firmware.render.strips import (
    ELLIPSIS,
    MARGIN,
    TINT_ICONS,
    TINT_INKS,
    WIDTH,
    Fill,
    Icon,
    Measure,
    Part,
    Problem,
    Strip,
    Word,
    cut_problem,
    fit,
    fit_end,
)
from firmware.render_text import shown
from firmware.view import Big, Block, Chips, Field, Gap, Item, Items, Para, QrCode, Row, Rule, Say, Tint

TEXT, LARGE, NOTE = 16, 24, 14
ROW_PX, LARGE_PX, ITEM_PX, NOTE_PX, BIG_PX, FIELD_PX, RULE_PX = 20, 30, 24, 16, 44, 36, 8
INNER = WIDTH - 2 * MARGIN
BETWEEN = 8
CHIP_PX, CHIPS_A_ROW = 32, 3
ICON_PX = 20  # an icon and the room after it
BIG_SIZES = (40, 36, 32)
SMALL_SIZES = (28, 24, 20, 16)
NO_ROW_START = "，。、；：？！）》」』】…,.;:?!)]%"

Voice = Callable[[Say], str]
"""`speak` bound to the language of the view."""


def lay_block(block: Block, say: Voice, width: Measure) -> tuple[Strip, ...]:
    """The strips of one block other than `Items`, from top to bottom."""
    match block:
        case Row():
            return (_row(block, say, width),)
        case Para():
            return tuple(_para(block, say, width))
        case Big():
            return (_big(block, say, width),)
        case Field():
            return tuple(_field(block, say, width))
        case Rule():
            return (Strip(RULE_PX, Colour.PAPER, (Fill(MARGIN, RULE_PX // 2 - 1, INNER, 1, Colour.LINE),)),)
        case Gap(px=px):
            return (Strip(px, Colour.PAPER),)
        case Chips():
            return tuple(_chips(block, say, width))
        case QrCode():
            return tuple(lay_qr(block, say, width))
        case Items():
            numbered = any(item.number for item in block.items)
            return tuple(
                lay_item(item, index == block.selected, numbered, say, width) for index, item in enumerate(block.items)
            )
        case _:
            assert_never(block)


def _spoken(say: Voice, words: Say) -> str:
    return clean(say(words))


def _mark(tint: Tint, y: int) -> tuple[int, tuple[Part, ...]]:
    """Where text starts, and the icon before it if the tint has one: colour never stands alone."""
    name = TINT_ICONS.get(tint)
    if name is None:
        return MARGIN, ()
    return MARGIN + ICON_PX, (Icon(MARGIN, y, name, TINT_INKS[tint]),)


def _row(row: Row, say: Voice, width: Measure) -> Strip:
    start, parts = _mark(row.tint, 2)
    ink = TINT_INKS[row.tint]
    left, right = _spoken(say, row.left), _spoken(say, row.right)
    room = WIDTH - MARGIN - start
    ends, words, problems = _pair(start, room, (row.left, left), (row.right, right), width, row.strong)
    placed = tuple(Word(x, 16, text, TEXT, ink, row.strong) for x, text in zip(ends, words, strict=True) if text)
    return Strip(ROW_PX, Colour.PAPER, parts + placed, problems)


def _pair(
    start: int, room: int, left: tuple[Say, str], right: tuple[Say, str], width: Measure, strong: bool
) -> tuple[tuple[int, int], tuple[str, str], tuple[Problem, ...]]:
    """Left and right part of a row of 16 px: the right part stays whole as long as the row can hold it."""
    kept = fit(right[1], TEXT, room, width, strong)
    problems: tuple[Problem, ...] = (Problem("cut", "right", right[1]),) if kept != right[1] else ()
    right_px = width(kept, TEXT, strong) if kept else 0
    left_room = room - (right_px + BETWEEN if kept else 0)
    words = fit(left[1], TEXT, left_room, width, strong) if left_room > TEXT else ""
    problems += cut_problem(left[0], words, left[1], "left")
    return (start, start + room - right_px), (words, kept), problems


def lay_item(item: Item, selected: bool, numbered: bool, say: Voice, width: Measure) -> Strip:
    """One entry of a list; the selected one is inverted from edge to edge."""
    ground = Colour.BRAND if selected else Colour.PAPER
    ink, quiet = (Colour.PAPER, Colour.PALE) if selected else (Colour.INK, Colour.QUIET)
    start = MARGIN + (24 if numbered else 0)
    left, right = _spoken(say, item.left), _spoken(say, item.right)
    room = WIDTH - MARGIN - start
    ends, words, problems = _pair(start, room, (item.left, left), (item.right, right), width, False)
    parts = [Word(x, 18, text, TEXT, ink) for x, text in zip(ends, words, strict=True) if text]
    if item.number:
        number = clean(item.number)
        middle = MARGIN + (18 - width(number, TEXT)) // 2
        parts.insert(0, Word(max(2, middle), 18, number, TEXT, quiet if selected else Colour.BRAND))
    if not item.note:
        return Strip(ITEM_PX, ground, tuple(parts), problems)
    whole = _spoken(say, item.note)
    note = fit(whole, NOTE, room, width)
    parts.append(Word(start, ITEM_PX + 11, note, NOTE, quiet))
    return Strip(ITEM_PX + NOTE_PX, ground, tuple(parts), problems + cut_problem(item.note, note, whole, "note"))


def _para(para: Para, say: Voice, width: Measure) -> Iterator[Strip]:
    size, high, base = (LARGE, LARGE_PX, 24) if para.large else (TEXT, ROW_PX, 16)
    start, parts = _mark(para.tint, (high - 16) // 2)
    whole = say(para.text)
    rows = list(wrapped(whole, size, WIDTH - MARGIN - start, width))
    problems: tuple[Problem, ...] = ()
    if len(rows) > para.rows:
        problems = (Problem("rows", "paragraph", whole),)
        rows = rows[: para.rows]
        rows[-1] = fit(rows[-1] + ELLIPSIS, size, WIDTH - MARGIN - start, width)
    for row in rows:
        yield Strip(high, Colour.PAPER, (*parts, Word(start, base, row, size, TINT_INKS[para.tint])), problems)
        parts, problems = (), ()


def wrapped(text: str, size: int, room: int, width: Measure) -> Iterator[str]:
    """Rows of `text` that fit into `room`: broken at spaces and between hanzi, no row starting with a closing sign."""
    for line in text.splitlines() or [""]:
        row = ""
        for piece in _pieces(clean(line)):
            if row and width((row + piece).rstrip(), size) > room:
                yield row.rstrip()
                row = piece.lstrip()
            else:
                row += piece
            while width(row.rstrip(), size) > room and len(row) > 1:
                head = _head(row, size, room, width)
                yield head
                row = row[len(head) :]
        yield row.rstrip()


def _head(row: str, size: int, room: int, width: Measure) -> str:
    """As much of the start of an unbreakable row as fits, at least one sign."""
    count = next(count for count in range(len(row), 0, -1) if count == 1 or width(row[:count], size) <= room)
    return row[:count]


def _pieces(line: str) -> Iterator[str]:
    """What may not be broken: a word of narrow letters with its spaces, or one wide sign with what must follow it."""
    piece = ""
    for ch in line:
        joined = ch in NO_ROW_START or ch == " " or (ch < "⺀" and piece[-1:] < "⺀" and not piece.endswith(" "))
        if piece and not joined:
            yield piece
            piece = ""
        piece += ch
    if piece:
        yield piece


def _big(big: Big, say: Voice, width: Measure) -> Strip:
    start, parts = _mark(big.tint, 20)
    label, value = _spoken(say, big.label), _spoken(say, big.value)
    needed = width(label, TEXT) + BETWEEN if label else 0
    room = WIDTH - MARGIN - start
    size, problems = _amount_size(value, room - needed, width)
    value_px = width(value, size)
    shown_label = fit(label, TEXT, max(0, room - value_px - BETWEEN), width) if label else ""
    if value_px > room:
        problems = (Problem("cut", "amount", value),)
    words = (
        Word(start, 34, shown_label, TEXT, Colour.QUIET if big.tint is Tint.PLAIN else TINT_INKS[big.tint]),
        Word(WIDTH - MARGIN - value_px, 36, value, size, TINT_INKS[big.tint]),
    )
    return Strip(BIG_PX, Colour.PAPER, parts + tuple(word for word in words if word.text), problems)


def _amount_size(value: str, room: int, width: Measure) -> tuple[int, tuple[Problem, ...]]:
    """The largest size at which an amount stands whole beside its label; under 32 px is a problem."""
    for size in BIG_SIZES:
        if width(value, size) <= room:
            return size, ()
    problem = (Problem("shrunk", "amount", value),)
    return next((size for size in SMALL_SIZES if width(value, size) <= room), SMALL_SIZES[-1]), problem


def _field(field: Field, say: Voice, width: Measure) -> Iterator[Strip]:
    label = _spoken(say, field.label)
    label_px = width(label, TEXT)
    if label_px > INNER // 2 - BETWEEN:
        kept = fit(label, TEXT, INNER, width)
        problems = cut_problem(field.label, kept, label, "label")
        yield Strip(ROW_PX, Colour.PAPER, (Word(MARGIN, 16, kept, TEXT, Colour.QUIET),), problems)
        label, left = "", MARGIN
    else:
        left = max(88, MARGIN + label_px + BETWEEN) if label else MARGIN
    parts, problems = _box(field, left, width)
    if label:
        parts = (Word(MARGIN, 24, label, TEXT, Colour.QUIET), *parts)
    yield Strip(FIELD_PX, Colour.PAPER, parts, problems)


def _box(field: Field, left: int, width: Measure) -> tuple[tuple[Part, ...], tuple[Problem, ...]]:
    """The frame, what has been typed (its end, if it is long) and the cursor behind it."""
    edge = 2 if field.focus else 1
    wide = WIDTH - MARGIN - left
    frame = Colour.BRAND if field.focus else Colour.LINE
    whole = clean(shown(field))
    room = wide - 16
    size = LARGE if width(whole, LARGE) <= room else TEXT
    kept = fit_end(whole, size, room, width)
    parts: list[Part] = [
        Fill(left, 2, wide, 32, frame, round=True),
        Fill(left + edge, 2 + edge, wide - 2 * edge, 32 - 2 * edge, Colour.PAPER),
    ]
    if kept:
        parts.append(Word(left + 6, 26 if size == LARGE else 23, kept, size, Colour.INK))
    if field.focus:
        parts.append(Fill(left + 8 + (width(kept, size) if kept else 0), 8, 2, 20, Colour.BRAND))
    return tuple(parts), (Problem("cut", "field", whole),) if kept != whole else ()


def _chips(chips: Chips, say: Voice, width: Measure) -> Iterator[Strip]:
    """Rows of boxes of equal width; the selected one is filled."""
    wide = (INNER - (CHIPS_A_ROW - 1) * BETWEEN) // CHIPS_A_ROW
    for first in range(0, len(chips.labels), CHIPS_A_ROW):
        parts: list[Part] = []
        problems: tuple[Problem, ...] = ()
        for place, label in enumerate(chips.labels[first : first + CHIPS_A_ROW]):
            chosen = first + place == chips.selected
            whole = _spoken(say, label)
            kept = fit(whole, TEXT, wide - BETWEEN, width)
            problems += (Problem("cut", "chip", whole),) if kept != whole else ()
            parts += _chip(MARGIN + place * (wide + BETWEEN), wide, kept, chosen, width)
        yield Strip(CHIP_PX, Colour.PAPER, tuple(parts), problems)


def _chip(x: int, wide: int, label: str, chosen: bool, width: Measure) -> list[Part]:
    high = CHIP_PX - 4
    ink, ground = (Colour.PAPER, Colour.BRAND) if chosen else (Colour.INK, Colour.PAPER)
    start = x + (wide - width(label, TEXT)) // 2
    return [
        Fill(x, 2, wide, high, Colour.BRAND if chosen else Colour.LINE, round=True),
        Fill(x + 1, 3, wide - 2, high - 2, ground),
        Word(start, 22, label, TEXT, ink, ground=ground),
    ]


def lay_qr(block: QrCode, say: Voice, width: Measure) -> Iterator[Strip]:
    """The code as large as fits, dark on paper, with its words below it."""
    found = runs(block.data)
    if found is None:
        yield Strip(ROW_PX, Colour.PAPER, (), (Problem("cut", "QR code", block.data),))
    else:
        across, boxes = found
        left = (WIDTH - across) // 2
        yield Strip(
            across, Colour.PAPER, tuple(Fill(left + x, y, wide, high, Colour.INK) for x, y, wide, high in boxes)
        )
    if block.words:
        yield from _para(Para(block.words, Tint.QUIET, rows=1), say, width)
