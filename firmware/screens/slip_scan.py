"""A slip's code scanned while selling: which slip it is, and whether to give its goods back or to print it again."""

from dataclasses import dataclass

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, Move, Pop, Replace, Screen, Stay, local_time, shown
from firmware.screens.refund import FoundSale, by_key, key_of
from firmware.screens.reprint import ReprintSlip, slip_name
from firmware.txn import reprint
from firmware.txn.command import Context, Refusal
from firmware.txn.original import Original
from firmware.txn.sale import AddCode
from firmware.view import Big, Block, Gap, Hint, Para, Row, Tint, View, text
from rules.barcodes import clean_scan, strip_aim
from rules.money import yuan
from wire.facts import Sale


def scanned_here(scanned: Scanned, times_milli: int, ctx: Context) -> Screen | None:
    """The slip a scan names, unless it is goods after all; None: it names none."""
    code = strip_aim(clean_scan(scanned.text))[0].strip()
    key = key_of(scanned.text)
    if key == code or not isinstance(AddCode(scanned.text, scanned.symbology, times_milli).decide(ctx), Refusal):
        return None
    found = reprint.by_scan(ctx.books, ctx.terminal, code)
    return SlipScanned(key, found[0].seq if found else 0)


@dataclass(frozen=True, slots=True)
class SlipScanned(Screen):
    """One slip, of this terminal or another. What is chosen asks for its right and reason as from the menu."""

    sale: str  # the key under which its sale is found
    of: int = 0  # seq of the slip in this journal; 0: it is not in it

    def press(self, key: Key, ctx: Context) -> Move:
        """OK gives back what was sold, F1 prints the slip again."""
        match key:
            case Key.OK if self._sold(ctx):
                return by_key(self.sale, ctx)
            case Key.F1 if self.of:
                return Replace(ReprintSlip(self.of))
            case Key.CANCEL | Key.CLEAR | Key.MENU:
                return Pop()
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """The backend knows the sale; or a refusal was read."""
        return Replace(FoundSale(result)) if isinstance(result, Original) else Stay()

    def _sold(self, ctx: Context) -> bool:
        """Whether it may be a sale's: a refund's own slip, or one of cash moved, gives nothing back."""
        found = reprint.slip_at(ctx.books, self.of) if self.of else None
        return found is None or found.kind == Sale.KIND

    def view(self, ctx: Context) -> View:
        """Which slip, when, how much; what can be done with it."""
        found = reprint.slip_at(ctx.books, self.of) if self.of else None
        body: tuple[Block, ...] = (Gap(8), Para(text("slipscan__words"), large=True), Gap(4))
        if found is None:
            body += (Row(self.sale, strong=True), Para(text("slipscan__elsewhere"), Tint.QUIET, rows=2))
        else:
            body += (
                Row(slip_name(found), local_time(found.at_ms, "%m-%d %H:%M"), strong=True),
                Big(text("amount__label"), yuan(found.amount_fen)),
            )
        hints: tuple[Hint, ...] = (Hint("OK", text("slipscan__give_back")),) if self._sold(ctx) else ()
        hints += (Hint("F1", text("slipscan__reprint")),) if self.of else ()
        return shown(self, ctx, text("slipscan__title"), body, (*hints, CANCEL_HINT))
