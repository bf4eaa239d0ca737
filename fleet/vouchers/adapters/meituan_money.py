"""Who bore what of a Meituan order: the table of amount types, and the share of those redeemed (domain 3.3).

`paymentDetail` describes the whole order and is told again with each of its vouchers: it is never summed over vouchers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fleet.doors.answers import Json, text, whole, yuan

Bearer = Literal["customer", "platform", "merchant"]

BEARERS: dict[int, Bearer] = {
    2: "platform",  # 抵用券
    5: "platform",  # 积分
    6: "platform",  # 立减
    8: "merchant",  # 商户抵用券
    10: "customer",  # C端美团支付
    12: "platform",  # 优惠代码
    15: "platform",  # 美团立减
    17: "merchant",  # 商家立减
    18: "merchant",  # 美团商家立减
    21: "customer",  # 次卡
    22: "customer",  # 打折卡
    23: "customer",  # B端美团支付
    24: "platform",  # 全渠道会员券
    25: "customer",  # pos支付
    26: "customer",  # 线下认款
    28: "merchant",  # 商家折上折
    29: "customer",  # 分销支付
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One payment of an order."""

    id: str
    kind: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Split:
    """What of an order falls to some of its vouchers, in fen; `raw`: of the whole order, by amount type."""

    customer_fen: int
    platform_fen: int
    merchant_fen: int
    raw: dict[str, int]


def details(rows: Iterable[Json], names: tuple[str, str, str]) -> tuple[Detail, ...]:
    """Payments of the order, each once, however often it is told. `names`: of id, amount and type."""
    found: dict[str, Detail] = {}
    for number, row in enumerate(rows):
        each = Detail(text(row, names[0], ""), whole(row, names[2]), yuan(row, names[1]))
        found.setdefault(each.id or f"#{number}", each)
    return tuple(found.values())


def split(payments: tuple[Detail, ...], price_fen: int, count: int) -> Split:
    """The share of `count` vouchers. How many the order has is told by the price of one: all its payments together are
    that many times the price. A fen that does not divide stays out."""
    total_fen = sum(each.amount_fen for each in payments)
    whole_order = max(count, round(total_fen / price_fen)) if price_fen else count
    borne: dict[Bearer, int] = {"customer": 0, "platform": 0, "merchant": 0}
    raw: dict[str, int] = {}
    for each in payments:
        raw[f"amountType_{each.kind}"] = raw.get(f"amountType_{each.kind}", 0) + each.amount_fen
        if (bearer := BEARERS.get(each.kind)) is not None:
            borne[bearer] += each.amount_fen
    share = {bearer: amount_fen * count // whole_order for bearer, amount_fen in borne.items()}
    return Split(share["customer"], share["platform"], share["merchant"], raw)
