"""What a platform's result means in our codes: a table, read from TOML, that can be replaced without a release (domain 4).

The first row that fits counts. What fits none says nothing definite of a redemption."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PROVIDED = Path(__file__).with_name("codes.toml")
ROWS_MAX = 1_000
WORDS_CHARS_MAX = 500
UNKNOWN, NOT_UNDERSTOOD = 3022, 1009

CallName = Literal["prepare", "consume", "query", "undo"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row. `platform` and `code` "*": any; `text`: a regular expression found in the platform's words; `call`: only
    to this call. `definite`: nothing was done and nothing will be."""

    platform: str
    code: str
    ours: int
    definite: bool
    text: Annotated[str, Meta(max_length=200)] = ""
    call: CallName | Literal[""] = ""


class Meaning(msgspec.Struct, frozen=True):
    """Our code, and whether it is certain that nothing was or will be done."""

    code: int
    definite: bool


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    row: Annotated[tuple[Row, ...], Meta(max_length=ROWS_MAX)]

    def meaning(self, platform: str, code: str | int, text: str = "", call: CallName = "prepare") -> Meaning:
        """What a failure of a platform means to us. Asked only about failures: success is the adapter's to know."""
        words = text[:WORDS_CHARS_MAX]
        for row in self.row:
            if (
                row.platform in ("*", platform)
                and row.code in ("*", str(code))
                and row.call in ("", call)
                and re.search(row.text, words) is not None
            ):
                return Meaning(row.ours, row.definite)
        return Meaning(UNKNOWN if call == "consume" else NOT_UNDERSTOOD, False)


def read_table(path: Path) -> Table:
    """A table from TOML. Raises `OSError`, or `ValueError` that says what is wrong where."""
    try:
        table = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise ValueError(str(trouble)) from trouble
    for row in table.row:
        try:
            re.compile(row.text)
        except re.error as trouble:
            raise ValueError(f"row of {row.platform} {row.code}: {trouble}") from trouble
    return table


@cache
def provided_table() -> Table:
    """The table of this release."""
    return read_table(PROVIDED)
