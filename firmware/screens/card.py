"""A part paid on the shop's own card terminal: its slip's reference and the card's last four digits, no more."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Reject, Screen, Stay, shown
from firmware.screens.code import code_elsewhere
from firmware.screens.slips import trouble_rows
from firmware.screens.widgets import Confirm, refuse
from firmware.txn.checkout import LAST_DIGITS, REFERENCE_DIGITS, TakeCard
from firmware.txn.command import Context
from firmware.view import Big, Block, Field, Gap, Hint, Row, Tint, View, text
from rules.card_numbers import card_digits
from rules.money import yuan
from rules.payment_codes import may_be_card, recognised


@dataclass(frozen=True, slots=True)
class Card(Screen):
    """Reference number, then the last four digits; where the shop does not ask for them both may be left empty, which is
    asked about once. A number that grows too long is wiped at once: it may be a card's (domain 1.2, 5.3)."""

    amount_fen: int
    reference: str = ""
    last4: str = ""
    second: bool = False  # the last four are being typed
    refused: bool = False  # too many digits: wiped, and the rest of them swallowed

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits type, OK goes on, CANCEL back."""
        if key.digit:
            return Stay(self if self.refused else self._typed(key.digit))
        match key:
            case Key.CLEAR:
                return Stay(self._cleared() if self.refused else self._shorter())
            case Key.OK if self.refused:
                return Stay(self._cleared())
            case Key.OK if self._short(ctx):
                return refuse(5031)
            case Key.OK if not self.second:
                return Stay(replace(self, second=True))
            case Key.OK if not self.reference:
                words = (text("card__bare_words"), text("card__bare_how", amount=yuan(self.amount_fen)))
                return Push(Confirm(text("card__title"), words))
            case Key.OK:
                return self._take()
            case Key.CANCEL:
                return Stay(replace(self._cleared(), second=False)) if self.second else Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(self._cleared()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """Without a reference, and the card terminal has taken the money; or a refusal was read: what was typed stands."""
        return self._take(confirmed=True) if result is True else Stay(self)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The reference from the card slip's own barcode; a card number is refused, a customer's code is out of place."""
        code = scanned.text
        known = recognised(code, ctx.settings.tenders.channels)
        if known is not None and card_digits(code) is None:
            return Reject(above=code_elsewhere("card"))
        if known is not None or may_be_card(code):
            return Stay(replace(self, reference="", last4="", refused=True))
        if len(code) == REFERENCE_DIGITS and code.isdigit():
            return Stay(replace(self, reference=code, second=True, refused=False))
        return Reject()

    def _short(self, ctx: Context) -> bool:
        """Whether the field needs more digits; it may be empty unless the shop wants the reference."""
        typed = len(self.last4 if self.second else self.reference)
        required = ctx.settings.tenders.card_reference_required and not self.second
        return typed != self._longest and (required or typed > 0)

    @property
    def _longest(self) -> int:
        return LAST_DIGITS if self.second else REFERENCE_DIGITS

    def _take(self, confirmed: bool = False) -> Move:
        return Do(TakeCard(self.amount_fen, self.reference, self.last4, confirmed), carded)

    def _typed(self, digit: str) -> "Card":
        if len(self.last4 if self.second else self.reference) >= self._longest:
            return replace(self._cleared(), refused=True)
        if self.second:
            return replace(self, last4=self.last4 + digit)
        return replace(self, reference=self.reference + digit)

    def _shorter(self) -> "Card":
        return replace(self, last4=self.last4[:-1]) if self.second else replace(self, reference=self.reference[:-1])

    def _cleared(self) -> "Card":
        if self.second:
            return replace(self, last4="", refused=False)
        return replace(self, reference="", refused=False)

    def view(self, ctx: Context) -> View:
        """The sum, both fields, and what was wiped."""
        body: tuple[Block, ...] = (
            Big(text("channel__card"), yuan(self.amount_fen)),
            Field(text("card__reference"), self.reference, focus=not self.second),
            Field(text("card__last4"), self.last4, focus=self.second),
            Gap(4),
            *(trouble_rows(5030, ctx) if self.refused else (Row(text("card__words"), tint=Tint.QUIET),)),
        )
        hints = (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT)
        return shown(self, ctx, text("card__title"), body, hints)


def carded(done: Done, ctx: Context) -> Move:
    """`then` of a card part: the sale it closed, or what is left."""
    from firmware.screens.pay import sold_or_rest

    return sold_or_rest(done, ctx)
