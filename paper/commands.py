"""The commands with a fixed number of argument bytes: prefix and code -> that number and what it does.

An action returns whether it could make sense of its arguments; if not, the interpreter records the command as unknown
and nothing changes.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from paper.characters import CODE_PAGES, COUNTRIES
from paper.events import (
    AutoStatus,
    ButtonsSet,
    DrawerPulse,
    IdentAsked,
    RecoverAsked,
    SensorAsked,
    StatusAsked,
    Unseen,
)
from paper.press import Press
from paper.rows import Align

Action = Callable[[Press, bytes], bool]

ESC, FS, GS, DLE = b"\x1b", b"\x1c", b"\x1d", b"\x10"
PULSE_STEP_MS = 2
_ALIGNS: tuple[Align, ...] = ("left", "centre", "right")
_PINS: tuple[DrawerPulse, ...] = (DrawerPulse(2, 0, 0), DrawerPulse(5, 0, 0))


def _word(args: bytes) -> int:
    return args[0] | args[1] << 8


def _digit(value: int, limit: int) -> int | None:
    """Many commands take 0..n or the characters "0".."n"."""
    number = value - 48 if value >= 48 else value
    return number if number <= limit else None


def _initialise(press: Press, _: bytes) -> bool:
    press.initialise()
    return True


def _align(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 2)
    if number is not None and not press.line:  # works at the start of a line only (Epson)
        press.modes.align = _ALIGNS[number]
    return number is not None


def _print_mode(press: Press, args: bytes) -> bool:
    bits, modes = args[0], press.modes
    modes.font_b, modes.bold = bool(bits & 0x01), bool(bits & 0x08)
    modes.high, modes.wide = (2 if bits & 0x10 else 1), (2 if bits & 0x20 else 1)
    modes.underline = 1 if bits & 0x80 else 0
    return True


def _bold(press: Press, args: bytes) -> bool:
    press.modes.bold = bool(args[0] & 1)
    return True


def _double_strike(press: Press, args: bytes) -> bool:
    press.modes.double_strike = bool(args[0] & 1)
    return True


def _underline(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 2)
    press.modes.underline = press.modes.underline if number is None else number
    return number is not None


def _font(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 1)
    press.modes.font_b = press.modes.font_b if number is None else number == 1
    return number is not None


def _size(press: Press, args: bytes) -> bool:
    if args[0] & 0x88:  # each way 1 to 8 times
        return False
    modes = press.modes
    modes.wide = modes.hanzi_wide = (args[0] >> 4) + 1
    modes.high = modes.hanzi_high = (args[0] & 0x07) + 1
    return True


def _invert(press: Press, args: bytes) -> bool:
    press.modes.invert = bool(args[0] & 1)
    return True


def _spacing_default(press: Press, _: bytes) -> bool:
    press.modes.spacing = press.profile.spacing_dots
    return True


def _spacing(press: Press, args: bytes) -> bool:
    press.modes.spacing = args[0]
    return True


def _feed_lines(press: Press, args: bytes) -> bool:
    press.feed_lines(args[0])
    return True


def _feed_dots(press: Press, args: bytes) -> bool:
    press.feed_dots(args[0])
    return True


def _country(press: Press, args: bytes) -> bool:
    if args[0] >= COUNTRIES:
        return False
    press.modes.country = args[0]
    return True


def _page(press: Press, args: bytes) -> bool:
    if args[0] not in CODE_PAGES:
        return False
    press.modes.page = args[0]
    return True


def _hanzi_on(press: Press, _: bytes) -> bool:
    press.modes.hanzi = True
    return True


def _hanzi_off(press: Press, _: bytes) -> bool:
    press.modes.hanzi = False
    return True


def _hanzi_mode(press: Press, args: bytes) -> bool:
    bits, modes = args[0], press.modes
    modes.hanzi_wide, modes.hanzi_high = (2 if bits & 0x04 else 1), (2 if bits & 0x08 else 1)
    modes.hanzi_underline = 1 if bits & 0x80 else 0
    return True


def _hanzi_quad(press: Press, args: bytes) -> bool:
    press.modes.hanzi_wide = press.modes.hanzi_high = 2 if args[0] & 1 else 1
    return True


def _hanzi_underline(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 2)
    press.modes.hanzi_underline = press.modes.hanzi_underline if number is None else number
    return number is not None


def _gap(press: Press, args: bytes) -> bool:
    press.modes.gap = args[0]
    return True


def _hanzi_gaps(press: Press, args: bytes) -> bool:
    press.modes.hanzi_gaps = (args[0], args[1])
    return True


def _margin(press: Press, args: bytes) -> bool:
    if not press.line:
        press.modes.left = _word(args)
    return True


def _area(press: Press, args: bytes) -> bool:
    if not press.line:
        press.modes.area = _word(args)
    return True


def _move_to(press: Press, args: bytes) -> bool:
    press.move_to(_word(args))
    return True


def _move_by(press: Press, args: bytes) -> bool:
    step = _word(args)
    press.move_to(press.line.x + (step - 0x10000 if step & 0x8000 else step))
    return True


def _cut_full(press: Press, _: bytes) -> bool:
    press.cut(partial=False)
    return True


def _cut_partial(press: Press, _: bytes) -> bool:
    press.cut(partial=True)
    return True


def _pulse(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 1)
    if number is None:
        return False
    on_ms, off_ms = args[1] * PULSE_STEP_MS, args[2] * PULSE_STEP_MS
    press.events.append(DrawerPulse(_PINS[number].pin, on_ms, max(on_ms, off_ms)))
    return True


def _status(press: Press, args: bytes) -> bool:
    if not 1 <= args[0] <= 4:
        return False
    press.events.append(StatusAsked(args[0]))
    return True


def _recover(press: Press, args: bytes) -> bool:
    if args[0] > 2:
        return False
    press.events.append(RecoverAsked(args[0]))
    return True


def _sensor(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 2)
    if not number:
        return False
    press.events.append(SensorAsked(number))
    return True


def _sensor_paper(press: Press, _: bytes) -> bool:
    press.events.append(SensorAsked(1))
    return True


def _ident(press: Press, args: bytes) -> bool:
    number = args[0] if args[0] >= 65 else _digit(args[0], 3)
    if not number or not (number <= 3 or 65 <= number <= 69):
        return False
    press.events.append(IdentAsked(number))
    return True


def _auto_status(press: Press, args: bytes) -> bool:
    press.events.append(AutoStatus(args[0]))
    return True


def _bar_height(press: Press, args: bytes) -> bool:
    press.modes.bar_height = args[0] or press.modes.bar_height
    return args[0] > 0


def _bar_width(press: Press, args: bytes) -> bool:
    if not 1 <= args[0] <= 6:
        return False
    press.modes.bar_width = args[0]
    return True


def _bar_text(press: Press, args: bytes) -> bool:
    number = _digit(args[0], 3)
    press.modes.bar_text = press.modes.bar_text if number is None else number
    return number is not None


def _panel(press: Press, args: bytes) -> bool:
    """`ESC c`: 5 is the feed button; 3 and 4 choose sensors, which here always stop the printer."""
    if args[0] == ord("5"):
        press.events.append(ButtonsSet(not args[1] & 1))
    elif args[0] in b"34":
        press.events.append(Unseen(b"\x1bc" + args))
    else:
        return False
    return True


def _unseen(code: bytes) -> Action:
    def record(press: Press, args: bytes) -> bool:
        press.events.append(Unseen(code + args))
        return True

    return record


_ACTIONS: dict[bytes, tuple[int, Action]] = {
    ESC + b"@": (0, _initialise),
    ESC + b"a": (1, _align),
    ESC + b"!": (1, _print_mode),
    ESC + b"E": (1, _bold),
    ESC + b"G": (1, _double_strike),
    ESC + b"-": (1, _underline),
    ESC + b"M": (1, _font),
    ESC + b"2": (0, _spacing_default),
    ESC + b"3": (1, _spacing),
    ESC + b"d": (1, _feed_lines),
    ESC + b"J": (1, _feed_dots),
    ESC + b"R": (1, _country),
    ESC + b"t": (1, _page),
    ESC + b" ": (1, _gap),
    ESC + b"$": (2, _move_to),
    ESC + b"\\": (2, _move_by),
    ESC + b"i": (0, _cut_full),
    ESC + b"m": (0, _cut_partial),
    ESC + b"p": (3, _pulse),
    ESC + b"v": (0, _sensor_paper),
    ESC + b"c": (2, _panel),
    FS + b"&": (0, _hanzi_on),
    FS + b".": (0, _hanzi_off),
    FS + b"!": (1, _hanzi_mode),
    FS + b"W": (1, _hanzi_quad),
    FS + b"-": (1, _hanzi_underline),
    FS + b"S": (2, _hanzi_gaps),
    GS + b"!": (1, _size),
    GS + b"B": (1, _invert),
    GS + b"L": (2, _margin),
    GS + b"W": (2, _area),
    GS + b"r": (1, _sensor),
    GS + b"I": (1, _ident),
    GS + b"a": (1, _auto_status),
    GS + b"h": (1, _bar_height),
    GS + b"w": (1, _bar_width),
    GS + b"H": (1, _bar_text),
    DLE + b"\x04": (1, _status),
    DLE + b"\x05": (1, _recover),
}

_UNSEEN: dict[bytes, int] = {
    ESC + b"%": 1, ESC + b"?": 1, ESC + b"B": 2, ESC + b"T": 1, ESC + b"U": 1, ESC + b"V": 1, ESC + b"r": 1,
    ESC + b"{": 1, FS + b"C": 1, FS + b"p": 2, FS + b"2": 74, GS + b"/": 1, GS + b"P": 2, GS + b"^": 3, GS + b"b": 1,
    GS + b"f": 1,
}  # fmt: skip
"""Known, complete, and without effect on this paper, with their number of arguments."""

FIXED: Mapping[bytes, tuple[int, Action]] = MappingProxyType(
    _ACTIONS | {code: (count, _unseen(code)) for code, count in _UNSEEN.items()}
)
