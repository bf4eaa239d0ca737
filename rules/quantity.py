"""Quantities in thousandths (milli-units): 0.735 kg is 735, two bottles are 2000. Never a float."""

import re

ONE_MILLI = 1_000
_TYPED = re.compile(r"(\d{1,9})(?:\.(\d{1,3}))?|\.(\d{1,3})")


def format_milli(milli: int) -> str:
    """Quantity as people write it: 735 -> "0.735", 2000 -> "2", -1500 -> "-1.5"."""
    whole, rest = divmod(abs(milli), ONE_MILLI)
    decimals = f".{rest:03d}".rstrip("0") if rest else ""
    return f"{'-' if milli < 0 else ''}{whole}{decimals}"


def parse_milli(typed: str) -> int | None:
    """Milli-units of a typed quantity ("3", "0.735", ".5"); None when it is none or has more than three decimals."""
    match = _TYPED.fullmatch(typed.strip()) if typed.isascii() else None
    if match is None:
        return None
    decimals = match[2] or match[3] or ""
    return int(match[1] or 0) * ONE_MILLI + int(decimals.ljust(3, "0"))


def is_whole(milli: int) -> bool:
    """Whether the quantity counts whole pieces."""
    return milli % ONE_MILLI == 0
