"""RAUC's slots, on a device that runs from an image (A/B root file systems). Hardware: not run.

`rauc` is told by its command line, because that is its stable interface; the image sets `activate-installed=false`, so that
installing and trying are two steps. Bundles are checked by RAUC against the image's own keyring; here only that the bundle
is the release that was ordered, and none older than what runs.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from firmware.drivers.slots.slots import DAMAGED, ROLLED_BACK, TOO_OLD, SlotFault, SlotLook
from wire.release import newer

PATIENCE_S: Final = 1_800
Run = Callable[[tuple[str, ...]], str]


def run_rauc(arguments: tuple[str, ...]) -> str:
    """What `rauc ARGUMENTS` prints. Raises `SlotFault`."""
    try:
        done = subprocess.run(
            ("rauc", *arguments), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as wrong:
        raise SlotFault(ROLLED_BACK, f"rauc: {type(wrong).__name__}") from wrong
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["failed"])[-1]
        raise SlotFault(ROLLED_BACK, f"rauc {arguments[0]}: {words}"[:120])
    return done.stdout


class RaucSlots:
    """The slots of a device. `runs`: the release whose code this is."""

    def __init__(self, runs: str, run: Run = run_rauc) -> None:
        self._runs, self._run = runs, run

    def which(self) -> SlotLook:
        """The booted slot is on trial until it is marked good; another one that is bad was left."""
        booted, others = self._slots()
        return SlotLook(
            str(booted.get("bootname", "")), booted.get("boot_status") != "good",
            any(each.get("boot_status") == "bad" for each in others),
        )  # fmt: skip

    def install(self, bundle: Path, version: str) -> None:
        """`rauc install`, of the release that was ordered only."""
        told = self._json(("info", "--output-format=json", str(bundle)))
        found = str(told.get("version", ""))
        if found != version:
            raise SlotFault(DAMAGED, f"it is {found or 'nameless'}, not {version}")
        if newer(self._runs, found):
            raise SlotFault(TOO_OLD, f"{self._runs} runs, which is newer")
        self._run(("install", str(bundle)))

    def try_next(self) -> None:
        """The other slot is the first to be booted; the boot loader counts its tries."""
        self._run(("status", "mark-active", "other"))

    def confirm(self) -> None:
        """The booted slot is good."""
        self._run(("status", "mark-good", "booted"))

    def fall_back(self) -> None:
        """The booted slot is bad, the other one is next."""
        self._run(("status", "mark-bad", "booted"))
        self._run(("status", "mark-active", "other"))

    def _slots(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The booted slot and the others that can be booted."""
        told = self._json(("status", "--output-format=json"))
        every = [slot for named in told.get("slots", ()) for slot in named.values() if slot.get("bootname")]
        booted = next((slot for slot in every if slot.get("state") == "booted"), None)
        if booted is None:
            raise SlotFault(ROLLED_BACK, "rauc names no booted slot")
        return booted, [slot for slot in every if slot is not booted]

    def _json(self, arguments: tuple[str, ...]) -> dict[str, Any]:
        try:
            told = json.loads(self._run(arguments))
        except ValueError as wrong:
            raise SlotFault(ROLLED_BACK, "rauc says nothing that can be read") from wrong
        if not isinstance(told, dict):
            raise SlotFault(ROLLED_BACK, "rauc says nothing that can be read")
        return told
