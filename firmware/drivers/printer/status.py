"""What a printer says back, told apart by bit patterns: nothing else tells a status byte from a stray one.

Epson's ESC/POS reference gives each kind of answer its own pattern: `DLE EOT` 0xx1xx10, the first byte of an unasked
status (ASB) 0xx1xx00 and its other three 0xx0xxxx, `GS r` 0xx0xxxx, XON and XOFF 0001 0001 and 0001 0011, and blocks
that begin with 37h. An answer does not say to which question it belongs; so only one question is open at a time.
"""

from dataclasses import dataclass

from wire.messages import PrinterLook

_FENCE_HEAD, _CLEARED = b"\x37\x22", b"\x37\x25\x00"
_FLOW = b"\x11\x13"


@dataclass(frozen=True, slots=True)
class RealTime:
    """Answer to `DLE EOT n`."""

    byte: int


@dataclass(frozen=True, slots=True)
class Buffered:
    """Answer to `GS r`."""

    byte: int


@dataclass(frozen=True, slots=True)
class Unasked:
    """Automatic status: something changed; ask."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """Everything before this process id has been printed."""

    ident: bytes


@dataclass(frozen=True, slots=True)
class Cleared:
    """The buffers are empty, as asked for by `DLE DC4 8`."""


Reply = RealTime | Buffered | Unasked | Fenced | Cleared


class Parser:
    """Bytes in any portions -> replies. Bytes of no pattern are counted and dropped."""

    def __init__(self) -> None:
        self._held = b""
        self.garbage = 0

    def feed(self, data: bytes) -> list[Reply]:
        """Replies that are whole now; the beginning of one is kept for the next portion."""
        self._held += data.translate(None, _FLOW)
        replies: list[Reply] = []
        while self._held:
            taken, reply = _first(self._held)
            if taken == 0:
                break
            self._held = self._held[taken:]
            if reply is None:
                self.garbage += taken
            else:
                replies.append(reply)
        return replies

    def expire(self) -> list[Reply]:
        """The rest of what began did not come: the first byte was a stray one, read on behind it."""
        if not self._held:
            return []
        self.garbage += 1
        self._held = self._held[1:]
        return self.feed(b"")


def _first(held: bytes) -> tuple[int, Reply | None]:
    """How many bytes the first reply takes (0: not yet whole), and the reply (None: a stray byte)."""
    byte = held[0]
    if byte == _FENCE_HEAD[0]:
        return _block(held)
    if byte & 0x93 == 0x12:
        return 1, RealTime(byte)
    if byte & 0x93 == 0x10:
        return _unasked(held)
    if byte & 0x90 == 0:
        return 1, Buffered(byte)
    return 1, None


def _unasked(held: bytes) -> tuple[int, Reply | None]:
    if any(byte & 0x90 for byte in held[1:4]):
        return 1, None
    return (4, Unasked()) if len(held) >= 4 else (0, None)


def _block(held: bytes) -> tuple[int, Reply | None]:
    if held[:3] == _CLEARED:
        return 3, Cleared()
    if _CLEARED.startswith(held) or held == _FENCE_HEAD:
        return 0, None
    ident, end = held[2:6], held[6:7]
    if held[:2] != _FENCE_HEAD or not all(0x20 <= byte <= 0x7E for byte in ident) or end not in (b"", b"\x00"):
        return 1, None
    return (7, Fenced(ident)) if end else (0, None)


@dataclass(frozen=True, slots=True)
class Health:
    """The printer's state and, when it keeps slips from being printed, the error code that says why (group 4)."""

    look: PrinterLook
    code: int = 0

    @property
    def fine(self) -> bool:
        """Whether a slip may be printed: paper running low is a warning only."""
        return self.look in ("ok", "paper_low")


FINE = Health("ok")
SILENT = Health("offline", 4005)
GONE = Health("none", 4005)
STUCK = Health("busy", 4008)


def health(printer: int | None, offline: int | None, error: int | None, paper: int | None) -> Health:
    """Health from the answers to `DLE EOT` 1, 2, 3, 4; None: no answer, which is never taken for good news.

    An open cover is named before the paper, whose sensor it lifts."""
    if printer is None or paper is None or offline is None:
        return SILENT
    if offline & 0x04:
        return Health("cover_open", 4003)
    if paper & 0x60 or offline & 0x20:
        return Health("paper_out", 4001)
    if offline & 0x40 or (error or 0) & 0x6C:
        return Health("fault", _fault(error or 0))
    if printer & 0x08:
        return Health("busy", 4005) if offline & 0x08 else SILENT
    return Health("paper_low", 4002) if paper & 0x0C else FINE


def _fault(error: int) -> int:
    if error & 0x08:
        return 4006  # cutter
    if error & 0x20:
        return 4013  # cannot recover
    if error & 0x40:
        return 4004  # recovers by itself: the head is hot
    return 4013
