"""Keys and scans as the `input_event` bytes that a keypad or a keyboard-wedge scanner sends."""

from collections.abc import Iterator

from wire.board import INPUT_EVENT, KEY_CODES

EV_SYN, EV_KEY = 0, 1
UP, DOWN, REPEAT = 0, 1, 2

KEY_TAB, KEY_ENTER, KEY_LEFTCTRL, KEY_LEFTSHIFT = 15, 28, 29, 42

SCAN_KEY_US = 1_000
"""A wedge scanner sends about one character a millisecond."""

REPEAT_DELAY_MS, REPEAT_EVERY_MS = 250, 33
"""When the kernel begins to repeat a held key, and how often (input subsystem's defaults)."""

_ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./"}
_SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
_PLAIN = {char: code + n for code, row in _ROWS.items() for n, char in enumerate(row)} | {" ": 57}


class CannotType(ValueError):
    """A keyboard-wedge scanner has no key for this character."""


def event(at_us: int, kind: int, code: int, value: int) -> bytes:
    """One `struct input_event`, its time in microseconds of the device's monotonic clock."""
    return INPUT_EVENT.pack(at_us // 1_000_000, at_us % 1_000_000, kind, code, value)


def stroke(at_us: int, code: int, value: int) -> bytes:
    """A key's change and the SYN_REPORT that ends the packet."""
    return event(at_us, EV_KEY, code, value) + event(at_us, EV_SYN, 0, 0)


def key_code(name: str) -> int:
    """evdev code of a keypad key. Raises `KeyError` with the name for an unknown one."""
    return KEY_CODES[name]


def _combination(char: str) -> tuple[int | None, int]:
    """(modifier or None, key code) of the US layout. Control characters come as Ctrl+letter, as real scanners do."""
    if char in "\r\n":
        return None, KEY_ENTER
    if char == "\t":
        return None, KEY_TAB
    if ord(char) < 0x20:
        return KEY_LEFTCTRL, _plain(chr(ord(char) | 0x40).lower())
    if char.isascii() and char.isupper():
        return KEY_LEFTSHIFT, _plain(char.lower())
    if char in _SHIFTED:
        return KEY_LEFTSHIFT, _plain(_SHIFTED[char])
    return None, _plain(char)


def _plain(char: str) -> int:
    """Code of an unshifted key. Ctrl+^ and Ctrl+_ are typed on 6 and minus."""
    char = {"^": "6", "_": "-", "@": "2"}.get(char, char)
    if char not in _PLAIN:
        raise CannotType(char)
    return _PLAIN[char]


def typed(text: str, at_us: int) -> Iterator[bytes]:
    """Event packets of a wedge scanner that types `text`, one per character; `CannotType` for 中 and the like.

    A capital or symbol is Shift down, key down, key up, Shift up, with the time of a real burst.
    """
    combinations = [_combination(char) for char in text]
    for n, (modifier, code) in enumerate(combinations):
        at = at_us + n * SCAN_KEY_US
        packet = stroke(at, code, DOWN) + stroke(at + SCAN_KEY_US // 2, code, UP)
        if modifier is not None:
            packet = stroke(at, modifier, DOWN) + packet + stroke(at + SCAN_KEY_US // 2, modifier, UP)
        yield packet
