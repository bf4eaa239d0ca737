"""What a keyboard-wedge scanner means by its keys: evdev codes -> characters of the US layout."""

from firmware.drivers.keys.codec import KeyChange

SHIFTS, CONTROLS, ALTS, CAPS_LOCK = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100}), 58

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
_PLAIN = {first + i: plain[i] for first, plain, _ in _ROWS for i in range(len(plain))}
_SHIFTED = {first + i: shifted[i] for first, _, shifted in _ROWS for i in range(len(shifted))}
_SAME = {
    57: " ", 28: "\r", 96: "\r", 15: "\t",
    55: "*", 74: "-", 78: "+", 83: ".", 98: "/",
    71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0",
    0x20A: "*", 0x20B: "#",
}  # fmt: skip

ALT_CODE = "\ufffd"
"""Stands for a key under Alt: the scanner types a code page we cannot know, so the scan is undecodable (domain 7.4)."""


class Letters:
    """Follows Shift, Caps Lock, Control and Alt, and says which character a key going down makes."""

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._caps = False

    def resync(self, down: frozenset[int], caps: bool) -> None:
        """Take the device's own word for what is down now."""
        self._down, self._caps = set(down), caps

    def press(self, change: KeyChange) -> str:
        """The character made, or an empty string."""
        if not change.down:
            self._down.discard(change.code)
            return ""
        self._down.add(change.code)
        if change.code == CAPS_LOCK:
            self._caps = not self._caps
            return ""
        return self._character(change.code)

    def _character(self, code: int) -> str:
        if self._down & ALTS and code not in ALTS:
            return ALT_CODE
        plain = _PLAIN.get(code, "")
        if not plain:
            return _SAME.get(code, "")
        if self._down & CONTROLS:  # Ctrl+] is GS, the separator of GS1 codes
            return chr(ord(plain) & 0x1F)
        shifted = bool(self._down & SHIFTS) != (self._caps and plain.isalpha())
        return _SHIFTED[code] if shifted else plain
