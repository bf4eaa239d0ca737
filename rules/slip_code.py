"""The code on a slip that names it: printed as a barcode, scanned to give back or to print again (domain 6.1, 6.2).

`R`, terminal, epoch 2, batch 6, trace 6: no payment code and no barcode of goods looks like it.
"""

import re
from dataclasses import dataclass

_CODE = re.compile(r"R([A-Za-z0-9_-]{1,32})(\d{2})(\d{6})(\d{6})", re.ASCII)
_NUMBER = re.compile(r"(\d{1,6})-(\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SlipName:
    """Which slip: `terminal` is empty and `epoch` 0 when only the number on it was typed; epoch 0 is also that of a
    journal whose number the backend had not granted yet."""

    batch: int
    trace: int
    terminal: str = ""
    epoch: int = 0


def slip_code(terminal: str, epoch: int, batch: int, trace: int) -> str:
    """What the barcode of a slip holds."""
    assert 0 <= epoch <= 99
    return f"R{terminal}{epoch:02d}{batch:06d}{trace:06d}"


def read_slip_code(text: str) -> SlipName | None:
    """The slip a scanned code, or a number as printed (`000123-000045`), names; None: it names none."""
    if found := _CODE.fullmatch(text):
        return SlipName(int(found[3]), int(found[4]), found[1], int(found[2]))
    if found := _NUMBER.fullmatch(text):
        return SlipName(int(found[1]), int(found[2]))
    return None
