"""Payments by a customer's code: what the journal knows of each, and what an answer means for it (domain 1.4).

```
sent ── paid | failed | unknown ── paid | failed ── reversing ── reversed | failed | paid
```
`paid`, `failed` and `reversed` are ends; money that shows up after `failed` or `reversed` is given back.
"""

from dataclasses import dataclass
from typing import Literal

from firmware.txn import room
from firmware.txn.books import Books, Entry, Reading, Subject
from wire.facts import Carried, PaymentHeard, PaymentSent, RefundSent, ReversalSent
from wire.messages import AnswerPayment

PaymentState = Literal["sent", "unknown", "reversing", "paid", "failed", "reversed"]

_OPEN = "state IN ('sent', 'unknown', 'reversing')"
_COLUMNS = (
    "order_no, seq, at_ms, trace, attempt, channel, amount_fen, last4, operator, state, code, channel_no, paid_fen, why"
)

PENDING_CODES = frozenset({5007, 5008, 5009})
"""A reversal answered `failed` with one of these is not refused, only not done yet."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment under one order number. `at_ms`: when it was sent, by the wall clock; `paid_fen`: what the channel was
    heard to have taken, also when that was wrong; `why`: the reason of its reversal or automatic refund, if one was ever
    asked for."""

    order_no: str
    seq: int
    at_ms: int
    trace: int
    attempt: int
    channel: str
    amount_fen: int
    last4: str
    operator: str
    state: PaymentState
    code: int
    channel_no: str
    paid_fen: int
    why: str

    @property
    def is_open(self) -> bool:
        """Whether its result is not known yet."""
        return self.state in ("sent", "unknown", "reversing")

    @property
    def counts(self) -> bool:
        """Whether it pays for its order: paid, and not on its way back."""
        return self.state == "paid" and self.why not in ("late", "duplicate")


def find(books: Reading, order_no: str) -> Payment | None:
    """The payment of this number, None when this terminal never sent it or has pruned it."""
    rows = books.read(f"SELECT {_COLUMNS} FROM payment WHERE order_no = ?", order_no)
    return Payment(*rows[0]) if rows else None


def of_order(books: Reading, trace: int) -> tuple[Payment, ...]:
    """All payments asked for under this trace, in their order."""
    rows = books.read(f"SELECT {_COLUMNS} FROM payment WHERE trace = ? ORDER BY attempt", trace)
    return tuple(Payment(*row) for row in rows)


def open_payments(books: Reading) -> tuple[Payment, ...]:
    """Those whose result is not known, oldest first."""
    return tuple(Payment(*row) for row in books.read(f"SELECT {_COLUMNS} FROM payment WHERE {_OPEN} ORDER BY seq"))


def by_channel_no(books: Reading, channel_no: str) -> Payment | None:
    """The payment with this number on the customer's bill. For a person's search: reads all that are kept."""
    rows = books.read(f"SELECT {_COLUMNS} FROM payment WHERE channel_no = ? ORDER BY seq DESC LIMIT 1", channel_no)
    return Payment(*rows[0]) if rows else None


def of_trace(books: Reading, trace: int) -> Payment | None:
    """The newest payment of a trace number, as a person types it."""
    return next(iter(reversed(of_order(books, trace))), None)


def taken_fen(books: Reading, date: str, channel: str) -> int:
    """What was asked for by a channel on a business day and not refused or reversed, for its limit."""
    rows = books.read(
        "SELECT coalesce(sum(amount_fen), 0) FROM payment"
        " WHERE date = ? AND channel = ? AND state NOT IN ('failed', 'reversed')",
        date, channel,
    )  # fmt: skip
    return int(rows[0][0])


# --- what an answer means -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer adds to what is known: a fact or none; `back_fen` was taken and must be refunded; `odd` says why an
    answer was put aside."""

    heard: PaymentHeard | None = None
    back_fen: int = 0
    odd: str = ""


NOTHING_NEW = Verdict()


def judge(payment: Payment, answer: AnswerPayment) -> Verdict:
    """What to make of an answer, whichever one it is and however often it comes."""
    if answer.order_no != payment.order_no:
        return Verdict(odd=f"answer for {answer.order_no}")
    match answer.state:
        case "paid":
            return _paid(payment, answer)
        case "failed":
            return _failed(payment, answer)
        case "reversed":
            return _reversed(payment, answer)
        case "paying" | "unknown" | "absent":
            return _still_unknown(payment, answer)


def _heard(
    answer: AnswerPayment, state: Literal["paid", "failed", "unknown", "reversed"], code: int = 0, paid_fen: int = 0
) -> PaymentHeard:
    return PaymentHeard(answer.order_no, state, answer.to, code, room.channel_no(answer.channel_no), paid_fen)


def _paid(payment: Payment, answer: AnswerPayment) -> Verdict:
    """Paid. The amount must be what was asked for (5023). While a reversal is under way only its own answer counts: the
    channel takes it back otherwise. After an end it is money that came late."""
    right = answer.paid_fen == payment.amount_fen
    last_word = answer.to == "reverse"
    if payment.state == "paid" or (payment.state == "reversing" and not last_word):
        return NOTHING_NEW if right else Verdict(odd=f"{answer.paid_fen} paid of {payment.amount_fen}")
    if payment.state == "reversed" and answer.to != "query":
        return Verdict(odd="paid after it was reversed")  # a late copy, or else the next query says so
    if right:
        if payment.state == "reversed":
            return Verdict(_heard(answer, "paid", 5024, answer.paid_fen), answer.paid_fen)
        return Verdict(_heard(answer, "paid", 0, answer.paid_fen))
    if payment.state in ("sent", "unknown"):
        new = payment.code != 5023
        return Verdict(_heard(answer, "unknown", 5023, answer.paid_fen)) if new else NOTHING_NEW
    if payment.code == 5023 and payment.state in ("failed", "reversed"):
        return NOTHING_NEW  # it is on its way back already
    return Verdict(_heard(answer, "failed", 5023, answer.paid_fen), answer.paid_fen)


def _failed(payment: Payment, answer: AnswerPayment) -> Verdict:
    code = answer.code or 5013
    if payment.state in ("sent", "unknown"):
        return Verdict(_heard(answer, "failed", code))
    if payment.state != "reversing":
        return Verdict(odd="failed after it was paid") if payment.state == "paid" else NOTHING_NEW
    if answer.to == "reverse" and answer.code in PENDING_CODES:
        return NOTHING_NEW
    if not payment.paid_fen:
        return Verdict(_heard(answer, "failed", code))
    if answer.to != "reverse":
        return NOTHING_NEW  # it is known to have been paid: an older answer
    return Verdict(_heard(answer, "paid", code, payment.paid_fen), payment.paid_fen)  # not reversed any more: refund


def _reversed(payment: Payment, answer: AnswerPayment) -> Verdict:
    if payment.is_open:
        return Verdict(_heard(answer, "reversed", 0))
    return Verdict(odd="reversed after it was paid") if payment.state == "paid" else NOTHING_NEW


def _still_unknown(payment: Payment, answer: AnswerPayment) -> Verdict:
    """The first of them is kept, and the first that asks the customer for the password."""
    paying = answer.state == "paying" and payment.code not in (5005, 5023)
    if payment.state == "sent" or (payment.state == "unknown" and paying):
        return Verdict(_heard(answer, "unknown", 5005 if answer.state == "paying" else 5007))
    return NOTHING_NEW


# --- projection -----------------------------------------------------------------


def _sent(books: Books, fact: PaymentSent, entry: Entry) -> None:
    rows = books.read("SELECT business_date FROM shift WHERE batch = ?", fact.batch)
    books.write(
        "INSERT OR REPLACE INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'sent', 0, '', 0, '', ?)",
        fact.order_no, entry.seq, entry.at_ms, fact.trace, fact.attempt, fact.channel, fact.amount_fen, fact.last4,
        fact.operator, str(rows[0][0]) if rows else "",
    )  # fmt: skip


def _what_was_heard(books: Books, fact: PaymentHeard, entry: Entry) -> None:
    """`paid_fen` and the channel's number stay known once they were heard."""
    books.write(
        "UPDATE payment SET state = ?, code = ?, channel_no = CASE WHEN ? = '' THEN channel_no ELSE ? END,"
        " paid_fen = CASE WHEN ? = 0 THEN paid_fen ELSE ? END WHERE order_no = ?",
        fact.state, fact.code, fact.channel_no, fact.channel_no, fact.paid_fen, fact.paid_fen, fact.order_no,
    )  # fmt: skip


def _reversing(books: Books, fact: ReversalSent, entry: Entry) -> None:
    books.write(
        "UPDATE payment SET state = 'reversing', why = ? WHERE order_no = ? AND state NOT IN ('failed', 'reversed')",
        fact.why,
        fact.order_no,
    )


def _back(books: Books, fact: RefundSent, entry: Entry) -> None:
    """Money that came late or twice is on its way back: it pays for nothing."""
    if fact.why in ("late", "duplicate"):
        books.write("UPDATE payment SET why = ? WHERE order_no = ?", fact.why, fact.order_no)


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    books.write("DELETE FROM payment WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE payment(order_no TEXT PRIMARY KEY, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
        " trace INTEGER NOT NULL, attempt INTEGER NOT NULL, channel TEXT NOT NULL, amount_fen INTEGER NOT NULL,"
        " last4 TEXT NOT NULL, operator TEXT NOT NULL, state TEXT NOT NULL, code INTEGER NOT NULL,"
        " channel_no TEXT NOT NULL, paid_fen INTEGER NOT NULL, why TEXT NOT NULL, date TEXT NOT NULL)"
        " STRICT, WITHOUT ROWID",
        "CREATE INDEX payment_trace ON payment(trace)",
        "CREATE INDEX payment_day ON payment(date, channel)",
        f"CREATE INDEX payment_open ON payment(seq) WHERE {_OPEN}",
    ),
    {Carried: _carried, PaymentSent: _sent, PaymentHeard: _what_was_heard, ReversalSent: _reversing, RefundSent: _back},
    uses=("shift",),
)
