"""What the vouchers of a basket take off its lines, in the order they were added (domain 3.6)."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from firmware.txn import product
from firmware.txn.basket import Basket
from firmware.txn.books import Reading
from firmware.txn.slips.sheet import LOCAL
from firmware.txn.voucher_prepared import Prepared
from rules import vouchers as rules
from rules.deals import Deal, PackageItem
from rules.vouchers import Amount, Goods
from wire.vouchers import Coupon


def deal_of(coupon: Coupon) -> Deal:
    """The rules a coupon stands under: those told with it, or what it says itself. A package of which nobody tells what
    is in it is not mapped (3034)."""
    first, last = _day(coupon.valid_from_ms), _day(coupon.valid_to_ms)
    if coupon.deal is not None:
        told = coupon.deal
        return msgspec.structs.replace(
            told,
            valid_from=max(filter(None, (told.valid_from, first)), default=None),
            valid_to=min(filter(None, (told.valid_to, last)), default=None),
        )
    package = (PackageItem(coupon.title[:80] or "-"),) if coupon.kind in ("package", "times") else ()
    return Deal(
        coupon.platform, coupon.deal_id, coupon.title, coupon.kind, coupon.face_fen, coupon.percent,
        coupon.max_discount_fen, package, coupon.face_fen, valid_from=first, valid_to=last,
    )  # fmt: skip


def _day(at_ms: int) -> str | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(LOCAL).date().isoformat() if at_ms else None


def goods_of(
    books: Reading, basket: Basket, nets: Sequence[int], before: Sequence[Amount]
) -> tuple[Goods, ...]:  # fmt: skip
    """The lines as vouchers see them. `nets`: at the vouchers' place in the order of steps; `before`: what vouchers before
    this one take off them, and the pieces packages among them pay for."""
    left = [net - sum(each.shares[index] for each in before) for index, net in enumerate(nets)]
    taken = [sum(each.taken_milli[index] for each in before if each.taken_milli) for index in range(len(nets))]
    found = product.by_skus(books, (line.sku for line in basket.lines))
    return tuple(
        Goods(
            line.sku, line.quantity_milli, rest, found[line.sku].category if line.sku in found else "",
            net < line.amount_fen, milli,
        )
        for line, net, rest, milli in zip(basket.lines, nets, left, taken, strict=True)
    )  # fmt: skip


def amount_of(deal: Deal, goods: Sequence[Goods], prepared: Prepared) -> Amount:
    """What one of them takes off; a line chosen by hand that is gone counts for nothing."""
    chosen = tuple((line, milli) for line, milli in prepared.chosen if line < len(goods))
    return rules.amount(deal, goods, prepared.count, chosen)


def amounts(books: Reading, basket: Basket, nets: Sequence[int]) -> tuple[Amount, ...]:
    """What each takes off, one after the other."""
    found: list[Amount] = []
    for prepared in basket.vouchers:
        goods = goods_of(books, basket, nets, found)
        found.append(amount_of(deal_of(prepared.coupon), goods, prepared))
    return tuple(found)
