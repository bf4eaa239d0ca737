"""QR codes for paper: big enough to be read, small enough for the roll (domain 6.3)."""

from firmware.drivers.printer.encode import Code2d, DrawQr, raster
from firmware.drivers.printer.glyphs import Bitmap
from firmware.drivers.printer.model import Model

WIDTH_DOTS = 180
"""22.5 mm, if the modules come out between the least and the most dots."""

MODULE_DOTS_MIN, MODULE_DOTS_MAX = 3, 8
QUIET = 4
FEED_AFTER = b"\x1bJ\x0c"


def qr_for(model: Model) -> DrawQr:
    """QR codes as this model gets them: by its own command, or as a picture. The vendor's package and segno are loaded
    with the first code."""

    def draw(content: str) -> Code2d | None:
        import segno

        try:
            code = segno.make(content, error="m", micro=False, boost_error=False)
        except segno.encoder.DataOverflowError:
            return None
        modules = int(code.symbol_size(border=0)[0])
        dots = max(MODULE_DOTS_MIN, min(MODULE_DOTS_MAX, WIDTH_DOTS // modules))
        if (modules + 2 * QUIET) * dots > model.dots:
            return None
        if model.native_qr:
            from firmware.drivers.printer.escpos import native_qr

            return Code2d(native_qr(content, dots, model.escpos) + FEED_AFTER, modules * dots + FEED_AFTER[-1])
        rows = code.matrix_iter(scale=dots, border=1)
        picture = _bitmap([bytes(row) for row in rows])
        return Code2d(raster(picture), picture.height)

    return draw


def _bitmap(rows: list[bytes]) -> Bitmap:
    """Rows of one byte a dot -> eight dots a byte."""
    across = (len(rows[0]) + 7) // 8
    data = bytearray()
    for row in rows:
        bits = "".join("1" if dot else "0" for dot in row).ljust(across * 8, "0")
        data += int(bits, 2).to_bytes(across, "big")
    return Bitmap(len(rows[0]), len(rows), bytes(data))
