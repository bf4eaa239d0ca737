"""Cash put into or taken out of the drawer without a sale (存入/取出, domain 11.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from firmware.txn import closing, drawer, shift
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.limits import above_money
from firmware.txn.numbers import next_trace
from firmware.txn.till import expected_cash
from rules.rights import Right
from rules.settings_counter import DrawerEvent
from wire.facts import CashMoved

Way = Literal["in", "out"]

REASONS: Final[Mapping[Way, tuple[str, ...]]] = MappingProxyType({
    "in": ("float", "change", "other"),
    "out": ("deposit", "purchase", "refund", "other"),
})  # fmt: skip
"""补充备用金, 换零, 其他; 上缴, 采购, 退款, 其他. Records of releases before may name any of them either way."""


@dataclass(frozen=True, slots=True)
class MoveCash:
    """Put `amount_fen` into the drawer, or take it out, for one of its `REASONS`."""

    way: Way
    amount_fen: int
    reason: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CashMoved`, or 2001, 2014, 2005, 2006, 6007 above the shop's limit, 8009 for more than the drawer holds."""
        assert self.reason in REASONS[self.way], self.reason
        open_shift = shift.current(ctx.books)
        if refusal := lacking(ctx, Right.CASH_IN_OUT, None if open_shift else 2014):
            return refusal
        assert open_shift is not None
        if not 0 < self.amount_fen <= ctx.settings.closing.cash_out_max_fen:
            return above_money(ctx.settings.closing.cash_out_max_fen)
        if self.way == "out" and self.amount_fen > expected_cash(closing.running(ctx.books)):
            return Refusal(8009)
        event: DrawerEvent = "cash_in" if self.way == "in" else "cash_out"
        opens = drawer.opening(ctx, event, ("cash",), self.amount_fen) == "open"
        fact = CashMoved(
            open_shift.batch, next_trace(ctx.books), self.way, self.amount_fen, self.reason, ctx.session.operator,
            ctx.approver, print_slip=ctx.devices.prints, open_drawer=opens,
        )  # fmt: skip
        return Decision((fact,))
