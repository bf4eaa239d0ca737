"""Starts the release a folder's `current` points at, and counts the starts of one on trial.

A copy of this file lies beside the slots and is what systemd, or a virtual terminal's launcher, starts: a release that
cannot even be imported is left by it. It uses nothing but the standard library, and no file of any release:

    python3 RELEASES/launch.py [arguments of posd]

`trial.json` beside the slots says which one is on trial: `slot`, `before` (the one to go back to), `starts` so far, the
first and one for each death; `cuts`, starts after the power had gone or somebody had stopped it; the `kernel`'s boot of the
last start and whether that run was `ended` on request; `left`, once it was given up, and whether it `died` then.
"""

import json
import os
import sys
from pathlib import Path

STARTS_MAX = 2
"""A release on trial may be started so often, not counting what is nobody's fault; the next start is the other one's."""

CUTS_MAX = 8
"""So often the power may go under a release on trial: it might hang so that nothing but pulling the plug helps."""

KERNEL_BOOT = Path("/proc/sys/kernel/random/boot_id")
KERNEL_ENVIRONMENT = "POSD_KERNEL_BOOT"
"""Which boot of the kernel this is, from whoever starts the daemon: the unit's sandbox hides the kernel's own file, and
the emulator's power cuts leave the kernel running."""

CURRENT, TRIAL = "current", "trial.json"
ENVIRONMENT = "POSD_RELEASES"

Trial = dict[str, object]


def read_trial(root: Path) -> Trial:
    """What is on trial; empty: nothing, or what is written there cannot be read."""
    try:
        found = json.loads((root / TRIAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    sound = isinstance(found, dict) and isinstance(found.get("slot"), str) and isinstance(found.get("starts"), int)
    return found if sound else {}


def write_trial(root: Path, trial: Trial) -> None:
    """Replace what is on trial, whole and durably; empty: nothing is."""
    if not trial:
        (root / TRIAL).unlink(missing_ok=True)
        sync_folder(root)
        return
    new = root / (TRIAL + ".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(trial, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, root / TRIAL)
    sync_folder(root)


def current(root: Path) -> str:
    """Name of the slot that runs next; empty when none does."""
    try:
        return os.readlink(root / CURRENT)
    except OSError:
        return ""


def switch(root: Path, slot: str) -> None:
    """Let `current` point at another slot: the old one or the new one, whatever happens."""
    new = root / (CURRENT + ".new")
    new.unlink(missing_ok=True)
    os.symlink(slot, new)
    os.replace(new, root / CURRENT)
    sync_folder(root)


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def kernel() -> str:
    """The kernel's boot; empty: nobody says, and no run is known to have died on it."""
    if given := os.environ.get(KERNEL_ENVIRONMENT):
        return given
    return KERNEL_BOOT.read_text(encoding="ascii").strip() if KERNEL_BOOT.exists() else ""


def ended(root: Path) -> None:
    """What runs was stopped on request: its next start is no death of it. The release that has just put the other one on
    trial ends, too, and that one was not started yet."""
    trial = read_trial(root)
    if trial.get("starts") and not trial.get("left") and current(root) == trial["slot"]:
        write_trial(root, {**trial, "ended": True})


def leave(root: Path, trial: Trial, died: bool = False) -> None:
    """Go back to the slot before. That it was left is written first, so that a cut in between goes on from there. `died`:
    it did not stay up by itself."""
    write_trial(root, {**trial, "left": True, "died": died})
    switch(root, str(trial["before"]))


def choose(root: Path) -> str:
    """The slot to start now, with this start counted if it is on trial."""
    trial, now = read_trial(root), current(root)
    if not trial:
        return now
    if trial.get("left"):
        if now == trial["slot"]:
            switch(root, str(trial["before"]))
        return str(trial["before"])
    if now != trial["slot"]:
        write_trial(root, {})  # the power went before it was switched
        return now
    boot = kernel()
    is_cut = (trial.get("kernel") or boot) != boot
    count, most = ("cuts", CUTS_MAX) if is_cut or trial.get("ended") else ("starts", STARTS_MAX)
    starts = int(str(trial.get(count, 0))) + 1
    if starts > most:
        leave(root, trial, died=count == "starts")
        return str(trial["before"])
    write_trial(root, {**trial, count: starts, "kernel": boot, "ended": False})
    return now


def main() -> None:
    """Become the release."""
    root = Path(__file__).resolve().parent
    release = root / choose(root)
    os.environ[ENVIRONMENT] = str(root)
    os.environ["PYTHONPATH"] = str(release)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "firmware", *sys.argv[1:]])


if __name__ == "__main__":
    main()
