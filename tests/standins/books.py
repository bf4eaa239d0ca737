"""A platform's own books: what it issued, redeemed, gave back. The witness of the tests."""

from dataclasses import dataclass, field


@dataclass
class Voucher:
    """One voucher. `times`: uses of a times card that are left."""

    code: str
    order: str
    deal: str = "880001"
    title: str = "双人套餐"
    kind: str = "package"  # package, cash, times
    value_fen: int = 10_000
    price_fen: int = 8_800
    paid_fen: int = 7_900
    state: str = "unused"  # unused, used, refunded, frozen, expired
    times: int = 1
    times_used: int = 0
    min_count: int = 1
    undoable: bool = True
    used_by: str = ""  # the number it was redeemed under
    used_at_ms: int = 0
    account: str = ""  # who redeemed it, as the caller said
    way: int = 4  # by the open platform; otherwise by the merchant's own app


@dataclass
class Books:
    """Everything that happened, in order: (what, number, code)."""

    vouchers: dict[str, Voucher] = field(default_factory=dict)
    history: list[tuple[str, str, str]] = field(default_factory=list)
    answered: dict[str, object] = field(default_factory=dict)  # by number: what a repeated one is told

    def issue(self, *vouchers: Voucher) -> None:
        for voucher in vouchers:
            self.vouchers[voucher.code] = voucher

    def of_order(self, order: str) -> list[Voucher]:
        return [voucher for voucher in self.vouchers.values() if voucher.order == order]

    def redeem(self, number: str, voucher: Voucher, at_ms: int, account: str = "", way: int = 4) -> None:
        assert voucher.state == "unused"
        self.history.append(("redeemed", number, voucher.code))
        voucher.used_by, voucher.used_at_ms, voucher.account, voucher.way = number, at_ms, account, way
        voucher.times_used += 1
        if voucher.times_used >= voucher.times:
            voucher.state = "used"

    def give_back(self, voucher: Voucher) -> None:
        self.history.append(("given back", voucher.used_by, voucher.code))
        voucher.state, voucher.used_by, voucher.account = "unused", "", ""
        voucher.times_used -= 1

    def count(self, what: str, number: str | None = None) -> int:
        return sum(1 for each, of, _code in self.history if each == what and number in (None, of))
