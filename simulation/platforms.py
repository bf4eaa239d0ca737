"""The voucher platforms of the simulated world: all simulated ones and the shop's own, on the world's clock. Their books are
the witness of what was redeemed."""

from collections.abc import Callable
from random import Random

from fleet.effects import CallPlatform
from fleet.vouchers.own import OwnBooks, OwnVouchers
from fleet.vouchers.port import EXPIRED, NO_ANSWER, PrepareCall, Reply
from fleet.vouchers.script import VoucherStep
from fleet.vouchers.setup import enter_demo
from fleet.vouchers.sim_books import PlatformLedgers
from fleet.vouchers.simulator import PlatformSimulator
from fleet.vouchers.vault import Vault
from rules.demo_vouchers import demo_vouchers

CALL_GIVEN_UP_MS = 15_000
"""The edge of the backend says "no answer" for a platform after this long."""
OWN_HEAD = "88"
OWN_ANSWER_MS = 5


class Platforms:
    """Makes the core's calls and tells when which reply comes. `sign`: the backend's key, for the shop's own codes."""

    def __init__(self, sign: Callable[[bytes], bytes], base_ms: int) -> None:
        vault, known = Vault(sign), demo_vouchers()
        self.books = PlatformLedgers()
        with self.books.begin() as pages:
            pages.load(known)
        self.own_books = OwnBooks()
        with self.own_books.begin() as own:
            enter_demo(own, vault, known, base_ms)
        self._simulator = PlatformSimulator(self.books, Random(1))
        self._own = OwnVouchers(self.own_books, vault, lambda: base_ms)

    def script(self, *steps: VoucherStep) -> None:
        """What the simulated platforms are to do with requests from now on."""
        with self.books.begin() as pages:
            pages.add_steps(steps)

    def plan(self, effect: CallPlatform, now_ms: int) -> tuple[tuple[int, Reply], ...]:
        """Replies, and after how many milliseconds each comes; the word that none came is one of them."""
        if now_ms >= effect.start_by_ms:
            return ((0, EXPIRED),)
        call = effect.call
        unknown = isinstance(call, PrepareCall) and not call.platform and call.code.startswith(OWN_HEAD)
        if call.platform == "own" or unknown:
            return ((OWN_ANSWER_MS, self._own.plan(call, now_ms)),)
        return self._simulator.plan(call, now_ms) or ((CALL_GIVEN_UP_MS, NO_ANSWER),)

    def redeemed(self, now_ms: int) -> dict[str, int]:
        """How many vouchers are redeemed by now, by request number, at all platforms."""
        self._simulator.ripen(now_ms)
        with self.books.begin() as pages:
            found = {row.request_no: row.count for row in pages.redemptions() if row.state == "consumed"}
        with self.own_books.begin() as own:
            return found | {row.request_no: row.count for row in own.uses() if row.state == "consumed"}

    @property
    def ripens(self) -> bool:
        """Whether a simulated platform is to redeem something by itself, later."""
        with self.books.begin() as pages:
            return any(row.state == "due" for row in pages.redemptions())
