"""An adapter before the stand-in of its platform: what the contract's tests are played on."""

from dataclasses import dataclass, field

from fleet.doors.clock import DOUYIN, TWICE_MORE
from fleet.doors.credentials import TokenFile
from fleet.doors.web import Limits
from fleet.vouchers.adapters.adapter import Adapter
from fleet.vouchers.adapters.aggregator import Aggregator
from fleet.vouchers.adapters.aggregator import Credentials as AggregatorCredentials
from fleet.vouchers.adapters.dianping_door import Credentials as DianpingCredentials
from fleet.vouchers.adapters.dianping_door import DianpingDoor
from fleet.vouchers.adapters.douyin import Credentials as DouyinCredentials
from fleet.vouchers.adapters.douyin import Douyin
from fleet.vouchers.adapters.meituan_dining import MeituanDining
from fleet.vouchers.adapters.meituan_gateway import Credentials as MeituanCredentials
from fleet.vouchers.adapters.meituan_gateway import Gateway, ShopToken
from fleet.vouchers.adapters.meituan_services import MeituanDoor, MeituanServices
from fleet.vouchers.codes import provided_table
from fleet.vouchers.port import ConsumeCall, PrepareCall, QueryCall, UndoCall
from tests.standins import aggregator as aggregator_server
from tests.standins import douyin as douyin_server
from tests.standins import meituan as meituan_server
from tests.standins import services as services_server
from tests.standins.books import Voucher

PATIENT, IMPATIENT = Limits(), Limits(answer_ms=150)
NUMBER = "T000000120260501000001V01"


@dataclass
class TurnedClock:
    """Time that passes only when somebody waits."""

    at_ms: int = 1_780_000_000_000
    waits: list[int] = field(default_factory=list)

    def monotonic_ms(self) -> int:
        return self.at_ms

    def wall_ms(self) -> int:
        return self.at_ms

    def wait(self, ms: int) -> None:
        self.waits.append(ms)
        self.at_ms += ms


class Bench:
    """One platform: its stand-in, and adapters that are asked by a code and a number."""

    platform: str
    shop: str
    plan = TWICE_MORE
    retired: tuple[str | int, str]
    unauthorised: tuple[str | int, str]
    busy: tuple[str | int, str]
    malformed: tuple[str | int, str]
    secrets: tuple[str, ...]

    def __init__(self, server, folder) -> None:
        self.server = server
        self.clock = TurnedClock()
        server.reset(self.clock)
        self.tokens = TokenFile(folder / "tokens")
        self._made: dict = {}

    def dialect(self, limits: Limits):
        raise NotImplementedError

    def adapter(self, limits: Limits = PATIENT):
        """One for each patience: a new one only where a secret has changed."""
        if limits not in self._made:
            self._made[limits] = Adapter(self.dialect(limits), provided_table(), self.clock, self.plan)
        return self._made[limits]

    def issue(self, count: int = 1, **more) -> Voucher:
        """Vouchers of one order; the first of them."""
        stem = "990182736455107342"[: self.digits - 2]
        vouchers = [Voucher(f"{stem}{number:02d}", "order-5501", **more) for number in range(1, count + 1)]
        self.server.books.issue(*vouchers)
        return vouchers[0]

    digits = 15
    tells_undoable = True
    has_tokens = True

    def prepare(self, code: str, adapter=None, **more):
        return asked(adapter or self.adapter(), PrepareCall(self.platform, self.shop, code, **more))

    def prepared(self, code: str):
        """The coupon of a preparation that went well."""
        reply = self.prepare(code)
        assert reply.code == 0, reply
        return reply.coupons[0]

    def consume(self, coupon, count: int = 1, adapter=None, number: str = NUMBER, **more):
        call = ConsumeCall(number, self.platform, self.shop, coupon.handle, count, 5_000, "0007", "T0000001", **more)
        return asked(adapter or self.adapter(), call)

    def query(self, coupon, reply=None, count: int = 1, number: str = NUMBER):
        known = {"undo_handle": reply.undo_handle, "record_no": reply.record_no} if reply else {}
        return asked(self.adapter(), QueryCall(number, self.platform, self.shop, coupon.handle, count=count, **known))

    def undo(self, coupon, reply=None, count: int = 1, adapter=None, number: str = NUMBER):
        known = {"undo_handle": reply.undo_handle, "record_no": reply.record_no} if reply else {}
        call = UndoCall(number, self.platform, self.shop, coupon.handle, count=count, operator="0007", **known)
        return asked(adapter or self.adapter(), call)

    def elsewhere(self, voucher: Voucher) -> None:
        """Somebody redeems it in the merchant's own app."""
        self.server.books.redeem("elsewhere", voucher, self.clock.wall_ms(), "the app", way=2)

    def expire_tokens(self) -> None:
        self.server.expire_tokens()


def asked(adapter, call):
    """The one answer to a call."""
    replies = []
    adapter.call(call, replies.append)
    assert len(replies) == 1
    return replies[0]


class DouyinBench(Bench):
    platform = "douyin"
    shop = douyin_server.POI
    server_class = douyin_server.Douyin
    plan = DOUYIN
    retired = (2119010, "接口已下线")
    unauthorised = (1508, "门店未授权")
    busy = (2119003, "服务繁忙")
    malformed = (2100005, "参数不合法")
    secrets = (douyin_server.SECRET, "clt.secret-token")

    def dialect(self, limits: Limits):
        told = {"base": self.server.address, "link_origins": (self.server.address,)}
        credentials = DouyinCredentials(**{"client_key": douyin_server.KEY, "client_secret": self.secret, **told})
        return Douyin(credentials, self.tokens, provided_table(), self.clock, limits)

    secret = douyin_server.SECRET
    unrenewed = (2190002, "client_secret错误")

    def wrong_secret(self) -> None:
        self.secret = "of somebody else"
        self.expire_tokens()
        self.tokens = TokenFile(self.tokens._path.with_name("none"))
        self._made.clear()

    def number_in(self, asked: dict) -> str:
        return asked["verify_token"]


class MeituanBench(Bench):
    """What dining and services share."""

    platform = "meituan"
    shop = meituan_server.SHOP
    digits = 12
    retired = ("OP_API_OFFLINE", "接口已停用")
    unauthorised = ("OP_NO_AUTH", "门店未授权")
    busy = ("OP_BUSY", "系统繁忙，请稍后再试")
    malformed = ("OP_PARAM_ERROR", "参数错误")
    unrenewed = ("OP_TOKEN_EXPIRED", "refreshToken授权已过期")
    secrets = (meituan_server.KEY, "secret-access", "secret-refresh")
    key = meituan_server.KEY

    def credentials(self) -> MeituanCredentials:
        told = {meituan_server.SHOP: ShopToken("secret-access-0", "secret-refresh-0")}
        return MeituanCredentials(meituan_server.DEVELOPER, self.key, told, self.server.address)

    def wrong_secret(self) -> None:
        self.key = "of somebody else"
        self._made.clear()

    def number_in(self, asked: dict) -> str:
        return asked["requestId"]


class DiningBench(MeituanBench):
    server_class = meituan_server.Dining

    def dialect(self, limits: Limits):
        return MeituanDining(self.credentials(), self.tokens, provided_table(), self.clock, limits)


class ServicesBench(MeituanBench):
    server_class = services_server.Services
    tells_undoable = False

    def dialect(self, limits: Limits):
        gateway = Gateway("meituan", 58, self.credentials(), self.tokens, provided_table(), self.clock, limits)
        return MeituanServices("meituan", MeituanDoor(gateway))

    def number_in(self, asked: dict) -> str:
        return asked["requestid"]


class DianpingBench(ServicesBench):
    platform = "dianping"
    server_class = services_server.Dianping
    key = services_server.SECRET
    secrets = (services_server.SECRET, "secret-access", "secret-refresh")
    sign_method = "MD5"

    def dialect(self, limits: Limits):
        told = DianpingCredentials(
            services_server.APP, self.key, "secret-access-0", "secret-refresh-0", self.sign_method, self.server.address
        )
        return MeituanServices("dianping", DianpingDoor(told, self.tokens, provided_table(), self.clock, limits))


class DianpingHmacBench(DianpingBench):
    sign_method = "HMAC"


class AggregatorBench(Bench):
    platform = "meituan"
    shop = aggregator_server.BIND
    digits = 12
    server_class = aggregator_server.Aggregator
    retired = ("99000001", "接口已停用")
    unauthorised = ("22000002", "门店未授权")
    busy = ("98888888", "系统繁忙，请稍后重试")
    malformed = ("10000000", "参数错误")
    has_tokens = False
    secrets = ("PRIVATE KEY",)

    def dialect(self, limits: Limits):
        keys = aggregator_server.private_pem(self.server.callers), aggregator_server.public_pem(self.server.own)
        told = aggregator_server.SYSTEM, aggregator_server.PRODUCT, aggregator_server.MERCHANT
        return Aggregator(AggregatorCredentials(*told, *keys, self.server.address), self.clock, limits)

    def wrong_secret(self) -> None:
        self._made.clear()
        credentials = AggregatorCredentials(
            aggregator_server.SYSTEM,
            aggregator_server.PRODUCT,
            aggregator_server.MERCHANT,
            aggregator_server.private_pem(self.server.own),
            aggregator_server.public_pem(self.server.own),
            self.server.address,
        )
        self._made[PATIENT] = Adapter(Aggregator(credentials, self.clock), provided_table(), self.clock, self.plan)

    def number_in(self, asked: dict) -> str:
        return asked["req_seq_id"] + asked["req_date"]


BENCHES = (DouyinBench, DiningBench, ServicesBench, DianpingBench, AggregatorBench)
