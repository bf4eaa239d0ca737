"""Rows of a slip -> ESC/POS bytes (domain 6.3). Pure: fonts and QR codes come in as functions.

The bytes come in pieces, each ending where a command ends: a slip that breaks off can be brought to the end of its
command, and the printer never takes the next slip's first bytes for the rest of a picture.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from firmware.drivers.printer.glyphs import CELL_HEIGHT, Bitmap, Glyphs
from firmware.drivers.printer.model import Model
from rules.pbm import LogoError, logo
from wire.columns import MISSING, in_font
from wire.layout import Barcode, Cut, Feed, Logo, Qr, Row, Rule, Text

LINE_DOTS = 30
"""Line feed after `ESC @`: 24 dots of text and a gap of 6."""

BARCODE_DOTS = 56
"""Height of a barcode: 7 mm, enough for a scanner held over the counter."""

TEXT_BELOW_DOTS, BARCODE_GAP_DOTS = 30, 12
LOGO_BAND_DOTS = 48
"""A picture goes out in bands of so many rows: each is a command of its own, so that a slip can break off between them."""

_CODE128_QUIET = 10

INIT = b"\x1b@\x1c&"
_ALIGN = {"left": 0, "center": 1, "right": 2}
_REAL_TIME = re.compile(rb"\x10(?=[\x04\x05\x14])")


class Encoded(msgspec.Struct, frozen=True):
    """`pieces` of bytes, each ending with a command's end; `dots` of paper; `missing`: characters printed as □;
    `bad_logo`: the picture could not be read and was left out (4016)."""

    pieces: tuple[bytes, ...]
    dots: int
    missing: str = ""
    bad_logo: bool = False


class Code2d(msgspec.Struct, frozen=True):
    """A QR code as the printer gets it: the commands, and the dots it takes of the paper's length."""

    data: bytes
    dots: int


DrawQr = Callable[[str], Code2d | None]
"""Content -> its QR code, or None when it does not fit the paper."""


class _Pen:
    """What the printer has been told so far, to say only what changes."""

    def __init__(self, model: Model, glyphs: Glyphs, draw_qr: DrawQr) -> None:
        self.model, self.glyphs, self.draw_qr = model, glyphs, draw_qr
        self.align, self.size, self.bold = "left", 0, False
        self.dots = 0
        self.missing = ""
        self.bad_logo = False

    def aligned(self, align: str) -> bytes:
        if align == self.align:
            return b""
        self.align = align
        return bytes((0x1B, 0x61, _ALIGN[align]))

    def style(self, row: Text) -> bytes:
        size = (row.width - 1) << 4 | (row.height - 1)
        change = b"" if size == self.size else bytes((0x1D, 0x21, size))
        change += b"" if row.bold == self.bold else bytes((0x1B, 0x45, row.bold))
        self.size, self.bold = size, row.bold
        return change


def encode(rows: tuple[Row, ...], model: Model, glyphs: Glyphs, draw_qr: DrawQr) -> Encoded:
    """The slip for this printer, without its fence. `rows` were laid out for `model.columns`."""
    pen = _Pen(model, glyphs, draw_qr)
    pieces = [INIT + tuned(model), *(piece for row in rows for piece in _row(pen, row) if piece)]
    return Encoded(tuple(pieces), pen.dots, pen.missing, pen.bad_logo)


def tuned(model: Model) -> bytes:
    """How dark and how fast, by the command this model takes; nothing where all is as it comes from the works.

    `GS ( K` function 49 sets the density (250 = 70 % … 6 = 130 %), 50 the speed (1 is the slowest); `DC2 #` of Chinese
    mechanisms holds the density in five bits (50 % + 5 % each) and the pause between rows in three (250 us each)."""
    level = model.density - 3
    match model.tuning:
        case "gs_k":
            dark = bytes((0x1D, 0x28, 0x4B, 2, 0, 49, (3 * level) % 256)) if level else b""
            return dark + (b"\x1d(K\x02\x00\x32\x01" if model.slow else b"")
        case "dc2" if level or model.slow:
            return bytes((0x12, 0x23, (6 if model.slow else 2) << 5 | (10 + 2 * level)))
        case _:
            return b""


def _row(pen: _Pen, row: Row) -> Iterator[bytes]:
    match row:
        case Text():
            yield _text(pen, row)
        case Rule():
            yield _text(pen, Text("-" * pen.model.columns))
        case Qr():
            yield _qr(pen, row)
        case Barcode():
            yield _barcode(pen, row)
        case Logo():
            yield from _logo(pen, row)
        case Feed(lines):
            pen.dots += lines * LINE_DOTS
            yield bytes((0x1B, 0x64, lines))
        case Cut():
            yield _end(pen)


def _text(pen: _Pen, row: Text) -> bytes:
    assert not any(char < " " or char == "\x7f" for char in row.text), "a control character would be a command"
    lacking = {char for char in row.text if not in_font(char, pen.model.encoding)}
    lost = "".join(sorted(char for char in lacking if not pen.glyphs.has(char)))
    pen.missing += lost
    text = row.text.translate(dict.fromkeys(map(ord, lost), MISSING))
    if lacking - set(lost):
        picture = pen.glyphs.draw(text, wide=row.width, high=row.height, bold=row.bold)
        pen.dots += max(LINE_DOTS, picture.height)
        gap = max(0, LINE_DOTS - picture.height)
        return pen.aligned(row.align) + raster(picture) + (bytes((0x1B, 0x4A, gap)) if gap else b"")
    pen.dots += max(LINE_DOTS, row.height * CELL_HEIGHT)
    return pen.aligned(row.align) + pen.style(row) + text.encode("gb18030") + b"\n"


def raster(picture: Bitmap) -> bytes:
    """`GS v 0`. The picture must hold no real-time command: printers obey `DLE DC4 1` even inside a picture, and it
    opens the drawer. One dot more makes such a pair of bytes harmless."""
    across = (picture.width + 7) // 8
    head = bytes((0x1D, 0x76, 0x30, 0, across & 0xFF, across >> 8, picture.height & 0xFF, picture.height >> 8))
    return head + _REAL_TIME.sub(b"\x18", picture.data)


def _qr(pen: _Pen, row: Qr) -> bytes:
    content = "".join(char for char in row.data if char.isprintable())
    if not content:
        return b""
    code = pen.draw_qr(content)
    if code is None:
        return _text(pen, Text(row.alt, "center"))
    pen.dots += code.dots
    return pen.aligned("center") + code.data + (_text(pen, Text(row.caption, "center")) if row.caption else b"")


def code128(data: str) -> tuple[bytes, int]:
    """The bytes of `GS k` 73 for printable ASCII, and how many modules across: runs of four digits and more in set C,
    two to a symbol, all else in set B (ISO/IEC 15417)."""
    assert data.isascii()
    assert data.isprintable()
    out, symbols, now = bytearray(), 0, ""
    for run in re.findall(r"(?:\d\d){2,}|.", data):
        wanted = "C" if len(run) > 1 else "B"
        if wanted != now:
            out += b"{" + wanted.encode()
            symbols, now = symbols + 1, wanted
        if wanted == "C":
            out += bytes(int(run[at : at + 2]) for at in range(0, len(run), 2))
            symbols += len(run) // 2
        else:
            out += b"{{" if run == "{" else run.encode()
            symbols += 1
    return bytes(out), (symbols + 1) * 11 + 13


def _barcode(pen: _Pen, row: Barcode) -> bytes:
    """Code 128 as the printer's own command, as wide as fits; its text alone when it does not fit at all."""
    content, modules = code128(row.data)
    dots = min(3, pen.model.dots // (modules + _CODE128_QUIET))
    if dots < 2 or len(content) > 255:
        return _text(pen, Text(row.data[: pen.model.columns], "center"))
    pen.dots += BARCODE_DOTS + TEXT_BELOW_DOTS + BARCODE_GAP_DOTS
    head = bytes((0x1D, 0x68, BARCODE_DOTS, 0x1D, 0x77, dots, 0x1D, 0x48, 2, 0x1D, 0x6B, 73, len(content)))
    return pen.aligned("center") + head + content + bytes((0x1B, 0x4A, BARCODE_GAP_DOTS))


def _logo(pen: _Pen, row: Logo) -> Iterator[bytes]:
    """The shop's picture, in bands; one that cannot be read leaves its place empty (the slip says 4016)."""
    try:
        picture = logo(row.data)
    except LogoError:
        pen.bad_logo = True
        return
    across = (picture.width + 7) // 8
    for top in range(0, picture.height, LOGO_BAND_DOTS):
        rows = min(LOGO_BAND_DOTS, picture.height - top)
        band = Bitmap(picture.width, rows, picture.data[top * across : (top + rows) * across])
        pen.dots += rows
        yield pen.aligned("center") + raster(band)


def _end(pen: _Pen) -> bytes:
    if pen.model.cutter == "none":
        pen.dots += pen.model.tear_lines * LINE_DOTS
        return bytes((0x1B, 0x64, pen.model.tear_lines))
    return bytes((0x1D, 0x56, 65 if pen.model.cutter == "full" else 66, 0))


def fence_id(number: int) -> bytes:
    """Four printable bytes for `GS ( H`, different for 78 million numbers."""
    digits = bytearray()
    for _ in range(4):
        number, digit = divmod(number, 94)
        digits.append(0x21 + digit)
    return bytes(reversed(digits))


def fence(model: Model, ident: bytes) -> bytes:
    """What ends a slip, so that the printer says when it has printed it (decisions 19).

    `GS ( H` function 48 is answered with 37 22 d1 d2 d3 d4 00 when everything before it has been printed
    (Epson ESC/POS reference, gs_lparen_ch_fn48)."""
    assert len(ident) == 4
    match model.fence:
        case "gs_h":
            return b"\x1d(H\x06\x0000" + ident
        case "gs_r":
            return b"\x1dr\x01"
        case "none":
            return b""


def pulse(model: Model) -> bytes:
    """Kick the drawer at the printer's connector; empty when there is none.

    `DLE DC4 1 m t` (t in 100 ms) is obeyed at once, `ESC p m t1 t2` (in 2 ms) when its turn comes."""
    pin = 0 if model.drawer_pin == 2 else 1
    match model.drawer:
        case "realtime":
            return bytes((0x10, 0x14, 1, pin, max(1, round(model.drawer_ms / 100))))
        case "plain":
            return bytes((0x1B, 0x70, pin, model.drawer_ms // 2, model.drawer_ms // 2))
        case "none":
            return b""
