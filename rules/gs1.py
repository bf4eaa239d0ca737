"""GS1 element strings (GS1-128, DataMatrix, QR) and Digital Link addresses: what a till needs of them (domain 7.3)."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from rules.barcodes import is_digits, is_valid, normal_gtin, with_check

GS = "\x1d"
"""FNC1 as scanners send it: ends an element of variable length."""

CENTURY_PIVOT = 77
"""Two-digit years from here on belong to 19xx (GS1 General Specifications 7.12, seen from 2026)."""

ELEMENTS_MAX = 32
_LAST_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_FIXED_LENGTHS = {
    "00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2,
    "402": 17, "410": 13, "411": 13, "412": 13, "413": 13, "414": 13, "415": 13, "416": 13, "417": 13,
    "422": 3, "424": 3, "426": 3, "7003": 10, "8005": 6,
}  # fmt: skip
_VARIABLE_MAX = {
    "10": 20, "21": 20, "22": 20, "235": 28, "240": 30, "241": 30, "242": 6, "243": 20, "250": 30, "251": 30,
    "253": 30, "30": 8, "37": 8, "400": 30, "401": 30, "420": 20, "421": 12, "423": 15, "7002": 30, "8003": 30,
    "8004": 30, "8008": 12, "8020": 25, "8200": 70,
    **{str(ai): 90 for ai in range(90, 100)},
}  # fmt: skip
_MEASURES = tuple(str(ai) for ai in (*range(310, 317), *range(320, 338), *range(340, 370)))
_AMOUNTS = {"390": 15, "391": 18, "392": 15, "393": 18, "394": 4}


@dataclass(frozen=True, slots=True)
class Gs1:
    """What the code says of one good. Dates are YYYY-MM-DD; an empty field was not in the code."""

    gtin: str  # normal form; a carton keeps its 14 digits
    lot: str = ""
    made: str = ""
    best_before: str = ""
    expiry: str = ""
    serial: str = ""
    quantity_milli: int | None = None  # net weight in grams
    price_fen: int | None = None


def is_digital_link(text: str) -> bool:
    """Whether the text is a web address with a GTIN in its path."""
    return text.lower().startswith(("http://", "https://")) and "/01/" in text


def read_digital_link(text: str) -> Gs1 | None:
    """The good of a GS1 Digital Link (`https://…/01/GTIN/10/LOT?17=YYMMDD`), or None when it is none or bad."""
    try:
        address = urlsplit(text)
    except ValueError:
        return None
    steps = address.path.split("/")
    if "01" not in steps:
        return None
    pairs = steps[steps.index("01") :]
    elements = {ai: unquote(value) for ai, value in zip(pairs[::2], pairs[1::2], strict=False) if is_digits(ai)}
    elements |= {ai: value for ai, value in parse_qsl(address.query) if is_digits(ai)}
    return _good(elements)


def read_elements(text: str) -> Gs1 | None:
    """The good of a GS1 element string, or None when an element is unknown, cut short, doubled otherwise, or no 01."""
    elements: dict[str, str] = {}
    rest = text.lstrip(GS)
    while rest:
        ai, length, fixed = _identify(rest)
        if ai is None or len(elements) >= ELEMENTS_MAX:
            return None
        value = rest[len(ai) : len(ai) + length] if fixed else rest[len(ai) :].partition(GS)[0]
        if not value or len(value) > length or (fixed and len(value) < length) or GS in value:
            return None
        if elements.setdefault(ai, value) != value:
            return None
        rest = rest[len(ai) + len(value) :].lstrip(GS)
    return _good(elements)


def looks_like_elements(text: str) -> bool:
    """Whether bare text (no AIM identifier) is a GS1 element string: GS inside, or 01 with a valid GTIN and more."""
    return GS in text or (len(text) > 18 and text.startswith("01") and is_valid(text[2:16]))


def _identify(text: str) -> tuple[str | None, int, bool]:
    """The application identifier in front: itself, its value's (maximum) length, whether that length is fixed."""
    for size in (2, 3, 4):
        ai = text[:size]
        if ai in _FIXED_LENGTHS:
            return ai, _FIXED_LENGTHS[ai], True
        if ai in _VARIABLE_MAX:
            return ai, _VARIABLE_MAX[ai], False
    if len(text) > 4 and is_digits(text[:4]):
        if text[:3] in _MEASURES:
            return text[:4], 6, True
        if text[:3] in _AMOUNTS:
            return text[:4], _AMOUNTS[text[:3]], False
    return None, 0, False


def _good(elements: dict[str, str]) -> Gs1 | None:
    gtin = elements.get("01", "")
    if not 8 <= len(gtin) <= 14 or not is_valid(gtin):
        return None
    dates = {ai: gs1_date(elements[ai]) for ai in ("11", "15", "17") if ai in elements}
    weight, price = _scaled(elements, "310", 3), _scaled(elements, "392", 2)
    if None in dates.values() or -1 in (weight, price):
        return None
    return Gs1(
        gtin=_piece_or_carton(gtin),
        lot=elements.get("10", ""),
        made=dates.get("11") or "",
        best_before=dates.get("15") or "",
        expiry=dates.get("17") or "",
        serial=elements.get("21", ""),
        quantity_milli=weight,
        price_fen=price,
    )


def _piece_or_carton(gtin: str) -> str:
    """Indicator 9 marks a piece of variable weight, whose base GTIN the catalogue knows; 1-8 are cartons."""
    padded = gtin.zfill(14)
    return normal_gtin(with_check(padded[1:13])) if padded[0] == "9" else normal_gtin(padded)


def _scaled(elements: dict[str, str], stem: str, decimals: int) -> int | None:
    """An element whose fourth digit counts decimals, as integer of `decimals`; -1 when it is bad, None when absent."""
    ai = next((ai for ai in elements if len(ai) == 4 and ai.startswith(stem)), None)
    if ai is None:
        return None
    if not is_digits(elements[ai]) or len(elements[ai]) > 15:
        return -1
    shift = decimals - int(ai[3])
    whole, rest = divmod(int(elements[ai]) * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    return -1 if rest else whole


def gs1_date(text: str) -> str | None:
    """YYMMDD -> "YYYY-MM-DD"; day 00 means the month's last; None when there is no such day."""
    if len(text) != 6 or not is_digits(text):
        return None
    short, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    year = (1900 if short >= CENTURY_PIVOT else 2000) + short
    if not 1 <= month <= 12:
        return None
    last = 29 if month == 2 and year % 4 == 0 else _LAST_DAYS[month - 1]  # 2000 was a leap year
    return f"{year:04d}-{month:02d}-{day or last:02d}" if day <= last else None
