"""What a voucher promises: platforms, kinds, and the rules of one deal as the backend tells them (domain 3.5). Data only;
what is made of it is `rules.vouchers`'."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Platform = Literal["meituan", "dianping", "douyin", "koubei", "eleme", "kuaishou", "wechat", "own"]
"""Where a voucher was bought: Meituan dining, Meituan services/Dianping, Douyin, Koubei/Alipay, Ele.me, Kuaishou, WeChat's
video channel, or the shop's own."""

VoucherKind = Literal["cash", "percent", "package", "times"]
"""代金券, 折扣券, 套餐券, 次卡 (one use of it pays for a package)."""

Stack = Literal["none", "same", "all"]
"""With which other vouchers of the same sale: none at all, only of the same deal, any."""

Fen = Annotated[int, Meta(ge=0, le=99_999_999)]
Day = Annotated[str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}\Z")]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9]\Z")]
Word = Annotated[str, Meta(max_length=64)]
Title = Annotated[str, Meta(max_length=80)]


class PackageItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Goods of a package. `skus`: any of these goods will do; none: nobody has mapped it to the shop's goods (3034)."""

    name: Title
    quantity_milli: Annotated[int, Meta(ge=1, le=999_000)] = 1000
    skus: tuple[Word, ...] = ()


class Deal(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rules of one deal. An empty list forbids nothing. `times`: spans of the shop's day, the end not included;
    `weekdays` 1 (Monday) to 7. `stores`: shop numbers of the platform; `max_per_order` 0: no bound."""

    platform: Platform
    deal_id: Word
    title: Title
    kind: VoucherKind
    face_fen: Fen = 0  # of a cash voucher
    percent: Annotated[int, Meta(ge=0, le=100)] = 0  # what the customer still pays: 85 is 八五折
    max_discount_fen: Fen = 0  # of a percentage voucher; 0: no bound
    package: tuple[PackageItem, ...] = ()
    package_fen: Fen = 0  # what a package is worth in the books
    min_spend_fen: Fen = 0
    min_per_order: Annotated[int, Meta(ge=1, le=100)] = 1
    max_per_order: Annotated[int, Meta(ge=0, le=100)] = 0
    per_day_max: Annotated[int, Meta(ge=0, le=10_000)] = 0  # of this deal at this terminal (3033); 0: no bound
    stack: Stack = "all"
    exclude_promo: bool = False  # not together with promotions, member prices or discounts
    weekdays: tuple[Annotated[int, Meta(ge=1, le=7)], ...] = ()
    times: tuple[tuple[Clock, Clock], ...] = ()
    blackout_dates: tuple[Day, ...] = ()
    valid_from: Day | None = None
    valid_to: Day | None = None
    stores: tuple[Word, ...] = ()
    include_skus: tuple[Word, ...] = ()
    exclude_skus: tuple[Word, ...] = ()
    exclude_categories: tuple[Word, ...] = ()
    dine_in_only: bool = False
    member_only: bool = False
    first_time_only: bool = False
    need_booking: bool = False
    extra_charge_fen: Fen = 0  # the customer pays this on top (服务费)
