"""The error table: every code a person may see, as data (`errors.tsv`), shared by terminal and backend (domain 4).

Codes never change meaning; new ones are added. First digit: 1 network and sync, 2 sign-on and rights, 3 vouchers,
4 printer, 5 payment, 6 goods, stock, orders, 7 invoices, 8 drawer, cash, shift, reconciliation, members, 9 system.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, cast, get_args

from texts import Lang

Retry = Literal["auto", "manual", "no"]
Level = Literal["info", "warn", "error", "fatal"]
Report = Literal["no", "count", "now"]
Concern = Literal["state", "right", "amount", "device"]

PRECEDENCE: tuple[Concern, ...] = get_args(Concern)
"""When several refusals apply the first of these wins, then the lower code (decisions 23)."""

TITLE_ZH_CHARS_MAX = 26
"""Two rows of 13 characters (domain 4, 14.4)."""


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of the table.

    `retry`: who tries again; `report`: `now` is sent to the backend at once, `count` summed up per ten minutes;
    `concern`: what it is about, for the precedence of refusals.
    """

    code: int
    key: str
    zh: str
    en: str
    action_zh: str
    action_en: str
    retry: Retry
    level: Level
    report: Report
    concern: Concern

    def title(self, lang: Lang) -> str:
        """What happened: 网络连接失败."""
        return self.zh if lang == "zh" else self.en

    def action(self, lang: Lang) -> str:
        """What the cashier does next."""
        return self.action_zh if lang == "zh" else self.action_en

    def line(self, lang: Lang) -> str:
        """As a screen or slip shows it: `[1003] 网络连接失败`."""
        return f"[{self.code}] {self.title(lang)}"


@lru_cache(maxsize=1)
def errors() -> dict[int, ErrorCode]:
    """The whole table by code, ascending."""
    head, *rows = files("rules").joinpath("errors.tsv").read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == list(ErrorCode.__slots__), head
    table = [_row(row.split("\t")) for row in rows]
    assert [entry.code for entry in table] == sorted({entry.code for entry in table}), "codes ascend, none twice"
    return {entry.code: entry for entry in table}


def error(code: int) -> ErrorCode:
    """The entry of a code. Raises `KeyError` for a code that is not in the table."""
    return errors()[code]


def first_refusal(codes: Iterable[int | None]) -> int | None:
    """The refusal to show of those that apply: by state, right, amount, device, then by code; None when none does."""
    found = [error(code) for code in codes if code is not None]
    first = min(found, key=lambda entry: (PRECEDENCE.index(entry.concern), entry.code), default=None)
    return first.code if first else None


def _row(cells: list[str]) -> ErrorCode:
    code, key, zh, en, action_zh, action_en, retry, level, report, concern = cells
    assert retry in get_args(Retry), cells
    assert level in get_args(Level), cells
    assert report in get_args(Report), cells
    assert concern in PRECEDENCE, cells
    return ErrorCode(
        code=int(code),
        key=key,
        zh=zh,
        en=en,
        action_zh=action_zh,
        action_en=action_en,
        retry=cast(Retry, retry),
        level=cast(Level, level),
        report=cast(Report, report),
        concern=concern,
    )
