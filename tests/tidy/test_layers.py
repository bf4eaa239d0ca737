"""Who may import whom (design 3), read from the imports themselves."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = (("texts", "rules"), ("wire",), ("paper",), ("firmware", "fleet", "provisioning", "emulator"))
INSIDE_FIRMWARE = (  # each may import those before it, and itself
    ("view", "events", "hardware"),
    ("txn",),
    ("screens",),
    ("desks",),
    ("terminal", "halted"),
    ("training",),
    ("drivers", "render", "render_text"),
    ("loop",),
    ("diagnosis", "crashes", "release_drawer"),
    ("assembly",),
    ("check",),
    ("__main__",),
)
FREE = ("simulation", "demo", "benchmarks", "tests")
IMPURE = {"time", "random", "os", "threading", "socket", "subprocess", "asyncio", "datetime.datetime.now"}
VENDORS = {
    "evdev": "firmware/drivers/keys",
    "luma": "firmware/drivers/display",
    "spidev": "firmware/drivers/display",
    "escpos": "firmware/drivers/printer",
    "gpiozero": "firmware/drivers/drawer",
    "paho": "firmware/drivers/uplink",
    "tinydb": "firmware/drivers/store",
}
LEDGER_ONLY = "sqlite3"


def imports(path: Path) -> set[str]:
    """Full names of everything a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize("room", [room for rooms in FLOORS for room in rooms])
def test_a_room_imports_only_floors_below(room: str) -> None:
    below = {other for rooms in FLOORS[: floor(room)] for other in rooms} | {room}
    if room == "rules":
        below.add("texts")
    known = {other for rooms in FLOORS for other in rooms} | set(FREE)
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(room)
        for name in sorted(imports(path))
        if name.split(".")[0] in known - below
    ]
    assert wrong == []


def inner(name: str) -> int:
    return next(number for number, parts in enumerate(INSIDE_FIRMWARE) if name in parts)


def test_inside_the_firmware_only_what_stands_left_is_imported() -> None:
    wrong = []
    for path in files("firmware"):
        parts = path.relative_to(ROOT / "firmware").with_suffix("").parts
        if parts == ("__init__",):
            continue
        for name in imports(path):
            there = name.split(".")
            if there[0] == "firmware" and len(there) > 1 and inner(there[1]) > inner(parts[0]):
                wrong.append(f"{'/'.join(parts)}: {name}")
    assert wrong == []


def test_drivers_know_neither_each_other_nor_the_business() -> None:
    wrong = []
    for path in files("firmware/drivers"):
        own = path.relative_to(ROOT / "firmware/drivers").with_suffix("").parts[0]
        for name in imports(path):
            parts = name.split(".")
            if parts[:2] in (["firmware", "txn"], ["firmware", "screens"], ["firmware", "terminal"]):
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
            if parts[:2] == ["firmware", "drivers"] and len(parts) > 2 and parts[2] != own:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == []


@pytest.mark.parametrize("room", ["rules", "wire", "paper", "firmware/txn", "firmware/screens"])
def test_what_is_pure_asks_nobody_the_time_and_rolls_no_dice(room: str) -> None:
    allowed = {ROOT / "firmware/txn/ledger.py": {"os"}, ROOT / "firmware/txn/ballast.py": {"os"}}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(room)
        for name in imports(path)
        if name.split(".")[0] in IMPURE - allowed.get(path, set()) and "docs" not in path.name
    ]
    assert wrong == []


def test_only_the_ledger_opens_the_database() -> None:
    users = [str(p.relative_to(ROOT)) for p in files("firmware") if LEDGER_ONLY in imports(p)]
    assert users == ["firmware/check.py", "firmware/txn/ledger.py"]  # check asks for its version only


@pytest.mark.parametrize(("package", "door"), VENDORS.items())
def test_each_vendor_package_has_one_door(package: str, door: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in files("firmware")
        if any(name.split(".")[0] == package for name in imports(path))
    }
    assert all(user.startswith(door) for user in users), users


def test_no_asyncio_in_the_firmware() -> None:
    assert [path for path in files("firmware") if "asyncio" in imports(path)] == []
