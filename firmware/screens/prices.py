"""Reductions by hand: what to lower, by how much, and why (domain 3.6, 12)."""

from dataclasses import dataclass, replace
from typing import Literal

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Move, Pop, Push, Replace, Screen, Stay, home, shown
from firmware.screens.goods import line_name
from firmware.screens.holds import held
from firmware.screens.widgets import AMOUNT_DIGITS_MAX, Refused, amount_text, refuse, typed
from firmware.txn.approve import hopeless
from firmware.txn.command import Context
from firmware.txn.hold import HoldBasket
from firmware.txn.prices import ChangePrice, Discount, MarkMember, RoundOff, TakeBackReductions, bill
from firmware.view import Big, Block, Field, Gap, Hint, Item, Items, Para, Row, Say, Tint, View, text
from rules.money import yuan
from rules.pricing import WHOLE_ORDER
from rules.settings_counter import ReasonWords
from wire.facts import Reduction

What = Literal["line", "price", "order", "rounding"]
Asked = Discount | ChangePrice | RoundOff
Reasoned = Asked | MarkMember

RATE_DIGITS_MAX = 2
BP_PER_PERCENT = 100
ENTRIES = ("line", "price", "order", "rounding", "member", "hold", "take_back")


@dataclass(frozen=True, slots=True)
class PriceMenu(Screen):
    """What can be done about the price of the chosen line, or of the whole order; and putting it aside."""

    index: int
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its entry at once; F2 puts the order aside with a slip."""
        match key:
            case Key.OK:
                return self._take(ENTRIES[self.row], ctx)
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(ENTRIES)))
            case Key.F2:
                return Do(HoldBasket(print_slip=True), held)
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                place = int(key.digit or "0") - 1
                return self._take(ENTRIES[place], ctx) if 0 <= place < len(ENTRIES) else Stay()

    def _take(self, entry: str, ctx: Context) -> Move:
        match entry:
            case "line" | "price":
                return Replace(Off("line" if entry == "line" else "price", self.index))
            case "order" | "rounding":
                return Replace(Off("order" if entry == "order" else "rounding"))
            case "member":
                off = Do(MarkMember(False), home)
                return off if ctx.session.basket.member else Replace(MemberPrices())
            case "hold":
                return Do(HoldBasket(), held)
            case "take_back":
                return Do(TakeBackReductions(), home) if ctx.session.basket.given else Stay()
        raise AssertionError(entry)

    def view(self, ctx: Context) -> View:
        """The entries; what a member pays already is said beside."""
        values: dict[str, Say] = {"member": text("price__on") if ctx.session.basket.member else ""}
        items = tuple(
            Item(str(number), text(f"price__{name}"), values.get(name, "")) for number, name in enumerate(ENTRIES, 1)
        )
        hints = (OK_HINT, Hint("F2", text("price__hold_slip")), CANCEL_HINT)
        title = text("price__title", line=self.index + 1)
        return shown(self, ctx, title, (Items(items, self.row),), hints)


@dataclass(frozen=True, slots=True)
class Off(Screen):
    """How much comes off: per cent or an amount (F1 changes between them), a new price, or what is waived."""

    what: What
    index: int = WHOLE_ORDER
    digits: str = ""
    amount: bool = False  # of a discount: an amount, not per cent

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type, OK asks for the reason."""
        digits = typed(self.digits, key, RATE_DIGITS_MAX if self._rate else AMOUNT_DIGITS_MAX)
        if digits is not None:
            return Stay(replace(self, digits=digits.lstrip("0")))
        match key:
            case Key.F1 if self.what in ("line", "order"):
                return Stay(replace(self, amount=not self.amount, digits=""))
            case Key.OK if self.digits:
                return to_reason(self.asked(), ctx)
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(replace(self, digits="")) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    @property
    def _rate(self) -> bool:
        return self.what in ("line", "order") and not self.amount

    def asked(self) -> Asked:
        """The command what is typed stands for."""
        number = int(self.digits or "0")
        if self.what == "price":
            return ChangePrice(self.index, number)
        if self.what == "rounding":
            return RoundOff(number)
        if self._rate:
            return Discount(self.index, rate_bp=number * BP_PER_PERCENT)
        return Discount(self.index, amount_fen=number)

    def view(self, ctx: Context) -> View:
        """What is being lowered, what is typed, and what would then be due."""
        basket = ctx.session.basket
        about = Row(text("price__whole", lines=len(basket.lines)), yuan(bill(ctx).due_fen), strong=True)
        if self.index != WHOLE_ORDER:
            line = basket.lines[self.index]
            about = Row(line_name(ctx, line), yuan(line.price_fen if self.what == "price" else line.amount_fen))
        shown_digits = f"{self.digits or '0'} %" if self._rate else amount_text(self.digits)
        label = text(f"price__how_{'rate' if self._rate else 'price' if self.what == 'price' else 'amount'}")
        due = Big(text("price__then"), yuan(bill(ctx, basket.giving(_preview(self.asked()))).due_fen))
        body: tuple[Block, ...] = (about, Gap(4), Field(label, shown_digits), Gap(8), due)
        other: tuple[Hint, ...] = ()
        if self.what in ("line", "order"):
            other = (Hint("F1", text("price__by_rate" if self.amount else "price__by_amount")),)
        hints = (OK_HINT, *other, CANCEL_HINT)
        return shown(self, ctx, text(f"price__{self.what}"), body, hints)


def _preview(asked: Asked) -> Reduction:
    match asked:
        case ChangePrice(index, price_fen):
            return Reduction("price_override", 0, index, price_fen=price_fen)
        case RoundOff(amount_fen):
            return Reduction("rounding_manual", amount_fen)
        case Discount(index, rate_bp, amount_fen):
            kind: Literal["order_discount", "line_discount"] = (
                "order_discount" if index == WHOLE_ORDER else "line_discount"
            )
            return Reduction(kind, amount_fen, index, rate_bp=rate_bp)


@dataclass(frozen=True, slots=True)
class MemberPrices(Screen):
    """What the order costs at member prices, before they hold: a digit too many must not change a price."""

    def press(self, key: Key, ctx: Context) -> Move:
        """OK asks for the reason."""
        if key is Key.OK:
            return to_reason(MarkMember(True), ctx)
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Both sums and their difference."""
        now_fen = bill(ctx).due_fen
        then_fen = bill(ctx, replace(ctx.session.basket, member=True)).due_fen
        body = (
            Para(text("memberprices__words"), Tint.UNSURE, large=True),
            Row(text("memberprices__now"), yuan(now_fen)),
            Row(text("memberprices__off"), f"-{yuan(now_fen - then_fen)}", strong=True),
            Gap(4),
            Big(text("price__then"), yuan(then_fen)),
        )
        return shown(self, ctx, text("price__member"), body, (OK_HINT, CANCEL_HINT), Tint.UNSURE)


def to_reason(asked: Reasoned, ctx: Context) -> Move:
    """On to the reason; what nobody may give is said before it, with the most that may be given (5020)."""
    refusal = hopeless(ctx, asked)
    if refusal is None:
        return Push(Reason(asked))
    return refuse(5020, refusal.about) if refusal.code == 2015 else Push(Refused(refusal))


@dataclass(frozen=True, slots=True)
class Reason(Screen):
    """Why the price is lowered, from the shop's list (`prices.reasons`)."""

    asked: Reasoned
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """A digit takes its reason at once."""
        reasons = ctx.settings.prices.reasons
        match key:
            case Key.OK:
                return self._give(reasons[self.row], ctx)
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(reasons)))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                place = int(key.digit or "0") - 1
                return self._give(reasons[place], ctx) if 0 <= place < len(reasons) else Stay()

    def _give(self, reason: ReasonWords, ctx: Context) -> Move:
        return Do(replace(self.asked, reason=reason.text(ctx.settings.terminal.lang)), home)

    def view(self, ctx: Context) -> View:
        """The reasons with their digits."""
        reasons = ctx.settings.prices.reasons
        items = tuple(Item(str(number), reason.text(ctx.lang)) for number, reason in enumerate(reasons, 1))
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("price__why"), (Items(items, self.row),), hints, Tint.PLAIN)
