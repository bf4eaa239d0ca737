"""Stand-ins for Meituan's services and for Dianping: one business behind two doors."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from typing import ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from fleet.vouchers.adapters.meituan_services import camel
from tests.standins.books import Voucher
from tests.standins.meituan import ORDER_ID, SHOP, Meituan, beijing
from tests.standins.server import SKEW_MAX_MS, Refused

APP, SECRET = "1000082", "demo-app-secret-of-dianping"
NAMES = {
    "prepare": "prepare",
    "scanprepare": "scan",
    "consume": "consume",
    "batchconsume": "consume",
    "getconsumed": "query",
    "reverseconsume": "undo",
    "batch/reverseconsume": "undo",
}


class Business(Meituan):
    """What both doors lead to; names as Dianping writes them."""

    def _scan(self, asked: dict):
        return [self._prepare({"receipt_code": asked["qr_code"].rsplit("/", 1)[-1]})]

    def _prepare(self, asked: dict):
        voucher = self.usable(asked["receipt_code"])
        count = sum(1 for each in self.books.of_order(voucher.order) if each.state == "unused")
        return {
            **_told(voucher),
            "count": voucher.times - voucher.times_used if voucher.kind == "times" else count,
            "receipt_end_date": "2026-12-31 23:59:59",
            "payment_detail": self._payments(voucher),
        }

    def _payments(self, voucher: Voucher):
        return self.payments(voucher, ("payment_detail_id", "amount", "amount_type"))

    def _consume(self, asked: dict):
        number = asked["requestid"]
        if not number or len(asked["app_shop_account"]) > 32 or not asked["app_shop_accountname"]:
            raise Refused(1000, "参数不合法")
        if number in self.books.answered:
            return self.books.answered[number]
        if "receipt_code_infos" in asked:
            info = json.loads(asked["receipt_code_infos"])[0]
            chosen = self.take(number, info["receipt_code"], info["count"], asked["app_shop_account"])
            told = [{**_told(each), "order_id": ORDER_ID} for each in chosen]
            answer = [{"single_consume_code": 200, "single_consume_msg": "", "consume_detail_list": told}]
        else:
            chosen = self.take(number, asked["receipt_code"], int(asked["count"]), asked["app_shop_account"])
            answer = [{**_told(each), "order_id": ORDER_ID, "payment_detail": self._payments(each)} for each in chosen]
        self.books.answered[number] = answer
        return answer

    def _query(self, asked: dict):
        voucher = self.books.vouchers[asked["receipt_code"]]
        if not voucher.used_by:
            raise Refused(1012, "该券未消费")
        return {
            **_told(voucher),
            "verify_account": voucher.account,
            "verify_channel": "15" if voucher.way == 4 else "2",
            "verify_time": beijing(voucher.used_at_ms),
        }

    def _undo(self, asked: dict):
        if "receipt_code_infos" in asked:
            info = json.loads(asked["receipt_code_infos"])[0]
            code, count = info["receipt_code"], info["count"]
        else:
            code, count = asked["receipt_code"], 1
            assert asked["app_deal_id"] == self.books.vouchers[code].deal
        number = self.books.vouchers[code].used_by
        for _use in range(count):
            voucher = self.books.vouchers[code]
            voucher.used_by = voucher.used_by or (number if voucher.kind == "times" and voucher.times_used else "")
            self.give_back(voucher)
        return []


class Services(Business):
    """Behind Meituan's door: business 58, names like `receiptCode`."""

    BUSINESS = "58"
    PATHS: ClassVar = {
        "/oauth/refresh": ("POST", "token"),
        **{f"/ddzh/tuangou/receipt/{path}": ("POST", name) for path, name in NAMES.items()},
    }

    async def parse(self, request: Request) -> dict:
        asked = await super().parse(request)
        names = {"requestId": "requestid", "appShopAccountName": "app_shop_accountname", "dealId": "app_deal_id"}
        known = ("receipt_code", "qr_code", "count", "app_shop_account", "receipt_code_infos")
        names |= {camel(name): name for name in known}
        return {names.get(name, name): value for name, value in asked.items()}

    def yes(self, name: str, payload) -> object:
        return super().yes(name, payload if name == "token" else {"result": _cameled(payload)})


class Dianping(Business):
    """Behind Dianping's own door."""

    METHOD = "MD5"
    PATHS: ClassVar = {
        "/router/oauth/token": ("POST", "token"),
        **{
            f"/router/tuangou/receipt/{path}": ("GET" if path == "getconsumed" else "POST", name)
            for path, name in NAMES.items()
        },
    }

    async def parse(self, request: Request) -> dict:
        words = request.url.query if request.method == "GET" else (await request.body()).decode()
        form = dict(parse_qsl(words, keep_blank_values=True))
        if request.url.path == "/router/oauth/token":
            if (form["app_key"], form["app_secret"]) != (APP, SECRET):
                raise Refused(601, "app_secret错误")
            return {"grantType": form["grant_type"], "refreshToken": form["refresh_token"]}
        if form.get("sign", "").lower() != dianping_sign(SECRET, form):
            raise Refused(602, "签名错误")
        moment = datetime.strptime(form["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone(timedelta(hours=8)))
        if abs(moment.timestamp() * 1000 - self.clock.wall_ms()) > SKEW_MAX_MS:
            raise Refused(603, "时间戳超出范围")
        if form["session"] != self.access or self.expired:
            raise Refused(608, "session授权已过期")
        if form["open_shop_uuid"] != SHOP:
            raise Refused(609, "门店未授权")
        return form

    def yes(self, name: str, payload) -> object:
        if name == "token":
            told = {"access_token": payload["accessToken"], "refresh_token": payload["refreshToken"]}
            return {"code": 200, "msg": "success", "expires_in": 2_592_000, "remain_refresh_count": 11, **told}
        return {"code": 200, "msg": "success", "data": payload}

    def no(self, name: str, refused: Refused) -> object:
        return {"code": refused.code, "msg": refused.words}


def dianping_sign(secret: str, form: dict[str, str]) -> str:
    text = "".join(name + form[name] for name in sorted(form) if name != "sign" and form[name] != "")
    if form["sign_method"] == "HMAC":
        return hmac.new(secret.encode(), text.encode(), hashlib.md5).hexdigest()
    return hashlib.md5((secret + text + secret).encode()).hexdigest()


def _told(voucher: Voucher) -> dict:
    return {
        "receipt_code": voucher.code,
        "deal_id": int(voucher.deal),
        "dealgroup_id": 794479306,
        "deal_title": voucher.title,
        "deal_price": voucher.price_fen / 100,
        "deal_marketprice": voucher.value_fen / 100,
        "biz_type": 205 if voucher.kind == "times" else 0,
        "mobile": "185****1212",
    }


def _cameled(value):
    if isinstance(value, list):
        return [_cameled(each) for each in value]
    if isinstance(value, dict):
        own = {"deal_marketprice": "dealMarketPrice"}
        return {own.get(name, camel(name)): _cameled(each) for name, each in value.items()}
    return value
