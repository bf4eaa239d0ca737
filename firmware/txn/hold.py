"""Baskets put aside: the open one as a power cut would find it, and those held under a number (挂单/取单, domain 10.3).

Held baskets survive boots and shifts until they are taken back or given up.
"""

from dataclasses import dataclass, replace

import msgspec

from firmware.txn import shift
from firmware.txn.age import with_age_due
from firmware.txn.basket import Basket
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.prices import bill
from firmware.txn.removal import REASONS, too_many_removals
from firmware.txn.sale import CancelBasket, as_kept
from firmware.txn.selling import by_supervisor, not_selling, unchecked
from rules.rights import Right
from wire.facts import BasketCancelled, BasketHeld, BasketKept, BasketRecalled, Fact, HoldDropped, OrderOpened, Sale

HOLDS_MAX = 20
"""As many whatever a supervisor approves (domain 10.3)."""


# --- the open basket, as it is written down ---------------------------------------------------------------


def kept(books: Reading) -> Basket:
    """The basket that was open when the terminal went down, without lines when there was none."""
    rows = books.read("SELECT body FROM kept_basket")
    return _basket(msgspec.json.decode(rows[0][0], type=BasketKept), books) if rows else Basket()


def written_down(books: Reading, basket: Basket) -> bool:
    """Whether a power cut now would find the open basket as it stands."""
    return replace(basket, age_due=0, vouchers=()) == replace(kept(books), age_due=0)


def _basket(fact: BasketKept | BasketHeld, books: Reading) -> Basket:
    basket = Basket(
        fact.lines, fact.reductions, fact.member, fact.age_years, member_by=fact.member_by, member_why=fact.member_why
    )
    return with_age_due(books, basket)


@dataclass(frozen=True, slots=True)
class KeepBasket:
    """Write the open basket down, so that a power cut does not lose it."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketKept`, or nothing when it is already written as it stands."""
        if written_down(ctx.books, ctx.session.basket):
            return Decision()
        return Decision((as_kept(ctx.session.operator, ctx.session.basket),))


@dataclass(frozen=True, slots=True)
class RecallKept:
    """Take the basket that survived a power cut into the hands of whoever is signed on."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The session with that basket, or 6008."""
        basket = kept(ctx.books)
        if refusal := not_selling(ctx, Right.SALE, bool(basket.lines) and not ctx.session.basket.lines):
            return refusal
        return Decision(session=replace(ctx.session, basket=basket))


@dataclass(frozen=True, slots=True)
class DropKept:
    """Give the basket up that survived a power cut; recorded like any cancelled basket."""

    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketCancelled` of those lines, or what `CancelBasket` says."""
        recalled = RecallKept().decide(ctx)
        if isinstance(recalled, Refusal):
            return recalled
        assert recalled.session is not None
        return CancelBasket(self.reason).decide(replace(ctx, session=recalled.session))


# --- held baskets -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hold:
    """A held basket, as the list shows it."""

    number: int
    at_ms: int
    operator: str
    lines: int
    pieces_milli: int
    due_fen: int
    first: str  # name of its first goods


def holds(books: Reading) -> tuple[Hold, ...]:
    """All held baskets, oldest first."""
    return tuple(
        Hold(*row)
        for row in books.read(
            "SELECT number, at_ms, operator, lines, pieces_milli, due_fen, first FROM hold ORDER BY seq"
        )
    )


def _held(books: Reading, number: int) -> Basket | None:
    rows = books.read("SELECT body FROM hold WHERE number = ?", number)
    return _basket(msgspec.json.decode(rows[0][0], type=BasketHeld), books) if rows else None


@dataclass(frozen=True, slots=True)
class HoldBasket:
    """Put the open basket aside (挂单)."""

    print_slip: bool = False
    note: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketHeld`, or 2001, 2014, 5029, 6008, 6013, 2005, 2006, 6007 when too many are held."""
        taken = frozenset(each.number for each in holds(ctx.books))
        fact = _hold(ctx, taken, self.print_slip, self.note)
        if isinstance(fact, Refusal):
            return fact
        return Decision((fact,), replace(ctx.session, basket=Basket()))


def _hold(ctx: Context, taken: frozenset[int], print_slip: bool = False, note: str = "") -> BasketHeld | Refusal:
    """The open basket under the lowest number not in `taken`."""
    basket = ctx.session.basket
    if refusal := not_selling(ctx, Right.BASKET_HOLD, bool(basket.lines)) or unchecked(ctx):
        return refusal
    most = HOLDS_MAX if by_supervisor(ctx) else ctx.settings.prices.holds_max
    if len(taken) >= most:
        return Refusal(6007, f"{len(taken)}/{most}")
    open_shift = shift.current(ctx.books)
    assert open_shift is not None
    return BasketHeld(
        min(set(range(1, HOLDS_MAX + 1)) - taken), open_shift.batch, ctx.session.operator, basket.lines,
        basket.total_fen, basket.given, note, print_slip and ctx.devices.prints,
        basket.member, basket.age_years, bill(ctx).due_fen, basket.member_by, basket.member_why,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecallHold:
    """Take a held basket back (取单). `swap`: the open one is put aside in its stead."""

    number: int
    swap: bool = False

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketRecalled` and the basket written down, so that no cut can lose it between the two; or 2001, 2014, 5029,
        6010 when it is gone, 6008 when another basket is open, 2005, 2006, and what `HoldBasket` says."""
        basket = _held(ctx.books, self.number)
        if refusal := not_selling(ctx, Right.BASKET_HOLD):
            return refusal
        if basket is None:
            return Refusal(6010, str(self.number))
        facts: tuple[Fact, ...] = (BasketRecalled(self.number, ctx.session.operator),)
        if ctx.session.basket.lines:
            if not self.swap:
                return Refusal(6008)
            held = _hold(ctx, frozenset(each.number for each in holds(ctx.books)) - {self.number})
            if isinstance(held, Refusal):
                return held
            facts += (held,)
        return Decision((*facts, as_kept(ctx.session.operator, basket)), replace(ctx.session, basket=basket))


@dataclass(frozen=True, slots=True)
class DropHold:
    """Give a held basket up, for one of `removal.REASONS`."""

    number: int
    reason: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`HoldDropped`, or 2001, 2014, 6010, 2005, 2006."""
        assert self.reason in REASONS, self.reason
        basket = _held(ctx.books, self.number)
        if refusal := not_selling(ctx, Right.BASKET_CANCEL):
            return refusal
        if basket is None:
            return Refusal(6010, str(self.number))
        if refusal := too_many_removals(ctx, Right.BASKET_CANCEL):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        who = ctx.session.operator
        fact = HoldDropped(self.number, who, self.reason, open_shift.batch, basket.total_fen, ctx.approver)
        return Decision((fact,))


# --- projections -----------------------------------------------------------------


def _put_aside(books: Books, fact: BasketHeld, entry: Entry) -> None:
    pieces_milli = Basket(fact.lines).pieces_milli
    books.write(
        "INSERT OR REPLACE INTO hold VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        fact.hold, entry.seq, entry.at_ms, fact.operator, len(fact.lines), pieces_milli, fact.due_fen,
        fact.lines[0].name, msgspec.json.encode(fact),
    )  # fmt: skip
    _none_kept(books)


def _none_kept(books: Books) -> None:
    """Emptying an empty table would write its page to the card, at every sale."""
    if books.read("SELECT 1 FROM kept_basket"):
        books.write("DELETE FROM kept_basket")


def _taken_back(books: Books, fact: BasketRecalled | HoldDropped, entry: Entry) -> None:
    books.write("DELETE FROM hold WHERE number = ?", fact.hold)


def _kept(books: Books, fact: BasketKept, entry: Entry) -> None:
    _none_kept(books)
    if fact.lines:
        books.write("INSERT INTO kept_basket VALUES (?)", msgspec.json.encode(fact))


def _over(books: Books, fact: Sale | BasketCancelled | OrderOpened, entry: Entry) -> None:
    """The open basket became something else. A late sale is of goods that left the counter long ago."""
    if not (isinstance(fact, Sale) and fact.late):
        _none_kept(books)


SUBJECT = Subject(
    (
        "CREATE TABLE kept_basket(body BLOB NOT NULL) STRICT",
        "CREATE TABLE hold(number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
        " operator TEXT NOT NULL, lines INTEGER NOT NULL, pieces_milli INTEGER NOT NULL, due_fen INTEGER NOT NULL,"
        " first TEXT NOT NULL, body BLOB NOT NULL) STRICT",
    ),
    {
        Sale: _over,
        OrderOpened: _over,
        BasketCancelled: _over,
        BasketKept: _kept,
        BasketHeld: _put_aside,
        BasketRecalled: _taken_back,
        HoldDropped: _taken_back,
    },
)
