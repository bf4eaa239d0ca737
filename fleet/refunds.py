"""Refunds at the backend: one refund per number, never more than was paid, asked again until the channel has said it.

What the channel refused for now (`REFUND_AGAIN`) is asked for again when a newer record of the terminal wants it."""

from dataclasses import replace

from fleet.acquirer.port import Call, RefundCall, RefundQueryCall, Reply
from fleet.effects import CallAcquirer, Effect, SendAnswer, Ticket
from fleet.money import CALL_MAX_MS, MoneyBooks, Refund
from rules.giving_back import REFUND_AGAIN
from wire.messages import AnswerRefund, AskRefund, AskRefundQuery

CLOSED, OVER_SUM, PROCESSING, BAD_AMOUNT, NO_ORDER = 5011, 5015, 5018, 5020, 6009


def refund(books: MoneyBooks, terminal: str, ask: AskRefund, now_ms: int) -> list[Effect]:
    """Give back a part of a payment. The number of another refund is refused."""
    row = books.refund(ask.refund_no)
    if row is not None:
        if (row.order_no, row.amount_fen, row.terminal) != (ask.order_no, ask.amount_fen, terminal):
            return [SendAnswer(terminal, AnswerRefund(ask.refund_no, "failed", OVER_SUM))]
        if row.state == "failed" and row.code in REFUND_AGAIN and ask.asked > row.asked and now_ms >= row.busy_until_ms:
            return [_begun(books, replace(row, state="unknown", code=0, asked=ask.asked), ask, now_ms)]
        if row.state in ("refunded", "failed") or now_ms < row.busy_until_ms:
            return [_answer(row, terminal)]
        return [_ask_channel(books, row, now_ms)]
    payment = books.payment(ask.order_no)
    if payment is not None and payment.state in ("unknown", "paying", "reversing"):
        return [SendAnswer(terminal, AnswerRefund(ask.refund_no, "unknown", 5007))]  # nothing is decided: ask again
    channel = payment.channel if payment is not None else ""
    row = Refund(
        ask.refund_no, ask.order_no, terminal, channel, ask.amount_fen, ask.reason, "unknown",
        got_ms=now_ms, changed_ms=now_ms, asked=ask.asked,
    )  # fmt: skip
    return [_begun(books, row, ask, now_ms)]


def _begun(books: MoneyBooks, row: Refund, ask: AskRefund, now_ms: int) -> Effect:
    """The channel is asked for it, or it is refused here; what failed before does not count."""
    code = _refusal(books, ask)
    if code:
        row = replace(row, state="failed", code=code, changed_ms=now_ms)
        books.put_refund(row)
        return _answer(row, row.terminal)
    return _refund_call(books, row, now_ms)


def _refusal(books: MoneyBooks, ask: AskRefund) -> int:
    """Why this may not be given back, 0 when it may."""
    payment = books.payment(ask.order_no)
    if payment is None:
        return NO_ORDER
    if payment.state != "paid":
        return CLOSED
    if ask.amount_fen == 0:
        return BAD_AMOUNT
    return OVER_SUM if books.refunded_fen(ask.order_no) + ask.amount_fen > payment.paid_fen else 0


def query(books: MoneyBooks, terminal: str, ask: AskRefundQuery, now_ms: int) -> list[Effect]:
    """What became of a refund; one that never arrived is `unknown`: the terminal asks for it again."""
    row = books.refund(ask.refund_no)
    if row is None or row.order_no != ask.order_no:
        return [SendAnswer(terminal, AnswerRefund(ask.refund_no, "unknown"))]
    if row.state in ("refunded", "failed") or now_ms < row.busy_until_ms:
        return [_answer(row, terminal)]
    return [_ask_channel(books, row, now_ms, terminal)]


def heard(books: MoneyBooks, ticket: Ticket, reply: Reply, now_ms: int) -> list[Effect]:
    """An answer of the acquirer. A refund the channel has never seen is asked for again under its number."""
    row = books.refund(ticket.key)
    assert row is not None, ticket
    after = replace(row, busy_until_ms=0) if ticket.call == row.call else row
    match reply.state:
        case "refunded":
            after = replace(after, state="refunded", code=0, channel_refund_no=reply.number or row.channel_refund_no)
        case "failed" if row.state != "refunded" and ticket.call == row.call:  # not of a call given up before
            after = replace(after, state="failed", code=reply.code)
        case "processing" if row.state == "unknown":
            after = replace(after, state="processing", code=PROCESSING, channel_refund_no=reply.number)
        case "absent" if row.state in ("unknown", "processing") and now_ms >= after.busy_until_ms:
            return [_refund_call(books, after, now_ms, ticket.asker)]
        case _:
            pass
    if after != row:
        books.put_refund(replace(after, changed_ms=now_ms))
    return [_answer(after, ticket.asker)]


def _ask_channel(books: MoneyBooks, row: Refund, now_ms: int, asker: str = "") -> CallAcquirer:
    call = RefundQueryCall(row.refund_no, row.order_no, row.channel)
    return _call(books, row, "refund_query", call, asker or row.terminal, now_ms)


def _refund_call(books: MoneyBooks, row: Refund, now_ms: int, asker: str = "") -> CallAcquirer:
    payment = books.payment(row.order_no)
    assert payment is not None, row.order_no
    call = RefundCall(row.refund_no, row.order_no, row.channel, row.amount_fen, row.reason, payment.paid_fen)
    return _call(books, row, "refund", call, asker or row.terminal, now_ms)


def _call(books: MoneyBooks, row: Refund, what: str, call: Call, asker: str, now_ms: int) -> CallAcquirer:
    assert now_ms >= row.busy_until_ms, "one worker at a time for each refund"
    assert what in ("refund", "refund_query"), what
    row = replace(row, call=row.call + 1, busy_until_ms=now_ms + CALL_MAX_MS)
    books.put_refund(row)
    ticket = Ticket(what, row.refund_no, row.call, asker)  # type: ignore[arg-type]  # asserted above
    return CallAcquirer(ticket, call, now_ms + CALL_MAX_MS)


def _answer(row: Refund, terminal: str) -> SendAnswer:
    return SendAnswer(terminal, AnswerRefund(row.refund_no, row.state, row.code, row.channel_refund_no))
