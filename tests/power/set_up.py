"""Writes identity, journal key and settings through the real store, and says what is durable.

`python -m tests.power.set_up FOLDER COUNT`: `identity N`, `key HEX`, `rev N` (applied), `good N` (confirmed), each in one
write, after the call returned.
"""

import sys
from pathlib import Path
from typing import Any

from firmware.drivers.store import Identity, Store
from tests.power.sell import say


def document(rev: int) -> dict[str, Any]:
    """A settings document that tells its revision twice, so that a mixture would show; lengths differ by pages."""
    footer = [f"第 {rev} 版 " + "谢谢惠顾" * 2] * (1 + rev % 4)
    return {"shop": {"name": f"店 {rev}", "footer": footer}, "shift": {"float_expected_fen": rev * 100}}


def identity(number: int) -> Identity:
    """Who the terminal is after provisioning it for the `number`th time."""
    return Identity(f"T{number:04d}", host=f"broker{number}.example.com", port=8883 + number)


def run(folder: Path, count: str) -> None:
    """One whole run, saying what is kept."""
    store = Store(folder)
    say(f"key {store.journal_key().hex()}")
    for number in range(1, int(count) + 1):
        if number % 3 == 1:
            store.write_identity(identity(number))
            say(f"identity {number}")
        trial = number % 2 == 0
        assert not isinstance(store.apply_settings(document(number), number, "fleet", trial), list)
        say(f"rev {number}")
        if trial:
            store.confirm_settings()
        say(f"good {number}")


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
