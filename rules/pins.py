"""Which PINs an operator may choose (domain 5.1, 12). Pure: hashing and comparing are the system worker's work."""

from itertools import pairwise
from typing import Literal

from rules.rights import Role, role_of

CASHIER_DIGITS = (4, 6)
OTHERS_DIGITS = (6, 8)
FACTORY_PINS = {"cashier": "0000", "supervisor": "123456", "admin": "88888888"}
"""Preset PINs field agents know. Good for one thing only: the first sign-on, which forces a change (2013)."""

PinFault = Literal["digits", "length", "factory", "repeated", "sequence", "birth"]
"""Why a PIN is refused; the text is `pin__FAULT` of the room `rules`."""

_COMMON = frozenset({"1234", "123456", "12345678", "1212", "112233", "123123", "147258", "159357", "520520", "666888"})


def pin_fault(pin: str, role: Role | str) -> PinFault | None:
    """The first reason why `pin` must not be used by an operator of `role`, or None when it is good."""
    if not (pin.isascii() and pin.isdigit()):
        return "digits"
    low, high = CASHIER_DIGITS if role == Role.CASHIER else OTHERS_DIGITS
    if not low <= len(pin) <= high:
        return "length"
    if pin in FACTORY_PINS.values() or pin in _COMMON:
        return "factory"
    if _repeats(pin):
        return "repeated"
    if _steps(pin) in ({1}, {9}):
        return "sequence"
    if _birth_like(pin):
        return "birth"
    return None


def factory_pin(operator: str) -> str | None:
    """The PIN an operator number has out of the box, or None when the number is no operator's."""
    role = role_of(operator)
    return FACTORY_PINS.get(role.value) if role else None


def pin_digits_max(role: Role | str) -> int:
    """How many digits the entry field takes for an operator of `role`."""
    return (CASHIER_DIGITS if role == Role.CASHIER else OTHERS_DIGITS)[1]


def _repeats(pin: str) -> bool:
    """One digit all through, or one block again and again: 777777, 565656, 420420."""
    return any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin) // 2 + 1))


def _steps(pin: str) -> set[int]:
    """Differences between neighbouring digits, modulo 10: {1} is 4567 or 7890, {9} is 9876."""
    return {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}


def _birth_like(pin: str) -> bool:
    """YYYY of a living person or MMDD, YYMMDD, YYYYMMDD."""
    if len(pin) == 4 and 1940 <= int(pin) <= 2015:
        return True
    if len(pin) == 8 and not 1940 <= int(pin[:4]) <= 2029:
        return False
    if len(pin) not in (4, 6, 8):
        return False
    month, day = int(pin[-4:-2]), int(pin[-2:])
    return 1 <= month <= 12 and 1 <= day <= 31
