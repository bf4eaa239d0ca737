"""What a channel's code means in ours: a table, read from TOML, that can be replaced without a release (domain 1.5)."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from fleet.acquirer.port import Reply

PROVIDED = Path(__file__).with_name("codes.toml")
AUTHORISING, UNKNOWN = 5005, 5007


CallName = Literal["pay", "query", "reverse", "refund"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row: with this code, and these words if any are named, it is our code `ours`; `call`: said to this call only."""

    channel: str
    code: str
    ours: int
    definite: bool
    text: str = ""
    call: CallName | Literal[""] = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: tuple[Row, ...]

    def row(self, channel: str, code: str, text: str = "", call: CallName = "pay") -> Row | None:
        """The first row that fits. A channel without rows of its own speaks WeChat's codes."""
        known = {row.channel for row in self.code}
        speaks = channel if channel in known else "wechat"
        fits = (
            row
            for row in self.code
            if (row.channel, row.code) == (speaks, code) and row.text in text and row.call in ("", call)
        )
        return next(fits, None)

    def failure(self, channel: str, code: str, text: str = "", call: CallName = "pay") -> Reply:
        """The reply for a code of the channel; one that is not in the table says nothing definite."""
        row = self.row(channel, code, text, call)
        if row is None:
            return Reply("unknown", UNKNOWN)
        if row.definite:
            return Reply("failed", row.ours)
        return Reply("paying" if row.ours == AUTHORISING else "unknown", row.ours)


def read_table(path: Path) -> Table:
    """A table from TOML. Raises `OSError`, or `ValueError` that says what is wrong where."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise ValueError(str(trouble)) from trouble


@cache
def provided_table() -> Table:
    """The table of this release."""
    return read_table(PROVIDED)
