"""A platform's record of redemptions: the fourth statement (domain 2.4), written from the simulated platforms' books and
read from any platform's file into canonical lines (domain 2.3).

One CSV for each platform and day of China; columns are known by their names, whatever their order; amounts in yuan. A
voucher that was given back stands in it with the state 已撤销. What a row says is never guessed: a state nobody knows and
a negative amount of what was not given back refuse the file, with the row.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from fleet import china
from fleet.china import day_of
from fleet.vouchers.sim_books import PlatformPages, Redemption
from rules.money import yuan

BYTES_MAX, LINES_MAX = 64 * 1024 * 1024, 1_000_000
COLUMNS = (
    "核销流水号", "券码", "团购ID", "团购名称", "验券门店", "验券终端", "验券账号", "验券时间", "张数", "用户实付",
    "平台补贴", "商家补贴", "状态", "撤销时间",
)  # fmt: skip
ALIASES: dict[str, tuple[str, ...]] = {
    "record_no": ("核销流水号", "核销记录ID", "验券流水号", "订单号", "record_no", "verify_id"),
    "code": ("券码", "团购券码", "券号", "receipt_code", "code"),
    "deal_id": ("团购ID", "套餐ID", "商品ID", "deal_id", "sku_id"),
    "title": ("团购名称", "套餐名称", "商品名称", "项目", "title"),
    "store_no": ("验券门店", "核销门店", "门店", "门店ID", "shop"),
    "terminal_no": ("验券终端", "终端", "terminal"),
    "operator": ("验券账号", "核销账号", "账号", "account"),
    "at": ("验券时间", "核销时间", "消费时间", "verify_time"),
    "count": ("张数", "核销张数", "数量", "count"),
    "paid": ("用户实付", "实付金额", "售价", "price"),
    "platform": ("平台补贴", "平台优惠", "platform_amount"),
    "merchant": ("商家补贴", "商家优惠", "merchant_amount"),
    "status": ("状态", "核销状态", "status"),
}
NEEDED = ("code", "at")
REDEEMED_WORDS = frozenset({
    "已核销", "核销", "核销成功", "已验券", "验券成功", "已验证", "验证成功", "已使用", "已消费", "成功", "consumed",
    "redeemed", "success", "used", "verified",
})  # fmt: skip
UNDONE_WORDS = frozenset({
    "已撤销", "撤销", "撤销成功", "撤销核销", "已撤销核销", "撤销验券", "已撤销验券", "已退", "已退款", "冲正", "已冲正",
    "undone", "cancel", "canceled", "cancelled", "reversed",
})  # fmt: skip
CELL_SHOWN_CHARS = 40
_AMOUNT = re.compile(r"-?\d+(?:\.\d{1,2}0*)?", re.ASCII)
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line, canonical (domain 2.3). Amounts are positive for PAY and negative for REVERSE, whatever the file does.
    `order_fen`: what the vouchers are worth together, `settle_fen`: what the customer paid for them; `out_trade_no`: our
    request number where the platform tells it."""

    channel: str
    kind: Literal["PAY", "REVERSE"]
    channel_trade_no: str
    ts_ms: int
    order_fen: int
    settle_fen: int
    coupon_platform_fen: int
    coupon_merchant_fen: int
    store_no: str
    terminal_no: str
    operator: str
    status: str
    raw_line_no: int
    code: str = field(repr=False)
    deal_id: str = ""
    title: str = ""
    count: int = 1
    out_trade_no: str = ""
    fee_fen: int = 0


class BadStatement(ValueError):
    """A file that is no record of redemptions (8015). `key`: of its text, `bad_statement__KEY`; `line` of the file and what
    stands there, where it is about one."""

    def __init__(self, key: str, line: int = 0, cell: str = "") -> None:
        super().__init__(key, line)
        self.key, self.line, self.cell = key, line, repr(cell[:CELL_SHOWN_CHARS])


# --- writing ---


def redemptions_of(pages: PlatformPages, platform: str, day: date) -> list[Redemption]:
    """What was redeemed on that day, also what was given back since."""
    return [
        row for row in pages.redemptions() if row.platform == platform and row.used_ms and day_of(row.used_ms) == day
    ]


def written(rows: Iterable[Redemption]) -> bytes:
    """The file of these redemptions: UTF-8 with a mark, as the merchants' back offices export it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cells(row))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(row: Redemption) -> tuple[str, ...]:
    undone = row.state == "undone"
    return (
        row.record_no, f"\t{row.code}", row.deal_id, _harmless(row.title), row.shop, row.terminal, row.operator,
        china.written(row.used_ms), str(row.count), yuan(row.paid_fen), yuan(row.platform_fen), yuan(row.merchant_fen),
        "已撤销" if undone else "已核销", china.written(row.undone_ms) if undone else "",
    )  # fmt: skip


def _harmless(text: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in "=+-@" else text


# --- reading ---


def read(raw: bytes, platform: str) -> list[StatementLine]:
    """The lines of a file. Raises `BadStatement`."""
    if len(raw) > BYTES_MAX:
        raise BadStatement("bytes")
    text = _text(raw)
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as trouble:
        raise BadStatement("csv", cell=str(trouble)) from trouble
    head = next((at for at, row in enumerate(rows) if {"code", "at"} <= _places(row).keys()), None)
    if head is None:
        raise BadStatement("columns")
    if len(rows) - head > LINES_MAX:
        raise BadStatement("lines")
    places = _places(rows[head])
    lines: list[StatementLine] = []
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {name: _clean(row[at]) if at < len(row) else "" for name, at in places.items()}
        if any(cells.values()) and not (row[0].startswith(("#", "合计", "总计"))):
            lines.append(_line(cells, platform, number))
    return lines


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadStatement("encoding")


def _places(row: list[str]) -> dict[str, int]:
    names = {_clean(cell): at for at, cell in reversed(list(enumerate(row)))}
    found = ((key, next((names[alias] for alias in known if alias in names), -1)) for key, known in ALIASES.items())
    return {key: at for key, at in found if at >= 0}


def _clean(cell: str) -> str:
    """Without back-ticks, tabs and blanks; full-width digits as plain ones."""
    return unicodedata.normalize("NFKC", cell).strip().strip("`'").strip()


def _line(cells: dict[str, str], platform: str, number: int) -> StatementLine:
    if not cells["code"]:
        raise BadStatement("code", number)
    status = cells.get("status", "")
    undone = "status" in cells and _is_undone(status, number)
    paid, subsidy, borne = (_fen(cells.get(name, ""), undone, number) for name in ("paid", "platform", "merchant"))
    sign = -1 if undone else 1
    count = cells.get("count", "") or "1"
    if not (count.isdigit() and 1 <= int(count) <= 1_000):
        raise BadStatement("count", number, count)
    return StatementLine(
        platform, "REVERSE" if undone else "PAY", cells.get("record_no", ""), _moment(cells["at"], number),
        sign * (paid + subsidy + borne), sign * paid, sign * subsidy, sign * borne, cells.get("store_no", ""),
        cells.get("terminal_no", ""), cells.get("operator", ""), status, number, cells["code"], cells.get("deal_id", ""),
        cells.get("title", ""), int(count),
    )  # fmt: skip


def _is_undone(status: str, number: int) -> bool:
    """Whether the voucher was given back."""
    word = status.casefold()
    if word not in REDEEMED_WORDS | UNDONE_WORDS:
        raise BadStatement("state", number, status)
    return word in UNDONE_WORDS


def _fen(cell: str, undone: bool, number: int) -> int:
    """An amount without its sign, which only what was given back may have: the state says which way it went."""
    plain = cell.replace(",", "").replace("¥", "").replace("元", "").strip()
    if not plain:
        return 0
    if not _AMOUNT.fullmatch(plain) or len(plain) > 14:
        raise BadStatement("amount", number, cell)
    if plain.startswith("-") and not undone:
        raise BadStatement("sign", number, cell)
    yuan, _, rest = plain.lstrip("-").partition(".")
    return int(yuan) * 100 + int((rest + "00")[:2])


def _moment(cell: str, number: int) -> int:
    for form in _TIMES:
        try:
            return int(datetime.strptime(cell, form).replace(tzinfo=china.CHINA).timestamp() * 1_000)
        except (ValueError, OverflowError):
            continue
    raise BadStatement("time", number, cell)
