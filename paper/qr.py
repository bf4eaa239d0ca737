"""The printer's own QR codes: stored data -> dots (ISO/IEC 18004, by segno)."""

from functools import lru_cache

import segno

from paper.bits import drawn
from paper.rows import Graphic

LEVELS = {48: "l", 49: "m", 50: "q", 51: "h"}
"""`GS ( k` function 69: error correction level."""

MODULE_DOTS_MAX = 16
QR_BYTES_MAX = 7_089


class QrError(ValueError):
    """The data fits no QR code of this level."""


@lru_cache(maxsize=8)
def qr_graphic(data: bytes, level: str, module_dots: int) -> Graphic:
    """A QR code without quiet zone: printers leave that to the page. Raises `QrError` for no data or too much."""
    try:
        matrix = segno.make(data, error=level, micro=False, boost_error=False).matrix
    except ValueError as error:  # segno.DataOverflowError is one
        raise QrError(str(error)) from error
    return drawn([list(row) for row in matrix], module_dots, "qr", readable(data))


def readable(data: bytes) -> str:
    """The content as a telephone would show it: UTF-8, else GB18030, else byte for byte."""
    for codec in ("utf-8", "gb18030"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
