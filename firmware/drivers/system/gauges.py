"""Battery and disk: what they say now."""

import os
from collections.abc import Callable
from pathlib import Path

from firmware.events import BatterySeen, DiskSeen, NetworkSeen
from wire.board import Battery, Network

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


def disk_look(folder: Path) -> DiskSeen:
    """Room for us on the disk of `folder`, and whether the disk has been turned read-only."""
    disk = os.statvfs(folder)
    return DiskSeen(disk.f_bavail * disk.f_frsize, bool(disk.f_flag & os.ST_RDONLY))
