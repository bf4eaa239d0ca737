"""Which `/dev/input/event*` is the keypad and which the scanner: by udev's properties, else by name.

`seen` is the one door to the running system; it reads sysfs and udev's database below a root folder, so a recorded
machine can be put in its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEVICES_MAX = 64


@dataclass(frozen=True, slots=True)
class InputSeen:
    """One input device of the kernel. `role` is `ID_POS_ROLE` of our udev rules, or empty."""

    path: str
    name: str
    role: str
    keyboard: bool  # udev's `ID_INPUT_KEYBOARD` or `ID_INPUT_KEY`


def seen(root: Path = Path("/")) -> list[InputSeen]:
    """All input devices, in the kernel's order."""
    folder = root / "sys/class/input"
    events = sorted(folder.glob("event*"), key=lambda path: int(path.name.removeprefix("event")))
    return [_look(root, path) for path in events[:DEVICES_MAX]]


def choose(devices: Iterable[InputSeen], role: str, name_contains: str = "") -> str | None:
    """Path of the device for `role` (`keypad`, `scanner`), or None.

    A name asked for decides alone; else the role of our udev rules. Nothing is guessed: a wrong guess would take the
    scanner for the keypad.
    """
    for device in devices:
        if name_contains and device.keyboard and name_contains.casefold() in device.name.casefold():
            return device.path
        if not name_contains and device.role == role:
            return device.path
    return None


def _look(root: Path, path: Path) -> InputSeen:
    properties = _udev(root, _text(path / "dev"))
    return InputSeen(
        path=f"/dev/input/{path.name}",
        name=_text(path / "device/name"),
        role=properties.get("ID_POS_ROLE", ""),
        keyboard="1" in (properties.get("ID_INPUT_KEYBOARD"), properties.get("ID_INPUT_KEY")),
    )


def _udev(root: Path, number: str) -> dict[str, str]:
    """udev's properties of the character device `major:minor`."""
    lines = _text(root / "run/udev/data" / f"c{number}").splitlines()
    pairs = (line[2:].partition("=") for line in lines if line.startswith("E:"))
    return {key: value for key, _, value in pairs}


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:  # unplugged while we looked
        return ""
