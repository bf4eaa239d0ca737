"""A stand-in for WeChat Pay's API v3: code payment, query, reversal, refunds; RSA both ways, books of its own."""

import base64
import json
import re
import time
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import Response

from tests.standins.pay_books import Back, Trade
from tests.standins.pay_server import PayStandin
from tests.standins.server import Fault, Refused

MCHID, APPID, SERIAL = "1900000109", "wxd678efh567hg6787", "444F4864EA9B34415A1D"
PUBLIC_ID = "PUB_KEY_ID_0119000001092024"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
STATUS = {
    "PARAM_ERROR": 400, "INVALID_REQUEST": 400, "SIGN_ERROR": 401, "ORDER_NOT_EXIST": 404, "RESOURCE_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429, "SYSTEM_ERROR": 500, "BANK_ERROR": 500,
}  # fmt: skip
STATES = {"paid": "SUCCESS", "paying": "USERPAYING", "failed": "PAYERROR", "closed": "CLOSED", "revoked": "REVOKED"}
REVERSIBLE_DAYS = 7
DAY_MS = 86_400_000


class WeChatPay(PayStandin):
    CHANNEL = "wechat"
    PATHS: ClassVar = {
        "/v3/pay/transactions/codepay": ("POST", "pay"),
        "/v3/pay/transactions/out-trade-no/{out_trade_no}": ("GET", "query"),
        "/v3/pay/transactions/out-trade-no/{out_trade_no}/reverse": ("POST", "reverse"),
        "/v3/refund/domestic/refunds": ("POST", "refund"),
        "/v3/refund/domestic/refunds/{out_refund_no}": ("GET", "refund_query"),
    }
    serial = PUBLIC_ID

    def __init__(self) -> None:
        super().__init__()
        self.own = generate_private_key(65537, 2048)
        self.callers = generate_private_key(65537, 2048)
        self.strangers = generate_private_key(65537, 2048)

    def reset(self, clock) -> None:
        super().reset(clock)
        self.nonces: set[str] = set()
        self.wants_recall = False

    async def parse(self, request: Request) -> dict:
        body = (await request.body()).decode()
        self.addresses.append(str(request.url))
        found = re.fullmatch(
            r'WECHATPAY2-SHA256-RSA2048 mchid="(\w+)",nonce_str="(\w{32})",signature="([\w+/=]+)",timestamp="(\d+)",'
            r'serial_no="(\w+)"',
            request.headers.get("authorization", ""),
        )
        if found is None or (found[1], found[5]) != (MCHID, SERIAL):
            raise Refused("SIGN_ERROR", "签名信息不完整")
        if abs(time.time() - int(found[4])) > 300 or found[2] in self.nonces:
            raise Refused("SIGN_ERROR", "请求已过期")
        self.nonces.add(found[2])
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        words = f"{request.method}\n{address}\n{found[4]}\n{found[2]}\n{body}\n"
        try:
            self.callers.public_key().verify(base64.b64decode(found[3]), words.encode(), PKCS1v15(), SHA256())
        except InvalidSignature as wrong:
            raise Refused("SIGN_ERROR", "签名验证失败") from wrong
        if request.headers.get("wechatpay-serial", "") != (PUBLIC_ID if self.serial == PUBLIC_ID else ""):
            raise Refused("PARAM_ERROR", "Wechatpay-Serial")
        asked = {**(json.loads(body) if body else {}), **request.path_params, **dict(request.query_params)}
        if not self.is_merchant(asked, request.url.path):
            raise Refused("PARAM_ERROR", "商户号与appid不匹配")
        return asked

    def is_merchant(self, asked: dict, path: str) -> bool:
        if path.startswith("/v3/refund"):
            return True
        return asked.get("mchid") == MCHID and asked.get("appid", APPID) == APPID

    def do(self, name: str, asked: dict):
        return getattr(self, f"_{name}")(asked)

    def yes(self, name: str, payload) -> object:
        return payload if isinstance(payload, tuple) else (200, payload)

    def no(self, name: str, refused: Refused) -> object:
        return STATUS.get(str(refused.code), 403), {"code": str(refused.code), "message": refused.words}

    def answered(self, answer, fault: Fault) -> Response:
        status, told = answer
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")) if told is not None else ""
        at = str((self.clock.wall_ms() - (3_600_000 if fault.how == "stale" else 0)) // 1000)
        nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
        key = self.strangers if fault.how == "forged" else self.own
        sign = base64.b64encode(key.sign(f"{at}\n{nonce}\n{body}\n".encode(), PKCS1v15(), SHA256())).decode()
        if fault.how == "tampered":
            body, nonce = body.replace("USERPAYING", "SUCCESS"), nonce[::-1]
        headers = {
            "wechatpay-timestamp": at, "wechatpay-nonce": nonce, "wechatpay-serial": self.serial,
            "wechatpay-signature": sign, "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        }  # fmt: skip
        return Response(
            body.encode(), status, {} if fault.how == "unsigned" else headers, media_type="application/json"
        )

    def wrong_types(self, answer) -> object:
        return answer[0], super().wrong_types(answer[1])

    # --- calls ---

    def _pay(self, asked: dict):
        code, fen = asked["payer"]["auth_code"], asked["amount"]["total"]
        if not re.fullmatch(r"1[0-5]\d{16}", code):
            raise Refused("AUTH_CODE_ERROR", "付款码错误")
        if type(fen) is not int or fen <= 0 or asked["amount"]["currency"] != "CNY":
            raise Refused("PARAM_ERROR", "金额错误")
        if not 0 < len(asked["description"].encode()) <= 127 or not asked["scene_info"]["device_ip"]:
            raise Refused("PARAM_ERROR", "参数错误")
        known = self.books.trades.get(asked["out_trade_no"])
        if known is not None:
            return self._again(known, fen)
        if any(each.code == code for each in self.books.trades.values()):
            raise Refused("AUTH_CODE_INVALID", "101 每个二维码仅限使用一次，请刷新再试")
        trade = self.books.open(
            Trade(asked["out_trade_no"], fen, code, self.number("4200"), self.first_state(), self.clock.wall_ms())
        )
        return (202 if trade.state == "paying" else 200), self._told(trade)

    def _again(self, known: Trade, fen: int):
        if known.fen != fen:
            raise Refused("OUT_TRADE_NO_USED", "商户订单号重复")
        if known.state == "paid":
            raise Refused("ORDER_PAID", "该订单已支付")
        if known.state in ("closed", "revoked"):
            raise Refused("ORDER_CLOSED", "该订单已关闭，请重新下单")
        return (202 if known.state == "paying" else 200), self._told(known)

    def _query(self, asked: dict):
        trade = self.books.trades.get(asked["out_trade_no"])
        if trade is None:
            raise Refused("ORDER_NOT_EXIST", "订单不存在")
        return self._told(trade)

    def _reverse(self, asked: dict):
        trade = self.books.trades.get(asked["out_trade_no"])
        if trade is None:
            raise Refused("ORDER_NOT_EXIST", "订单不存在")
        if self.wants_recall:
            self.wants_recall = False
            return {"out_trade_no": trade.order_no, "recall": "Y"}
        if trade.state == "paid":
            if self.clock.wall_ms() - trade.at_ms > REVERSIBLE_DAYS * DAY_MS:
                raise Refused("REVERSE_EXPIRE", "订单已超过撤销期限")
            if self.books.given_fen(trade.order_no):
                raise Refused("TRADE_ERROR", "订单已发生退款")
            self.books.settle(trade.order_no, "revoked")
        elif trade.state in ("paying", "failed"):
            self.books.settle(trade.order_no, "closed")
        return 204, None

    def _refund(self, asked: dict):
        known = self.books.backs.get(asked["out_refund_no"])
        trade = self.books.trades.get(asked["out_trade_no"])
        fen = asked["amount"]["refund"]
        if trade is None:
            raise Refused("RESOURCE_NOT_EXISTS", "订单不存在")
        if known is not None:
            if known.fen != fen:
                raise Refused("INVALID_REQUEST", "退款金额与原请求不一致")
            return self._told_back(known)
        if trade.state != "paid" or asked["amount"]["total"] != trade.fen:
            raise Refused("PARAM_ERROR", "订单金额不一致")
        if self.books.given_fen(trade.order_no) + fen > trade.fen:
            raise Refused("INVALID_REQUEST", "退款金额超过可退金额")
        state = "processing" if self.slow_refunds else "done"
        return self._told_back(
            self.books.give_back(Back(asked["out_refund_no"], trade.order_no, fen, self.number("5030"), state))
        )

    def _refund_query(self, asked: dict):
        back = self.books.backs.get(asked["out_refund_no"])
        if back is None:
            raise Refused("RESOURCE_NOT_EXISTS", "退款单不存在")
        return self._told_back(back)

    def customer_ends(self, order_no: str, pays: bool) -> None:
        self.books.settle(order_no, "paid" if pays else "failed", self.clock.wall_ms())

    def merchant(self) -> dict:
        return {"appid": APPID, "mchid": MCHID}

    def _told(self, trade: Trade) -> dict:
        given = self.books.given_fen(trade.order_no)
        state = "REFUND" if trade.state == "paid" and given else STATES[trade.state]
        told = {
            **self.merchant(), "out_trade_no": trade.order_no, "trade_state": state, "trade_state_desc": state,
            "trade_type": "MICROPAY",
        }  # fmt: skip
        if trade.state in ("paid", "revoked"):
            told |= {
                "transaction_id": trade.number,
                "bank_type": "CMC",
                "payer": {"openid": OPENID},
                "amount": {"total": trade.fen, "payer_total": trade.fen, "currency": "CNY", "payer_currency": "CNY"},
            }
        return told

    def _told_back(self, back: Back) -> dict:
        return {
            "refund_id": back.number, "out_refund_no": back.refund_no, "out_trade_no": back.order_no,
            "transaction_id": self.books.trades[back.order_no].number, "channel": "ORIGINAL",
            "user_received_account": "招商银行信用卡0403",
            "status": {"done": "SUCCESS", "processing": "PROCESSING", "closed": "CLOSED", "odd": "ABNORMAL"}[back.state],
            "amount": {"total": self.books.trades[back.order_no].fen, "refund": back.fen, "currency": "CNY"},
        }  # fmt: skip


SUB_MCHID = "1230000109"


class WeChatPartner(WeChatPay):
    """The same for a service provider and its merchant."""

    PATHS: ClassVar = {path.replace("/v3/pay/", "/v3/pay/partner/"): what for path, what in WeChatPay.PATHS.items()}

    def is_merchant(self, asked: dict, path: str) -> bool:
        if asked.get("sub_mchid") != SUB_MCHID:
            return False
        if path.startswith("/v3/refund"):
            return True
        return asked.get("sp_mchid") == MCHID and asked.get("sp_appid", APPID) == APPID

    def merchant(self) -> dict:
        return {"sp_appid": APPID, "sp_mchid": MCHID, "sub_mchid": SUB_MCHID}
