"""Giving back (退货/撤销): find the sale, what comes back, why, by which means, confirm, and how each part stands."""

from dataclasses import dataclass, field, replace
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
    local_time,
    shown,
)
from firmware.screens.drawer import release, release_hints
from firmware.screens.slips import job_code, trouble_rows
from firmware.screens.widgets import Refused, refuse, typed
from firmware.txn import original, refund, refund_parts, reserve, shift, voucher, voucher_back
from firmware.txn.approve import OVERRIDABLE
from firmware.txn.command import Context, Refusal
from firmware.txn.original import Back, Original
from firmware.txn.refund import Chosen, RefundGoods, VoidSale
from firmware.txn.reserve import AskReservation, LookUpSale, UseReservation
from firmware.txn.slip import receipt_number
from firmware.txn.slips import stored
from firmware.view import Big, Block, Field, Gap, Hint, Item, Items, Para, Row, Rule, Say, Tint, View, text
from rules.barcodes import clean_scan, strip_aim
from rules.errors import error
from rules.money import yuan
from rules.orders import read_order_no
from rules.receipt_token import read_receipt_token
from rules.slip_code import SlipName, read_slip_code
from wire.facts import Refund, RefundTurned, ReserveSent, TenderPart

TYPED_MAX = 32
TRACE_DIGITS_MAX, NUMBER_DIGITS = 6, 12
LINES_SHOWN = 3
TENDERS_SHOWN = 4
LOOK_UP_MS, RESERVE_MS = 5_000, 4_000
RESERVE_TRIES_MAX = 2


# --- finding the sale -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GiveBack(Screen):
    """Which sale? Its slip is scanned, its number typed, or it is chosen from the last ones."""

    digits: str = field(default="", repr=False)
    batch: str = ""  # typed before `*`

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and `*` type a number, OK looks it up; F1 lists the last sales, F2 what is not finished."""
        if key is Key.STAR and not self.batch and 0 < len(self.digits) <= TRACE_DIGITS_MAX:
            return Stay(GiveBack("", self.digits))
        if key is Key.CLEAR and not self.digits:
            return Stay(GiveBack(self.batch))
        digits = typed(self.digits, key, TRACE_DIGITS_MAX if self.batch else TYPED_MAX)
        if digits is not None:
            return Stay(replace(self, digits=digits))
        match key:
            case Key.OK if self.batch:
                return by_key(receipt_number(int(self.batch), int(self.digits)), ctx) if self.digits else Stay()
            case Key.OK if self.digits:
                return by_typed(self.digits, ctx)
            case Key.OK | Key.F1:
                from firmware.screens.refund_list import RecentSales

                return Replace(RecentSales())
            case Key.F2:
                from firmware.screens.refund_list import OpenRefunds

                return Push(OpenRefunds())
            case Key.CANCEL | Key.MENU:
                return Pop(key)
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """The backend knows the sale; a payment code or card number that was refused does not stay in the field."""
        if isinstance(result, Original):
            return Replace(FoundSale(result))
        secret = len(self.digits) > NUMBER_DIGITS and reserve.key_refusal(ctx, self.digits)
        return Stay(GiveBack()) if secret else Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(GiveBack()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The code or address on a slip, or a number of the customer's bill."""
        return by_key(key_of(scanned.text), ctx)

    def view(self, ctx: Context) -> View:
        """What can be scanned or typed, and how much is not finished."""
        open_count = unfinished(ctx)
        body: tuple[Block, ...] = (
            Gap(4),
            Para(text("giveback__words"), large=True),
            Gap(4),
            Field(text("giveback__number"), f"{self.batch}-{self.digits}" if self.batch else self.digits),
            Para(text("giveback__how"), Tint.QUIET, rows=2),
        )
        if open_count:
            body += (Row(text("giveback__open", count=open_count), tint=Tint.UNSURE, strong=True),)
        hints: tuple[Hint, ...] = (OK_HINT if self.digits or self.batch else Hint("F1", text("giveback__recent")),)
        hints += (Hint("F2", text("giveback__list")),) if open_count else ()
        return shown(self, ctx, text("giveback__title"), body, (*hints, CANCEL_HINT))


def unfinished(ctx: Context) -> int:
    """Refunds that a channel, the backend or a person still has to finish."""
    return len(refund_parts.open_parts(ctx.books)) + len(reserve.open_reservations(ctx.books))


def key_of(scan: str) -> str:
    """What a scan names a sale by: `TERMINAL-BATCH-TRACE`, its number as printed, or a number of a payment."""
    code = strip_aim(clean_scan(scan))[0].strip()
    name = read_slip_code(code)
    if name is not None:
        return _key(name)
    token = read_receipt_token(code.rstrip("/").rsplit("/", 1)[-1].rsplit("=", 1)[-1])
    if token is not None:
        return _key(SlipName(token.batch, token.trace, token.terminal))
    return code


def _key(name: SlipName) -> str:
    number = receipt_number(name.batch, name.trace)
    return f"{name.terminal}-{number}" if name.terminal else number


def by_typed(digits: str, ctx: Context) -> Move:
    """A trace of this batch, batch and trace, or the number of a payment."""
    current = shift.current(ctx.books)
    if digits.isdigit() and len(digits) <= TRACE_DIGITS_MAX and current is not None:
        number = receipt_number(current.batch, int(digits))
        found = original.by_number(ctx.books, ctx.terminal, current.batch, int(digits))
        return chosen(found, ctx) if found else refuse(reserve.waiting(ctx, number) or 4010, number)
    if len(digits) == NUMBER_DIGITS:
        return by_key(receipt_number(int(digits[:6]), int(digits[6:])), ctx)
    return by_key(digits, ctx)


def by_key(key: str, ctx: Context) -> Move:
    """The sale of this journal first, else the backend is asked."""
    if code := reserve.key_refusal(ctx, key):
        return refuse(code)  # without what was scanned: it may be a payment code or a card number
    found = local(key, ctx)
    return chosen(found, ctx) if found else Do(LookUpSale(key), _looking)


def local(key: str, ctx: Context) -> Original | None:
    """The sale of this journal that a key names."""
    if read_order_no(key) is not None:
        return original.by_order(ctx.books, ctx.terminal, key)
    number = key.removeprefix(f"{ctx.terminal}-")
    name = read_slip_code(number)
    return original.by_number(ctx.books, ctx.terminal, name.batch, name.trace) if name and not name.terminal else None


def chosen(found: Original, ctx: Context) -> Move:
    """A sale of this journal; online the backend is asked as well, for what other terminals gave back of it."""
    if refund.online(ctx) and original.epoch_number(ctx.books):
        return Do(LookUpSale(asked_by(found)), _asking_too)
    return Replace(FoundSale(found))


def asked_by(found: Original) -> str:
    """The key under which the backend knows a sale, and no other."""
    return f"{found.origin.terminal}-{receipt_number(found.origin.batch, found.origin.trace)}"


def _asking_too(done: Done, ctx: Context) -> Move:
    assert isinstance(done.command, LookUpSale)
    found = local(done.command.key, ctx)
    assert found is not None
    return Replace(FoundSale(found))


def _looking(done: Done, ctx: Context) -> Move:
    assert isinstance(done.command, LookUpSale)
    return Push(Looking(done.command.key))


@dataclass(frozen=True, slots=True)
class Looking(Screen):
    """The backend is asked for a sale that is not in this journal."""

    job: str  # the key

    def press(self, key: Key, ctx: Context) -> Move:
        """CANCEL gives up waiting."""
        return Pop() if key is Key.CANCEL else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """As long as an answer may take."""
        return LOOK_UP_MS

    def expired(self, ctx: Context) -> Move:
        """No answer is as good as no link."""
        return Replace(Refused(Refusal(6015, self.job)))

    def view(self, ctx: Context) -> View:
        """What is asked for."""
        body = (Gap(24), Para(text("looking__words"), large=True), Gap(8), Row(self.job, tint=Tint.QUIET))
        return shown(self, ctx, text("giveback__title"), body, (CANCEL_HINT,))


# --- the sale ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to go back, as it is put together; no lines: all that is left. `vouchers` and `void` are fixed before it is
    confirmed: what the cashier agreed to is done, or nothing. None: whichever can go back."""

    about: Original
    lines: Chosen = ()
    reason: str = ""
    words: str = ""  # reference of the card terminal's slip
    vouchers: tuple[str, ...] | None = None
    void: bool = False

    def everything(self) -> Chosen:
        """The lines, spelt out."""
        return self.lines or self.about.everything()

    def back(self, ctx: Context) -> Back:
        """What goes back, by line and by means."""
        chosen = self.everything()
        vouchers = voucher_back.returnable(ctx, self.about, chosen) if self.vouchers is None else self.vouchers
        return self.about.back(chosen, vouchers)

    def fixed(self, ctx: Context) -> "Plan":
        """A void when the sale is of this shift and whole, its vouchers with it; else a refund."""
        chosen = self.everything()
        vouchers = voucher_back.returnable(ctx, self.about, chosen)
        void = refund.voidable(ctx, self.about) and not self.lines and len(vouchers) == len(self.about.uses())
        return replace(self, vouchers=vouchers, void=void)

    def command(self, ctx: Context) -> VoidSale | RefundGoods:
        """What gives it back."""
        reason = self.reason or _recorded(ctx, 0)
        if self.void:
            return VoidSale(self.about, reason, self.words)
        return RefundGoods(self.about, self.everything(), reason, self.words, self.vouchers)


@dataclass(frozen=True, slots=True)
class FoundSale(Screen):
    """The sale: all of it, or lines chosen."""

    about: Original

    def press(self, key: Key, ctx: Context) -> Move:
        """OK: all that is left; F1: choose lines and quantities."""
        match key:
            case Key.OK:
                return checked(Plan(self.about), ctx)
            case Key.F1:
                from firmware.screens.refund_lines import ChooseLines

                hopeless = why_not(Plan(self.about), ctx)
                return Push(Refused(hopeless)) if hopeless else Push(ChooseLines(self.about))
            case Key.CANCEL:
                return Replace(GiveBack())
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Number, time, goods, what was paid and what went back before."""
        sale, origin = self.about.sale, self.about.origin
        number = receipt_number(sale.batch, sale.trace)
        day = local_time(origin.at_ms, "%m-%d %H:%M")
        body: tuple[Block, ...] = (Row(number, day, strong=True),)
        if not self.about.local:
            body += (Row(text("found__elsewhere", terminal=origin.terminal), tint=Tint.UNSURE),)
        room = LINES_SHOWN if self.about.local or not self.about.given_fen else LINES_SHOWN - 1
        for index, line in enumerate(sale.lines[:room]):
            body += (Row(line.name, yuan(self.about.line(index).net_fen or 0)),)
        if len(sale.lines) > room:
            body += (Row(text("found__more", count=len(sale.lines) - room), tint=Tint.QUIET),)
        if self.about.given_fen:
            body += (Row(text("found__given"), f"-{yuan(self.about.given_fen)}", Tint.UNSURE),)
        body += (Big(text("found__left"), yuan(max(0, self.about.left_fen))),)
        whole = "found__void" if refund.voidable(ctx, self.about) else "found__whole"
        hints = (Hint("OK", text(whole)), Hint("F1", text("found__lines")), CANCEL_HINT)
        return shown(self, ctx, text("giveback__title"), body, hints)


def why_not(plan: Plan, ctx: Context) -> Refusal | None:
    """What no supervisor can lift, said before the cashier goes on."""
    answer = plan.fixed(ctx).command(ctx).decide(ctx)
    return answer if isinstance(answer, Refusal) and answer.code not in OVERRIDABLE else None


def checked(plan: Plan, ctx: Context) -> Move:
    """On to the reason, unless it is hopeless."""
    hopeless = why_not(plan, ctx)
    if hopeless is not None:
        return Push(Refused(hopeless))
    reasons, plan = ctx.settings.refunds.reasons, plan.fixed(ctx)
    return Push(Why(plan)) if len(reasons) > 1 else Push(_after_reason(replace(plan, reason=_recorded(ctx, 0)), ctx))


def _recorded(ctx: Context, index: int) -> str:
    """A reason of the shop's list as it goes on record and on the slip: in the shop's language."""
    return ctx.settings.refunds.reasons[index].text(ctx.settings.terminal.lang)


def _read(ctx: Context, recorded: str) -> str:
    """A recorded reason for whoever reads the screen now."""
    lang = ctx.settings.terminal.lang
    return next((each.text(ctx.lang) for each in ctx.settings.refunds.reasons if each.text(lang) == recorded), recorded)


def _after_reason(plan: Plan, ctx: Context) -> Screen:
    by_card = sum(fen for part, fen in plan.back(ctx).tenders if part.kind == "card")
    return CardBack(plan) if by_card else Confirmed(plan)


@dataclass(frozen=True, slots=True)
class Why(Screen):
    """The reason, from the shop's list."""

    plan: Plan
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its reason at once."""
        reasons = ctx.settings.refunds.reasons
        if key.digit and 1 <= int(key.digit) <= len(reasons):
            return Replace(_after_reason(replace(self.plan, reason=_recorded(ctx, int(key.digit) - 1)), ctx))
        match key:
            case Key.OK:
                return Replace(_after_reason(replace(self.plan, reason=_recorded(ctx, self.row)), ctx))
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(reasons)))
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """The reasons with their digits, and the sum."""
        reasons = ctx.settings.refunds.reasons
        first = self.row // REASONS_SHOWN * REASONS_SHOWN
        items = tuple(
            Item(str(number), reason.text(ctx.lang))
            for number, reason in list(enumerate(reasons, 1))[first : first + REASONS_SHOWN]
        )
        pages = -(-len(reasons) // REASONS_SHOWN)
        body = (
            Row(text("why__sum"), yuan(self.plan.back(ctx).total_fen), strong=True),
            Items(items, self.row - first, first // REASONS_SHOWN + 1, pages),
        )
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("why__title"), body, hints)


REASONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CardBack(Screen):
    """A part goes back by the shop's own card terminal: done there first, its reference typed here."""

    plan: Plan
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type the reference, OK goes on."""
        digits = typed(self.digits, key, refund.REFERENCE_DIGITS_MAX)
        if digits is not None:
            return Stay(replace(self, digits=digits))
        if key is Key.OK and self.digits:
            return Replace(Confirmed(replace(self.plan, words=self.digits)))
        return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """How much, on which card, and the reference."""
        by_card = [(part, fen) for part, fen in self.plan.back(ctx).tenders if part.kind == "card"]
        last4 = " ".join(f"*{part.last4}" for part, _ in by_card if part.last4)
        body: tuple[Block, ...] = (
            Para(text("cardback__words"), rows=2),
            Big(text("backby__card"), yuan(sum(fen for _, fen in by_card))),
            *((Row(text("cardback__last4"), last4, Tint.QUIET),) if last4 else ()),
            Field(text("cardback__reference"), self.digits),
        )
        hints = (OK_HINT, CANCEL_HINT, *((Hint("CLEAR", text("hint__clear")),) if self.digits else ()))
        return shown(self, ctx, text("cardback__title"), body, hints, Tint.UNSURE)


@dataclass(frozen=True, slots=True)
class Confirmed(Screen):
    """The last look before money goes back."""

    plan: Plan

    def press(self, key: Key, ctx: Context) -> Move:
        """OK gives it back."""
        if key is Key.OK:
            return Do(self.plan.command(ctx), given)
        return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """The sum, large; by which means; why."""
        void = isinstance(self.plan.command(ctx), VoidSale)
        back = self.plan.back(ctx)
        parts = back.tenders
        body: tuple[Block, ...] = (Big(text("confirm_back__sum"), yuan(back.total_fen)),)
        body += tuple(Row(means(part), yuan(fen), strong=part.kind == "cash") for part, fen in parts[:TENDERS_SHOWN])
        if len(parts) > TENDERS_SHOWN:
            rest = sum(fen for _, fen in parts[TENDERS_SHOWN:])
            body += (Row(text("confirm_back__rest", count=len(parts) - TENDERS_SHOWN), yuan(rest)),)
        if back.kept_fen:  # by vouchers that stay redeemed: the customer is told before anything goes back
            body += (Row(text("confirm_back__kept"), yuan(back.kept_fen), Tint.UNSURE),)
            why = voucher_back.hindrance(ctx, self.plan.about, self.plan.everything())
            words: Say = error(why.code).line(ctx.lang) if why else text("voucherback__with_rest")
            body += (Row(words, tint=Tint.UNSURE),)
        body += (Rule(), Row(text("confirm_back__why"), _read(ctx, self.plan.reason), Tint.QUIET))
        title = text("confirm_back__void" if void else "confirm_back__refund")
        return shown(self, ctx, title, body, (Hint("OK", text("confirm_back__yes")), CANCEL_HINT), Tint.UNSURE)


def means(part: TenderPart) -> Say:
    """微信, 银行卡, 现金."""
    return text(f"backby__{part.channel if part.kind == 'code' else part.kind}")


# --- giving it back ---------------------------------------------------------------------------------------------------


def given(done: Done, ctx: Context) -> Move:
    """`then` of a refund, or of the reservation that comes before it."""
    reserving = next((fact for fact in done.decision.facts if isinstance(fact, ReserveSent)), None)
    if reserving is not None:
        return Replace(Reserving(reserving.reserve_no))
    place = next(i for i, fact in enumerate(done.decision.facts) if isinstance(fact, Refund | RefundTurned))
    return Home(GivenBack(done.seqs[place]))


@dataclass(frozen=True, slots=True)
class Reserving(Screen):
    """The backend is asked whether the goods are still there to be given back."""

    job: str  # the reservation's number
    tries: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK asks again; CANCEL leaves it for later: it stays on the list."""
        if key is Key.OK:
            return Do(AskReservation(self.job), reserving)
        return Home() if key is Key.CANCEL else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """As long as an answer may take."""
        return RESERVE_MS

    def expired(self, ctx: Context) -> Move:
        """A sale of our own goes by what we know; another terminal's is asked for again, and then left open."""
        return unanswered(self.job, self.tries, ctx)

    def view(self, ctx: Context) -> View:
        """What is waited for."""
        body = (Gap(24), Para(text("reserving__words"), large=True), Gap(8), Para(text("reserving__how"), Tint.QUIET))
        hints = (Hint("OK", text("reserving__again")), Hint("CANCEL", text("hint__later")))
        return shown(self, ctx, text("giveback__title"), body, hints, Tint.UNSURE)


def unanswered(number: str, tries: int, ctx: Context) -> Move:
    """No answer about a reservation."""
    plan = reserve.reserved(ctx.books, number)
    if plan is None:
        return Home()
    if reserve.is_ours(ctx, plan[1].refund.origin):
        return Do(UseReservation(number), given)
    if tries < RESERVE_TRIES_MAX and refund.online(ctx):
        return Do(AskReservation(number, tries + 1), reserving)
    return Home(Refused(Refusal(6015)))


def reserving(done: Done, ctx: Context) -> Move:
    """`then` of asking for a reservation."""
    assert isinstance(done.command, AskReservation)
    return Replace(Reserving(done.command.reserve_no, done.command.tries))


@dataclass(frozen=True, slots=True)
class GivenBack(Screen):
    """Done: the cash to pay out, and how each part at a channel stands. F1 opens the drawer where the rules want a key or
    a supervisor for that; any other key leads on."""

    TELLS_DRAWER: ClassVar[bool] = True
    job: int  # seq of the refund

    def press(self, key: Key, ctx: Context) -> Move:
        """The drawer, or done here."""
        return release(self.job, key, ctx) or Home()

    def view(self, ctx: Context) -> View:
        """Cash, large; each other part with its state; what drawer and slip need."""
        fact, _, _ = stored(ctx.books, self.job)
        assert isinstance(fact, Refund | RefundTurned)
        if isinstance(fact, RefundTurned):
            tenders: tuple[TenderPart, ...] = (TenderPart("cash", fact.amount_fen),)
        else:
            tenders = fact.tenders
        parts = refund_parts.parts_of(ctx.books, self.job) if isinstance(fact, Refund) else ()
        numbers = [part.voucher.request_no for part in tenders if part.voucher is not None]
        uses = tuple(use for number in numbers if (use := voucher.find(ctx.books, number)) is not None)
        cash = sum(part.paid_fen for part in tenders if part.kind == "cash")
        body: tuple[Block, ...] = (Big(text("givenback__cash"), yuan(cash), Tint.GOOD),) if cash else (Gap(8),)
        body += tuple(
            Row(means(part), text("givenback__card", amount=yuan(part.paid_fen)))
            for part in tenders
            if part.kind == "card"
        )
        for part in parts[:TENDERS_SHOWN]:
            body += part_rows(part, ctx)
        for use in uses[:TENDERS_SHOWN]:
            body += voucher_rows(use, ctx)
        for code in [code for code in (ctx.devices.drawer_code, job_code(self.job, ctx)) if code][:1]:
            body += trouble_rows(code, ctx)
        tint = worst(parts, uses)
        if tint is Tint.UNSURE:
            body += (Para(text("givenback__once"), Tint.UNSURE),)
        title = text(
            "givenback__wait" if tint is Tint.UNSURE else f"givenback__{'failed' if tint is Tint.BAD else 'title'}"
        )
        hints = (Hint("OK", text("hint__next")), *release_hints(self.job, ctx))
        return shown(self, ctx, title, body, hints, tint)


def worst(parts: tuple[refund_parts.Part, ...], vouchers: tuple[voucher.Use, ...] = ()) -> Tint:
    """How the whole stands: all done, something under way, something refused."""
    if any(part.state == "failed" for part in parts) or any(use.state == "kept" for use in vouchers):
        return Tint.BAD
    under_way = any(part.under_way for part in parts) or any(use.is_open for use in vouchers)
    return Tint.UNSURE if under_way else Tint.GOOD


def voucher_rows(use: voucher.Use, ctx: Context) -> tuple[Block, ...]:
    """A voucher at its platform: how it stands; what it does not give back waits on the list (券待处理)."""
    left = text("givenback__part", channel=text("backby__voucher"), amount=yuan(use.deduct_fen))
    state = "kept" if use.state == "kept" else "processing" if use.is_open else "refunded"
    tint = {"kept": Tint.BAD, "processing": Tint.UNSURE, "refunded": Tint.PLAIN}[state]
    row = Row(left, text(f"refund_state__{state}"), tint, strong=True)
    return (row, *trouble_rows(use.code or 3020, ctx)) if state == "kept" else (row,)


def part_rows(part: refund_parts.Part, ctx: Context) -> tuple[Block, ...]:
    """A part at its channel: sum and state, and what to do when it was refused."""
    left = text("givenback__part", channel=text(f"backby__{part.channel}"), amount=yuan(part.amount_fen))
    tint = Tint.BAD if part.state == "failed" else Tint.UNSURE if part.under_way else Tint.PLAIN
    row = Row(left, text(f"refund_state__{'processing' if part.under_way else part.state}"), tint, strong=True)
    return (row, *trouble_rows(part.code, ctx)) if part.state == "failed" and part.code else (row,)
