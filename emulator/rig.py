"""Which hardware the daemon's profile expects at its ends: read as data from `firmware/profiles/NAME.toml`."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emulator.lcd import LcdKind
from paper.profile import PAPER_58, PAPER_80, PaperProfile, SlipEnd

PROFILES = Path(__file__).resolve().parent.parent / "firmware" / "profiles"
DEFAULT = "virtual"


class NoProfile(ValueError):
    """There is no such profile, or it is not one of a virtual terminal."""


@dataclass(frozen=True, slots=True)
class Rig:
    """The parts of a profile that the far ends must match."""

    name: str
    controller: LcdKind
    paper: PaperProfile
    paper2: PaperProfile | None = None
    """The second printer's; None: there is none."""


def load(name: str = DEFAULT) -> Rig:
    """The rig of a hardware profile. Raises `NoProfile`."""
    path = PROFILES / f"{name}.toml"
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise NoProfile(name)
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    display = table.get("display", {})
    return Rig(
        name=name,
        controller="ili9341" if display.get("controller") == "ili9341" else "st7789",
        paper=_paper(table.get("printer", {})),
        paper2=_paper(table["printer2"]) if "printer2" in table else None,
    )


def _paper(printer: dict[str, Any]) -> PaperProfile:
    return replace(PAPER_80 if printer.get("paper_mm") == 80 else PAPER_58, slip_end=_slip_end(printer))


def _slip_end(printer: dict[str, Any]) -> SlipEnd:
    """Where one piece of paper ends: at the cutter's blade, or where a hand tears."""
    if printer.get("cutter", False):
        return "cut"
    return "feed" if printer.get("fence", "none") == "none" else "fence"


def names() -> list[str]:
    """Profiles a virtual terminal can have."""
    return sorted(path.stem for path in PROFILES.glob("virtual*.toml"))
