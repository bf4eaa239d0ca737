"""A part paid on the shop's own card terminal: its slip's reference and the card's last four digits, no more."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Reject, Screen, Stay, shown
from firmware.screens.slips import trouble_rows
from firmware.txn.checkout import LAST_DIGITS, REFERENCE_DIGITS, TakeCard
from firmware.txn.command import Context
from firmware.view import Big, Block, Field, Gap, Hint, Row, Tint, View, text
from rules.money import yuan
from rules.payment_codes import may_be_card


@dataclass(frozen=True, slots=True)
class Card(Screen):
    """Reference number, then the last four digits; both may be left empty where the shop does not ask for them. A number
    that grows too long is wiped at once: it may be a card's (domain 1.2, 5.3)."""

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
            case Key.OK if not self.second:
                return Stay(replace(self, second=True))
            case Key.OK:
                return Do(TakeCard(self.amount_fen, self.reference, self.last4), carded)
            case Key.CANCEL:
                return Stay(replace(self._cleared(), second=False)) if self.second else Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(self._cleared()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """A refusal was read: from the first field again."""
        return Stay(Card(self.amount_fen))

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The reference from the card slip's own barcode; a card number is refused."""
        code = scanned.text
        if may_be_card(code):
            return Stay(replace(self, reference="", last4="", refused=True))
        if len(code) == REFERENCE_DIGITS and code.isdigit():
            return Stay(replace(self, reference=code, second=True, refused=False))
        return Reject()

    def _typed(self, digit: str) -> "Card":
        value, longest = (self.last4, LAST_DIGITS) if self.second else (self.reference, REFERENCE_DIGITS)
        if len(value) >= longest:
            return replace(self._cleared(), refused=True)
        return replace(self, last4=value + digit) if self.second else replace(self, reference=value + digit)

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
