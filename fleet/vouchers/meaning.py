"""What a platform's reply makes of a use: pure. What is known is never forgotten for a reply that knows less."""

from dataclasses import replace

import msgspec

from fleet.effects import VoucherTicket
from fleet.vouchers.books import Use
from fleet.vouchers.port import UseReply
from fleet.vouchers.within import Within, words
from wire.vouchers import NEVER_UNDONE_MS

RAW_MAX, RAW_NAME_CHARS_MAX, RECORD_CHARS_MAX = 64, 64, 64
TOO_LATE, UNDO_PENDING, UNKNOWN, PARTLY, CLOSED = 1004, 3021, 3022, 3035, 5011


def merged(it: Within, row: Use, ticket: VoucherTicket, reply: UseReply, current: bool) -> Use:
    """The row after a reply. What is known is never forgotten for a reply that knows less."""
    match reply.state:
        case "consumed":
            return _after_consumed(it, row, ticket, reply, current)
        case "undone":
            if row.state in ("rejected", "undone", "new"):
                return row if row.state != "rejected" else replace(row, doubt=False)
            return replace(row, state="undone", code=CLOSED, undo_wanted=False, doubt=False)
        case "absent" if current and ticket.what != "consume":
            return _after_absent(row, ticket)
        case "rejected" if current and ticket.what in ("consume", "query", "check"):
            if row.state not in ("unknown", "absent"):
                return row
            if row.undo_wanted:
                return replace(row, state="undone", code=CLOSED, undo_wanted=False)
            return replace(row, state="rejected", code=reply.code)
        case "expired" if current and ticket.what == "consume" and row.state == "unknown":
            never = replace(row, state="rejected", code=TOO_LATE)  # this call was never made, and never will be
            return replace(never, state="undone", code=CLOSED, undo_wanted=False) if row.undo_wanted else never
        case "refused" if current and ticket.what == "undo":
            return replace(row, undo_code=reply.code or UNDO_PENDING)
        case "unknown" if ticket.what == "consume":
            return replace(row, code=reply.code or UNKNOWN, doubt=True) if row.state == "unknown" else row
        case "unknown" if ticket.what == "check" and current:
            return replace(row, undo_code=row.undo_code or UNDO_PENDING)
        case _:
            return row


def _after_consumed(it: Within, row: Use, ticket: VoucherTicket, reply: UseReply, current: bool) -> Use:
    if row.state == "undone" and not (row.doubt or (current and ticket.what == "query")):
        return replace(row, doubt=True, tries=0)  # an answer from before it was given back? a query will tell
    row = _known(it, row, reply)
    match row.state:
        case "rejected" | "undone":  # late: nobody counts on it any more
            return replace(row, state="consumed", undo_wanted=True)
        case "consumed" | "kept" if ticket.what == "check" and current and row.undo_wanted:
            return replace(row, state="kept", code=row.undo_code or UNDO_PENDING, undo_wanted=False)
        case "kept":
            return row
        case _:
            fewer = 0 < reply.consumed < row.count
            return replace(row, state="consumed", code=PARTLY if fewer else 0)


def _after_absent(row: Use, ticket: VoucherTicket) -> Use:
    """The platform has nothing under this number, yet: what was asked for without an answer may still come."""
    if row.undo_wanted and (row.state == "unknown" or ticket.what in ("undo", "check")):
        return replace(row, state="undone", code=CLOSED, undo_wanted=False, doubt=True)
    return replace(row, state="absent", code=UNKNOWN, doubt=True) if row.state == "unknown" else row


def _known(it: Within, row: Use, reply: UseReply) -> Use:
    """The row with what a reply tells of the redemption."""
    raw = {words(name, RAW_NAME_CHARS_MAX): fen for name, fen in list(reply.raw.items())[:RAW_MAX]}
    return replace(
        row,
        record_no=words(reply.record_no, RECORD_CHARS_MAX) or row.record_no,
        consumed=reply.consumed or row.consumed or row.count,
        paid_fen=reply.paid_fen or row.paid_fen, platform_fen=reply.platform_fen or row.platform_fen,
        merchant_fen=reply.merchant_fen or row.merchant_fen,
        raw=msgspec.json.encode(raw) if raw else row.raw,
        undo_until_ms=reply.undo_until_ms or row.undo_until_ms or (NEVER_UNDONE_MS if reply.undoable is False else 0),
        undo_handle=it.vault.seal(reply.undo_handle) if reply.undo_handle else row.undo_handle,
    )  # fmt: skip
