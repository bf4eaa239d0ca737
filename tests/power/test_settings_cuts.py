"""The power goes while settings, identity or key are written: each is the old one or the new one, whole."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware.drivers.store import Applied, Store
from rules.settings_book import SettingsBook, kept
from tests.power import trace
from tests.power.disk import Card, Op, Said, Sync, SyncFolder
from tests.power.judge import laid
from tests.power.set_up import book_of, document, identity

SHARE = 10
COUNT = 9

pytestmark = pytest.mark.usefixtures("strace")


@dataclass(slots=True)
class Kept:
    """What the process had been told is kept."""

    key: str = ""
    numbers: dict[str, int] = field(default_factory=lambda: {"identity": 0, "rev": 0, "good": 0})

    def hear(self, text: str) -> "Kept":
        """Lines of `tests.power.set_up`."""
        for line in text.splitlines():
            name, value = line.split()
            if name == "key":
                self.key = value
            else:
                self.numbers[name] = int(value)
        return self


def fault(folder: Path, kept: Kept) -> str:
    """What is wrong with the store in `folder`; empty when all is well."""
    store = Store(folder)
    applied = store.settings()
    rev = applied.rev
    if applied.notices:
        return f"the settings are damaged: {applied.notices}"
    if not kept.numbers["rev"] <= rev <= kept.numbers["rev"] + 1:
        return f"revision {kept.numbers['rev']} was kept, {rev} is there"
    wanted = document(rev)
    if rev and (applied.settings.shop.name, list(applied.settings.shop.footer)) != tuple(wanted["shop"].values()):
        return f"revision {rev} is not whole"
    if rev and applied.settings.shift.float_expected_fen != rev * 100:
        return f"revision {rev} is mixed"
    if wrong := mixed(applied):
        return wrong
    who, notices = store.identity()
    if notices or (who is None and kept.numbers["identity"]):
        return f"the identity is damaged or gone: {notices}"
    if who is not None and who not in (identity(n) for n in range(max(1, kept.numbers["identity"]), COUNT + 1)):
        return f"an identity nobody gave: {who.terminal}"
    key = store.journal_key().hex()
    if kept.key and key != kept.key:
        return "another journal key"
    good = folder / "settings.good.json"
    if kept.numbers["good"] and good.exists() is False:
        return "the last known good settings are gone"
    return ""


def mixed(applied: Applied) -> str:
    """Parts of the book that are of another time than the document."""
    rev, book = applied.rev, applied.book
    if rev % 3 or not rev:
        return "" if book == SettingsBook(book.applied) else f"revision {rev} has something beside it"
    meant = book_of(rev)
    if book not in (meant, kept(meant)):
        return f"what stands beside revision {rev} is mixed"
    return "" if applied.settings.terminal.volume == rev % 4 else f"revision {rev} without its override"


def cut_everywhere(ops: Sequence[Op], folder: Path, cuts: int) -> tuple[int, list[str]]:
    """As in `judge`: how many cuts were made and what was wrong after them."""
    card, kept, done, faults = Card(), Kept(), 0, []
    for number in range(cuts):
        until = (number + 1) * len(ops) // cuts
        for op in ops[done:until]:
            card.take(op)
            if isinstance(op, Said):
                kept.hear(op.text)
        done = until
        laid(card.survivors(random.Random(number)), folder)
        try:
            wrong = fault(folder, kept)
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            faults.append(f"cut {number} of {cuts}, after operation {until}: {wrong}")
    return cuts, faults


def traced(card: Path) -> list[Op]:
    folder = card / "data"
    folder.mkdir()
    run = trace.run("tests.power.set_up", str(folder), str(COUNT), log=card / "log")
    assert run.code == 0, run.errors
    ops = trace.operations(run.log, folder)
    replayed = Card()
    for op in ops:
        replayed.take(op)
    assert replayed.whole() == {path.name: path.read_bytes() for path in folder.iterdir()}
    (card / "cut").mkdir()
    return ops


def test_no_cut_leaves_half_a_document(card: Path, cuts: int, figure: Callable[[str], None]) -> None:
    ops = traced(card)
    began = time.process_time()
    made, faults = cut_everywhere(ops, card / "cut", cuts * SHARE // 100)
    assert faults == []
    assert made > len(ops), "every operation is cut at"
    rate = made / (time.process_time() - began)
    figure(f"settings: {made} cuts in {len(ops)} operations, 0 lost, {rate:.0f} cuts/s of CPU time")


@pytest.mark.parametrize("left_out", [Sync, SyncFolder])
def test_the_proof_notices_a_store_that_does_not_sync(card: Path, left_out: type) -> None:
    """The same run without the file's sync, or without the folder's."""
    ops = [op for op in traced(card) if not isinstance(op, left_out)]
    made, faults = cut_everywhere(ops, card / "cut", 300)
    assert len(faults) > made // 20
