"""Text measured in printer columns: how wide a character is, what a printer can print, where a line may break.

A thermal printer with a Chinese font gives one column to each byte of GBK. So the width of a character is the number of
its bytes in GB18030, four-byte codes counting two; `unicodedata.east_asian_width` calls `·` and `①` ambiguous, but
these printers print them two columns wide (domain 6.3). Pure.
"""

import unicodedata
from functools import lru_cache

MISSING = "□"
"""Stands for a character that cannot be printed at all (code 4009); in GBK, two columns."""

_SWAPS = {"¥": "￥", "\u2044": "/", "\ufffd": MISSING}
"""¥ is a four-byte code that cheap printers print as `0 6`; the fraction slash is what NFKC makes of ½."""

_VARIATIONS = frozenset({*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))})


@lru_cache(maxsize=4096)
def in_font(char: str, codec: str = "gbk") -> bool:
    """Whether a printer whose font covers `codec` (gb2312, gbk or gb18030) has a glyph for the character.

    `€` and `䶮` have two bytes in GB18030 and yet are not in GBK: the codec itself is asked, not the length."""
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return unicodedata.category(char) not in ("Co", "Cn", "Cs")


@lru_cache(maxsize=4096)
def _tidied(char: str) -> str:
    if char in _SWAPS:
        return _SWAPS[char]
    category = unicodedata.category(char)
    if category == "Cs":
        return MISSING
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cf" or char in _VARIATIONS:
        return ""
    if in_font(char):
        return char
    folded = "".join(_SWAPS.get(c, c) for c in unicodedata.normalize("NFKC", char))
    return folded if all(in_font(c) for c in folded) else char


def tidy(text: str) -> str:
    """The text as a printer gets it: control characters and escape codes become blanks, invisible ones vanish, what GBK
    lacks is folded (`²` to `2`) where folding helps. Other characters outside GBK stay; they are drawn as bitmaps."""
    return "".join(_tidied(char) for char in unicodedata.normalize("NFC", text))


def width(text: str) -> int:
    """Columns of a tidy text. Raises `UnicodeEncodeError` for a lone surrogate, which `tidy` takes out."""
    return sum(map(_char_width, text))


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    return 1 if len(char.encode("gb18030")) == 1 else 2


def wrap(text: str, columns: int, rows_max: int = 1_000) -> list[str]:
    """Break a tidy text into rows of at most `columns`, never inside a character; between words where a word would be
    torn. Text beyond `rows_max` rows is dropped and the last row ends in `…`."""
    assert columns >= 2
    assert rows_max >= 1
    rows: list[str] = []
    rest = text.strip()
    while rest:
        taken = _fitting(rest, columns)
        if len(rows) == rows_max - 1 and taken < len(rest):
            return [*rows, rest[: _fitting(rest, columns - 2)] + "…"]
        taken = _word_end(rest, taken)
        rows.append(rest[:taken].rstrip())
        rest = rest[taken:].lstrip()
    return rows or [""]


def _fitting(text: str, columns: int) -> int:
    """How many leading characters fit."""
    used = 0
    for index, char in enumerate(text):
        used += _char_width(char)
        if used > columns:
            return index
    return len(text)


def _word_end(text: str, taken: int) -> int:
    """Step back to the last blank when `taken` would tear a Latin word that began in the second half of the row."""
    if taken == len(text) or not (text[taken - 1].isascii() and text[taken].isascii()):
        return taken
    blank = text.rfind(" ", 0, taken + 1)
    return blank if blank > taken // 2 else taken


def pad_left(text: str, columns: int) -> str:
    """Right-aligned: blanks in front. A text that is too wide stays as it is."""
    return " " * (columns - width(text)) + text


def pad_right(text: str, columns: int) -> str:
    """Left-aligned: blanks behind, for the columns of a table."""
    return text + " " * (columns - width(text))
