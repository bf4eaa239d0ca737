"""Opening a shift (开班) and handing it over (交班): the latter counted blind and always possible, offline and with printer
or drawer broken (decisions 21)."""

from dataclasses import dataclass
from typing import Final

from firmware.txn import checkout, closing, drawer, hold, lock, shift
from firmware.txn.approve import authority
from firmware.txn.checkout import Unfinished
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.dress import dress
from firmware.txn.limits import above_money
from firmware.txn.shift import Shift, next_batch
from firmware.txn.slip import receipt_number
from firmware.txn.till import Figures, expected_cash, transactions
from rules.money import counted_fen
from rules.rights import Right, Role
from wire.facts import CountTried, Fact, ShiftClosed, ShiftOpened, Trouble

COUNTED_FEN_MAX: Final = 99_999_999
FULL_SOON_PERCENT: Final = 80
FLOAT_FEN_MAX: Final = 1_000_000_00
"""A float above a million yuan is a typing error."""


@dataclass(frozen=True, slots=True)
class OpenShift:
    """Begin a shift with the counted float, which the drawer opens for. `business_date` is the operator's when the clock is
    not trusted."""

    float_fen: int
    business_date: str
    counted: tuple[tuple[int, int], ...] = ()  # denomination in fen, pieces

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ShiftOpened`, or 2001, 2009, 8010, 2005, 9011 for a business day that has its Z, 6007."""
        running = None if shift.current(ctx.books) is None else 8010
        if refusal := lacking(ctx, Right.SHIFT_OPEN, lock.sells_no_more(ctx.books), running):
            return refusal
        if closing.has_z(ctx.books, self.business_date):
            return Refusal(9011, self.business_date)
        most_fen = min(FLOAT_FEN_MAX, ctx.settings.shift.float_max_fen)
        if not 0 <= self.float_fen <= most_fen:
            return above_money(most_fen)
        assert not self.counted or sum(fen * pieces for fen, pieces in self.counted) == self.float_fen
        counted = {str(fen): pieces for fen, pieces in self.counted if pieces}
        batch = next_batch(ctx.books)
        opens = self.float_fen > 0 and drawer.opening(ctx, "shift_open", ("cash",), self.float_fen) == "open"
        fact = ShiftOpened(
            batch, ctx.session.operator, self.business_date, self.float_fen, counted, opens, dress(ctx.settings)
        )
        return Decision((fact,))


def unfinished(ctx: Context) -> tuple[Unfinished, ...]:
    """What only a supervisor carries over into the next shift: payments unknown or being reversed, orders neither sold
    nor given up, refunds under way (decisions 21). What a channel refused for good waits for a person however many shifts
    that takes, and holds nobody up."""
    return tuple(each for each in checkout.unfinished(ctx.books) if each.what != "refund_failed")


def numbers(ctx: Context) -> tuple[str, ...]:
    """By which numbers it is carried over: of payments and refunds; of an order nothing is asked for, its own."""
    return tuple(number for each in unfinished(ctx) for number in _numbers(ctx, each))


def _numbers(ctx: Context, waits: Unfinished) -> tuple[str, ...]:
    if waits.refund_no:
        return (waits.refund_no,)
    order = checkout.find(ctx.books, waits.trace)
    return waits.order_nos or ((receipt_number(order.batch, order.trace),) if order else ())


def holds(ctx: Context) -> int:
    """Baskets put aside; they outlive the shift."""
    return len(hold.holds(ctx.books))


def difference_fen(ctx: Context, counted: tuple[tuple[int, int], ...]) -> int:
    """Counted less expected cash of the open shift: above zero 长款, below 短款."""
    return _sum(counted) - expected_cash(closing.running(ctx.books))


def fits(ctx: Context, counted: tuple[tuple[int, int], ...]) -> bool:
    """Whether the count is within the shop's limit; a screen learns no more of what is expected."""
    return abs(difference_fen(ctx, counted)) <= ctx.settings.closing.difference_max_fen


def full_percent(ctx: Context) -> int:
    """How full the open batch is, of `shift.batch_records_max` transactions."""
    return transactions(closing.running(ctx.books)) * 100 // ctx.settings.shift.batch_records_max


def close_right(ctx: Context, open_shift: Shift | None) -> Right:
    """One's own shift, or somebody else's."""
    own = open_shift is None or open_shift.operator == ctx.session.operator
    return Right.SHIFT_CLOSE_OWN if own else Right.SHIFT_CLOSE_ANY


@dataclass(frozen=True, slots=True)
class CloseShift:
    """Close the open shift with what was counted: denomination in fen, pieces. `counts`: how often it was counted."""

    counted: tuple[tuple[int, int], ...]
    counts: int = 1

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ShiftClosed`, or 2001, 2014; 8011 while a basket is open, or while money waits, until a supervisor carries it
        over; 2005, 2006; 6007; 8008 for a difference above the limit, and for any count after `closing.counts_max` that
        had one (a blind count is no game of guessing), until a supervisor stands by it. Each such try is on record."""
        open_shift = shift.current(ctx.books)
        alone = authority(ctx) not in (Role.SUPERVISOR, Role.ADMIN)
        stuck = bool(ctx.session.basket.lines) or (alone and bool(unfinished(ctx)))
        states = (None if open_shift else 2014, 8011 if stuck else None)
        if refusal := lacking(ctx, close_right(ctx, open_shift), *states):
            return refusal
        assert open_shift is not None
        if not 0 <= _sum(self.counted) <= COUNTED_FEN_MAX:
            return above_money(COUNTED_FEN_MAX)
        tried = closing.counts_tried(ctx.books)
        if alone and (tried >= ctx.settings.closing.counts_max or not fits(ctx, self.counted)):
            return Refusal(8008, "", (_tried(ctx, open_shift, self.counted),))
        fact = _closed(ctx, open_shift, self.counted, _sum(self.counted), max(self.counts, tried))
        return Decision((fact, *_alarm(ctx, fact)))


@dataclass(frozen=True, slots=True)
class TryCount:
    """A count that does not fit, to be done once more. `counted` like that of `CloseShift`."""

    counted: tuple[tuple[int, int], ...]

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CountTried`, or 2001, 2014, 2005, and 6008 for a count that fits. The right is asked for when it closes."""
        open_shift = shift.current(ctx.books)
        states = (None if open_shift else 2014, 6008 if fits(ctx, self.counted) else None)
        if refusal := lacking(ctx, Right.SHIFT_CLOSE_OWN, *states):
            return refusal
        assert open_shift is not None
        return Decision((_tried(ctx, open_shift, self.counted),))


def _tried(ctx: Context, open_shift: Shift, counted: tuple[tuple[int, int], ...]) -> CountTried:
    return CountTried(open_shift.batch, closing.counts_tried(ctx.books) + 1, ctx.session.operator, _sum(counted))


@dataclass(frozen=True, slots=True)
class RollShift:
    """A full batch: close it and go on in the next one with one key, uncounted, the cash carried over as it should be."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`ShiftClosed` and `ShiftOpened` in one commit, or 2001, 2014, 6008 while the batch is not full, 2005, 2006."""
        open_shift = shift.current(ctx.books)
        full = full_percent(ctx) >= 100
        if refusal := lacking(ctx, close_right(ctx, open_shift), None if open_shift else 2014, None if full else 6008):
            return refusal
        assert open_shift is not None
        cash_fen = max(0, expected_cash(closing.running(ctx.books)))
        fact = _closed(ctx, open_shift, (), cash_fen, 0)
        opened = ShiftOpened(
            next_batch(ctx.books), ctx.session.operator, open_shift.business_date, cash_fen, {},
            dress=dress(ctx.settings),
        )  # fmt: skip
        return Decision((fact, opened))


def _closed(
    ctx: Context, open_shift: Shift, counted: tuple[tuple[int, int], ...], cash_fen: int, counts: int
) -> ShiftClosed:
    figures: Figures = closing.running(ctx.books)
    expected_fen = expected_cash(figures)
    return ShiftClosed(
        open_shift.batch,
        ctx.session.operator,
        open_shift.business_date,
        open_shift.opened_seq,
        {str(fen): pieces for fen, pieces in counted if pieces},
        cash_fen,
        expected_fen,
        cash_fen - expected_fen,
        {name: number for name, number in figures.items() if number},
        counts,
        ctx.approver,
        numbers(ctx),
        holds(ctx),
        print_slip=ctx.devices.prints,
        copies=ctx.settings.closing.copies,
        open_drawer=counts > 0 and drawer.opening(ctx, "shift_close", ("cash",), cash_fen) == "open",
        tried_fen=closing.tried_fen(ctx.books)[: max(0, counts - 1)],
        left_open=drawer.left_open(ctx.books, open_shift.batch),
    )


def _alarm(ctx: Context, fact: ShiftClosed) -> tuple[Fact, ...]:
    """A difference above the limit is reported at once: 长款 or 短款."""
    if abs(fact.difference_fen) <= ctx.settings.closing.difference_max_fen:
        return ()
    code = 8013 if fact.difference_fen > 0 else 8014
    return (Trouble(code, f"batch {fact.batch}: {fact.difference_fen} fen"),)


def _sum(counted: tuple[tuple[int, int], ...]) -> int:
    return counted_fen(dict(counted))
