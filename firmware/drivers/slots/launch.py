"""Starts the release a folder's `current` points at, and counts the starts of one on trial.

A copy of this file lies beside the slots and is what systemd, or a virtual terminal's launcher, starts: a release that
cannot even be imported is left by it. It uses nothing but the standard library, and no file of any release:

    python3 RELEASES/launch.py [arguments of posd]

`trial.json` beside the slots says which one is on trial: `slot`, `before` (the one to go back to), `starts` so far and
`left`, once it was given up.
"""

import json
import os
import sys
from pathlib import Path

STARTS_MAX = 2
"""A release on trial may be started so often; the next start is the other one's."""

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


def leave(root: Path, trial: Trial) -> None:
    """Go back to the slot before. That it was left is written first, so that a cut in between goes on from there."""
    write_trial(root, {**trial, "left": True})
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
    starts = int(str(trial["starts"])) + 1
    if starts > STARTS_MAX:
        leave(root, trial)
        return str(trial["before"])
    write_trial(root, {**trial, "starts": starts})
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
