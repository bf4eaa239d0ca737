"""Taking money: a typed amount, cash and the ways that lead from it, and the result."""

from dataclasses import dataclass, replace
from typing import ClassVar

from firmware.events import Key, Scanned
from firmware.screens.base import (
    CANCEL_HINT,
    OK_HINT,
    Do,
    Done,
    Home,
    Move,
    Pop,
    Push,
    Replace,
    Screen,
    Stay,
    home,
    pop,
    shown,
)
from firmware.screens.card import Card
from firmware.screens.code import CodePayment, GiveUp, held_rows, not_goods, pay_by
from firmware.screens.drawer import release, release_hints
from firmware.screens.goods import scanned_in
from firmware.screens.reprint import show_copy
from firmware.screens.slips import job_code, trouble_rows
from firmware.screens.voucher import voucher_rows
from firmware.screens.voucher_scan import entry, scanned_voucher
from firmware.screens.voucher_wait import VoucherWait, start, waits
from firmware.screens.widgets import AMOUNT_DIGITS_MAX, amount_text, refuse, typed
from firmware.txn import checkout, payment, slip, voucher
from firmware.txn.checkout import TakeRest
from firmware.txn.collect import PayAmount
from firmware.txn.command import Context, Refusal
from firmware.txn.sale import PIECE_MILLI, AddAmount, TakeCash
from firmware.txn.slips import stored
from firmware.txn.voucher_names import platform_name
from firmware.txn.voucher_redeem import CashKept, Redeem
from firmware.view import Big, Block, Chips, Field, Gap, Hint, Para, Row, Rule, Say, Tint, View, text
from rules.money import change_pieces, quick_cash, yuan
from texts import t
from wire.facts import Sale, TenderPart


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
            return Do(self._line(ctx), _amount_to_cash)
        return Pop() if key is Key.CANCEL else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the amount."""
        return Stay(Amount()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """A customer's code pays the amount at once, as one open line; else it is goods after all."""
        if not self.digits or not_goods(scanned, PIECE_MILLI, ctx) is None:
            return scanned_in(scanned, ctx)
        line = self._line(ctx)
        if isinstance(line.decide(ctx), Refusal):
            return Do(line, _amount_to_cash)  # a supervisor may have to come: the code does not wait for one
        return Do(PayAmount(line.amount_fen, line.name, scanned.text), home)

    def _line(self, ctx: Context) -> AddAmount:
        return AddAmount(int(self.digits), t("firmware", ctx.settings.terminal.lang, "amount__line"))

    def view(self, ctx: Context) -> View:
        """The amount, large."""
        body = (Gap(40), Big(text("amount__label"), amount_text(self.digits)))
        return shown(self, ctx, text("amount__title"), body, (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT))


def _amount_to_cash(done: Done, ctx: Context) -> Move:
    from firmware.screens.small import cash_screen  # it leads back here

    return Replace(cash_screen(ctx))


@dataclass(frozen=True, slots=True)
class Cash(Screen):
    """Taking money for the basket, or for what is left of the order at the counter. Cash: type what was handed over, or
    choose a likely sum; F1 is exact, F2 the largest likely note. A scanned customer's code takes the rest at once, `#` is
    the card terminal, `*` makes what is typed the part that a code or card pays (split tender)."""

    digits: str = ""
    chosen: int = 0
    part: bool = False

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type, UP and DOWN choose a sum, OK takes it."""
        digits = typed(self.digits, key, AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(replace(self, digits=digits.lstrip("0")))
        if key is Key.STAR:
            return Stay(Cash(part=not self.part))
        if key is Key.HASH:
            return self._by_card(ctx)
        if self.part:
            return self._press_part(key)
        sums = self.sums(ctx)
        match key:
            case Key.OK:
                return self._take(self.given(ctx), ctx)
            case Key.F1:
                return self._take(checkout.cash_due(ctx)[0], ctx)
            case Key.F2:
                return self._take(max(sums), ctx)
            case Key.UP | Key.DOWN:
                return Stay(Cash("", (self.chosen + (1 if key is Key.DOWN else -1)) % len(sums)))
            case Key.MENU:
                return entry(ctx)
            case Key.CANCEL:
                order = checkout.here(ctx)
                return Home() if order is None else Push(GiveUp(order.trace))
            case _:
                return Stay()

    def _press_part(self, key: Key) -> Move:
        """Cash only ever closes the rest: a part is paid by code or card."""
        if key is Key.OK:
            return refuse(5020, text("cash__part_how"))
        return Stay(Cash()) if key is Key.CANCEL else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the sum."""
        return Stay(Cash(part=self.part)) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """A customer's code: all that is left, or the part that was typed; or what is surely a voucher."""
        return scanned_voucher(scanned, ctx, paying=True) or pay_by(scanned, ctx, self._part_fen())

    def _part_fen(self) -> int | None:
        return int(self.digits) if self.part and self.digits else None

    def _by_card(self, ctx: Context) -> Move:
        part = self._part_fen()
        return Push(Card(checkout.whole_rest(ctx) if part is None else part))

    def sums(self, ctx: Context) -> tuple[int, ...]:
        """Likely sums, exact first; fen. Beside what has been paid there is room for the exact sum, the next and the
        largest. What was typed before a voucher left is the likeliest where it is enough."""
        order, due = checkout.here(ctx), checkout.cash_due(ctx)[0]
        sums = quick_cash(due, ctx.settings.cash.quick_steps_fen)
        if order is None:
            return sums
        held = (order.cash_fen,) if due and order.cash_fen >= due else ()
        sums = tuple(dict.fromkeys((*held, *sums)))
        return sums if len(sums) <= SUMS_BESIDE_MAX else (*sums[:2], sums[-1])

    def given(self, ctx: Context) -> int:
        """What OK takes: the sum typed, or the one chosen; fen."""
        sums = self.sums(ctx)
        return int(self.digits) if self.digits else sums[min(self.chosen, len(sums) - 1)]

    def _take(self, paid_fen: int, ctx: Context) -> Move:
        if redeems_first(ctx):
            return start(None)
        due, _ = checkout.cash_due(ctx)
        if paid_fen > due + ctx.settings.cash.overpay_guard_fen:
            return Push(Overpaid(paid_fen))
        return settle(paid_fen, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """The cashier confirmed an unusually large sum, said whether a slip is wanted, or gave the order up."""
        return result if isinstance(result, Do | Push) else Stay()

    def view(self, ctx: Context) -> View:
        """What is due, what has been paid, what is given, the likely sums."""
        due, rounding = checkout.cash_due(ctx)
        rest = due + rounding if self.part else due
        held = held_rows(checkout.here(ctx))
        body: tuple[Block, ...] = (
            Big(text("cash__due"), yuan(rest)),
            *paid_rows(ctx, PARTS_SHOWN_MAX - len(held)),
            *held,
        )
        if self.part:
            body += (Field(text("cash__part"), amount_text(self.digits)), Para(text("cash__part_how"), Tint.QUIET))
            hints: tuple[Hint, ...] = (Hint("#", text("cash__card")), Hint("*", text("cash__whole")), CANCEL_HINT)
            return shown(self, ctx, text("cash__split_title"), body, hints)
        if rounding:
            body += (Row(text("cash__rounding"), f"-{yuan(rounding)}", Tint.QUIET),)
        sums = self.sums(ctx)
        chosen = -1 if self.digits else min(self.chosen, len(sums) - 1)
        body += (Field(text("cash__given"), yuan(self.given(ctx))),)
        body += () if checkout.here(ctx) is not None else (Gap(4),)  # what has been paid takes the room
        body += (Chips(tuple(map(yuan, sums)), chosen),)
        hints = (
            Hint("OK", text("cash__redeem" if redeems(ctx) and (not due or redeems_first(ctx)) else "cash__take")),
            Hint("#", text("cash__card")),
            Hint("*", text("cash__split")),
            CANCEL_HINT,
        )
        return shown(self, ctx, text("cash__title"), body, hints)


SUMS_BESIDE_MAX = 3
PARTS_SHOWN_MAX = 2
"""Parts that fit on the screen, the newest; more are summed up in what is left."""


def paid_rows(ctx: Context, rows_max: int) -> tuple[Block, ...]:
    """What has been paid for the order at the counter."""
    order = checkout.here(ctx)
    paid = checkout.parts(ctx.books, ctx.settings, order.trace) if order is not None else ()
    return tuple(
        Row(text("cash__paid", means=means(part, ctx)), yuan(part.paid_fen), Tint.GOOD) for part in paid[-rows_max:]
    ) + (voucher_rows(ctx) if order is None else planned_rows(order, ctx))


def means(part: TenderPart, ctx: Context) -> Say:
    """By what a part was paid."""
    return platform_name(ctx, part.channel) if part.kind == "voucher" else text(f"channel__{part.channel or part.kind}")


def planned_rows(order: checkout.Order, ctx: Context) -> tuple[Block, ...]:
    """The vouchers that are still to be redeemed for an order."""
    left = [each for each in voucher.uses_of(ctx.books, order.trace) if each.state == "planned"]
    if not left:
        return ()
    words = text("voucher__in_sale", count=sum(each.count for each in left))
    return (Row(words, f"-{yuan(sum(each.deduct_fen for each in left))}", Tint.UNSURE),)


def redeems(ctx: Context) -> bool:
    """Whether vouchers are to be redeemed before the sale: of the order at the counter, or of the basket."""
    order = checkout.here(ctx)
    if order is None:
        return any(not each.registered for each in ctx.session.basket.vouchers)
    return any(each.state == "planned" for each in voucher.uses_of(ctx.books, order.trace))


def redeems_first(ctx: Context) -> bool:
    """Whether that comes before other money is taken (`vouchers.consume_first`)."""
    return ctx.settings.vouchers.consume_first and redeems(ctx)


def order_screen(order: checkout.Order, ctx: Context) -> Screen:
    """Where an order at the counter stands: a payment not decided, or what is left to be paid."""
    open_one = next((each for each in payment.of_order(ctx.books, order.trace) if each.is_open), None)
    if open_one is not None:
        return CodePayment(open_one.order_no)
    uses = voucher.uses_of(ctx.books, order.trace)
    covered = any(each.state == "planned" for each in uses) and checkout.rest_fen(ctx.books, order) == 0
    return VoucherWait(order.trace) if covered or any(each.is_open for each in uses) else Cash()


def settle(paid_fen: int, ctx: Context) -> Move:
    """The sale, at once; or first whether a slip is wanted, where the shop asks (`printer.print_slip`). What vouchers cover
    is no cash: there it is asked when they are redeemed."""
    covered = redeems(ctx) and not checkout.cash_due(ctx)[0]
    if ctx.settings.printer.print_slip == "ask" and not covered:
        return Push(AskSlip(paid_fen))
    return cash_move(paid_fen, None, ctx)


def cash_move(paid_fen: int, print_slip: bool | None, ctx: Context) -> Do:
    """The sale; or first its vouchers, with the cash kept until they are redeemed."""
    if redeems(ctx):
        kept = CashKept(paid_fen, print_slip) if checkout.cash_due(ctx)[0] else None
        return Do(Redeem(kept), waits)
    return Do(cash_command(paid_fen, print_slip, ctx), sold)


def cash_command(paid_fen: int, print_slip: bool | None, ctx: Context) -> TakeCash | TakeRest:
    """Cash for the whole basket, or for what is left of an order."""
    if checkout.here(ctx) is None:
        return TakeCash(paid_fen, print_slip)
    return TakeRest(paid_fen, print_slip)


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
        due, _ = checkout.cash_due(ctx)
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
    """Whether this customer wants a slip: before cash settles the sale, and above the result of a sale that other money
    has settled (`job`, whose slip waits for the answer; see `desks.paper`)."""

    paid_fen: int
    job: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK with a slip, F2 without; CANCEL back to the sum, or without when it is sold."""
        match key:
            case Key.OK:
                return Pop() if self.job else Pop(cash_move(self.paid_fen, True, ctx))
            case Key.F2 | Key.CANCEL | Key.CLEAR if self.job:
                return Do(slip.DropSlip(self.job, one=True), pop)
            case Key.F2:
                return Pop(cash_move(self.paid_fen, False, ctx))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """The question, and the sum it is about."""
        given = Row(text("cash__given"), yuan(self.paid_fen))
        sums = (given,) if self.job else (Row(text("cash__due"), yuan(checkout.cash_due(ctx)[0])), given)
        body = (Gap(16), Para(text("askslip__words"), large=True), Gap(8), *sums)
        title, last = ("done__title", ()) if self.job else ("cash__title", (CANCEL_HINT,))
        hints = (Hint("OK", text("askslip__yes")), Hint("F2", text("askslip__no")), *last)
        return shown(self, ctx, text(title), body, hints, Tint.GOOD if self.job else Tint.PLAIN)


def sold(done: Done, ctx: Context) -> Move:
    """`then` of a settled sale: its result."""
    seq, settled = next(
        (seq, fact) for seq, fact in zip(done.seqs, done.decision.facts, strict=True) if isinstance(fact, Sale)
    )
    return Home(Sold.of(settled, seq))


def sold_or_rest(done: Done, ctx: Context) -> Move:
    """`then` of a part: the sale it closed, or what is left to be paid."""
    return sold(done, ctx) if any(isinstance(fact, Sale) for fact in done.decision.facts) else Home()


@dataclass(frozen=True, slots=True)
class Sold(Screen):
    """Done: the change to give. Any key leads on; a scan starts the next basket at once."""

    TELLS_DRAWER: ClassVar[bool] = True
    job: int  # seq of the sale
    due_fen: int
    paid_fen: int
    change_fen: int
    cash: bool = True  # some of it was cash: there is change to speak of
    vouchers: int = 0  # how many paid a part of it
    voucher_fen: int = 0

    @staticmethod
    def of(settled: Sale, seq: int) -> "Sold":
        """The result of a sale."""
        paid = sum(part.paid_fen for part in settled.tenders)
        change = sum(part.change_fen for part in settled.tenders)
        cash = any(part.kind == "cash" for part in settled.tenders)
        uses = [part.voucher for part in settled.tenders if part.voucher is not None]
        count, off = sum(use.count for use in uses), sum(use.deduct_fen for use in uses)
        return Sold(seq, settled.due_fen, paid - off, change, cash, count, off)

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
        return scanned_voucher(scanned, ctx) or scanned_in(scanned, ctx)

    def stays_ms(self, ctx: Context) -> int:
        """As long as the shop wants it to; 0 waits for a key."""
        return ctx.settings.terminal.result_s * 1000

    def view(self, ctx: Context) -> View:
        """Change, large; what was due and given; what drawer and slip need."""
        troubles = [code for code in (ctx.devices.drawer_code, job_code(self.job, ctx)) if code]
        change = Big(text("done__change"), yuan(self.change_fen), Tint.GOOD)
        if not self.cash:
            change = Big(text("code__paid"), yuan(self.due_fen), Tint.GOOD)
        due = Row(text("cash__due"), yuan(self.due_fen))
        given = Row(text("cash__given"), yuan(self.paid_fen))
        off: tuple[Block, ...] = ()
        if self.vouchers:
            off = (Row(text("voucher__in_sale", count=self.vouchers), f"-{yuan(self.voucher_fen)}", Tint.GOOD),)
        if troubles:
            body: tuple[Block, ...] = (change, *(off or (due,)), given)
            for code in troubles:
                body += trouble_rows(code, ctx)
        else:
            gap: tuple[Block, ...] = () if off else (Gap(8),)
            body = (*gap, change, *self._pieces(), Rule(), due, *off, given, *self._held(ctx), *self._slip(ctx))
        return shown(self, ctx, text("done__title"), body, self._hints(ctx), Tint.GOOD)

    def _hints(self, ctx: Context) -> tuple[Hint, ...]:
        copy = (Hint("F2", text("reprint__copy")),) if ctx.settings.slips.receipt_url else ()
        return (Hint("OK", text("hint__next")), *release_hints(self.job, ctx), *copy)

    def _pieces(self) -> tuple[Block, ...]:
        """Notes and coins the change is best given in (domain 11.3)."""
        pieces = " ".join(f"{yuan(fen).removesuffix('.00')}×{count}" for fen, count in change_pieces(self.change_fen))
        return (Para(pieces, Tint.QUIET, rows=2),) if pieces else ()

    def _held(self, ctx: Context) -> tuple[Block, ...]:
        """Cash that was typed once, and something else paid."""
        if self.cash:
            return ()
        fact, _, _ = stored(ctx.books, self.job)
        order = checkout.find(ctx.books, fact.trace) if isinstance(fact, Sale) else None
        back = text("held__give_back", amount=yuan(order.cash_fen)) if order is not None and order.cash_fen else ""
        return (Row(back, tint=Tint.BAD),) if back else ()

    def _slip(self, ctx: Context) -> tuple[Block, ...]:
        queued = any(job.job == self.job for job in slip.open_jobs(ctx.books))
        if queued:
            return (Row(text("done__printing"), tint=Tint.QUIET),)
        return (
            () if ctx.devices.drawer_open is False or not self.cash else (Row(text("done__drawer"), tint=Tint.QUIET),)
        )
