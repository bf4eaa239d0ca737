"""Reading what a platform answered: never trusted to have the shape it promised. What has another shape is `Trouble` 1009.

Numbers may come as numbers or as digits in a string: platforms do both. Money in yuan is made integer fen here."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from fleet import china
from fleet.doors.trouble import NOT_UNDERSTOOD, Trouble

FEN_MAX = 9_999_999_999
WHOLE_MAX = 2**63 - 1
TEXT_CHARS_MAX = 4_096
ROWS_MAX = 200

Json = Mapping[str, Any]


def _strange(name: str) -> Trouble:
    return Trouble(NOT_UNDERSTOOD, f"field {name} is not what was promised")


def text(answer: Json, name: str, otherwise: str | None = None) -> str:
    """A text, or a whole number as text. Missing: `otherwise`, or trouble where there is none."""
    value = answer.get(name)
    if value is None and otherwise is not None:
        return otherwise
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX:
        raise _strange(name)
    return value


def whole(answer: Json, name: str, otherwise: int | None = None) -> int:
    value = answer.get(name)
    if (value is None or value == "") and otherwise is not None:
        return otherwise
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= WHOLE_MAX:
        return value
    raise _strange(name)


def fen(answer: Json, name: str, otherwise: int | None = None) -> int:
    """Money that is told in fen."""
    value = whole(answer, name, otherwise)
    if not 0 <= value <= FEN_MAX:
        raise _strange(name)
    return value


def yuan(answer: Json, name: str, otherwise: int | None = None) -> int:
    """Money that is told in yuan, in fen. A fraction of a fen is not money: trouble. -1 is how Meituan says "not known":
    `otherwise`."""
    value = answer.get(name)
    if (value is None or value == "") and otherwise is not None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _strange(name)
    try:
        amount = Decimal(value) * 100
    except InvalidOperation as trouble:
        raise _strange(name) from trouble
    if amount == -100 and otherwise is not None:
        return otherwise
    if not amount.is_finite() or not 0 <= amount <= FEN_MAX or amount != amount.to_integral_value():
        raise _strange(name)
    return int(amount)


def flag(answer: Json, name: str, otherwise: bool = False) -> bool:
    value = answer.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, bool):
        raise _strange(name)
    return value


def inner(answer: Json, name: str) -> Json:
    """A nested object; a missing one is empty."""
    value = answer.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _strange(name)
    return value


def rows(answer: Json, name: str) -> tuple[Json, ...]:
    """A list of objects; a missing one is empty."""
    value = answer.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > ROWS_MAX or not all(isinstance(row, dict) for row in value):
        raise _strange(name)
    return tuple(value)


def texts(answer: Json, name: str) -> tuple[str, ...]:
    value = answer.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > ROWS_MAX:
        raise _strange(name)
    return tuple(text({name: each}, name) for each in value)


def beijing_ms(words: str) -> int:
    """A moment as the platforms write it, in China's time: `2026-05-01 18:00:00`, without seconds, or the day alone (its
    last second). What cannot be read is 0: not told."""
    for form, more in (("%Y-%m-%d %H:%M:%S", 0), ("%Y-%m-%d %H:%M", 0), ("%Y-%m-%d", 86_399)):
        try:
            moment = datetime.strptime(words, form).replace(tzinfo=china.CHINA)
        except ValueError:
            continue
        return (int(moment.timestamp()) + more) * 1_000
    return 0


def day_of(ms: int) -> str | None:
    """The day of a moment, China's time; None for 0."""
    return china.at(ms).strftime("%Y-%m-%d") if ms else None


def plain_code(raw: str) -> str:
    """Digits as they were typed or scanned, without blanks and hyphens; "" for anything else (domain 3.2)."""
    digits = raw.strip(" ").replace(" ", "").replace("-", "")
    return digits if re.fullmatch(r"[0-9]{8,20}", digits) else ""


def last4(code: str) -> str:
    return code[-4:]
