"""Which hardware the daemon's profile expects at its ends: read as data from `firmware/profiles/NAME.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emulator.lcd import LcdKind

PROFILES = Path(__file__).resolve().parent.parent / "firmware" / "profiles"
DEFAULT = "virtual"

Fence = Literal["gs_h", "gs_r", "none"]


class NoProfile(ValueError):
    """There is no such profile, or it is not one of a virtual terminal."""


@dataclass(frozen=True, slots=True)
class Rig:
    """The parts of a profile that the far ends must match."""

    name: str
    controller: LcdKind
    paper_mm: int
    fence: Fence


def load(name: str = DEFAULT) -> Rig:
    """The rig of a hardware profile. Raises `NoProfile`."""
    path = PROFILES / f"{name}.toml"
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise NoProfile(name)
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    display, printer = table.get("display", {}), table.get("printer", {})
    return Rig(
        name=name,
        controller="ili9341" if display.get("controller") == "ili9341" else "st7789",
        paper_mm=printer.get("paper_mm", 58),
        fence=printer.get("fence", "none"),
    )


def names() -> list[str]:
    """Profiles a virtual terminal can have."""
    return sorted(path.stem for path in PROFILES.glob("virtual*.toml"))
