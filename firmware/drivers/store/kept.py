"""One document kept by tinydb, with a copy of the last version known to be good."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tinydb import TinyDB
from tinydb.table import Document

from firmware.drivers.store.atomic import AtomicStorage, Damaged, NotStored, sync_folder

log = logging.getLogger(__name__)

BAD_SETTINGS = 9004
DAMAGED_KEPT_MAX = 5
"""How many damaged files are kept aside for whoever wants to look; then the oldest goes."""
ONLY = 1
"""The document's number in its table: there is one."""

Notice = tuple[int, str]
"""An error code and its detail, as `Started.notices` takes them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was read. `value` is None when there has never been a document; `note` is what was kept beside it."""

    value: T | None
    note: dict[str, Any]
    fallback: bool
    notices: tuple[Notice, ...]
    document: Any = None  # as it stands in the file


class Kept(Generic[T]):
    """The document `name` of a folder: `NAME.json` now, `NAME.good.json` last known good.

    `judge` turns a document into its value, or says in words what is wrong with it.
    """

    def __init__(self, folder: Path, name: str, judge: Callable[[object], T | str], mend: bool = True) -> None:
        """`mend`: a damaged document is put aside and the good one restored; a tool that only looks must not."""
        self._mend = mend
        self._now, self._good = folder / f"{name}.json", folder / f"{name}.good.json"
        self._name, self._judge = name, judge

    def read(self) -> Found[T]:
        """The document; a damaged or senseless one is put aside, the last known good one takes its place."""
        row, wrong = self._look(self._now)
        if row is not None:
            return self._found(row, False, ())
        notices: tuple[Notice, ...] = ((BAD_SETTINGS, wrong),) if wrong else ()
        if wrong and self._mend:
            self._put_aside(self._now)
        row, good_wrong = self._look(self._good)
        if good_wrong:
            notices += ((BAD_SETTINGS, good_wrong),)
            if self._mend:
                self._put_aside(self._good)
        if row is None:
            return Found(None, {}, bool(wrong), notices)
        if self._mend:
            self._restore(row)
        return self._found(row, True, notices or ((BAD_SETTINGS, f"{self._now.name}: missing"),))

    def write(self, document: object, **note: Any) -> None:
        """Replace the document and what is noted beside it. Raises NotStored; then the old one is still there."""
        self._put(self._now, {"document": document, **note})

    def confirm(self) -> None:
        """The document in use has proven good: keep a copy. Raises NotStored."""
        row, wrong = self._look(self._now)
        assert row is not None, wrong or "nothing to confirm"
        if self._look(self._good)[0] != row:
            self._put(self._good, row)

    def _found(self, row: dict[str, Any], fallback: bool, notices: tuple[Notice, ...]) -> Found[T]:
        value = self._judge(row["document"])
        assert not isinstance(value, str)
        return Found(
            value, {key: note for key, note in row.items() if key != "document"}, fallback, notices, row["document"]
        )

    def _look(self, path: Path) -> tuple[dict[str, Any] | None, str]:
        """The row in the file at `path`, and what is wrong with it; nothing of both if there is no file."""
        try:
            row = TinyDB(path, storage=AtomicStorage).table(self._name).get(doc_id=ONLY)
        except (Damaged, ValueError) as wrong:  # ValueError: tinydb meets a row whose name is no number
            return None, f"{path.name}: {wrong}"
        if row is None:
            return None, f"{path.name}: empty" if path.exists() else ""
        if "document" not in row:
            return None, f"{path.name}: no document"
        fault = self._judge(row["document"])
        return (None, f"{path.name}: {fault}") if isinstance(fault, str) else (dict(row), "")

    def _put(self, path: Path, row: dict[str, Any]) -> None:
        """One replacement of the file. A damaged file that is still there must not stop the new one."""
        if self._look(path)[1]:
            self._put_aside(path)
        table = TinyDB(path, storage=AtomicStorage).table(self._name)
        if table.contains(doc_id=ONLY):
            table.update(_replaced_by(row), doc_ids=[ONLY])
        else:  # not `upsert`: it writes an empty table first
            table.insert(Document(row, doc_id=ONLY))

    def _restore(self, row: dict[str, Any]) -> None:
        try:
            self._put(self._now, row)
        except NotStored as wrong:  # the good copy serves; the disk's own trouble is told by others
            log.warning("last known good %s not restored: %s", self._name, wrong)

    def _put_aside(self, path: Path) -> None:
        """Keep the damaged file as `.damaged-N`; never in the way of the terminal's start."""
        asides = [path.with_name(f"{path.name}.damaged-{n}") for n in range(1, DAMAGED_KEPT_MAX + 1)]
        free = [aside for aside in asides if not aside.exists()]
        target = free[0] if free else min(asides, key=lambda aside: aside.stat().st_mtime_ns)
        try:
            os.replace(path, target)
            sync_folder(path.parent)
        except OSError as wrong:
            log.warning("%s not put aside: %s", path.name, wrong)


def _replaced_by(row: dict[str, Any]) -> Callable[[Any], None]:
    """For tinydb, whose `update` with a mapping would leave what stood beside the old document."""

    def replace(kept: Any) -> None:
        kept.clear()
        kept.update(row)

    return replace
