"""Battery and disk: what they say now."""

import os
from collections.abc import Callable
from pathlib import Path

from firmware.events import BatterySeen, DiskSeen, NetworkSeen
from wire.board import Battery, Network, NetworkKind

BatteryGauge = Callable[[], BatterySeen]

NO_BATTERY = BatterySeen(None, charging=False)


def sysfs_battery(folder: Path) -> BatterySeen:
    """The battery of a `/sys/class/power_supply/NAME`; `percent` is None when it cannot be read."""
    try:
        percent = int((folder / "capacity").read_text())
        status = (folder / "status").read_text().strip()
    except (OSError, ValueError):
        return NO_BATTERY
    return BatterySeen(max(0, min(percent, 100)), charging=status in ("Charging", "Full", "Not charging"))


def board_battery(battery: Battery) -> BatterySeen:
    """The virtual board's word about its battery."""
    return BatterySeen(max(0, min(battery.percent, 100)), battery.charging)


def board_network(network: Network) -> NetworkSeen:
    """The virtual board's word about its network."""
    percent = network.signal_percent
    return NetworkSeen(network.kind, None if percent is None else max(0, min(percent, 100)), network.fault)


def system_network(links: Path = Path("/sys/class/net"), wireless: Path = Path("/proc/net/wireless")) -> NetworkSeen:
    """The network Linux uses: a cable before Wi-Fi before mobile data, and how strong Wi-Fi is. What keeps a radio out (no
    SIM card, a wrong key) only its own manager knows."""
    up = {link.name: _kind(link) for link in _listed(links) if _text(link / "operstate") in ("up", "unknown")}
    up.pop("lo", None)
    for kind in _KINDS:
        name = next((name for name, its in sorted(up.items()) if its == kind), None)
        if name is not None:
            return NetworkSeen(kind, _signal(name, wireless) if kind == "wifi" else None)
    return NetworkSeen("none")


_KINDS: tuple[NetworkKind, ...] = ("cable", "wifi", "mobile")
_MOBILE = ("wwan", "ppp", "rmnet")
QUALITY_MAX = 70
"""Link quality of `/proc/net/wireless` at its best, as cfg80211 scales it."""


THERMAL, BLOCK, STATM = Path("/sys/class/thermal"), Path("/sys/block"), Path("/proc/self/statm")


def temperature_c(folder: Path = THERMAL) -> int | None:
    """The hottest zone the kernel tells of, in degrees; None: it tells of none."""
    told = (_text(zone / "temp") for zone in _listed(folder) if zone.name.startswith("thermal_zone"))
    found = [int(text) // 1_000 for text in told if text.lstrip("-").isdigit()]
    return max(found) if found else None


def disk_wear_percent(folder: Path = BLOCK) -> int | None:
    """How much of its life the worst card has spent, as an eMMC says (JEDEC 84-B51, EXT_CSD 268 and 269: tenths, 0x0B is
    past its end); None: it does not say."""
    spent = [
        int(tenth, 16) * 10
        for disk in _listed(folder)
        for tenth in _text(disk / "device" / "life_time").split()
        if tenth.lower().startswith("0x") and int(tenth, 16)
    ]
    return min(100, max(spent)) if spent else None


def disk_free_percent(folder: Path) -> int | None:
    """Room for us on the disk of `folder`."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * 100 // disk.f_blocks if disk.f_blocks else None


def memory_mb(statm: Path = STATM) -> int | None:
    """What this process holds in memory."""
    pages = _text(statm).split()
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20 if len(pages) > 1 and pages[1].isdigit() else None


def _kind(link: Path) -> NetworkKind:
    if (link / "wireless").exists() or (link / "phy80211").exists():
        return "wifi"
    return "mobile" if link.name.startswith(_MOBILE) else "cable"


def _signal(name: str, wireless: Path) -> int | None:
    for line in _text(wireless).splitlines():
        who, _, rest = line.partition(":")
        if who.strip() == name and len(rest.split()) > 1:
            quality = float(rest.split()[1])
            return max(0, min(round(100 * quality / QUALITY_MAX), 100))
    return None


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def disk_look(folder: Path) -> DiskSeen:
    """Room for us on the disk of `folder`, and whether the disk has been turned read-only."""
    disk = os.statvfs(folder)
    return DiskSeen(disk.f_bavail * disk.f_frsize, bool(disk.f_flag & os.ST_RDONLY))
