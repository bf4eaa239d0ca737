"""Writes identity, journal key and settings through the real store, and says what is durable.

`python -m tests.power.set_up FOLDER COUNT`: `identity N`, `key HEX`, `rev N` (applied), `good N` (confirmed), each in one
write, after the call returned.
"""

import sys
from pathlib import Path
from typing import Any

from firmware.drivers.store import Identity, Store
from rules.settings_book import Heard, Override, SettingsBook, Staged, Trial, Version, kept
from tests.power.sell import say


def document(rev: int) -> dict[str, Any]:
    """A settings document that tells its revision twice, so that a mixture would show; lengths differ by pages."""
    footer = [f"第 {rev} 版 " + "谢谢惠顾" * 2] * (1 + rev % 4)
    return {"shop": {"name": f"店 {rev}", "footer": footer}, "shift": {"float_expected_fen": rev * 100}}


def identity(number: int) -> Identity:
    """Who the terminal is after provisioning it for the `number`th time."""
    return Identity(f"T{number:04d}", host=f"broker{number}.example.com", port=8883 + number)


def book_of(rev: int) -> SettingsBook:
    """Everything that is kept when the fleet's revision `rev` is on trial: each part tells the number."""
    return SettingsBook(
        Version(rev, "fleet", document(rev), sha256=f"{rev:064d}"), Version(rev - 1, "fleet", document(rev - 1)),
        Staged(Version(rev + 1, "fleet", document(rev + 1))), Trial(rev), Heard(rev + 1, status="staged"),
        (Override("terminal.volume", rev % 4, "00", rev),),
    )  # fmt: skip


def keep(store: Store, number: int) -> None:
    """The book as the fleet's pipeline replaces it: on trial, then proven."""
    book = book_of(number)
    store.keep(book, good=False)
    say(f"rev {number}")
    store.keep(kept(book), good=True)
    say(f"good {number}")


def run(folder: Path, count: str) -> None:
    """One whole run, saying what is kept."""
    store = Store(folder)
    say(f"key {store.journal_key().hex()}")
    for number in range(1, int(count) + 1):
        if number % 3 == 1:
            store.write_identity(identity(number))
            say(f"identity {number}")
        if number % 3 == 0:
            keep(store, number)
            continue
        trial = number % 2 == 0
        assert not isinstance(store.apply_settings(document(number), number, "fleet", trial), list)
        say(f"rev {number}")
        if trial:
            store.confirm_settings()
        say(f"good {number}")


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
