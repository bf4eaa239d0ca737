"""The colours of the screen and the palette they make: every ink on every ground it may stand on, in a few steps.

A picture is of mode P. Each colour is one that RGB565 can show, and no two indices hold the same colour, so two
pictures differ exactly where the glass would. Smooth edges of letters are the steps between ink and ground.
"""

from enum import Enum
from functools import cache

STEPS = 11
"""Shades from ground (0) to ink (10) of one pair."""

INDICES_MAX = 256


class Colour(Enum):
    """Named by what they are for. Contrast of every ink on its ground is at least 4.5 : 1 (WCAG AA)."""

    PAPER = 0xFFFFFF
    INK = 0x10202C
    QUIET = 0x546470
    LINE = 0xC6D0D8
    BAR = 0xE6ECF0
    BRAND = 0x17456E
    PALE = 0xBCD4E8
    GOOD = 0x147A36
    BAD = 0xB4231C
    UNSURE = 0x8A5A00
    AMBER = 0xFFC233
    CAP = 0x465662
    TRAINING = 0x6B2C91


_PAIRS: tuple[tuple[Colour, tuple[Colour, ...]], ...] = (
    (
        Colour.PAPER,
        (Colour.INK, Colour.QUIET, Colour.GOOD, Colour.BAD, Colour.UNSURE, Colour.BRAND, Colour.LINE),
    ),
    (Colour.BAR, (Colour.INK, Colour.QUIET, Colour.GOOD, Colour.BAD, Colour.UNSURE)),
    (Colour.BRAND, (Colour.PAPER, Colour.PALE)),
    (Colour.GOOD, (Colour.PAPER,)),
    (Colour.BAD, (Colour.PAPER,)),
    (Colour.AMBER, (Colour.INK,)),
    (Colour.CAP, (Colour.PAPER,)),
    (Colour.TRAINING, (Colour.PAPER,)),
)

Rgb = tuple[int, int, int]


def quantised(red: int, green: int, blue: int) -> Rgb:
    """The nearest colour RGB565 can show, as 8-bit parts."""
    return (
        (red * 31 + 127) // 255 * 255 // 31,
        (green * 63 + 127) // 255 * 255 // 63,
        (blue * 31 + 127) // 255 * 255 // 31,
    )


def _parts(colour: Colour) -> Rgb:
    return colour.value >> 16, colour.value >> 8 & 0xFF, colour.value & 0xFF


def _shade(ink: Colour, ground: Colour, step: int) -> Rgb:
    mixed = [
        (i * step + g * (STEPS - 1 - step)) // (STEPS - 1) for i, g in zip(_parts(ink), _parts(ground), strict=True)
    ]
    return quantised(mixed[0], mixed[1], mixed[2])


@cache
def colours() -> tuple[Rgb, ...]:
    """The palette: index -> colour. White is 0, so that an empty picture is paper."""
    found: dict[Rgb, None] = {}
    for ground, inks in _PAIRS:
        for ink in inks:
            for step in range(STEPS):
                found.setdefault(_shade(ink, ground, step))
    assert len(found) <= INDICES_MAX, len(found)
    return tuple(found)


@cache
def index(colour: Colour) -> int:
    """The palette index of a full colour."""
    return colours().index(quantised(*_parts(colour)))


@cache
def ramp(ink: Colour, ground: Colour) -> bytes:
    """Table for `bytes.translate`: coverage 0..255 -> palette index of `ink` on `ground`.

    Raises `KeyError` for a pair that the palette does not hold.
    """
    if ink not in dict(_PAIRS)[ground]:
        raise KeyError((ink, ground))
    steps = [colours().index(_shade(ink, ground, step)) for step in range(STEPS)]
    return bytes(steps[(coverage * (STEPS - 1) + 127) // 255] for coverage in range(256))


@cache
def flat() -> bytes:
    """The palette as Pillow wants it: 768 bytes."""
    return bytes(part for colour in colours() for part in colour).ljust(3 * INDICES_MAX, b"\0")
