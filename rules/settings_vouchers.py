"""Settings of vouchers: platforms and how their codes are recognised, who may do what with which, what may be taken
without a link, synchronisation (domain 3, decisions 25). Each is a table a fleet can push."""

from typing import Annotated, Literal

from msgspec import Meta, field

from rules.deals import Platform, VoucherKind
from rules.settings_base import ADMIN, SHOP, Fen, OperatorNo, Section

VoucherAct = Literal["redeem", "undo", "register", "look_up"]


class VoucherPlatform(Section, frozen=True):
    """One platform. A typed code belongs to it when `pattern` (a regular expression for the whole code) fits, a scanned
    link when its host is one of `hosts` or ends with `.HOST`. Empty: neither. The first row that fits counts; when none
    does, the cashier chooses."""

    platform: Platform
    name: Annotated[str, Meta(max_length=12)]
    name_en: Annotated[str, Meta(max_length=20)]
    enabled: bool = True
    pattern: Annotated[str, Meta(max_length=120)] = ""
    hosts: Annotated[tuple[Annotated[str, Meta(max_length=80)], ...], Meta(max_length=8)] = ()


PLATFORMS = (
    VoucherPlatform(platform="own", name="本店券", name_en="Shop's own", pattern=r"88\d{14}"),
    VoucherPlatform(
        platform="douyin", name="抖音", name_en="Douyin", pattern=r"\d{15}", hosts=("v.douyin.com", "douyin.com")
    ),
    VoucherPlatform(
        platform="meituan", name="美团", name_en="Meituan", pattern=r"\d{12}", hosts=("meituan.com", "dpurl.cn")
    ),
    VoucherPlatform(
        platform="dianping", name="点评", name_en="Dianping", pattern=r"\d{10}", hosts=("dianping.com", "51ping.com")
    ),
    VoucherPlatform(platform="koubei", name="口碑", name_en="Koubei", hosts=("koubei.com", "alipay.com")),
    VoucherPlatform(platform="eleme", name="饿了么", name_en="Ele.me", hosts=("ele.me",)),
    VoucherPlatform(platform="wechat", name="视频号", name_en="WeChat channel", hosts=("weixin.qq.com",)),
    VoucherPlatform(platform="kuaishou", name="快手", name_en="Kuaishou", enabled=False, hosts=("kuaishou.com",)),
)


class VoucherGrant(Section, frozen=True):
    """Who may do what with which vouchers, more closely than the role's right says; the first row that fits decides, a
    role's right alone where none does. An empty list fits everything. It only narrows: `supervisor` asks for one, `no`
    forbids, `yes` leaves it at the role's right."""

    acts: Annotated[tuple[VoucherAct, ...], Meta(max_length=4)] = ()
    platforms: Annotated[tuple[Platform, ...], Meta(max_length=8)] = ()
    kinds: Annotated[tuple[VoucherKind, ...], Meta(max_length=4)] = ()
    roles: Annotated[tuple[Literal["cashier", "supervisor"], ...], Meta(max_length=2)] = ()
    operators: Annotated[tuple[OperatorNo, ...], Meta(max_length=40)] = ()
    grant: Literal["yes", "supervisor", "no"] = "yes"


class Vouchers(Section, frozen=True):
    """Vouchers of platforms and of the shop (domain 3)."""

    enabled: Annotated[bool, Meta(extra=SHOP)] = True
    platforms: Annotated[tuple[VoucherPlatform, ...], Meta(min_length=1, max_length=8, extra=ADMIN)] = PLATFORMS
    shop_numbers: Annotated[dict[str, Annotated[str, Meta(max_length=64)]], Meta(max_length=8, extra=ADMIN)] = field(
        default_factory=dict
    )
    grants: Annotated[tuple[VoucherGrant, ...], Meta(max_length=64, extra=ADMIN)] = ()
    consume_first: Annotated[bool, Meta(extra=ADMIN)] = False
    add_missing: Annotated[bool, Meta(extra=SHOP)] = False
    per_sale_max: Annotated[int, Meta(ge=1, le=20, extra=SHOP)] = 10
    register_later: Annotated[bool, Meta(extra=ADMIN)] = False
    register_per_day: Annotated[int, Meta(ge=0, le=100, extra=ADMIN)] = 5
    register_fen_max: Annotated[Fen, Meta(extra=ADMIN)] = 20_000
    sync_min: Annotated[int, Meta(ge=1, le=60, extra=SHOP)] = 10
    warn_days: Annotated[int, Meta(ge=0, le=30, extra=SHOP)] = 3
    warn_min: Annotated[int, Meta(ge=0, le=120, extra=SHOP)] = 15
