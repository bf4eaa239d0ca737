"""Which settings a person can change at the keypad, and how: read off the model, so that a new setting is there by itself.

Tables of rows (rules of the drawer, promotions, scale codes …) are the document's; here are switches, choices, numbers,
short texts and lists of those.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from rules.rights import Role
from rules.settings import Settings, who_may

Kind = Literal["choice", "number", "text", "clock", "texts", "numbers"]

COMMON: tuple[str, ...] = (
    "shop.footer", "printer.print_slip", "terminal.volume", "terminal.idle_lock_min", "terminal.lang",
    "drawer_use.small_amounts_fen", "closing.copies", "terminal.key_click", "slips.header", "slips.phone",
)  # fmt: skip
"""What a shop changes most, in the order in which it is offered."""

TEXT_MAX = 48
CLOCK = "[0-5][0-9]\\Z"


@dataclass(frozen=True, slots=True)
class Editable:
    """One setting that can be changed by keys. `low`, `high`: bounds of a number; `longest`: signs of a text; `rows_min`,
    `rows_max`: of a list."""

    path: str
    kind: Kind
    choices: tuple[Any, ...] = ()
    low: int = 0
    high: int = 0
    longest: int = 0
    rows_min: int = 0
    rows_max: int = 0

    @property
    def section(self) -> str:
        """The group it belongs to."""
        return self.path.partition(".")[0]

    @property
    def key(self) -> str:
        """Of its texts in the room `rules`."""
        return self.path.replace(".", "_")

    @property
    def money(self) -> bool:
        """Whether its numbers are fen."""
        return self.path.endswith("_fen")


def editables(role: Role) -> tuple[Editable, ...]:
    """Everything that `role` may change at the terminal, by section."""
    return tuple(each for each in _all() if role.value in who_may(each.path))


def editable(path: str) -> Editable:
    """The one of this path. Raises `StopIteration` for a path that is none of them."""
    return next(each for each in _all() if each.path == path)


@cache
def _all() -> tuple[Editable, ...]:
    found = []
    for section, kind in get_type_hints(Settings, include_extras=True).items():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            for name, inner in get_type_hints(kind, include_extras=True).items():
                if (one := _read(f"{section}.{name}", inner)) is not None:
                    found.append(one)
    return tuple(found)


def _read(path: str, kind: Any) -> Editable | None:
    inner, meta = _unwrapped(kind)
    if inner is bool:
        return Editable(path, "choice", (True, False))
    if get_origin(inner) is Literal:
        return Editable(path, "choice", get_args(inner))
    if inner is int and meta.ge is not None and meta.le is not None:
        return Editable(path, "number", low=int(meta.ge), high=int(meta.le))
    if inner is str and meta.pattern and meta.pattern.endswith(CLOCK):
        return Editable(path, "clock", longest=5)
    if inner is str and not meta.pattern and 1 < (meta.max_length or 0) <= TEXT_MAX:
        return Editable(path, "text", low=meta.min_length or 0, longest=meta.max_length or 0)
    if get_origin(inner) is tuple:
        return _list(path, get_args(inner)[0], meta)
    return None


def _list(path: str, row: Any, meta: msgspec.Meta) -> Editable | None:
    inner, of = _unwrapped(row)
    least, most = meta.min_length or 0, meta.max_length or 0
    if inner is str and not of.pattern and of.max_length:
        return Editable(path, "texts", longest=of.max_length, rows_min=least, rows_max=most)
    if inner is int and of.ge is not None and of.le is not None:
        return Editable(path, "numbers", low=int(of.ge), high=int(of.le), rows_min=least, rows_max=most)
    return None


def _unwrapped(kind: Any) -> tuple[Any, msgspec.Meta]:
    """The type under its bounds, and these; of bounds laid over bounds what each says."""
    inner = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    metas = [each for each in getattr(kind, "__metadata__", ()) if isinstance(each, msgspec.Meta)]
    said = {
        name: value
        for meta in metas
        for name in ("ge", "le", "min_length", "max_length", "pattern")
        if (value := getattr(meta, name)) is not None
    }
    return inner, msgspec.Meta(**said)
