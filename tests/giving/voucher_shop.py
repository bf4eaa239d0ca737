"""Sales that vouchers paid in part, as the vouchers desk would have journaled them."""

from firmware.txn import original, shift
from firmware.txn.original import Original
from rules.orders import voucher_no
from tests.giving import shop
from wire.facts import OrderOpened, Sale, TenderPart, VoucherHeard, VoucherRegistered, VoucherSent, VoucherUse

HOUR_MS = 3_600_000


def use(number: str, shares: tuple[int, ...], platform: str = "meituan", registered: bool = False) -> VoucherUse:
    return VoucherUse(
        number, "r", platform, "61", "代金券", "cash", 1, sum(shares), shares, "4321", "d", basis_fen=sum(shares),
        registered=registered,
    )  # fmt: skip


def part(each: VoucherUse) -> TenderPart:
    return TenderPart("voucher", each.deduct_fen, channel=each.platform, channel_no="MT1", voucher=each)


def sold(
    counter,
    lines,
    *shares: tuple[int, ...],
    undo_after_ms=HOUR_MS,
    registered=False,
    state="consumed",
    undo_until_ms=0,
) -> Original:
    """A sale whose rest was paid in cash, its vouchers redeemed or registered."""
    current = shift.current(counter.ledger)
    trace = (original.recent(counter.ledger, 0) or [(0, 0, 0, 0)])[0][2] + 1
    uses = tuple(
        use(voucher_no(counter.ledger.terminal, 3, current.batch, trace, place), each, registered=registered)
        for place, each in enumerate(shares, 1)
    )
    until = undo_until_ms or counter.day_ms + counter.ms + undo_after_ms
    due = sum(each.net_fen for each in lines)
    if not registered:
        frozen = OrderOpened(current.batch, trace, "01", current.business_date, lines, (), due, due, 0, vouchers=uses)
        shop.journal(counter, frozen)
    for each in uses:
        if registered:
            shop.journal(counter, VoucherRegistered(current.batch, trace, each, "123456789012", "01", "00"))
        else:
            shop.journal(counter, VoucherSent(current.batch, trace, each, "01"))
            shop.journal(counter, VoucherHeard(each.request_no, state, "consume", record_no="MT1", undo_until_ms=until))
    rest = due - sum(each.deduct_fen for each in uses)
    paid = (*map(part, uses), *((TenderPart("cash", rest),) if rest else ()))
    sale = Sale(
        current.batch, trace, "01", current.business_date, lines, due, 0, due, paid, 0, print_slip=False,
        open_drawer=False,
    )  # fmt: skip
    return original.of_seq(counter.ledger, counter.ledger.terminal, shop.journal(counter, sale))
