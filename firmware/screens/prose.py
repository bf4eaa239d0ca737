"""Running text for screens that scroll: rows of 16 px that are sure to fit, without asking the renderer.

A screen must know how many rows a text takes, to say how many pages there are; only the renderer knows the font. So
the widths of the one font there is stand here, and a test compares every one of them with it.
"""

from collections.abc import Iterator
from itertools import groupby

ROOM_PX = 304
"""What is between the margins of the LCD."""

WIDE_PX, OTHER_PX = 16, 16
"""A hanzi or a full-width sign; anything not listed is taken to be as wide."""

_BY_WIDTH = {
    4: " !',.:;Jijl·", 5: "()-I[]ft", 6: '"/\\r{}', 7: "?_csz°", 8: "EFLSTYgkvxy",
    9: "$*+0123456789<=>KPRVXZ^`abdehnopqu|~¥×÷", 10: "#ABC", 11: "&DGHU", 12: "NOQw", 13: "%", 14: "@MWm",
}  # fmt: skip
CHAR_PX = {char: px for px, chars in _BY_WIDTH.items() for char in chars}
"""Width of the signs that are narrower than a hanzi, at 16 px."""

_BY_SMALL_WIDTH = {
    3: " !',.:;Jijl·", 4: "()-I[]ft/\\{}", 5: '"r?_sz°', 6: "cEFLSTYgkvxyZ^ae",
    7: "$*+0123456789<=>KPRVX`bdhnopqu|~¥×÷ABC", 8: "#&DGHU", 9: "NOQw", 10: "%@M", 11: "Wm",
}  # fmt: skip
SMALL_PX, SMALL_WIDE_PX = {char: px for px, chars in _BY_SMALL_WIDTH.items() for char in chars}, 12
"""The same at 12 px, as hints have it: no fixed share of the other, each sign is as wide as whole pixels allow."""

NO_ROW_START = "，。、；：？！）》」』】”…,.;:?!)]%"
NO_ROW_END = "（《「『【“(["


def width_px(text: str) -> int:
    """How wide `text` is, or wider."""
    return sum(CHAR_PX.get(char, WIDE_PX) for char in text)


def small_px(text: str) -> int:
    """How wide `text` is at 12 px, or wider."""
    return sum(SMALL_PX.get(char, SMALL_WIDE_PX) for char in text)


def rows(text: str, room_px: int = ROOM_PX, indent: str = "") -> tuple[str, ...]:
    """`text` in rows that fit into `room_px`; broken at spaces and between hanzi, no row begins with a closing sign. Rows
    after the first begin with `indent`."""
    found: list[str] = []
    row = ""
    for piece in _pieces(text):
        if row.strip() and width_px((row + piece).rstrip()) > room_px:
            found.append(row.rstrip())
            row = indent + piece.lstrip()
        else:
            row += piece
        while width_px(row.rstrip()) > room_px:  # one endless word
            cut = next(n for n in range(len(row), 0, -1) if n == 1 or width_px(row[:n]) <= room_px)
            found.append(row[:cut])
            row = indent + row[cut:]
    return (*found, row.rstrip()) if row.strip() else tuple(found)


def _pieces(text: str) -> Iterator[str]:
    """What must stay together: a word with the space after it, a hanzi with the closing signs that follow it."""
    piece = ""
    for kind, run in groupby(text, key=_kind):
        for char in run if kind == "wide" else ("".join(run),):
            sticks = char[0] in NO_ROW_START or char[0] == " " or piece[-1:] in NO_ROW_END
            if piece and not (sticks or (kind == "word" and piece[-1] not in " " and _kind(piece[-1]) == "word")):
                yield piece
                piece = ""
            piece += char
    if piece:
        yield piece


def _kind(char: str) -> str:
    return "space" if char == " " else "word" if char in CHAR_PX else "wide"
