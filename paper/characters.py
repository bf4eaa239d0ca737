"""Bytes of text -> characters: GB18030, the printers' code pages and their national variants of ASCII."""

from paper.profile import Charset

REPLACEMENT = "\ufffd"

CODE_PAGES: dict[int, str] = {
    0: "cp437", 1: "shift_jis", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737",
    15: "iso8859_7", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 32: "cp720", 33: "cp775", 34: "cp855",
    35: "cp861", 36: "cp862", 37: "cp864", 38: "cp869", 39: "iso8859_2", 40: "iso8859_15", 44: "cp1125",
    45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254", 49: "cp1255", 50: "cp1256", 51: "cp1257", 52: "cp1258",
}  # fmt: skip
"""`ESC t n` -> Python's name of the table (Epson's numbering). Page 1 is half-width katakana."""

_NATIONAL_PLACES = "#$@[\\]^`{|}~"
_NATIONAL = (
    "#$@[\\]^`{|}~",  # 0 USA
    "#$à°ç§^`éùè¨",  # 1 France
    "#$§ÄÖÜ^`äöüß",  # 2 Germany
    "£$@[\\]^`{|}~",  # 3 UK
    "#$@ÆØÅ^`æøå~",  # 4 Denmark I
    "#¤ÉÄÖÅÜéäöåü",  # 5 Sweden
    "#$@°\\é^ùàòèì",  # 6 Italy
    "₧$@¡Ñ¿^`¨ñ}~",  # 7 Spain I
    "#$@[¥]^`{|}~",  # 8 Japan
    "#¤ÉÆØÅÜéæøåü",  # 9 Norway
    "#$ÉÆØÅÜéæøåü",  # 10 Denmark II
    "#$á¡Ñ¿é`íñóú",  # 11 Spain II
    "#$á¡Ñ¿éüíñóú",  # 12 Latin America
    "#$@[₩]^`{|}~",  # 13 Korea
    "#$ŽŠĐĆČžšđćč",  # 14 Slovenia and Croatia
    "#¥@[\\]^`{|}~",  # 15 China
)
COUNTRIES = len(_NATIONAL)


def narrow(byte: int, page: int, country: int) -> str | None:
    """The one-column character of a byte >= 0x20, or None where the table has none."""
    if byte < 0x80:
        place = _NATIONAL_PLACES.find(chr(byte))
        return _NATIONAL[country][place] if place >= 0 else chr(byte)
    return decode(bytes((byte,)), CODE_PAGES[page])


def decode(data: bytes, codec: str) -> str | None:
    """One printable character, or None."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    return text if len(text) == 1 and ord(text) >= 0x20 and not 0x7F <= ord(text) < 0xA0 else None


def leads(byte: int) -> bool:
    """Whether a byte begins a character of two or four bytes."""
    return 0x81 <= byte <= 0xFE


def follows(head: bytes, byte: int, charset: Charset) -> bool:
    """Whether `byte` may stand after `head`, the first one to three bytes of a character (GB 18030-2022, 6.2)."""
    if len(head) == 1:
        return 0x40 <= byte <= 0x7E or 0x80 <= byte <= 0xFE or (charset == "gb18030" and 0x30 <= byte <= 0x39)
    return 0x81 <= byte <= 0xFE if len(head) == 2 else 0x30 <= byte <= 0x39


def whole(code: bytes) -> bool:
    """Whether a code that was built byte by byte with `follows` is complete."""
    return len(code) == 4 or (len(code) == 2 and code[1] >= 0x40)
