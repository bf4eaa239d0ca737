"""What a printer answers, byte for byte (Epson: DLE EOT, GS a, GS r, GS I, GS ( H)."""

from dataclasses import dataclass

from paper.profile import PaperProfile

PAPER_LOW, PAPER_OUT = 0x03, 0x0C
_FIXED_BITS = 0x12
_MODEL, _TWO_BYTE_CHARACTERS, _VERSION = 0x20, 0x01, 0x01
_TYPE_CUTTER = 0x02


@dataclass(frozen=True, slots=True)
class Condition:
    """The state a printer's sensors see. `stopped` is off line by its own button; `drawer_pin` the contact's level."""

    paper_low: bool = False
    paper_out: bool = False
    cover_open: bool = False
    stopped: bool = False
    drawer_pin: bool = False

    @property
    def offline(self) -> bool:
        """Nothing is printed in this state; what is in the buffer waits."""
        return self.paper_out or self.cover_open or self.stopped


def real_time(n: int, now: Condition) -> bytes:
    """The one-byte answer to `DLE EOT n`: 1 printer, 2 why off line, 3 error, 4 paper."""
    assert 1 <= n <= 4
    if n == 1:
        bits = now.drawer_pin << 2 | now.offline << 3
    elif n == 2:
        bits = now.cover_open << 2 | now.paper_out << 5
    elif n == 3:
        bits = 0
    else:
        bits = (0x0C if now.paper_low or now.paper_out else 0) | (0x60 if now.paper_out else 0)
    return bytes((_FIXED_BITS | bits,))


def automatic(now: Condition) -> bytes:
    """The four bytes sent unasked after `GS a`. In the first, bit 4 is set and bits 0, 1, 7 are clear."""
    first = 0x10 | now.drawer_pin << 2 | now.offline << 3 | now.cover_open << 5
    return bytes((first, 0, _paper_bits(now), 0))


def sensor(n: int, now: Condition) -> bytes:
    """`GS r n`: 1 paper, 2 drawer."""
    assert n in (1, 2)
    return bytes((_paper_bits(now) if n == 1 else int(now.drawer_pin),))


def ident(n: int, profile: PaperProfile) -> bytes:
    """`GS I n`: a byte, or for 65 and more a text between "_" and NUL."""
    if n <= 3:
        kind = _TWO_BYTE_CHARACTERS | (_TYPE_CUTTER if profile.slip_end == "cut" else 0)
        return bytes(((_MODEL, kind, _VERSION)[n - 1],))
    texts = {65: profile.firmware, 66: profile.maker, 67: profile.name, 68: "0000000001", 69: profile.charset}
    return b"_" + texts[n].encode("ascii") + b"\0"


def fence(identity: bytes) -> bytes:
    """`GS ( H` 48: "all before this is printed"."""
    assert len(identity) == 4
    return b"7\x22" + identity + b"\0"


def _paper_bits(now: Condition) -> int:
    return (PAPER_LOW if now.paper_low or now.paper_out else 0) | (PAPER_OUT if now.paper_out else 0)
