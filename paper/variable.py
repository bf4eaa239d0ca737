"""The commands whose length lies in their arguments. Each reads what it needs by `yield n`: the next n bytes.

Whatever a length field claims, at most `BLOCK_BYTES_MAX` bytes are held; the rest of a longer block is read and
dropped, as the memory of a printer is bounded too.
"""

from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType

from paper import barcodes, bits
from paper.events import (
    EVENT_BYTES_MAX,
    BufferCleared,
    DrawerPulse,
    FenceAsked,
    LineDone,
    Selected,
    SymbolRefused,
    TestPrint,
    Unseen,
)
from paper.press import Press
from paper.qr import LEVELS, MODULE_DOTS_MAX
from paper.rows import Row, Run, Style

Reader = Generator[int, bytes, None]
Variable = Callable[[Press], Reader]

BLOCK_BYTES_MAX = 256 * 1024
SKIP_BYTES = 4_096
TABS_MAX = 32
BARCODE_BYTES_MAX = 255
REAL_TIME_PULSE_MS = 100
CLEAR_WORDS = bytes((1, 3, 20, 1, 6, 2, 8))
"""The arguments without which `DLE DC4 8` clears nothing (Epson)."""


def _skip(count: int) -> Reader:
    while count > 0:
        count -= len((yield min(count, SKIP_BYTES)))


def _cut(press: Press) -> Reader:
    """`GS V m` cuts, `GS V m n` feeds first; 97, 98, 103 and 104 differ in where, not in what."""
    mode = (yield 1)[0]
    if mode in (0, 1, 48, 49):
        press.cut(partial=bool(mode & 1))
    elif mode in (65, 66, 97, 98, 103, 104):
        feed = (yield 1)[0]
        press.cut(partial=mode in (66, 98, 104), feed=feed)
    else:
        press.unknown(bytes((0x1D, 0x56, mode)))


def _tabs(press: Press) -> Reader:
    """`ESC D n1 … nk NUL`; rising, at most 32; the first that does not rise ends the list as NUL does."""
    stops: list[int] = []
    while len(stops) < TABS_MAX:
        stop = (yield 1)[0]
        if stop == 0 or (stops and stop <= stops[-1]):
            break
        stops.append(stop)
    else:
        if (yield 1) != b"\0":
            press.unknown(b"\x1bD")
    press.modes.tabs = tuple(stops)


def _select(press: Press) -> Reader:
    press.selected = bool((yield 1)[0] & 1)
    press.events.append(Selected(press.selected))


def _barcode(press: Press) -> Reader:
    """`GS k m d… NUL` for m 0..6, `GS k m n d…` for m from 65."""
    mode = (yield 1)[0]
    if mode <= 6:
        data = bytearray()
        while len(data) <= BARCODE_BYTES_MAX and (byte := (yield 1)) != b"\0":
            data += byte
        press.barcode(barcodes.KINDS[mode + 65], bytes(data))
    elif mode >= 65:
        count = (yield 1)[0]
        counted = (yield count) if count else b""
        kind = barcodes.KINDS.get(mode)
        if kind is None:
            press.events.append(
                SymbolRefused(f"GS k {mode}", "this printer does not have it", counted[:EVENT_BYTES_MAX])
            )
        else:
            press.barcode(kind, counted)
    else:
        press.unknown(bytes((0x1D, 0x6B, mode)))


def _raster(press: Press) -> Reader:
    """`GS v 0 m xL xH yL yH d…`."""
    head = yield 6
    row_bytes, height = head[2] | head[3] << 8, head[4] | head[5] << 8
    size, mode = row_bytes * height, head[1] - 48 if head[1] >= 48 else head[1]
    if head[0] != 0x30 or mode > 3:
        press.unknown(b"\x1dv" + head)
    elif not 0 < size <= BLOCK_BYTES_MAX:
        press.unknown(b"\x1dv" + head)
        yield from _skip(size)
    else:
        data = yield size
        press.graphic(bits.raster(row_bytes, height, data, 2 if mode & 1 else 1, 2 if mode & 2 else 1))


def _bit_image(press: Press) -> Reader:
    """`ESC * m nL nH d…`: 8 or 24 dots high, into the line begun."""
    mode, low, high = yield 3
    count = low | high << 8
    if mode not in (0, 1, 32, 33):
        press.unknown(bytes((0x1B, 0x2A, mode, low, high)))
        return
    column_bytes = 3 if mode >= 32 else 1
    data = (yield count * column_bytes) if count else b""
    press.line.place(bits.columns(data, column_bytes, 1 if mode & 1 else 2))


def _user_chars(press: Press) -> Reader:
    """`ESC & y c1 c2 [x d…]…`: characters of one's own are read and not kept."""
    high, first, last = yield 3
    if not 1 <= high <= 3 or not 32 <= first <= last <= 126:
        press.unknown(bytes((0x1B, 0x26, high, first, last)))
        return
    for _ in range(first, last + 1):
        width = (yield 1)[0]
        yield from _skip(width * high)
    press.events.append(Unseen(bytes((0x1B, 0x26, high, first, last))))


def _stored_image(press: Press) -> Reader:
    """`GS * x y d…`: an image to be printed by `GS /`, which no printer sold now needs; read and not kept."""
    across, down = yield 2
    yield from _skip(across * down * 8)
    press.events.append(Unseen(bytes((0x1D, 0x2A, across, down))))


def _real_time(press: Press) -> Reader:
    """`DLE DC4 n …`: 1 drawer, 2 power-off, 8 clear the buffer."""
    kind = (yield 1)[0]
    if kind == 1:
        pin, step = yield 2
        if pin <= 1 and 1 <= step <= 8:
            duration = step * REAL_TIME_PULSE_MS
            press.events.append(DrawerPulse(5 if pin else 2, duration, duration, real_time=True))
        else:
            press.unknown(bytes((0x10, 0x14, kind, pin, step)))
    elif kind == 2:
        args = yield 2
        press.events.append(Unseen(b"\x10\x14\x02" + args))
    elif kind == 8:
        words = yield len(CLEAR_WORDS)
        if words == CLEAR_WORDS:
            press.line.clear()
            press.events.append(BufferCleared())
        else:
            press.unknown(b"\x10\x14\x08" + words)
    else:
        press.unknown(bytes((0x10, 0x14, kind)))


# --- GS ( and GS 8: a letter, a length, that many bytes


def _parted(press: Press) -> Reader:
    letter, low, high = yield 3
    size = low | high << 8
    payload = (yield size) if size else b""
    _act(press, bytes((0x1D, 0x28, letter, low, high)), letter, payload)


def _parted_long(press: Press) -> Reader:
    head = yield 5
    size = int.from_bytes(head[1:], "little")
    if size > BLOCK_BYTES_MAX or head[0] != ord("L"):
        press.unknown(b"\x1d8" + head)
        yield from _skip(size)
        return
    payload = (yield size) if size else b""
    _act(press, b"\x1d8" + head, head[0], payload)


def _act(press: Press, head: bytes, letter: int, payload: bytes) -> None:
    act = _PARTED.get(chr(letter))
    if act is None or not act(press, payload):
        press.unknown(head + payload)


def _answers(press: Press, payload: bytes) -> bool:
    """`GS ( H`: 48 asks for an answer once all before is printed, 49 sets answers while off line."""
    if len(payload) == 6 and payload[:2] == b"00":
        press.events.append(FenceAsked(payload[2:]))
        return True
    if payload[:1] == b"1":
        press.events.append(Unseen(b"\x1d(H" + payload[:EVENT_BYTES_MAX]))
        return True
    return False


def _symbols(press: Press, payload: bytes) -> bool:
    """`GS ( k`: 49 QR codes, 48 PDF417, which is taken and then refused by name when it is to be printed."""
    if len(payload) < 2 or payload[0] not in (48, 49):
        return False
    args = payload[2:]
    return _qr(press, payload[1], args) if payload[0] == 49 else _pdf417(press, payload[1], args)


def _qr(press: Press, function: int, args: bytes) -> bool:
    modes = press.modes
    if function == 65 and len(args) == 2 and args[0] in (49, 50):
        return True  # models 1 and 2 are drawn alike: no reader minds
    if function == 67 and len(args) == 1 and 1 <= args[0] <= MODULE_DOTS_MAX:
        modes.qr_module = args[0]
    elif function == 69 and len(args) == 1 and args[0] in LEVELS:
        modes.qr_level = LEVELS[args[0]]
    elif function == 80 and len(args) > 1 and args[0] == 48:
        modes.qr_data = args[1:]
    elif function == 81 and args == b"0":
        press.qr()
    elif function == 82 and args == b"0":
        press.events.append(Unseen(b"\x1d(k\x03\x001R0"))
    else:
        return False
    return True


def _pdf417(press: Press, function: int, args: bytes) -> bool:
    if function == 80 and len(args) > 1 and args[0] == 48:
        press.modes.pdf417_data = args[1:]
    elif function == 81 and args == b"0":
        data = press.modes.pdf417_data[:EVENT_BYTES_MAX]
        press.events.append(SymbolRefused("pdf417", "this printer does not have it", data))
    elif not 65 <= function <= 70:
        return False
    return True


def _graphics(press: Press, payload: bytes) -> bool:
    """`GS ( L`: 112 stores a raster image of one colour, 50 prints it."""
    if payload[:2] == b"0p" and len(payload) >= 10 and payload[2] == 48:
        across, down, x, y = payload[3], payload[4], payload[6] | payload[7] << 8, payload[8] | payload[9] << 8
        if across not in (1, 2) or down not in (1, 2) or len(payload) - 10 != (x + 7) // 8 * y or not x * y:
            return False
        press.modes.stored = bits.raster((x + 7) // 8, y, payload[10:], across, down)
        return True
    if payload in (b"02", b"0\x02"):
        if press.modes.stored is not None:
            press.graphic(press.modes.stored)
            press.modes.stored = None
        return True
    return False


def _test_print(press: Press, payload: bytes) -> bool:
    """`GS ( A`: 2 tells of the printer, 3 prints its characters. Hexadecimal dump (1) is not here."""
    pattern = payload[1] - 48 if len(payload) == 2 and payload[1] >= 48 else payload[1] if len(payload) == 2 else 0
    if pattern not in (2, 3):
        return False
    columns = press.profile.dots // 12
    about = (press.profile.name, f"{press.profile.dots} dots, {columns} columns", press.profile.charset)
    rolling = tuple("".join(chr(33 + (row + at) % 94) for at in range(columns)) for row in range(8))
    press.flush()
    for text in about if pattern == 2 else rolling:
        run = Run(0, text[:columns], 12, 24, 12, Style())
        press.events.append(LineDone(Row((run,), 24, press.profile.spacing_dots)))
    press.events.append(TestPrint(pattern))
    return True


def _no_effect(letter: str) -> Callable[[Press, bytes], bool]:
    def record(press: Press, payload: bytes) -> bool:
        press.events.append(Unseen(f"\x1d({letter}".encode() + payload[:EVENT_BYTES_MAX]))
        return True

    return record


_PARTED: Mapping[str, Callable[[Press, bytes], bool]] = MappingProxyType(
    {"A": _test_print, "H": _answers, "L": _graphics, "k": _symbols}
    | {letter: _no_effect(letter) for letter in "CDEFKMN"}
)

VARIABLE: Mapping[bytes, Variable] = MappingProxyType(
    {
        b"\x1dV": _cut,
        b"\x1bD": _tabs,
        b"\x1b=": _select,
        b"\x1dk": _barcode,
        b"\x1dv": _raster,
        b"\x1b*": _bit_image,
        b"\x1b&": _user_chars,
        b"\x1d*": _stored_image,
        b"\x10\x14": _real_time,
        b"\x1d(": _parted,
        b"\x1d8": _parted_long,
    }
)
