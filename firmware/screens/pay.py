"""Taking money: a typed amount, cash, and the result."""

from dataclasses import dataclass
from typing import ClassVar

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Home, Move, Pop, Push, Replace, Screen, Stay, shown
from firmware.screens.drawer import release, release_hints
from firmware.screens.goods import scanned_in
from firmware.screens.reprint import show_copy
from firmware.screens.slips import job_code, trouble_rows
from firmware.screens.widgets import AMOUNT_DIGITS_MAX, amount_text, typed
from firmware.txn import sale, slip
from firmware.txn.command import Context
from firmware.txn.sale import AddAmount, TakeCash
from firmware.view import Big, Block, Chips, Field, Gap, Hint, Para, Row, Rule, Tint, View, text
from rules.money import change_pieces, quick_cash, yuan
from texts import t
from wire.facts import Sale


@dataclass(frozen=True, slots=True)
class Amount(Screen):
    """An amount being typed for goods without a code; OK goes on to payment."""

    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits shift in from the right (domain 14.2)."""
        digits = typed(self.digits, key, AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(Amount(digits.lstrip("0")))
        if key is Key.OK and self.digits:
            return Do(
                AddAmount(int(self.digits), t("firmware", ctx.settings.terminal.lang, "amount__line")), _amount_to_cash
            )
        return Pop() if key is Key.CANCEL else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the amount."""
        return Stay(Amount()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Goods after all."""
        return scanned_in(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """The amount, large."""
        body = (Gap(40), Big(text("amount__label"), amount_text(self.digits)))
        return shown(self, ctx, text("amount__title"), body, (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT))


def _amount_to_cash(done: Done, ctx: Context) -> Move:
    from firmware.screens.small import cash_screen  # it leads back here

    return Replace(cash_screen(ctx))


@dataclass(frozen=True, slots=True)
class Cash(Screen):
    """Taking cash: type what was handed over, or choose a likely sum; F1 is exact, F2 the largest likely note."""

    digits: str = ""
    chosen: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type, UP and DOWN choose a sum, OK takes it."""
        digits = typed(self.digits, key, AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(Cash(digits.lstrip("0"), self.chosen))
        sums = self.sums(ctx)
        match key:
            case Key.OK:
                return self._take(self.given(ctx), ctx)
            case Key.F1:
                return self._take(sums[0], ctx)
            case Key.F2:
                return self._take(sums[-1], ctx)
            case Key.UP | Key.DOWN:
                return Stay(Cash("", (self.chosen + (1 if key is Key.DOWN else -1)) % len(sums)))
            case Key.CANCEL:
                return Home()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the sum."""
        return Stay(Cash()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def sums(self, ctx: Context) -> tuple[int, ...]:
        """Likely sums, exact first; fen."""
        return quick_cash(sale.due_in_cash(ctx)[0], ctx.settings.cash.quick_steps_fen)

    def given(self, ctx: Context) -> int:
        """What OK takes: the sum typed, or the one chosen; fen."""
        sums = self.sums(ctx)
        return int(self.digits) if self.digits else sums[min(self.chosen, len(sums) - 1)]

    def _take(self, paid_fen: int, ctx: Context) -> Move:
        due, _ = sale.due_in_cash(ctx)
        if paid_fen > due + ctx.settings.cash.overpay_guard_fen:
            return Push(Overpaid(paid_fen))
        return settle(paid_fen, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """The cashier confirmed an unusually large sum, or said whether a slip is wanted."""
        return result if isinstance(result, Do | Push) else Stay()

    def view(self, ctx: Context) -> View:
        """What is due, what is given, the likely sums."""
        due, rounding = sale.due_in_cash(ctx)
        sums = self.sums(ctx)
        body: tuple[Block, ...] = (Big(text("cash__due"), yuan(due)),)
        if rounding:
            body += (Row(text("cash__rounding"), f"-{yuan(rounding)}", Tint.QUIET),)
        chosen = -1 if self.digits else min(self.chosen, len(sums) - 1)
        body += (Field(text("cash__given"), yuan(self.given(ctx))), Gap(4), Chips(tuple(map(yuan, sums)), chosen))
        hints = (
            Hint("OK", text("cash__take")),
            Hint("F1", text("cash__exact")),
            Hint("UP", text("hint__choose")),
            CANCEL_HINT,
        )
        return shown(self, ctx, text("cash__title"), body, hints)


def settle(paid_fen: int, ctx: Context) -> Move:
    """The sale, at once; or first whether a slip is wanted, where the shop asks (`printer.print_slip`)."""
    if ctx.settings.printer.print_slip == "ask":
        return Push(AskSlip(paid_fen))
    return Do(TakeCash(paid_fen), sold)


@dataclass(frozen=True, slots=True)
class Overpaid(Screen):
    """More than a hundred yuan above what is due: typed wrong? (domain 11.3)"""

    paid_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """OK takes it all the same."""
        if key is Key.OK:
            return Pop(settle(self.paid_fen, ctx))
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Both sums, and the change."""
        due, _ = sale.due_in_cash(ctx)
        body = (
            Para(text("overpaid__words"), Tint.UNSURE, rows=2, large=True),
            Gap(4),
            Row(text("cash__due"), yuan(due)),
            Row(text("cash__given"), yuan(self.paid_fen), strong=True),
            Row(text("done__change"), yuan(self.paid_fen - due)),
        )
        hints = (Hint("OK", text("hint__yes")), Hint("CANCEL", text("hint__no")))
        return shown(self, ctx, text("overpaid__title"), body, hints, Tint.UNSURE)


@dataclass(frozen=True, slots=True)
class AskSlip(Screen):
    """Whether this customer wants a slip; then the sale is settled."""

    paid_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """OK with a slip, F2 without, CANCEL back to the sum."""
        match key:
            case Key.OK:
                return Pop(Do(TakeCash(self.paid_fen, print_slip=True), sold))
            case Key.F2:
                return Pop(Do(TakeCash(self.paid_fen, print_slip=False), sold))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """The question, and the sum it is about."""
        due, _ = sale.due_in_cash(ctx)
        body = (
            Gap(16),
            Para(text("askslip__words"), large=True),
            Gap(8),
            Row(text("cash__due"), yuan(due)),
            Row(text("cash__given"), yuan(self.paid_fen)),
        )
        hints = (Hint("OK", text("askslip__yes")), Hint("F2", text("askslip__no")), CANCEL_HINT)
        return shown(self, ctx, text("cash__title"), body, hints)


def sold(done: Done, ctx: Context) -> Move:
    """`then` of a settled sale: its result."""
    settled = next(fact for fact in done.decision.facts if isinstance(fact, Sale))
    paid = settled.tenders[0]
    return Home(Sold(done.seqs[0], settled.due_fen, paid.paid_fen, paid.change_fen))


@dataclass(frozen=True, slots=True)
class Sold(Screen):
    """Done: the change to give. Any key leads on; a scan starts the next basket at once."""

    TELLS_DRAWER: ClassVar[bool] = True
    job: int  # seq of the sale
    due_fen: int
    paid_fen: int
    change_fen: int

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit starts the next amount, F1 opens the drawer where that is asked for, F2 shows the electronic copy."""
        if move := release(self.job, key, ctx):
            return move
        if key is Key.F2 and ctx.settings.slips.receipt_url:
            return show_copy(self.job, ctx)
        if key.digit and ctx.settings.sale.amount_lines:
            return Replace(Amount(key.digit.lstrip("0")))
        return Home()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The next customer."""
        return scanned_in(scanned, ctx)

    def stays_ms(self, ctx: Context) -> int:
        """As long as the shop wants it to; 0 waits for a key."""
        return ctx.settings.terminal.result_s * 1000

    def view(self, ctx: Context) -> View:
        """Change, large; what was due and given; what drawer and slip need."""
        troubles = [code for code in (ctx.devices.drawer_code, job_code(self.job, ctx)) if code]
        due = Row(text("cash__due"), yuan(self.due_fen))
        given = Row(text("cash__given"), yuan(self.paid_fen))
        change = Big(text("done__change"), yuan(self.change_fen), Tint.GOOD)
        body: tuple[Block, ...] = (change, due, given)
        for code in troubles:
            body += trouble_rows(code, ctx)
        if not troubles:
            body = (Gap(8), change, *self._pieces(), Rule(), due, given, *self._slip(ctx))
        return shown(self, ctx, text("done__title"), body, self._hints(ctx), Tint.GOOD)

    def _hints(self, ctx: Context) -> tuple[Hint, ...]:
        copy = (Hint("F2", text("reprint__copy")),) if ctx.settings.slips.receipt_url else ()
        return (Hint("OK", text("hint__next")), *release_hints(self.job, ctx), *copy)

    def _pieces(self) -> tuple[Block, ...]:
        """Notes and coins the change is best given in (domain 11.3)."""
        pieces = " ".join(f"{yuan(fen).removesuffix('.00')}×{count}" for fen, count in change_pieces(self.change_fen))
        return (Para(pieces, Tint.QUIET, rows=2),) if pieces else ()

    def _slip(self, ctx: Context) -> tuple[Block, ...]:
        queued = any(job.job == self.job for job in slip.open_jobs(ctx.books))
        if queued:
            return (Row(text("done__printing"), tint=Tint.QUIET),)
        return () if ctx.devices.drawer_open is False else (Row(text("done__drawer"), tint=Tint.QUIET),)
