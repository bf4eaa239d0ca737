"""The worker that keeps settings: the core decides what is to be kept, the card is waited for here.

Files that a document brings along are looked at before it is kept as in force: one that cannot be used must never be found
out at the next boot.
"""

import queue
from collections.abc import Callable
from pathlib import Path

from firmware.drivers.store import NotStored, Store, told
from firmware.events import BLOBS, Event, SettingsStored, StoreSettings
from rules import help as help_rules
from rules.catalogue import read_goods
from rules.help import HelpDocument
from rules.settings_book import File

BAD = 9004
REASON_MAX = 120


class Unusable(Exception):
    """A file of a document is not what its name says."""

    def __init__(self, file: File, reason: str) -> None:
        super().__init__(reason)
        self.path, self.reason = f"blobs.{file.name}", reason[:REASON_MAX]


class Keeper:
    """One worker over one store; `folder` is the data folder, `files` what goes with the settings the boot found."""

    def __init__(self, store: Store, folder: Path, post: Callable[[Event], None], files: tuple[File, ...] = ()) -> None:
        self._store, self._folder, self._post = store, folder, post
        self._inbox: queue.SimpleQueue[StoreSettings | None] = queue.SimpleQueue()
        self._busy = False
        self._looked_at = files

    def carry_out(self, effect: StoreSettings) -> None:
        """Keep a book; the core has one under way at a time."""
        self._busy = True
        self._inbox.put(effect)

    def run(self) -> None:
        """Until `stop`."""
        while (effect := self._inbox.get()) is not None:
            answer = self._kept(effect)
            self._busy = not self._inbox.empty()
            self._post(answer)

    def stop(self) -> None:
        """Return from `run`; what was given before is kept first."""
        self._inbox.put(None)

    def busy(self) -> bool:
        """Whether a book is on its way to the card."""
        return self._busy

    def _kept(self, effect: StoreSettings) -> SettingsStored:
        try:
            said = self._files(effect.book.applied.files)
            self._store.keep(effect.book, effect.good)
        except Unusable as wrong:
            return SettingsStored(effect.request, BAD, wrong.path, wrong.reason)
        except NotStored as wrong:
            return SettingsStored(effect.request, wrong.code)
        return SettingsStored(effect.request, help=said)

    def _files(self, files: tuple[File, ...]) -> HelpDocument | None:
        """Whether all files of what is to be in force can be used; the help among them, when it is another than before."""
        if files == self._looked_at:
            return None
        said = read_files(self._folder, files)
        self._looked_at = files
        return said or self._store.help()[0]


def read_files(folder: Path, files: tuple[File, ...]) -> HelpDocument | None:
    """Look at the files of a document; the help among them. Raises `Unusable`."""
    said = None
    for file in files:
        try:
            data = (folder / BLOBS / file.sha256).read_bytes()
            if file.name == "help":
                said = _help(file, data)
            elif not sum(1 for _ in read_goods(data.decode("utf-8-sig"))):
                raise Unusable(file, "no goods in it")
        except (OSError, ValueError) as wrong:
            raise Unusable(file, str(wrong)) from wrong
    return said


def _help(file: File, data: bytes) -> HelpDocument:
    found = help_rules.read(data)
    if isinstance(found, list):
        raise Unusable(file, told(found))
    return found
