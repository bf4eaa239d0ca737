"""Settings of the counter: tenders and channels, prices, giving back, drawer rules, slips, reprints (decisions 25).

Each is a table a fleet can push; the defaults are those of the domain's rules.
"""

from typing import Annotated, Literal

from msgspec import Meta

from rules.settings_base import ADMIN, SHOP, Clock, Date, Fen, Line, Section

Channel = Literal["wechat", "alipay", "unionpay", "ecny", "member"]
TenderKind = Literal["cash", "card", "code", "voucher", "any"]
DrawerEvent = Literal[
    "sale", "refund", "cash_in", "cash_out", "no_sale", "shift_open", "shift_close", "count", "exchange", "reprint",
    "resume", "test", "remote",
]  # fmt: skip
DrawerAction = Literal["open", "ask", "supervisor", "deny"]
Weekday = Annotated[int, Meta(ge=1, le=7)]


class CodeChannel(Section, frozen=True):
    """One kind of customer payment code: how it is recognised (domain 1.1), limits, fee. `pattern` is a regular
    expression for the whole code."""

    channel: Channel
    pattern: Annotated[str, Meta(min_length=3, max_length=120)]
    enabled: bool = True
    payment_max_fen: Fen = 5_000_000
    day_max_fen: Fen = 50_000_000
    fee_ppm: Annotated[int, Meta(ge=0, le=100_000)] = 6_000


CHANNELS = (
    CodeChannel(channel="wechat", pattern=r"1[0-5]\d{16}"),
    CodeChannel(channel="alipay", pattern=r"(2[5-9]|30)\d{14,22}"),
    CodeChannel(channel="unionpay", pattern=r"62\d{17}"),
    CodeChannel(channel="ecny", pattern=r"01\d{17}", enabled=False, fee_ppm=0),
    CodeChannel(channel="member", pattern=r"HY[0-9A-Z]{16}", fee_ppm=0),
)


class Tenders(Section, frozen=True):
    """Ways to pay beside cash, which is no setting: it can never be switched off (domain 11.1)."""

    codes: Annotated[bool, Meta(extra=SHOP)] = True
    card: Annotated[bool, Meta(extra=SHOP)] = True
    card_reference_required: Annotated[bool, Meta(extra=SHOP)] = True
    card_payment_max_fen: Annotated[Fen, Meta(extra=SHOP)] = 5_000_000
    card_day_max_fen: Annotated[Fen, Meta(extra=SHOP)] = 50_000_000
    card_fee_ppm: Annotated[int, Meta(ge=0, le=100_000, extra=SHOP)] = 6_000
    channels: Annotated[tuple[CodeChannel, ...], Meta(max_length=24, extra=ADMIN)] = CHANNELS


class Payment(Section, frozen=True):
    """Waiting for a payment's result (domain 1.4)."""

    deadline_s: Annotated[int, Meta(ge=30, le=90, extra=ADMIN)] = 45
    query_every_s: Annotated[int, Meta(ge=2, le=10, extra=ADMIN)] = 3
    reverse_not_before_s: Annotated[int, Meta(ge=15, le=60, extra=ADMIN)] = 15


class ItemPromotion(Section, frozen=True):
    """A good sold below its price for some days."""

    sku: Annotated[str, Meta(min_length=1, max_length=20)]
    price_fen: Fen
    name: Annotated[str, Meta(max_length=16)] = "特价"
    valid_from: Date = "2020-01-01"
    valid_to: Date = "2099-12-31"


class FullReduction(Section, frozen=True):
    """满减: so much off when the goods come to so much; the highest that fits counts, once."""

    from_fen: Annotated[int, Meta(ge=1, le=99_999_999)]
    off_fen: Annotated[int, Meta(ge=1, le=99_999_999)]
    name: Annotated[str, Meta(max_length=16)] = "满减"
    valid_from: Date = "2020-01-01"
    valid_to: Date = "2099-12-31"


class ReasonWords(Section, frozen=True):
    """A reason a cashier may choose, in both languages. A settings document may still say it as one plain text: that is
    its key and its Chinese (`rules.settings`). On record and on slips it stands in the shop's language."""

    key: Annotated[str, Meta(min_length=1, max_length=48)]
    zh: Annotated[str, Meta(min_length=1, max_length=48)]
    en: Line = ""

    def text(self, lang: str) -> str:
        """In this language; in Chinese where it has no English."""
        return self.en or self.zh if lang == "en" else self.zh


def _reasons(*rows: tuple[str, str, str]) -> tuple[ReasonWords, ...]:
    return tuple(ReasonWords(key=key, zh=zh, en=en) for key, zh, en in rows)


class Prices(Section, frozen=True):
    """Reductions and who may give how much (domain 3.6, 12). Rates in basis points of what they are taken from."""

    cashier_discount_bp: Annotated[int, Meta(ge=0, le=10_000, extra=SHOP)] = 500
    supervisor_discount_bp: Annotated[int, Meta(ge=0, le=10_000, extra=ADMIN)] = 3_000
    cashier_price_change_fen: Annotated[Fen, Meta(extra=SHOP)] = 1_000
    cashier_member_off_fen: Annotated[Fen, Meta(extra=SHOP)] = 1_000
    cashier_rounding_fen: Annotated[int, Meta(ge=0, le=10_000, extra=SHOP)] = 100
    supervisor_rounding_fen: Annotated[int, Meta(ge=0, le=100_000, extra=ADMIN)] = 1_000
    member_prices: Annotated[bool, Meta(extra=SHOP)] = True
    item_promotions: Annotated[tuple[ItemPromotion, ...], Meta(max_length=500, extra=SHOP)] = ()
    full_reductions: Annotated[tuple[FullReduction, ...], Meta(max_length=16, extra=SHOP)] = ()
    removals_per_shift: Annotated[int, Meta(ge=0, le=1_000, extra=SHOP)] = 30
    holds_max: Annotated[int, Meta(ge=1, le=20, extra=SHOP)] = 20
    reasons: Annotated[tuple[ReasonWords, ...], Meta(min_length=1, max_length=7, extra=SHOP)] = _reasons(
        ("expiring", "临期", "Near its date"), ("damaged", "破损", "Damaged"), ("promotion", "活动", "Promotion"),
        ("regular", "老顾客", "Regular customer"), ("manager", "店长批准", "Manager's word"), ("other", "其他", "Other"),
    )  # fmt: skip


class Refunds(Section, frozen=True):
    """Giving back (domain 1.6, 12)."""

    days_max: Annotated[int, Meta(ge=1, le=365, extra=SHOP)] = 30
    supervisor_max_fen: Annotated[Fen, Meta(extra=ADMIN)] = 200_000
    cash_for_codes: Annotated[bool, Meta(extra=ADMIN)] = True
    reasons: Annotated[tuple[ReasonWords, ...], Meta(min_length=1, max_length=8, extra=SHOP)] = _reasons(
        ("quality", "质量问题", "Bad quality"), ("wrong", "买错", "Wrong goods"),
        ("overcharged", "多收", "Charged too much"), ("unwanted", "不想要", "Not wanted"), ("other", "其他", "Other"),
    )  # fmt: skip


class DrawerRule(Section, frozen=True):
    """One row of the drawer's rules; the first that fits decides (domain 11.4). Amounts are of the cash part."""

    event: DrawerEvent
    action: DrawerAction
    tenders: Annotated[tuple[TenderKind, ...], Meta(min_length=1, max_length=5)] = ("any",)
    amount_min_fen: Fen = 0
    amount_max_fen: Fen = 99_999_999
    change_required: bool = False
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()  # empty: every day
    time_from: Clock = "00:00"
    time_to: Clock = "00:00"  # equal to `time_from`: the whole day
    roles: Annotated[tuple[Literal["cashier", "supervisor", "admin"], ...], Meta(max_length=3)] = ()  # empty: all
    reason_required: bool = False


DRAWER_RULES = (
    DrawerRule(event="sale", action="open", tenders=("cash",)),
    DrawerRule(event="sale", action="deny"),
    DrawerRule(event="refund", action="supervisor", tenders=("cash",)),
    DrawerRule(event="refund", action="deny"),
    DrawerRule(event="cash_in", action="open"),
    DrawerRule(event="cash_out", action="open"),
    DrawerRule(event="shift_open", action="open"),
    DrawerRule(event="shift_close", action="open"),
    DrawerRule(event="count", action="open"),
    DrawerRule(event="no_sale", action="open", roles=("supervisor",), reason_required=True),
    DrawerRule(event="no_sale", action="ask", roles=("cashier",), reason_required=True),
    DrawerRule(event="exchange", action="ask", reason_required=True),
    DrawerRule(event="resume", action="ask"),
    DrawerRule(event="test", action="open", roles=("supervisor", "admin")),
    DrawerRule(event="reprint", action="deny"),
    DrawerRule(event="remote", action="deny"),
)


class DrawerUse(Section, frozen=True):
    """When the drawer may be opened (domain 11.4)."""

    rules: Annotated[tuple[DrawerRule, ...], Meta(max_length=64, extra=SHOP)] = DRAWER_RULES
    no_sale_per_shift: Annotated[int, Meta(ge=0, le=100, extra=SHOP)] = 3
    opens_at: Annotated[Clock, Meta(extra=SHOP)] = "00:00"
    closes_at: Annotated[Clock, Meta(extra=SHOP)] = "00:00"
    small_amounts_fen: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=1_000_000)], ...], Meta(max_length=8, extra=SHOP)
    ] = ()
    small_amount_max_fen: Annotated[Fen, Meta(extra=SHOP)] = 0


class Closing(Section, frozen=True):
    """Counting and closing (domain 11.5)."""

    difference_max_fen: Annotated[Fen, Meta(extra=SHOP)] = 500
    counts_max: Annotated[int, Meta(ge=1, le=5, extra=SHOP)] = 2
    copies: Annotated[int, Meta(ge=1, le=3, extra=SHOP)] = 2
    cash_out_max_fen: Annotated[Fen, Meta(extra=SHOP)] = 10_000_000


class Slips(Section, frozen=True):
    """What a shop's slips look like, and copies of them (domain 6)."""

    header: Annotated[tuple[Line, ...], Meta(max_length=3, extra=SHOP)] = ()
    logo: Annotated[str, Meta(max_length=12_000, extra=SHOP)] = ""  # PBM (P4) in Base64, at most 384 dots wide
    address: Annotated[Line, Meta(extra=SHOP)] = ""
    phone: Annotated[str, Meta(max_length=20, extra=SHOP)] = ""
    receipt_url: Annotated[str, Meta(max_length=60, pattern=r"^(https?://[A-Za-z0-9.:/_-]+)?\Z", extra=ADMIN)] = ""
    qr: Annotated[bool, Meta(extra=SHOP)] = True
    barcode: Annotated[bool, Meta(extra=SHOP)] = True
    merchant_copy: Annotated[bool, Meta(extra=SHOP)] = False
    signature: Annotated[bool, Meta(extra=SHOP)] = True
    stamp: Annotated[bool, Meta(extra=SHOP)] = False
    expire_min: Annotated[int, Meta(ge=5, le=1_440, extra=SHOP)] = 120
    reprints_per_slip: Annotated[int, Meta(ge=0, le=20, extra=SHOP)] = 1
