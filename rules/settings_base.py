"""What all sections of the settings have in common: who may change a setting, and that unknown names are errors."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Who = Literal["cashier", "supervisor", "admin", "field_agent"]

Line = Annotated[str, Meta(max_length=48)]
Date = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
OperatorNo = Annotated[str, Meta(pattern=r"^[0-9]{2}\Z")]
Fen = Annotated[int, Meta(ge=0, le=99_999_999)]


def by(*who: Who) -> dict[str, object]:
    """What a setting's `Meta.extra` holds: the roles that may change it at the terminal."""
    return {"who": list(who)}


SHOP = by("supervisor", "admin")
DEVICE = by("admin", "field_agent")
ADMIN = by("admin")
NOBODY = by()
"""Set by the document alone: no role changes it at the terminal."""

ANYONE = by("cashier", "supervisor", "admin", "field_agent")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections: immutable, and an unknown name is an error, so that a typing error cannot pass."""
