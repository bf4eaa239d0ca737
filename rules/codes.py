"""What a scanned text is on the basket screen: the one entry point from scan to goods (domain 1.2, 7)."""

from dataclasses import dataclass

from rules.barcodes import (
    AIM_SYMBOLOGIES,
    SCAN_CHARS_MAX,
    carton_base,
    clean_scan,
    has_hidden,
    is_digits,
    is_valid,
    normal_forms,
    normal_gtin,
    split_glued,
    strip_aim,
)
from rules.gs1 import GS, Gs1, is_digital_link, looks_like_elements, read_digital_link, read_elements
from rules.scale_codes import DEFAULT_LAYOUTS, ScaleLayout, ScaleReading, read_scale

UNKNOWN_ITEM, BAD_CHECK, NOT_UNDERSTOOD, UNREADABLE, GLUED = 6001, 6004, 6005, 6018, 6019

_GS1_SYMBOLOGIES = frozenset({"gs1_128", "gs1_qr", "gs1_datamatrix", "gs1_databar", "gs1_dotcode"})
_EAN_LENGTHS = {"ean13": (13, 12, 8), "ean13_addon": (15, 18), "ean8": (8,)}
"""Digits a scanner sends under an identifier: many send UPC-A as 12 and UPC-E as 8 where the norm says 13."""

_ADDON_EAN_DIGITS = 13
_FREE_SYMBOLOGIES = frozenset(
    {"code128", "code39", "code93", "codabar", "qr", "datamatrix", "pdf417", "aztec", "other"}
)


@dataclass(frozen=True, slots=True)
class Goods:
    """A goods code in normal form; `also`: other goods the same digits may stand for, to be tried next."""

    gtin: str
    also: tuple[str, ...] = ()
    gs1: Gs1 | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """An in-store code. `gtin`: the same digits as a plain goods code, for a shop that prints such codes itself."""

    reading: ScaleReading
    gtin: str = ""

    @property
    def plu(self) -> str:
        """Number of the weighed good."""
        return self.reading.plu


@dataclass(frozen=True, slots=True)
class Carton:
    """A carton: the piece inside has the normal form `base`; how many it holds is the catalogue's to say."""

    gtin14: str
    base: str
    gs1: Gs1 | None = None


@dataclass(frozen=True, slots=True)
class Glued:
    """Two or more goods codes in one scan. Refused with `code`, unless the catalogue knows `text` itself."""

    text: str
    parts: tuple[str, ...]
    code: int = GLUED


@dataclass(frozen=True, slots=True)
class Bad:
    """No code of ours: the error to show."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """Any other text: perhaps a number of the shop's own. When the catalogue does not know it, `code` is the error."""

    text: str
    code: int = UNKNOWN_ITEM


Code = Goods | Weighed | Carton | Glued | Bad | Other


def read_code(text: str, symbology: str = "", layouts: tuple[ScaleLayout, ...] = DEFAULT_LAYOUTS) -> Code:
    """Class of one scan. `symbology`: AIM identifier without its bracket ("E0"), or "" when the scanner sends none.

    An AIM identifier still in front of the text is taken off first. Nothing raises, whatever the text.
    """
    if len(text) > SCAN_CHARS_MAX:
        return Bad(UNREADABLE, text)
    clean, found = strip_aim(clean_scan(text))
    kind = AIM_SYMBOLOGIES.get(symbology or found, "")
    if clean.strip() == "" or has_hidden(clean, allowed=GS):
        return Bad(UNREADABLE, clean)
    if is_digital_link(clean):
        return _gs1(read_digital_link(clean), clean)
    if kind in _GS1_SYMBOLOGIES:
        return _gs1(read_elements(clean), clean)
    if is_digits(clean):
        return _digits(clean, kind, layouts)
    if looks_like_elements(clean):
        return _gs1(read_elements(clean), clean)
    return Other(clean)


def _gs1(good: Gs1 | None, text: str) -> Code:
    if good is None:
        return Bad(UNREADABLE, text)
    if len(good.gtin) == 14:
        return Carton(good.gtin, carton_base(good.gtin) or good.gtin, good)
    return Goods(good.gtin, gs1=good)


def _digits(text: str, kind: str, layouts: tuple[ScaleLayout, ...]) -> Code:
    """Bare digits: scale code, goods, carton, glued, GS1 without its identifier, or a number of the shop's own."""
    if kind in _EAN_LENGTHS and len(text) not in _EAN_LENGTHS[kind]:
        return Bad(UNREADABLE, text)
    if kind == "ean13_addon":
        text = text[:_ADDON_EAN_DIGITS]  # the add-on is the issue of a magazine: the same good
    scale = read_scale(text, layouts)
    forms = _forms(text, kind)
    if isinstance(scale, ScaleReading):
        return Weighed(scale, forms[0] if forms else "")
    if scale is not None:
        return Bad(scale, text)
    if forms:
        return Goods(forms[0], forms[1:])
    if kind in _FREE_SYMBOLOGIES:
        return Other(text)
    if len(text) == 14 and is_valid(text):
        base = carton_base(text)
        return Carton(text, base) if base else Goods(normal_gtin(text))
    return _leftover(text, kind)


def _leftover(text: str, kind: str) -> Code:
    """Digits that are no valid code of a single good."""
    parts = split_glued(text)
    if parts is not None and kind == "":
        return Glued(text, parts)
    if kind == "" and looks_like_elements(text):
        return _gs1(read_elements(text), text)
    if len(text) in (8, 12, 13, 14):
        return Bad(BAD_CHECK, text)
    if len(text) in (18, 19) and text[0] == "2":
        return Other(text, NOT_UNDERSTOOD)
    return Other(text, UNREADABLE if 6 < len(text) < 14 or len(text) > 20 else UNKNOWN_ITEM)


def _forms(text: str, kind: str) -> tuple[str, ...]:
    """Normal forms, without UPC-E where the scanner says that the code was an EAN-8."""
    forms = normal_forms(text)
    return forms[:1] if kind == "ean8" and is_valid(text) else forms
