"""Where the backend's core gives what is about vouchers: asks of terminals, answers of platforms, the passing of time."""

from collections.abc import Callable

from fleet.effects import Effect
from fleet.vouchers import coupons, deals, uses
from fleet.vouchers.books import VoucherBooks
from fleet.vouchers.vault import Vault
from fleet.vouchers.within import PlatformAnswered, Shops, Within
from wire.messages import Reach
from wire.vouchers import (
    AskDeals,
    AskVoucherConsume,
    AskVoucherLook,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
    VoucherAsk,
)

DUE_MAX = 100
"""So many questions of the backend's own at one tick."""
PREPARED_KEPT_MS = 600_000


class Desk:
    """`sign`: with the fleet's key; `shops`: platforms in service and the shops' numbers there."""

    def __init__(self, sign: Callable[[bytes], bytes], shops: Shops | None = None) -> None:
        self.vault = Vault(sign)
        self._shops = shops or Shops()

    def take(self, books: VoucherBooks, terminal: str, ask: VoucherAsk, now_ms: int, age_ms: int) -> list[Effect]:
        """Decide about an ask. Raises `ValueError` for one that is not its terminal's to make."""
        it = Within(books, self.vault, self._shops, now_ms)
        match ask:
            case AskVoucherPrepare():
                return coupons.prepare(it, terminal, ask, age_ms)
            case AskVoucherConsume():
                return uses.consume(it, terminal, ask, age_ms)
            case AskVoucherQuery():
                return uses.query(it, terminal, ask)
            case AskVoucherUndo():
                return uses.undo(it, terminal, ask)
            case AskVoucherLook():
                return coupons.look(it, terminal, ask)
            case AskDeals():
                return deals.answer(it, terminal, ask)

    def reach(self, books: VoucherBooks, terminal: str, now_ms: int) -> tuple[Reach, ...]:
        """How the platforms of a terminal's shop stood lately."""
        return deals.reach(Within(books, self.vault, self._shops, now_ms), terminal)

    def heard(self, books: VoucherBooks, event: PlatformAnswered) -> list[Effect]:
        """Decide about a platform's answer."""
        it = Within(books, self.vault, self._shops, event.now_ms)
        match event.ticket.what:
            case "prepare":
                return coupons.heard(it, event.ticket, event.reply)
            case "deals":
                return deals.heard(it, event.ticket, event.reply)
            case _:
                return uses.heard(it, event.ticket, event.reply)

    def tick(self, books: VoucherBooks, now_ms: int) -> list[Effect]:
        """What is due by now."""
        books.forget_prepared(now_ms - PREPARED_KEPT_MS)
        return uses.tick(Within(books, self.vault, self._shops, now_ms), DUE_MAX)
