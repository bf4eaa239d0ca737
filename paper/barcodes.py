"""The printer's own one-dimensional barcodes: data of `GS k` -> modules, 1 = bar.

Sources: ISO/IEC 15420 (EAN, UPC), 15417 (Code 128), 16388 (Code 39), 16390 (Interleaved 2 of 5), EN 798 (Codabar).
Code 93 is not here and is refused by name.
"""

from collections.abc import Callable

KINDS: dict[int, str] = {
    65: "UPC-A", 66: "UPC-E", 67: "EAN13", 68: "EAN8", 69: "CODE39", 70: "ITF", 71: "CODABAR", 72: "CODE93",
    73: "CODE128",
}  # fmt: skip
"""Selector of the counted form -> kind; the NUL-ended form uses 0..6 for the first seven."""


def _words(table: str) -> list[str]:
    return table.split()


_EAN_L = _words("0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011")
_EAN_R = [code.translate(str.maketrans("01", "10")) for code in _EAN_L]
_EAN_G = [code[::-1] for code in _EAN_R]
_EAN_PARITY = _words("LLLLLL LLGLGG LLGGLG LLGGGL LGLLGG LGGLLG LGGGLL LGLGLG LGLGGL LGGLGL")
_UPCE_PARITY = _words("GGGLLL GGLGLL GGLLGL GGLLLG GLGGLL GLLGGL GLLLGG GLGLGL GLGLLG GLLGLG")
_ITF = _words("nnwwn wnnnw nwnnw wwnnn nnwnw wnwnn nwwnn nnnww wnnwn nwnwn")
_CODE39_CHARS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%*"
_CODE39 = _words(
    "000110100 100100001 001100001 101100000 000110001 100110000 001110000 000100101 100100100 001100100 "
    "100001001 001001001 101001000 000011001 100011000 001011000 000001101 100001100 001001100 000011100 "
    "100000011 001000011 101000010 000010011 100010010 001010010 000000111 100000110 001000110 000010110 "
    "110000001 011000001 111000000 010010001 110010000 011010000 010000101 110000100 011000100 010101000 "
    "010100010 010001010 000101010 010010100"
)
_CODABAR: dict[str, str] = dict(
    zip(
        "0123456789-$:/.+ABCD",
        _words(
            "0000011 0000110 0001001 1100000 0010010 1000010 0100001 0100100 0110000 1001000 "
            "0001100 0011000 1000101 1010001 1010100 0010101 0011010 0101001 0001011 0001110"
        ),
        strict=True,
    )
)
_CODE128 = _words(
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)
_CODE128_START = {"A": 103, "B": 104, "C": 105}
_CODE128_SWITCH = {"A": 101, "B": 100, "C": 99}
_CODE128_STOP = 106
_CODE128_FNC = {
    "1": {"A": 102, "B": 102, "C": 102},
    "2": {"A": 97, "B": 97},
    "3": {"A": 96, "B": 96},
    "4": {"A": 101, "B": 100},
}


class BarcodeError(ValueError):
    """The data is not what the kind can hold; the message says why."""


def modules(kind: str, data: bytes) -> tuple[str, str]:
    """Bars and spaces as "1" and "0", and the text to print below them. Raises `BarcodeError`."""
    maker = _MAKERS.get(kind)
    if maker is None:
        raise BarcodeError("this printer does not have it")
    if not data:
        raise BarcodeError("no data")
    return maker(data)


def check_digit(digits: str) -> str:
    """EAN and UPC: weights 3 and 1 from the right (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _digits(data: bytes, lengths: tuple[int, ...]) -> str:
    """The digits with their check digit, which the printer adds when it is left out and does not judge when given."""
    if not data.isdigit() or len(data) not in lengths:
        raise BarcodeError(f"needs {' or '.join(map(str, lengths))} digits")
    text = data.decode("ascii")
    return text if len(text) == max(lengths) else text + check_digit(text)


def _ean13(data: bytes) -> tuple[str, str]:
    digits = _digits(data, (12, 13))
    tables = {"L": _EAN_L, "G": _EAN_G}
    left = "".join(
        tables[side][int(digit)] for side, digit in zip(_EAN_PARITY[int(digits[0])], digits[1:7], strict=True)
    )
    return f"101{left}01010{''.join(_EAN_R[int(digit)] for digit in digits[7:])}101", digits


def _ean8(data: bytes) -> tuple[str, str]:
    digits = _digits(data, (7, 8))
    left, right = (_EAN_L[int(digit)] for digit in digits[:4]), (_EAN_R[int(digit)] for digit in digits[4:])
    return f"101{''.join(left)}01010{''.join(right)}101", digits


def _upc_a(data: bytes) -> tuple[str, str]:
    digits = _digits(data, (11, 12))
    return _ean13(b"0" + digits.encode("ascii"))[0], digits


def _upc_e(data: bytes) -> tuple[str, str]:
    digits = _digits(data, (11, 12))
    short = _shortened(digits)
    tables = {"L": _EAN_L, "G": _EAN_G}
    parity = _UPCE_PARITY[int(digits[11])]
    body = "".join(tables[side][int(digit)] for side, digit in zip(parity, short, strict=True))
    return f"101{body}010101", f"0{short}{digits[11]}"


def _shortened(digits: str) -> str:
    """The six digits of UPC-E for a UPC-A number whose zeros can be left out."""
    maker, item = digits[1:6], digits[6:11]
    if digits[0] == "0" and maker[3:] == "00" and maker[2] in "012" and item[:2] == "00":
        return maker[:2] + item[2:] + maker[2]
    if digits[0] == "0" and maker[3:] == "00" and item[:3] == "000":
        return maker[:3] + item[3:] + "3"
    if digits[0] == "0" and maker[4] == "0" and item[:4] == "0000":
        return maker[:4] + item[4] + "4"
    if digits[0] == "0" and item[:4] == "0000" and item[4] in "56789":
        return maker + item[4]
    raise BarcodeError("this number has no short form")


def _itf(data: bytes) -> tuple[str, str]:
    if not data.isdigit() or len(data) % 2:
        raise BarcodeError("needs an even number of digits")
    out = ["1010"]
    for bar, gap in zip(data[::2], data[1::2], strict=True):
        for wide, empty in zip(_ITF[bar - 48], _ITF[gap - 48], strict=True):
            out.append("1" * (3 if wide == "w" else 1) + "0" * (3 if empty == "w" else 1))
    return "".join([*out, "11101"]), data.decode("ascii")


def _code39(data: bytes) -> tuple[str, str]:
    text = data.decode("latin-1").strip("*")
    if not text or any(char not in _CODE39_CHARS[:-1] for char in text):
        raise BarcodeError("holds digits, capitals and -. $/+% only")
    return "0".join(_elements(_CODE39[_CODE39_CHARS.index(char)]) for char in f"*{text}*"), text


def _codabar(data: bytes) -> tuple[str, str]:
    text = data.decode("latin-1").upper()
    if len(text) < 2 or text[0] not in "ABCD" or text[-1] not in "ABCD" or any(c not in _CODABAR for c in text):
        raise BarcodeError("starts and ends with A to D and holds digits and -$:/.+")
    return "0".join(_elements(_CODABAR[char]) for char in text), text


def _elements(widths: str) -> str:
    """Elements from narrow (0) and wide (1), starting with a bar; wide is three modules."""
    return "".join(("0" if place % 2 else "1") * (3 if width == "1" else 1) for place, width in enumerate(widths))


def _code128(data: bytes) -> tuple[str, str]:
    """Code sets by `{A` to `{C`, functions by `{1` to `{4`, `{S` shift, `{{` a brace; in set C each byte is a pair."""
    values, text, code_set, at, shifted = list[int](), "", "", 0, ""
    while at < len(data):
        mark = data[at : at + 2].decode("latin-1") if data[at] == 0x7B else ""
        at += 2 if mark else 1
        if mark[1:] in _CODE128_START and mark:
            values.append(_CODE128_SWITCH[mark[1]] if values else _CODE128_START[mark[1]])
            code_set = mark[1]
        elif not code_set:
            raise BarcodeError("does not begin with a code set")
        elif mark[1:] in _CODE128_FNC and mark:
            values.append(_function(mark[1], code_set))
        elif mark == "{S" and code_set in "AB":
            values.append(98)
            shifted = {"A": "B", "B": "A"}[code_set]
        else:
            byte = 0x7B if mark == "{{" else data[at - 1]
            if mark and mark != "{{":
                raise BarcodeError(f"{mark!r} means nothing")
            value, shown = _character128(byte, shifted or code_set)
            values.append(value)
            text, shifted = text + shown, ""
    if len(values) < 2:
        raise BarcodeError("no data")
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return "".join(_widths(_CODE128[value]) for value in [*values, check, _CODE128_STOP]), text


def _function(name: str, code_set: str) -> int:
    if code_set not in _CODE128_FNC[name]:
        raise BarcodeError(f"function {name} is not in set {code_set}")
    return _CODE128_FNC[name][code_set]


def _character128(byte: int, code_set: str) -> tuple[int, str]:
    if code_set == "C" and byte < 100:
        return byte, f"{byte:02d}"
    if code_set == "A" and byte < 0x60:
        return (byte - 32 if byte >= 32 else byte + 64), chr(byte) if byte >= 32 else " "
    if code_set == "B" and 32 <= byte < 128:
        return byte - 32, chr(byte)
    raise BarcodeError(f"byte {byte:#04x} is not in set {code_set}")


def _widths(pattern: str) -> str:
    return "".join(("0" if place % 2 else "1") * int(width) for place, width in enumerate(pattern))


_MAKERS: dict[str, Callable[[bytes], tuple[str, str]]] = {
    "UPC-A": _upc_a, "UPC-E": _upc_e, "EAN13": _ean13, "EAN8": _ean8, "CODE39": _code39, "ITF": _itf,
    "CODABAR": _codabar, "CODE128": _code128,
}  # fmt: skip
