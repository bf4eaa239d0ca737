"""Goods barcodes: check digits, normal forms of EAN-13, EAN-8, UPC-A, UPC-E and ITF-14, glued scans, AIM identifiers.

A *normal form* is what the catalogue is keyed by: 13 digits, except EAN-8, which keeps its 8.
"""

import re
import unicodedata

SCAN_CHARS_MAX = 1_024
"""Longest scan taken: a group-buying link or a title QR fits, a stuck scanner does not (domain 3.2)."""

AIM_SYMBOLOGIES: dict[str, str] = {
    "E0": "ean13", "E3": "ean13_addon", "E4": "ean8",
    "C0": "code128", "C1": "gs1_128", "C2": "code128", "C4": "code128",
    "A0": "code39", "A1": "code39", "A3": "code39", "F0": "codabar", "G0": "code93",
    "I0": "itf", "I1": "itf", "S0": "itf",
    "Q0": "qr", "Q1": "qr", "Q3": "gs1_qr", "d1": "datamatrix", "d2": "gs1_datamatrix",
    "e0": "gs1_databar", "J1": "gs1_dotcode", "L0": "pdf417", "L2": "pdf417", "z0": "aztec", "X0": "other",
}  # fmt: skip
"""AIM identifier without its bracket -> symbology (domain 7.4, ISO/IEC 15424)."""

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GLUED_LENGTHS = (13, 12, 8, 14)
GLUED_CHARS_MAX = 112
"""Eight long codes in a row; more than that is no two scans but noise."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_digits(text: str) -> bool:
    """Whether the text is one or more ASCII digits (`str.isdigit` alone also takes superscripts and other scripts)."""
    return text.isascii() and text.isdigit()


def check_digit(body: str) -> str:
    """Check digit of a GTIN body of any length: modulo 10, weights 3 and 1 from the right."""
    assert is_digits(body), body
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def is_valid(code: str) -> bool:
    """Whether the last digit is the check digit of the digits before it."""
    return len(code) > 1 and is_digits(code) and check_digit(code[:-1]) == code[-1]


def with_check(body: str) -> str:
    """The body with its check digit: "690123456789" -> "6901234567892"."""
    return body + check_digit(body)


def expand_upc_e(code: str) -> str | None:
    """UPC-A (12 digits) of an 8-digit UPC-E, or None when it is none: number system 0 or 1 and a right check digit."""
    if len(code) != 8 or not is_digits(code) or code[0] not in "01":
        return None
    digits, last = code[1:6], code[6]
    if last in "012":
        body = digits[:2] + last + "0000" + digits[2:]
    elif last == "3":
        body = digits[:3] + "00000" + digits[3:]
    elif last == "4":
        body = digits[:4] + "00000" + digits[4]
    else:
        body = digits + "0000" + last
    upc_a = code[0] + body + code[7]
    return upc_a if is_valid(upc_a) else None


def normal_gtin(code: str) -> str:
    """Normal form of a valid GTIN of 8, 12, 13 or 14 digits; a carton (indicator 1-9) keeps its 14."""
    assert is_valid(code), code
    padded = code.zfill(14)
    if padded.startswith("000000"):
        return padded[-8:]
    return padded[1:] if padded[0] == "0" else padded


def normal_forms(code: str) -> tuple[str, ...]:
    """All goods codes that bare digits may stand for, likeliest first; empty when no check digit fits.

    Eight digits may be an EAN-8 and a UPC-E at once; the catalogue decides.
    """
    if not is_digits(code):
        return ()
    found = [normal_gtin(code)] if len(code) in (8, 12, 13) and is_valid(code) else []
    upc_a = expand_upc_e(code)
    if upc_a is not None and normal_gtin(upc_a) not in found:
        found.append(normal_gtin(upc_a))
    return tuple(found)


def carton_base(gtin14: str) -> str | None:
    """Normal form of the piece inside a carton: the indicator goes, the check digit is computed anew (domain 7.1)."""
    if len(gtin14) != 14 or not is_valid(gtin14) or gtin14[0] == "0":
        return None
    return normal_gtin(with_check(gtin14[1:13]))


def split_glued(text: str) -> tuple[str, ...] | None:
    """The valid goods codes that run together in one scan, or None when the digits do not split into two or more.

    Whether the whole is a known code itself is the caller's to ask first (domain 1.2).
    """
    if not is_digits(text) or not 16 <= len(text) <= GLUED_CHARS_MAX:
        return None
    splits: dict[int, tuple[str, ...]] = {len(text): ()}
    for start in range(len(text) - 8, -1, -1):
        for length in _GLUED_LENGTHS:
            rest = splits.get(start + length)
            if rest is not None and is_valid(text[start : start + length]):
                splits[start] = (text[start : start + length], *rest)
                break
    parts = splits.get(0, ())
    return parts if len(parts) > 1 else None


def strip_aim(text: str) -> tuple[str, str]:
    """The text without a known AIM identifier in front, and that identifier without its bracket (or "")."""
    if _AIM.match(text) and text[1:3] in AIM_SYMBOLOGIES:
        return text[3:], text[1:3]
    return text, ""


def clean_scan(text: str) -> str:
    """The scan without the terminators and blanks a scanner leaves around it; FNC1 (GS) inside stays."""
    return text.strip("\r\n\t \x00")


def has_hidden(text: str, allowed: str = "") -> bool:
    """Whether control, escape, direction or unassigned characters hide in the text."""
    return any(unicodedata.category(sign) in _HIDDEN and sign not in allowed for sign in text)


def shown(text: str, signs_max: int = 24) -> str:
    """Any text made safe to show and print: hidden characters become "·", the middle of a long one "…"."""
    safe = "".join("·" if unicodedata.category(sign) in _HIDDEN else sign for sign in text[: 4 * SCAN_CHARS_MAX])
    if len(safe) <= signs_max:
        return safe
    tail = signs_max // 3
    return f"{safe[: signs_max - tail - 1]}…{safe[-tail:]}"
