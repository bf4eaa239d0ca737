"""What a terminal is told of a use as it stands."""

from typing import Literal

import msgspec

from fleet.effects import Effect
from fleet.vouchers.books import Use
from fleet.vouchers.meaning import CLOSED, UNDO_PENDING, UNKNOWN
from fleet.vouchers.port import DETAIL_CHARS_MAX
from fleet.vouchers.within import USES_MAX, Within, found_used, told, words
from wire.vouchers import AnswerVoucher, Used, VoucherState

USED, DUPLICATE = 3003, 3023

To = Literal["consume", "query", "undo"]


def answer(
    it: Within, row: Use, to: To, terminal: str, asked: bool, used: Used | None = None, detail: str = ""
) -> list[Effect]:
    """What a terminal is told of the use as it stands."""
    state, code = _shown(it, row, to)
    if used is None and code in (USED, DUPLICATE):
        others = [*it.books.uses_of(row.digest, USES_MAX), *it.books.uses_of(row.seen, USES_MAX)]
        used = found_used(others, row.request_no)
        code = DUPLICATE if used is not None else code
    redeemed = state in ("consumed", "kept")
    made = AnswerVoucher(row.request_no, to, state, code, used=used, detail=words(detail, DETAIL_CHARS_MAX))
    if redeemed:
        made = msgspec.structs.replace(
            made, record_no=row.record_no, consumed=row.consumed, paid_fen=row.paid_fen, platform_fen=row.platform_fen,
            merchant_fen=row.merchant_fen, raw=msgspec.json.decode(row.raw, type=dict[str, int]),
            undo_until_ms=row.undo_until_ms,
        )  # fmt: skip
    return told(it, row, made, terminal, asked)


def _shown(it: Within, row: Use, to: To) -> tuple[VoucherState, int]:
    if row.undo_wanted:  # whatever it was, it is about to be nothing
        return "unknown", UNDO_PENDING
    busy = it.now_ms < row.busy_until_ms
    match row.state:
        case "new" | "absent" if to == "query" and not busy:
            return "absent", 0
        case "new" | "absent":
            return "unknown", row.code or UNKNOWN
        case "undone" if to == "consume":
            return "rejected", CLOSED
        case "undone":
            return "undone", 0
        case _:
            return row.state, row.code
