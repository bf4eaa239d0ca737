"""What a printer does while it reads its bytes, in the order of the bytes."""

from dataclasses import dataclass
from typing import Literal

from paper.rows import Row

EVENT_BYTES_MAX = 64
"""An event quotes at most so many of the bytes it is about."""


@dataclass(frozen=True, slots=True)
class LineDone:
    """The head printed `row` and the paper moved on by `row.height` dots. Empty rows are feeds."""

    row: Row


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut command, after its feed. Printers without a cutter only mark the place."""

    partial: bool


@dataclass(frozen=True, slots=True)
class DrawerPulse:
    """Current on a drawer connector pin (2 or 5). `real_time`: by `DLE DC4`, which does not wait for the buffer."""

    pin: Literal[2, 5]
    on_ms: int
    off_ms: int
    real_time: bool = False


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """`DLE EOT n`. A printer answers it when it arrives, not when its turn in the buffer comes."""

    n: int


@dataclass(frozen=True, slots=True)
class FenceAsked:
    """`GS ( H` function 48: four bytes to send back once all before them is printed."""

    ident: bytes


@dataclass(frozen=True, slots=True)
class SensorAsked:
    """`GS r n`: 1 paper, 2 drawer; answered when its turn in the buffer comes."""

    n: int


@dataclass(frozen=True, slots=True)
class IdentAsked:
    """`GS I n`: 1..3 a byte, 65..69 a text about the printer."""

    n: int


@dataclass(frozen=True, slots=True)
class AutoStatus:
    """`GS a n`: status bytes unasked on each change of what `mask` names; 0 switches them off."""

    mask: int


@dataclass(frozen=True, slots=True)
class RecoverAsked:
    """`DLE ENQ n`: go on after an error (1), or forget the buffer and go on (2)."""

    n: int


@dataclass(frozen=True, slots=True)
class BufferCleared:
    """`DLE DC4 8`: all data not yet printed is dropped."""


@dataclass(frozen=True, slots=True)
class Initialised:
    """`ESC @`: every mode as after power-up, the line begun is dropped."""


@dataclass(frozen=True, slots=True)
class ButtonsSet:
    """`ESC c 5 n`: the feed button works or not."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class Selected:
    """`ESC = n`: while not selected, a printer ignores all but the next `ESC =`."""

    selected: bool


@dataclass(frozen=True, slots=True)
class TestPrint:
    """`GS ( A`: the printer printed its own test page; 2 status, 3 rolling pattern."""

    __test__ = False
    pattern: int


@dataclass(frozen=True, slots=True)
class SymbolRefused:
    """A QR code or barcode the printer cannot print: too long, too wide, wrong characters, a kind it does not have."""

    kind: str
    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class BadText:
    """Bytes that are no character of the printer's charset; U+FFFD stands on the paper."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes that are no command here, or one with arguments out of range; `data` is cut at `EVENT_BYTES_MAX`."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unseen:
    """A command that is known and complete but changes nothing one could see here (print density, smoothing …)."""

    data: bytes


PaperEvent = (
    LineDone
    | Cut
    | DrawerPulse
    | StatusAsked
    | FenceAsked
    | SensorAsked
    | IdentAsked
    | AutoStatus
    | RecoverAsked
    | BufferCleared
    | Initialised
    | ButtonsSet
    | Selected
    | TestPrint
    | SymbolRefused
    | BadText
    | Unknown
    | Unseen
)
