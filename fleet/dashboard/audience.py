"""Whom a push or a roll-out is for: chosen on purpose, the whole fleet as well, and how many terminals each choice means."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple

from fleet.admin import Where
from fleet.dashboard.acting import NAME
from fleet.dashboard.reading import Reading

Kind = Literal["all", "shop", "group", "tag", "terminal"]
KINDS: tuple[Kind, ...] = ("all", "shop", "group", "tag", "terminal")
NAMED: tuple[Kind, ...] = KINDS[1:]
OFFERED_MAX = 500
"""Names a field offers; any other may be typed."""


class Audience(NamedTuple):
    """`kind` "all": every terminal that is not retired, and no name."""

    kind: Kind
    name: str = ""

    @property
    def where(self) -> Where:
        """As the desk takes it."""
        name = self.name
        match self.kind:
            case "terminal":
                return Where(terminals=(name,))
            case "shop":
                return Where(shop=name)
            case "group":
                return Where(group=name)
            case "tag":
                return Where(tags=(name,))
            case _:
                return Where()

    @property
    def fields(self) -> dict[str, str]:
        """As a form or a link says it again."""
        return {"who": self.kind} | ({self.kind: self.name} if self.name else {})


class Sizes(NamedTuple):
    """How many terminals there are in all, and by name."""

    all: int
    named: dict[str, dict[str, int]]


def is_asked(given: Mapping[str, str]) -> bool:
    """Whether anything was said about whom it is for."""
    return any(given.get(name, "").strip() for name in ("who", *NAMED))


def chosen(given: Mapping[str, str]) -> Audience | str:
    """Whom a form or a link means, or what is wrong with it: a text `audience_fault__…`. Never all by silence."""
    said = {kind: text for kind in NAMED if (text := given.get(kind, "").strip())}
    who = given.get("who", "") or (next(iter(said)) if len(said) == 1 else "")
    kind = next((each for each in KINDS if each == who), None)
    if kind is None:
        return "choose"
    if said.keys() - {kind}:
        return "two"
    name = said.get(kind, "")
    if kind != "all" and not NAME.fullmatch(name):
        return "name"
    return Audience(kind, name)


def of_layer(layer: str) -> Audience:
    """Those a layer touches."""
    kind, _, name = layer.partition(":")
    return Audience(next(each for each in KINDS if each == kind), name) if name else Audience("all")


def sizes(reading: Reading) -> Sizes:
    """Counted over the register and all who ever spoke, retired ones left out. Raises `StoreTrouble`."""
    with reading.begin() as books:
        entries = books.looks.registered()
        speaking = books.looks.names()
    serving = {name: entry for name, entry in entries.items() if not entry.retired}
    retired = entries.keys() - serving.keys()
    named = {
        "shop": Counter(entry.shop for entry in serving.values() if entry.shop),
        "group": Counter(entry.group for entry in serving.values() if entry.group),
        "tag": Counter(tag for entry in serving.values() for tag in entry.tags),
    }
    offered = {kind: dict(sorted(counts.items())[:OFFERED_MAX]) for kind, counts in named.items()}
    return Sizes(len((serving.keys() | speaking) - retired), offered | {"terminal": {}})
