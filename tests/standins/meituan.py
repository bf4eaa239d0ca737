"""Stand-ins for Meituan's open platform: dining and services behind the same signed door, with a token for each shop."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from tests.standins.books import Voucher
from tests.standins.server import SKEW_MAX_MS, Refused, Standin

DEVELOPER, KEY, SHOP = "100344", "demo-sign-key-of-meituan", "mt-shop-118746077"
WORDS = {"used": "券码已使用", "refunded": "券码已退款", "expired": "券码已过期", "frozen": "券码已冻结"}
ORDER_ID = "4926962768587886220"


def beijing(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M:%S")


def sign(key: str, form: dict[str, str]) -> str:
    text = key + "".join(name + form[name] for name in sorted(form) if name != "sign" and form[name] != "")
    return hashlib.sha1(text.encode()).hexdigest()


class Meituan(Standin):
    """The door; the businesses below."""

    BUSINESS = "0"

    def reset(self, clock) -> None:
        super().reset(clock)
        self.renewals = 0
        self.access, self.refresh = "secret-access-0", "secret-refresh-0"
        self.expired = False

    def expire_tokens(self) -> None:
        self.expired = True

    async def parse(self, request: Request) -> dict:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if form.get("developerId") != DEVELOPER or form.get("sign") != sign(KEY, form):
            raise Refused("OP_SIGN_ERROR", "签名错误")
        if abs(int(form["timestamp"]) * 1000 - self.clock.wall_ms()) > SKEW_MAX_MS:
            raise Refused("OP_TIMESTAMP_ERROR", "时间戳超出范围")
        if (form["businessId"], form["version"], form["charset"]) != (self.BUSINESS, "2", "UTF-8"):
            raise Refused("OP_PARAM_ERROR", "参数错误")
        if request.url.path == "/oauth/refresh":
            return form
        if form["appAuthToken"] != self.access or self.expired:
            raise Refused("OP_TOKEN_EXPIRED", "授权token已过期")
        return json.loads(form["biz"])

    def do(self, name: str, asked: dict):
        return getattr(self, f"_{name}")(asked)

    def _token(self, asked: dict):
        if (asked["grantType"], asked["refreshToken"]) != ("refresh_token", self.refresh):
            raise Refused("OP_TOKEN_EXPIRED", "refreshToken授权已过期")
        self.renewals += 1
        self.expired = False
        self.access, self.refresh = f"secret-access-{self.renewals}", f"secret-refresh-{self.renewals}"
        return {"accessToken": self.access, "refreshToken": self.refresh, "expireIn": 2_592_000, "scope": "all"}

    def yes(self, name: str, payload) -> object:
        return {"code": "OP_SUCCESS", "msg": "成功", "data": payload, "traceId": "-12345"}

    def no(self, name: str, refused: Refused) -> object:
        return {"code": str(refused.code), "msg": refused.words, "traceId": "-12345"}

    def usable(self, code: str) -> Voucher:
        voucher = self.books.vouchers.get(code)
        if voucher is None:
            raise Refused(1009, "券码不存在")
        if voucher.state != "unused":
            raise Refused(1001, WORDS[voucher.state])
        return voucher

    def take(self, number: str, code: str, count: int, account: str) -> list[Voucher]:
        """Redeem so many of the order of this code, all or none."""
        first = self.usable(code)
        rest = [each for each in self.books.of_order(first.order) if each.state == "unused" and each is not first]
        chosen = [first, *rest][:count]
        if first.kind == "times":
            chosen = [first] * count
            if count > first.times - first.times_used:
                raise Refused(1017, "次数不足")
        if len(chosen) < count:
            raise Refused(1011, "超过可用数量")
        for each in chosen:
            self.books.redeem(number, each, self.clock.wall_ms(), account)
        return chosen

    def give_back(self, voucher: Voucher | None) -> None:
        if voucher is None or not voucher.used_by:
            raise Refused(1020, "券码未使用")
        if not voucher.undoable:
            raise Refused(1021, "超过可撤销时间")
        self.books.give_back(voucher)

    def payments(self, voucher: Voucher, names: tuple[str, str, str]) -> list[dict]:
        """Of the whole order, however many of it are asked for: 9.00 of a voucher's price are promotions."""
        count = len(self.books.of_order(voucher.order))
        parts = ((10, voucher.paid_fen), (15, 400), (17, voucher.price_fen - voucher.paid_fen - 400))
        return [
            dict(zip(names, (f"{voucher.order}-{kind}", f"{fen * count / 100:.2f}", kind), strict=True))
            for kind, fen in parts
        ]


class Dining(Meituan):
    BUSINESS = "1"
    PATHS: ClassVar = {
        "/oauth/refresh": ("POST", "token"),
        "/tuangou/coupon/prepare": ("POST", "prepare"),
        "/tuangou/ng/coupon/msprepare": ("POST", "scan"),
        "/tuangou/coupon/consume": ("POST", "consume"),
        "/tuangou/coupon/queryById": ("POST", "query"),
        "/tuangou/coupon/cancel": ("POST", "undo"),
    }

    def no(self, name: str, refused: Refused) -> object:
        if isinstance(refused.code, int):  # the business says no behind a gateway that said yes
            return self.yes(name, {"result": refused.code, "message": refused.words})
        return super().no(name, refused)

    def _scan(self, asked: dict):
        return self._prepare({"couponCode": asked["code"].rsplit("/", 1)[-1]})

    def _prepare(self, asked: dict):
        voucher = self.usable(asked["couponCode"])
        count = sum(1 for each in self.books.of_order(voucher.order) if each.state == "unused")
        return {
            "result": 0,
            "message": "",
            "couponCode": voucher.code,
            "dealId": int(voucher.deal),
            "dealTitle": voucher.title,
            "rawTitle": voucher.title,
            "dealValue": voucher.value_fen / 100,
            "dealPrice": voucher.price_fen / 100,
            "couponBuyPrice": voucher.paid_fen / 100 if voucher.paid_fen else -1,
            "dealBeginTime": "2026-01-01 00:00:00",
            "couponEndTime": "2026-12-31 23:59:59",
            "count": count,
            "minConsume": voucher.min_count,
            "singleValue": voucher.value_fen / 100,
            "volume": 0,
            "isVoucher": voucher.kind == "cash",
            "dealMenu": [
                [
                    {"content": "主食", "type": "0"},
                    {"content": "牛肉面", "specification": "2份", "price": "30.00", "type": "128"},
                    {"content": "酸梅汤", "specification": "1杯", "price": "8.00", "type": "128"},
                ]
            ],
        }

    def _consume(self, asked: dict):
        number = asked["requestId"]
        if len(asked["eId"]) > 32 or len(asked["eName"]) > 32 or not 1 <= asked["count"] <= 100 or not asked["eName"]:
            raise Refused(1000, "参数不合法")
        if number in self.books.answered:
            return self.books.answered[number]
        chosen = self.take(number, asked["couponCode"], asked["count"], asked["eId"])
        first = chosen[0]
        self.books.answered[number] = {
            "result": 0,
            "message": "",
            "couponCodes": [each.code for each in chosen],
            "dealId": int(first.deal),
            "dealTitle": first.title,
            "dealValue": first.value_fen / 100,
            "orderId": ORDER_ID,
            "poiid": 118746077,
            "paymentDetail": self.payments(first, ("id", "amount", "amountType")) * len(chosen),
        }
        return self.books.answered[number]

    def _query(self, asked: dict):
        voucher = self.books.vouchers[asked["couponCode"]]
        used = bool(voucher.used_by)
        return {
            "couponCode": voucher.code,
            "couponStatusDesc": "已使用" if used else "未使用",
            "couponUseTime": beijing(voucher.used_at_ms) if used else "",
            "couponCancelStatus": int(used and voucher.undoable),
            "verifyAcct": voucher.account,
            "verifyType": "开放平台api验证" if voucher.way == 4 else "商家App验证",
            "dealId": int(voucher.deal),
            "dealTitle": voucher.title,
            "isVoucher": voucher.kind == "cash",
        }

    def _undo(self, asked: dict):
        assert asked["type"] == 1
        self.give_back(self.books.vouchers.get(asked["couponCode"]))
        return {"result": 0, "message": "撤销成功"}
