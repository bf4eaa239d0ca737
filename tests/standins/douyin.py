"""A stand-in for Douyin's open platform: tokens, prepare and verify in pairs, undo within an hour, and its short links."""

import hashlib
import json
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standins.books import Voucher
from tests.standins.server import Refused, Standin

KEY, SECRET, ACCOUNT = "awdemokey01", "demo-secret-of-douyin-7f3a", "7300000000001"
POI = "6601248937917548558"
HOUR_MS = 3_600_000
SHORT_MS = 3_000  # "短时间内的幂等": so long a verify_token is told alike; afterwards 1208
TYPES = {"package": 1, "cash": 2, "times": 3}
STATES = {"expired": (2190001, "券已过期"), "refunded": (2190001, "券已退款"), "frozen": (2190001, "券退款中")}


class Douyin(Standin):
    PATHS: ClassVar = {
        "/oauth/client_token/": ("POST", "token"),
        "/goodlife/v1/fulfilment/certificate/prepare/": ("GET", "prepare"),
        "/goodlife/v1/fulfilment/certificate/verify/": ("POST", "consume"),
        "/goodlife/v1/fulfilment/certificate/get/": ("GET", "query"),
        "/goodlife/v1/fulfilment/certificate/cancel/": ("POST", "undo"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._server.config.app.routes.append(Route("/s/{name}", self._link))

    def reset(self, clock) -> None:
        super().reset(clock)
        self.links: dict[str, str] = {}
        self.opened: list[str] = []
        self.tokens: dict[str, int] = {}
        self.handed_out = 0
        self.prepared: dict[str, str] = {}  # encrypted code -> code
        self.pairs: dict[str, set[str]] = {}  # verify token -> encrypted codes
        self.verified: dict[str, tuple[str, str]] = {}  # verify id -> (code, verify token)

    async def _link(self, request: Request) -> Response:
        self.opened.append(request.url.path)
        target = self.links[request.path_params["name"]]
        return Response("", 302, {"location": target}) if target else Response("page")

    async def parse(self, request: Request) -> dict:
        asked = dict(request.query_params)
        if request.method == "POST":
            asked = json.loads(await request.body())
        if request.url.path.endswith("client_token/"):
            if (asked["client_key"], asked["client_secret"], asked["grant_type"]) != (KEY, SECRET, "client_credential"):
                raise Refused(10013, "client_secret错误")
            return asked
        if self.tokens.get(request.headers.get("access-token", ""), 0) <= self.clock.wall_ms():
            raise Refused(2190008, "access_token过期")
        return asked

    def expire_tokens(self) -> None:
        self.tokens = dict.fromkeys(self.tokens, 0)

    def do(self, name: str, asked: dict):
        return getattr(self, f"_{name}")(asked)

    def _token(self, _asked: dict):
        self.handed_out += 1
        token = f"clt.secret-token-{self.handed_out}"
        self.tokens[token] = self.clock.wall_ms() + 7_200_000
        return {"access_token": token, "expires_in": 7200, "description": ""}

    def _prepare(self, asked: dict):
        if asked["poi_id"] != POI:
            raise Refused(3000002, "券不可用于该门店")
        code = asked.get("code") or asked.get("encrypted_data", "").removeprefix("obj-")
        voucher = self.books.vouchers.get(code)
        if voucher is None:
            raise Refused(1212, "券码不存在")
        if voucher.state == "used":
            raise Refused(2190001, "券已核销")
        if voucher.state in STATES:
            raise Refused(*STATES[voucher.state])
        usable = [each for each in self.books.of_order(voucher.order) if each.state == "unused"]
        token = f"vt-{len(self.pairs)}"
        encrypted = {
            f"CgYI{token}{hashlib.sha256((each.code + token).encode()).hexdigest()[:40]}": each for each in usable
        }
        self.prepared |= {secret: each.code for secret, each in encrypted.items()}
        self.pairs[token] = set(encrypted)
        return {
            "verify_token": token,
            "order_id": voucher.order,
            "certificates": [_certificate(secret, each) for secret, each in encrypted.items()],
        }

    def _consume(self, asked: dict):
        token, codes = asked["verify_token"], asked["encrypted_codes"]
        if token not in self.pairs or not set(codes) <= self.pairs[token]:
            raise Refused(2100005, "参数不合法")
        vouchers = [self.books.vouchers[self.prepared[code]] for code in codes]
        same = (token, tuple(codes))
        told, at_ms = self.books.answered.get(same, (None, 0))
        if told is not None and self.clock.wall_ms() < at_ms + SHORT_MS:
            return told
        results = [self._verify(token, code, voucher) for code, voucher in zip(codes, vouchers, strict=True)]
        self.books.answered[same] = ({"verify_results": results}, self.clock.wall_ms())
        return {"verify_results": results}

    def _verify(self, token: str, code: str, voucher: Voucher):
        if voucher.state == "used":
            result = 1208 if voucher.used_by == token else 2
            return {"result": result, "msg": "券已核销", "code": code}
        if voucher.state != "unused":
            return {"result": 1250, "msg": "券已失效", "code": code}
        self.books.redeem(token, voucher, self.clock.wall_ms())
        verify_id = f"vid{len(self.verified)}"
        self.verified[verify_id] = (voucher.code, token)
        return {
            "result": 0,
            "msg": "success",
            "code": code,
            "verify_id": verify_id,
            "certificate_id": _id(voucher),
            "origin_code": voucher.code,
        }

    def _query(self, asked: dict):
        voucher = self.books.vouchers[self.prepared[asked["encrypted_code"]]]
        certificate = {"encrypted_code": asked["encrypted_code"], "status": 2 if voucher.state == "used" else 1}
        if voucher.used_by:
            last = [key for key, (code, _token) in self.verified.items() if code == voucher.code]
            certificate["verify"] = {
                "can_cancel": self._in_time(voucher),
                "certificate_id": _id(voucher),
                "verify_id": last[-1] if last and voucher.way == 4 else "vid-of-the-app",
                "verify_time": voucher.used_at_ms // 1000,
                "verify_type": voucher.way,
            }
        return {"certificate": certificate}

    def _in_time(self, voucher: Voucher) -> bool:
        return voucher.undoable and self.clock.wall_ms() < voucher.used_at_ms + HOUR_MS

    def _undo(self, asked: dict):
        code, _token = self.verified[asked["verify_id"]]
        voucher = self.books.vouchers[code]
        assert _id(voucher) == asked["certificate_id"]
        if not voucher.used_by:
            raise Refused(2190006, "券未核销")
        if not voucher.undoable:
            raise Refused(2190006, "该券不可撤销")
        if not self._in_time(voucher):
            raise Refused(2190006, "超过可撤销时间")
        self.books.give_back(voucher)
        return {}

    def yes(self, name: str, payload) -> object:
        return {"data": {"error_code": 0, "description": "success", **payload}, "extra": _extra(0)}

    def no(self, name: str, refused: Refused) -> object:
        return {
            "data": {"error_code": refused.code, "description": refused.words},
            "extra": _extra(refused.code, refused.words),
        }


def _extra(code, words: str = "") -> dict:
    return {
        "error_code": code,
        "description": words,
        "sub_error_code": 0,
        "sub_description": "",
        "logid": "2026AB",
        "now": 1,
    }


def _id(voucher: Voucher) -> str:
    return "7" + voucher.code


def _certificate(secret: str, voucher: Voucher) -> dict:
    return {
        "encrypted_code": secret,
        "certificate_id": int(_id(voucher)),
        "expire_time": 1_900_000_000,
        "sku": {
            "sku_id": voucher.deal,
            "title": voucher.title,
            "groupon_type": TYPES[voucher.kind],
            "market_price": voucher.value_fen,
            "sold_start_time": 1_700_000_000,
            "account_id": ACCOUNT,
        },
        "amount": {
            "original_amount": voucher.price_fen,
            "pay_amount": voucher.paid_fen,
            "merchant_ticket_amount": 500,
            "payment_discount_amount": 400,
            "coupon_pay_amount": voucher.paid_fen + 400,
        },
        **(
            {"time_card": {"times_count": voucher.times, "times_used": voucher.times_used}}
            if voucher.kind == "times"
            else {}
        ),
    }
