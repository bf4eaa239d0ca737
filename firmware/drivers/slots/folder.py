"""Two release folders `A` and `B` beside each other, and a link `current` to the one that runs.

For the virtual terminal, and for any machine that is no image: systemd, or whoever starts the terminal, starts `launch.py`
beside them, which counts the starts of a release on trial and leaves one that does not stay up.
"""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Final

from firmware.drivers.slots import bundle as bundles
from firmware.drivers.slots import launch
from firmware.drivers.slots.slots import NO_ROOM, ROLLED_BACK, SlotFault, SlotLook

SLOTS: Final = ("A", "B")
NAMED: Final = "release.json"
"""Lies in a slot once it is whole: which release it holds."""

NEW: Final = ".new"


class FolderSlots:
    """The slots in `root`. `runs`: the release whose code this is; `fleet_key`: who may sign bundles (Ed25519, hex)."""

    def __init__(self, root: Path, runs: str, fleet_key: str) -> None:
        self._root, self._runs, self._key = root, runs, fleet_key

    @staticmethod
    def lay(root: Path, release: Path, version: str) -> None:
        """Make slots with `release`, a folder of sources, in the first of them."""
        root.mkdir(parents=True, exist_ok=True)
        shutil.copytree(release, root / SLOTS[0], ignore=shutil.ignore_patterns("__pycache__"))
        (root / SLOTS[0] / NAMED).write_text(json.dumps({"version": version}), encoding="utf-8")
        shutil.copyfile(launch.__file__, root / "launch.py")
        launch.switch(root, SLOTS[0])

    def which(self) -> SlotLook:
        """As the launcher left it."""
        trial, now = launch.read_trial(self._root), launch.current(self._root)
        left = bool(trial.get("left"))
        on_trial = bool(trial) and not left and trial.get("slot") == now
        return SlotLook(now, on_trial, left, left and bool(trial.get("died")))

    def install(self, bundle: Path, version: str) -> None:
        """Unpack beside the slots, then put it in place: a slot is whole, or it is not there."""
        look = self.which()
        if look.trial:
            raise SlotFault(ROLLED_BACK, "this release is on trial itself")
        new, other = self._root / NEW, self._root / self._other(look.slot)
        try:
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            bundles.opened(bundle, version, self._runs, self._key, new)
            _write_durable(new / NAMED, json.dumps({"version": version}))
            (other / NAMED).unlink(missing_ok=True)  # from here on it is not whole
            shutil.rmtree(other, ignore_errors=True)
            os.replace(new, other)
            launch.sync_folder(self._root)
            launch.write_trial(self._root, {})
        except OSError as wrong:
            full = wrong.errno in (errno.ENOSPC, errno.EDQUOT)
            raise SlotFault(NO_ROOM if full else ROLLED_BACK, wrong.strerror or "not written") from wrong
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def try_next(self) -> None:
        """That it is on trial is written before it is switched: a start in between leaves all as it was."""
        now = self.which().slot
        other = self._other(now)
        if not (self._root / other / NAMED).exists():
            raise SlotFault(ROLLED_BACK, "the other slot holds no release")
        with _told():
            launch.write_trial(self._root, {"slot": other, "before": now, "starts": 0})
            launch.switch(self._root, other)

    def confirm(self) -> None:
        """Nothing is on trial any more."""
        with _told():
            if self.which().trial:
                launch.write_trial(self._root, {})

    def fall_back(self) -> None:
        """The other one at the next start."""
        trial = launch.read_trial(self._root)
        if not self.which().trial:
            raise SlotFault(ROLLED_BACK, "nothing is on trial")
        with _told():
            launch.leave(self._root, trial)

    def _other(self, slot: str) -> str:
        if slot not in SLOTS:
            raise SlotFault(ROLLED_BACK, "no slot runs")
        return SLOTS[1 - SLOTS.index(slot)]


class _told:
    """Within it, a card that does not take what is written is a `SlotFault`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, wrong: BaseException | None, trace: object) -> None:
        if isinstance(wrong, OSError):
            raise SlotFault(ROLLED_BACK, wrong.strerror or "not written") from wrong


def _write_durable(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    launch.sync_folder(path.parent)
