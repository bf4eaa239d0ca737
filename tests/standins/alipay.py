"""A stand-in for Alipay's gateway: `alipay.trade.*` behind RSA2, books of its own."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import Response

from tests.standins.pay_books import Back, Trade
from tests.standins.pay_server import PayStandin
from tests.standins.server import SKEW_MAX_MS, Fault, Refused

APP_ID, APP_TOKEN = "2014072300007148", "201510BBb507dc9f5efe41a0b98ae22f01519X62"
BUYER, LOGON = "2088101117955611", "159****5620"
METHODS = {
    "alipay.trade.pay": "pay", "alipay.trade.query": "query", "alipay.trade.cancel": "reverse",
    "alipay.trade.refund": "refund", "alipay.trade.fastpay.refund.query": "refund_query",
}  # fmt: skip
STATES = {"paid": "TRADE_SUCCESS", "paying": "WAIT_BUYER_PAY", "closed": "TRADE_CLOSED", "revoked": "TRADE_CLOSED"}
DAY_MS = 86_400_000


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


class AlipayGateway(PayStandin):
    CHANNEL = "alipay"
    PATHS: ClassVar = {"/gateway.do": ("POST", "")}
    TOKEN = ""

    def __init__(self) -> None:
        super().__init__()
        self.own = generate_private_key(65537, 2048)
        self.callers = generate_private_key(65537, 2048)
        self.strangers = generate_private_key(65537, 2048)
        self.certificates: dict[str, str] = {}

    def reset(self, clock) -> None:
        super().reset(clock)
        self.wants_recall = False

    def name_of(self, request: Request, name: str) -> str:
        return METHODS.get(request.query_params.get("method", ""), "")

    async def parse(self, request: Request) -> dict:
        self.addresses.append(str(request.url))
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, strict_parsing=True))
        told = {**dict(request.query_params), **form}
        sign = told.pop("sign", "")
        words = "&".join(f"{name}={told[name]}" for name in sorted(told))
        try:
            self.callers.public_key().verify(base64.b64decode(sign), words.encode(), PKCS1v15(), SHA256())
        except InvalidSignature as wrong:
            raise Refused("isv.invalid-signature", "无效签名") from wrong
        fixed = (told["app_id"], told["sign_type"], told["charset"], told["version"], told.get("app_auth_token", ""))
        if fixed != (APP_ID, "RSA2", "utf-8", "1.0", self.TOKEN):
            raise Refused("isv.invalid-app-id", "无效的AppID参数")
        for name, value in self.certificates.items():
            if told.get(name) != value:
                raise Refused("isv.app-cert-sn", "证书序列号错误")
        at = datetime.strptime(told["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone(timedelta(hours=8)))
        if abs(at.astimezone(UTC).timestamp() * 1000 - self.clock.wall_ms()) > SKEW_MAX_MS:
            raise Refused("isv.invalid-timestamp", "非法的时间戳参数")
        return {"method": told["method"], **json.loads(told["biz_content"])}

    def do(self, name: str, asked: dict):
        return asked["method"], getattr(self, f"_{name}")(asked)

    def yes(self, name: str, payload) -> object:
        method, told = payload
        return method, {"code": told.pop("code", "10000"), "msg": "Success", **told}

    def no(self, name: str, refused: Refused) -> object:
        sub_code = str(refused.code)
        code = "20000" if "SYSTEM_ERROR" in sub_code and sub_code.startswith("aop.") else "40004"
        if sub_code.startswith("isv."):
            code = "40002"
        if sub_code.isdigit():
            code, sub_code = sub_code, "isp.unknow-error"
        method = next((method for method, each in METHODS.items() if each == name), "error")
        return method, {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": refused.words}

    def answered(self, answer, fault: Fault) -> Response:
        method, told = answer
        words = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        key = self.strangers if fault.how == "forged" else self.own
        sign = base64.b64encode(key.sign(words.encode(), PKCS1v15(), SHA256())).decode()
        if fault.how == "tampered":
            words = words.replace('"10003"', '"10000"') if '"10003"' in words else words.replace('"msg"', '"msg" ')
        node = method.replace(".", "_") + "_response"
        tail = "" if fault.how == "unsigned" else f',"sign":"{sign}"'
        return Response(f'{{"{node}":{words}{tail}}}'.encode(), media_type="text/html;charset=utf-8")

    def wrong_types(self, answer) -> object:
        return answer[0], super().wrong_types(answer[1])

    # --- calls ---

    def _pay(self, asked: dict):
        code = asked["auth_code"]
        if asked["scene"] != "bar_code" or asked["product_code"] != "FACE_TO_FACE_PAYMENT":
            raise Refused("ACQ.INVALID_PARAMETER", "参数无效")
        if not re.fullmatch(r"\d{1,9}\.\d{2}", asked["total_amount"]) or not 0 < len(asked["subject"]) <= 256:
            raise Refused("ACQ.INVALID_PARAMETER", "参数无效")
        if not re.fullmatch(r"(2[5-9]|30)\d{14,22}", code):
            raise Refused("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付授权码无效")
        fen = int(asked["total_amount"].replace(".", ""))
        known = self.books.trades.get(asked["out_trade_no"])
        if known is None:
            if any(each.code == code for each in self.books.trades.values()):
                raise Refused("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付授权码无效")
            known = self.books.open(
                Trade(asked["out_trade_no"], fen, code, self.number("2026"), self.first_state(), self.clock.wall_ms())
            )
            return self._told(known)
        if known.fen != fen:
            raise Refused("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        if known.state == "paid":
            raise Refused("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        if known.state in ("closed", "revoked"):
            raise Refused("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        return self._told(known)

    def _query(self, asked: dict):
        trade = self._trade(asked)
        told = self._told(trade)
        told.pop("code", None)
        return told | {"trade_status": "TRADE_CLOSED" if self._is_back(trade) else STATES[trade.state]}

    def _is_back(self, trade: Trade) -> bool:
        return trade.state == "paid" and self.books.given_fen(trade.order_no) == trade.fen

    def _reverse(self, asked: dict):
        trade = self.books.trades.get(asked["out_trade_no"])
        told = {"out_trade_no": asked["out_trade_no"], "retry_flag": "N"}
        if trade is None:
            return told
        if self.wants_recall:
            self.wants_recall = False
            return told | {"retry_flag": "Y"}
        if trade.state == "paid":
            if self.clock.wall_ms() - trade.at_ms > DAY_MS:
                raise Refused("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围")
            if self.books.given_fen(trade.order_no):
                raise Refused("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
            self.books.settle(trade.order_no, "revoked")
        elif trade.state == "paying":
            self.books.settle(trade.order_no, "closed")
        return told | {"action": "refund" if trade.state == "revoked" else "close", "trade_no": trade.number}

    def _refund(self, asked: dict):
        trade = self._trade(asked)
        fen = int(asked["refund_amount"].replace(".", ""))
        assert re.fullmatch(r"\d{1,9}\.\d{2}", asked["refund_amount"])
        known = self.books.backs.get(asked["out_request_no"])
        if known is not None and known.fen != fen:
            raise Refused("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
        if known is None:
            if trade.state != "paid":
                raise Refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
            if self.books.given_fen(trade.order_no) + fen > trade.fen:
                raise Refused("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
            self.books.give_back(Back(asked["out_request_no"], trade.order_no, fen, trade.number, "done"))
        return {
            "out_trade_no": trade.order_no, "trade_no": trade.number, "buyer_logon_id": LOGON, "buyer_user_id": BUYER,
            "fund_change": "Y" if known is None else "N", "refund_fee": yuan(self.books.given_fen(trade.order_no)),
        }  # fmt: skip

    def _refund_query(self, asked: dict):
        trade = self._trade(asked)
        back = self.books.backs.get(asked["out_request_no"])
        if back is None or back.state == "closed":
            return {}
        return {
            "out_trade_no": trade.order_no, "trade_no": trade.number, "out_request_no": back.refund_no,
            "refund_amount": yuan(back.fen), "total_amount": yuan(trade.fen), "refund_status": "REFUND_SUCCESS",
        }  # fmt: skip

    def customer_ends(self, order_no: str, pays: bool) -> None:
        self.books.settle(order_no, "paid" if pays else "closed", self.clock.wall_ms())

    def _trade(self, asked: dict) -> Trade:
        trade = self.books.trades.get(asked["out_trade_no"])
        if trade is None:
            raise Refused("ACQ.TRADE_NOT_EXIST", "交易不存在")
        return trade

    def _told(self, trade: Trade) -> dict:
        told = {"out_trade_no": trade.order_no, "trade_no": trade.number, "total_amount": yuan(trade.fen)}
        if trade.state == "paying":
            return {"code": "10003", **told, "buyer_logon_id": LOGON}
        return told | {
            "receipt_amount": yuan(trade.fen), "buyer_pay_amount": yuan(trade.fen), "buyer_logon_id": LOGON,
            "buyer_user_id": BUYER, "store_name": "便利店}（一号{店", "gmt_payment": "2026-11-22 18:00:00",
        }  # fmt: skip


class AlipayAuthorised(AlipayGateway):
    """The same for an application a merchant has authorised."""

    TOKEN = APP_TOKEN
