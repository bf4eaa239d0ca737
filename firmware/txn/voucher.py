"""Voucher uses: what the journal knows of each, under its request number, and what waits for a hand (domain 3.4).

```
planned ── sent ── consumed | rejected | unknown ── consumed | rejected
registered ── sent                    consumed, unknown, registered ── undoing ── undone | kept | rejected
rejected, and it was registered ── sent, under another number
```
`planned`: prepared and frozen into an order, nothing has left yet. `kept`: the platform does not let it be undone.
What no sale covers any more, what was registered and refused, and what the platform gave back by itself although a sale
holds it, stands on the list until a person has dealt with it.
"""

from dataclasses import dataclass
from typing import Literal, cast

import msgspec

from firmware.txn.books import Books, Entry, Reading, Subject
from rules.deals import Platform, VoucherKind
from rules.pricing import allocate
from wire import facts as wire_facts
from wire.facts import (
    Carried,
    OrderDropped,
    OrderOpened,
    Sale,
    VoucherHandled,
    VoucherHeard,
    VoucherRegistered,
    VoucherSent,
    VoucherUndoSent,
    VoucherUse,
)

UseState = Literal[
    "planned", "registered", "sent", "unknown", "undoing", "consumed", "rejected", "undone", "kept"
]  # fmt: skip

OPEN_STATES = frozenset({"registered", "sent", "unknown", "undoing"})
"""The platform's word is still wanted."""

_OPEN = "state IN ('registered', 'sent', 'unknown', 'undoing')"
_LISTED = (
    "handled = 0 AND ((state = 'kept' AND (sold = 0 OR why IN ('void', 'refund')))"
    " OR (state = 'rejected' AND registered = 1 AND why = '' AND again = 0) OR (state = 'undone' AND sold = 1 AND why = ''))"
)
_COLUMNS = (
    "request_no, seq, at_ms, batch, trace, place, platform, kind, deal_id, title, count, deduct_fen, basis_fen, face_fen,"
    " last4, digest, more, operator, approver, date, state, code, record_no, paid_fen, platform_fen, merchant_fen,"
    " undo_until_ms, registered, why, sold, handled, owed_fen, sale_no, again, short_fen"
)


@dataclass(frozen=True, slots=True)
class Use:
    """One use under one request number. `seq`: of the fact that holds the whole `VoucherUse` (`contents`), `place` where
    among its order's. `count` and what follows from it are what the platform redeemed, should it be fewer than asked.
    `more`: as many more could be used under its code when it was prepared. `sold`: a sale holds it as a tender; `why`:
    the reason of its undo, if one was ever asked for. `owed_fen`: what the figures say the platform is to pay for it
    beside the deals of sales, `short_fen`: what they say its sale lacks. `sale_no`: by which number its sale holds it, its
    own but for one that is tried once more; `again`: a later number stands for it."""

    request_no: str
    seq: int
    at_ms: int
    batch: int
    trace: int
    place: int
    platform: Platform
    kind: VoucherKind
    deal_id: str
    title: str
    count: int
    deduct_fen: int
    basis_fen: int
    face_fen: int
    last4: str
    digest: str
    more: int
    operator: str
    approver: str
    date: str
    state: UseState
    code: int
    record_no: str
    paid_fen: int
    platform_fen: int
    merchant_fen: int
    undo_until_ms: int
    registered: int
    why: str
    sold: int
    handled: int
    owed_fen: int
    sale_no: str
    again: int
    short_fen: int

    @property
    def is_open(self) -> bool:
        """Whether the platform's word on it is still wanted."""
        return self.state in OPEN_STATES

    @property
    def counts(self) -> bool:
        """Whether its amount is taken off what other money must cover: it will be consumed, is being, or has been."""
        late = self.state == "kept" and self.why == "dropped"  # redeemed when nobody counted on it any more
        return not late and self.state in ("planned", "registered", "sent", "unknown", "consumed", "kept")

    @property
    def redeemed(self) -> bool:
        """Whether the platform has it as redeemed."""
        return self.state in ("consumed", "kept")

    @property
    def listed(self) -> bool:
        """Whether it waits for a person (券已核销待处理, or registered and refused)."""
        kept = self.state == "kept" and (not self.sold or self.why in ("void", "refund"))
        refused = self.state == "rejected" and bool(self.registered) and not self.why and not self.again
        elsewhere = self.state == "undone" and bool(self.sold) and not self.why
        return not self.handled and (kept or refused or elsewhere)


def find(books: Reading, request_no: str) -> Use | None:
    """The use of this number, None when this terminal never sent it or has pruned it."""
    rows = books.read(f"SELECT {_COLUMNS} FROM voucher_use WHERE request_no = ?", request_no)
    return Use(*rows[0]) if rows else None


def standing(books: Reading, number: str) -> Use | None:
    """The use a sale lives on that holds a voucher by this number: the one it was tried under last."""
    use = find(books, number)
    if use is None or not use.again:
        return use
    rows = books.read(
        f"SELECT {_COLUMNS} FROM voucher_use WHERE trace = ? AND sale_no = ? AND again = 0", use.trace, use.sale_no
    )
    return Use(*rows[0]) if rows else None


def uses_of(books: Reading, trace: int) -> tuple[Use, ...]:
    """Every use asked for or planned under this trace, in their order; also rejected and undone ones."""
    rows = books.read(f"SELECT {_COLUMNS} FROM voucher_use WHERE trace = ? ORDER BY seq, place", trace)
    return tuple(Use(*row) for row in rows)


def open_uses(books: Reading) -> tuple[Use, ...]:
    """Those whose result is wanted, oldest first."""
    rows = books.read(f"SELECT {_COLUMNS} FROM voucher_use WHERE {_OPEN} ORDER BY seq, place")
    return tuple(Use(*row) for row in rows)


def listed(books: Reading) -> tuple[Use, ...]:
    """What waits for a person (券待处理), oldest first."""
    rows = books.read(f"SELECT {_COLUMNS} FROM voucher_use WHERE {_LISTED} ORDER BY seq, place")
    return tuple(Use(*row) for row in rows)


def of_digest(books: Reading, digest: str) -> Use | None:
    """The newest use of a code that is consumed or may be; None: this terminal may ask about it."""
    rows = books.read(
        f"SELECT {_COLUMNS} FROM voucher_use WHERE digest = ? AND state NOT IN ('planned', 'rejected', 'undone')"
        " ORDER BY seq DESC, place DESC LIMIT 1",
        digest,
    )  # fmt: skip
    return Use(*rows[0]) if rows else None


def used_on_day(books: Reading, date: str, deal_id: str) -> int:
    """How many of a deal were used at this terminal on a business day (3033)."""
    rows = books.read(
        "SELECT coalesce(sum(count), 0) FROM voucher_use"
        " WHERE date = ? AND deal_id = ? AND state NOT IN ('planned', 'rejected', 'undone')",
        date, deal_id,
    )  # fmt: skip
    return int(rows[0][0])


def used_alike(books: Reading, date: str, deal_id: str, last4: str) -> bool:
    """Whether a voucher of this deal with the same last signs was used here on this business day."""
    return bool(
        books.read(
            "SELECT 1 FROM voucher_use WHERE date = ? AND deal_id = ? AND last4 = ?"
            " AND state NOT IN ('planned', 'rejected', 'undone') LIMIT 1",
            date, deal_id, last4,
        )
    )  # fmt: skip


def registered_on_day(books: Reading, date: str) -> tuple[int, int]:
    """How many vouchers were registered to be verified later on a business day, and for how much; fen."""
    rows = books.read(
        "SELECT coalesce(sum(count), 0), coalesce(sum(deduct_fen), 0) FROM voucher_use"
        " WHERE date = ? AND registered = 1 AND sale_no = request_no",
        date,
    )
    return int(rows[0][0]), int(rows[0][1])


def contents(books: Reading, use: Use) -> VoucherUse:
    """What its fact says of it; of fewer than asked, only those that were redeemed."""
    whole = asked_for(books, use)
    return whole if whole.count == use.count else part_of(whole, use.count)


def asked_for(books: Reading, use: Use) -> VoucherUse:
    """All that was to be redeemed, from the journal."""
    rows = books.read("SELECT kind, version, body FROM journal WHERE seq = ?", use.seq)
    kind, version, body = rows[0]
    fact = wire_facts.decode(str(kind), int(version), body)
    if isinstance(fact, OrderOpened):
        whole = next(each for each in fact.vouchers if each.request_no == use.request_no)
    else:
        assert isinstance(fact, VoucherSent | VoucherRegistered), kind
        whole = fact.use
    return whole


def code_of(books: Reading, use: Use) -> str:
    """The code of a registered voucher, for its consume and nothing else; "" for any other, and once it is forgotten."""
    if not use.registered:
        return ""
    held = books.read("SELECT hash FROM secret WHERE operator = ?", secret_name(use.request_no))
    if held:
        return bytes(held[0][0]).decode()
    rows = books.read("SELECT version, body FROM journal WHERE seq = ? AND kind = ?", use.seq, VoucherRegistered.KIND)
    fact = wire_facts.decode(VoucherRegistered.KIND, int(rows[0][0]), rows[0][1]) if rows else None
    return fact.code if isinstance(fact, VoucherRegistered) else ""


def secret_name(request_no: str) -> str:
    """Under which name the code of a registered voucher lies among the secrets, beside the journal (ADR 26)."""
    return f"voucher {request_no}"


def forgotten(use: Use) -> tuple[tuple[str, bytes, bytes], ...]:
    """What takes the code of a registered voucher off the card, in the commit of what settles it."""
    return ((secret_name(use.request_no), b"", b""),) if use.registered else ()


def part_of(use: VoucherUse, count: int) -> VoucherUse:
    """What `count` of these vouchers are worth when the platform redeemed no more (3035). Cash vouchers give their face
    value as far as all together took it off, others their share."""
    assert 0 < count <= use.count, (count, use.count)
    face = use.face_fen * count // use.count
    share = use.deduct_fen * count // use.count
    deduct = min(face, use.deduct_fen) if use.kind == "cash" and face else share
    return msgspec.structs.replace(
        use, count=count, deduct_fen=deduct, shares=allocate(deduct, use.shares), face_fen=face,
        basis_fen=use.basis_fen * count // use.count,
    )  # fmt: skip


# --- projection -----------------------------------------------------------------


def _put(
    books: Books, entry: Entry, use: VoucherUse, state: UseState, batch: int, trace: int, operator: str,
    approver: str, date: str, place: int = 0,
) -> None:  # fmt: skip
    books.write(
        f"INSERT OR REPLACE INTO voucher_use ({_COLUMNS}) VALUES"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0, 0, 0, 0, ?, '', 0, 0, 0, ?, 0, 0)",
        use.request_no, entry.seq, entry.at_ms, batch, trace, place, use.platform, use.kind, use.deal_id, use.title,
        use.count, use.deduct_fen, use.basis_fen, use.face_fen, use.last4, use.digest, use.more, operator, approver, date,
        state, int(state == "registered"), use.request_no,
    )  # fmt: skip


def _planned(books: Books, fact: OrderOpened, entry: Entry) -> None:
    for place, use in enumerate(fact.vouchers):
        _put(books, entry, use, "planned", fact.batch, fact.trace, fact.operator, "", fact.business_date, place)


def _sent(books: Books, fact: VoucherSent, entry: Entry) -> None:
    """A planned or registered use keeps the fact that describes it. Without one that fact has been pruned, and the use with
    it: what of its records stays must not bring it back in a rebuild."""
    if fact.again:
        _sent_again(books, fact, entry)
        return
    books.write(
        "UPDATE voucher_use SET state = 'sent', at_ms = ? WHERE request_no = ? AND state IN ('planned', 'registered')",
        entry.at_ms, fact.use.request_no,
    )  # fmt: skip


def _sent_again(books: Books, fact: VoucherSent, entry: Entry) -> None:
    """A registered one that was refused goes on under a number of its own: its sale lives on that one now, and lacks its
    amount until it is redeemed."""
    books.write(
        "UPDATE voucher_use SET again = 1, sold = 0, short_fen = 0 WHERE trace = ? AND sale_no = ?",
        fact.trace, fact.again,
    )  # fmt: skip
    _put(books, entry, fact.use, "sent", fact.batch, fact.trace, fact.operator, fact.approver, fact.business_date)
    books.write(
        "UPDATE voucher_use SET registered = 1, sold = 1, sale_no = ?, short_fen = deduct_fen WHERE request_no = ?",
        fact.again, fact.use.request_no,
    )  # fmt: skip


def _registered(books: Books, fact: VoucherRegistered, entry: Entry) -> None:
    _put(
        books, entry, fact.use, "registered", fact.batch, fact.trace, fact.operator, fact.approver, fact.business_date
    )  # fmt: skip


def _heard(books: Books, fact: VoucherHeard, entry: Entry) -> None:
    """What the platform said of money and number stays known once it was heard."""
    books.write(
        "UPDATE voucher_use SET state = ?, code = ?, record_no = CASE WHEN ? = '' THEN record_no ELSE ? END,"
        " paid_fen = max(paid_fen, ?), platform_fen = max(platform_fen, ?), merchant_fen = max(merchant_fen, ?),"
        " undo_until_ms = max(undo_until_ms, ?), owed_fen = owed_fen + ?, short_fen = short_fen + ? WHERE request_no = ?",
        fact.state, fact.code, fact.record_no, fact.record_no, fact.paid_fen, fact.platform_fen, fact.merchant_fen,
        fact.undo_until_ms, fact.verified_fen + fact.kept_fen, fact.shortage_fen, fact.request_no,
    )  # fmt: skip
    if fact.count:
        _fewer(books, fact)


def _fewer(books: Books, fact: VoucherHeard) -> None:
    """Fewer were redeemed than asked: they are worth less (`part_of`)."""
    rows = books.read(
        "SELECT kind, count, deduct_fen, face_fen, basis_fen FROM voucher_use WHERE request_no = ?", fact.request_no
    )
    if not rows or not fact.count < int(rows[0][1]):
        return
    kind, count, deduct, face, basis = rows[0]
    whole = VoucherUse(
        fact.request_no, "", "own", "", "", cast(VoucherKind, kind), count, deduct, (deduct,), "", "", face, basis
    )  # fmt: skip
    part = part_of(whole, fact.count)
    books.write(
        "UPDATE voucher_use SET count = ?, deduct_fen = ?, face_fen = ?, basis_fen = ?, more = more + ?"
        " WHERE request_no = ?",
        part.count, part.deduct_fen, part.face_fen, part.basis_fen, whole.count - part.count, fact.request_no,
    )  # fmt: skip


def _undoing(books: Books, fact: VoucherUndoSent, entry: Entry) -> None:
    books.write(
        "UPDATE voucher_use SET state = 'undoing', why = ? WHERE request_no = ? AND state NOT IN ('planned', 'undone')",
        fact.why,
        fact.request_no,
    )


def _handled(books: Books, fact: VoucherHandled, entry: Entry) -> None:
    books.write("UPDATE voucher_use SET handled = 1 WHERE request_no = ?", fact.request_no)


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    for part in fact.tenders:
        if part.voucher is not None:
            books.write("UPDATE voucher_use SET sold = 1 WHERE request_no = ?", part.voucher.request_no)
    books.write("DELETE FROM voucher_use WHERE trace = ? AND state = 'planned'", fact.trace)


def _dropped(books: Books, fact: OrderDropped, entry: Entry) -> None:
    books.write("DELETE FROM voucher_use WHERE trace = ? AND state = 'planned'", fact.trace)


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    """Nothing open or listed lies in a pruned prefix; the digest of a consumed code goes with its record, after the 35
    days a record is kept at least."""
    books.write("DELETE FROM voucher_use WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE voucher_use(request_no TEXT PRIMARY KEY, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
        " batch INTEGER NOT NULL, trace INTEGER NOT NULL, place INTEGER NOT NULL, platform TEXT NOT NULL,"
        " kind TEXT NOT NULL, deal_id TEXT NOT NULL, title TEXT NOT NULL, count INTEGER NOT NULL,"
        " deduct_fen INTEGER NOT NULL, basis_fen INTEGER NOT NULL, face_fen INTEGER NOT NULL, last4 TEXT NOT NULL,"
        " digest TEXT NOT NULL, more INTEGER NOT NULL, operator TEXT NOT NULL, approver TEXT NOT NULL, date TEXT NOT NULL,"
        " state TEXT NOT NULL, code INTEGER NOT NULL, record_no TEXT NOT NULL, paid_fen INTEGER NOT NULL,"
        " platform_fen INTEGER NOT NULL, merchant_fen INTEGER NOT NULL, undo_until_ms INTEGER NOT NULL,"
        " registered INTEGER NOT NULL, why TEXT NOT NULL, sold INTEGER NOT NULL, handled INTEGER NOT NULL,"
        " owed_fen INTEGER NOT NULL, sale_no TEXT NOT NULL, again INTEGER NOT NULL, short_fen INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID",
        "CREATE INDEX voucher_use_trace ON voucher_use(trace)",
        "CREATE INDEX voucher_use_digest ON voucher_use(digest)",
        "CREATE INDEX voucher_use_day ON voucher_use(date, deal_id)",
        f"CREATE INDEX voucher_use_open ON voucher_use(seq) WHERE {_OPEN}",
        f"CREATE INDEX voucher_use_listed ON voucher_use(seq) WHERE {_LISTED}",
    ),
    {
        Carried: _carried,
        OrderOpened: _planned,
        OrderDropped: _dropped,
        VoucherSent: _sent,
        VoucherRegistered: _registered,
        VoucherHeard: _heard,
        VoucherUndoSent: _undoing,
        VoucherHandled: _handled,
        Sale: _sold,
    },
)
