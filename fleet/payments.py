"""Payments at the backend: at most one call to the acquirer at a time for each order, and the same answer every time.

States: `unknown` and `paying` wait; `paid`, `failed` and `reversed` are known; `reversing` goes on until the channel has
said that nothing is taken. `reversed` is for ever: a number once closed never takes money (decisions 18).
"""

from dataclasses import replace

from fleet.acquirer.port import Call, PayCall, QueryCall, Reply, ReverseCall
from fleet.effects import CallAcquirer, Effect, SendAnswer, Ticket
from fleet.money import CALL_MAX_MS, OPEN_STATES, MoneyBooks, Payment, PaymentState
from rules.orders import is_bill_no, read_order_no, terminal_no
from wire import messages
from wire.messages import AnswerPayment, AskPay, AskQuery, AskReverse

EXPIRES_MAX_MS = 60_000
BILL_QUERIES_MAX = 4
"""Open payments of a terminal the channel is asked about for one look-up of a bill nobody knows."""

UNKNOWN, REVERSING, REVERSAL_PENDING, CLOSED, OVER_SUM, BAD_AMOUNT = 5007, 5008, 5009, 5011, 5015, 5020


def pay(books: MoneyBooks, terminal: str, ask: AskPay, now_ms: int, age_ms: int) -> list[Effect]:
    """Take money, unless the number is known already or the ask is too old. Raises `ValueError` for a number that is
    another terminal's."""
    _is_own(terminal, ask.order_no)
    row = books.payment(ask.order_no)
    if row is not None:
        return _asked_again(books, row, ask, now_ms)
    start_by_ms = now_ms - age_ms + min(ask.expires_ms, EXPIRES_MAX_MS)
    row = Payment(ask.order_no, terminal, ask.channel, ask.amount_fen, "unknown", got_ms=now_ms, changed_ms=now_ms)
    if ask.amount_fen == 0 or start_by_ms <= now_ms:
        bad = ask.amount_fen == 0
        row = replace(row, state="failed", code=BAD_AMOUNT) if bad else replace(row, state="reversed", code=CLOSED)
        books.put_payment(row)
        return [_answer(row, "pay", terminal)]
    call = PayCall(
        ask.order_no, ask.channel, ask.amount_fen, ask.subject, terminal, ask.operator, ask.auth_code
    )  # fmt: skip
    return [_call(books, row, "pay", call, terminal, now_ms, start_by_ms)]


def _asked_again(books: MoneyBooks, row: Payment, ask: AskPay, now_ms: int) -> list[Effect]:
    """The same number: never a second payment. What is not known is queried, when nobody is about it."""
    if row.channel and (row.channel, row.amount_fen) != (ask.channel, ask.amount_fen):
        raise ValueError("ask/pay: the number is taken by another payment")
    if row.state in ("unknown", "paying") and now_ms >= row.busy_until_ms:
        return [_call(books, row, "query", QueryCall(row.order_no, row.channel), row.terminal, now_ms)]
    return [_answer(row, "pay", row.terminal)]


def query(books: MoneyBooks, terminal: str, ask: AskQuery, now_ms: int) -> list[Effect]:
    """What became of a payment, by its number or the channel's; asks the channel when it is not known and nobody is about
    it."""
    if is_bill_no(ask.order_no):
        return _query_bill(books, terminal, ask.order_no, now_ms)
    row = books.payment(ask.order_no)
    if row is None:
        return [SendAnswer(terminal, AnswerPayment(ask.order_no, "query", "absent"))]
    return _query_again(books, row, terminal, now_ms) or [_answer(row, "query", terminal)]


def _query_bill(books: MoneyBooks, terminal: str, bill: str, now_ms: int) -> list[Effect]:
    """What is known of the payment with this number on the customer's bill, at once and under its own order number. A
    number nobody has told yet may be that of a payment still open at the same terminal: then it is not known rather than
    absent, the channel is asked about those, and its answer brings the number along (domain 1.4)."""
    row = books.payment_of_bill(bill)
    if row is not None:
        return [_answer(row, "query", terminal, bill), *_query_again(books, row, terminal, now_ms)]
    waiting = [each for each in books.open_payments(terminal, BILL_QUERIES_MAX) if not each.channel_no]
    unknown = AnswerPayment(bill, "query", "unknown", UNKNOWN, bill=bill)
    answer = unknown if waiting else AnswerPayment(bill, "query", "absent", bill=bill)
    asked = [effect for each in waiting for effect in _query_again(books, each, terminal, now_ms)]
    return [SendAnswer(terminal, answer), *asked]


def _query_again(books: MoneyBooks, row: Payment, asker: str, now_ms: int) -> list[Effect]:
    """Ask the channel about a payment that is not decided, unless somebody is about it."""
    if row.state not in OPEN_STATES or now_ms < row.busy_until_ms:
        return []
    return [_call(books, row, "query", QueryCall(row.order_no, row.channel), asker, now_ms)]


def reverse(books: MoneyBooks, terminal: str, ask: AskReverse, now_ms: int) -> list[Effect]:
    """Close a payment for good. A number nobody knows is closed before this is answered, so that a payment that is still
    on its way is refused when it comes. Raises `ValueError` for a number that is another terminal's."""
    _is_own(terminal, ask.order_no)
    row = books.payment(ask.order_no)
    if row is None:
        row = Payment(ask.order_no, terminal, "", 0, "reversed", CLOSED, got_ms=now_ms, changed_ms=now_ms)
        books.put_payment(row)
    if row.state == "reversed":
        return [_answer(row, "reverse", terminal)]
    if row.state == "paid" and books.refunded_fen(row.order_no):  # a reversal would give back what was given back
        return [SendAnswer(terminal, _said(row, "reverse", "paid", OVER_SUM))]
    if (
        row.state == "paid" and row.code
    ):  # refused for good: the terminal refunds, and a copy of its ask must not reverse
        return [SendAnswer(terminal, _said(row, "reverse", "paid", row.code))]
    row = replace(row, reversal_wanted=True)
    if now_ms >= row.busy_until_ms:
        return [_reverse(books, row, now_ms)]
    books.put_payment(row)
    return [SendAnswer(terminal, _said(row, "reverse", "unknown", REVERSING))]


def heard(books: MoneyBooks, ticket: Ticket, reply: Reply, now_ms: int) -> list[Effect]:
    """An answer of the acquirer, be it late or doubled; a wanted reversal follows without a gap, and a query follows a
    reversal that was refused: what the channel holds then is the terminal's to refund (domain 1.4)."""
    row = books.payment(ticket.key)
    assert row is not None, ticket
    after = _merged(row, ticket, reply)
    if ticket.call == row.call:
        after = replace(after, busy_until_ms=0)
    if after.state == "reversed":
        after = replace(after, reversal_wanted=False, busy_until_ms=0)
    if after != row:
        after = replace(after, changed_ms=now_ms)
        books.put_payment(after)
    if ticket.what == "reverse" and reply.state == "refused" and ticket.call == row.call and row.state == "reversing":
        return [_call(books, after, "check", QueryCall(row.order_no, row.channel), ticket.asker, now_ms)]
    answer = _answer(after, "reverse" if ticket.what == "check" else ticket.what, ticket.asker)
    if ticket.what == "check" and after.state == "paid":
        answer = SendAnswer(ticket.asker, _said(after, "reverse", "paid", row.code))  # why it was not reversed
    if after.reversal_wanted and ticket.what != "reverse" and now_ms >= after.busy_until_ms:
        return [answer, _reverse(books, after, now_ms)]
    return [answer]


def _reverse(books: MoneyBooks, row: Payment, now_ms: int) -> CallAcquirer:
    row = replace(row, state="reversing", changed_ms=now_ms)
    return _call(books, row, "reverse", ReverseCall(row.order_no, row.channel, row.got_ms), row.terminal, now_ms)


def _merged(row: Payment, ticket: Ticket, reply: Reply) -> Payment:
    """The row after a reply. What is known is never forgotten for a reply that knows less."""
    if row.state == "reversed":
        return row
    if reply.state == "paid":
        row = replace(row, channel_no=reply.number or row.channel_no, paid_fen=reply.paid_fen or row.amount_fen)
    if ticket.what == "reverse":
        return _after_reversal(row, ticket, reply)
    if ticket.what == "check":
        row = replace(row, reversal_wanted=False)
    match reply.state:
        case "reversed":
            return replace(row, state="reversed", code=CLOSED)
        case "expired" if ticket.what == "pay" and row.state == "unknown":
            return replace(row, state="reversed", code=CLOSED)  # the channel was never called, and never will be
        case _ if row.state == "reversing":
            return row  # only the reversal's own end counts now
        case "paid":
            refused = row.code if ticket.what == "check" or row.state == "paid" else 0  # why it could not be reversed
            return replace(row, state="paid", code=refused)
        case "failed" if row.state != "paid":
            return replace(row, state="failed", code=reply.code)
        case "paying" if row.state == "unknown":
            return replace(row, state="paying", code=reply.code)
        case _:
            return row


def _after_reversal(row: Payment, ticket: Ticket, reply: Reply) -> Payment:
    match reply.state:
        case "reversed":
            return replace(row, state="reversed", code=CLOSED)
        case "refused" if ticket.call == row.call and row.state == "reversing":  # for good: a query tells what it holds
            return replace(row, state="unknown", code=reply.code, reversal_wanted=False)
        case _:
            return row


def _call(
    books: MoneyBooks, row: Payment, what: str, call: Call, asker: str, now_ms: int, start_by_ms: int = 0
) -> CallAcquirer:
    """One more call about the order, and nobody else about it until it is over."""
    assert now_ms >= row.busy_until_ms, "one worker at a time for each order"
    assert what in ("pay", "query", "reverse", "check"), what
    row = replace(row, call=row.call + 1, busy_until_ms=now_ms + CALL_MAX_MS)
    books.put_payment(row)
    ticket = Ticket(what, row.order_no, row.call, asker)  # type: ignore[arg-type]  # asserted above
    return CallAcquirer(ticket, call, start_by_ms or now_ms + CALL_MAX_MS)


def _answer(row: Payment, to: str, terminal: str, bill: str = "") -> SendAnswer:
    """What a terminal is told of the payment as it stands; `bill`: by which number it asked."""
    state, code = _shown(row)
    if to == "pay" and row.state == "reversed":
        state, code = "failed", CLOSED
    if to == "reverse" and state == "unknown":
        code = REVERSAL_PENDING
    return SendAnswer(terminal, _said(row, to, state, code, bill))


def _shown(row: Payment) -> tuple[messages.PaymentState, int]:
    if row.reversal_wanted and row.state != "reversed":  # whatever it was, it is about to be nothing
        return "unknown", REVERSING
    shown: dict[PaymentState, tuple[messages.PaymentState, int]] = {
        "unknown": ("unknown", row.code),
        "paying": ("paying", row.code),
        "paid": ("paid", 0),
        "failed": ("failed", row.code),
        "reversing": ("unknown", REVERSING),
        "reversed": ("reversed", 0),
    }
    return shown[row.state]


def _said(row: Payment, to: str, state: messages.PaymentState, code: int, bill: str = "") -> AnswerPayment:
    assert to in ("pay", "query", "reverse"), to
    paid_fen = row.paid_fen if state == "paid" else 0
    return AnswerPayment(row.order_no, to, state, code, row.channel_no, paid_fen, bill)  # type: ignore[arg-type]  # asserted


def _is_own(terminal: str, order_no: str) -> None:
    order = read_order_no(order_no)
    if order is None or order.terminal != terminal_no(terminal):
        raise ValueError("the order's number is not this terminal's")
