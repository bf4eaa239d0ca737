"""The trace number (流水号): one counter for everything that has a number of its own (domain 5.1, 5.3).

Sales, orders, refunds and cash moves draw from it; it goes on over shifts, boots and pruned records. An order keeps the
trace it was opened with for its sale, however many numbers were used in between.
"""

from firmware.txn.books import Books, Entry, Reading, Subject
from wire.facts import CashMoved, Fact, OrderOpened, Refund, RefundSent, RefundTurned, Sale

TRACE_MAX = 999_999
NAME = "trace"


def last_trace(books: Reading) -> int:
    """The trace number used last, 0 before the first; read from `life`, which pruning carries over."""
    rows = books.read("SELECT value FROM life WHERE name = ?", NAME)
    return int(rows[0][0]) if rows else 0


def next_trace(books: Reading) -> int:
    """Trace number of the next transaction: 1 … 999999, then 1 again; never reset by a shift."""
    return last_trace(books) % TRACE_MAX + 1


def next_seq(books: Reading) -> int:
    """The seq the next journaled fact will have: what an effect of a decision, which must name the fact that justifies it,
    counts from."""
    return int(books.read("SELECT coalesce(max(seq), 0) FROM journal")[0][0]) + 1


def _used(books: Books, fact: Fact, entry: Entry) -> None:
    """The counter follows a number that lies ahead of it; one behind it belongs to an order opened before."""
    trace = int(getattr(fact, "trace"))  # noqa: B009 - all kinds below have it
    ahead = (trace - last_trace(books)) % TRACE_MAX
    if trace and 0 < ahead <= TRACE_MAX // 2:
        books.write("INSERT OR REPLACE INTO life VALUES (?, ?)", NAME, str(trace))


SUBJECT = Subject(
    (), dict.fromkeys((Sale, OrderOpened, CashMoved, RefundSent, Refund, RefundTurned), _used), uses=("life",)
)
