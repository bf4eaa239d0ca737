"""Copies of slips: finding the slip, the limits on printing it again, and the list of who did it why (domain 6.2)."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from firmware.txn import shift
from firmware.txn.approve import authority
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.original import ORDER_KEY, seq_of_order
from firmware.txn.slips import BUILDERS, intact, stored
from firmware.txn.slips.reprint import PARTS, Part
from firmware.txn.slips.sheet import LOCAL, receipt_number
from rules.orders import read_order_no
from rules.receipt_token import read_receipt_token
from rules.rights import Right, grant
from rules.slip_code import SlipName, read_slip_code
from texts import t
from wire.facts import (
    BasketHeld,
    Carried,
    CopyShown,
    DayClosed,
    Fact,
    Refund,
    ReportPrinted,
    Reprinted,
    Sale,
    TenderPart,
)

REASONS: Final = ("customer", "invoice", "refund", "jam", "other")
"""顾客要求/开票/退货/卡纸/其他."""

FOUND_MAX: Final = 60
"""Of more slips than these nobody picks one from a list."""

MINUTE_MS, DAY_MS = 60_000, 86_400_000

ENDING_DIGITS_MIN: Final = 4
ELECTRONIC: Final = (Sale.KIND, Refund.KIND)
"""Slips that have an electronic copy."""

NO_ORIGINAL, NOT_YOURS, TOO_OFTEN, CHAIN_BROKEN = 4010, 2012, 4011, 9012


@dataclass(frozen=True, slots=True)
class Found:
    """A slip that may be printed again. `kind` is the fact's."""

    seq: int
    kind: str
    number: str
    amount_fen: int
    at_ms: int
    copies: int  # printed so far


@dataclass(frozen=True, slots=True)
class Reprint:
    """Print the slip of the fact `of` once more, counted, or `part` of it. Never opens the drawer."""

    of: int
    reason: str
    part: Part = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Reprinted`, or 2001, 4010, 2005, 2006, 2012, 4011, 9012."""
        assert self.reason in REASONS, self.reason
        assert self.part in PARTS, self.part
        found = slip_at(ctx.books, self.of)
        if refusal := lacking(ctx, Right.REPRINT, None if found else NO_ORIGINAL):
            return refusal
        assert found is not None
        if limit := _limit(ctx, self.of, found.copies):
            return Refusal(limit, found.number)
        if not intact(ctx.books, ctx.terminal, self.of):
            return Refusal(CHAIN_BROKEN, found.number)
        return Decision(
            (Reprinted(self.of, found.copies + 1, self.reason, ctx.session.operator, ctx.approver, self.part),)
        )


@dataclass(frozen=True, slots=True)
class ShowCopy:
    """Note that the electronic copy of a sale or refund was shown instead of paper."""

    of: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CopyShown`, or 2001, 4010, 2005."""
        found = slip_at(ctx.books, self.of)
        known = found is not None and found.kind in ELECTRONIC and ctx.settings.slips.receipt_url
        if refusal := lacking(ctx, Right.SALE, None if known else NO_ORIGINAL):
            return refusal
        return Decision((CopyShown(self.of, ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class PrintCopies:
    """Print how many copies there were, by operator and reason."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ReportPrinted`, or 2001, 4010, 2005, 2006."""
        counts = copies_by(ctx.books)
        if refusal := lacking(ctx, Right.REPRINT, None if counts else NO_ORIGINAL):
            return refusal
        running = shift.current(ctx.books)
        rows = tuple((f"{who} {_reason(ctx, why)}", str(count)) for who, why, count in counts)
        batch = running.batch if running else 0
        return Decision((ReportPrinted("reprints", batch, ctx.session.operator, {}, rows),))


def _reason(ctx: Context, why: str) -> str:
    return t("receipt", ctx.settings.terminal.lang, f"copy__{why}")


def _limit(ctx: Context, of: int, copies: int) -> int:
    """Why this copy needs a supervisor; 0: it needs none. A cashier copies slips of the own shift, each so often."""
    if grant(authority(ctx), Right.REPRINT, ctx.settings.rights) == "yes":
        return 0
    fact, _, _ = stored(ctx.books, of)
    running = shift.current(ctx.books)
    own = getattr(fact, "operator", "") == ctx.session.operator
    if not (own and running is not None and getattr(fact, "batch", 0) == running.batch):
        return NOT_YOURS
    return TOO_OFTEN if copies >= ctx.settings.slips.reprints_per_slip else 0


# --- finding a slip ---------------------------------------------------------------------------------------------------

_SLIPS = (
    "(SELECT seq, 'sale' AS kind, batch, trace, due_fen AS amount_fen FROM receipt"
    " UNION ALL SELECT seq, kind, batch, trace, amount_fen FROM slip_made)"
)
"""All slips as a table; whoever reads several rows of it says in which order."""


def slip_at(books: Reading, seq: int) -> Found | None:
    """The slip of the fact at `seq`, or None when it has none or is gone."""
    found = _found(books, f"SELECT * FROM {_SLIPS} WHERE seq = ?", seq)
    return found[0] if found else None


CUSTOMERS = f"'{Sale.KIND}', '{Refund.KIND}'"


def last_slip(books: Reading) -> Found | None:
    """The slip the last customer went away with: a sale's, or one of a refund or void. Slips of orders put aside and of
    closings are no customer's; they are found in the list."""
    newest = _found(books, f"SELECT * FROM {_SLIPS} WHERE kind IN ({CUSTOMERS}) ORDER BY seq DESC LIMIT 1")
    return newest[0] if newest else None


def latest(books: Reading, many: int = FOUND_MAX) -> tuple[Found, ...]:
    """The newest slips, newest first."""
    both = books.read(
        "SELECT seq FROM (SELECT seq FROM receipt ORDER BY seq DESC LIMIT ?)"
        " UNION ALL SELECT seq FROM (SELECT seq FROM slip_made ORDER BY seq DESC LIMIT ?) ORDER BY seq DESC LIMIT ?",
        many,
        many,
        many,
    )
    return _each(books, (int(row[0]) for row in both))


def by_number(books: Reading, digits: str) -> tuple[Found, ...]:
    """By trace number, or by batch and trace in twelve digits."""
    if len(digits) == 12:
        return by_name(books, SlipName(int(digits[:6]), int(digits[6:])))
    return _found(
        books, f"SELECT * FROM {_SLIPS} WHERE trace = ? AND trace > 0 ORDER BY seq DESC LIMIT {FOUND_MAX}", digits
    )


def by_name(books: Reading, name: SlipName) -> tuple[Found, ...]:
    """By what a slip is called on paper."""
    sql = f"SELECT * FROM {_SLIPS} WHERE batch = ? AND trace = ? ORDER BY seq DESC LIMIT {FOUND_MAX}"
    return _found(books, sql, name.batch, name.trace)


def by_amount(books: Reading, fen: int) -> tuple[Found, ...]:
    """By the sum on it."""
    return _found(books, f"SELECT * FROM {_SLIPS} WHERE amount_fen = ? ORDER BY seq DESC LIMIT {FOUND_MAX}", fen)


def by_time(books: Reading, day: str, clock: str, since: str = "") -> tuple[Found, ...]:
    """Slips of a day (YYYY-MM-DD, local) up to the minute `clock` (HHMM), newest first; from the minute `since` on where it
    is given, which is of the day before when it is the later of the two. Raises `ValueError`.

    The journal is in the order of time but where the clock was set back: then the neighbours are near enough to see."""
    until_ms = _minute_ms(day, clock) + MINUTE_MS
    from_ms = 0
    if since:
        from_ms = _minute_ms(day, since) - (DAY_MS if since > clock else 0)
    sql = f"SELECT seq FROM {_SLIPS} WHERE seq > ? AND seq <= ? ORDER BY seq DESC LIMIT {FOUND_MAX}"
    rows = books.read(sql, _last_before(books, from_ms), _last_before(books, until_ms))
    return _each(books, (int(row[0]) for row in rows))


def _minute_ms(day: str, clock: str) -> int:
    """When that minute began."""
    at = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H%M").replace(tzinfo=LOCAL).astimezone(UTC)
    return int(at.timestamp() * 1000)


def _last_before(books: Reading, until_ms: int) -> int:
    """The last record before that time; 0: there is none."""
    first, last = books.read("SELECT min(seq), max(seq) FROM journal")[0]
    seqs = range(int(first), int(last) + 1) if first is not None else range(0)
    place = bisect_left(seqs, until_ms, key=lambda seq: _at_ms(books, seq))
    return seqs[place - 1] if place else 0


def by_ending(books: Reading, digits: str) -> tuple[Found, ...]:
    """By the last digits (four at least) of the channel's number on the customer's bill, the card terminal's reference,
    or the card; by our own payment number in full. What a sale of members carries joins here with the members."""
    if read_order_no(digits) is not None:
        seq = seq_of_order(books, digits)
        return _each(books, (seq,) if seq else ())
    if len(digits) < ENDING_DIGITS_MIN:
        return ()
    back = digits[::-1]
    rows = books.read(
        f"SELECT DISTINCT seq FROM slip_key WHERE key >= ? AND key < ? ORDER BY seq DESC LIMIT {FOUND_MAX}",
        back,
        back + "\x7f",
    )
    return _each(books, (int(row[0]) for row in rows))


def by_scan(books: Reading, terminal: str, text: str) -> tuple[Found, ...]:
    """By the barcode or QR code of a slip of this terminal, by a bill of the customer's channel, or by our own number."""
    if name := read_slip_code(text):
        return by_name(books, name) if name.terminal in ("", terminal) else ()
    if token := read_receipt_token(text.rpartition("/")[2]):
        return by_name(books, SlipName(token.batch, token.trace)) if token.terminal == terminal else ()
    return by_ending(books, text) if len(text) >= 16 or not text.isdigit() else ()


def _found(books: Reading, sql: str, *args: int | str) -> tuple[Found, ...]:
    rows = books.read(sql, *args)
    return tuple(
        Found(
            int(seq), str(kind), _number(books, int(seq), int(batch), int(trace)), int(amount_fen),
            _at_ms(books, int(seq)), copies_of(books, int(seq)),
        )
        for seq, kind, batch, trace, amount_fen in rows
    )  # fmt: skip


def _number(books: Reading, seq: int, batch: int, trace: int) -> str:
    """What a slip is called on paper: batch and trace, an order put aside by its own number, a Z by its, else the batch."""
    if trace:
        return receipt_number(batch, trace)
    match stored(books, seq)[0]:
        case BasketHeld(hold=number) | DayClosed(number=number):
            return str(number)
        case _:
            return f"{batch:06d}"


def _each(books: Reading, seqs: Iterable[int]) -> tuple[Found, ...]:
    return tuple(found for seq in seqs for found in (slip_at(books, seq),) if found is not None)


def _at_ms(books: Reading, seq: int) -> int:
    rows = books.read("SELECT at_ms FROM journal WHERE seq = ?", seq)
    return int(rows[0][0]) if rows else 0


def copies_of(books: Reading, seq: int) -> int:
    """How often the slip has been printed again."""
    return int(books.read("SELECT count(*) FROM reprint WHERE original = ?", seq)[0][0])


# --- the list of copies -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copied:
    """One copy that was printed, and of which slip; `number` is empty when that slip is pruned."""

    seq: int
    of: int
    count: int
    reason: str
    operator: str
    at_ms: int
    number: str


def archive(books: Reading, skip: int, many: int) -> tuple[Copied, ...]:
    """Copies, newest first."""
    rows = books.read(
        "SELECT seq, original, count, reason, operator FROM reprint ORDER BY seq DESC LIMIT ? OFFSET ?", many, skip
    )
    return tuple(_copied(books, row) for row in rows)


def _copied(books: Reading, row: tuple[int, int, int, str, str]) -> Copied:
    seq, of, count, reason, operator = row
    original = slip_at(books, of)
    return Copied(seq, of, count, reason, operator, _at_ms(books, seq), original.number if original else "")


def archived(books: Reading) -> int:
    """How many copies the archive holds."""
    return int(books.read("SELECT count(*) FROM reprint")[0][0])


def copies_by(books: Reading) -> tuple[tuple[str, str, int], ...]:
    """Operator, reason, how many copies; of all the archive holds."""
    rows = books.read("SELECT operator, reason, count(*) FROM reprint GROUP BY operator, reason ORDER BY 1, 2")
    return tuple((str(who), str(why), int(count)) for who, why, count in rows)


# --- projections ------------------------------------------------------------------------------------------------------


def _made(books: Books, fact: Fact, entry: Entry) -> None:
    """Every slip but a sale's, which `receipt` holds; copies are no slips of their own."""
    batch, trace = int(getattr(fact, "batch", 0)), int(getattr(fact, "trace", 0))
    amount = next((int(getattr(fact, name)) for name in _AMOUNTS if hasattr(fact, name)), 0)
    books.write("INSERT INTO slip_made VALUES (?, ?, ?, ?, ?)", entry.seq, fact.KIND, batch, trace, amount)
    if isinstance(fact, Refund):
        _keyed(books, fact.tenders, entry)


_AMOUNTS = ("total_fen", "amount_fen", "counted_fen", "grand_total_fen")


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    _keyed(books, fact.tenders, entry)


def _keyed(books: Books, parts: tuple[TenderPart, ...], entry: Entry) -> None:
    """Numbers people search by, backwards, because they read the end of them; plain cash has none."""
    for key in {key for part in parts for key in (part.channel_no, part.reference, part.last4) if key}:
        books.write("INSERT OR IGNORE INTO slip_key VALUES (?, ?)", key[::-1], entry.seq)
    for number in {part.order_no for part in parts if part.order_no}:
        books.write("INSERT OR IGNORE INTO slip_key VALUES (?, ?)", ORDER_KEY + number, entry.seq)


def _copied_again(books: Books, fact: Reprinted, entry: Entry) -> None:
    books.write(
        "INSERT INTO reprint VALUES (?, ?, ?, ?, ?)", entry.seq, fact.of, fact.count, fact.reason, fact.operator
    )


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    """What is pruned cannot be printed again."""
    books.write("DELETE FROM slip_made WHERE seq <= ?", fact.upto)
    books.write("DELETE FROM slip_key WHERE seq <= ?", fact.upto)
    books.write("DELETE FROM reprint WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE slip_made(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, batch INTEGER NOT NULL,"
        " trace INTEGER NOT NULL, amount_fen INTEGER NOT NULL) STRICT",
        "CREATE TABLE slip_key(key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (key, seq)) STRICT, WITHOUT ROWID",
        "CREATE TABLE reprint(seq INTEGER PRIMARY KEY, original INTEGER NOT NULL, count INTEGER NOT NULL,"
        " reason TEXT NOT NULL, operator TEXT NOT NULL) STRICT",
    ),
    {
        **{kind: _made for kind in BUILDERS if kind not in (Sale, Reprinted)},
        Sale: _sold,
        Reprinted: _copied_again,
        Carried: _carried,
    },
    version=2,  # 2: order numbers in full among the keys
)
